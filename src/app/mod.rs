//! Every part of the server, built from the configuration: the one struct that handlers see.
//!
//! It opens the parts in order, keeps the background work (following the articles, delivering
//! tickets) and ends it. It decides nothing itself, never speaks HTTP and never reads the clock but
//! through [`App::now`], so that tests choose the time.

mod follow;
mod guard;
mod learning;
mod reports;
mod settings;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{Notify, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    analysis::Language,
    config::{Config, WatchMode},
    desk::{
        Delivered, Delivery, Desk, DeskError, Ladder, Routes,
        connectors::{
            self, Connector, SetupError,
            signature::{SigningKey, signing_keys},
        },
    },
    index::{Generation, Index, IndexError, Snapshot},
    ingest::{Ingest, IngestError},
    insight::{Event, EventKind, Insight, InsightError, Origin, SessionHash, Visitor, learned::Learning},
    search::{Completer, Searcher},
    source::{Directory, SourceError, Watcher},
    store::{DataLock, Sqlite, StoreError},
    telemetry,
};

/// How long the end of the server waits for deliveries and for articles under way.
const PATIENCE: Duration = Duration::from_secs(20);
/// When completions are first prepared after a start with an index that was there.
const AFTER_THE_FIRST_ANSWERS: Duration = Duration::from_secs(1);
use follow::Completions;
use guard::Guarded;
use learning::Lessons;
use reports::WeeklyReports;
pub use settings::Faults;
use settings::FollowedFile;

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of the machine.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// Why the server cannot start. Messages say where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The articles cannot be read or watched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The index cannot be used.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The articles could not be indexed.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The desk cannot begin.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// Reports cannot be mailed.
    #[error("{0}")]
    Reports(String),
    /// A connector cannot be used.
    #[error(transparent)]
    Connector(#[from] SetupError),
    /// Events cannot be kept.
    #[error(transparent)]
    Insight(#[from] InsightError),
    /// The file of synonyms that is named in the settings is missing.
    #[error("synonyms file {path}: {source}; create it, or leave `synonyms` out of [search]")]
    Synonyms {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

/// All parts of a running server.
pub struct App {
    /// What was configured.
    pub config: Arc<Config>,
    /// Where the time comes from.
    pub clock: Clock,
    /// Answers queries; its snapshot is what pages show.
    pub searcher: Searcher,
    /// Takes tickets and shows them.
    pub desk: Desk,
    /// Records events and counts them.
    pub insight: Insight,
    /// Learns from what visitors do.
    pub learning: Learning,
    /// Keys of help desks that may tell what became of a ticket.
    pub outcome_keys: Vec<SigningKey>,
    /// Completes what visitors type.
    pub completer: Arc<Completer>,
    /// What is wrong with files of settings now.
    pub faults: Faults,
    /// The desk's first access token, when this start made it. To be shown once.
    pub first_token: Option<String>,
    store: Sqlite,
    index: Arc<Index>,
    guarded: Arc<Guarded>,
    stop_following: Box<dyn Fn() + Send + Sync>,
    /// Ends with the thread that follows the articles, which holds the index.
    articles: Mutex<Option<oneshot::Receiver<()>>>,
    stop_delivery: Arc<Notify>,
    delivering: Mutex<Option<JoinHandle<()>>>,
    completions: Completions,
    lessons: Lessons,
    reports: Option<WeeklyReports>,
    following: Mutex<Vec<JoinHandle<()>>>,
    _lock: DataLock,
}

impl App {
    /// Opens every part: takes the data folder, indexes what changed, and begins to follow the articles and to
    /// deliver tickets. `progress` is told how many of how many files are done. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`AppError`] of the part that cannot be opened.
    pub async fn open(
        config: Arc<Config>,
        clock: Clock,
        progress: &mut (dyn FnMut(usize, usize) + Send),
    ) -> Result<Self, AppError> {
        // A missing secret should cost no indexing.
        let connectors = connectors::open(&config.connectors)?;
        let outcome_keys = signing_keys("desk.outcome_secrets", &config.desk.outcome_secrets)?;
        telemetry::metrics(); // counting begins before there is something to count
        let lock = DataLock::acquire(&config.data)?;
        let store = Sqlite::open(&config.data, clock())?;
        let ladder = Ladder::new(config.ladder.clone());
        let desk = Desk::new(Arc::new(store.clone()), ladder, &config.desk, &config.sites);
        let desk = desk.routed(Routes::new(&config.connectors)).at(&config.public_url);
        let first_token = desk.first_agent(clock()).await?;
        let learning = Learning::open(Arc::new(store.clone()), clock()).await?;
        let insight = Insight::open(Arc::new(store.clone()), &config.insight, clock.clone()).await?;

        let source = Directory::open(&config.articles)?;
        let index = Arc::new(Index::open(&config.index, config.default_language())?);
        let ingest = Ingest::new(source, index.clone(), config.default_language());
        let mut ingest = ingest.with_drafts(config.preview);
        // What was indexed before answers at once. What changed since, and whether all of it is sound, takes longer to tell
        // than visitors should wait; where nothing is watched, nothing else would tell it.
        let known = index.snapshot().generation().number > 0;
        let found = known && config.watch.mode != WatchMode::Off;
        let watcher = if found {
            Watcher::later(&config.articles, config.watch.clone())
        } else {
            // Watching begins before the first look, so that no change falls in between.
            let watcher = Watcher::new(&config.articles, config.watch.clone())?;
            ingest.compare_all(&mut |done, all| progress(done, all))?;
            watcher
        };
        warn_of_unlisted_languages(&config, &index.snapshot());

        let stop_following = Box::new(watcher.stopper());
        let (faults, nudge) = (Faults::default(), watcher.nudge());
        if known {
            nudge();
        }
        let guarded = Arc::new(Guarded::new(index.clone(), faults.clone(), nudge));
        let follower = guarded.clone();
        let (ended, articles) = oneshot::channel();
        thread::Builder::new()
            .name("articles".into())
            .spawn(move || {
                follower.follow(watcher, ingest);
                drop((follower, ended));
            })
            .map_err(|source| SourceError::Folder { path: config.articles.clone(), source })?;
        let stop_delivery = Arc::new(Notify::new());
        let delivering = start_delivery(&desk, connectors, &insight, &clock, &stop_delivery)?;
        let searcher = Searcher::new(index.clone());
        let mut files = vec![settings::synonyms(&config, &searcher, &faults)?];
        if config.search.decision != Path::new("") {
            files.push(settings::weights(&config.search.decision, &searcher, &faults));
        }
        files.iter_mut().for_each(FollowedFile::look);
        let mut following: Vec<_> = files.into_iter().map(FollowedFile::follow).collect();
        let completions = Completions {
            completer: Arc::default(),
            searcher: searcher.clone(),
            insight: insight.clone(),
            sites: config.sites.keys().cloned().collect(),
            clock: clock.clone(),
        };
        let first = if found { AFTER_THE_FIRST_ANSWERS } else { Duration::ZERO };
        following.push(completions.clone().follow(index.generations(), first));
        following.push(tokio::spawn(guard::mend(store.clone(), faults.clone())));
        let lessons = Lessons {
            learning: learning.clone(),
            searcher: searcher.clone(),
            insight: insight.clone(),
            sites: config.sites.iter().map(|(key, site)| (key.clone(), site.learn)).collect(),
            retention: SignedDuration::from_hours(24 * i64::from(config.insight.retention_days)),
            clock: clock.clone(),
        };
        following.push(lessons.clone().follow());
        let reports = WeeklyReports::open(&config, &insight, &searcher, Arc::new(store.clone()), &clock);
        let reports = reports.map_err(AppError::Reports)?;
        following.extend(reports.clone().map(WeeklyReports::follow));
        Ok(Self {
            config,
            clock,
            searcher,
            desk,
            insight,
            learning,
            outcome_keys,
            completer: completions.completer.clone(),
            completions,
            lessons,
            reports,
            faults,
            first_token,
            store,
            index,
            guarded,
            stop_following,
            articles: Mutex::new(Some(articles)),
            stop_delivery,
            delivering: Mutex::new(Some(delivering)),
            following: Mutex::new(following),
            _lock: lock,
        })
    }

    /// The time that everything in this request happens at.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The articles as they are now; one request takes one snapshot and keeps it.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.searcher.snapshot()
    }

    /// Tells of every new generation of the index.
    #[must_use]
    pub fn generations(&self) -> watch::Receiver<Generation> {
        self.index.generations()
    }

    /// Whether changes of the articles still arrive in the index.
    #[must_use]
    pub fn follows_articles(&self) -> bool {
        self.guarded.follows()
    }

    /// Whether tickets and events can be kept, as far as the last one tells.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.store.trouble().is_none()
    }

    /// A search failed: the index is looked at, and built again where it is damaged.
    pub fn suspect_index(&self) {
        self.guarded.suspect();
    }

    /// Prepares completions from the articles and queries as they are now, without waiting for the hour.
    pub async fn refresh_completions(&self) {
        self.completions.count().await;
        self.completions.prepare().await;
    }

    /// Takes in what visitors said of articles, without waiting for the hour.
    pub async fn learn(&self) {
        self.lessons.learn().await;
    }

    /// Mails the reports that are due, without waiting for the hour. Returns how many.
    pub async fn send_reports(&self) -> usize {
        match &self.reports {
            Some(reports) => reports.send_due().await,
            None => 0,
        }
    }

    fn take_following(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *self.following.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the background work and writes what waits to be written. Once this server is dropped as well, another one
    /// can have its folders.
    ///
    /// # Errors
    /// Events could not be written; everything else has ended all the same.
    pub async fn stop(&self) -> Result<(), AppError> {
        (self.stop_following)();
        self.stop_delivery.notify_one();
        let delivering = self.delivering.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(delivering) = delivering {
            let abort = delivering.abort_handle();
            if timeout(PATIENCE, delivering).await.is_err() {
                // Its lease is freed at the next start, and its receiver is asked before it gets the ticket again.
                tracing::warn!("a delivery under way is left alone");
                abort.abort();
            }
        }
        for task in self.take_following() {
            task.abort();
            drop(task.await);
        }
        let articles = self.articles.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Before that, nobody else could open the index.
        if let Some(ended) = articles
            && timeout(PATIENCE, ended).await.is_err()
        {
            tracing::warn!("the articles are still being indexed; what is not committed is taken up at the next start");
        }
        Ok(self.insight.stop().await?)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        (self.stop_following)();
        self.stop_delivery.notify_one();
        self.take_following().iter().for_each(JoinHandle::abort);
    }
}

/// Articles in a language that no site lists are found only by visitors who speak it; mostly a setting is missing.
fn warn_of_unlisted_languages(config: &Config, snapshot: &Snapshot) {
    let listed: Vec<Language> =
        config.sites.values().flat_map(|site| &site.languages).map(|lang| Language::new(lang)).collect();
    for (language, articles) in snapshot.catalog().languages() {
        if !listed.contains(&Language::new(&language)) {
            tracing::warn!(language, articles, "no site lists this language; add it to `languages` of [sites.…]");
        }
    }
}

fn start_delivery(
    desk: &Desk,
    connectors: Vec<Arc<dyn Connector>>,
    insight: &Insight,
    clock: &Clock,
    stop: &Arc<Notify>,
) -> Result<JoinHandle<()>, DeskError> {
    let delivery = Delivery::new(desk, connectors)?;
    let insight = insight.clone();
    let delivery = delivery.observed_by(move |delivered| count_delivery(&insight, delivered));
    let (clock, stop) = (clock.clone(), stop.clone());
    Ok(tokio::spawn(async move { delivery.run(move || clock(), stop.notified()).await }))
}

fn count_delivery(insight: &Insight, Delivered { ticket, connector, at }: Delivered) {
    metrics::counter!("zerodesk_tickets_delivered_total", "connector" => connector.clone()).increment(1);
    let session = ticket.session.and_then(|session| SessionHash::try_from(session).ok());
    // A visitor who shares nothing is nobody here either.
    let session = session.unwrap_or_else(|| insight.visitor(None, at).session);
    let origin = Origin { site: ticket.site, locale: ticket.locale.unwrap_or_default(), ..Origin::default() };
    let latency_ms = u64::try_from(at.duration_since(ticket.created).as_millis()).unwrap_or_default();
    let kind = EventKind::TicketDelivered { reference: ticket.reference.to_string(), connector, latency_ms };
    insight.record(Event::new(&Visitor { session, yesterday: session }, origin, at, kind));
}
