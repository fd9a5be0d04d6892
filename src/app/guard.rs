//! What goes wrong inside while the server runs: noticed, told as a [`Fault`](Faults), and mended without a restart.
//!
//! Searches go on with the last good state meanwhile. Nothing here runs within a request.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::MissedTickBehavior;

use super::Faults;
use crate::{
    index::Index,
    ingest::{Ingest, IngestError, Report},
    source::{Changes, Watcher},
    store::Sqlite,
};

/// How often a store that takes no changes is tried again.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// How long an index that was looked at is above suspicion.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// Names of the parts among the faults.
const ARTICLES: &str = "articles";
const INDEX: &str = "index";
const DATABASE: &str = "database";

/// The index and how it follows the articles.
pub(super) struct Guarded {
    index: Arc<Index>,
    faults: Faults,
    /// Changes of the articles arrive in the index.
    follows: AtomicBool,
    /// When a failed search last had the index looked at.
    suspected: Mutex<Option<Instant>>,
    nudge: Box<dyn Fn() + Send + Sync>,
}

impl Guarded {
    pub(super) fn new(index: Arc<Index>, faults: Faults, nudge: impl Fn() + Send + Sync + 'static) -> Self {
        let follows = AtomicBool::new(true);
        Self { index, faults, follows, suspected: Mutex::default(), nudge: Box::new(nudge) }
    }

    pub(super) fn follows(&self) -> bool {
        self.follows.load(Ordering::Relaxed)
    }

    /// Has the index looked at; where searches fail for another reason, not for each of them.
    pub(super) fn suspect(&self) {
        let mut suspected = self.suspected.lock().unwrap_or_else(PoisonError::into_inner);
        if suspected.is_none_or(|before| before.elapsed() > LOOK_AGAIN) {
            *suspected = Some(Instant::now());
            (self.nudge)();
        }
    }

    /// Takes in changes until the watcher is told to stop, whatever happens.
    pub(super) fn follow(&self, watcher: Watcher, ingest: Ingest) {
        self.follow_by(watcher, ingest, |changes, ingest| self.bring(changes, ingest));
    }

    fn follow_by(&self, mut watcher: Watcher, mut ingest: Ingest, mut bring: impl Bring) {
        while catch_unwind(AssertUnwindSafe(|| self.take_in(&mut watcher, &mut ingest, &mut bring))).is_err() {
            watcher.distrust();
            ingest = ingest.again();
            self.follows.store(false, Ordering::Relaxed);
            self.faults
                .set(Path::new(ARTICLES), Some("following them stopped by a fault of ours; it begins anew".into()));
        }
    }

    /// A failure leaves the last good state in use, and everything is looked at again a second later.
    fn take_in(&self, watcher: &mut Watcher, ingest: &mut Ingest, bring: &mut impl Bring) {
        while let Some(changes) = watcher.wait() {
            match changes.map_err(IngestError::from).and_then(|changes| bring(changes, ingest)) {
                Ok(report) => {
                    let blind = watcher.blind().map(str::to_owned);
                    self.follows.store(blind.is_none(), Ordering::Relaxed);
                    self.faults.set(Path::new(ARTICLES), blind);
                    let Report { generation, changed, removed } = report;
                    tracing::info!(generation = generation.number, changed, removed, "articles followed");
                }
                Err(error) => {
                    watcher.distrust();
                    self.faults.set(Path::new(ARTICLES), Some(error.to_string()));
                    // Once is enough: it is tried every second.
                    if self.follows.swap(false, Ordering::Relaxed) {
                        tracing::error!(%error, "the articles could not be followed; what was searched before stays in use");
                    }
                }
            }
        }
    }

    /// Brings the index up to date. Whenever the whole folder is compared, the index is looked at, too.
    fn bring(&self, changes: Changes, ingest: &mut Ingest) -> Result<Report, IngestError> {
        if changes == Changes::Everything && !self.index.is_sound() {
            tracing::error!("the index is damaged and is built again from the articles");
            self.faults.set(Path::new(INDEX), Some("it is damaged, and is built again from the articles".into()));
            let report = ingest.start_over()?;
            self.faults.set(Path::new(INDEX), None);
            return Ok(report);
        }
        ingest.follow(changes)
    }
}

/// Tells the fault of a store that takes no changes, and tries it until it does.
pub(super) async fn mend(store: Sqlite, faults: Faults) {
    let mut seconds = tokio::time::interval(TRY_EVERY);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let trouble = store.trouble();
        let troubled = trouble.is_some();
        faults.set(Path::new(DATABASE), trouble);
        if troubled {
            // Whether it worked stands in the store.
            drop(store.try_to_write().await);
        }
    }
}

/// Brings the index up to date with changes.
trait Bring: FnMut(Changes, &mut Ingest) -> Result<Report, IngestError> {}
impl<F: FnMut(Changes, &mut Ingest) -> Result<Report, IngestError>> Bring for F {}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use super::*;
    use crate::{config::Watch, source::Directory};

    #[test]
    fn a_follower_that_dies_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let index = Arc::new(Index::in_memory().unwrap());
        let watcher = Watcher::new(folder.path(), Watch { quiet_ms: 1, ..Watch::default() }).unwrap();
        let ingest = Ingest::new(Directory::open(folder.path()).unwrap(), index.clone(), "en");
        let (stop, faults) = (watcher.stopper(), Faults::default());
        let guarded = Guarded::new(index.clone(), faults.clone(), watcher.nudge());
        fs::write(folder.path().join("a.md"), "# Alpha\n\nWords.\n").unwrap();
        let mut deaths = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                guarded.follow_by(watcher, ingest, |changes, ingest| {
                    deaths += 1;
                    assert!(deaths > 2, "on purpose");
                    assert_eq!((guarded.follows(), faults.list().len()), (false, 1), "it is told");
                    let report = guarded.bring(changes, ingest);
                    stop();
                    report
                });
            });
        });
        assert_eq!((index.snapshot().catalog().len(), guarded.follows(), faults.list().len()), (1, true, 0));
    }
}
