//! A log of searches for known articles: each query is made from the title of one, so that it is known what
//! should be found.

use zerodesk::{
    config::Site,
    index::Snapshot,
    search::{Answer, Query},
};

use super::generated::Chance;

/// What was done to the title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Up to six words of it.
    Clean,
    /// The last of these words is cut short, as while typing.
    Prefix,
    /// One word has a typing error.
    Typo,
}

impl Kind {
    /// In the order of a log.
    pub const ALL: [Self; 3] = [Self::Clean, Self::Prefix, Self::Typo];

    /// Share of queries that find their article, at least; other articles may fit a part of a title better.
    pub const fn found_at_least(self) -> f64 {
        match self {
            Self::Clean => 0.9,
            Self::Prefix => 0.8,
            Self::Typo => 0.7,
        }
    }
}

/// A query and what it should find.
#[derive(Debug, Clone)]
pub struct KnownItem {
    /// What was done to the title.
    pub kind: Kind,
    /// The query.
    pub query: Query,
    /// The title of the article; several may have it.
    pub title: String,
}

impl KnownItem {
    /// Whether the article is among the hits. An answer without a snippet is wrong altogether.
    pub fn is_found(&self, answer: &Answer) -> bool {
        let with_snippets =
            |hit: &zerodesk::search::Hit| hit.sections.iter().any(|section| !section.snippet.is_empty());
        let snippets = answer.hits.iter().filter(|hit| with_snippets(hit)).count();
        assert!(snippets * 2 >= answer.hits.len(), "snippets are missing for {:?}", self.query.text);
        answer.hits.iter().any(|hit| hit.article.front_matter.title == self.title)
    }
}

/// `count` queries of each kind, ten hits each.
pub fn log(snapshot: &Snapshot, count: usize, seed: u64) -> Vec<KnownItem> {
    let titled = |title: &str| title.split_whitespace().filter(|word| word.chars().count() > 4).count() > 1;
    let entries: Vec<_> = snapshot.catalog().iter().filter(|entry| entry.is_searchable()).collect();
    let usable: Vec<_> = entries.iter().filter(|entry| titled(&entry.front_matter.title)).collect();
    let usable = if usable.is_empty() { entries.iter().collect() } else { usable };
    let mut chance = Chance::new(seed);
    let mut one = |kind| {
        let entry = chance.pick(&usable);
        let title = entry.front_matter.title.clone();
        KnownItem { kind, query: query(text(kind, &title, &mut chance), entry.lang()), title }
    };
    (0..count).flat_map(|_| Kind::ALL).map(&mut one).collect()
}

fn query(text: String, language: &str) -> Query {
    let site = Site::default();
    Query {
        text,
        languages: vec![language.to_owned()],
        limit: 10,
        prefix: true,
        typo_tolerance: true,
        answer_at: site.answer_at(),
        candidates_at: site.candidates_at(),
        ..Query::default()
    }
}

fn text(kind: Kind, title: &str, chance: &mut Chance) -> String {
    let mut words: Vec<String> = title.to_lowercase().split_whitespace().take(6).map(str::to_owned).collect();
    match kind {
        Kind::Clean => {}
        Kind::Prefix => {
            if let Some(word) = words.last_mut() {
                *word = word.chars().take((word.chars().count() / 2).max(3)).collect();
            }
        }
        Kind::Typo => {
            if let Some(word) = words.iter_mut().max_by_key(|word| word.chars().count()) {
                *word = misspelt(word, chance);
            }
        }
    }
    words.join(" ")
}

/// Leaves out a letter or swaps two, never the first.
fn misspelt(word: &str, chance: &mut Chance) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() > 3 {
        let at = chance.between(1, letters.len() - 2);
        if chance.is_true(0.5) {
            letters.remove(at);
        } else {
            letters.swap(at, at + 1);
        }
    }
    letters.into_iter().collect()
}
