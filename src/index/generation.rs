//! Generations on disk: one folder each, named after what made it.

use std::{
    collections::HashSet,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use tantivy::{IndexBuilder, directory::error::LockError, merge_policy::LogMergePolicy};
use tokio::sync::watch;

use super::{
    IndexError, Snapshot, Writer,
    files::{Files, STORE},
    kept, schema,
    snapshot::Built,
};
use crate::{analysis, article::Problem};

/// Documents of a segment that is merged with whatever is as small. The engine's own 10,000 has every eighth saved article
/// merge a whole help centre, and the next one wait for it.
const SMALL: u32 = 256;
/// Share of deleted documents from which on a segment is written anew.
const MOSTLY_THERE: f32 = 0.3;

/// Number and content of what is searched, as operations show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Counts the commits of this index, from 1.
    pub number: u64,
    /// Hash of all paths and contents: equal on every node that has the same articles.
    pub hash: String,
}

/// An index with its current snapshot.
pub struct Index {
    engine: tantivy::Index,
    folder: Option<PathBuf>,
    /// Held as long as the index is open, so that a second server is refused at its start.
    lock: Option<File>,
    current: ArcSwap<Snapshot>,
    published: watch::Sender<Generation>,
    /// Articles whose entries are not among those kept beside the index.
    unkept: AtomicUsize,
}

impl Index {
    /// An index that lives in memory only: for commands that look once.
    pub fn in_memory() -> Result<Self, IndexError> {
        let (schema, _) = schema::schema();
        Self::around(IndexBuilder::new().schema(schema).settings(schema::settings()).create_in_ram()?, None)
    }

    /// Opens the generation in `folder` that this version would make with `default_language`, or begins an empty one.
    ///
    /// A damaged generation is removed and begun again; those of other versions are removed. Stored documents are by far
    /// the most of an index and are looked at no further than their ends: [`Index::is_sound`] does.
    ///
    /// # Errors
    /// The folder cannot be created, read or written, or another server has it.
    pub fn open(folder: &Path, default_language: &str) -> Result<Self, IndexError> {
        let own = folder.join(fingerprint(default_language));
        let fault = |source| IndexError::Folder { path: folder.to_owned(), source };
        fs::create_dir_all(&own).map_err(fault)?;
        let lock = File::create(folder.join(".lock")).map_err(fault)?;
        lock.try_lock().map_err(|_| IndexError::InUse { path: folder.to_owned() })?;
        let mut opened = Self::reopen(&own).or_else(|reason| {
            if let Reopen::Damaged(reason) = &reason {
                tracing::warn!(folder = %own.display(), reason, "the index is damaged and is built again");
            }
            fs::remove_dir_all(&own).map_err(fault)?;
            fs::create_dir_all(&own).map_err(fault)?;
            let (schema, _) = schema::schema();
            let files = Files::open(&own).map_err(tantivy::TantivyError::from)?;
            Self::around(tantivy::Index::create(files, schema, schema::settings())?, Some(own.clone()))
        })?;
        remove_others(folder, &own).map_err(fault)?;
        opened.lock = Some(lock);
        Ok(opened)
    }

    fn reopen(own: &Path) -> Result<Self, Reopen> {
        if fs::read_dir(own).is_ok_and(|mut files| files.next().is_none()) {
            return Err(Reopen::Empty);
        }
        let damaged = |error: &dyn std::fmt::Display| Reopen::Damaged(error.to_string());
        readable(own, |path| !is_store(path)).map_err(|e| damaged(&e))?;
        let files = Files::open(own).map_err(|e| damaged(&e))?;
        let engine = tantivy::Index::open(files).map_err(|e| damaged(&e))?;
        if schema::fields_of(&engine).is_none() {
            return Err(Reopen::Damaged("its schema is not this version's".into()));
        }
        if let Some(file) = damaged_file(&engine).map_err(|e| damaged(&e))? {
            return Err(Reopen::Damaged(format!("checksum of {} does not match", file.display())));
        }
        Self::around(engine, Some(own.to_owned())).map_err(|e| damaged(&e))
    }

    fn around(engine: tantivy::Index, folder: Option<PathBuf>) -> Result<Self, IndexError> {
        let kept = if folder.is_some() { kept::read(&engine) } else { Vec::new() };
        let snapshot = Arc::new(Snapshot::load(&engine, &Built::kept(kept), Vec::new())?);
        let published = watch::Sender::new(snapshot.generation().clone());
        let (current, unkept) = (ArcSwap::from(Arc::clone(&snapshot)), AtomicUsize::default());
        let index = Self { engine, folder, lock: None, current, published, unkept };
        index.keep(&snapshot);
        Ok(index)
    }

