//! From the source to the index: the full build, and following changes.
//!
//! Articles are the truth, the index follows. A file that no longer parses keeps its last good
//! version in search and is reported; one bad article never holds up the rest. Nothing counts as
//! indexed before its commit. This room decides what the index holds, never how it is searched.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use sha2::{Digest, Sha256};

use crate::{
    article::{self, Parsed, Problem, ProblemCode},
    index::{Entry, FileStamp, Generation, Index, IndexError, Record, Recorder, Snapshot, Writer},
    source::{Changes, Directory, SourceError, SourceFile, unreadable},
};

/// Memory for a full build, in bytes; tantivy writes a segment whenever it is full.
const BUILD_ARENA: usize = 64 * 1024 * 1024;
/// Memory for following changes, in bytes.
const FOLLOW_ARENA: usize = 15 * 1024 * 1024;
/// Files from which on the larger memory and all processors are used.
const MANY: usize = 500;

/// Why the index could not follow the articles.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The articles cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The index cannot be written.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// What one look at the articles led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What is searched now.
    pub generation: Generation,
    /// Articles that are new or changed.
    pub changed: usize,
    /// Articles that are gone.
    pub removed: usize,
}

/// Keeps an index equal to a folder.
pub struct Ingest {
    source: Directory,
    index: Arc<Index>,
    default_language: String,
    drafts: bool,
    /// Files as last seen; those not in the index (drafts, unreadable) are here too.
    seen: HashMap<String, FileStamp>,
    /// Problems of files whose last good version is kept, or that are no article at all.
    held_back: BTreeMap<String, Vec<Problem>>,
    /// Problems of the last full listing.
    listing: Vec<Problem>,
    content: ContentHash,
}

/// One file, looked at.
struct Looked {
    path: String,
    stamp: FileStamp,
    outcome: Outcome,
}

enum Outcome {
    /// Only its time changed.
    Same,
    /// An article, perhaps with problems; boxed because it is large.
    Article(Box<Record>),
    /// Unfinished by its own word.
    Draft,
    /// It cannot be read now.
    Unreadable(Problem),
    /// It vanished in between.
    Gone,
}

impl Ingest {
    /// Takes up where the index left off; files that it already holds are not read again unless they changed.
    #[must_use]
    pub fn new(source: Directory, index: Arc<Index>, default_language: &str) -> Self {
        let snapshot = index.snapshot();
        let seen = snapshot.catalog().iter().map(|entry| (entry.path.clone(), entry.stamp.clone())).collect();
        let content = ContentHash::of(&snapshot);
        Self {
            source,
            index,
            default_language: default_language.to_owned(),
            drafts: false,
            seen,
            held_back: BTreeMap::new(),
            listing: Vec::new(),
            content,
        }
    }

