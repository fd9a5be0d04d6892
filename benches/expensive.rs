//! The most expensive of many queries: terms, prefixes, typing errors, phrases, languages and signs of all kinds, made up
//! from the words of the articles and from nothing. The worst may cost twenty times the median.
//!
//! Each query is searched once; the two hundred slowest five times more, and the best of these counts, so that what
//! else the machine did in that moment is left out.
//!
//! ```text
//! cargo bench --bench expensive
//! ZERODESK_CORPORA=folder EXPENSIVE_QUERIES=10000 cargo bench --bench expensive
//! ```

mod support;

use std::time::{Duration, Instant};

use support::Corpus;
use zerodesk::{
    index::Snapshot,
    search::{Query, Searcher},
};

/// Times the median that the worst query may cost.
const GOAL: f64 = 20.0;
/// Queries that are measured again.
const SLOWEST: usize = 200;

fn main() {
    let count = std::env::var("EXPENSIVE_QUERIES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    for corpus in support::corpora() {
        measure(&corpus, count);
    }
}

fn measure(corpus: &Corpus, count: usize) {
    let searcher = support::searcher(corpus);
    let mut made_up = MadeUp::new(&searcher.snapshot());
    let mut costs: Vec<(Duration, Query)> = Vec::with_capacity(count);
    for _ in 0..count {
        let query = made_up.query();
        costs.push((cost(&searcher, &query), query));
    }
    costs.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
    for (cost_of, query) in costs.iter_mut().take(SLOWEST) {
        *cost_of = (0..5).map(|_| cost(&searcher, query)).min().unwrap_or_default();
    }
    costs.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
    let median = costs[costs.len() / 2].0;
    let times = costs[0].0.as_secs_f64() / median.as_secs_f64();
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "{corpus}: {count} queries, median {:.0} us, worst {:.0} us: {times:.1} times (goal: {GOAL})",
        us(median),
        us(costs[0].0)
    );
    for (time, query) in costs.iter().take(5) {
        println!("  {:.0} us: {:?} in {:?}", us(*time), query.text, query.languages);
    }
}

fn cost(searcher: &Searcher, query: &Query) -> Duration {
    let began = Instant::now();
    searcher.search(query).expect("the index can be read");
    began.elapsed()
}

/// Queries as people, scripts and attackers send them.
struct MadeUp {
    words: Vec<String>,
    state: u64,
}

impl MadeUp {
    fn new(snapshot: &Snapshot) -> Self {
        let mut words = Vec::new();
        for entry in snapshot.catalog().iter().take(2000) {
            let body = snapshot.body(entry).unwrap_or_default();
            words.extend(
                entry.front_matter.title.split_whitespace().chain(body.split_whitespace().take(40)).map(str::to_owned),
            );
        }
        words.sort_unstable();
        words.dedup();
        Self { words, state: support::SEED }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % limit.max(1)
    }

    fn query(&mut self) -> Query {
        let count = [1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 12, 16, 40][self.below(13)];
        let mut parts: Vec<String> = (0..count).map(|_| self.part()).collect();
        if self.below(8) == 0 {
            let at = self.below(parts.len());
            parts[at].insert(0, '"');
            parts.push("\"".into());
        }
        let languages: &[&str] = [&["en"][..], &["en", "nl", "de"], &["ja", "en"], &[]][self.below(4)];
        Query {
            text: parts.join(" "),
            languages: languages.iter().map(|code| (*code).to_owned()).collect(),
            limit: [10, 10, 10, 50][self.below(4)],
            offset: [0, 0, 0, 1000][self.below(4)],
            prefix: true,
            typo_tolerance: true,
            answer_at: 0.6,
            candidates_at: 0.35,
            ..Query::default()
        }
    }

    fn part(&mut self) -> String {
        let at = self.below(self.words.len());
        let word = self.words[at].clone();
        let letters: Vec<char> = word.chars().collect();
        let cut = self.below(letters.len() + 1);
        match self.below(12) {
            0..4 => word,
            4 | 5 => letters[..cut].iter().collect(),
            6 => letters[..cut].iter().chain(&letters[(cut + 1).min(letters.len())..]).collect(),
            7 => letters[..cut].iter().chain(&['e']).chain(&letters[cut..]).collect(),
            8 => format!("-{word}"),
            9 => ["the", "a", "how", "to", "e", "s", "de", "in"][self.below(8)].to_owned(),
            10 => ["密码", "é̂̃́", "ﬁ", "\u{202e}x", "😀", "ß", "İ", "كلمة", "a\u{0}b", "((("][self.below(10)].to_owned(),
            _ => word.repeat(1 + self.below(8)),
        }
    }
}
