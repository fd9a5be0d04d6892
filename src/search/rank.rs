//! Field-weighted BM25 over whole articles.
//!
//! BM25F (Zaragoza et al. 2004): occurrences are weighed by field and field length first and
//! saturated once over the whole article, so that a word in title and body is not counted as two
//! finds. Terms are taken one at a time over small arrays, which suits knowledge bases: a search
//! touches each posting of the query's stems once and needs no heap.

use std::io;

use super::understand::Understood;
use crate::index::{Snapshot, TextField};

/// Saturation of repeated words. This and the weights below were chosen by `zerodesk eval` on seven judged sets.
const K1: f32 = 2.0;
/// Weight of an occurrence by field: title, questions, headings, body, tags, code.
const FIELD_WEIGHTS: [f32; TextField::COUNT] = [3.0, 2.0, 1.5, 1.0, 1.0, 0.5];
/// How much a field's length counts, likewise.
const LENGTH_WEIGHTS: [f32; TextField::COUNT] = [0.5, 0.2, 0.4, 0.85, 0.2, 0.75];

/// What was found for one query in one language.
#[derive(Debug, Default)]
pub(super) struct Ranking {
    /// Articles with their BM25F score, best first.
    pub articles: Vec<Ranked>,
    /// Information of each concept in bits of surprise (IDF), weighed; 0 is never reached.
    pub information: Vec<f32>,
    /// Articles that have each concept.
    pub frequencies: Vec<u32>,
    /// The score that an article with all concepts, saturated, would have.
    pub reachable: f32,
}

/// One article of a ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranked {
    /// Its place in the catalog.
    pub place: usize,
    /// Its score.
    pub score: f32,
    /// Which concepts it has, by bit.
    pub concepts: u32,
}

/// Sums per article, reset by list and not by length.
struct Sums {
    score: Vec<f32>,
    concepts: Vec<u32>,
    touched: Vec<u32>,
}

/// Scores every article that has any concept of the query.
pub(super) fn rank(snapshot: &Snapshot, understood: &Understood) -> io::Result<Ranking> {
    let mut ranking = Ranking::default();
    let Some(statistics) = snapshot.statistics(&understood.language) else { return Ok(ranking) };
    let size = snapshot.catalog().len();
    let mut sums = Sums { score: vec![0.0; size], concepts: vec![0; size], touched: Vec::new() };
    let mut found = Occurrences { weight: vec![0.0; size], touched: Vec::new() };
    let lengths = LengthWeights::new(&statistics.mean_lengths);
    for (bit, concept) in understood.concepts.iter().enumerate() {
        for variant in &concept.variants {
            found.variant(snapshot, &understood.language, &variant.stem, variant.weight, &lengths)?;
        }
        let frequency = found.touched.len() as f32;
        let information = concept.weight * idf(statistics.articles as f32, frequency);
        for place in found.touched.drain(..) {
            let occurrences = std::mem::take(&mut found.weight[place as usize]);
            sums.add(place, bit, information * occurrences * (K1 + 1.0) / (occurrences + K1));
        }
        ranking.information.push(information);
        ranking.frequencies.push(frequency as u32);
        ranking.reachable += information * (K1 + 1.0);
    }
    ranking.articles = sums.sorted();
    Ok(ranking)
}

/// How surprising a concept is (Robertson and Zaragoza 2009, kept above 0).
fn idf(articles: f32, frequency: f32) -> f32 {
    (1.0 + (articles - frequency + 0.5).max(0.5) / (frequency + 0.5)).ln()
}

/// Weighed occurrences of one concept: those of all its variants and fields add up, and are saturated together.
struct Occurrences {
    weight: Vec<f32>,
    touched: Vec<u32>,
}

impl Occurrences {
    fn variant(
        &mut self,
        snapshot: &Snapshot,
        language: &str,
        stem: &str,
        weight: f32,
        lengths: &LengthWeights,
    ) -> io::Result<()> {
        for field in TextField::ALL {
            snapshot.occurrences(field, language, stem, |place, count| {
                let weighed = weight * lengths.weigh(field, count, snapshot.lengths(place)[field as usize]);
                let sum = &mut self.weight[place];
                if *sum == 0.0 {
                    self.touched.push(place as u32);
                }
                *sum += weighed;
            })?;
        }
        Ok(())
    }
}

/// Field weights and mean lengths, ready for use.
pub(super) struct LengthWeights {
    means: [f32; TextField::COUNT],
}

impl LengthWeights {
    pub(super) fn new(means: &[f32; TextField::COUNT]) -> Self {
        Self { means: means.map(|mean| mean.max(1.0)) }
    }

    pub(super) fn weigh(&self, field: TextField, count: u32, length: u32) -> f32 {
        let at = field as usize;
        let b = LENGTH_WEIGHTS[at];
        FIELD_WEIGHTS[at] * count as f32 / (1.0 - b + b * length as f32 / self.means[at])
    }
}

impl Sums {
    fn add(&mut self, place: u32, bit: usize, score: f32) {
        let at = place as usize;
        if self.concepts[at] == 0 {
            self.touched.push(place);
        }
        self.score[at] += score;
        self.concepts[at] |= 1 << bit;
    }

    /// Best first; equals by place, so that the order never changes between two searches.
    fn sorted(self) -> Vec<Ranked> {
        let ranked = |place: &u32| {
            let at = *place as usize;
            Ranked { place: at, score: self.score[at], concepts: self.concepts[at] }
        };
        let mut articles: Vec<_> = self.touched.iter().map(ranked).collect();
        articles.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.place.cmp(&b.place)));
        articles
    }
}
