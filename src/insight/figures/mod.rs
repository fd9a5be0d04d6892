//! Events become figures: a pure fold that anyone can repeat from the same events.
//!
//! The walk: repeats are dropped and the rest put in order -> events are gathered by visitor ->
//! visitors that are no people are left out, and counted -> sessions, searches that were meant,
//! and issues (`issues`) -> the sums of each day (`day`, `counts`) -> figures of a period. Every
//! figure says what it counted, out of how many, how sure it is, for which window, by which version
//! of its definition, and what was left out.
//!
//! Nobody who merely went away is called a success here: an exit without a word is shown as
//! unexplained. The fold reads no clock and no store; the order in which events arrive and events
//! that arrive twice change nothing.

mod counts;
mod day;
mod deflection;
pub(super) mod exclusion;
mod holdout;
mod issues;
mod older;
mod queries;
mod series;
pub(super) mod visits;

#[cfg(test)]
mod tests;

use std::{borrow::Borrow, collections::BTreeMap};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    event::Event,
    intervals::{Interval, wilson},
};

pub use counts::{Counts, DayCounts, DayLists, Slice};
pub use day::{bounds, days, reach};
pub use deflection::{Deflection, Funnel, Success};
pub use exclusion::{Cause, LeftOut, MAX_EVENTS};
pub use holdout::Holdout;
pub use older::{condensed, settled};
pub use queries::{ArticleFigures, Helpfulness, Popular, Popularity, TopQuery};
pub use series::{Point, Row, Share};

/// Version of the rules by which days are counted. Days that were counted by another version are counted again while
/// their events are there.
pub const RULES: u32 = 1;
/// Below this many votes the helpful rate is not shown, only its counts.
pub const MIN_VOTES: u64 = 20;
/// Most rows in a list of queries or articles.
pub const MAX_TOP: usize = 50;
/// Windows in which a ticket makes an issue "submitted": the headline's first.
pub const TICKET_WINDOWS_H: [u32; 2] = [24, 168];

/// What to compute figures for: whole days of UTC. What of a day lies in the window counts as all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
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
    /// The window of whole days, the last one included.
    #[must_use]
    pub fn of_days(site: &str, first: Date, last: Date, as_of: Timestamp) -> Self {
        Self { site: site.to_owned(), from: bounds(first).0, to: bounds(last).1, as_of }
    }

    /// Events that tell what its days are about: some before, for visits that run over the edge, and some after, for
    /// tickets that come late.
    #[must_use]
    pub fn events_needed(&self) -> (Timestamp, Timestamp) {
        let (first, last) = self.days();
        (reach(first).0, reach(last).1)
    }

    /// Its first and its last day.
    #[must_use]
    pub fn days(&self) -> (Date, Date) {
        let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
        let last = self.to.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(self.to);
        (day(self.from), day(last.max(self.from)))
    }

    fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// A share, with everything needed to doubt it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Figure {
    /// Name and version of the definition, such as `confirmed_deflection/1`.
    pub definition: String,
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
    pub channels_seen: Vec<String>,
}

/// Makes the figures of one period, so that all carry the same window and exclusions.
struct Maker<'a> {
    window: &'a Window,
    left_out: Vec<LeftOut>,
}

impl Maker<'_> {
    fn share(&self, definition: &'static str, count: u64, n: u64, ticket_window_h: Option<u32>) -> Figure {
        Figure {
            definition: definition.into(),
            value: (n > 0).then(|| count as f64 / n as f64),
            count,
            n,
            interval: wilson(count, n),
            ticket_window_h,
            from: self.window.from,
            to: self.window.to,
            left_out: self.left_out.clone(),
            channels_seen: vec!["web".into()],
        }
    }
}

/// Visits for each visitor who sent a ticket: Zendesk's self-service score, for comparison only. It divides two
/// different groups of people, and rises when people give up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SelfServiceRatio {
    /// Name and version of the definition.
    pub definition: String,
    /// Visits to the help centre or the box.
    pub sessions: u64,
    /// Visitors who sent a ticket.
    pub ticket_users: u64,
    /// The first over the second; none without tickets.
    pub ratio: Option<f64>,
}

