//! The older part of a long window, added up in advance: few of its days ever change again.
//!
//! What is left of it is one entry for each week, as the series shows it, with the lists of all its days in the first.
//! The figures made of that are those made of the days themselves. Nothing here knows when a day did change.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, ToSpan, civil::Date};

use super::{
    Window,
    counts::{Asked, Counts, DayCounts, DayLists, Delivered, Omitted, Slot, Used},
    exclusion::Cause,
    series::WEEK,
};

/// The last days, which still change: tickets count for a week, and may be late.
const CHANGING: i32 = 16;
/// Fewer days are not worth it.
const LEAST: i32 = 45;
/// After this nothing is pending any more.
const PENDING: SignedDuration = SignedDuration::from_hours(8 * 24);

/// The last day of the older part; none where the window is too short to have one.
#[must_use]
pub fn settled(window: &Window) -> Option<Date> {
    let (first, last) = window.days();
    let today = Window { to: window.as_of, ..window.clone() }.days().1;
    let settled = last.min(today).checked_sub(CHANGING.days()).ok()?;
    (first.until(settled).ok()?.get_days() >= LEAST).then_some(settled)
}

/// The older part of a window, from its first to its settled day, as few entries that give the same figures.
#[must_use]
pub fn condensed(days: Vec<(Date, DayCounts)>, window: &Window) -> Vec<(Date, DayCounts)> {
    let (first, _) = window.days();
    let pending = window.as_of.as_second() - PENDING.as_secs();
    let (mut weeks, mut lists) = (BTreeMap::<Date, Sum>::new(), Lists::default());
    for (day, mut counts) in days {
        let since = first.until(day).map_or(0, |span| span.get_days());
        let week = first.checked_add((since / WEEK * WEEK).days()).unwrap_or(day);
        lists.add(std::mem::take(&mut counts.lists));
        weeks.entry(week).or_default().add(counts, pending);
    }
    let mut weeks: Vec<_> = weeks.into_iter().map(|(week, sum)| (week, sum.counts())).collect();
    if let Some((_, first)) = weeks.first_mut() {
        first.lists = lists.rows();
    }
    weeks
}

/// What some days add up to, without their lists.
#[derive(Default)]
struct Sum {
    slots: BTreeMap<Slot, Counts>,
    left_out: BTreeMap<(String, Cause), Omitted>,
    surfaces: BTreeMap<String, u64>,
    connectors: BTreeMap<String, Delivered>,
}

impl Sum {
    fn add(&mut self, day: DayCounts, pending: i64) {
        for (slot, mut counts) in day.slots {
            counts.open.retain(|end| *end > pending);
            *self.slots.entry(slot).or_default() += &counts;
        }
        for (language, cause, Omitted(visitors, events)) in day.left_out {
            let row = self.left_out.entry((language, cause)).or_default();
            *row = Omitted(row.0 + visitors, row.1 + events);
        }
        for (surface, visits) in day.surfaces {
            *self.surfaces.entry(surface).or_default() += visits;
        }
        for (connector, Delivered(tickets, time)) in day.connectors {
            let row = self.connectors.entry(connector).or_default();
            *row = Delivered(row.0 + tickets, row.1 + time);
        }
    }

    fn counts(self) -> DayCounts {
        DayCounts {
            slots: self.slots.into_iter().collect(),
            left_out: self.left_out.into_iter().map(|((language, cause), row)| (language, cause, row)).collect(),
            surfaces: self.surfaces,
            connectors: self.connectors,
            lists: DayLists::default(),
        }
    }
}

/// The lists of all days.
#[derive(Default)]
struct Lists {
    queries: HashMap<(String, String), Asked>,
    articles: HashMap<(String, String, String), Used>,
}

impl Lists {
    fn add(&mut self, lists: DayLists) {
        for (language, query, more) in lists.queries {
            let row = self.queries.entry((language, query)).or_default();
            *row = Asked(row.0 + more.0, row.1 + more.1, row.2 + more.2);
        }
        for (language, kind, slug, more) in lists.articles {
            let row = self.articles.entry((language, kind, slug)).or_default();
            *row = Used(row.0 + more.0, row.1 + more.1, row.2 + more.2, row.3 + more.3, row.4 + more.4);
        }
    }

    fn rows(self) -> DayLists {
        let queries = self.queries.into_iter().map(|((language, query), row)| (language, query, row));
        let articles = self.articles.into_iter().map(|((language, kind, slug), row)| (language, kind, slug, row));
        DayLists { queries: queries.collect(), articles: articles.collect() }
    }
}
