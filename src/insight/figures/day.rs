//! One day of events becomes its sums: the only place where events are read for figures.
//!
//! A day counts what began on it: an issue belongs to the day of its first event, a search to its own, so that the
//! days of a period can be added up. Events from one day before until eight days after it are looked at, because
//! visits run over midnight and tickets come late. Days are those of UTC.
//!
//! The fold reads no clock and no store; the order in which events arrive and events that arrive twice change nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use unicode_normalization::UnicodeNormalization;

use super::{
    TICKET_WINDOWS_H, Window,
    counts::{Asked, Counts, DayCounts, DayLists, Delivered, MAX_ROWS_A_DAY, Omitted, Slot, Used, keep_greatest},
    deflection::{Outcome, Story},
    exclusion::{self, Cause},
    issues::{self, Issue},
    visits::{self, Visitor},
};
use crate::{
    insight::{
        event::{Event, EventKind, Surface},
        reading,
    },
    search::Decision,
};

/// Most languages that are told apart on one day; browsers may claim any.
const MAX_LANGUAGES: usize = 30;

/// Hours of events before a day that its sums depend on.
const HOURS_BEFORE: i64 = 24;
/// Hours of events after a day that its sums depend on.
const HOURS_AFTER: i64 = 24 + 7 * 24;

/// The first instant of a day, and of the next one.
#[must_use]
pub fn bounds(day: Date) -> (Timestamp, Timestamp) {
    let midnight = |day: Date| day.to_zoned(TimeZone::UTC).map_or(Timestamp::MIN, |zoned| zoned.timestamp());
    let from = midnight(day);
    (from, from.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX))
}

/// The instants between which events matter for the sums of a day.
#[must_use]
pub fn reach(day: Date) -> (Timestamp, Timestamp) {
    let hours = SignedDuration::from_hours;
    let (from, to) = bounds(day);
    let earlier = from.checked_sub(hours(HOURS_BEFORE)).unwrap_or(Timestamp::MIN);
    (earlier, to.checked_add(hours(HOURS_AFTER)).unwrap_or(Timestamp::MAX))
}

impl DayCounts {
    /// The sums of a day from the events within its [`reach`]; more events do no harm.
    #[must_use]
    pub fn fold(events: &[Event], site: &str, day: Date) -> Self {
        let (earliest, latest) = reach(day);
        let mut ordered = visits::in_order(events, site);
        ordered.retain(|event| earliest <= event.at && event.at < latest);
        let (from, to) = bounds(day);
        let window = Window { site: site.to_owned(), from, to, as_of: to };
        let mut fold = Fold { window, languages: Languages::of(&ordered), ..Fold::default() };
        for visitor in visits::gather(&ordered) {
            match exclusion::cause(&visitor) {
                Some(cause) => fold.leave_out(&visitor, cause),
                None => fold.count(&visitor),
            }
        }
        ordered.retain(|event| fold.window.contains(event.at));
        for event in ordered {
            fold.count_ticket(event);
        }
        fold.finish()
    }
}

/// The languages of a day, as far as they are told apart.
#[derive(Default)]
struct Languages(HashSet<String>);

impl Languages {
    fn of(events: &[&Event]) -> Self {
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        for event in events {
            *seen.entry(primary(said(event))).or_default() += 1;
        }
        let mut seen: Vec<_> = seen.into_iter().collect();
        keep_greatest(&mut seen, MAX_LANGUAGES, |(_, events)| [*events, 0]);
        Self(seen.into_iter().map(|(language, _)| language).collect())
    }

    /// Language that the event is in; empty where it is not known.
    fn spoken(&self, event: &Event) -> String {
        let language = primary(said(event));
        if self.0.contains(&language) { language } else { String::new() }
    }
}

fn said(event: &Event) -> &str {
    match &event.kind {
        EventKind::SearchPerformed { language: Some(language), .. } => language,
        _ => &event.origin.locale,
    }
}

