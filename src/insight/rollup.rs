//! Sums of days, kept up to date: a day is counted again when something came that may change it, and only then.
//!
//! Reading figures first counts what is stale, so that they are never older than the events. Days whose events were
//! deleted keep the sums they had.

use std::sync::Arc;

use jiff::civil::Date;
use tokio::sync::Mutex;

use super::{
    figures::{DayCounts, RULES},
    store::{FigureStore, InsightError},
};

/// Counts the days of one store. One at a time: two requests that find the same days stale do the work once.
pub struct Rollup {
    store: Arc<dyn FigureStore>,
    turn: Mutex<()>,
}

impl Rollup {
    /// Counts the days of this store.
    pub fn new(store: Arc<dyn FigureStore>) -> Self {
        Self { store, turn: Mutex::new(()) }
    }

    /// Counts the stale days of a site from `from` to `to`, both included.
    pub async fn refresh(&self, site: &str, from: Date, to: Date) -> Result<(), InsightError> {
        if self.store.stale_days(site, from, to, RULES).await?.is_empty() {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        for day in self.store.stale_days(site, from, to, RULES).await? {
            self.count(site, day).await?;
        }
        Ok(())
    }

    /// Counts the stale days of all sites until `today`.
    pub async fn refresh_all(&self, today: Date) -> Result<(), InsightError> {
        for site in self.store.sites_with_events().await? {
            self.refresh(&site, Date::MIN, today).await?;
        }
        Ok(())
    }

    async fn count(&self, site: &str, day: Date) -> Result<(), InsightError> {
        let of_day = self.store.events_of_day(site, day).await?;
        let name = site.to_owned();
        let fold = tokio::task::spawn_blocking(move || DayCounts::fold(&of_day.events, &name, day));
        let counts = fold.await.map_err(|_| InsightError::Stopped)?;
        self.store.keep_day(site, day, of_day.changes, RULES, counts).await
    }
}
