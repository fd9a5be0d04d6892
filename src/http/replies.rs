//! Replies to searches that were asked before.
//!
//! Visitors type, so the beginnings of frequent questions are asked over and over. What was found is kept as long as
//! the articles, the synonyms, the learned questions and the weights of the decision are those it was found with, up
//! to a bound in bytes: in two halves, of which the elder is dropped whole whenever the younger is full, and what is
//! asked again moves into the younger. Ids, times and events are never kept: each search is one of its own.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use crate::search::Edition;

/// Most bytes that are kept.
const BYTES: usize = 8 * 1024 * 1024;

/// What was found, by what was asked.
pub struct Replies<T>(Mutex<Kept<T>>);

impl<T> Default for Replies<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

struct Kept<T> {
    edition: Option<Edition>,
    younger: Half<T>,
    elder: Half<T>,
}

struct Half<T> {
    found: HashMap<Box<str>, (Arc<T>, usize)>,
    bytes: usize,
}

impl<T> Default for Half<T> {
    fn default() -> Self {
        Self { found: HashMap::new(), bytes: 0 }
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { edition: None, younger: Half::default(), elder: Half::default() }
    }
}

impl<T> Kept<T> {
    fn put(&mut self, key: Box<str>, found: Arc<T>, bytes: usize) {
        if self.younger.bytes + bytes > BYTES / 2 {
            self.elder = mem::take(&mut self.younger);
        }
        self.younger.bytes += bytes;
        self.younger.found.insert(key, (found, bytes));
    }
}

impl<T> Replies<T> {
    /// What was found for the same question in the same edition.
    pub fn get(&self, edition: &Edition, key: &str) -> Option<Arc<T>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.edition.as_ref() != Some(edition) {
            *kept = Kept { edition: Some(edition.clone()), ..Kept::default() };
        }
        if let Some((found, _)) = kept.younger.found.get(key) {
            return Some(Arc::clone(found));
        }
        let (key, (found, bytes)) = kept.elder.found.remove_entry(key)?;
        kept.put(key, Arc::clone(&found), bytes);
        Some(found)
    }

    /// Keeps what was found; `edition` is that from before the search, `bytes` what `found` takes in memory.
    pub fn keep(&self, edition: &Edition, key: String, found: Arc<T>, bytes: usize) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.edition.as_ref() == Some(edition) && bytes <= BYTES / 8 {
            let bytes = bytes + key.len();
            kept.put(key.into(), found, bytes);
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
        let kept = replies.0.lock().unwrap();
        assert!(kept.younger.bytes + kept.elder.bytes <= BYTES);
        assert!(kept.younger.found.len() + kept.elder.found.len() < BYTES / 1000);
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let (edition, replies) = (searcher().edition(), Replies::default());
        replies.get(&edition, "large");
        replies.keep(&edition, "large".into(), Arc::new(0), BYTES);
        assert_eq!(replies.get(&edition, "large"), None);
    }
}
