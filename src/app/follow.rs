//! Background work on completions: from the articles as they are, and from what visitors asked.
//!
//! Nothing here runs within a request.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use super::Clock;
use crate::{
    index::Generation,
    insight::{Insight, InsightError, Popular, Window},
    search::{Completer, PopularQuery, Searcher},
};

/// How often popular queries are counted anew.
const COUNT_EVERY: Duration = Duration::from_hours(1);
/// Days whose queries count.
const POPULAR_DAYS: i64 = 30;
/// Fewer visitors than this make no query popular: rare words may name a person.
const MIN_VISITORS: u64 = 5;

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

    /// Prepares anew after every change of the articles, and counts every hour, for the first time `first` from now.
    pub(super) fn follow(self, mut generations: watch::Receiver<Generation>, first: Duration) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut hours = tokio::time::interval_at(Instant::now() + first, COUNT_EVERY);
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
