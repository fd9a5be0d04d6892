//! A file of settings that is taken in again whenever it changes, without a restart.
//!
//! A file that is broken or gone leaves in use what was read before, and is listed among the
//! [`Faults`] until it is mended. What is in the file is not known here.

use std::{
    io::{self, ErrorKind},
    path::Path,
    time::Duration,
};

use tokio::{task::JoinHandle, time::MissedTickBehavior};

use super::Faults;
use crate::source::WatchedFile;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

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
