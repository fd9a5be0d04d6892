//! Quality, measured: judged questions against an index of their own.
//!
//! A [`QuerySet`] is a folder with `articles/`, `queries.tsv`, `qrels.tsv` and `unanswerable.tsv`.
//! [`run`] asks every question as a visitor would; [`measure`](measure::measure) turns the outcome into
//! nDCG@10, MRR@10, Recall@10, Success@1, AUROC, the false positive rate at 90 % true positives and
//! the expected calibration error. This room changes nothing that is served.

mod fit;
mod measure;
mod set;

pub use fit::{Example, fit};
pub use measure::{Measures, mean, measure};
pub use set::{EvalError, QuerySet};

use std::{path::Path, sync::Arc};

use crate::{
    index::Index,
    ingest::Ingest,
    search::{Query, Searcher, Signals},
    source::Directory,
};

/// Hits that are asked for: more than any measure looks at.
const DEPTH: usize = 20;

/// One question with what search made of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The question's id.
    pub query: String,
    /// Article ids (file names without ending) with their scores, best first.
    pub ranked: Vec<(String, f32)>,
    /// Confidence that there is an answer, 0..1.
    pub confidence: f32,
    /// What the decision saw.
    pub signals: Signals,
}

/// Asks every question of a set, answerable or not.
///
/// # Errors
/// The articles cannot be indexed or searched.
pub fn run(set: &QuerySet) -> Result<Vec<Outcome>, EvalError> {
    let searcher = index(&set.folder.join("articles"))?;
    set.queries.iter().chain(&set.unanswerable).map(|(id, text)| ask(&searcher, id, text)).collect()
}

/// A searcher over a folder of articles, in memory.
///
/// # Errors
/// The folder cannot be read or the index not made.
pub fn index(articles: &Path) -> Result<Searcher, EvalError> {
    let index = Arc::new(Index::in_memory()?);
    Ingest::new(Directory::open(articles)?, Arc::clone(&index), "en").compare_all(&mut |_, _| {})?;
    Ok(Searcher::new(index))
}

fn ask(searcher: &Searcher, id: &str, text: &str) -> Result<Outcome, EvalError> {
    let query = Query {
        text: text.to_owned(),
        limit: DEPTH,
        prefix: true,
        typo_tolerance: true,
        answer_at: 0.5,
        candidates_at: 0.5,
        ..Query::default()
    };
    let answer = searcher.search(&query)?;
    let ranked = answer.hits.iter().map(|hit| (stem(&hit.article.path).to_owned(), hit.score)).collect();
    Ok(Outcome { query: id.to_owned(), ranked, confidence: answer.confidence, signals: answer.signals })
}

/// `articles/nl/install.md` is judged as `install`.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
