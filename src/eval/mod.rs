//! Quality, measured: judged questions against an index of their own.
//!
//! A [`QuerySet`] is a folder with `articles/`, `queries.tsv`, `qrels.tsv` and `unanswerable.tsv`.
//! [`run`] asks every question as a visitor would; [`measure`](measure::measure) turns the outcome into the
//! figures of [`Figure::ALL`], the curves say more of the confidence, and a [`Floor`] keeps what was reached.
//! This room changes nothing that is served.

mod agreement;
mod curves;
mod fit;
mod floor;
mod measure;
mod plot;
mod replay;
mod set;
mod tune;

pub use agreement::{adjusted_rand, removed};
pub use curves::{Bin, Decided, Point, decided, reliability, risk_coverage, tenths};
pub use fit::{Example, fit};
pub use floor::{Floor, Shortfall};
pub use measure::{Figure, Measures, mean, measure};
pub use plot::{plot_reliability, plot_risk_coverage};
pub use replay::{Replay, replay};
pub use set::{QuerySet, Question};
pub use tune::{Judged, tune};

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    config::Site,
    index::{Index, IndexError},
    ingest::{Ingest, IngestError},
    search::{Query, SearchError, Searcher, Signals},
    source::{Directory, SourceError},
};

/// Hits that are asked for: more than any measure looks at.
const DEPTH: usize = 20;

/// Why quality cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A file is missing or unreadable.
    #[error("{path}: {source}; a set is a folder with articles/, queries.tsv, qrels.tsv and unanswerable.tsv")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The floor is missing or unreadable.
    #[error("{path}: {source}; make a floor with --write-floor FILE")]
    Floor {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A line does not fit.
    #[error("{path}:{line}: {message}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong and what is expected.
        message: String,
    },
    /// There is nothing to search.
    #[error("{path}: there is no article; put Markdown files there, or name another folder with --articles")]
    NoArticles {
        /// The folder.
        path: PathBuf,
    },
    /// The articles cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The articles cannot be indexed.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The index cannot be made.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The index cannot be searched.
    #[error(transparent)]
    Search(#[from] SearchError),
}

/// One question with what search made of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The question's id.
    pub query: String,
    /// Article ids, as the set calls them, with their scores, best first.
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
    let searcher = index(&set.articles)?;
    set.queries.iter().chain(&set.unanswerable).map(|question| ask(&searcher, set, question)).collect()
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

fn ask(searcher: &Searcher, set: &QuerySet, question: &Question) -> Result<Outcome, EvalError> {
    let site = Site::default();
    let query = Query {
        text: question.text.clone(),
        languages: question.languages.clone(),
        limit: DEPTH,
        prefix: true,
        typo_tolerance: true,
        answer_at: site.answer_at(),
        candidates_at: site.candidates_at(),
        ..Query::default()
    };
    let answer = searcher.search(&query)?;
    let ranked = answer.hits.iter().map(|hit| (set.article_id(&hit.article.path), hit.score)).collect();
    Ok(Outcome { query: question.id.clone(), ranked, confidence: answer.confidence, signals: answer.signals })
}
