//! Notices that files changed.
//!
//! A `git checkout` of thousands of files sends tens of thousands of notices within a second. The
//! handler therefore only remembers a few paths; past that it remembers "everything", and the
//! folder is compared as a whole. Nothing is lost by a full queue, because a full queue also means
//! "everything".
//!
//! What is watched is a folder, not its name: one that was renamed away or unmounted would be watched
//! for ever. Once a second the name is therefore looked up, and what it names now is watched anew.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use notify::{Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher as _, event::ModifyKind};

use super::SourceError;
use crate::config::{Watch, WatchMode};

/// Changed paths that are remembered one by one.
const FEW: usize = 32;
/// How often it is checked that the watched folder is still the one of that name.
const LOOK: Duration = Duration::from_secs(1);
/// How often the whole folder is compared while the operating system refuses to watch it.
const BLIND_LOOK: Duration = Duration::from_secs(5);

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
    root: PathBuf,
    marks: Arc<Marks>,
    settings: Watch,
    engine: Option<Box<dyn notify::Watcher + Send>>,
    /// The folder that is watched; `None` while there is none, or while it cannot be relied on.
    watched: Option<Identity>,
    /// Why changes are not noticed and the folder is compared again and again.
    blind: Option<String>,
}

/// Tells a folder from another one that has its name later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    number: u64,
}

impl Identity {
    /// The folder that `root` names now; a link is followed.
    fn of(root: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(root)?;
        #[cfg(unix)]
        let (device, number) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let (device, number) = (0, u64::from(metadata.is_dir()));
        Ok(Self { device, number })
    }
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
    /// The watched folder itself was moved or deleted; a new one can get its number on the disk.
    lost: bool,
    /// Counts notices, to see whether more keep coming.
    notices: u64,
}

impl State {
    fn is_marked(&self) -> bool {
        self.everything || !self.paths.is_empty()
    }