    /// Another one that knows only what the index holds, for when this one may have come to harm.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::new(self.source.clone(), Arc::clone(&self.index), &self.default_language).with_drafts(self.drafts)
    }

    /// Takes drafts in, too: for an index that only their writer sees.
    #[must_use]
    pub const fn with_drafts(mut self, drafts: bool) -> Self {
        self.drafts = drafts;
        self
    }

    /// Compares the whole folder with the index; `progress` is told how many of how many files are done.
    ///
    /// # Errors
    /// The folder cannot be listed or the index not written; what was searched before stays in use.
    pub fn compare_all(&mut self, progress: &mut dyn FnMut(usize, usize)) -> Result<Report, IngestError> {
        let scan = self.source.scan()?;
        self.listing = scan.problems;
        let (mut known, mut changed) = (0, Vec::new());
        for file in &scan.files {
            let seen = self.seen.get(&file.path);
            known += usize::from(seen.is_some());
            if seen.is_none_or(|seen| (seen.size, seen.modified_ns) != (file.size, file.modified_ns)) {
                changed.push(file.clone());
            }
        }
        let present = |path: &String| scan.files.binary_search_by(|file| file.path.cmp(path)).is_ok();
        // Mostly nothing is gone, and then no path has to be looked up again to know it.
        let left = if known < self.seen.len() { Some(self.seen.keys()) } else { None };
        let gone = left.into_iter().flatten().filter(|path| !present(path)).cloned().collect();
        self.take_in(&changed, gone, progress)
    }

    /// Follows what the watcher noticed.
    ///
    /// # Errors
    /// As [`Ingest::compare_all`].
    pub fn follow(&mut self, changes: Changes) -> Result<Report, IngestError> {
        let Changes::Paths(paths) = changes else { return self.compare_all(&mut |_, _| {}) };
        // A folder that came, went or was renamed says nothing of its files.
        let is_folder =
            |path: &String| self.source.root().join(path).is_dir() || self.seen.keys().any(|seen| is_below(seen, path));
        if paths.iter().any(is_folder) {
            return self.compare_all(&mut |_, _| {});
        }
        let (mut fresh, mut gone) = (Vec::new(), Vec::new());
        for path in paths {
            match self.source.file(&path) {
                Some(file) => fresh.push(file),
                None if self.seen.contains_key(&path) => gone.push(path),
                None => {}
            }
        }
        self.take_in(&fresh, gone, &mut |_, _| {})
    }

    /// Builds the index again from the articles alone, beside what is searched until then. What was on disk is not read:
    /// it may be damaged.
    ///
    /// # Errors
    /// As [`Ingest::compare_all`].
    pub fn start_over(&mut self) -> Result<Report, IngestError> {
        let scan = self.source.scan()?;
        self.listing = scan.problems;
        let index = Arc::clone(&self.index);
        let mut batch = Batch::new(&index, ContentHash::default(), scan.files.len());
        batch.clear()?;
        let before = (std::mem::take(&mut self.seen), std::mem::take(&mut self.held_back));
        let filled = self.fill(batch, &scan.files, Vec::new(), &mut |_, _| {});
        if filled.is_err() {
            (self.seen, self.held_back) = before;
        }
        filled
    }

    fn take_in(
        &mut self,
        changed: &[SourceFile],
        gone: Vec<String>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Report, IngestError> {
        let index = Arc::clone(&self.index);
        let batch = Batch::new(&index, self.content.clone(), changed.len());
        self.fill(batch, changed, gone, progress)
    }

    fn fill(
        &mut self,
        mut batch: Batch,
        changed: &[SourceFile],
        gone: Vec<String>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Report, IngestError> {
        if let Err(error) = self.apply(changed, gone, progress, &mut batch) {
            batch.rollback()?;
            return Err(error);
        }
        let mut writer = batch.commit()?;
        let Batch { looked, changed, removed, content, arena, .. } = batch;
        self.content = content;
        self.remember(looked);
        // After a full build the merged segments are worth the wait; a saved file should show at once.
        if arena == BUILD_ARENA {
            writer.take().map_or(Ok(()), Writer::close)?;
        }
        let problems = self.listing.iter().chain(self.held_back.values().flatten()).cloned().collect();
        let snapshot = self.index.publish(problems)?;
        writer.map_or(Ok(()), Writer::close)?;
        Ok(Report { generation: snapshot.generation().clone(), changed, removed })
    }

    /// Writes the changes; whoever calls commits.
    fn apply(
        &self,
        changed: &[SourceFile],
        gone: Vec<String>,
        progress: &mut dyn FnMut(usize, usize),
        batch: &mut Batch,
    ) -> Result<(), IngestError> {
        let (mut done, total) = (0, changed.len());
        let mut result = Ok(());
        self.look_at_all(changed, |looked| {
            done += 1;
            progress(done, total);
            result = batch.take(looked);
            result.is_ok()
        });
        result?;
        for path in gone {
            batch.take(Looked { path, stamp: FileStamp::default(), outcome: Outcome::Gone })?;
        }
        Ok(())
    }

    /// Reads and analyses files, on all processors where there are many; `sink` gets them in any order.
    fn look_at_all(&self, files: &[SourceFile], mut sink: impl FnMut(Looked) -> bool) {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if processors == 1 || files.len() < MANY {
            let mut recorder = Recorder::default();
            // Stops at the first that is refused.
            files.iter().all(|file| sink(self.look_at(file, &mut recorder)));
            return;
        }
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel(64);
            for _ in 0..processors {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    let mut recorder = Recorder::default();
                    while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if sender.send(self.look_at(file, &mut recorder)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            for looked in receiver {
                if !sink(looked) {
                    break;
                }
            }
        });
    }

    fn look_at(&self, file: &SourceFile, recorder: &mut Recorder) -> Looked {
        let mut stamp = FileStamp { size: file.size, modified_ns: file.modified_ns, hash: String::new() };
        let outcome = match self.source.read(&file.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Outcome::Gone,
            Err(error) => Outcome::Unreadable(unreadable(file.path.clone(), &error)),
            // A program that writes in place empties the file first; that moment is no article.
            Ok(bytes) if bytes.is_empty() && self.seen.get(&file.path).is_some_and(|seen| seen.size > 0) => {
                let reason = "it has become empty, and its last version stays";
                Outcome::Unreadable(unreadable(file.path.clone(), &reason))
            }
            Ok(bytes) => {
                stamp.hash = content_hash(&bytes);
                if self.seen.get(&file.path).is_some_and(|seen| seen.hash == stamp.hash) {
                    Outcome::Same
                } else {
                    self.parse(&file.path, &bytes, &stamp, recorder)
                }
            }
        };
        Looked { path: file.path.clone(), stamp, outcome }
    }

    fn parse(&self, path: &str, bytes: &[u8], stamp: &FileStamp, recorder: &mut Recorder) -> Outcome {
        let parsed: Parsed = article::parse(path, bytes);
        if parsed.article.front_matter.draft && !self.drafts {
            return Outcome::Draft;
        }
        Outcome::Article(Box::new(recorder.record(parsed, stamp.clone(), &self.default_language)))
    }

    /// After the commit: what was seen counts as seen.
    fn remember(&mut self, looked: Vec<(String, FileStamp, Held)>) {
        let snapshot = self.index.snapshot();
        for (path, stamp, held) in looked {
            match held {
                Held::Gone => {
                    self.seen.remove(&path);
                    self.held_back.remove(&path);
                }
                Held::Unchanged => {
                    let was_unreadable = |of: &Vec<Problem>| of.iter().all(|p| p.code == ProblemCode::Unreadable);
                    if self.held_back.get(&path).is_some_and(was_unreadable) {
                        self.held_back.remove(&path);
                    }
                    self.seen.insert(path, stamp);
                }
                Held::Problems(problems) => {
                    let kept = is_broken(&problems)
                        && snapshot.catalog().by_path(&path).is_some_and(|entry| !is_broken(&entry.problems));
                    if kept {
                        tracing::warn!(path, problem = %problems[0], "the file is broken: its last good version stays");
                        self.held_back.insert(path.clone(), problems);
                    } else {
                        self.held_back.remove(&path);
                    }
                    self.seen.insert(path, stamp);
                }
                // Not counted as seen: it is tried again at the next look.
                Held::Unreadable(problem) => {
                    self.held_back.insert(path, vec![problem]);
                }
            }
        }
    }
}

/// Changes on their way into one commit; the writer is opened by the first of them.
struct Batch<'a> {
    index: &'a Index,
    /// What the index holds; `None` where it begins with nothing.
    before: Option<Arc<Snapshot>>,
    arena: usize,
    writer: Option<Writer>,
    looked: Vec<(String, FileStamp, Held)>,
    content: ContentHash,
    changed: usize,
    removed: usize,
}

