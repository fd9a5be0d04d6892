//! The same figures over time, and side by side.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Window,
    counts::{Counts, DayCounts, Slice, Slot},
};
use crate::insight::intervals::{Interval, wilson};

/// Longest period that is shown day by day; longer ones are shown in weeks.
const MAX_DAYS: i32 = 31;
/// Days of a point of a longer one.
pub const WEEK: i32 = 7;
/// Most rows side by side; the rest adds up in none of them.
const MAX_ROWS: usize = 30;

/// A share in short: the figure that it belongs to carries the rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// Out of how many.
    pub n: u64,
    /// The share, 0..1; none when there is nothing to divide by.
    pub value: Option<f64>,
    /// Wilson's 95 % confidence interval.
    pub interval: Option<Interval>,
}

impl Share {
    /// `count` out of `n`.
    #[must_use]
    pub fn of(count: u64, n: u64) -> Self {
        Self { count, n, value: (n > 0).then(|| count as f64 / n as f64), interval: wilson(count, n) }
    }
}

/// Some days, with what they add up to; tickets within 24 hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Point {
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// Searches that were meant.
    pub searches: u64,
    /// Confirmed deflection.
    pub confirmed: Share,
    /// Issues that became a ticket.
    pub submitted: Share,
    /// Searches without an answer.
    pub no_answer: Share,
}

/// One language, kind of article or level beside others; tickets within 24 hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Row {
    /// The language, kind or level; empty: not known.
    pub name: String,
    /// Issues with a search.
    pub issues: u64,
    /// Searches without an answer.
    pub no_answer: Share,
    /// Confirmed deflection.
    pub confirmed: Share,
    /// Issues that became a ticket.
    pub submitted: Share,
    /// Helpful votes.
    pub helpful: Share,
    /// Tickets accepted.
    pub tickets: u64,
    /// Tickets that went up to it.
    pub escalated: u64,
}

impl Row {
    fn of(name: String, counts: &Counts) -> Self {
        let (plain, within_a_day) = (&counts.plain, &counts.outcomes[0]);
        Self {
            name,
            issues: plain.searched,
            no_answer: Share::of(plain.no_answer, plain.searches),
            confirmed: Share::of(within_a_day.confirmed, plain.forms),
            submitted: Share::of(within_a_day.submitted, plain.forms),
            helpful: Share::of(plain.helpful, plain.votes),
            tickets: plain.tickets,
            escalated: plain.escalated,
        }
    }

    const fn size(&self) -> u64 {
        self.issues + self.confirmed.n + self.no_answer.n
    }
}

/// The sums of days side by side by what `name` says of their slots, the greatest first.
pub fn rows(days: &[&DayCounts], slice: &Slice, name: impl Fn(&Slot) -> String) -> Vec<Row> {
    let mut sums: BTreeMap<String, Counts> = BTreeMap::new();
    for (slot, counts) in days.iter().flat_map(|day| &day.slots).filter(|(slot, _)| slice.has(slot)) {
        let sum = sums.entry(name(slot)).or_default();
        sum.plain += &counts.plain;
        sum.outcomes.iter_mut().zip(&counts.outcomes).for_each(|(sum, more)| *sum += more);
    }
    let mut rows: Vec<Row> = sums.into_iter().map(|(name, counts)| Row::of(name, &counts)).collect();
    rows.retain(|row| row.size() + row.tickets + row.escalated + row.helpful.n > 0);
    rows.sort_by(|a, b| b.size().cmp(&a.size()).then_with(|| a.name.cmp(&b.name)));
    rows.truncate(MAX_ROWS);
    rows
}

/// The window in days, or in weeks where it is long.
pub fn points(sums: &[(Date, Counts)], window: &Window) -> Vec<Point> {
    let (first, last) = window.days();
    let length = first.until(last).map_or(0, |span| span.get_days());
    let step = if length < MAX_DAYS { 1 } else { WEEK };
    let starts = std::iter::successors(Some(first), |day| day.checked_add(step.days()).ok());
    let mut sums = sums.iter().peekable();
    let mut points = Vec::new();
    for from in starts.take_while(|day| *day <= last) {
        let to = from.checked_add((step - 1).days()).map_or(last, |to| to.min(last));
        let mut all = Counts::default();
        while let Some((_, counts)) = sums.next_if(|(day, _)| *day <= to) {
            all.plain += &counts.plain;
            all.outcomes[0] += &counts.outcomes[0];
        }
        let (plain, within_a_day) = (&all.plain, &all.outcomes[0]);
        points.push(Point {
            from,
            to,
            searches: plain.searches,
            confirmed: Share::of(within_a_day.confirmed, plain.forms),
            submitted: Share::of(within_a_day.submitted, plain.forms),
            no_answer: Share::of(plain.no_answer, plain.searches),
        });
    }
    points
}
