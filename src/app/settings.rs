//! Files of settings that are taken in again whenever they change: the decision's weights and the synonyms.
//!
//! A file that is broken or gone leaves in use what was read before, and is listed among the
//! [`Faults`] until it is mended. Nothing here runs within a request.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::JoinHandle, time::MissedTickBehavior};

use super::AppError;
use crate::{
    analysis::Synonyms,
    config::Config,
    search::{DecisionModel, Searcher},
    source::WatchedFile,
};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is wrong now, by the file of settings or by the part (`articles`, `index`, `database`). What was good before is
/// in use meanwhile.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<BTreeMap<PathBuf, String>>>);

impl Faults {
    /// One sentence for each.
    #[must_use]
    pub fn list(&self) -> Vec<String> {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        faults.iter().map(|(file, fault)| format!("{}: {fault}", file.display())).collect()
    }

    pub(super) fn set(&self, file: &Path, fault: Option<String>) {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match fault {
            Some(fault) => faults.insert(file.to_owned(), fault),
            None => faults.remove(file),
        };
    }
}

/// Takes in the text of a file, or says what is wrong with it.
type Take = Box<dyn Fn(&str) -> Result<(), String> + Send>;

/// A file with what becomes of its text.
pub(super) struct FollowedFile {
    file: WatchedFile,
    optional: bool,
    take: Take,
    faults: Faults,
}

impl FollowedFile {
    /// The file at `path`, not looked at yet; one that is `optional` counts as empty where it is missing.
    pub(super) fn new(path: &Path, optional: bool, faults: &Faults, take: Take) -> Self {
        Self { file: WatchedFile::new(path), optional, take, faults: faults.clone() }
    }

    /// Takes the file in where it has changed.
    pub(super) fn look(&mut self) {
        let text = self.file.look();
        self.take(text);
    }

    fn take(&self, text: Option<io::Result<String>>) {
        let path = self.file.path();
        let taken = match text {
            None => return,
            Some(Ok(text)) => (self.take)(&text),
            Some(Err(error)) if self.optional && error.kind() == ErrorKind::NotFound => (self.take)(""),
            Some(Err(error)) => Err(error.to_string()),
        };
        if let Err(fault) = &taken {
            tracing::error!(file = %path.display(), fault, "the file cannot be used; what was read before stays in use");
        }
        self.faults.set(path, taken.err());
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

/// The decision's weights, from a file.
pub(super) fn weights(file: &Path, searcher: &Searcher, faults: &Faults) -> FollowedFile {
    let searcher = searcher.clone();
    let take = move |text: &str| {
        let model = DecisionModel::parse(text).map_err(|error| error.to_string())?;
        tracing::info!(date = %model.date, "weights of the decision read");
        searcher.decide_by(model);
        Ok(())
    };
    FollowedFile::new(file, false, faults, Box::new(take))
}

/// The synonyms of the sites; the default file need not be there.
pub(super) fn synonyms(config: &Config, searcher: &Searcher, faults: &Faults) -> Result<FollowedFile, AppError> {
    let path = config.search.synonyms.clone();
    if config.search.needs_synonyms() {
        fs::metadata(&path).map_err(|source| AppError::Synonyms { path: path.clone(), source })?;
    }
    let (sites, searcher) = (config.sites.keys().cloned().collect::<Vec<_>>(), searcher.clone());
    let take = move |text: &str| {
        let synonyms = Synonyms::parse(text, &sites).map_err(|error| error.to_string())?;
        if !text.is_empty() {
            tracing::info!(entries = synonyms.len(), "synonyms read");
        }
        searcher.use_synonyms(synonyms);
        Ok(())
    };
    Ok(FollowedFile::new(&path, !config.search.needs_synonyms(), faults, Box::new(take)))
}
