//! Gaps that were found before, kept while nothing changed that they follow from.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::Gaps;
use crate::{insight::figures::Window, search::Edition};

/// Most lists that are kept: by site and length of the window.
const LISTS: usize = 64;
/// While nobody comes, the window still moves on: after so many seconds it is looked at again.
const STEP_SECONDS: i64 = 3600;

/// The lists.
#[derive(Default)]
pub struct KeptGaps(Mutex<HashMap<Asked, (State, Arc<Gaps>)>>);

/// A site, and the length of a window in seconds.
type Asked = (String, i64);

/// What a list follows from.
#[derive(Clone, PartialEq)]
pub struct State {
    events: i64,
    articles: Edition,
    step: i64,
}

impl State {
    /// The state of the store's events ([`EventStore::revision`](crate::insight::EventStore::revision)), of the
    /// articles, and of the window.
    pub fn new(events: i64, articles: Edition, window: &Window) -> Self {
        Self { events, articles, step: window.to.as_second().div_euclid(STEP_SECONDS) }
    }
}

impl KeptGaps {
    /// What was found in the same state for a window as long as this one.
    pub fn get(&self, window: &Window, state: &State) -> Option<Arc<Gaps>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&key(window)).filter(|(then, _)| then == state).map(|(_, gaps)| Arc::clone(gaps))
    }

    /// Keeps what was found; `state` is that from before it was looked for.
    pub fn keep(&self, state: State, gaps: &Arc<Gaps>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= LISTS {
            kept.clear();
        }
        kept.insert(key(&gaps.window), (state, Arc::clone(gaps)));
    }
}

fn key(window: &Window) -> (String, i64) {
    (window.site.clone(), window.to.as_second() - window.from.as_second())
}