impl<'a> Batch<'a> {
    fn new(index: &'a Index, content: ContentHash, files: usize) -> Self {
        let arena = if files >= MANY { BUILD_ARENA } else { FOLLOW_ARENA };
        let before = Some(index.snapshot());
        Self { index, before, arena, writer: None, looked: Vec::new(), content, changed: 0, removed: 0 }
    }

    fn take(&mut self, looked: Looked) -> Result<(), IndexError> {
        let Looked { path, stamp, outcome } = looked;
        match &outcome {
            Outcome::Article(record) if is_broken(&record.entry.problems) && self.has_good(&path) => {}
            Outcome::Article(record) => self.write(&path, Some(record))?,
            Outcome::Draft | Outcome::Gone => self.write(&path, None)?,
            Outcome::Same | Outcome::Unreadable(_) => {}
        }
        self.looked.push((path, stamp, Held::of(outcome)));
        Ok(())
    }

    /// Begins with an empty index.
    fn clear(&mut self) -> Result<(), IndexError> {
        self.before = None;
        self.writer()?.clear()
    }

    fn writer(&mut self) -> Result<&mut Writer, IndexError> {
        Ok(match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(self.index.writer(self.arena)?),
        })
    }

    fn earlier(&self, path: &str) -> Option<Arc<Entry>> {
        self.before.as_ref()?.catalog().by_path(path).cloned()
    }

    /// Whether there is a version worth keeping.
    fn has_good(&self, path: &str) -> bool {
        self.earlier(path).is_some_and(|entry| !is_broken(&entry.problems))
    }

    fn write(&mut self, path: &str, record: Option<&Record>) -> Result<(), IndexError> {
        let before = self.earlier(path);
        if before.is_none() && record.is_none() {
            return Ok(());
        }
        if let Some(before) = before {
            self.content.toggle(path, &before.revision);
            self.writer()?.remove(path);
        }
        let Some(record) = record else {
            self.removed += 1;
            return Ok(());
        };
        self.content.toggle(path, &record.entry.revision);
        self.changed += 1;
        self.writer()?.add(record)
    }

    fn commit(&mut self) -> Result<Option<Writer>, IndexError> {
        let mut writer = self.writer.take();
        if let Some(writer) = &mut writer {
            writer.commit(self.content.to_string())?;
        }
        Ok(writer)
    }

    fn rollback(mut self) -> Result<(), IndexError> {
        self.writer.take().map_or(Ok(()), |mut writer| writer.rollback())
    }
}

