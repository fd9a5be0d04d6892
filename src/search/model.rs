//! The weights of the ranking: a readable file of the project (`ranking.json`), fitted on judged questions.
//!
//! `zerodesk eval --fit-ranking` writes it. Nothing here ranks; it only says what counts how much.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::index::TextField;

/// Everything that ranking weighs, with what it was fitted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankingModel {
    /// Judged sets that it was fitted on.
    pub fitted_on: Vec<String>,
    /// Day of the fit.
    pub date: jiff::civil::Date,
    /// BM25F over whole articles.
    pub terms: TermWeights,
    /// What counts as a word of the query.
    pub variants: VariantWeights,
    /// Reading the best articles line by line.
    pub lines: LineWeights,
    /// What an article has before anybody asks.
    pub priors: PriorWeights,
}

/// BM25F (Zaragoza et al. 2004).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermWeights {
    /// k1: how slowly repeated words stop to count.
    pub saturation: f32,
    /// Weight of an occurrence by field.
    pub fields: ByField,
    /// b: how much a field's length counts, 0..1.
    pub lengths: ByField,
    /// Weight of a stop word against 1 for others.
    pub stop_word: f32,
}

/// Weights of the ways in which a word can match, against 1 for the word itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantWeights {
    /// A completion of the unfinished last word.
    pub completion: f32,
    /// The same where the unfinished word is a word already.
    pub completion_of_word: f32,
    /// One typing error; several multiply.
    pub one_error: f32,
    /// The same for a word that hardly any article has, on top.
    pub rare: f32,
    /// An error in the first letter, on top.
    pub first_letter: f32,
    /// Another form of the same word, where the very form can be told.
    pub inflected: f32,
}

/// Weights of the best lines, against 1 for the article's share of the reachable BM25F score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineWeights {
    /// The line that is most like the query.
    pub best: f32,
    /// The title or one of the questions.
    pub title: f32,
    /// Share of the query's information in the best title, question or heading, squared: nearly all counts, half does not.
    pub named: f32,
    /// One title, question or heading that has all words of the query in their order; nearly all count little.
    pub whole: f32,
    /// Share of the query's information in the whole article.
    pub coverage: f32,
    /// How much words that stand together as in the query lift a line.
    pub closeness: f32,
    /// Information of a word that the query does not have, as a share of the highest possible.
    pub other_word: f32,
}

/// What an article has before anybody asks. Judged sets do not tell these; they are small enough to decide only
/// between articles that are nearly equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorWeights {
    /// The writer's `weight`: the lower, the further to the front.
    pub weight: f32,
    /// How new it is against the newest article.
    pub freshness: f32,
}

/// A number for each [`TextField`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ByField {
    pub title: f32,
    pub questions: f32,
    pub headings: f32,
    pub body: f32,
    pub tags: f32,
    pub code: f32,
}

impl ByField {
    /// In the order of [`TextField::ALL`].
    #[must_use]
    pub const fn values(&self) -> [f32; TextField::COUNT] {
        [self.title, self.questions, self.headings, self.body, self.tags, self.code]
    }
}

impl RankingModel {
    /// The model that comes with this version.
    #[must_use]
    pub fn bundled() -> Arc<Self> {
        static MODEL: LazyLock<Arc<RankingModel>> = LazyLock::new(|| {
            Arc::new(serde_json::from_str(include_str!("ranking.json")).expect("the bundled ranking model is valid"))
        });
        Arc::clone(&MODEL)
    }
}
