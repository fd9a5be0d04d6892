//! Judged query sets on disk.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use crate::{index::IndexError, ingest::IngestError, search::SearchError, source::SourceError};

/// Questions with their judgments.
#[derive(Debug, Clone)]
pub struct QuerySet {
    /// Name of the folder.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// Answerable questions: id and text.
    pub queries: Vec<(String, String)>,
    /// Relevant articles with their grade, by question.
    pub judgments: HashMap<String, HashMap<String, u32>>,
    /// Questions that no article answers: id and text.
    pub unanswerable: Vec<(String, String)>,
}

/// Why a set cannot be measured.
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

impl QuerySet {
    /// Reads a set.
    ///
    /// # Errors
    /// A missing file, a line with too few columns, a judgment of a question that is not there.
    pub fn read(folder: &Path) -> Result<Self, EvalError> {
        let queries = questions(&folder.join("queries.tsv"))?;
        let unanswerable = questions(&folder.join("unanswerable.tsv"))?;
        let judgments = judgments(&folder.join("qrels.tsv"), &queries)?;
        let name =
            folder.file_name().map_or_else(|| folder.display().to_string(), |n| n.to_string_lossy().into_owned());
        Ok(Self { name, folder: folder.to_owned(), queries, judgments, unanswerable })
    }
}

fn questions(path: &Path) -> Result<Vec<(String, String)>, EvalError> {
    rows(path, 2)?.into_iter().map(|(_, mut columns)| Ok((columns.swap_remove(0), columns.swap_remove(0)))).collect()
}

fn judgments(path: &Path, queries: &[(String, String)]) -> Result<HashMap<String, HashMap<String, u32>>, EvalError> {
    let known: HashSet<&str> = queries.iter().map(|(id, _)| id.as_str()).collect();
    let mut judgments: HashMap<String, HashMap<String, u32>> = HashMap::new();
    for (line, columns) in rows(path, 4)? {
        let fault = |message| EvalError::Line { path: path.to_owned(), line, message };
        let [query, _, article, grade] = &columns[..] else { continue };
        if !known.contains(query.as_str()) {
            return Err(fault(format!("question `{query}` is not in queries.tsv")));
        }
        let grade: i32 = grade.parse().map_err(|_| fault(format!("grade `{grade}` is not a whole number")))?;
        if let Ok(grade @ 1..) = u32::try_from(grade) {
            judgments.entry(query.clone()).or_default().insert(article.clone(), grade);
        }
    }
    Ok(judgments)
}

/// The lines of a tab-separated file with their numbers; blank lines are passed over.
fn rows(path: &Path, columns: usize) -> Result<Vec<(usize, Vec<String>)>, EvalError> {
    let text = fs::read_to_string(path).map_err(|source| EvalError::File { path: path.to_owned(), source })?;
    let mut rows = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let found: Vec<String> = line.split('\t').map(str::to_owned).collect();
        if found.len() != columns {
            let message = format!("{} columns separated by tabs where {columns} are expected", found.len());
            return Err(EvalError::Line { path: path.to_owned(), line: at + 1, message });
        }
        rows.push((at + 1, found));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_in_a_set_say_which_line() {
        let good = [("queries.tsv", "q1\thow"), ("qrels.tsv", "q1\t0\ta\t1"), ("unanswerable.tsv", "u1\twhy\n")];
        let table = [
            ("queries.tsv", Some("q1 how"), "queries.tsv:1"),
            ("qrels.tsv", Some("q1\t0\ta\t1\n\nq2\t0\ta\t1"), "qrels.tsv:3: question `q2`"),
            ("qrels.tsv", Some("q1\t0\ta\tmuch"), "grade `much`"),
            ("unanswerable.tsv", None, "unanswerable.tsv"),
        ];
        for (file, text, expected) in table {
            let dir = tempfile::tempdir().unwrap();
            for (name, content) in good {
                fs::write(dir.path().join(name), content).unwrap();
            }
            assert!(QuerySet::read(dir.path()).is_ok());
            match text {
                Some(text) => fs::write(dir.path().join(file), text).unwrap(),
                None => fs::remove_file(dir.path().join(file)).unwrap(),
            }
            let message = QuerySet::read(dir.path()).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
