//! The time that a report is about: a month or a week, in UTC.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};

use crate::insight::Window;

/// How long after its end a week is reported: by then, tickets have come or not.
const SETTLED: SignedDuration = SignedDuration::from_hours(24);

/// A month or a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Such as `2026-10` or `2026-W43`.
    pub name: String,
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
}

impl Span {
    /// The month that is written as `2026-10`.
    ///
    /// ```
    /// use zerodesk::insight::report::Span;
    /// assert_eq!(Span::month("2026-02").unwrap().last.to_string(), "2026-02-28");
    /// assert!(Span::month("2026-13").is_none() && Span::month("2026").is_none());
    /// ```
    #[must_use]
    pub fn month(text: &str) -> Option<Self> {
        let first: Date = (text.len() == 7).then(|| format!("{text}-01").parse().ok()).flatten()?;
        Some(Self { name: text.to_owned(), first, last: first.last_of_month() })
    }

    /// The month before the one of an instant.
    #[must_use]
    pub fn last_month(now: Timestamp) -> Option<Self> {
        let day = now.to_zoned(TimeZone::UTC).date().first_of_month().yesterday().ok()?;
        Self::month(&day.strftime("%Y-%m").to_string())
    }

    /// The last week (Monday to Sunday) that ended a day ago or more.
    #[must_use]
    pub fn last_week(now: Timestamp) -> Option<Self> {
        let today = now.checked_sub(SETTLED).ok()?.to_zoned(TimeZone::UTC).date();
        let monday = today.checked_sub(i32::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
        let first = monday.checked_sub(7.days()).ok()?;
        Some(Self { name: first.strftime("%G-W%V").to_string(), first, last: monday.yesterday().ok()? })
    }

    /// As much time before it.
    #[must_use]
    pub fn before(&self) -> Option<Self> {
        let last = self.first.yesterday().ok()?;
        let first =
            if self.name.contains('W') { self.first.checked_sub(7.days()).ok()? } else { last.first_of_month() };
        Some(Self { name: String::new(), first, last })
    }

    /// Its days.
    pub fn days(&self) -> impl Iterator<Item = Date> + use<> {
        let last = self.last;
        self.first.series(1.day()).take_while(move |day| *day <= last)
    }

    /// Its window on a site, as seen at `as_of`.
    #[must_use]
    pub fn window(&self, site: &str, as_of: Timestamp) -> Window {
        window(site, self.first, self.last, as_of)
    }
}

/// The window of some days.
pub(in crate::insight) fn window(site: &str, first: Date, last: Date, as_of: Timestamp) -> Window {
    let midnight = |day: Date| day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
    Window { site: site.to_owned(), from: midnight(first), to: last.tomorrow().map_or(Timestamp::MAX, midnight), as_of }
}
