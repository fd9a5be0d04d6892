//! What happened, and what it adds up to: events, sessions, deflection.
//!
//! A handler records an [`Event`]; the [`Recorder`] writes events in batches; [`figures`] folds
//! what was written into figures that say what they counted, how sure they are and what they left
//! out. Figures are always computed from events, so a rule that changes applies to the past too.
//!
//! This room never makes a visitor wait, never stores an address, a cookie or a raw session id,
//! and never stores a visitor's words before they are masked.

mod bots;
mod event;
pub mod figures;
pub mod gaps;
pub mod intervals;
pub mod learned;
mod reading;
mod recorder;
pub mod report;
mod session;
mod store;
mod trail;
mod verdicts;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::{config, search::Searcher};

pub use bots::declared_bot;
pub use event::{Event, EventId, EventKind, MaskedText, Origin, SCHEMA, Surface, Trigger, ViewSource};
pub use figures::{Figures, Popular, Window};
pub use gaps::Gaps;
pub use recorder::Recorder;
use report::{Report, Span};
pub use session::{Salt, Salts, Session, SessionHash, Visitor};
pub use store::{EventStore, InsightError};
pub use trail::{ArticleRead, Trail, TrailSearch};

tokio::task_local! {
    /// Set while a request is answered of which nothing may be recorded.
    static UNRECORDED: ();
}

/// Does `work` without recording anything that a visitor does in it.
pub async fn unrecorded<T>(work: impl Future<Output = T>) -> T {
    UNRECORDED.scope((), work).await
}

fn is_unrecorded() -> bool {
    UNRECORDED.try_with(|()| ()).is_ok()
}

/// How often salts are renewed and old events deleted.
const UPKEEP: std::time::Duration = std::time::Duration::from_hours(1);

/// Everything that other rooms need of this one. Clones share it.
#[derive(Clone)]
pub struct Insight {
    store: Arc<dyn EventStore>,
    recorder: Recorder,
    salts: Arc<Salts>,
    upkeep: tokio::task::AbortHandle,
}

impl Insight {
    /// Loads the salts, starts recording, and from then on deletes what is past its time every hour.
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(
        store: Arc<dyn EventStore>,
        config: &config::Insight,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Result<Self, InsightError> {
        let salts = Arc::new(Salts::default());
        salts.refresh(&*store, clock()).await?;
        let recorder = Recorder::start(store.clone(), config.buffer);
        let retention = SignedDuration::from_hours(24 * i64::from(config.retention_days));
        let upkeep = tokio::spawn(upkeep(store.clone(), salts.clone(), clock, retention)).abort_handle();
        Ok(Self { store, recorder, salts, upkeep })
    }

    /// The sender of a request as events know it. Without a well-formed session it is somebody new.
    #[must_use]
    pub fn visitor(&self, session: Option<&str>, now: Timestamp) -> Visitor {
        self.salts.visitor(&session.and_then(Session::parse).unwrap_or_else(Session::generate), now)
    }

    /// Hands an event over. Never waits; see [`Recorder::record`]. What a visitor does within [`unrecorded`] is let go
    /// and only counted (`zerodesk_events_not_recorded_total`).
    pub fn record(&self, event: Event) {
        let server_s = matches!(event.kind, EventKind::TicketDelivered { .. } | EventKind::TicketResolved { .. });
        if is_unrecorded() && !server_s {
            metrics::counter!("zerodesk_events_not_recorded_total").increment(1);
            return;
        }
        self.recorder.record(event);
    }

    /// Waits until every event recorded before is in the store.
    ///
    /// # Errors
    /// Those of the store; the events are kept and written later.
    pub async fn flush(&self) -> Result<(), InsightError> {
        self.recorder.flush().await
    }

    /// Writes what is left and ends the background tasks.
    ///
    /// # Errors
    /// Those of the store; what could not be written is lost.
    pub async fn stop(&self) -> Result<(), InsightError> {
        self.upkeep.abort();
        self.recorder.stop().await
    }

    /// What the visitor tried, for a ticket: the visitor's own searches and, where `query_id` names a
    /// search, the session of that one (pages without JavaScript have a session for each request).
    ///
    /// # Errors
    /// Those of the store. A ticket is worth more than its trail: callers send it without one then.
    pub async fn trail(
        &self,
        site: &str,
        visitor: &Visitor,
        query_id: Option<&EventId>,
    ) -> Result<Trail, InsightError> {
        self.flush().await?;
        let mut sessions = visitor.hashes().to_vec();
        if let Some(id) = query_id {
            sessions.extend(self.store.event(id).await?.map(|event| event.session));
        }
        sessions.sort_unstable();
        sessions.dedup();
        Ok(Trail::of(&self.store.session_events(site, &sessions).await?, query_id))
    }

    /// What at least `visitors` people asked in a window with hits that could be answers, most first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn popular(&self, window: Window, visitors: u64) -> Result<Vec<Popular>, InsightError> {
        self.flush().await?;
        let events = self.store.events(&window.site, window.from, window.to).await?;
        let fold = tokio::task::spawn_blocking(move || figures::popular(&events, &window, visitors));
        fold.await.map_err(|_| InsightError::Stopped)
    }

