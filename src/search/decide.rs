//! Does the knowledge base answer? A calibrated probability from a few signals.
//!
//! "Zero hits" almost never happens once typing errors and prefixes match, and a raw BM25 score
//! means another thing for every query. The signals here are shares and logarithms that mean the same
//! everywhere; a logistic model fitted on judged questions turns them into one probability. Its weights are a file of the
//! project (`decision.json`) that `zerodesk eval --fit` writes.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{
    Candidate, Decision,
    learned::Evidence,
    rank::{self, Ranking},
    understand::Understood,
};
use crate::index::Snapshot;

/// What the decision sees, all of the best article unless said otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signals {
    /// Its BM25F score over the best score that the query could reach.
    pub share: f32,
    /// Share of the query's information (IDF) in its best section.
    pub section_coverage: f32,
    /// Likeness of its best line (cosine of TF-IDF vectors).
    pub line_likeness: f32,
    /// How far words stand together on its best line as in the query.
    pub closeness: f32,
    /// Share of the telling words of the query that it has, each counting the same.
    pub words_found: f32,
    /// Square root of how far the next article is behind, on the scale of the ranking score: whether there is a lead says
    /// more than how long it is, and a lone weak hit is no certainty.
    pub gap: f32,
    /// Logarithm of the information that its best section has of the telling words, counted in words that no article
    /// has, plus 1; 0 for stop words alone.
    pub information: f32,
    /// Logarithm of the number of articles, plus 1.
    pub articles: f32,
}

impl Signals {
    /// How many there are.
    pub const COUNT: usize = 8;
    /// Their names, in the order of their declaration.
    pub const NAMES: [&str; Self::COUNT] =
        ["share", "section_coverage", "line_likeness", "closeness", "words_found", "gap", "information", "articles"];

    /// The signals in the order of their declaration.
    #[must_use]
    pub fn values(&self) -> [f32; Self::COUNT] {
        let Self { share, section_coverage, line_likeness, closeness, words_found, gap, information, articles } = *self;
        [share, section_coverage, line_likeness, closeness, words_found, gap, information, articles]
    }
}

impl From<[f32; Self::COUNT]> for Signals {
    fn from(values: [f32; Self::COUNT]) -> Self {
        let [share, section_coverage, line_likeness, closeness, words_found, gap, information, articles] = values;
        Self { share, section_coverage, line_likeness, closeness, words_found, gap, information, articles }
    }
}

/// The fitted model, with what made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionModel {
    /// Judged sets that it was fitted on.
    pub fitted_on: Vec<String>,
    /// Day of the fit.
    pub date: jiff::civil::Date,
    /// Constant term.
    pub bias: f32,
    /// Weight of each signal.
    pub weights: Signals,
}

impl DecisionModel {
    /// The model that comes with this version.
    #[must_use]
    pub fn bundled() -> &'static Self {
        static MODEL: LazyLock<DecisionModel> = LazyLock::new(|| {
            serde_json::from_str(include_str!("decision.json")).expect("the bundled decision model is valid")
        });
        &MODEL
    }

    /// Probability, 0..1, that the best article answers. Nothing is asked by stop words alone, and nothing answered by an
    /// article that has no other word of the query.
    #[must_use]
    pub fn confidence(&self, signals: &Signals) -> f32 {
        if signals.words_found == 0.0 {
            return 0.0;
        }
        1.0 / (1.0 + (-(self.bias + self.contributions(signals).iter().sum::<f32>())).exp())
    }

    /// What each signal adds to the logarithm of the odds.
    #[must_use]
    pub fn contributions(&self, signals: &Signals) -> [f32; Signals::COUNT] {
        let (weights, values) = (self.weights.values(), signals.values());
        std::array::from_fn(|at| weights[at] * values[at])
    }
}

pub(super) fn decide(confidence: f32, answer_at: f32, candidates_at: f32) -> Decision {
    if confidence >= answer_at {
        Decision::Answer
    } else if confidence >= candidates_at {
        Decision::Candidates
    } else {
        Decision::NoAnswer
    }
}

/// The signals of a ranking whose best articles were read.
pub(super) fn signals(snapshot: &Snapshot, understood: &Understood, ranking: &Ranking, hits: &[Candidate]) -> Signals {
    let Some(best) = hits.first() else { return Signals::default() };
    let reading = best.reading;
    let articles = snapshot.statistics(&understood.language).map_or(0, |s| s.articles) as f32;
    let telling = || {
        let words = understood.concepts.iter().zip(&ranking.information).enumerate();
        words
            .filter(|(_, (concept, _))| !concept.stop && !concept.part)
            .map(|(bit, (_, information))| (bit, information))
    };
    let found = telling().filter(|(bit, _)| best.ranked.concepts >> bit & 1 == 1).count();
    let asked = telling().map(|(_, information)| information).sum::<f32>() / rank::idf(articles, 0.0);
    Signals {
        share: (best.ranked.score / ranking.reachable.max(f32::MIN_POSITIVE))
            .max(best.learned.map_or(0.0, Evidence::share)),
        section_coverage: reading.section_coverage,
        line_likeness: reading.line_likeness,
        closeness: reading.closeness,
        words_found: found as f32 / telling().count().max(1) as f32,
        gap: (best.score - hits.get(1).map_or(0.0, |next| next.score)).max(0.0).sqrt(),
        information: if found == 0 { 0.0 } else { (1.0 + reading.section_coverage * asked).ln() },
        articles: (1.0 + articles).ln(),
    }
}
