//! Background work on what search is guided by: the decision's weights and the synonyms.
//!
//! Nothing here runs within a request. A file that is broken leaves the last good one in use, and is
//! listed among the [`Faults`] until it is mended.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::{AppError, followed::FollowedFile};
use crate::{
    analysis::Synonyms,
    config::Config,
    search::{DecisionModel, Searcher},
};

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

    pub(super) fn set(&self, file: &Path, fault: Option<String>) {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match fault {
            Some(fault) => faults.insert(file.to_owned(), fault),
            None => faults.remove(file),
        };
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
        tracing::info!(entries = synonyms.len(), "synonyms read");
        searcher.use_synonyms(synonyms);
        Ok(())
    };
    Ok(FollowedFile::new(&path, !config.search.needs_synonyms(), faults, Box::new(take)))
}
