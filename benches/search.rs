//! Searching in process: known articles looked for by their title, whole, unfinished and misspelt; ten hits with
//! their snippets each, as the API returns them.
//!
//! divan's table shows one pass over all queries of a kind, on one processor; below it stand the percentiles of the
//! single search, and its processor time, which other work on the machine changes less. A kind that finds too few of its articles fails the bench, as does an answer without snippets.
//!
//! ```text
//! cargo bench --bench search
//! ZERODESK_CORPORA=folder cargo bench --bench search -- medium
//! ```

mod support;

use std::time::Instant;

use divan::{Bencher, counter::ItemsCount};
use support::{
    Corpus, Durations,
    queries::{self, Kind, KnownItem},
};
use zerodesk::search::Searcher;

/// Queries of each kind.
const QUERIES: usize = 300;

fn main() {
    support::run();
}

#[divan::bench(args = support::corpora(), sample_count = 10, sample_size = 1)]
fn clean(bencher: Bencher, corpus: &Corpus) {
    measure(bencher, corpus, Kind::Clean);
}

#[divan::bench(args = support::corpora(), sample_count = 10, sample_size = 1)]
fn prefix(bencher: Bencher, corpus: &Corpus) {
    measure(bencher, corpus, Kind::Prefix);
}

#[divan::bench(args = support::corpora(), sample_count = 10, sample_size = 1)]
fn typo(bencher: Bencher, corpus: &Corpus) {
    measure(bencher, corpus, Kind::Typo);
}

fn measure(bencher: Bencher, corpus: &Corpus, kind: Kind) {
    let searcher = support::searcher(corpus);
    let mut log = queries::log(&searcher.snapshot(), QUERIES, support::SEED);
    log.retain(|item| item.kind == kind);
    let found = pass(&searcher, &log, &mut Durations::default()); // reads the index from disk
    let (mut durations, before) = (Durations::default(), support::processor_time());
    bencher.counter(ItemsCount::new(log.len())).bench_local(|| {
        assert_eq!(pass(&searcher, &log, &mut durations), found, "the same query finds the same");
    });
    let share = found as f64 / log.len() as f64;
    let busy = support::processor_time().saturating_sub(before);
    let each = busy.as_secs_f64() * 1e3 / durations.count() as f64;
    support::figure(format!(
        "{corpus}, {kind:?}: {durations}; mean processor time {each:.2} ms; {:.1} % found",
        share * 100.0
    ));
    assert!(share >= kind.found_at_least(), "{corpus}: only {share:.3} of the {kind:?} queries find their article");
}

/// Makes every search of a log; counts those that find their article.
fn pass(searcher: &Searcher, log: &[KnownItem], durations: &mut Durations) -> usize {
    let search = |item: &&KnownItem| {
        let started = Instant::now();
        let answer = searcher.search(&item.query).expect("the index can be read");
        durations.add(started.elapsed());
        item.is_found(&answer)
    };
    log.iter().filter(search).count()
}
