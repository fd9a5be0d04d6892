//! The words of one language in one segment, in memory, for taking compounds apart.
//!
//! The dictionary on disk knows words by their beginnings. Compounds are asked for by their endings, and their parts by
//! stems, many times for one query. A segment never changes, so its lexicon is made once and handed from snapshot to
//! snapshot: a saved file costs its own words only.

use std::{
    cmp::{Ordering, Reverse},
    collections::HashMap,
    io,
    ops::Range,
};

use tantivy::index::InvertedIndexReader;

use crate::analysis::{Analyzer, Language, Vocabulary};

/// Words that are looked at for one beginning or ending, by segment.
const LOOKED_AT: usize = 150;

/// The lexicons of a segment by language; none for languages that write compounds as several words.
pub(super) type Lexicons = HashMap<&'static str, Lexicon>;

/// Words in order of their surfaces.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    surfaces: Texts,
    stems: Texts,
    articles: Vec<u32>,
    /// Words in order of their stems.
    by_stem: Vec<u32>,
    /// Words in order of their stems read backwards.
    by_end: Vec<u32>,
}

/// Many short texts in one.
#[derive(Debug, Default)]
struct Texts {
    text: String,
    ends: Vec<u32>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
    }

    fn at(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.text[start..self.ends[at] as usize]
    }
}

/// Makes the lexicons of a segment from its dictionary.
pub(super) fn lexicons(dictionary: &InvertedIndexReader) -> io::Result<Lexicons> {
    let mut lexicons = Lexicons::new();
    for code in Language::COMPOUNDING {
        let (from, to) = (format!("{code}:"), format!("{code};"));
        let mut words = dictionary.terms().range().ge(&from).lt(&to).into_stream()?;
        let stemmer = Analyzer::new(Language::new(code));
        let mut lexicon = Lexicon::default();
        while words.advance() {
            let surface = std::str::from_utf8(&words.key()[from.len()..]).unwrap_or_default();
            if surface.chars().all(char::is_alphabetic) {
                lexicon.surfaces.push(surface);
                lexicon.stems.push(&stemmer.stem(surface));
                lexicon.articles.push(words.value().doc_freq);
            }
        }
        if !lexicon.articles.is_empty() {
            lexicons.insert(code, lexicon.sorted());
        }
    }
    Ok(lexicons)
}

impl Lexicon {
    fn sorted(mut self) -> Self {
        let stem = |at: &u32| self.stems.at(*at as usize);
        self.by_stem = (0..self.articles.len() as u32).collect();
        self.by_stem.sort_unstable_by(|a, b| stem(a).cmp(stem(b)));
        self.by_end = (0..self.articles.len() as u32).collect();
        self.by_end.sort_unstable_by(|a, b| backwards(stem(a), stem(b)));
        self
    }

    fn articles_of(&self, surface: &str) -> u32 {
        let (mut from, mut to) = (0, self.articles.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            match self.surfaces.at(middle).cmp(surface) {
                Ordering::Equal => return self.articles[middle],
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
            }
        }
        0
    }

    fn articles_of_stem(&self, stem: &str) -> u32 {
        let range = equal_range(&self.by_stem, |at| self.stems.at(at).cmp(stem));
        self.by_stem[range].iter().map(|at| self.articles[*at as usize]).sum()
    }

    /// Words whose surface begins with `beginning`.
    fn beginning(&self, beginning: &str) -> impl Iterator<Item = usize> {
        let (mut from, mut to) = (0, self.articles.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            if self.surfaces.at(middle) < beginning { from = middle + 1 } else { to = middle }
        }
        (from..self.articles.len()).take(LOOKED_AT).take_while(move |at| self.surfaces.at(*at).starts_with(beginning))
    }

    /// Words whose stem ends with `ending`.
    fn ending(&self, ending: &str) -> impl Iterator<Item = usize> {
        let compare = |at: usize| {
            let stem = self.stems.at(at);
            if stem.ends_with(ending) { Ordering::Equal } else { backwards(stem, ending) }
        };
        self.by_end[equal_range(&self.by_end, compare)].iter().take(LOOKED_AT).map(|at| *at as usize)
    }
}

fn backwards(a: &str, b: &str) -> Ordering {
    a.bytes().rev().cmp(b.bytes().rev())
}

/// Where `compare` says equal.
fn equal_range(order: &[u32], compare: impl Fn(usize) -> Ordering) -> Range<usize> {
    let from = order.partition_point(|at| compare(*at as usize) == Ordering::Less);
    let length = order[from..].partition_point(|at| compare(*at as usize) == Ordering::Equal);
    from..from + length
}

/// The words of one language in all segments.
pub(crate) struct Words<'a> {
    pub(super) lexicons: Vec<&'a Lexicon>,
}

impl Words<'_> {
    /// Words that begin with `beginning` or whose stem ends with `ending`, with their numbers of articles, most
    /// frequent first.
    pub(crate) fn around(&self, beginning: &str, ending: &str) -> Vec<(&str, u32)> {
        let mut found: HashMap<&str, u32> = HashMap::new();
        for lexicon in &self.lexicons {
            for at in lexicon.beginning(beginning).chain(lexicon.ending(ending)) {
                *found.entry(lexicon.surfaces.at(at)).or_default() += lexicon.articles[at];
            }
        }
        let mut found: Vec<(&str, u32)> = found.into_iter().collect();
        found.sort_unstable_by_key(|(word, articles)| (Reverse(*articles), *word));
        found
    }
}

impl Vocabulary for Words<'_> {
    fn articles_of(&self, surface: &str) -> u32 {
        self.lexicons.iter().map(|lexicon| lexicon.articles_of(surface)).sum()
    }

    fn articles_of_stem(&self, stem: &str) -> u32 {
        self.lexicons.iter().map(|lexicon| lexicon.articles_of_stem(stem)).sum()
    }
}
