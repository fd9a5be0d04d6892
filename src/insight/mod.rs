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
mod period;
mod reading;
mod recorder;
pub mod report;
mod rollup;
mod session;
mod store;
mod trail;
mod verdicts;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::{config, search::Searcher};
use rollup::Rollup;
use session::day_of;

pub use bots::{Program, declared_bot, program};
pub use event::{Event, EventId, EventKind, MaskedText, Notes, Origin, SCHEMA, Surface, Trigger, ViewSource};
pub use figures::{Figures, Popular, Slice, Window};
pub use gaps::Gaps;
pub use period::{ClosedPeriod, Period};
pub use recorder::Recorder;
use report::{Report, Span};
pub use session::{RequesterHash, Salt, Salts, Session, SessionHash, Visitor};
pub use store::{DayEvents, DaysRevision, EventStore, FigureStore, InsightError, ReadUpTo, Share};
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
    store: Arc<dyn FigureStore>,
    recorder: Recorder,
    salts: Arc<Salts>,
    rollup: Arc<Rollup>,
    gaps: Arc<gaps::KeptGaps>,
    upkeep: tokio::task::AbortHandle,
}

impl Insight {
    /// Loads the salts, starts recording, and from then on deletes what is past its time every hour.
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(
        store: Arc<dyn FigureStore>,
        config: &config::Insight,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Result<Self, InsightError> {
        let salts = Arc::new(Salts::default());
        salts.refresh(&*store, clock()).await?;
        let recorder = Recorder::start(store.clone(), config.buffer);
        let retention = SignedDuration::from_hours(24 * i64::from(config.retention_days));
        let rollup = Arc::new(Rollup::new(store.clone()));
        let upkeep =
            tokio::spawn(upkeep(store.clone(), rollup.clone(), salts.clone(), clock, retention)).abort_handle();
        Ok(Self { store, recorder, salts, rollup, gaps: Arc::default(), upkeep })
    }

    /// The sender of a request as events know it. Without a well-formed session it is somebody new.
    #[must_use]
    pub fn visitor(&self, session: Option<&str>, now: Timestamp) -> Visitor {
        self.salts.visitor(&session.and_then(Session::parse).unwrap_or_else(Session::generate), now)
    }

    /// Who asks, by e-mail address, as events know it.
    #[must_use]
    pub fn requester(&self, email: &str) -> Option<RequesterHash> {
        Some(email.trim()).filter(|email| !email.is_empty()).map(|email| self.salts.requester(email))
    }

    /// Whether a visitor is among the `share` (0..1) of a site's visitors to whom no articles are suggested. The same
    /// for all requests of a session; somebody without a session is not among them.
    #[must_use]
    pub fn held_out(&self, site: &str, session: Option<&str>, share: f64) -> bool {
        let lot = |session: &Session| session.lot(site);
        session.and_then(Session::parse).is_some_and(|session| lot(&session) < share)
    }

    /// Hands an event over, and tells whether it was taken. Never waits; see [`Recorder::record`]. What a visitor does
    /// within [`unrecorded`] is let go and only counted (`zerodesk_events_not_recorded_total`).
    #[expect(clippy::must_use_candidate, reason = "who has nobody to tell need not look")]
    pub fn record(&self, event: Event) -> bool {
        if is_unrecorded() && event.kind.by_visitor() {
            metrics::counter!("zerodesk_events_not_recorded_total").increment(1);
            return true;
        }
        self.recorder.record(event)
    }

    /// How many events were dropped since the start: the buffer was full, or one visitor sent too many.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.recorder.dropped()
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
    // What waits is always asked for first: if it is written in between, it is there twice, and never missing.
    pub async fn trail(
        &self,
        site: &str,
        visitor: &Visitor,
        query_id: Option<&EventId>,
    ) -> Result<Trail, InsightError> {
        let mut sessions = visitor.hashes().to_vec();
        if let Some(id) = query_id {
            let found = match self.recorder.waiting(|event| event.id == *id).pop() {
                None => self.store.event(id).await?,
                found => found,
            };
            sessions.extend(found.map(|event| event.session));
        }
        sessions.sort_unstable();
        sessions.dedup();
        let wanted = |event: &Event| event.origin.site == site && sessions.contains(&event.session);
        let waiting = self.recorder.waiting(wanted);
        let mut events = self.store.session_events(site, &sessions).await?;
        let written = events.len();
        for event in waiting {
            if !events[..written].iter().any(|other| other.id == event.id) {
                events.push(event);
            }
        }
        events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(Trail::of(&events, query_id))
    }

    /// What at least `visitors` people asked in a window with hits that could be answers, most first.
    ///
    /// Day by day and some visitors at a time, as all events may be more than the memory holds. Somebody who asks the same
    /// before and after midnight counts twice; so does, as names change with the day, whoever comes again.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn popular(&self, window: Window, visitors: u64) -> Result<Vec<Popular>, InsightError> {
        self.flush().await?;
        let (first, last) = window.days();
        let mut popularity = figures::Popularity::default();
        for day in figures::days(first, last) {
            let (from, to) = figures::bounds(day);
            let day = Window { from: from.max(window.from), to: to.min(window.to), ..window.clone() };
            for share in Share::of(self.store.count(&day.site, day.from, day.to).await?) {
                let events = self.store.events_of(&day.site, day.from, day.to, share).await?;
                let day = day.clone();
                let fold = tokio::task::spawn_blocking(move || {
                    popularity.add(&events, &day);
                    popularity
                });
                popularity = fold.await.map_err(|_| InsightError::Stopped)?;
            }
        }
        Ok(popularity.most(visitors))
    }

