//! Field-weighted BM25 over whole articles.
//!
//! BM25F (Zaragoza et al. 2004): occurrences are weighed by field and field length first and
//! saturated once over the whole article, so that a word in title and body is not counted as two
//! finds. Of all that stands for a word, the best counts and not the sum. Words are taken one at a
//! time over small arrays, which suits knowledge bases: a search touches each posting of the query's
//! words once and needs no heap.

use std::io;

use super::{
    RankingModel,
    model::TermWeights,
    postings::{Posting, Postings},
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
pub(super) fn rank(
    snapshot: &Snapshot,
    model: &RankingModel,
    postings: &Postings,
    understood: &Understood,
) -> io::Result<Ranking> {
    let mut ranking = Ranking::default();
    let Some(statistics) = snapshot.statistics(&understood.language) else { return Ok(ranking) };
    let size = snapshot.catalog().len();
    let mut sums = Sums { ranked: Vec::new(), at: vec![0; size] };
    let mut best = Best { at: Vec::new(), any: Vec::new() };
    let weights = Weights::new(&model.terms, &statistics.mean_lengths);
    for (bit, concept) in understood.concepts.iter().enumerate() {
        let found = concept.variants.iter().map(|variant| {
            let postings = postings.of((snapshot, model, &weights), &understood.language, (concept, variant))?;
            Ok((variant.weight, postings))
        });
        let found = found.filter(|found| !matches!(found, Ok((_, none)) if none.is_empty()));
        let found: Vec<_> = found.collect::<io::Result<_>>()?;
        let mut weigh = |frequency: usize| {
            let information = concept.weight * idf(statistics.articles as f32, frequency as f32);
            ranking.information.push(information);
            ranking.frequencies.push(frequency as u32);
            ranking.reachable += information * weights.highest();
            information
        };
        if let [(weight, alone)] = &found[..] {
            let information = weigh(alone.len());
            for posting in alone.iter() {
                sums.add(posting.place() as u32, bit, weight * posting.weight, information, posting.is_named());
            }
        } else {
            best.at.resize(size, (0.0, false));
            for (weight, postings) in &found {
                best.take_in(*weight, postings);
            }
            let information = weigh(best.any.len());
            for place in best.any.drain(..) {
                let (value, named) = std::mem::take(&mut best.at[place as usize]);
                sums.add(place, bit, value, information, named);
            }
        }
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

/// The best that any variant of a concept came to, and whether it stands in title, questions or headings, too; by place
/// in the catalog, reset by list.
struct Best {
    at: Vec<(f32, bool)>,
    any: Vec<u32>,
}

impl Best {
    fn take_in(&mut self, weight: f32, postings: &[Posting]) {
        for posting in postings {
            let best = &mut self.at[posting.place()];
            if best.0 == 0.0 {
                self.any.push(posting.place() as u32);
            }
            best.0 = best.0.max(weight * posting.weight);
            best.1 |= posting.is_named();
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