    /// Keeps the entries beside the index when it is worth it.
    fn keep(&self, snapshot: &Snapshot) {
        let unkept = self.unkept.fetch_add(snapshot.fresh(), Ordering::Relaxed) + snapshot.fresh();
        if self.folder.is_none() || unkept < kept::MANY {
            return;
        }
        self.unkept.store(0, Ordering::Relaxed);
        if let Err(error) = kept::write(&self.engine, snapshot.catalog().as_written()) {
            tracing::warn!(%error, "the next start takes longer");
        }
    }

    /// What is searched now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Tells of every new generation.
    #[must_use]
    pub fn generations(&self) -> watch::Receiver<Generation> {
        self.published.subscribe()
    }

    /// The one writer of this index; `arena_bytes` bounds its memory.
    ///
    /// # Errors
    /// [`IndexError::InUse`] while another process has it.
    pub fn writer(&self, arena_bytes: usize) -> Result<Writer, IndexError> {
        let writer = self.engine.writer_with_num_threads(1, arena_bytes).map_err(|error| match error {
            tantivy::TantivyError::LockFailure(LockError::LockBusy, _) => {
                IndexError::InUse { path: self.folder.clone().unwrap_or_default() }
            }
            other => other.into(),
        })?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_layer_size(SMALL);
        policy.set_del_docs_ratio_before_merge(MOSTLY_THERE);
        writer.set_merge_policy(Box::new(policy));
        let (_, fields) = schema::schema();
        Ok(Writer::new(writer, fields, self.snapshot().generation().clone()))
    }

    /// Whether the files on disk are as they were written. It reads all of them.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let readable = self.folder.as_ref().is_none_or(|folder| readable(folder, |_| true).is_ok());
        readable && self.engine.validate_checksum().is_ok_and(|bad| bad.is_empty())
    }

    /// Makes what was committed the current snapshot; `problems` are those of files that are no articles. Where nothing
    /// was committed, and they are those known, the snapshot stays.
    ///
    /// # Errors
    /// The commit cannot be read; the snapshot before stays in use.
    pub fn publish(&self, problems: Vec<Problem>) -> Result<Arc<Snapshot>, IndexError> {
        let before = self.snapshot();
        if before.is_current(&self.engine, &problems)? {
            return Ok(before);
        }
        if let Some(folder) = &self.folder {
            // tantivy renames meta.json without syncing the folder.
            File::open(folder)?.sync_all()?;
        }
        let snapshot = Arc::new(Snapshot::load(&self.engine, &Built::of(&before), problems)?);
        self.current.store(Arc::clone(&snapshot));
        self.published.send_replace(snapshot.generation().clone());
        self.keep(&snapshot);
        Ok(snapshot)
    }
}

/// Reads files once as files. They are mapped into memory, and there a disk that fails ends the process.
fn readable(folder: &Path, which: impl Fn(&Path) -> bool) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if which(&path) {
            std::io::copy(&mut File::open(path)?, &mut std::io::sink())?;
        }
    }
    Ok(())
}

/// A file that is not as it was written, stored documents left out.
fn damaged_file(engine: &tantivy::Index) -> tantivy::Result<Option<PathBuf>> {
    let metas = engine.load_metas()?;
    let segments: HashSet<String> = metas.segments.iter().map(|segment| segment.id().uuid_string()).collect();
    for path in engine.directory().list_managed_files() {
        let in_use = path.file_stem().is_some_and(|name| segments.contains(&*name.to_string_lossy()));
        if in_use && !is_store(&path) && !engine.directory().validate_checksum(&path)? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn is_store(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == STORE)
}

enum Reopen {
    Empty,
    Damaged(String),
}

/// Names a generation by everything that its content depends on besides the articles.
fn fingerprint(default_language: &str) -> String {
    let made_by = format!("{}/{}/{}/{default_language}", schema::VERSION, analysis::VERSION, env!("CARGO_PKG_VERSION"));
    Sha256::digest(made_by).iter().take(8).fold(String::from("gen-"), |name, byte| format!("{name}{byte:02x}"))
}

/// Removes the generations of other versions.
fn remove_others(folder: &Path, own: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let generation = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("gen-"));
        if generation && path != own {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}
