//! What a connector and its receiver say to each other, for `zerodesk connectors test`.

use std::sync::{Arc, Mutex, PoisonError};

/// Listens along; by default to nothing. Whoever writes into it hides secrets first. Clones share their lines.
#[derive(Debug, Clone, Default)]
pub struct Transcript(Option<Arc<Mutex<Vec<String>>>>);

impl Transcript {
    /// One that keeps what it hears.
    #[must_use]
    pub fn listening() -> Self {
        Self(Some(Arc::default()))
    }

    /// What was said so far.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        let lines = self.0.as_ref().map(|lines| lines.lock().unwrap_or_else(PoisonError::into_inner).clone());
        lines.unwrap_or_default()
    }

    /// Keeps a passage, which is only written down where somebody listens.
    pub(super) fn note(&self, passage: impl FnOnce() -> String) {
        if let Some(lines) = &self.0 {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(passage());
        }
    }
}
