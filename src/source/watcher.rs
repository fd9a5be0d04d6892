//! Notices that files changed.
//!
//! A `git checkout` of thousands of files sends tens of thousands of notices within a second. The
//! handler therefore only remembers a few paths; past that it remembers "everything", and the
//! folder is compared as a whole. Nothing is lost by a full queue, because a full queue also means
//! "everything".

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use notify::{Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::SourceError;
use crate::config::{Watch, WatchMode};

/// Changed paths that are remembered one by one.
const FEW: usize = 32;

/// What changed since the last look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// These paths, below the root, and nothing else.
    Paths(Vec<String>),
    /// Perhaps anything: compare the whole folder.
    Everything,
}

/// Watches a folder; dropping it ends the watch.
pub struct Watcher {
    marks: Arc<Marks>,
    settings: Watch,
    _engine: Option<Box<dyn notify::Watcher + Send>>,
}

#[derive(Default)]
struct Marks {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    paths: BTreeSet<String>,
    everything: bool,
    stopped: bool,
    /// Counts notices, to see whether more keep coming.
    notices: u64,
}

impl State {
    fn is_marked(&self) -> bool {
        self.everything || !self.paths.is_empty()
    }

    fn mark(&mut self, paths: &[PathBuf], root: &Path) {
        self.notices += 1;
        for path in paths {
            match path.strip_prefix(root) {
                Ok(below) if self.paths.len() < FEW && below.extension().is_some() => {
                    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
                    self.paths.insert(parts.join("/"));
                }
                _ => self.everything = true,
            }
        }
    }
}

impl Watcher {
    /// Begins to watch `root`.
    ///
    /// # Errors
    /// The operating system refuses, such as for want of inotify watches.
    pub fn new(root: &Path, settings: Watch) -> Result<Self, SourceError> {
        let marks = Arc::new(Marks::default());
        let fault = |error: notify::Error| SourceError::Watch { path: root.to_owned(), reason: error.to_string() };
        let absolute = root.canonicalize().map_err(|source| SourceError::Folder { path: root.to_owned(), source })?;
        let handler = handler(Arc::clone(&marks), absolute.clone());
        let mut engine: Option<Box<dyn notify::Watcher + Send>> = match settings.mode {
            WatchMode::Native => {
                Some(Box::new(RecommendedWatcher::new(handler, notify::Config::default()).map_err(fault)?))
            }
            WatchMode::Poll => {
                let every = notify::Config::default().with_poll_interval(Duration::from_secs(1));
                Some(Box::new(PollWatcher::new(handler, every).map_err(fault)?))
            }
            WatchMode::Off => None,
        };
        if let Some(engine) = &mut engine {
            engine.watch(&absolute, RecursiveMode::Recursive).map_err(fault)?;
        }
        Ok(Self { marks, settings, _engine: engine })
    }

    /// A handle that ends [`Watcher::wait`] from elsewhere.
    pub fn stopper(&self) -> impl Fn() + Send + Sync + use<> {
        let marks = Arc::clone(&self.marks);
        move || {
            marks.lock().stopped = true;
            marks.changed.notify_all();
        }
    }

    /// Waits for changes and then for quiet; `None` once stopped.
    ///
    /// One saved file is reported after `quiet_ms`; while notices keep coming the wait goes on, up to
    /// `max_wait_ms`. Without any notice it reports [`Changes::Everything`] every `rescan_s`.
    #[must_use]
    pub fn wait(&self) -> Option<Changes> {
        let mut state = self.marks.lock();
        let rescan = Duration::from_secs(self.settings.rescan_s.max(1));
        let idle = |state: &mut State| !state.is_marked() && !state.stopped;
        let waited = self.marks.changed.wait_timeout_while(state, rescan, idle);
        let (held, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        state = held;
        if timeout.timed_out() && !state.is_marked() {
            state.everything = true;
        }
        let (began, limit) = (Instant::now(), Duration::from_millis(self.settings.max_wait_ms));
        while !state.stopped && began.elapsed() < limit {
            let seen = state.notices;
            // A burst is still under way when more than a few paths have changed.
            let factor = if state.everything { 5 } else { 1 };
            let quiet = Duration::from_millis(self.settings.quiet_ms * factor);
            let unchanged = |state: &mut State| state.notices == seen && !state.stopped;
            let waited = self.marks.changed.wait_timeout_while(state, quiet, unchanged);
            let (held, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = held;
            if timeout.timed_out() {
                break;
            }
        }
        if state.stopped {
            return None;
        }
        let paths = std::mem::take(&mut state.paths).into_iter().collect();
        Some(if std::mem::take(&mut state.everything) { Changes::Everything } else { Changes::Paths(paths) })
    }
}

impl Marks {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs for every notice, tens of thousands of times in a burst: it does next to nothing.
fn handler(marks: Arc<Marks>, root: PathBuf) -> impl Fn(notify::Result<Event>) + Send + 'static {
    move |notice| {
        let mut state = marks.lock();
        match notice {
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => return,
            Ok(event) if event.need_rescan() => {
                state.notices += 1;
                state.everything = true;
            }
            Ok(event) => state.mark(&event.paths, &root),
            Err(error) => {
                tracing::warn!(%error, "watching the articles: comparing the whole folder");
                state.notices += 1;
                state.everything = true;
            }
        }
        drop(state);
        marks.changed.notify_all();
    }
}
