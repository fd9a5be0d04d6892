//! Parsing and rendering: Markdown in memory to articles, and to HTML.
//!
//! One pass over all files of a collection, on one processor: articles and bytes a second. A generated article with
//! a problem, or an article without sections or text, fails the bench.
//!
//! ```text
//! cargo bench --bench parse
//! ZERODESK_CORPORA=folder cargo bench --bench parse
//! ```

mod support;

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use support::Corpus;
use zerodesk::article::{LinkTarget, Parsed, parse, render};

fn main() {
    support::run();
}

fn size(files: &[(String, Vec<u8>)]) -> usize {
    files.iter().map(|(_, bytes)| bytes.len()).sum()
}

#[divan::bench(args = support::corpora(), sample_count = 10, sample_size = 1)]
fn articles(bencher: Bencher, corpus: &Corpus) {
    let files = corpus.files();
    let counted = bencher.counter(ItemsCount::new(files.len())).counter(BytesCount::new(size(&files)));
    counted.bench_local(|| {
        let (mut sections, mut faulty) = (0, 0);
        for (path, bytes) in &files {
            let Parsed { article, problems } = parse(path, bytes);
            sections += article.sections.len();
            faulty += usize::from(!problems.is_empty());
        }
        assert!(sections > files.len(), "articles have sections");
        let allowed = if corpus.name.starts_with("generated") { 0 } else { files.len() / 50 };
        assert!(faulty <= allowed, "{faulty} of {} have problems", files.len());
    });
}

#[divan::bench(args = support::corpora(), sample_count = 10, sample_size = 1)]
fn html(bencher: Bencher, corpus: &Corpus) {
    let files = corpus.files();
    let bodies: Vec<String> = files.iter().map(|(path, bytes)| parse(path, bytes).article.body).collect();
    let counted = bencher.counter(ItemsCount::new(files.len())).counter(BytesCount::new(size(&files)));
    counted.bench_local(|| {
        let rendered: usize = bodies.iter().map(|body| render(body, &|_| LinkTarget::Keep).len()).sum();
        assert!(rendered * 2 > size(&files), "the pages hold the text");
    });
}
