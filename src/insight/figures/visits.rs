//! Events by visitor, in order and without repeats; and which searches of a visitor were meant.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use crate::{
    insight::{
        event::{Event, EventKind, Trigger},
        session::{IDLE, RequesterHash, SessionHash},
    },
    search::Decision,
};

/// A typed search that is followed by another within this time was not finished.
const BURST: SignedDuration = SignedDuration::from_millis(1500);

/// One visitor: a session, over midnight too.
pub struct Visitor<'a> {
    /// Its events, by time, then id.
    pub events: Vec<&'a Event>,
    /// Tickets of other visits under the same e-mail address.
    pub elsewhere: Vec<Timestamp>,
    /// A ticket of this visitor was resolved as spam.
    pub spam: bool,
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
    /// The event itself.
    pub event: &'a Event,
}

impl Search<'_> {
    pub const fn no_answer(&self) -> bool {
        matches!(self.decision, Decision::NoAnswer)
    }
}

/// The events of a site without repeats, by time, then id.
pub fn in_order<'a>(events: &'a [Event], site: &str) -> Vec<&'a Event> {
    let mut unique: HashMap<_, &Event> = HashMap::with_capacity(events.len());
    for event in events.iter().filter(|event| event.origin.site == site) {
        // Two different events under one id cannot be told from a repeat; the earlier one counts.
        let kept = unique.entry(&event.id).or_insert(event);
        if event.at < kept.at {
            *kept = event;
        }
    }
    let mut ordered: Vec<&Event> = unique.into_values().collect();
    ordered.sort_unstable_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    ordered
}

/// Gathers the events of a site by visitor; visitors in the order of their first event.
pub fn by_visitor<'a>(events: &'a [Event], site: &str) -> Vec<Visitor<'a>> {
    gather(&in_order(events, site))
}

/// Gathers events that are [`in_order`] by visitor; visitors in the order of their first event.
pub fn gather<'a>(ordered: &[&'a Event]) -> Vec<Visitor<'a>> {
    let names = Names::of(ordered);
    let mut visitors: Vec<Visitor> = Vec::new();
    let mut numbers = HashMap::new();
    for event in ordered.iter().filter(|event| event.kind.by_visitor()) {
        let number = *numbers.entry(names.of_session(event.session)).or_insert_with(|| {
            visitors.push(Visitor { events: Vec::new(), elsewhere: Vec::new(), spam: false });
            visitors.len() - 1
        });
        visitors[number].events.push(event);
    }
    let (tickets, spam) = (by_requester(ordered), spam(ordered));
    for visitor in &mut visitors {
        let own = visitor.tickets().filter_map(|event| event.notes.requester).collect::<BTreeSet<_>>();
        visitor.elsewhere = own.iter().filter_map(|requester| tickets.get(requester)).flatten().copied().collect();
        let is_spam = visitor.tickets().filter_map(reference).any(|ticket| spam.contains(ticket));
        visitor.spam = is_spam;
    }
    visitors
}

/// When tickets came, by who asked.
fn by_requester(ordered: &[&Event]) -> HashMap<RequesterHash, Vec<Timestamp>> {
    let mut tickets: HashMap<_, Vec<_>> = HashMap::new();
    for event in ordered.iter().filter(|event| matches!(event.kind, EventKind::TicketOpened { .. })) {
        if let Some(requester) = event.notes.requester {
            tickets.entry(requester).or_default().push(event.at);
        }
    }
    tickets
}

/// Tickets that ended as spam, and did not go on.
fn spam<'a>(ordered: &[&'a Event]) -> BTreeSet<&'a str> {
    let mut spam = BTreeSet::new();
    for event in ordered {
        if let EventKind::TicketResolved { reference, outcome, .. } = &event.kind {
            if outcome == "spam" {
                spam.insert(reference.as_str())
            } else {
                spam.remove(reference.as_str())
            };
        }
    }
    spam
}

fn reference(event: &Event) -> Option<&str> {
    if let EventKind::TicketOpened { reference, .. } = &event.kind { Some(reference) } else { None }
}

/// Which hashes are the same visitor (union-find; the smallest hash is the name): a hash and that of
/// the day before, and, where pages work without JavaScript and every request is a session of its
/// own, the hash of a search and of what names that search.
#[derive(Default)]
struct Names(HashMap<SessionHash, SessionHash>);

impl Names {
    fn of(events: &[&Event]) -> Self {
        let searches = events.iter().filter(|event| matches!(event.kind, EventKind::SearchPerformed { .. }));
        let by_id: HashMap<_, _> = searches.map(|event| (&event.id, event.session)).collect();
        let mut names = Self::default();
        for event in events.iter().filter(|event| event.kind.by_visitor()) {
            let continued = event.kind.continues().and_then(|id| by_id.get(id).copied());
            for other in event.previous.into_iter().chain(continued) {
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

    /// The tickets that the visitor opened.
    pub fn tickets(&self) -> impl Iterator<Item = &'a Event> {
        self.events.iter().copied().filter(|event| matches!(event.kind, EventKind::TicketOpened { .. }))
    }

    /// The searches that were meant.
    pub fn searches(&self, number: usize) -> impl Iterator<Item = Search<'a>> {
        (0..self.events.len()).filter(|i| is_final(&self.events, *i)).filter_map(move |i| {
            let event = self.events[i];
            let EventKind::SearchPerformed { query, language, decision, .. } = &event.kind else { return None };
            let (query, language) = (query.as_str(), language.as_deref());
            Some(Search { visitor: number, at: event.at, query, language, decision: *decision, event })
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
