//! Events by visitor, in order and without repeats; and which searches of a visitor were meant.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use crate::{
    insight::{
        event::{Event, EventKind, Trigger},
        session::{IDLE, SessionHash},
    },
    search::Decision,
};

/// A typed search that is followed by another within this time was not finished.
const BURST: SignedDuration = SignedDuration::from_millis(1500);

/// One visitor: a session, over midnight too.
pub struct Visitor<'a> {
    /// Its events, by time, then id.
    pub events: Vec<&'a Event>,
}

/// A search that was meant: the last of a burst of typing, or one that was sent off.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Which visitor asked, as a number within this fold.
    pub visitor: usize,
    /// When.
    pub at: Timestamp,
    /// The visitor's words.
    pub query: &'a str,
    /// Language of the hits.
    pub language: Option<&'a str>,
    /// What the server decided.
    pub decision: Decision,
}

impl Search<'_> {
    pub const fn no_answer(&self) -> bool {
        matches!(self.decision, Decision::NoAnswer)
    }
}

/// Gathers the events of a site by visitor; visitors in the order of their first event.
pub fn by_visitor<'a>(events: &'a [Event], site: &str) -> Vec<Visitor<'a>> {
    let mut unique: BTreeMap<_, &Event> = BTreeMap::new();
    let by_visitors =
        |event: &&Event| !matches!(event.kind, EventKind::TicketDelivered { .. } | EventKind::TicketResolved { .. });
    for event in events.iter().filter(|event| event.origin.site == site).filter(by_visitors) {
        // Two different events under one id cannot be told from a repeat; the earlier one counts.
        let kept = unique.entry(&event.id).or_insert(event);
        if event.at < kept.at {
            *kept = event;
        }
    }
    let mut ordered: Vec<&Event> = unique.into_values().collect();
    ordered.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    let names = Names::of(&ordered);
    let mut visitors: Vec<Visitor> = Vec::new();
    let mut numbers = HashMap::new();
    for event in ordered {
        let number = *numbers.entry(names.of_session(event.session)).or_insert_with(|| {
            visitors.push(Visitor { events: Vec::new() });
            visitors.len() - 1
        });
        visitors[number].events.push(event);
    }
    visitors
}

/// Which hashes are the same visitor (union-find; the smallest hash is the name): a hash and that of
/// the day before, and, where pages work without JavaScript and every request is a session of its
/// own, the hash of a search and of what names that search.
#[derive(Default)]
struct Names(HashMap<SessionHash, SessionHash>);

impl Names {
    fn of(events: &[&Event]) -> Self {
        let by_id: HashMap<_, _> = events.iter().map(|event| (&event.id, event.session)).collect();
        let mut names = Self::default();
        for event in events {
            let searched = event.kind.query_id().and_then(|id| by_id.get(id).copied());
            for other in event.previous.into_iter().chain(searched) {
                names.join(event.session, other);
            }
        }
        names
    }

    fn of_session(&self, mut hash: SessionHash) -> SessionHash {
        while let Some(smaller) = self.0.get(&hash) {
            hash = *smaller;
        }
        hash
    }

    fn join(&mut self, a: SessionHash, b: SessionHash) {
        let (a, b) = (self.of_session(a), self.of_session(b));
        if a != b {
            self.0.insert(a.max(b), a.min(b));
        }
    }
}

impl<'a> Visitor<'a> {
    /// The sessions: runs of events without a longer pause than [`IDLE`].
    pub fn sessions(&self) -> impl Iterator<Item = &[&'a Event]> {
        sessions(&self.events)
    }

    /// The searches that were meant.
    pub fn searches(&self, number: usize) -> impl Iterator<Item = Search<'a>> {
        (0..self.events.len()).filter(|i| is_final(&self.events, *i)).filter_map(move |i| {
            let event = self.events[i];
            let EventKind::SearchPerformed { query, language, decision, .. } = &event.kind else { return None };
            let (query, language) = (query.as_str(), language.as_deref());
            Some(Search { visitor: number, at: event.at, query, language, decision: *decision })
        })
    }
}

/// Runs of events without a longer pause than [`IDLE`].
pub fn sessions<'e, 'a>(events: &'e [&'a Event]) -> impl Iterator<Item = &'e [&'a Event]> {
    events.chunk_by(|before, after| after.at.duration_since(before.at) <= IDLE)
}

/// Whether the search at `i` was meant: not typed, or not soon followed by another search without a click between.
pub fn is_final(events: &[&Event], i: usize) -> bool {
    let EventKind::SearchPerformed { trigger, .. } = &events[i].kind else { return false };
    let soon = events[i + 1..].iter().take_while(|event| event.at.duration_since(events[i].at) <= BURST);
    let next = soon
        .map(|event| &event.kind)
        .find(|kind| kind.clicked().is_some() || matches!(kind, EventKind::SearchPerformed { .. }));
    *trigger != Trigger::Typed || !matches!(next, Some(EventKind::SearchPerformed { .. }))
}
