//! Checks of a call-back: a number that can be dialled from anywhere, and times that are still to come.

use jiff::{Timestamp, tz::TimeZone};

use super::{super::DeskError, CallWindow, Callback};

/// Most windows of one call-back.
const MAX_WINDOWS: usize = 10;
/// How far ahead a window may lie, in days.
const FURTHEST_DAYS: i64 = 90;

impl Callback {
    /// The call-back with its number in the form E.164 and checked windows, as far as they are given.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] in `callback.phone` or `callback.windows`.
    pub(in crate::desk) fn checked(mut self, zone: &TimeZone, now: Timestamp) -> Result<Self, DeskError> {
        self.phone = self.phone.filter(|phone| !phone.trim().is_empty());
        if let Some(phone) = &self.phone {
            let number = e164(phone).ok_or_else(|| {
                DeskError::invalid(
                    "callback.phone",
                    "write the number with the code of its country, such as +31 20 123 4567",
                )
            })?;
            self.phone = Some(number);
        }
        if self.windows.len() > MAX_WINDOWS {
            return Err(DeskError::invalid("callback.windows", format!("give at most {MAX_WINDOWS} times")));
        }
        self.windows.iter().try_for_each(|window| window.check(zone, now))?;
        Ok(self)
    }

    /// Whether somebody can be called: there is a number, and a window that is not over yet.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] with the field that is missing.
    pub(in crate::desk) fn complete(callback: Option<&Self>, zone: &TimeZone, now: Timestamp) -> Result<(), DeskError> {
        let phone = callback.and_then(|callback| callback.phone.as_deref());
        if phone.is_none_or(|phone| e164(phone).is_none()) {
            return Err(DeskError::invalid("callback.phone", "a phone number for the call-back is missing"));
        }
        let windows = callback.map_or(&[][..], |callback| &callback.windows);
        if windows.iter().all(|window| window.ends(zone).is_none_or(|end| end <= now)) {
            let what = "a time for the call-back that is still to come is missing";
            return Err(DeskError::invalid("callback.windows", what));
        }
        Ok(())
    }
}

impl CallWindow {
    /// The moment at which it ends, for somebody in `zone`.
    pub(in crate::desk) fn ends(&self, zone: &TimeZone) -> Option<Timestamp> {
        Some(self.until.to_zoned(zone.clone()).ok()?.timestamp())
    }

    fn check(&self, zone: &TimeZone, now: Timestamp) -> Result<(), DeskError> {
        let invalid = |what: &str| Err(DeskError::invalid("callback.windows", format!("{self}: {what}")));
        let Some(end) = self.ends(zone) else { return invalid("there is no such time") };
        if self.from >= self.until {
            return invalid("the beginning must be before the end");
        }
        if end <= now {
            return invalid("this time is over; choose one that is still to come");
        }
        if end.duration_since(now).as_hours() > 24 * FURTHEST_DAYS {
            return invalid("this is too far ahead");
        }
        Ok(())
    }
}

/// A phone number as ITU-T E.164 writes it: a plus sign and 8 to 15 digits, the first of which is no zero.
///
/// Spaces, dots, dashes, slashes, parentheses and a trunk zero in parentheses are left out; `00` may stand for the
/// plus sign. Without the code of a country nobody knows where to call.
fn e164(text: &str) -> Option<String> {
    let text = text.trim().replace("(0)", "");
    let text = text.strip_prefix("00").map_or(text.clone(), |rest| format!("+{rest}"));
    let digits = text.strip_prefix('+')?;
    if !digits.chars().all(|c| c.is_ascii_digit() || " .-/()".contains(c)) {
        return None;
    }
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    ((8..=15).contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_can_be_dialled_from_anywhere() {
        for (text, expected) in [
            ("+31 20 123 4567", Some("+31201234567")),
            ("+31 (0)20-123.45/67", Some("+31201234567")),
            ("0049 30 1234567", Some("+49301234567")),
            ("+442071838750", Some("+442071838750")),
            ("020 123 4567", None),
            ("+0201234567", None),
            ("+31 20", None),
            ("+3120123456789012", None),
            ("+31 20 CALL ME", None),
            ("", None),
        ] {
            assert_eq!(e164(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn windows_lie_ahead_on_the_visitors_own_clock() {
        // 09:30 UTC is half past ten in Amsterdam and half past four in New York.
        let now = "2026-11-23T09:30:00Z".parse().unwrap();
        let table = [
            ("Europe/Amsterdam", "2026-11-23T09:00", "2026-11-23T10:00", false),
            ("America/New_York", "2026-11-23T09:00", "2026-11-23T10:00", true),
            ("Europe/Amsterdam", "2026-11-23T09:00", "2026-11-23T11:00", true),
            ("Europe/Amsterdam", "2026-11-22T09:00", "2026-11-22T11:00", false),
            ("Europe/Amsterdam", "2026-11-24T11:00", "2026-11-24T09:00", false),
            ("Europe/Amsterdam", "2026-11-24T11:00", "2026-11-24T11:00", false),
            ("Europe/Amsterdam", "2027-11-24T11:00", "2027-11-24T12:00", false),
        ];
        for (zone, from, until, good) in table {
            let windows = vec![CallWindow { from: from.parse().unwrap(), until: until.parse().unwrap() }];
            let callback = Callback { phone: Some("+31 20 123 4567".into()), windows };
            let checked = callback.checked(&TimeZone::get(zone).unwrap(), now);
            assert_eq!(checked.is_ok(), good, "{zone} {from} {until}: {checked:?}");
        }
    }

    #[test]
    fn an_hour_that_happens_twice_is_over_when_its_first_turn_is() {
        // In Amsterdam the hour from two to three happens twice on 25 October 2026.
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        let window =
            CallWindow { from: "2026-10-25T01:00".parse().unwrap(), until: "2026-10-25T02:30".parse().unwrap() };
        assert_eq!(window.ends(&zone), Some("2026-10-25T00:30:00Z".parse().unwrap()));
    }
}
