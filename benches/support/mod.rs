//! What the benches share: collections of articles, an index over one, percentiles, and figures that divan does
//! not print.
//!
//! Every bench runs on a generated collection (see [`generated`]) and, where the environment variable
//! `ZERODESK_CORPORA` names a folder, on each collection in it: a folder of Markdown, or a `*.tar.zst` that is
//! unpacked once below `target/tmp` with the programs `tar` and `zstd`. A word behind `--` picks among them:
//! `cargo bench --bench search -- generated`.

#![allow(dead_code, reason = "each bench uses its part")]

pub mod client;
pub mod flood;
pub mod generated;
pub mod queries;

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use tempfile::TempDir;
use zerodesk::{
    index::{Index, Snapshot},
    ingest::Ingest,
    search::Searcher,
    source::Directory,
};

/// Articles of the generated collection.
pub const GENERATED: usize = 2_500;
/// What the generated collection and all choices follow from.
pub const SEED: u64 = 20_261_122;

/// A named folder of articles.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// As it is shown and picked.
    pub name: String,
    /// Never written to.
    pub folder: PathBuf,
}

impl fmt::Display for Corpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Corpus {
    /// Every article: its path and its bytes.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let source = Directory::open(&self.folder).expect("the folder is there");
        let listed = source.scan().expect("the folder can be listed").files;
        let read = |path: String| (source.read(&path).map(|bytes| (path, bytes))).expect("the file can be read");
        listed.into_iter().map(|file| read(file.path)).collect()
    }

    /// A copy that a bench may change.
    pub fn copy_to(&self, folder: &Path) {
        for (path, bytes) in self.files() {
            write(&folder.join(path), &bytes);
        }
    }
}

/// The generated collection, then those of `ZERODESK_CORPORA`.
pub fn corpora() -> impl Iterator<Item = Corpus> {
    static ALL: OnceLock<Vec<Corpus>> = OnceLock::new();
    ALL.get_or_init(|| std::iter::once(generated_corpus()).chain(real_corpora()).collect()).iter().cloned()
}

fn generated_corpus() -> Corpus {
    let name = format!("generated-{GENERATED}");
    let folder = scratch().join(&name);
    drop(std::fs::remove_dir_all(&folder)); // another version may have made other texts
    for (path, text) in generated::articles(GENERATED, SEED) {
        write(&folder.join(path), text.as_bytes());
    }
    Corpus { name, folder }
}

fn real_corpora() -> Vec<Corpus> {
    let Some(folder) = std::env::var_os("ZERODESK_CORPORA") else {
        eprintln!("real collections are left out: ZERODESK_CORPORA names no folder");
        return Vec::new();
    };
    let entries = std::fs::read_dir(folder).expect("ZERODESK_CORPORA names a folder");
    let mut all: Vec<Corpus> = entries.filter_map(|entry| real_corpus(&entry.ok()?.path())).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.dedup_by(|a, b| a.name == b.name);
    all
}

fn real_corpus(path: &Path) -> Option<Corpus> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    if path.is_dir() {
        return Some(Corpus { name, folder: path.to_owned() });
    }
    let name = name.strip_suffix(".tar.zst")?.to_owned();
    let folder = scratch().join(&name);
    if !folder.is_dir() {
        unpack(path, &folder);
    }
    Some(Corpus { name, folder })
}

fn unpack(archive: &Path, folder: &Path) {
    // Renamed when it is whole, so that an interrupted run leaves nothing that looks ready.
    let partly = folder.with_extension("partly");
    drop(std::fs::remove_dir_all(&partly));
    std::fs::create_dir_all(&partly).expect("the target folder can be written");
    let tar = Command::new("tar").arg("--zstd").arg("-xf").arg(archive).arg("-C").arg(&partly).status();
    assert!(tar.expect("tar and zstd are installed").success(), "{} cannot be unpacked", archive.display());
    std::fs::rename(&partly, folder).expect("the target folder can be written");
}

/// A folder below `target` that stays from run to run.
fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("corpora")
}

/// A folder that goes with the value, on the same disk as `target`: `/tmp` may be memory.
pub fn temporary() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder")
}

/// Writes a file and the folders that it needs.
pub fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("the folder can be written");
    std::fs::write(path, bytes).expect("the file can be written");
}

/// Indexes a collection on disk as the server does at its first start.
pub fn index(corpus: &Corpus, folder: &Path) -> Arc<Index> {
    let (index, changed) = compare(corpus, folder);
    assert_eq!(changed, index.snapshot().catalog().len(), "every article is new to the index");
    index
}

/// Opens an index on disk as the server does at its next start.
pub fn reopen(corpus: &Corpus, folder: &Path) -> Arc<Index> {
    let (index, changed) = compare(corpus, folder);
    assert_eq!(changed, 0, "nothing changed since it was built");
    index
}

fn compare(corpus: &Corpus, folder: &Path) -> (Arc<Index>, usize) {
    let source = Directory::open(&corpus.folder).expect("the folder is there");
    let index = Arc::new(Index::open(folder, "en").expect("the index opens"));
    let report = Ingest::new(source, index.clone(), "en").compare_all(&mut |_, _| {}).expect("it is indexed");
    (index, report.changed)
}

/// A searcher over an index that was built once per collection and run.
pub fn searcher(corpus: &Corpus) -> Searcher {
    static BUILT: Mutex<Vec<(String, Searcher, TempDir)>> = Mutex::new(Vec::new());
    let mut built = BUILT.lock().expect("no bench fails in between");
    if let Some((_, searcher, _)) = built.iter().find(|(name, ..)| *name == corpus.name) {
        return searcher.clone();
    }
    let folder = temporary();
    let searcher = Searcher::new(index(corpus, folder.path()));
    built.push((corpus.name.clone(), searcher.clone(), folder));
    searcher
}

/// Languages of a snapshot, the largest first.
pub fn languages(snapshot: &Snapshot) -> Vec<String> {
    let mut languages = snapshot.catalog().languages();
    languages.sort_by_key(|(_, articles)| std::cmp::Reverse(*articles));
    languages.into_iter().map(|(language, _)| language).collect()
}

/// Durations of one kind.
#[derive(Debug, Default)]
pub struct Durations(Vec<Duration>);

impl Durations {
    /// Adds one.
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// Adds those of another.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The duration that `share` of all do not exceed (nearest rank).
    pub fn percentile(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl fmt::Display for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|share| self.percentile(share).as_secs_f64() * 1e3);
        write!(f, "p50 {p50:.2} ms, p99 {p99:.2} ms, max {most:.2} ms of {}", self.count())
    }
}

/// Lines to print below divan's table.
static FIGURES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps a line until [`run`] prints it.
pub fn figure(line: String) {
    FIGURES.lock().expect("no bench fails in between").push(line);
}

/// The main function of a bench: divan's table, then the figures.
pub fn run() {
    divan::main();
    for line in FIGURES.lock().expect("no bench fails in between").iter() {
        println!("{line}");
    }
}

/// A field of `/proc/self/status` in MiB, such as `VmRSS`; `None` where there is no such file.
pub fn memory(field: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1024.0)
}

/// Time for which this thread has had a processor; zero where the system does not say.
pub fn processor_time() -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = counted.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}
