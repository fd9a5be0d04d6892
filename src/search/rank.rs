//! Field-weighted BM25 over whole articles.
//!
//! BM25F (Zaragoza et al. 2004): occurrences are weighed by field and field length first and
//! saturated once over the whole article, so that a word in title and body is not counted as two
//! finds. Of all that stands for a word, the best counts and not the sum. Terms are taken one at a
//! time over small arrays, which suits knowledge bases: a search touches each posting of the query's
//! stems once and needs no heap.

use std::io;

use super::{
    RankingModel,
    model::TermWeights,
    understand::{Concept, Understood, Variant},
};
use crate::index::{Snapshot, TextField};

/// What was found for one query in one language.
#[derive(Debug, Default)]
pub(super) struct Ranking {
    /// Articles that have anything of the query, in no order.
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
    /// Information of these.
    pub covered: f32,
    /// Information of those that its title, questions and headings have.
    pub named: f32,
}

/// Sums per article, reset by list and not by length.
struct Sums {
    ranked: Vec<Ranked>,
    /// Where an article stands in `ranked`, counted from 1; by place in the catalog.
    at: Vec<u32>,
}

/// Scores every article that has any concept of the query.
pub(super) fn rank(snapshot: &Snapshot, model: &RankingModel, understood: &Understood) -> io::Result<Ranking> {
    let mut ranking = Ranking::default();
    let Some(statistics) = snapshot.statistics(&understood.language) else { return Ok(ranking) };
    let size = snapshot.catalog().len();
    let mut sums = Sums { ranked: Vec::new(), at: vec![0; size] };
    let mut found = Occurrences::new(size);
    let weights = Weights::new(&model.terms, &statistics.mean_lengths);
    for (bit, concept) in understood.concepts.iter().enumerate() {
        for variant in &concept.variants {
            for term in terms(model, concept, variant) {
                found.add(snapshot, &understood.language, &term, &weights)?;
            }
            found.keep_best(|occurrences| variant.weight * weights.saturate(occurrences));
        }
        let frequency = found.any.len() as f32;
        let information = concept.weight * idf(statistics.articles as f32, frequency);
        for place in found.any.drain(..) {
            let (best, named) = std::mem::take(&mut found.best[place as usize]);
            sums.add(place, bit, best, information, named);
        }
        ranking.information.push(information);
        ranking.frequencies.push(frequency as u32);
        ranking.reachable += information * weights.highest();
    }
    ranking.articles = sums.ranked;
    Ok(ranking)
}

impl Ranking {
    /// The best articles by `estimate`, best first and at most `most`; equals by place, so that the order never changes
    /// between two searches. All stay in `articles`.
    pub(super) fn best(&mut self, most: usize, estimate: impl Fn(&Ranked) -> f32) -> Vec<Ranked> {
        let mut rated: Vec<(f32, Ranked)> = self.articles.iter().map(|ranked| (estimate(ranked), *ranked)).collect();
        let order = |a: &(f32, Ranked), b: &(f32, Ranked)| b.0.total_cmp(&a.0).then(a.1.place.cmp(&b.1.place));
        if most < rated.len() {
            rated.select_nth_unstable_by(most, order);
            rated.truncate(most);
        }
        rated.sort_unstable_by(order);
        rated.into_iter().map(|(_, ranked)| ranked).collect()
    }
}

/// One term to look for.
pub(super) struct Term {
    /// As the index has it, without the language.
    pub text: String,
    /// Where.
    pub fields: &'static [TextField],
    /// Weight of its occurrences.
    pub weight: f32,
}

/// What to look for so as to find a variant: its stem, and the very form of the word where the index keeps it.
pub(super) fn terms(model: &RankingModel, concept: &Concept, variant: &Variant) -> impl Iterator<Item = Term> {
    let inflected = model.variants.inflected;
    let typed = variant.weight >= 1.0 && inflected < 1.0;
    let form = typed.then(|| Term {
        text: format!("={}", concept.surface),
        fields: &TextField::WITH_FORMS,
        weight: 1.0 - inflected,
    });
    let stem = Term { text: format!(":{}", variant.stem), fields: &TextField::ALL, weight: inflected };
    std::iter::once(stem).chain(form)
}

