//! A gap that an article has closed: since when, and what that changed.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Cluster, gather::Question};
use crate::search::{Answer, Decision, SearchError};

/// Most phrasings that are asked again; those of most visitors.
const ASKED_AGAIN: usize = 20;

/// A gap that is answered today.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Closing {
    /// The article that answers it.
    pub article: String,
    /// When the article was first shown as the answer to it; none where nobody has asked since.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// What was asked until then.
    pub before: Tally,
    /// What was asked from then on.
    pub after: Tally,
}

/// Searches, and how many were left without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Tally {
    /// Searches that ask this.
    pub searches: u64,
    /// Of these, left without an answer.
    pub unanswered: u64,
}

impl Closing {
    /// Whether the article closes the gap: of the searches that had no answer, at least half would have one now, and of
    /// those that had it, most were content.
    pub(super) fn of(
        cluster: &Cluster,
        article: &str,
        ask: &dyn Fn(&str) -> Result<Answer, SearchError>,
    ) -> Result<Option<Self>, SearchError> {
        let (mut answered, mut asked) = (0, 0);
        for phrasing in super::gather::phrasings(cluster.unanswered.iter().copied()).iter().take(ASKED_AGAIN) {
            asked += phrasing.visitors;
            if ask(&phrasing.text)?.decision == Decision::Answer {
                answered += phrasing.visitors;
            }
        }
        let all = || cluster.unanswered.iter().chain(&cluster.answered).copied();
        let by_it = |question: &&Question| question.answered_by.as_deref() == Some(article);
        let since = all().filter(by_it).map(|question| question.at).min();
        let part =
            |from: bool| Tally::of(all().filter(|question| since.is_some_and(|since| question.at >= since) == from));
        let (before, after) = (part(false), part(true));
        let closed = answered * 2 >= asked && before.unanswered > 0 && after.unanswered * 2 <= after.searches;
        Ok(closed.then(|| Self { article: article.into(), since, before, after }))
    }
}

impl Tally {
    fn of<'a>(questions: impl Iterator<Item = &'a Question>) -> Self {
        questions.fold(Self::default(), |tally, question| Self {
            searches: tally.searches + 1,
            unanswered: tally.unanswered + u64::from(!question.causes.is_empty()),
        })
    }
}
