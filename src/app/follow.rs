//! Background work on what search is guided by: the decision's weights and the completions.
//!
//! Nothing here runs within a request. A file that is broken leaves the last good one in use, and is
//! listed among the [`Faults`] until it is mended.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;
use tokio::{sync::watch, task::JoinHandle, time::MissedTickBehavior};

use super::Clock;
use crate::{
    index::Generation,
    insight::{Insight, InsightError, Popular, Window},
    search::{Completer, DecisionModel, PopularQuery, Searcher},
    source::WatchedFile,
};

/// How often files of settings are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often popular queries are counted anew.
const COUNT_EVERY: Duration = Duration::from_hours(1);
/// Days whose queries count.
const POPULAR_DAYS: i64 = 30;
/// Fewer visitors than this make no query popular: rare words may name a person.
const MIN_VISITORS: u64 = 5;

/// What is wrong with files of settings now, by file.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<BTreeMap<PathBuf, String>>>);

impl Faults {
    /// One sentence for each file.
    #[must_use]
    pub fn list(&self) -> Vec<String> {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        faults.iter().map(|(file, fault)| format!("{}: {fault}", file.display())).collect()
    }

    fn set(&self, file: &Path, fault: Option<String>) {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match fault {
            Some(fault) => faults.insert(file.to_owned(), fault),
            None => faults.remove(file),
        };
    }
}

/// The decision's weights, from a file.
pub(super) struct Weights {
    file: WatchedFile,
    searcher: Searcher,
    faults: Faults,
}

impl Weights {
    pub(super) fn new(file: &Path, searcher: &Searcher, faults: &Faults) -> Self {
        Self { file: WatchedFile::new(file), searcher: searcher.clone(), faults: faults.clone() }
    }

    /// Takes the file in where it has changed.
    pub(super) fn look(&mut self) {
        let text = self.file.look();
        self.take(text);
    }

    fn take(&self, text: Option<io::Result<String>>) {
        let Some(text) = text else { return };
        let model = text.map_err(|error| error.to_string());
        let model = model.and_then(|text| DecisionModel::parse(&text).map_err(|error| error.to_string()));
        let path = self.file.path();
        match model {
            Ok(model) => {
                tracing::info!(file = %path.display(), date = %model.date, "weights of the decision read");
                self.searcher.decide_by(model);
                self.faults.set(path, None);
            }
            Err(fault) => {
                tracing::error!(file = %path.display(), fault, "the weights of the decision cannot be used; those before stay in use");
                self.faults.set(path, Some(fault));
            }
        }
    }

    /// Looks again every second.
    pub(super) fn follow(mut self) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut seconds = tokio::time::interval(LOOK_EVERY);
            seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                seconds.tick().await;
                let mut file = self.file;
                let looked = tokio::task::spawn_blocking(move || (file.look(), file));
                // Fails only where the runtime ends.
                let Ok((text, file)) = looked.await else { return };
                self.file = file;
                self.take(text);
            }
        })
    }
}

/// Completions, from the articles and from what was asked.
#[derive(Clone)]
pub(super) struct Completions {
    pub(super) completer: Arc<Completer>,
    pub(super) searcher: Searcher,
    pub(super) insight: Insight,
    pub(super) sites: Vec<String>,
    pub(super) clock: Clock,
}

impl Completions {
    /// Prepares completions from the articles as they are now.
    pub(super) async fn prepare(&self) {
        let (completer, snapshot) = (self.completer.clone(), self.searcher.snapshot());
        let prepared = tokio::task::spawn_blocking(move || completer.prepare(&snapshot)).await;
        if let Ok(Err(error)) = prepared {
            tracing::error!(%error, "completions could not be prepared; those before stay in use");
        }
    }

    /// Counts what visitors asked, for the next preparation.
    pub(super) async fn count(&self) {
        match self.popular().await {
            Ok(queries) => self.completer.use_popular(queries),
            Err(error) => tracing::warn!(%error, "popular queries could not be counted; next try in an hour"),
        }
    }

    async fn popular(&self) -> Result<Vec<PopularQuery>, InsightError> {
        let to = (self.clock)();
        let from = to.checked_sub(SignedDuration::from_hours(24 * POPULAR_DAYS)).unwrap_or(to);
        let mut queries = Vec::new();
        for site in &self.sites {
            let window = Window { site: site.clone(), from, to, as_of: to };
            let found = self.insight.popular(window, MIN_VISITORS).await?;
            queries.extend(found.into_iter().map(|Popular { query, language, visitors }| PopularQuery {
                site: site.clone(),
                language,
                text: query,
                visitors: visitors as u32,
            }));
        }
        Ok(queries)
    }

    /// Prepares anew after every change of the articles, and counts every hour.
    pub(super) fn follow(self, mut generations: watch::Receiver<Generation>) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut hours = tokio::time::interval(COUNT_EVERY);
            loop {
                tokio::select! {
                    _ = hours.tick() => self.count().await,
                    changed = generations.changed() => if changed.is_err() { return },
                }
                self.prepare().await;
            }
        })
    }
}
