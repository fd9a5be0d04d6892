//! What became of a visitor's searches: no answer, an article that helped, one that did not, a ticket all the same.
//!
//! A verdict on an article belongs to the search from whose hits the article was opened. What cannot
//! be tied to a search says nothing here.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    event::{Event, EventId, EventKind},
    figures::visits::{self, Visitor},
};
use crate::search::Decision;

/// What became of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// It was decided "no answer".
    NoAnswer,
    /// The visitor found the article not helpful.
    NotHelpful,
    /// The visitor opened the article and then sent a ticket.
    Ticketed,
    /// The visitor found the article helpful, or said that it solved the matter.
    Helped,
}

/// A search with its verdict.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged<'a> {
    /// The event of the search.
    pub search: &'a Event,
    /// The event that says so; the search itself for [`Verdict::NoAnswer`].
    pub said_by: &'a Event,
    /// What became of it.
    pub verdict: Verdict,
    /// The article, where it is about one.
    pub article: Option<&'a str>,
}

/// A search that was meant, read out of its event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The visitor's words, masked.
    pub query: &'a str,
    /// Language of the hits.
    pub language: Option<&'a str>,
    /// The decision.
    pub decision: Decision,
    /// Sections in the reply, as `article#section`.
    pub shown: &'a [String],
    /// When.
    pub at: Timestamp,
}

impl<'a> Asked<'a> {
    /// The search that an event is about, if it is one.
    pub fn of(event: &'a Event) -> Option<Self> {
        let EventKind::SearchPerformed { query, language, decision, shown, .. } = &event.kind else { return None };
        Some(Self { query: query.as_str(), language: language.as_deref(), decision: *decision, shown, at: event.at })
    }
}

/// The searches of a visitor that were meant.
pub(super) fn searches<'a>(visitor: &Visitor<'a>) -> impl Iterator<Item = &'a Event> {
    (0..visitor.events.len()).filter(|at| visits::is_final(&visitor.events, *at)).map(|at| visitor.events[at])
}

/// The verdicts on a visitor's searches, in the order in which they were given.
pub(super) fn of<'a>(visitor: &Visitor<'a>) -> Vec<Judged<'a>> {
    visitor.sessions().flat_map(of_session).collect()
}

fn of_session<'a>(events: &[&'a Event]) -> Vec<Judged<'a>> {
    let mut session = Session::default();
    for (at, event) in events.iter().enumerate() {
        let is_search = matches!(event.kind, EventKind::SearchPerformed { .. });
        if !is_search || visits::is_final(events, at) {
            session.see(event);
        }
    }
    session.judged
}

/// A session as it goes on.
#[derive(Default)]
struct Session<'a> {
    by_id: HashMap<&'a EventId, &'a Event>,
    last: Option<&'a Event>,
    /// The search that led to an article.
    led: HashMap<&'a str, &'a Event>,
    /// The article opened last from the hits of a search.
    opened: HashMap<&'a EventId, &'a str>,
    judged: Vec<Judged<'a>>,
}

impl<'a> Session<'a> {
    fn see(&mut self, event: &'a Event) {
        match &event.kind {
            EventKind::SearchPerformed { decision, .. } => {
                self.by_id.insert(&event.id, event);
                self.last = Some(event);
                if *decision == Decision::NoAnswer {
                    self.judge(Some(event), event, Verdict::NoAnswer, None);
                }
            }
            EventKind::ResultClicked { query_id, article, .. } => {
                if let Some(search) = self.by_id.get(query_id) {
                    self.led.insert(article, search);
                    self.opened.insert(&search.id, article);
                }
            }
            EventKind::FeedbackGiven { article, helpful, .. } => {
                let verdict = if *helpful { Verdict::Helped } else { Verdict::NotHelpful };
                self.judge(self.led.get(article.as_str()).copied(), event, verdict, Some(article));
            }
            EventKind::MarkedSolved { article: Some(article), .. } => {
                self.judge(self.led.get(article.as_str()).copied(), event, Verdict::Helped, Some(article));
            }
            EventKind::TicketOpened { query_id, .. } => {
                let named = query_id.as_ref().and_then(|id| self.by_id.get(id)).copied();
                let search = named.or(self.last);
                let article = search.and_then(|search| self.opened.get(&search.id)).copied();
                self.judge(search.filter(|_| article.is_some()), event, Verdict::Ticketed, article);
            }
            _ => {}
        }
    }

    fn judge(&mut self, search: Option<&'a Event>, said_by: &'a Event, verdict: Verdict, article: Option<&'a str>) {
        self.judged.extend(search.map(|search| Judged { search, said_by, verdict, article }));
    }
}
