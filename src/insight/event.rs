//! The facts: one struct for what every event has, one enum for what happened.
//!
//! Events are append-only and versioned. Names are in the past tense and are the same in the code,
//! in JSON and in the store. A field that is added later must have a default, so that old events
//! still read. Nothing here decides what an event means; that is [`super::figures`].

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::session::{RequesterHash, SessionHash, Visitor};
use crate::{desk::redaction::mask, search::Decision};

/// Version of the event's shape that is written today.
pub const SCHEMA: u16 = 1;

/// Name of an event, unique for good: a repeated event has the same id and counts once.
///
/// The server makes ULIDs; browsers may send a UUID instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(String);

impl EventId {
    /// A new id that sorts by `at`.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        let random = Ulid::generate().random();
        Self(Ulid::from_parts(u64::try_from(at.as_millisecond()).unwrap_or_default(), random).to_string())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for EventId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if is_token(&text) {
            Ok(Self(text))
        } else {
            Err("an id has 16 to 64 of the characters A-Z a-z 0-9 - _".into())
        }
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.0
    }
}

/// Whether the text is 16 to 64 URL-safe characters: the syntax of event ids and session ids.
pub(super) fn is_token(text: &str) -> bool {
    (16..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A visitor's words with personal details masked; there is no way to make one without masking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MaskedText(String);

impl MaskedText {
    /// Longest text that is kept, in characters.
    pub const MAX_CHARS: usize = 1000;

    /// Masks the text, puts white space in order and cuts it to [`Self::MAX_CHARS`].
    #[must_use]
    pub fn new(raw: &str) -> Self {
        let tidy = raw.split_whitespace().collect::<Vec<_>>().join(" ");
        Self(mask(&tidy).text.chars().filter(|c| !c.is_control()).take(Self::MAX_CHARS).collect())
    }

    /// The masked text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique name; for a search it is the `query_id` of the reply.
    pub id: EventId,
    /// When, in UTC and whole milliseconds.
    pub at: Timestamp,
    /// Version of the shape.
    pub schema: u16,
    /// Who: today's hash of the session.
    pub session: SessionHash,
    /// Yesterday's hash of the same session, where events of yesterday may belong to this one.
    pub previous: Option<SessionHash>,
    /// Where it came from.
    #[serde(flatten)]
    pub origin: Origin,
    /// What the server adds, so that figures can be told apart by it.
    #[serde(flatten)]
    pub notes: Notes,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What the server knows about an event beyond what happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Notes {
    /// Kind of the article that it is about, such as `faq`; for a search that of the best hit.
    #[serde(default)]
    pub article_kind: Option<String>,
    /// Support level that the question seems to need.
    #[serde(default)]
    pub level: Option<u8>,
    /// Who asked, for tickets.
    #[serde(default)]
    pub requester: Option<RequesterHash>,
}

/// Where events come from; equal for all events of one request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// Site key.
    pub site: String,
    /// What the visitor used.
    pub surface: Surface,
    /// Language of the surface, BCP 47; empty when unknown.
    pub locale: String,
    /// The user agent says that it is a bot.
    pub bot: bool,
    /// The user agent says that it watches whether the site is up.
    #[serde(default)]
    pub monitor: bool,
    /// Sent by people of our own, or under a test key.
    #[serde(default)]
    pub staff: bool,
    /// Whether a pointer or a key was used before this; `None`: the sender did not say.
    pub interacted: Option<bool>,
}

impl Event {
    /// A new event under a fresh id.
    #[must_use]
    pub fn new(visitor: &Visitor, origin: Origin, at: Timestamp, kind: EventKind) -> Self {
        Self::with_id(EventId::new(at), visitor, origin, at, kind)
    }

    /// An event under an id made before: that of a reply, or of the browser.
    #[must_use]
    pub fn with_id(id: EventId, visitor: &Visitor, origin: Origin, at: Timestamp, kind: EventKind) -> Self {
        let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        let previous = visitor.previous_for(&kind, at);
        Self { id, at, schema: SCHEMA, session: visitor.session, previous, origin, notes: Notes::default(), kind }
    }

    /// The same event with what the server knows about it.
    #[must_use]
    pub fn noting(self, notes: Notes) -> Self {
        Self { notes, ..self }
    }

    /// The same event with no more of what came into view than the first: figures of many events need no more, and the
    /// lists are most of what an event takes in memory.
    #[must_use]
    pub fn lean(mut self) -> Self {
        if let EventKind::SearchPerformed { shown: list, .. } | EventKind::ResultsShown { ranks: list, .. } =
            &mut self.kind
        {
            list.truncate(1);
            list.shrink_to_fit();
        }
        self
    }
}

/// What the visitor used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// The embedded search box.
    Box,
    /// The help centre's pages.
    Page,
    /// The ticket form.
    Form,
    /// A program.
    #[default]
    Api,
    /// A program that answers people with what it finds here (Model Context Protocol).
    Mcp,
}

/// What made a search happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A pause or a key while typing: the query may be unfinished.
    Typed,
    /// The enter key or the search button.
    #[default]
    Enter,
    /// A completion or correction that was chosen.
    Suggested,
    /// A link that carries the query.
    Url,
}

