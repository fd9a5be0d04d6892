//! Business hours of a site as written: a time zone, opening times by day of the week, and holidays.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// When people of a site work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hours {
    /// IANA name of the time zone in which the rest is meant.
    pub time_zone: String,
    /// Opening times on Mondays.
    pub monday: Vec<OpenSpan>,
    /// Opening times on Tuesdays.
    pub tuesday: Vec<OpenSpan>,
    /// Opening times on Wednesdays.
    pub wednesday: Vec<OpenSpan>,
    /// Opening times on Thursdays.
    pub thursday: Vec<OpenSpan>,
    /// Opening times on Fridays.
    pub friday: Vec<OpenSpan>,
    /// Opening times on Saturdays.
    pub saturday: Vec<OpenSpan>,
    /// Opening times on Sundays.
    pub sunday: Vec<OpenSpan>,
    /// Days on which nobody works.
    pub holidays: Vec<Date>,
}

impl Hours {
    /// Opening times from Monday to Sunday.
    #[must_use]
    pub fn week(&self) -> [&[OpenSpan]; 7] {
        let Self { monday, tuesday, wednesday, thursday, friday, saturday, sunday, .. } = self;
        [monday, tuesday, wednesday, thursday, friday, saturday, sunday].map(Vec::as_slice)
    }

    /// What is wrong with them, if anything.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            return Some("`time_zone` must be an IANA name such as \"Europe/Amsterdam\"");
        }
        let apart = |day: &[OpenSpan]| day.windows(2).all(|pair| pair[0].until <= pair[1].from);
        (!self.week().into_iter().all(apart)).then_some("opening times of a day must be in order and not overlap")
    }
}

impl Default for Hours {
    fn default() -> Self {
        let day = || vec![OpenSpan { from: 9 * 60, until: 17 * 60 }];
        Self {
            time_zone: "UTC".into(),
            monday: day(),
            tuesday: day(),
            wednesday: day(),
            thursday: day(),
            friday: day(),
            saturday: Vec::new(),
            sunday: Vec::new(),
            holidays: Vec::new(),
        }
    }
}

/// Part of a day, written as `09:00-17:00`; `24:00` is the midnight at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OpenSpan {
    /// Minutes after midnight at which it begins.
    pub from: u16,
    /// Minutes after midnight at which it ends, at most 1440.
    pub until: u16,
}

impl TryFrom<String> for OpenSpan {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let minutes = |clock: &str| {
            let (hour, minute) = clock.trim().split_once(':')?;
            let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
            (minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
        };
        let span =
            text.split_once('-').and_then(|(from, until)| Some(Self { from: minutes(from)?, until: minutes(until)? }));
        let span = span.filter(|span| span.from < span.until);
        span.ok_or_else(|| format!("{text:?} is no part of a day; write one such as \"09:00-17:00\""))
    }
}

impl From<OpenSpan> for String {
    fn from(OpenSpan { from, until }: OpenSpan) -> Self {
        format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_day_are_read_and_mistakes_told() {
        for (text, expected) in [
            ("09:00-17:00", Some((540, 1020))),
            ("00:00-24:00", Some((0, 1440))),
            (" 9:05 - 9:06", Some((545, 546))),
            ("17:00-09:00", None),
            ("09:00", None),
            ("09:60-10:00", None),
            ("24:01-25:00", None),
            ("nine-five", None),
        ] {
            let read = OpenSpan::try_from(text.to_owned()).ok().map(|span| (span.from, span.until));
            assert_eq!(read, expected, "{text}");
        }
        assert_eq!(String::from(OpenSpan { from: 540, until: 1440 }), "09:00-24:00");
    }

    #[test]
    fn hours_that_cannot_be_meant_are_faults() {
        let span = |from, until| OpenSpan { from, until };
        let hours = Hours::default();
        assert_eq!(hours.fault(), None);
        assert!(Hours { time_zone: "Mars/Olympus".into(), ..hours.clone() }.fault().is_some());
        assert!(Hours { sunday: vec![span(0, 60), span(30, 90)], ..hours }.fault().is_some());
    }
}
