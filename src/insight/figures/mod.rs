//! Events become figures: a pure fold that anyone can repeat from the same events.
//!
//! The walk: repeats are dropped and the rest put in order -> events are gathered by visitor ->
//! visitors that are no people are left out, and counted -> sessions, searches that were meant,
//! and issues (`issues`) -> figures. Every figure says what it counted, out of how many, how sure
//! it is, for which window, by which version of its definition, and what was left out.
//!
//! Nobody who merely went away is called a success here: an exit without a word is shown as
//! unexplained. The fold reads no clock and no store; the order in which events arrive and events
//! that arrive twice change nothing.

mod deflection;
pub(super) mod exclusion;
mod issues;
mod queries;
pub(super) mod visits;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    event::Event,
    intervals::{Interval, wilson},
};

pub use deflection::{Deflection, Funnel};
pub use exclusion::{Cause, LeftOut};
pub use queries::{Helpfulness, Popular, TopQuery, popular};

/// Below this many votes the helpful rate is not shown, only its counts.
pub const MIN_VOTES: u64 = 20;
/// Most rows in a list of queries.
pub const MAX_TOP: usize = 50;
/// Windows in which a ticket makes an issue "submitted": the headline's first.
pub const TICKET_WINDOWS_H: [u32; 2] = [24, 168];

/// What to compute figures for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Window {
    /// Site key.
    pub site: String,
    /// First instant.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// First instant after it.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// When the figures are made: issues younger than the ticket window may still change.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
}

impl Window {
    /// Events that the fold needs: some before, for visits that run over the edge, and some after,
    /// for tickets that come late.
    #[must_use]
    pub fn events_needed(&self) -> (Timestamp, Timestamp) {
        let hours = |h: u32| SignedDuration::from_hours(i64::from(h));
        let from = self.from.checked_sub(hours(24)).unwrap_or(Timestamp::MIN);
        let to = self.to.checked_add(hours(TICKET_WINDOWS_H[1] + 24)).unwrap_or(Timestamp::MAX);
        (from, to)
    }

    fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// A share, with everything needed to doubt it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Figure {
    /// Name and version of the definition, such as `confirmed_deflection/1`.
    pub definition: &'static str,
    /// The share, 0..1; none when there is nothing to divide by or too little to show.
    pub value: Option<f64>,
    /// How many.
    pub count: u64,
    /// Out of how many.
    pub n: u64,
    /// Wilson's 95 % confidence interval.
    pub interval: Option<Interval>,
    /// Time in which a ticket counts, in hours, where that matters.
    pub ticket_window_h: Option<u32>,
    /// First instant of what was counted.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// First instant after it.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// What was not counted, and why.
    pub left_out: Vec<LeftOut>,
    /// Where tickets are seen; tickets by telephone or direct e-mail are not.
    #[schema(value_type = Vec<String>)]
    pub channels_seen: &'static [&'static str],
}

/// Makes the figures of one fold, so that all carry the same window and exclusions.
struct Maker<'a> {
    window: &'a Window,
    left_out: Vec<LeftOut>,
}

impl Maker<'_> {
    fn share(&self, definition: &'static str, count: u64, n: u64, ticket_window_h: Option<u32>) -> Figure {
        Figure {
            definition,
            value: (n > 0).then(|| count as f64 / n as f64),
            count,
            n,
            interval: wilson(count, n),
            ticket_window_h,
            from: self.window.from,
            to: self.window.to,
            left_out: self.left_out.clone(),
            channels_seen: &["web"],
        }
    }
}

/// All figures of a window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// What they are for.
    pub window: Window,
    /// What became of issues in which the ticket form was opened: 24 hours (the headline), then 7 days.
    pub deflection: Vec<Deflection>,
    /// From search to ticket.
    pub funnel: Funnel,
    /// Searches that were decided "no answer", of all that were meant.
    pub no_answer: Figure,
    /// Readers' verdicts.
    pub helpful: Helpfulness,
    /// What was asked most.
    pub top_queries: Vec<TopQuery>,
    /// What was asked most without an answer.
    pub top_no_answer: Vec<TopQuery>,
    /// Queries of fewer visitors than this are not in the two lists.
    pub min_visitors: u64,
    /// What was not counted, and why.
    pub left_out: Vec<LeftOut>,
}

impl Figures {
    /// The figures of a window from the events of [`Window::events_needed`]; more events do no harm.
    #[must_use]
    pub fn of(events: &[Event], window: Window) -> Self {
        let visitors = visits::by_visitor(events, &window.site);
        let (people, left_out) = exclusion::split(visitors, &window);
        let maker = Maker { window: &window, left_out };
        let issues: Vec<_> =
            people.iter().flat_map(issues::of).filter(|issue| window.contains(issue.start())).collect();
        let asked = queries::asked(&people, &window);
        let deflection = TICKET_WINDOWS_H.iter().map(|hours| Deflection::of(&issues, *hours, &maker)).collect();
        Self {
            deflection,
            funnel: Funnel::of(&issues),
            no_answer: queries::no_answer(&asked, &maker),
            helpful: Helpfulness::of(&people, &maker),
            top_queries: queries::top(asked.iter()),
            top_no_answer: queries::top(asked.iter().filter(|search| search.no_answer())),
            min_visitors: 1,
            left_out: maker.left_out,
            window,
        }
    }

    /// The figures without queries that fewer than `visitors` asked: rare words may name a person.
    #[must_use]
    pub fn without_rare_queries(mut self, visitors: u64) -> Self {
        self.min_visitors = visitors;
        self.top_queries.retain(|query| query.visitors >= visitors);
        self.top_no_answer.retain(|query| query.visitors >= visitors);
        self
    }
}