/// How a reader came to an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewSource {
    /// From the hits of a search.
    Search,
    /// From another page of the help centre.
    #[default]
    Link,
    /// From another website.
    External,
    /// From a suggestion in the ticket form.
    Form,
}

/// What happened. Articles are named by their slug, sections as `article#anchor`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// A visit began.
    SessionStarted {
        /// The page that the visitor is on, without what follows `?` or `#`.
        #[serde(default)]
        page: String,
    },
    /// A search was answered, one way or the other.
    SearchPerformed {
        /// The visitor's words, masked.
        query: MaskedText,
        /// Language of the hits.
        language: Option<String>,
        /// Articles that matched.
        total: u32,
        /// Sections in the reply, best first.
        shown: Vec<String>,
        /// The decision.
        decision: Decision,
        /// Calibrated probability behind the decision, 0..1.
        confidence: f32,
        /// Time spent, in microseconds.
        latency_us: u64,
        /// What made the search happen.
        trigger: Trigger,
        /// What it was restricted to, such as `tag=billing`, masked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        filters: Vec<MaskedText>,
    },
    /// Hits came into view.
    ResultsShown {
        /// The search.
        query_id: EventId,
        /// Sections in the order shown.
        ranks: Vec<String>,
    },
    /// A hit was opened.
    ResultClicked {
        /// The search.
        query_id: EventId,
        /// Place in the list, from 1.
        rank: u32,
        /// The article.
        article: String,
        /// Anchor of the section; empty for the article itself.
        #[serde(default)]
        section: String,
    },
    /// An article was open, for some time.
    ArticleViewed {
        /// The article.
        article: String,
        /// Hash of the text that was read, where known.
        #[serde(default)]
        revision: Option<String>,
        /// How the reader came here.
        from: ViewSource,
        /// Time during which it was visible, in milliseconds.
        dwell_ms: u64,
        /// Share of the article that was scrolled past, 0..1.
        scroll: f32,
        /// Length of the article in words, filled in by the server; 0 when unknown.
        #[serde(default)]
        words: u32,
    },
    /// A reader's verdict on an article.
    FeedbackGiven {
        /// The article.
        article: String,
        /// The verdict.
        helpful: bool,
        /// The reason that was picked, if any.
        #[serde(default)]
        reason: Option<String>,
        /// The reader's words, masked.
        #[serde(default)]
        comment: Option<MaskedText>,
    },
    /// The ticket form was opened.
    FormOpened {
        /// What led there, such as `no_answer` or `link`.
        from: String,
        /// The search that led there.
        #[serde(default)]
        query_id: Option<EventId>,
    },
    /// Articles were suggested beside a half-written ticket.
    SuggestionShown {
        /// The articles, best first.
        articles: Vec<String>,
    },
    /// A suggested article was opened.
    SuggestionClicked {
        /// The article.
        article: String,
    },
    /// There were articles to suggest while a part of the visitors gets none: on which side this visitor is.
    HoldoutAssigned {
        /// Whether the articles were held back.
        held: bool,
        /// Share of visitors from whom they are held back, 0..1.
        share: f32,
    },
    /// The visitor said, by a button, that this solved it.
    MarkedSolved {
        /// The article that did.
        #[serde(default)]
        article: Option<String>,
        /// The search that led there.
        #[serde(default)]
        query_id: Option<EventId>,
    },
    /// A ticket was accepted.
    TicketOpened {
        /// The ticket's reference.
        reference: String,
        /// Support level it came in at.
        level: u8,
        /// The search that led there.
        #[serde(default)]
        query_id: Option<EventId>,
    },
    /// A ticket arrived where people work on it. The server's doing: figures about visitors leave it out.
    TicketDelivered {
        /// The ticket's reference.
        reference: String,
        /// Name of the connector that took it.
        connector: String,
        /// Time since the ticket was accepted, in milliseconds.
        latency_ms: u64,
    },
    /// A ticket went up the ladder. Not the visitor's doing: figures about visitors leave it out.
    TicketEscalated {
        /// The ticket's reference.
        reference: String,
        /// Support level that it came to.
        level: u8,
    },
    /// The visitor took another way to a person: the host page told us.
    ContactElsewhere {
        /// Which, such as `phone`.
        channel: String,
    },
    /// A ticket ended, or goes on after all. Not the visitor's doing: figures about visitors leave it out.
    TicketResolved {
        /// The ticket's reference.
        reference: String,
        /// How: `known`, `new`, `duplicate`, `spam`, `solved` or `reopened`.
        outcome: String,
        /// The article that solved it.
        #[serde(default)]
        article: Option<String>,
        /// Who says so: an agent, or another help desk.
        by: String,
    },
}