    fn mark(&mut self, event: &Event, root: &Path) {
        self.notices += 1;
        let leaves = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
        for path in &event.paths {
            self.lost |= leaves && path == root;
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
    /// Begins to watch `root`. Where the operating system refuses, such as for want of inotify watches, the folder is
    /// compared every few seconds instead, until it no longer does: see [`Watcher::blind`].
    ///
    /// # Errors
    /// The folder is missing.
    pub fn new(root: &Path, settings: Watch) -> Result<Self, SourceError> {
        let mut watcher = Self::later(root, settings);
        watcher.watch_or_look()?;
        Ok(watcher)
    }

    /// Begins to watch `root` in the first [`Watcher::wait`], which takes a second and reports [`Changes::Everything`]:
    /// to watch a large folder means to look at all that is in it.
    #[must_use]
    pub fn later(root: &Path, settings: Watch) -> Self {
        let marks = Arc::new(Marks::default());
        Self { root: root.to_owned(), marks, settings, engine: None, watched: None, blind: None }
    }

    /// Why changes are only found by comparing, while that is so.
    #[must_use]
    pub fn blind(&self) -> Option<&str> {
        self.blind.as_deref()
    }

    fn watch_or_look(&mut self) -> Result<(), SourceError> {
        let watched = self.watch();
        self.blind = watched.as_ref().err().map(ToString::to_string);
        match watched {
            Err(SourceError::Watch { .. }) => Ok(()),
            other => other,
        }
    }

    /// Watches what the name stands for now.
    fn watch(&mut self) -> Result<(), SourceError> {
        (self.engine, self.watched) = (None, None);
        self.marks.lock().lost = false;
        let missing = |source| SourceError::Folder { path: self.root.clone(), source };
        let fault = |error: notify::Error| SourceError::Watch { path: self.root.clone(), reason: error.to_string() };
        // Before watching begins: what changes in between is seen as another folder at the next look.
        let identity = Identity::of(&self.root).map_err(missing)?;
        let absolute = self.root.canonicalize().map_err(missing)?;
        let handler = handler(Arc::clone(&self.marks), absolute.clone());
        let mut engine: Option<Box<dyn notify::Watcher + Send>> = match self.settings.mode {
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
        (self.engine, self.watched) = (engine, Some(identity));
        Ok(())
    }

    /// Watches another folder of the same name.
    ///
    /// An empty one is as good as none: it is where a disk was mounted, or where files are still to come.
    fn watch_again(&mut self) -> Result<Changes, SourceError> {
        self.distrust();
        let missing = |source| SourceError::Folder { path: self.root.clone(), source };
        if fs::read_dir(&self.root).map_err(missing)?.next().is_none() {
            return Err(SourceError::Emptied { path: self.root.clone() });
        }
        self.watch_or_look()?;
        Ok(Changes::Everything)
    }

    /// What was seen could not be taken in: [`Watcher::wait`] begins anew in a second, with everything.
    pub fn distrust(&mut self) {
        self.watched = None;
    }

    /// A handle that makes [`Watcher::wait`] report [`Changes::Everything`] now.
    pub fn nudge(&self) -> impl Fn() + Send + Sync + use<> {
        let marks = Arc::clone(&self.marks);
        move || {
            marks.lock().everything = true;
            marks.changed.notify_all();
        }
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
    /// `max_wait_ms`. Without any notice it reports [`Changes::Everything`] every `rescan_s`, and also when another
    /// folder has taken the place of the one that was watched.
    ///
    /// # Errors
    /// The folder is gone; while it is, each call waits a second.
    #[must_use]
    pub fn wait(&mut self) -> Option<Result<Changes, SourceError>> {
        if self.watched.is_none() {
            let pause = if self.blind.is_some() { BLIND_LOOK } else { LOOK };
            self.marks.idle_until(Instant::now() + pause, |state| !state.stopped);
            return if self.marks.lock().stopped { None } else { Some(self.watch_again()) };
        }
        let rescan = rescan_at(&self.settings, Instant::now());
        loop {
            let look = Instant::now() + LOOK;
            let until = rescan.map_or(look, |rescan| rescan.min(look));
            self.marks.idle_until(until, |state| !state.is_marked() && !state.stopped);
            let mut state = self.marks.lock();
            if state.stopped {
                return None;
            }
            if state.is_marked() {
                break;
            }
            if rescan.is_some_and(|rescan| Instant::now() >= rescan) {
                state.everything = true;
                break;
            }
            drop(state);
            if self.was_replaced() {
                return Some(self.watch_again());
            }
        }
        let changes = self.marks.when_quiet(&self.settings)?;
        // The last notice of a folder may be that it goes away.
        Some(if self.was_replaced() { self.watch_again() } else { Ok(changes) })
    }

    fn was_replaced(&self) -> bool {
        let lost = std::mem::take(&mut self.marks.lock().lost);
        self.settings.mode != WatchMode::Off && (lost || Identity::of(&self.root).ok() != self.watched)
    }
}

impl Marks {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while `idle`, until `end` at most.
    fn idle_until(&self, end: Instant, idle: impl Fn(&State) -> bool) {
        let left = end.saturating_duration_since(Instant::now());
        drop(self.changed.wait_timeout_while(self.lock(), left, |state| idle(state)));
    }

    /// Waits until no more notices come, and takes what they told; `None` once stopped.
    fn when_quiet(&self, settings: &Watch) -> Option<Changes> {
        let mut state = self.lock();
        let (began, limit) = (Instant::now(), Duration::from_millis(settings.max_wait_ms));
        while !state.stopped && began.elapsed() < limit {
            let seen = state.notices;
            // A burst is still under way when more than a few paths have changed.
            let factor = if state.everything { 5 } else { 1 };
            let quiet = Duration::from_millis(settings.quiet_ms * factor);
            let unchanged = |state: &mut State| state.notices == seen && !state.stopped;
            let waited = self.changed.wait_timeout_while(state, quiet, unchanged);
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

/// When to compare the whole folder although nothing was noticed; never where changes are to wait for the next start.
fn rescan_at(settings: &Watch, now: Instant) -> Option<Instant> {
    (settings.mode != WatchMode::Off).then(|| now + Duration::from_secs(settings.rescan_s.max(1)))
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
            Ok(event) => state.mark(&event, &root),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_compared_now_and_then_unless_watching_is_off() {
        let now = Instant::now();
        for (mode, rescan_s, expected) in
            [(WatchMode::Native, 300, Some(300)), (WatchMode::Poll, 0, Some(1)), (WatchMode::Off, 300, None)]
        {
            let settings = Watch { mode, rescan_s, ..Watch::default() };
            assert_eq!(rescan_at(&settings, now), expected.map(|s| now + Duration::from_secs(s)), "{mode:?}");
        }
    }
}
