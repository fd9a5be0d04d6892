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
use tantivy::{
    TantivyDocument, Term,
    collector::TopDocs,
    query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery},
    schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{TextAnalyzer, TokenStream},
};
use zerodesk::{index::Snapshot, search::Searcher};

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

/// What the others are measured against: tantivy's own BM25 alone, the best ten of title, headings and body, without
/// prefixes, typing errors, snippets or a decision. All queries of the log.
#[divan::bench(args = support::corpora(), sample_count = 10, sample_size = 1)]
fn plain(bencher: Bencher, corpus: &Corpus) {
    let snapshot = support::searcher(corpus).snapshot();
    let log = queries::log(&snapshot, QUERIES, support::SEED);
    let plain = Plain::new(&snapshot).expect("an index in memory can be made");
    let mut durations = Durations::default();
    let before = support::processor_time();
    bencher.counter(ItemsCount::new(log.len())).bench_local(|| {
        for item in &log {
            let started = Instant::now();
            let hits = plain.search(&item.query.text).expect("an index in memory can be read");
            durations.add(started.elapsed());
            assert!(hits <= 10);
        }
    });
    let busy = support::processor_time().saturating_sub(before);
    let each = busy.as_secs_f64() * 1e3 / durations.count() as f64;
    support::figure(format!("{corpus}, plain BM25: {durations}; mean processor time {each:.3} ms"));
}

/// The same articles in an index of tantivy's making.
struct Plain {
    searcher: tantivy::Searcher,
    fields: [(Field, f32); 3],
    stemmer: std::cell::RefCell<TextAnalyzer>,
}

impl Plain {
    fn new(snapshot: &Snapshot) -> tantivy::Result<Self> {
        let mut schema = Schema::builder();
        let indexing =
            TextFieldIndexing::default().set_tokenizer("en_stem").set_index_option(IndexRecordOption::WithFreqs);
        let options = TextOptions::default().set_indexing_options(indexing);
        let fields = [("title", 3.0), ("headings", 2.0), ("body", 1.0)]
            .map(|(name, boost)| (schema.add_text_field(name, options.clone()), boost));
        let index = tantivy::Index::create_in_ram(schema.build());
        let mut writer: tantivy::IndexWriter = index.writer_with_num_threads(1, 100_000_000)?;
        for entry in snapshot.catalog().iter() {
            let body = snapshot.body(entry).unwrap_or_default();
            let headings: Vec<&str> = body.lines().filter(|line| line.starts_with('#')).collect();
            let texts = [entry.front_matter.title.clone(), headings.join("\n"), body.clone()];
            let mut document = TantivyDocument::new();
            for ((field, _), text) in fields.iter().zip(texts) {
                document.add_text(*field, text);
            }
            writer.add_document(document)?;
        }
        writer.commit()?;
        let stemmer = index.tokenizers().get("en_stem").expect("tantivy brings it").into();
        Ok(Self { searcher: index.reader()?.searcher(), fields, stemmer })
    }

    fn search(&self, text: &str) -> tantivy::Result<usize> {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        self.stemmer.borrow_mut().token_stream(text).process(&mut |token| {
            for (field, boost) in self.fields {
                let term = TermQuery::new(Term::from_field_text(field, &token.text), IndexRecordOption::WithFreqs);
                clauses.push((Occur::Should, Box::new(BoostQuery::new(Box::new(term), boost))));
            }
        });
        Ok(self.searcher.search(&BooleanQuery::new(clauses), &TopDocs::with_limit(10).order_by_score())?.len())
    }
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