impl EventKind {
    /// The name in JSON, in the store and in metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SessionStarted { .. } => "session_started",
            Self::SearchPerformed { .. } => "search_performed",
            Self::ResultsShown { .. } => "results_shown",
            Self::ResultClicked { .. } => "result_clicked",
            Self::ArticleViewed { .. } => "article_viewed",
            Self::FeedbackGiven { .. } => "feedback_given",
            Self::FormOpened { .. } => "form_opened",
            Self::SuggestionShown { .. } => "suggestion_shown",
            Self::SuggestionClicked { .. } => "suggestion_clicked",
            Self::HoldoutAssigned { .. } => "holdout_assigned",
            Self::MarkedSolved { .. } => "marked_solved",
            Self::TicketOpened { .. } => "ticket_opened",
            Self::TicketDelivered { .. } => "ticket_delivered",
            Self::TicketEscalated { .. } => "ticket_escalated",
            Self::ContactElsewhere { .. } => "contact_elsewhere",
            Self::TicketResolved { .. } => "ticket_resolved",
        }
    }

    /// The search that this belongs to, where the sender said so.
    #[must_use]
    pub const fn query_id(&self) -> Option<&EventId> {
        match self {
            Self::ResultsShown { query_id, .. } | Self::ResultClicked { query_id, .. } => Some(query_id),
            Self::FormOpened { query_id, .. }
            | Self::MarkedSolved { query_id, .. }
            | Self::TicketOpened { query_id, .. } => query_id.as_ref(),
            _ => None,
        }
    }

    /// The search that this goes on with, perhaps in a visit of its own: pages without JavaScript have a session for
    /// each request.
    #[must_use]
    pub const fn continues(&self) -> Option<&EventId> {
        match self {
            Self::FormOpened { query_id, .. }
            | Self::MarkedSolved { query_id, .. }
            | Self::TicketOpened { query_id, .. } => query_id.as_ref(),
            _ => None,
        }
    }

    /// The article that it is about, where it names one.
    #[must_use]
    pub fn article(&self) -> Option<&str> {
        match self {
            Self::ResultClicked { article, .. }
            | Self::ArticleViewed { article, .. }
            | Self::FeedbackGiven { article, .. }
            | Self::SuggestionClicked { article } => Some(article),
            Self::MarkedSolved { article, .. } => article.as_deref(),
            _ => None,
        }
    }

    /// Whether a visitor did this; otherwise it happened to a ticket.
    #[must_use]
    pub const fn by_visitor(&self) -> bool {
        !matches!(self, Self::TicketDelivered { .. } | Self::TicketEscalated { .. } | Self::TicketResolved { .. })
    }

    /// The article that was opened by choosing a hit or a suggestion.
    #[must_use]
    pub fn clicked(&self) -> Option<&str> {
        match self {
            Self::ResultClicked { article, .. } | Self::SuggestionClicked { article } => Some(article),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked() {
        for (id, good) in [
            ("01JD8WQXK3M5V7Y9ZABCDEFGHJ", true),
            ("0b9f6c1e-6a0c-4a52-9a4e-6a3f1f0d8c11", true),
            ("short", false),
            ("has spaces in the id", false),
            ("ümlaut-is-not-allowed", false),
            (&"x".repeat(65), false),
        ] {
            assert_eq!(EventId::try_from(id.to_owned()).is_ok(), good, "{id}");
        }
    }

    #[test]
    fn new_ids_sort_by_time() {
        let at = |ms| EventId::new(Timestamp::from_millisecond(ms).unwrap());
        assert!(at(1_700_000_000_000) < at(1_700_000_000_001));
        assert_ne!(at(5), at(5));
    }

    #[test]
    fn masked_text_is_tidy_and_short() {
        assert_eq!(MaskedText::new("  mail  to\tann@example.com\n").as_str(), "mail to [email]");
        assert_eq!(MaskedText::new(&"x ".repeat(5000)).as_str().len(), MaskedText::MAX_CHARS);
    }

    #[test]
    fn the_name_of_an_event_is_its_tag_in_json() {
        let id = || Some(EventId::new(Timestamp::UNIX_EPOCH));
        let kinds = [
            EventKind::FormOpened { from: "link".into(), query_id: id() },
            EventKind::MarkedSolved { article: None, query_id: None },
            EventKind::TicketOpened { reference: "ZD-000000".into(), level: 1, query_id: id() },
            EventKind::SuggestionClicked { article: "a".into() },
            EventKind::TicketDelivered { reference: "ZD-000000".into(), connector: "desk".into(), latency_ms: 7 },
            EventKind::TicketResolved {
                reference: "ZD-000000".into(),
                outcome: "known".into(),
                article: Some("a".into()),
                by: "rt".into(),
            },
        ];
        for kind in kinds {
            let json = serde_json::to_value(&kind).unwrap();
            assert_eq!(json["type"], kind.name());
            assert_eq!(serde_json::from_value::<EventKind>(json).unwrap(), kind);
        }
    }
}