/// `nl` of `nl-BE`; empty for what is no language tag.
fn primary(tag: &str) -> String {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    let good = (2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
    if good { primary.to_ascii_lowercase() } else { String::new() }
}

#[derive(Default)]
struct Fold {
    window: Window,
    languages: Languages,
    slots: BTreeMap<Slot, Counts>,
    left_out: BTreeMap<(String, Cause), Omitted>,
    queries: HashMap<(String, String), Asked>,
    articles: HashMap<String, (Slot, Used)>,
    surfaces: BTreeMap<String, u64>,
    connectors: BTreeMap<String, Delivered>,
}

impl Fold {
    fn slot(&mut self, slot: Slot) -> &mut Counts {
        self.slots.entry(slot).or_default()
    }

    /// The slot of one event by itself.
    fn slot_of(&self, event: &Event) -> Slot {
        let kind = event.notes.article_kind.clone().unwrap_or_default();
        Slot { language: self.languages.spoken(event), kind, level: event.notes.level }
    }

    /// The slot of a visitor as such.
    fn spoken_by(&self, visitor: &Visitor) -> Slot {
        let language = visitor.events.first().map(|event| self.languages.spoken(event)).unwrap_or_default();
        Slot { language, ..Slot::default() }
    }

    fn leave_out(&mut self, visitor: &Visitor, cause: Cause) {
        let events = visitor.events.iter().filter(|event| self.window.contains(event.at)).count() as u64;
        let begins = visitor.events.first().is_some_and(|event| self.window.contains(event.at));
        self.omit(self.spoken_by(visitor).language, cause, u64::from(begins), events);
    }

    fn omit(&mut self, language: String, cause: Cause, visitors: u64, events: u64) {
        if visitors + events > 0 {
            let row = self.left_out.entry((language, cause)).or_default();
            row.0 += visitors;
            row.1 += events;
        }
    }

    fn count(&mut self, visitor: &Visitor) {
        let begun: Vec<_> =
            issues::of(visitor).into_iter().filter(|issue| self.window.contains(issue.start())).collect();
        for issue in &begun {
            self.count_issue(issue);
        }
        self.count_searches(visitor);
        self.count_reading(visitor);
        let speaks = self.spoken_by(visitor);
        let starts: Vec<&Event> =
            visitor.sessions().map(|session| session[0]).filter(|first| self.window.contains(first.at)).collect();
        for first in &starts {
            *self.surfaces.entry(surface(first.origin.surface).to_owned()).or_default() += 1;
        }
        let sends = visitor.tickets().next().is_some_and(|first| self.window.contains(first.at));
        if !starts.is_empty() || sends {
            let counts = self.slot(speaks);
            counts.plain.sessions += starts.len() as u64;
            counts.plain.ticket_users += u64::from(sends);
        }
    }

    fn count_issue(&mut self, issue: &Issue) {
        let story = Story::of(issue);
        let slot = self.slot_of_issue(issue);
        if story.held == Some(true) && story.form {
            let (language, events) = (slot.language.clone(), issue.events.len() as u64);
            self.omit(language, Cause::Holdout, 1, events);
        }
        for slug in &story.read {
            let ticket = u64::from(story.submitted(TICKET_WINDOWS_H[0]));
            let row = self.articles.entry((*slug).to_owned()).or_insert_with(|| (slot.clone(), Used::default()));
            row.1.4 += ticket;
        }
        let counts = self.slot(slot);
        story.add_to(counts);
        for (hours, outcomes) in TICKET_WINDOWS_H.iter().zip(&mut counts.outcomes) {
            let (submitted, solved) = (story.submitted(*hours), story.solved);
            if story.in_deflection() {
                match story.outcome(*hours) {
                    Outcome::Confirmed => outcomes.confirmed += 1,
                    Outcome::Potential => outcomes.potential += 1,
                    Outcome::UnexplainedExit => outcomes.unexplained_exit += 1,
                    Outcome::Submitted => outcomes.submitted += 1,
                }
                outcomes.reversed += u64::from(submitted && solved);
            }
            outcomes.helped += u64::from(story.searched && story.said_yes() && !submitted);
            outcomes.failed += u64::from(story.searched && story.failed(*hours));
            outcomes.shown_submitted += u64::from(story.arm(false) && submitted);
            outcomes.held_submitted += u64::from(story.arm(true) && submitted);
        }
    }

    /// Language of the last search, else of the first event; kind of the article that came last; level of the ticket,
    /// else of the last search.
    fn slot_of_issue(&self, issue: &Issue) -> Slot {
        let last = |wanted: &dyn Fn(&Event) -> bool| issue.events.iter().rev().find(|event| wanted(event)).copied();
        let searched = last(&|event| matches!(event.kind, EventKind::SearchPerformed { .. }));
        let about = last(&|event| {
            event.notes.article_kind.is_some() && !matches!(event.kind, EventKind::SearchPerformed { .. })
        });
        let level = issue.events.iter().rev().find_map(|event| match event.kind {
            EventKind::TicketOpened { level, .. } => Some(level),
            _ => None,
        });
        let level = level.or_else(|| last(&|event| event.notes.level.is_some()).and_then(|event| event.notes.level));
        let kind = about.or(searched).and_then(|event| event.notes.article_kind.clone()).unwrap_or_default();
        let language = self.languages.spoken(searched.unwrap_or(issue.events[0]));
        Slot { language, kind, level }
    }

    fn count_searches(&mut self, visitor: &Visitor) {
        let mut asked_before = HashSet::new();
        for search in visitor.searches(0) {
            let slot = self.slot_of(search.event);
            let query = search.query.nfkc().collect::<String>().to_lowercase();
            let key = (slot.language.clone(), query);
            let first = asked_before.insert(key.clone());
            if !self.window.contains(search.at) {
                continue;
            }
            let without = u64::from(search.no_answer());
            let zero = matches!(search.event.kind, EventKind::SearchPerformed { total: 0, .. });
            let counts = self.slot(slot);
            counts.plain.searches += 1;
            counts.plain.no_answer += without;
            counts.plain.zero_results += u64::from(zero);
            if !key.1.is_empty() {
                let row = self.queries.entry(key).or_default();
                row.0 += u64::from(first);
                row.1 += 1;
                row.2 += without;
            }
        }
    }

    /// Views and reads belong to the day on which the article was first open in that visit, verdicts to the day of the
    /// visitor's last one on that article.
    fn count_reading(&mut self, visitor: &Visitor) {
        let mut verdicts: BTreeMap<&str, (&Event, bool)> = BTreeMap::new();
        let mut read: BTreeMap<&str, &Event> = BTreeMap::new();
        for visit in visitor.sessions() {
            let mut opened: BTreeMap<&str, &Event> = BTreeMap::new();
            for event in visit {
                match &event.kind {
                    EventKind::FeedbackGiven { article, helpful, .. } => {
                        verdicts.insert(article, (event, *helpful));
                    }
                    EventKind::ArticleViewed { article, .. } => {
                        opened.entry(article).or_insert(event);
                    }
                    _ => {}
                }
            }
            for slug in reading::read(visit.iter().map(|event| &event.kind)) {
                read.entry(slug).or_insert_with(|| opened[slug]);
            }
            opened.retain(|_, event| self.window.contains(event.at));
            for (slug, event) in opened {
                let slot = self.slot_of(event);
                self.article(slug, slot).0 += 1;
            }
        }
        let voted: HashSet<&str> = verdicts.keys().copied().collect();
        read.retain(|_, event| self.window.contains(event.at));
        for (slug, event) in read {
            let slot = self.slot_of(event);
            self.article(slug, slot.clone()).1 += 1;
            let counts = self.slot(slot);
            counts.plain.reads += 1;
            counts.plain.reads_voted += u64::from(voted.contains(slug));
        }
        verdicts.retain(|_, (event, _)| self.window.contains(event.at));
        for (slug, (event, helpful)) in verdicts {
            let slot = self.slot_of(event);
            let row = self.article(slug, slot.clone());
            row.2 += 1;
            row.3 += u64::from(helpful);
            let counts = self.slot(slot);
            counts.plain.votes += 1;
            counts.plain.helpful += u64::from(helpful);
        }
    }

    fn article(&mut self, slug: &str, slot: Slot) -> &mut Used {
        &mut self.articles.entry(slug.to_owned()).or_insert_with(|| (slot, Used::default())).1
    }

    /// What happens to tickets on the day; whoever opened them.
    fn count_ticket(&mut self, event: &Event) {
        match &event.kind {
            EventKind::TicketDelivered { connector, latency_ms, .. } => {
                let row = self.connectors.entry(connector.clone()).or_default();
                row.0 += 1;
                row.1 += latency_ms;
            }
            EventKind::TicketEscalated { level, .. } => {
                let slot = Slot { level: Some(*level), ..self.slot_of(event) };
                self.slot(slot).plain.escalated += 1;
            }
            EventKind::TicketResolved { outcome, .. } => {
                let slot = self.slot_of(event);
                let plain = &mut self.slot(slot).plain;
                match outcome.as_str() {
                    "known" => plain.resolved_known += 1,
                    "new" => plain.resolved_new += 1,
                    "duplicate" => plain.resolved_duplicate += 1,
                    "spam" => plain.resolved_spam += 1,
                    "solved" => plain.resolved_solved += 1,
                    "reopened" => plain.reopened += 1,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn finish(self) -> DayCounts {
        let mut queries: Vec<_> =
            self.queries.into_iter().map(|((language, query), row)| (language, query, row)).collect();
        queries.sort_unstable_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        // What had no answer is kept before what merely was asked: it is what the list is read for.
        keep_greatest(&mut queries, MAX_ROWS_A_DAY, |(_, _, Asked(visitors, searches, without))| {
            [visitors + u64::from(*without > 0), *searches]
        });
        let mut articles: Vec<_> = self
            .articles
            .into_iter()
            .map(|(slug, (slot, used))| (slot.language, slot.kind, slug, used))
            .filter(|(_, _, _, used)| *used != Used::default())
            .collect();
        articles.sort_unstable_by(|a, b| a.2.cmp(&b.2));
        keep_greatest(&mut articles, MAX_ROWS_A_DAY, |(_, _, _, used)| [used.0, used.2]);
        let mut slots: Vec<_> = self.slots.into_iter().collect();
        for (_, counts) in &mut slots {
            counts.open.sort_unstable();
        }
        DayCounts {
            slots,
            left_out: self.left_out.into_iter().map(|((language, cause), row)| (language, cause, row)).collect(),
            surfaces: self.surfaces,
            connectors: self.connectors,
            lists: DayLists { queries, articles },
        }
    }
}

/// The name of a surface in JSON.
const fn surface(surface: Surface) -> &'static str {
    match surface {
        Surface::Box => "box",
        Surface::Page => "page",
        Surface::Form => "form",
        Surface::Api => "api",
        Surface::Mcp => "mcp",
    }
}

/// The days from one to another, both included.
pub fn days(from: Date, to: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(from), |day| day.tomorrow().ok()).take_while(move |day| *day <= to)
}

impl Story<'_> {
    fn add_to(&self, counts: &mut Counts) {
        let one = |counts: bool| u64::from(counts);
        let plain = &mut counts.plain;
        plain.searched += one(self.searched);
        plain.answered += one(self.answered);
        plain.clicked += one(self.searched && self.clicked);
        plain.form_opened += one(self.searched && self.form);
        plain.submitted += one(self.searched && self.ticket);
        plain.form_without_search += one(!self.searched && self.form);
        plain.submitted_without_search += one(!self.searched && self.ticket);
        plain.elsewhere += one(self.elsewhere);
        plain.tickets += self.tickets;
        plain.shown += one(self.arm(false));
        plain.held += one(self.arm(true));
        if self.in_deflection() {
            plain.forms += 1;
            plain.solved += one(self.solved);
            if !self.submitted(TICKET_WINDOWS_H[1]) {
                counts.open.push(self.end.as_second());
            }
        } else if self.arm(true) {
            plain.held_events += self.events;
        }
    }
}

/// Visits by slug that were really read.
pub(super) fn read_in<'a>(issue: &Issue<'a>) -> BTreeSet<&'a str> {
    reading::read(issue.events.iter().map(|event| &event.kind)).collect()
}

/// Whether the last search of an issue had no answer, and nothing was read after it.
pub(super) fn ends_without_answer(issue: &Issue) -> bool {
    let is_search = |event: &&&Event| matches!(event.kind, EventKind::SearchPerformed { .. });
    let Some(last) = issue.events.iter().rev().find(is_search) else { return false };
    let none = matches!(last.kind, EventKind::SearchPerformed { decision: Decision::NoAnswer, .. });
    let later = issue.events.iter().filter(|event| event.at >= last.at).map(|event| &event.kind);
    none && reading::read(later).next().is_none()
}