/// What is remembered of a file once it is committed.
enum Held {
    Gone,
    Unchanged,
    Problems(Vec<Problem>),
    Unreadable(Problem),
}

impl Held {
    fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Same => Self::Unchanged,
            Outcome::Article(record) => Self::Problems(record.entry.problems),
            Outcome::Draft => Self::Problems(Vec::new()),
            Outcome::Unreadable(problem) => Self::Unreadable(problem),
            Outcome::Gone => Self::Gone,
        }
    }
}

fn is_broken(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == article::Severity::Error)
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// First half of SHA-256, hexadecimal.
fn content_hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..16])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |text, byte| format!("{text}{byte:02x}"))
}

/// Hash of a set of paths and contents: adding and removing are the same step, order does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct ContentHash([u8; 16]);

impl ContentHash {
    /// That of everything in a snapshot, as its commit noted it.
    fn of(snapshot: &Snapshot) -> Self {
        let noted = u128::from_str_radix(&snapshot.generation().hash, 16);
        noted.map_or_else(
            |_| {
                let mut content = Self::default();
                snapshot.catalog().iter().for_each(|entry| content.toggle(&entry.path, &entry.revision));
                content
            },
            |noted| Self(noted.to_be_bytes()),
        )
    }

    fn toggle(&mut self, path: &str, revision: &str) {
        let digest = Sha256::new().chain_update(path).chain_update([0]).chain_update(revision).finalize();
        for (byte, other) in self.0.iter_mut().zip(digest) {
            *byte ^= other;
        }
    }
}

impl std::fmt::Display for ContentHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}
