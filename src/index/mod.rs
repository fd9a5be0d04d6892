//! The search index: articles as tantivy documents, on disk as generations, in use as snapshots.
//!
//! The index is a cache of the articles. Damage, another schema or another analysis is answered by
//! building it again beside the old one. A [`Snapshot`] never changes, so a request sees one state
//! from beginning to end. This room knows neither files nor queries: `ingest` tells it what to hold,
//! `search` asks it for terms.

mod catalog;
mod files;
mod generation;
mod kept;
mod lexicon;
mod passages;
mod record;
mod schema;
mod similar;
mod snapshot;
mod writer;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use catalog::Catalog;
pub use generation::{Generation, Index};
pub(crate) use lexicon::Words;
pub use passages::{Heading, Line, LineKind, LineToken, Passages, encode_question, term_hash};
pub use record::{Record, Recorder, language_of};
pub use schema::TextField;
pub use snapshot::{DictionaryEntry, Snapshot, Stored};
pub use writer::Writer;

use crate::article::{FrontMatter, Problem};

/// What pages and APIs see of an article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Identity of path and content.
    id: u64,
    /// Path below the article folder.
    pub path: String,
    /// What the article says about itself; the language is always set.
    pub front_matter: FrontMatter,
    /// Groups translations.
    pub translation_key: String,
    /// Hash of the file, hexadecimal.
    pub revision: String,
    /// Words of the text.
    pub words: u32,
    /// The file as it was read.
    pub stamp: FileStamp,
    /// Words by [`TextField`].
    lengths: [u32; TextField::COUNT],
    /// What was wrong with the file.
    pub problems: Vec<Problem>,
}

impl Entry {
    /// Names this content at this path; changes with every change of the file.
    pub(crate) fn identity(&self) -> u64 {
        self.id
    }

    /// The article's language.
    #[must_use]
    pub fn lang(&self) -> &str {
        self.front_matter.lang.as_deref().unwrap_or("en")
    }

    /// Whether search may find it.
    #[must_use]
    pub fn is_searchable(&self) -> bool {
        self.front_matter.searchable && !self.front_matter.unlisted
    }
}

/// A file as it was when it was read; tells whether it has changed since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Hash of the content, hexadecimal.
    pub hash: String,
}

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The index engine failed.
    #[error("search index: {0}")]
    Engine(#[from] tantivy::TantivyError),
    /// The folder cannot be used.
    #[error("index folder {path}: {source}; check that it exists, is writable and has space left")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Reading the index failed.
    #[error("search index: {0}")]
    Io(#[from] std::io::Error),
    /// A stored record cannot be read or written.
    #[error("search index record: {0}; delete the index folder, it is built again at the next start")]
    Record(#[from] serde_json::Error),
    /// Another process writes to this index.
    #[error("index folder {path} is in use by another server; give each its own with --index")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}
