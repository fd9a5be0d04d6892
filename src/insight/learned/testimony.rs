//! Who says that an article answers a question, read out of events.

use jiff::Timestamp;

use super::network::{Network, Quarter};
use crate::insight::{
    event::{Event, EventId, EventKind},
    figures::{Window, exclusion, visits},
    gaps::{is_masked, normal},
    session::SessionHash,
    verdicts::{self, Asked, Verdict},
};

/// Longest question that is learned, in characters; longer ones are stories.
const MAX_CHARS: usize = 200;

/// Somebody's word that an article answers a question, or that it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Testimony {
    /// Unique: the event that says so, or the ticket.
    pub id: String,
    /// Language in which it was asked.
    pub language: String,
    /// The question: masked, lower case.
    pub question: String,
    /// Slug of the article.
    pub article: String,
    /// Whether it helped.
    pub helped: bool,
    /// Who says so.
    pub source: Source,
    /// Hash of the session.
    pub session: SessionHash,
    /// The event whose network counts.
    pub network_of: EventId,
    /// From which network, where that is known; filled in by the store.
    pub network: Option<Network>,
    /// When.
    pub at: Timestamp,
}

/// Who says that an article helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A reader.
    Reader,
    /// Whoever resolved a ticket with the article.
    Desk,
}

impl Testimony {
    /// The quarter whose salt the network was hashed with.
    pub(super) fn quarter(&self) -> Quarter {
        Quarter::of(self.at)
    }
}

/// What readers said in a window; visitors that are no people say nothing.
pub(super) fn of_readers(events: &[Event], window: &Window) -> Vec<Testimony> {
    let (people, _) = exclusion::split(visits::by_visitor(events, &window.site), window);
    let judged = people.iter().flat_map(verdicts::of);
    let said = judged.filter(|judged| window.from <= judged.said_by.at && judged.said_by.at < window.to);
    said.filter_map(|judged| {
        let helped = match judged.verdict {
            Verdict::Helped => true,
            Verdict::NotHelpful => false,
            // A ticket may be about something else.
            Verdict::NoAnswer | Verdict::Ticketed => return None,
        };
        let by = judged.said_by;
        testimony(judged.search, judged.article?, helped, Source::Reader, by.id.to_string(), by)
    })
    .collect()
}

/// The resolutions of tickets among events, the last of each ticket.
pub(super) fn resolutions(events: &[Event]) -> Vec<Event> {
    let mut last: std::collections::BTreeMap<&str, &Event> = std::collections::BTreeMap::new();
    for event in events {
        if let EventKind::TicketResolved { reference, .. } = &event.kind {
            last.insert(reference, event);
        }
    }
    last.into_values().cloned().collect()
}

/// What a resolution says of the search that led to the ticket: nothing, where no article solved it.
pub(super) fn of_ticket(resolution: &Event, visit: &[Event]) -> Option<Testimony> {
    let EventKind::TicketResolved { reference, outcome, article: Some(article), .. } = &resolution.kind else {
        return None;
    };
    if !matches!(outcome.as_str(), "known" | "solved") {
        return None;
    }
    let opened = visit.iter().find_map(|event| match &event.kind {
        EventKind::TicketOpened { reference: found, query_id, .. } if found == reference => Some((event, query_id)),
        _ => None,
    });
    let (opened, query_id) = opened?;
    let is_search = |event: &&Event| matches!(event.kind, EventKind::SearchPerformed { .. });
    let mut before = visit.iter().filter(|event| event.at <= opened.at).filter(is_search);
    let named = before.clone().find(|event| Some(&event.id) == query_id.as_ref());
    let search = named.or(before.next_back())?;
    let id = id_of_ticket(resolution);
    let said = testimony(search, article, true, Source::Desk, id, opened)?;
    Some(Testimony { at: resolution.at, ..said })
}

/// The id of what a ticket says, the same for each of its resolutions.
pub(super) fn id_of_ticket(resolution: &Event) -> String {
    match &resolution.kind {
        EventKind::TicketResolved { reference, .. } => format!("ticket {reference}"),
        _ => resolution.id.to_string(),
    }
}

fn testimony(
    search: &Event,
    article: &str,
    helped: bool,
    source: Source,
    id: String,
    network_of: &Event,
) -> Option<Testimony> {
    let asked = Asked::of(search)?;
    let question = normal(asked.query);
    let fits = question.chars().any(char::is_alphanumeric) && question.chars().count() <= MAX_CHARS;
    (fits && !is_masked(&question)).then(|| Testimony {
        id,
        language: asked.language.unwrap_or_default().to_owned(),
        question,
        article: article.to_owned(),
        helped,
        source,
        session: network_of.session,
        network_of: network_of.id.clone(),
        network: None,
        at: network_of.at,
    })
}
