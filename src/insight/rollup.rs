//! Sums of days, kept up to date: a day is counted again when something came that may change it, and only then.
//!
//! Reading figures first counts what is stale, so that they are never older than the events. Days whose events were
//! deleted keep the sums they had. So that counting today again and again reads only what is new, its events stay in
//! memory for a while; so does what the older days of long windows add up to, as long as none of them changes.

use std::{collections::HashMap, sync::Arc};

use jiff::{ToSpan, civil::Date};
use tokio::sync::Mutex;

use super::{
    figures::{DayCounts, RULES, Window, condensed, settled},
    store::{DayEvents, DaysRevision, FigureStore, InsightError},
};

/// Events that stay in memory at most: those of a site with some ten million a year, in about 25 MB.
const EVENTS: usize = 30_000;
/// Long windows whose older days are kept added up.
const LONG_WINDOWS: usize = 8;

/// Counts the days of one store. One at a time: two requests that find the same days stale do the work once.
pub struct Rollup {
    store: Arc<dyn FigureStore>,
    latest: Mutex<Latest>,
    older: Mutex<HashMap<Part, (DaysRevision, Days)>>,
}

/// Days with their sums, in order.
pub type Days = Vec<(Date, Arc<DayCounts>)>;
/// A site, a first and a last day.
type Part = (String, Date, Date);

impl Rollup {
    /// Counts the days of this store.
    pub fn new(store: Arc<dyn FigureStore>) -> Self {
        Self { store, latest: Mutex::default(), older: Mutex::default() }
    }

    /// The sums of a window, in order and as of now. Of a long window the older days come as weeks.
    pub async fn days(&self, window: &Window) -> Result<Days, InsightError> {
        let (first, last) = window.days();
        self.refresh(&window.site, first, last).await?;
        let Some(settled) = settled(window) else { return self.read(&window.site, first, last).await };
        let mut days = self.older(window, first, settled).await?;
        days.extend(self.read(&window.site, settled.tomorrow().unwrap_or(last), last).await?);
        Ok(days)
    }

    async fn read(&self, site: &str, from: Date, to: Date) -> Result<Days, InsightError> {
        let days = self.store.days(site, from, to, true).await?;
        Ok(days.into_iter().map(|(day, counts)| (day, Arc::new(counts))).collect())
    }

    /// Many days, by two readers at once.
    async fn read_halves(&self, site: &str, from: Date, to: Date) -> Result<Vec<(Date, DayCounts)>, InsightError> {
        let half = from.until(to).map_or(0, |span| span.get_days() / 2);
        let middle = from.checked_add(half.days()).unwrap_or(from);
        let read = |from, to| self.store.days(site, from, to, true);
        let (mut days, rest) = tokio::try_join!(read(from, middle), read(middle.tomorrow().unwrap_or(to), to))?;
        days.extend(rest);
        Ok(days)
    }

    /// The older days of a window, as they were added up before if none has changed since.
    async fn older(&self, window: &Window, first: Date, settled: Date) -> Result<Days, InsightError> {
        let part = (window.site.clone(), first, settled);
        let mut older = self.older.lock().await;
        // Asked before the days are read: what changes in between is read again next time.
        let revision = self.store.days_revision(&window.site, first, settled).await?;
        if let Some((_, days)) = older.get(&part).filter(|(of, _)| *of == revision) {
            return Ok(days.clone());
        }
        let (days, window) = (self.read_halves(&window.site, first, settled).await?, window.clone());
        let add_up = tokio::task::spawn_blocking(move || condensed(days, &window));
        let weeks = add_up.await.map_err(|_| InsightError::Stopped)?;
        let weeks: Days = weeks.into_iter().map(|(week, counts)| (week, Arc::new(counts))).collect();
        if older.len() >= LONG_WINDOWS {
            older.clear();
        }
        older.insert(part, (revision, weeks.clone()));
        Ok(weeks)
    }

    /// Counts the stale days of a site from `from` to `to`, both included.
    pub async fn refresh(&self, site: &str, from: Date, to: Date) -> Result<(), InsightError> {
        if self.store.stale_days(site, from, to, RULES).await?.is_empty() {
            return Ok(());
        }
        let mut latest = self.latest.lock().await;
        for day in self.store.stale_days(site, from, to, RULES).await? {
            self.count(site, day, &mut latest).await?;
        }
        Ok(())
    }

    /// Counts the stale days of all sites until `today`, and lets go of what is kept in memory.
    pub async fn refresh_all(&self, today: Date) -> Result<(), InsightError> {
        for site in self.store.sites_with_events().await? {
            self.refresh(&site, Date::MIN, today).await?;
        }
        self.latest.lock().await.0.clear();
        self.older.lock().await.clear();
        Ok(())
    }

    async fn count(&self, site: &str, day: Date, latest: &mut Latest) -> Result<(), InsightError> {
        let of_day = self.store.events_of_day(site, day, latest.take(site, day)).await?;
        let (name, changes) = (site.to_owned(), of_day.changes);
        let fold = tokio::task::spawn_blocking(move || (DayCounts::fold(&of_day.events, &name, day), of_day));
        let (counts, of_day) = fold.await.map_err(|_| InsightError::Stopped)?;
        latest.keep(site, day, of_day);
        self.store.keep_day(site, day, changes, RULES, counts).await
    }
}

/// The events of the latest day of each site that was counted.
#[derive(Default)]
struct Latest(HashMap<String, (Date, DayEvents)>);

impl Latest {
    fn take(&mut self, site: &str, day: Date) -> Option<DayEvents> {
        self.0.get(site).is_some_and(|(of, _)| *of == day).then(|| self.0.remove(site))?.map(|(_, events)| events)
    }

    fn keep(&mut self, site: &str, day: Date, of_day: DayEvents) {
        let own = of_day.events.len();
        if own > EVENTS || self.0.get(site).is_some_and(|(of, _)| *of > day) {
            return;
        }
        if self.0.values().map(|(_, kept)| kept.events.len()).sum::<usize>() + own > EVENTS {
            self.0.clear();
        }
        self.0.insert(site.to_owned(), (day, of_day));
    }
}
