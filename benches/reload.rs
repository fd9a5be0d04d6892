//! From a saved file to a search that finds it: the real server parts with the real watcher, in real time.
//!
//! A hundred saves of single articles, by turns written in place and renamed over the old file as editors do; each
//! brings a new word, and the time ends when a search for that word has the article as its hit. The configured quiet
//! time after a change (`watch.quiet_ms`, 50 ms by default) is part of it. A word that does not arrive within ten
//! seconds fails the bench.
//!
//! ```text
//! cargo bench --bench reload
//! ZERODESK_CORPORA=folder cargo bench --bench reload -- medium
//! ```

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use divan::Bencher;
use support::{Corpus, Durations, generated::Chance};
use tokio::{runtime::Runtime, time::timeout};
use zerodesk::{
    app::{App, system_clock},
    config::Config,
    search::Query,
};

/// How long a save may take to be searchable.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() {
    support::run();
}

#[divan::bench(args = support::corpora(), sample_count = 100, sample_size = 1)]
fn save_to_searchable(bencher: Bencher, corpus: &Corpus) {
    let folder = support::temporary();
    corpus.copy_to(&folder.path().join("articles"));
    let runtime = Runtime::new().expect("a runtime");
    let app = runtime.block_on(open(folder.path()));
    let articles: Vec<PathBuf> = app.snapshot().catalog().iter().map(|entry| PathBuf::from(&entry.path)).collect();
    let (mut chance, mut durations) = (Chance::new(support::SEED), Durations::default());
    bencher.bench_local(|| {
        let (path, number) = (chance.pick(&articles).clone(), durations.count());
        durations.add(runtime.block_on(save(&app, &path, number)));
    });
    support::figure(format!("{corpus}, save to searchable: {durations}"));
    runtime.block_on(app.stop()).expect("it ends well");
}

async fn open(folder: &Path) -> App {
    let config = Config {
        articles: folder.join("articles"),
        index: folder.join("index"),
        data: folder.join("data"),
        ..Config::default()
    };
    App::open(Arc::new(config), system_clock(), &mut |_, _| {}).await.expect("the parts open")
}

/// Adds a new word to an article and waits until a search finds it there.
async fn save(app: &App, path: &Path, number: usize) -> Duration {
    let file = app.config.articles.join(path);
    let word = word(number);
    let text = format!("{}\n\nThis was saved with {word}.\n", fs::read_to_string(&file).expect("the article is there"));
    let mut generations = app.generations();
    let started = Instant::now();
    if number.is_multiple_of(2) {
        fs::write(&file, text).expect("it can be written");
    } else {
        let beside = file.with_extension("swp");
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, &file)).expect("it can be written");
    }
    while !is_hit(app, path, &word) {
        let next = timeout(PATIENCE, generations.changed()).await;
        next.expect("it becomes searchable in time").expect("the index outlives the bench");
    }
    started.elapsed()
}

fn is_hit(app: &App, path: &Path, word: &str) -> bool {
    let query = Query { text: word.to_owned(), limit: 1, ..Query::default() };
    let answer = app.searcher.search(&query).expect("the index can be read");
    answer.hits.first().is_some_and(|hit| Path::new(&hit.article.path) == path)
}

/// A word that no article has: the number in letters.
fn word(number: usize) -> String {
    let letter = |digit: u8| char::from(digit - b'0' + b'a');
    format!("zqx{}", format!("{number:04}").bytes().map(letter).collect::<String>())
}
