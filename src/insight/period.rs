//! Periods with a name, such as `2026-10`, and their figures once nothing can change them any more.
//!
//! A period is closed eight days after its end: tickets count for seven days, and an issue may run over midnight. From
//! then on its figures are kept as they are and never made again.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    figures::{Figures, Window, bounds},
    store::InsightError,
};

/// Visitors who must have asked a query before its words are kept in a closed period, which may be shown to anyone.
pub const MIN_VISITORS: u64 = 5;
/// Days after which nothing changes any more.
const CLOSED_AFTER: SignedDuration = SignedDuration::from_hours(8 * 24);

/// A month (`2026-10`), a quarter (`2026-Q4`) or a year (`2026`), in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    first: Date,
    months: i8,
}

impl Period {
    /// The month that a day lies in.
    #[must_use]
    pub fn month_of(day: Date) -> Self {
        Self { first: day.first_of_month(), months: 1 }
    }

    /// First and last day.
    #[must_use]
    pub fn days(&self) -> (Date, Date) {
        let next = self.first.checked_add(i32::from(self.months).months()).unwrap_or(Date::MAX);
        (self.first, next.yesterday().unwrap_or(next))
    }

    /// When its figures are final.
    #[must_use]
    pub fn closes(&self) -> Timestamp {
        bounds(self.days().1).1.checked_add(CLOSED_AFTER).unwrap_or(Timestamp::MAX)
    }

    /// The window of its figures.
    #[must_use]
    pub fn window(&self, site: &str, as_of: Timestamp) -> Window {
        let (first, last) = self.days();
        Window::of_days(site, first, last, as_of)
    }

    /// The period before this one, of the same length.
    #[must_use]
    pub fn before(&self) -> Self {
        let first = self.first.checked_sub(i32::from(self.months).months()).unwrap_or(Date::MIN);
        Self { first, ..*self }
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a month such as 2026-10, a quarter such as 2026-Q4 or a year such as 2026".to_owned();
        let (year, part) = text.split_once('-').map_or((text, None), |(year, part)| (year, Some(part)));
        let digits = |text: &str, length: usize| {
            let good = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
            good.then(|| text.parse::<i16>().ok()).flatten()
        };
        let year = digits(year, 4).filter(|year| *year >= 1970).ok_or_else(wrong)?;
        let (month, months) = match part {
            None => (1, 12),
            Some(part) => match part.strip_prefix('Q') {
                Some(quarter) => (3 * digits(quarter, 1).filter(|q| (1..=4).contains(q)).ok_or_else(wrong)? - 2, 3),
                None => (digits(part, 2).ok_or_else(wrong)?, 1),
            },
        };
        let first = i8::try_from(month).ok().and_then(|month| Date::new(year, month, 1).ok()).ok_or_else(wrong)?;
        Ok(Self { first, months })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (self.first.year(), self.first.month());
        match self.months {
            12 => write!(f, "{year:04}"),
            3 => write!(f, "{year:04}-Q{}", (month - 1) / 3 + 1),
            _ => write!(f, "{year:04}-{month:02}"),
        }
    }
}

/// The figures of a closed period, as anyone may see them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosedPeriod {
    /// Its name, such as `2026-10`.
    pub period: String,
    /// Version of this shape.
    pub schema: u16,
    /// The figures, without rare queries.
    pub figures: Figures,
}

impl ClosedPeriod {
    pub(super) fn of(period: &str, figures: Figures) -> Self {
        Self { period: period.to_owned(), schema: 1, figures: figures.without_rare_queries(MIN_VISITORS) }
    }

    /// As it is kept: the same bytes for ever.
    pub(super) fn to_json(&self) -> Result<String, InsightError> {
        serde_json::to_string(self).map_err(|error| InsightError::Store(error.to_string()))
    }

    pub(super) fn from_json(text: &str) -> Result<Self, InsightError> {
        serde_json::from_str(text).map_err(|error| InsightError::Store(format!("a closed period: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_names() {
        for (name, first, last, closes) in [
            ("2026-10", "2026-10-01", "2026-10-31", "2026-11-09T00:00:00Z"),
            ("2026-02", "2026-02-01", "2026-02-28", "2026-03-09T00:00:00Z"),
            ("2024-02", "2024-02-01", "2024-02-29", "2024-03-09T00:00:00Z"),
            ("2026-Q4", "2026-10-01", "2026-12-31", "2027-01-09T00:00:00Z"),
            ("2026", "2026-01-01", "2026-12-31", "2027-01-09T00:00:00Z"),
        ] {
            let period: Period = name.parse().unwrap();
            assert_eq!(period.to_string(), name);
            assert_eq!(period.days(), (first.parse().unwrap(), last.parse().unwrap()));
            assert_eq!(period.closes(), closes.parse().unwrap(), "{name}");
        }
        assert_eq!("2026-01".parse::<Period>().unwrap().before().to_string(), "2025-12");
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in
            ["", "2026-13", "2026-00", "26-10", "2026-1", "2026-Q5", "2026-q4", "2026-10-01", "+026-10", "0000", "é026"]
        {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
