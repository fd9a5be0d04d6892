//! Background work on what search is guided by: the decision's weights and the completions.
//!
//! Nothing here runs within a request. A file that is broken leaves the last good one in use, and is
//! listed among the [`Faults`] until it is mended.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::JoinHandle, time::MissedTickBehavior};

use crate::{
    search::{DecisionModel, Searcher},
    source::WatchedFile,
};

/// How often files of settings are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is wrong with files of settings now, by file.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<BTreeMap<PathBuf, String>>>);

impl Faults {
    /// One sentence for each file.
    #[must_use]
    pub fn list(&self) -> Vec<String> {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        faults.iter().map(|(file, fault)| format!("{}: {fault}", file.display())).collect()
    }

    fn set(&self, file: &Path, fault: Option<String>) {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match fault {
            Some(fault) => faults.insert(file.to_owned(), fault),
            None => faults.remove(file),
        };
    }
}

/// The decision's weights, from a file.
pub(super) struct Weights {
    file: WatchedFile,
    searcher: Searcher,
    faults: Faults,
}

impl Weights {
    pub(super) fn new(file: &Path, searcher: &Searcher, faults: &Faults) -> Self {
        Self { file: WatchedFile::new(file), searcher: searcher.clone(), faults: faults.clone() }
    }

    /// Takes the file in where it has changed.
    pub(super) fn look(&mut self) {
        let Some(text) = self.file.look() else { return };
        let model = text.map_err(|error| error.to_string());
        let model = model.and_then(|text| DecisionModel::parse(&text).map_err(|error| error.to_string()));
        let path = self.file.path();
        match model {
            Ok(model) => {
                tracing::info!(file = %path.display(), date = %model.date, "weights of the decision read");
                self.searcher.decide_by(model);
                self.faults.set(path, None);
            }
            Err(fault) => {
                tracing::error!(file = %path.display(), fault, "the weights of the decision cannot be used; those before stay in use");
                self.faults.set(path, Some(fault));
            }
        }
    }

    /// Looks again every second.
    pub(super) fn follow(mut self) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut seconds = tokio::time::interval(LOOK_EVERY);
            seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                seconds.tick().await;
                let looked = tokio::task::spawn_blocking(move || {
                    self.look();
                    self
                });
                // Fails only where the runtime ends.
                let Ok(weights) = looked.await else { return };
                self = weights;
            }
        })
    }
}
