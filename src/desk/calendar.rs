//! Business hours and holidays, and the clocks of a support contract that run by them.
//!
//! Everything here is a pure function of times that are passed in. A clock is never stored: it
//! follows from the ticket's steps, so it cannot disagree with them.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

use super::{Contract, Step, StepKind, TicketStatus};
use crate::config::{Hours, OpenSpan};

/// Days that are looked at for the next opening; a calendar that stays closed for so long never opens.
const FURTHEST_DAYS: usize = 800;

/// When people work.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    /// Spans by day of the week, Monday first.
    week: [Vec<OpenSpan>; 7],
    holidays: BTreeSet<Date>,
}

impl Calendar {
    /// The calendar of the configuration, which has checked it; an unknown time zone counts as UTC.
    #[must_use]
    pub fn new(hours: &Hours) -> Self {
        Self {
            zone: TimeZone::get(&hours.time_zone).unwrap_or(TimeZone::UTC),
            week: hours.week().map(<[OpenSpan]>::to_vec),
            holidays: hours.holidays.iter().copied().collect(),
        }
    }

    /// Its time zone.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Business time between two moments; none when the second is not later.
    #[must_use]
    pub fn worked(&self, from: Timestamp, until: Timestamp) -> SignedDuration {
        let spans = self.spans(from).take_while(|(start, _)| from.max(*start) < until);
        spans.map(|(start, end)| end.min(until).duration_since(start.max(from))).sum()
    }

    /// The moment at which so much business time has passed; none where nobody ever works.
    #[must_use]
    pub fn after(&self, from: Timestamp, time: SignedDuration) -> Option<Timestamp> {
        let mut left = time;
        for (start, end) in self.spans(from) {
            let start = start.max(from);
            let open = end.duration_since(start);
            if left <= open {
                return start.checked_add(left).ok();
            }
            left -= open;
        }
        None
    }

    /// Opening times that end after `from`, in order.
    fn spans(&self, from: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let first = self.zone.to_datetime(from).date();
        let days = first.series(jiff::Span::new().days(1)).take(FURTHEST_DAYS);
        let open = days.filter(|day| !self.holidays.contains(day)).flat_map(move |day| {
            let spans = &self.week[day.weekday().to_monday_zero_offset() as usize];
            spans.iter().filter_map(move |span| Some((self.moment(day, span.from)?, self.moment(day, span.until)?)))
        });
        open.filter(move |(start, end)| end > start && *end > from)
    }

    /// A minute of a day; 1440 is the midnight at its end. An hour that daylight saving leaves out counts as the next.
    fn moment(&self, day: Date, minute: u16) -> Option<Timestamp> {
        let day = if minute == 1440 { day.tomorrow().ok()? } else { day };
        let minute = minute % 1440;
        let time = day.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
        Some(time.to_zoned(self.zone.clone()).ok()?.timestamp())
    }
}

/// How far the times of a contract have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Clocks {
    /// Until somebody writes to the requester.
    pub response: Clock,
    /// Until it is solved.
    pub resolution: Clock,
}

/// One time that was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Clock {
    /// What it does at the moment.
    pub state: ClockState,
    /// When it runs or ran out; none while it is paused before that.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Timestamp>,
    /// Business minutes that have run.
    pub used_minutes: i64,
    /// Business minutes that were promised.
    pub promised_minutes: i64,
}

/// What a clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClockState {
    /// It runs.
    Running,
    /// It waits for the requester.
    Paused,
    /// It ended in time.
    Met,
    /// Its time is over, and it still runs or waits.
    Overdue,
    /// It ended too late.
    Missed,
}

impl ClockState {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::Overdue => "overdue",
            Self::Missed => "missed",
        }
    }
}

/// The clocks of a contract since `start`, the moment at which the case came to the level that needs it.
#[must_use]
pub fn clocks(contract: &Contract, steps: &[Step], start: Timestamp, calendar: &Calendar, now: Timestamp) -> Clocks {
    let since: Vec<&Step> = steps.iter().filter(|step| step.at >= start).collect();
    let replied = since.iter().find(|step| step.kind == StepKind::Replied).map(|step| step.at);
    let solved = since.last().filter(|step| step.status == TicketStatus::Resolved);
    // Of several steps at the end, the one that resolved it counts.
    let solved = solved.and_then(|_| since.iter().rev().take_while(|s| s.status == TicketStatus::Resolved).last());
    let running = running(&since, start);
    let clock = |minutes: u32, end: Option<Timestamp>| clock(minutes, &running, end, calendar, now);
    Clocks {
        response: clock(contract.response_minutes, replied.or(solved.map(|step| step.at))),
        resolution: clock(contract.resolution_minutes, solved.map(|step| step.at)),
    }
}