    /// What was asked in a window and not answered, by the articles as they are now. Found once while no event comes,
    /// no article changes and less than an hour passes.
    ///
    /// # Errors
    /// Those of the store and of the index.
    pub async fn gaps(
        &self,
        window: Window,
        searcher: Searcher,
        site: config::Site,
        search: config::Search,
    ) -> Result<Arc<Gaps>, InsightError> {
        self.flush().await?;
        let state = gaps::State::new(self.store.revision(&window.site).await?, searcher.edition(), &window);
        if let Some(gaps) = self.gaps.get(&window, &state) {
            return Ok(gaps);
        }
        let (from, to) = window.events_needed();
        let events = self.store.events(&window.site, from, to).await?;
        let find = move || {
            let articles = gaps::Articles { searcher: &searcher, site: &site, search: &search };
            Gaps::of(&events, window, &articles, &mut |_, _| {})
                .map_err(|error| InsightError::Articles(error.to_string()))
        };
        let found = tokio::task::spawn_blocking(find).await.map_err(|_| InsightError::Stopped)?;
        let gaps = Arc::new(found?);
        self.gaps.keep(state, &gaps);
        Ok(gaps)
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
            language: site.languages.first().cloned().unwrap_or_default(),
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
        self.figures_of(window, Slice::default()).await
    }

    /// The figures of a part of a window: a language, a kind of article or a support level.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn figures_of(&self, window: Window, slice: Slice) -> Result<Figures, InsightError> {
        self.flush().await?;
        let days = self.rollup.days(&window).await?;
        let add_up = tokio::task::spawn_blocking(move || Figures::of_days(&days, window, slice));
        add_up.await.map_err(|_| InsightError::Stopped)
    }

    /// The figures of a period that is over, as they were kept when it was closed, and the very JSON that is kept; none
    /// while tickets may still come.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn closed(
        &self,
        site: &str,
        period: &Period,
        now: Timestamp,
    ) -> Result<Option<(ClosedPeriod, String)>, InsightError> {
        if now < period.closes() {
            return Ok(None);
        }
        let name = period.to_string();
        let kept = if let Some(kept) = self.store.closed_period(site, &name).await? {
            kept
        } else {
            let figures = self.figures(period.window(site, now)).await?;
            let report = ClosedPeriod::of(&name, figures).to_json()?;
            self.store.close_period(site, &name, report, now).await?
        };
        Ok(Some((ClosedPeriod::from_json(&kept)?, kept)))
    }

    /// The first day of a site about which there is something to tell.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn first_day(&self, site: &str) -> Result<Option<jiff::civil::Date>, InsightError> {
        self.flush().await?;
        self.store.first_day(site).await
    }
}

async fn upkeep(
    store: Arc<dyn FigureStore>,
    rollup: Arc<Rollup>,
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
            // What is deleted must have been counted before.
            let oldest = day_of(now.checked_sub(retention).unwrap_or(Timestamp::MIN));
            rollup.refresh_all(day_of(now)).await?;
            store.purge(figures::bounds(oldest).0).await
        };
        match purged.await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "old events deleted"),
            Err(error) => tracing::warn!(%error, "salts and old events could not be looked after; next try in an hour"),
        }
    }
}