    /// What was asked in a window and not answered, by the articles as they are now.
    ///
    /// # Errors
    /// Those of the store and of the index.
    pub async fn gaps(
        &self,
        window: Window,
        searcher: Searcher,
        site: config::Site,
        search: config::Search,
    ) -> Result<Gaps, InsightError> {
        self.flush().await?;
        let (from, to) = window.events_needed();
        let events = self.store.events(&window.site, from, to).await?;
        let find = move || {
            let articles = gaps::Articles { searcher: &searcher, site: &site, search: &search };
            Gaps::of(&events, window, &articles, &mut |_, _| {})
                .map_err(|error| InsightError::Articles(error.to_string()))
        };
        tokio::task::spawn_blocking(find).await.map_err(|_| InsightError::Stopped)?
    }

    /// What a report tells of a site; the address of the figures is not known here.
    ///
    /// # Errors
    /// Those of the store and of the index.
    pub async fn report(
        &self,
        key: &str,
        site: &config::Site,
        search: &config::Search,
        searcher: &Searcher,
        span: Span,
        now: Timestamp,
    ) -> Result<Report, InsightError> {
        let before = span.before().unwrap_or_else(|| span.clone());
        let mut days = Vec::new();
        for day in span.days() {
            let no_answer = self.figures(report::window(key, day, day, now)).await?.no_answer;
            days.push((day, no_answer.n, no_answer.count));
        }
        let window = span.window(key, now);
        Ok(Report {
            site: site.name.clone(),
            figures: self.figures(window.clone()).await?,
            before: self.figures(before.window(key, now)).await?,
            gaps: self.gaps(window, searcher.clone(), site.clone(), search.clone()).await?,
            public_url: String::new(),
            span,
            days,
        })
    }

    /// The figures of a window, from everything recorded so far.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn figures(&self, window: Window) -> Result<Figures, InsightError> {
        self.flush().await?;
        let (from, to) = window.events_needed();
        let events = self.store.events(&window.site, from, to).await?;
        let fold = tokio::task::spawn_blocking(move || Figures::of(&events, window));
        fold.await.map_err(|_| InsightError::Stopped)
    }
}

async fn upkeep(
    store: Arc<dyn EventStore>,
    salts: Arc<Salts>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    retention: SignedDuration,
) {
    let mut hours = tokio::time::interval(UPKEEP);
    loop {
        hours.tick().await;
        let now = clock();
        let purged = async {
            salts.refresh(&*store, now).await?;
            store.purge(now.checked_sub(retention).unwrap_or(Timestamp::MIN)).await
        };
        match purged.await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "old events deleted"),
            Err(error) => tracing::warn!(%error, "salts and old events could not be looked after; next try in an hour"),
        }
    }
}