/// How tickets ended, as agents and other help desks told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Resolutions {
    /// An article had the answer.
    pub known: u64,
    /// No article had it.
    pub new: u64,
    /// Another ticket asks the same.
    pub duplicate: u64,
    /// Nobody asked anything.
    pub spam: u64,
    /// Who asked said that it is solved.
    pub solved: u64,
    /// Went on after they had ended.
    pub reopened: u64,
}

/// Tickets that one connector delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConnectorFigures {
    /// Its name.
    pub connector: String,
    /// Tickets delivered.
    pub delivered: u64,
    /// Mean time from the ticket's acceptance to its delivery, in milliseconds.
    pub mean_latency_ms: u64,
}

/// All figures of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// What they are for.
    pub window: Window,
    /// What part of it: a language, a kind of article, a support level.
    pub slice: Slice,
    /// Version of the rules of counting.
    pub rules: u32,
    /// What became of issues in which the ticket form was opened: 24 hours (the headline), then 7 days.
    pub deflection: Vec<Deflection>,
    /// Between which bounds the share of successful issues lies: 24 hours, then 7 days.
    pub success: Vec<Success>,
    /// What suggestions are worth, where some visitors get none: 24 hours, then 7 days.
    pub holdout: Vec<Holdout>,
    /// From search to ticket.
    pub funnel: Funnel,
    /// Searches that were decided "no answer", of all that were meant.
    pub no_answer: Figure,
    /// Readers' verdicts.
    pub helpful: Helpfulness,
    /// Of the tickets whose end is known: an article had the answer.
    pub answer_existed: Figure,
    /// How tickets ended.
    pub resolutions: Resolutions,
    /// For comparison with others.
    pub self_service_ratio: SelfServiceRatio,
    /// Issues that went to another channel, as far as the host page tells.
    pub contact_elsewhere: u64,
    /// Visits by surface.
    pub surfaces: BTreeMap<String, u64>,
    /// By day or week.
    pub series: Vec<Point>,
    /// By language of the issue.
    pub languages: Vec<Row>,
    /// By kind of article.
    pub kinds: Vec<Row>,
    /// By support level.
    pub levels: Vec<Row>,
    /// What connectors delivered.
    pub connectors: Vec<ConnectorFigures>,
    /// What was asked most.
    pub top_queries: Vec<TopQuery>,
    /// What was asked most without an answer.
    pub top_no_answer: Vec<TopQuery>,
    /// What was read most.
    pub articles: Vec<ArticleFigures>,
    /// Queries of fewer visitors than this are not in the two lists.
    pub min_visitors: u64,
    /// What was not counted, and why.
    pub left_out: Vec<LeftOut>,
}

impl Figures {
    /// The figures of a window from all its events; events around it are needed too, and more do no harm.
    #[must_use]
    pub fn of(events: &[Event], window: Window) -> Self {
        let (first, last) = window.days();
        let days: Vec<_> = days(first, last).map(|day| (day, DayCounts::fold(events, &window.site, day))).collect();
        Self::of_days(&days, window, Slice::default())
    }

