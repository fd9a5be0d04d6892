//! A visitor's words become an [`Answer`]: hits by article, snippets, and the decision whether they answer at all.
//!
//! The walk: understanding (terms by language, prefix, typing errors) -> candidates from the index
//! by field-weighted BM25 -> the best sections and lines of each -> snippets -> decision. It takes
//! one snapshot for all of it. This room writes nothing and never waits for the store; visitor text
//! never reaches a query parser.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::index::Entry;

/// Longest query in characters; the rest is cut off.
pub const MAX_QUERY_CHARS: usize = 256;
/// Most terms of a query that are looked at.
pub const MAX_TERMS: usize = 16;
/// Longest term in characters.
pub const MAX_TERM_CHARS: usize = 40;
/// Largest offset into the hits.
pub const MAX_OFFSET: usize = 1000;
/// Most hits in one reply.
pub const MAX_LIMIT: usize = 50;

/// A checked request for answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// The visitor's words.
    pub text: String,
    /// Languages to look in, the visitor's first; a later one only counts when those before have
    /// no answer. Empty: every language of the index at once.
    pub languages: Vec<String>,
    /// Which articles may be hits.
    pub filter: Filter,
    /// Most hits to return, at most [`MAX_LIMIT`].
    pub limit: usize,
    /// Hits to leave out from the top, at most [`MAX_OFFSET`].
    pub offset: usize,
    /// Whether the last word may be unfinished.
    pub prefix: bool,
    /// Whether words may contain typing errors.
    pub typo_tolerance: bool,
    /// Confidence from which the decision is [`Decision::Answer`].
    pub answer_at: f32,
    /// Confidence from which the decision is [`Decision::Candidates`].
    pub candidates_at: f32,
}

/// Restricts which articles may be hits; an empty list restricts nothing, several values of one list mean "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Folders below the article root.
    pub folders: Vec<String>,
    /// Kinds, as in the front matter.
    pub kinds: Vec<String>,
    /// Tags, compared without case.
    pub tags: Vec<String>,
    /// Products, compared without case.
    pub products: Vec<String>,
}

/// The outcome of a search.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The query as it was understood: trimmed, cut to the limits.
    pub query: String,
    /// Language of the hits; the visitor's where there are none.
    pub language: Option<String>,
    /// Generation of the index that answered.
    pub generation: u64,
    /// Articles that match at all.
    pub total: usize,
    /// Whether this answers the question.
    pub decision: Decision,
    /// Calibrated probability, 0..1, that the knowledge base answers the question.
    pub confidence: f32,
    /// The query with typing errors put right, where that is what found the hits.
    pub corrected: Option<String>,
    /// Articles, best first.
    pub hits: Vec<Hit>,
    /// What the decision saw.
    pub signals: Signals,
}

/// Does the knowledge base answer?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Answer,
    /// Perhaps: worth showing, not worth relying on.
    Candidates,
    /// No: offer a ticket.
    NoAnswer,
}

impl Decision {
    /// The name in JSON, events and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Candidates => "candidates",
            Self::NoAnswer => "no_answer",
        }
    }
}

/// One article that matches.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The article.
    pub article: Arc<Entry>,
    /// Ranking score; comparable within one answer only.
    pub score: f32,
    /// Its best sections, best first, at most 3.
    pub sections: Vec<SectionHit>,
}

/// A section of a hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionHit {
    /// Fragment of the section's address; empty for the lead.
    pub anchor: String,
    /// Headings above and of the section, outermost first.
    pub heading: Vec<String>,
    /// The passage that fits best, plain text.
    pub snippet: String,
    /// What to mark in the snippet: start and end (exclusive) in Unicode characters (scalar values).
    pub highlights: Vec<[u32; 2]>,
}

/// What the decision saw.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Signals {}
