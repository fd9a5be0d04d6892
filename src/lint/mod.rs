//! What is wrong with a folder of articles: rules for writers and for continuous integration.
//!
//! Parsing tells what is wrong inside one file. Here stands what only the whole folder can tell: links, names that
//! clash, translations that are missing, and whether search finds each article by its own words. Findability asks
//! the real [`Searcher`](crate::search::Searcher) over an index in memory, so that it is never milder or stricter
//! than what a visitor meets. This room prints nothing, changes nothing, and is told what day it is.

mod findability;
mod folder;
mod groups;
mod links;
mod names;
mod place;

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::{
    article::{Problem, ProblemCode},
    config::{Search, Site},
    index::IndexError,
    ingest::IngestError,
    search::SearchError,
    source::{Directory, SourceError, unreadable},
};
use folder::{Folder, Written};

/// What the rules need to know beside the folder.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The day on which the folder is checked.
    pub today: Date,
    /// Language of articles that do not say theirs and cannot be told by their words.
    pub default_language: String,
    /// Languages in which every article should exist; empty: what the folder itself makes likely.
    pub languages: Vec<String>,
    /// Address of the help centre without a trailing slash, so that links to it are followed; empty: unknown.
    pub public_url: String,
    /// An article is searched within the first site that it belongs to.
    pub sites: Vec<Site>,
    /// How search is set.
    pub search: Search,
    /// Kinds of problems that are not wanted.
    pub allowed: BTreeSet<ProblemCode>,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Articles that were read, drafts included.
    pub articles: usize,
    /// By file, line and column.
    pub problems: Vec<Problem>,
}

/// Why a folder cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum LintError {
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

/// Checks a folder; `progress` is told what is done, how much of it, and of how much.
///
/// # Errors
/// The folder cannot be listed, or the index in memory cannot be made or searched. A single file that cannot be read
/// is a problem among the others.
pub fn check(
    source: &Directory,
    rules: &Rules,
    progress: &mut dyn FnMut(&'static str, usize, usize),
) -> Result<Findings, LintError> {
    let scan = source.scan()?;
    let (total, mut problems) = (scan.files.len(), scan.problems);
    let mut written = Vec::with_capacity(total);
    for (done, file) in scan.files.into_iter().enumerate() {
        progress("reading", done, total);
        match source.read(&file.path) {
            Ok(bytes) => written.push(Written::read(&file.path, &bytes, &rules.default_language)),
            Err(error) => problems.push(unreadable(file.path, &error)),
        }
    }
    problems.extend(within(&written, rules, &|path| source.resolve(path).is_some()));
    if ![ProblemCode::TitleNotFound, ProblemCode::QuestionNotFound].iter().all(|code| rules.allowed.contains(code)) {
        problems.extend(findability::check(source, &written, rules, progress)?);
    }
    problems.retain(|problem| !rules.allowed.contains(&problem.code));
    problems.sort_by(|a, b| (&a.path, a.line, a.column, a.code).cmp(&(&b.path, b.line, b.column, b.code)));
    Ok(Findings { articles: written.len(), problems })
}

/// All that can be told without search. `exists` is asked for files that are no articles, by their path below the
/// folder.
fn within(written: &[Written], rules: &Rules, exists: &dyn Fn(&str) -> bool) -> Vec<Problem> {
    let folder = Folder::new(written);
    let mut problems: Vec<Problem> = written.iter().flat_map(|article| article.problems.clone()).collect();
    for article in written {
        problems.extend(links::check(&folder, article, &rules.public_url, exists));
        problems.extend(names::check(&folder, article, rules.today));
    }
    problems.extend(groups::untranslated(&folder, &rules.languages));
    problems.extend(groups::orphans(&folder, &rules.public_url));
    problems
}

#[cfg(test)]
mod tests;