    /// The figures of a slice from the sums of the window's days, in order; days without events may be absent.
    #[must_use]
    pub fn of_days(days: &[(Date, impl Borrow<DayCounts>)], window: Window, slice: Slice) -> Self {
        let sums: Vec<(Date, Counts)> = days.iter().map(|(day, counts)| (*day, counts.borrow().of(&slice))).collect();
        let mut all = Counts::default();
        for (_, counts) in &sums {
            all += counts;
        }
        let days: Vec<&DayCounts> = days.iter().map(|(_, counts)| counts.borrow()).collect();
        let maker = Maker { window: &window, left_out: left_out(&days, &slice) };
        let [top_queries, top_no_answer] = queries::top(&days, &slice);
        let windows = || 0..TICKET_WINDOWS_H.len();
        Self {
            deflection: windows().map(|index| Deflection::of(&all, index, &maker)).collect(),
            success: windows().map(|index| Success::of(&all, index, &maker)).collect(),
            holdout: windows().filter_map(|index| Holdout::of(&all, index, &maker)).collect(),
            funnel: Funnel::of(&all),
            no_answer: queries::no_answer(&all, &maker),
            helpful: Helpfulness::of(&all, &maker),
            answer_existed: answer_existed(&all, &maker),
            resolutions: resolutions(&all),
            self_service_ratio: self_service_ratio(&all),
            contact_elsewhere: all.plain.elsewhere,
            surfaces: surfaces(&days),
            series: series::points(&sums, &window),
            languages: series::rows(&days, &slice, |slot| slot.language.clone()),
            kinds: series::rows(&days, &slice, |slot| slot.kind.clone()),
            levels: series::rows(&days, &slice, |slot| slot.level.map_or_else(String::new, |level| level.to_string())),
            connectors: connectors(&days),
            top_queries,
            top_no_answer,
            articles: queries::articles(&days, &slice),
            min_visitors: 1,
            left_out: maker.left_out,
            rules: RULES,
            slice,
            window,
        }
    }

    /// The figures without queries that fewer than `visitors` asked, and without those in which something was masked:
    /// rare words may name a person.
    #[must_use]
    pub fn without_rare_queries(mut self, visitors: u64) -> Self {
        self.min_visitors = visitors;
        let common = |query: &TopQuery| query.visitors >= visitors && !query.is_masked();
        self.top_queries.retain(common);
        self.top_no_answer.retain(common);
        self
    }
}

/// By cause, in the order of the rules; causes that left nobody out are told, too. Kind and level cannot be told of
/// who was left out, so that only the language is picked.
fn left_out(days: &[&DayCounts], slice: &Slice) -> Vec<LeftOut> {
    let mut rows = Cause::ALL.map(|cause| LeftOut { cause, visitors: 0, events: 0 });
    for (language, cause, omitted) in days.iter().flat_map(|day| &day.left_out) {
        for row in rows.iter_mut().filter(|row| row.cause == *cause && slice.has_language(language)) {
            row.visitors += omitted.0;
            row.events += omitted.1;
        }
    }
    rows.into()
}

fn resolutions(all: &Counts) -> Resolutions {
    let plain = &all.plain;
    Resolutions {
        known: plain.resolved_known,
        new: plain.resolved_new,
        duplicate: plain.resolved_duplicate,
        spam: plain.resolved_spam,
        solved: plain.resolved_solved,
        reopened: plain.reopened,
    }
}

fn answer_existed(all: &Counts, maker: &Maker) -> Figure {
    let Resolutions { known, new, .. } = resolutions(all);
    maker.share("answer_existed/1", known, known + new, None)
}

fn self_service_ratio(all: &Counts) -> SelfServiceRatio {
    let (sessions, ticket_users) = (all.plain.sessions, all.plain.ticket_users);
    SelfServiceRatio {
        definition: "self_service_ratio/1".into(),
        sessions,
        ticket_users,
        ratio: (ticket_users > 0).then(|| sessions as f64 / ticket_users as f64),
    }
}

fn surfaces(days: &[&DayCounts]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (surface, visits) in days.iter().flat_map(|day| &day.surfaces) {
        *sums.entry(surface.clone()).or_default() += visits;
    }
    sums
}

fn connectors(days: &[&DayCounts]) -> Vec<ConnectorFigures> {
    let mut sums: BTreeMap<&String, (u64, u64)> = BTreeMap::new();
    for (connector, delivered) in days.iter().flat_map(|day| &day.connectors) {
        let sum = sums.entry(connector).or_default();
        *sum = (sum.0 + delivered.0, sum.1 + delivered.1);
    }
    let row = |(connector, (delivered, latency_ms)): (&String, (u64, u64))| ConnectorFigures {
        connector: connector.clone(),
        delivered,
        mean_latency_ms: latency_ms.checked_div(delivered).unwrap_or_default(),
    };
    sums.into_iter().map(row).collect()
}