/// How surprising a concept is (Robertson and Zaragoza 2009, kept above 0).
pub(super) fn idf(articles: f32, frequency: f32) -> f32 {
    (1.0 + (articles - frequency + 0.5).max(0.5) / (frequency + 0.5)).ln()
}

/// Weighed occurrences of one variant, and the best that any variant of the concept came to; by place in the catalog.
struct Occurrences {
    weight: Vec<f32>,
    touched: Vec<u32>,
    /// Whether it stands in title, questions or headings, too.
    best: Vec<(f32, bool)>,
    any: Vec<u32>,
}

impl Occurrences {
    fn new(size: usize) -> Self {
        Self { weight: vec![0.0; size], touched: Vec::new(), best: vec![(0.0, false); size], any: Vec::new() }
    }

    fn add(&mut self, snapshot: &Snapshot, language: &str, term: &Term, weights: &Weights) -> io::Result<()> {
        for field in term.fields.iter().copied() {
            let named = TextField::WITH_FORMS.contains(&field);
            snapshot.occurrences(field, language, &term.text, |place, count| {
                let sum = &mut self.weight[place];
                if *sum == 0.0 {
                    self.touched.push(place as u32);
                }
                self.best[place].1 |= named;
                *sum += term.weight * weights.weigh(field, count, snapshot.lengths(place)[field as usize]);
            })?;
        }
        Ok(())
    }

    fn keep_best(&mut self, value: impl Fn(f32) -> f32) {
        for place in self.touched.drain(..) {
            let value = value(std::mem::take(&mut self.weight[place as usize]));
            let best = &mut self.best[place as usize];
            if best.0 == 0.0 {
                self.any.push(place);
            }
            best.0 = best.0.max(value);
        }
    }
}

/// Field weights and mean lengths, ready for use.
pub(super) struct Weights {
    saturation: f32,
    fields: [f32; TextField::COUNT],
    /// What an occurrence is divided by: so much at least, and so much more for each word of the field.
    least: [f32; TextField::COUNT],
    each: [f32; TextField::COUNT],
}

impl Weights {
    pub(super) fn new(terms: &TermWeights, means: &[f32; TextField::COUNT]) -> Self {
        let lengths = terms.lengths.values();
        Self {
            saturation: terms.saturation,
            fields: terms.fields.values(),
            least: lengths.map(|b| 1.0 - b),
            each: std::array::from_fn(|at| lengths[at] / means[at].max(1.0)),
        }
    }

    /// Occurrences in a field of a certain length.
    #[inline]
    pub(super) fn weigh(&self, field: TextField, count: u32, length: u32) -> f32 {
        let at = field as usize;
        self.fields[at] * count as f32 / (self.least[at] + self.each[at] * length as f32)
    }

    /// What weighed occurrences come to.
    #[inline]
    pub(super) fn saturate(&self, occurrences: f32) -> f32 {
        occurrences * self.highest() / (occurrences + self.saturation)
    }

    /// What no number of occurrences reaches.
    fn highest(&self) -> f32 {
        self.saturation + 1.0
    }
}

impl Sums {
    fn add(&mut self, place: u32, bit: usize, found: f32, information: f32, named: bool) {
        let at = &mut self.at[place as usize];
        if *at == 0 {
            self.ranked.push(Ranked { place: place as usize, score: 0.0, concepts: 0, covered: 0.0, named: 0.0 });
            *at = self.ranked.len() as u32;
        }
        let ranked = &mut self.ranked[*at as usize - 1];
        ranked.score += information * found;
        ranked.concepts |= 1 << bit;
        ranked.covered += information;
        ranked.named += if named { information } else { 0.0 };
    }
}
