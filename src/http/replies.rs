//! Replies to searches that were asked before.
//!
//! Visitors type, so the beginnings of frequent questions are asked over and over. What was found is kept as long as
//! the articles, the synonyms, the learned questions and the weights of the decision are those it was found with, up
//! to a bound in bytes. Ids, times and events are never kept: each search is one of its own.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use quick_cache::{Weighter, sync::Cache};

use crate::search::Edition;

/// Most bytes that are kept.
const BYTES: u64 = 8 * 1024 * 1024;

/// What was found, by what was asked.
pub struct Replies<T>(ArcSwapOption<Kept<T>>);

impl<T> Default for Replies<T> {
    fn default() -> Self {
        Self(ArcSwapOption::empty())
    }
}

/// What was found in one edition.
struct Kept<T> {
    edition: Edition,
    found: Cache<Box<str>, (Arc<T>, usize), Bytes>,
}

#[derive(Clone)]
struct Bytes;

impl<T> Weighter<Box<str>, (Arc<T>, usize)> for Bytes {
    fn weight(&self, key: &Box<str>, (_, bytes): &(Arc<T>, usize)) -> u64 {
        (key.len() + bytes) as u64
    }
}

impl<T> Replies<T> {
    /// What was found for the same question in the same edition.
    pub fn get(&self, edition: &Edition, key: &str) -> Option<Arc<T>> {
        if let Some(kept) = self.0.load().as_ref().filter(|kept| kept.edition == *edition) {
            return kept.found.get(key).map(|(found, _)| found);
        }
        let found = Cache::with_weighter(500, BYTES, Bytes);
        self.0.store(Some(Arc::new(Kept { edition: edition.clone(), found })));
        None
    }

    /// Keeps what was found; `edition` is that from before the search, `bytes` what `found` takes in memory.
    pub fn keep(&self, edition: &Edition, key: String, found: Arc<T>, bytes: usize) {
        if let Some(kept) = self.0.load().as_ref().filter(|kept| kept.edition == *edition) {
            kept.found.insert(key.into(), (found, bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        index::Index,
        search::{DecisionModel, Searcher},
    };

    fn searcher() -> Searcher {
        Searcher::new(Arc::new(Index::in_memory().unwrap()))
    }

    #[test]
    fn what_was_found_is_found_again_until_something_changes() {
        let (searcher, replies) = (searcher(), Replies::default());
        let before = searcher.edition();
        assert_eq!(replies.get(&before, "a"), None);
        replies.keep(&before, "a".into(), Arc::new(7), 100);
        assert_eq!(replies.get(&before, "a").as_deref(), Some(&7));
        assert_eq!(replies.get(&before, "b"), None);
        searcher.decide_by(DecisionModel::bundled().clone());
        let after = searcher.edition();
        assert_eq!(replies.get(&after, "a"), None);
        // A search that began before the change is too late.
        replies.keep(&before, "a".into(), Arc::new(8), 100);
        assert_eq!(replies.get(&after, "a"), None);
    }

    #[test]
    fn memory_is_bounded_and_what_is_asked_often_stays() {
        let (edition, replies) = (searcher().edition(), Replies::default());
        replies.get(&edition, "often");
        replies.keep(&edition, "often".into(), Arc::new(0), 1000);
        for number in 1..100_000 {
            replies.keep(&edition, number.to_string(), Arc::new(number), 1000);
            if number % 1000 == 0 {
                assert!(replies.get(&edition, "often").is_some(), "{number}");
            }
        }
        let kept = replies.0.load_full().unwrap();
        assert!(kept.found.weight() <= BYTES);
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let (edition, replies) = (searcher().edition(), Replies::default());
        replies.get(&edition, "large");
        replies.keep(&edition, "large".into(), Arc::new(0), BYTES as usize);
        assert_eq!(replies.get(&edition, "large"), None);
    }
}
