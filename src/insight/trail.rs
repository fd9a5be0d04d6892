//! What a visitor tried before asking a person: the searches and the articles read, for the ticket.
//!
//! The trail is made by the server from its own events; a request can name its session but cannot
//! write the trail. Unfinished searches are left out, the visitor's words are masked already.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    event::{Event, EventId, EventKind},
    figures::visits,
    reading,
};
use crate::search::Decision;

/// Most searches, and most articles, in a trail; the newest are kept.
const MAX_ROWS: usize = 50;

/// What a visitor tried.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Trail {
    /// Searches that were meant, oldest first.
    pub searches: Vec<TrailSearch>,
    /// Articles that were open, in the order of their first opening.
    pub articles: Vec<ArticleRead>,
    /// Articles that the ticket form suggested, each once.
    pub suggested: Vec<String>,
}

/// One search of a trail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrailSearch {
    /// The search.
    pub query_id: EventId,
    /// The visitor's words, masked.
    pub query: String,
    /// When.
    pub at: Timestamp,
    /// Calibrated probability behind the decision, 0..1.
    pub confidence: f32,
    /// The decision.
    pub decision: Decision,
    /// Sections in the reply, as `article#section`.
    pub shown: Vec<String>,
    /// Sections that were opened, in that order, as `article#section`.
    pub clicked: Vec<String>,
}

/// One article of a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArticleRead {
    /// The article.
    pub article: String,
    /// When it was first opened.
    pub at: Timestamp,
    /// Time during which it was visible, in milliseconds, over all openings.
    pub dwell_ms: u64,
    /// Whether it was read, not merely opened.
    pub read: bool,
}

impl Trail {
    /// The trail of one visitor from its events, in any order. `query_id` is the search that led to
    /// the ticket: it is kept even if it looks unfinished.
    #[must_use]
    pub fn of(events: &[Event], query_id: Option<&EventId>) -> Self {
        let mut ordered: Vec<&Event> = events.iter().collect();
        ordered.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        ordered.dedup_by(|a, b| a.id == b.id);
        let mut trail = Self {
            searches: searches(&ordered, query_id),
            articles: articles(&ordered),
            suggested: suggested(&ordered),
        };
        trail.searches.drain(..trail.searches.len().saturating_sub(MAX_ROWS));
        trail.articles.drain(..trail.articles.len().saturating_sub(MAX_ROWS));
        trail.suggested.drain(..trail.suggested.len().saturating_sub(MAX_ROWS));
        trail
    }
}

fn searches(events: &[&Event], query_id: Option<&EventId>) -> Vec<TrailSearch> {
    let kept = |i: &usize| visits::is_final(events, *i) || query_id == Some(&events[*i].id);
    (0..events.len()).filter(kept).filter_map(|i| search(events[i], clicks(events, &events[i].id))).collect()
}

fn search(event: &Event, clicked: Vec<String>) -> Option<TrailSearch> {
    let EventKind::SearchPerformed { query, shown, decision, confidence, .. } = &event.kind else { return None };
    Some(TrailSearch {
        query_id: event.id.clone(),
        query: query.as_str().to_owned(),
        at: event.at,
        confidence: *confidence,
        decision: *decision,
        shown: shown.clone(),
        clicked,
    })
}

fn clicks(events: &[&Event], search: &EventId) -> Vec<String> {
    let name = |event: &&Event| match &event.kind {
        EventKind::ResultClicked { query_id, article, section, .. } if query_id == search => {
            Some(if section.is_empty() { article.clone() } else { format!("{article}#{section}") })
        }
        _ => None,
    };
    events.iter().filter_map(name).collect()
}

fn suggested(events: &[&Event]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let shown = events.iter().filter_map(|event| match &event.kind {
        EventKind::SuggestionShown { articles } => Some(articles),
        _ => None,
    });
    shown.flatten().filter(|article| seen.insert(article.as_str())).cloned().collect()
}

fn articles(events: &[&Event]) -> Vec<ArticleRead> {
    let mut rows: Vec<ArticleRead> = Vec::new();
    let mut by_slug: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        let EventKind::ArticleViewed { article, dwell_ms, .. } = &event.kind else { continue };
        let row = *by_slug.entry(article).or_insert_with(|| {
            rows.push(ArticleRead { article: article.clone(), at: event.at, dwell_ms: 0, read: false });
            rows.len() - 1
        });
        rows[row].dwell_ms += dwell_ms;
    }
    for slug in visits::sessions(events).flat_map(|visit| reading::read(visit.iter().map(|event| &event.kind))) {
        by_slug.get(slug).into_iter().for_each(|row| rows[*row].read = true);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::{MaskedText, Origin, Salts, Session, Trigger, ViewSource};

    fn events() -> Vec<Event> {
        let start: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let visitor = Salts::default().visitor(&Session::generate(), start);
        let search = |query: &str| EventKind::SearchPerformed {
            query: MaskedText::new(query),
            language: None,
            total: 1,
            shown: vec!["a#top".into()],
            decision: Decision::NoAnswer,
            confidence: 0.1,
            latency_us: 1,
            trigger: Trigger::Typed,
            filters: Vec::new(),
        };
        let view = |dwell_ms| EventKind::ArticleViewed {
            article: "a".into(),
            revision: None,
            from: ViewSource::Search,
            dwell_ms,
            scroll: 0.1,
            words: 0,
        };
        let query_id = EventId::try_from("event-number-1".to_owned() + "00").unwrap();
        let click = EventKind::ResultClicked { query_id, rank: 1, article: "a".into(), section: "top".into() };
        let steps = [
            (0, search("pass")),
            (1000, search("password")),
            (4000, click),
            (5000, view(9000)),
            (40_000, view(16_000)),
        ];
        let event = |(i, (ms, kind)): (usize, (i64, EventKind))| {
            let at = start + jiff::SignedDuration::from_millis(ms);
            let id = EventId::try_from(format!("event-number-{i}00")).unwrap();
            Event::with_id(id, &visitor, Origin::default(), at, kind)
        };
        steps.into_iter().enumerate().map(event).collect()
    }

    #[test]
    fn a_trail_has_the_searches_that_were_meant_and_the_articles_read() {
        let mut events = events();
        let expected = Trail::of(&events, None);
        assert_eq!(expected.searches.len(), 1);
        assert_eq!(expected.searches[0].query, "password");
        assert_eq!(expected.searches[0].clicked, ["a#top"]);
        let article = &expected.articles[0];
        assert_eq!((article.article.as_str(), article.dwell_ms, article.read), ("a", 25_000, true));
        events.reverse();
        events.push(events[0].clone());
        assert_eq!(Trail::of(&events, None), expected);
    }

    #[test]
    fn parts_of_one_visit_are_one_reading() {
        let mut events = events();
        events.truncate(4);
        for (minutes, read) in [(1, true), (29, true), (31, false)] {
            let mut later = events[3].clone();
            later.id = EventId::try_from("event-number-later".to_owned()).unwrap();
            later.at += jiff::SignedDuration::from_mins(minutes);
            let article = &Trail::of(&[&events[..], &[later]].concat(), None).articles[0];
            assert_eq!((article.dwell_ms, article.read), (18_000, read), "the rest {minutes} minutes later");
        }
    }

    #[test]
    fn the_search_that_led_to_the_ticket_is_always_there() {
        let events = events();
        let trail = Trail::of(&events, Some(&events[0].id));
        assert_eq!(trail.searches.iter().map(|search| search.query.as_str()).collect::<Vec<_>>(), ["pass", "password"]);
    }
}
