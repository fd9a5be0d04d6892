//! Indexing: a folder of Markdown to an index on disk that is searched, as at the server's first start; and the second
//! start, when nothing changed.
//!
//! Below the table: articles a second, and the memory of this process with one index open, after the first build. The
//! memory includes what the allocator keeps of the build; name one collection to see its own, as in the last command.
//! An article that is missing from the index fails the bench.
//!
//! ```text
//! cargo bench --bench index
//! ZERODESK_CORPORA=folder cargo bench --bench index -- build::medium
//! ```

mod support;

use std::time::Instant;

use divan::{Bencher, counter::ItemsCount};
use support::Corpus;

fn main() {
    support::run();
}

#[divan::bench(args = support::corpora(), sample_count = 5, sample_size = 1)]
fn build(bencher: Bencher, corpus: &Corpus) {
    let before = support::memory("VmRSS");
    let (started, folder) = (Instant::now(), support::temporary());
    let first = support::index(corpus, folder.path());
    let (spent, articles) = (started.elapsed().as_secs_f64(), first.snapshot().catalog().len());
    let memory = |field: &str| support::memory(field).map_or("unknown".to_owned(), |mib| format!("{mib:.0} MiB"));
    support::figure(format!(
        "{corpus}: {articles} articles in {spent:.2} s, {:.0} a second; resident {} after it (before: {:.0} MiB), \
         of it anonymous {}, peak {}",
        articles as f64 / spent,
        memory("VmRSS"),
        before.unwrap_or_default(),
        memory("RssAnon"),
        memory("VmHWM"),
    ));
    drop((first, folder));
    let fresh = bencher.counter(ItemsCount::new(articles)).with_inputs(support::temporary);
    fresh.bench_local_values(|folder| {
        let index = support::index(corpus, folder.path());
        assert_eq!(index.snapshot().catalog().len(), articles);
        (index, folder) // dropped by divan, outside of the time
    });
}

#[divan::bench(args = support::corpora(), sample_count = 5, sample_size = 1)]
fn second_start(bencher: Bencher, corpus: &Corpus) {
    let folder = support::temporary();
    let articles = support::index(corpus, folder.path()).snapshot().catalog().len();
    bencher.counter(ItemsCount::new(articles)).bench_local(|| {
        let index = support::reopen(corpus, folder.path());
        assert_eq!(index.snapshot().catalog().len(), articles);
    });
}