/// When the clocks ran: while it was for us to do something. The last one may have no end.
fn running(steps: &[&Step], start: Timestamp) -> Vec<(Timestamp, Option<Timestamp>)> {
    let mut spans = vec![(start, None)];
    for step in steps {
        let runs = step.status == TicketStatus::Open;
        match spans.last_mut() {
            Some((_, end @ None)) if !runs => *end = Some(step.at),
            Some((_, Some(_))) if runs => spans.push((step.at, None)),
            _ => {}
        }
    }
    spans
}

fn clock(
    minutes: u32,
    running: &[(Timestamp, Option<Timestamp>)],
    ended: Option<Timestamp>,
    calendar: &Calendar,
    now: Timestamp,
) -> Clock {
    let promised = SignedDuration::from_mins(i64::from(minutes));
    let limit = ended.unwrap_or(now);
    let (mut used, mut due) = (SignedDuration::ZERO, None);
    for (from, until) in running.iter().filter(|(from, _)| *from <= limit) {
        let worked = calendar.worked(*from, until.unwrap_or(limit).min(limit));
        let goes_on = until.is_none() && ended.is_none();
        if due.is_none() && (used + worked > promised || goes_on) {
            due = calendar.after(*from, promised - used);
        }
        used += worked;
    }
    let late = used > promised;
    let paused = running.last().is_some_and(|(_, end)| end.is_some());
    let state = match (ended.is_some(), late) {
        (true, false) => ClockState::Met,
        (true, true) => ClockState::Missed,
        (false, true) => ClockState::Overdue,
        (false, false) if paused => ClockState::Paused,
        (false, false) => ClockState::Running,
    };
    Clock { state, due, used_minutes: used.as_mins(), promised_minutes: promised.as_mins() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::SupportLevel;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn calendar(zone: &str, holidays: &[&str]) -> Calendar {
        let holidays = holidays.iter().map(|day| day.parse().unwrap()).collect();
        Calendar::new(&Hours { time_zone: zone.into(), holidays, ..Hours::default() })
    }

    #[test]
    fn business_time_knows_nights_weekends_holidays_and_daylight_saving() {
        // Monday to Friday, nine to five. 2026-11-23 is a Monday.
        let table = [
            ("UTC", "2026-11-23T09:00Z", "2026-11-23T17:00Z", 480),
            ("UTC", "2026-11-23T08:00Z", "2026-11-23T18:00Z", 480),
            ("UTC", "2026-11-23T16:00Z", "2026-11-24T10:00Z", 120),
            ("UTC", "2026-11-27T16:00Z", "2026-11-30T10:00Z", 120),
            ("UTC", "2026-11-28T00:00Z", "2026-11-29T23:00Z", 0),
            ("UTC", "2026-11-23T10:00Z", "2026-11-23T10:00Z", 0),
            ("UTC", "2026-11-23T11:00Z", "2026-11-23T10:00Z", 0),
            // Amsterdam is an hour ahead in winter, two in summer.
            ("Europe/Amsterdam", "2026-11-23T08:00Z", "2026-11-23T09:00Z", 60),
            ("Europe/Amsterdam", "2026-07-06T07:00Z", "2026-07-06T08:00Z", 60),
            // Friday to Monday over the end of summer time (25 October 2026), and over its beginning (29 March 2026).
            ("Europe/Amsterdam", "2026-10-23T14:00Z", "2026-10-26T09:00Z", 120),
            ("Europe/Amsterdam", "2026-03-27T15:00Z", "2026-03-30T08:00Z", 120),
            // A week with Christmas and Boxing Day on Friday and Saturday.
            ("Europe/Amsterdam", "2026-12-21T00:00Z", "2026-12-28T00:00Z", 4 * 480),
        ];
        for (zone, from, until, minutes) in table {
            let calendar = calendar(zone, &["2026-12-25", "2026-12-26"]);
            assert_eq!(calendar.worked(at(from), at(until)).as_mins(), minutes, "{zone} {from} {until}");
        }
    }

    #[test]
    fn a_time_ends_when_so_much_was_worked() {
        let table = [
            ("UTC", "2026-11-23T09:00Z", 60, Some("2026-11-23T10:00Z")),
            ("UTC", "2026-11-23T16:30Z", 60, Some("2026-11-24T09:30Z")),
            ("UTC", "2026-11-28T12:00Z", 60, Some("2026-11-30T10:00Z")),
            ("UTC", "2026-12-24T16:30Z", 60, Some("2026-12-28T09:30Z")),
            ("Europe/Amsterdam", "2026-10-23T14:30Z", 60, Some("2026-10-26T08:30Z")),
            ("Europe/Amsterdam", "2026-03-27T15:30Z", 60, Some("2026-03-30T07:30Z")),
            ("UTC", "2026-11-23T09:00Z", 480, Some("2026-11-23T17:00Z")),
        ];
        for (zone, from, minutes, expected) in table {
            let found = calendar(zone, &["2026-12-25"]).after(at(from), SignedDuration::from_mins(minutes));
            assert_eq!(found, expected.map(at), "{zone} {from} {minutes}");
        }
        let closed = Calendar::new(&Hours {
            monday: vec![],
            tuesday: vec![],
            wednesday: vec![],
            thursday: vec![],
            friday: vec![],
            ..Hours::default()
        });
        assert_eq!(closed.after(at("2026-11-23T09:00Z"), SignedDuration::from_mins(1)), None);
    }

    #[test]
    fn a_day_round_the_clock_has_the_hours_that_daylight_saving_gives_it() {
        let always = vec![OpenSpan { from: 0, until: 1440 }];
        let hours = Hours { time_zone: "Europe/Amsterdam".into(), sunday: always, ..Hours::default() };
        let calendar = Calendar::new(&hours);
        for (from, until, minutes) in [
            ("2026-03-28T23:00Z", "2026-03-29T22:00Z", 23 * 60),
            ("2026-10-24T22:00Z", "2026-10-25T23:00Z", 25 * 60),
            ("2026-11-28T23:00Z", "2026-11-29T23:00Z", 24 * 60),
        ] {
            assert_eq!(calendar.worked(at(from), at(until)).as_mins(), minutes, "{from}");
        }
    }

    // Steps, now, then state, due and minutes used of response and resolution.
    type Row = (
        Vec<(&'static str, StepKind, TicketStatus)>,
        &'static str,
        (ClockState, Option<&'static str>, i64),
        (ClockState, Option<&'static str>, i64),
    );

    #[test]
    fn clocks_pause_while_the_requester_has_the_word() {
        use ClockState::{Met, Missed, Overdue, Paused, Running};
        use StepKind::{Answered, Escalated, Reopened, Replied, Resolved};
        let contract = Contract { reference: "C-1".into(), response_minutes: 60, resolution_minutes: 240 };
        let open = TicketStatus::Open;
        let (waiting, resolved) = (TicketStatus::Waiting, TicketStatus::Resolved);
        let start = "2026-11-23T09:00Z";
        let table: Vec<Row> = vec![
            (
                vec![],
                "2026-11-23T09:30Z",
                (Running, Some("2026-11-23T10:00Z"), 30),
                (Running, Some("2026-11-23T13:00Z"), 30),
            ),
            (
                vec![],
                "2026-11-23T10:30Z",
                (Overdue, Some("2026-11-23T10:00Z"), 90),
                (Running, Some("2026-11-23T13:00Z"), 90),
            ),
            (vec![("2026-11-23T09:50Z", Replied, waiting)], "2026-11-25T12:00Z", (Met, None, 50), (Paused, None, 50)),
            (
                vec![("2026-11-23T09:50Z", Replied, waiting), ("2026-11-24T10:00Z", Answered, open)],
                "2026-11-24T11:00Z",
                (Met, None, 50),
                (Running, Some("2026-11-24T13:10Z"), 110),
            ),
            (
                vec![("2026-11-23T11:00Z", Replied, open), ("2026-11-23T14:00Z", Resolved, resolved)],
                "2026-12-01T12:00Z",
                (Missed, Some("2026-11-23T10:00Z"), 120),
                (Missed, Some("2026-11-23T13:00Z"), 300),
            ),
            (
                vec![("2026-11-23T09:10Z", Resolved, resolved), ("2026-11-24T09:00Z", Reopened, open)],
                "2026-11-24T09:30Z",
                (Running, Some("2026-11-24T09:50Z"), 40),
                (Running, Some("2026-11-24T12:50Z"), 40),
            ),
        ];
        for (steps, now, response, resolution) in table {
            let step = |&(when, kind, status): &(&str, StepKind, TicketStatus)| Step {
                at: at(when),
                kind,
                level: SupportLevel(3),
                status,
                agent: None,
                reason: None,
            };
            let first = step(&(start, Escalated, open));
            let steps: Vec<Step> = std::iter::once(first).chain(steps.iter().map(step)).collect();
            let found = clocks(&contract, &steps, at(start), &calendar("UTC", &[]), at(now));
            for (clock, (state, due, used)) in [(found.response, response), (found.resolution, resolution)] {
                assert_eq!((clock.state, clock.due, clock.used_minutes), (state, due.map(at), used), "{steps:?}");
            }
        }
    }
}
