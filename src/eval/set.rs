//! Judged query sets on disk: questions, which article answers each, and questions that none answers.
//!
//! What stands in a set is checked before anything is asked, because a misspelt id would only look
//! like a bad search. Every fault names its file and line. It never repairs a set.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use super::EvalError;
use crate::source::Directory;

/// Questions with their judgments.
#[derive(Debug, Clone, Default)]
pub struct QuerySet {
    /// Name of the folder.
    pub name: String,
    /// Where the articles are.
    pub articles: PathBuf,
    /// Questions that an article answers.
    pub queries: Vec<Question>,
    /// Relevant articles with their grade, by question; every question of `queries` has one.
    pub judgments: HashMap<String, HashMap<String, u32>>,
    /// Questions that no article answers.
    pub unanswerable: Vec<Question>,
    /// Questions of `queries.tsv` that have no relevant article; they are not asked.
    pub unjudged: Vec<String>,
    /// How the set calls articles that it does not call by their path.
    pub(super) names: HashMap<String, String>,
}

/// One line of `queries.tsv` or `unanswerable.tsv`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// Its id.
    pub id: String,
    /// The visitor's words.
    pub text: String,
    /// Languages to look in, the visitor's first; empty: all at once.
    pub languages: Vec<String>,
    /// What sort of question it is, such as `typo`; empty where the set does not say.
    pub kind: String,
}

impl QuerySet {
    /// Reads a set; `articles` is for sets without a folder of articles of their own.
    ///
    /// # Errors
    /// The file and line of the first fault: a missing file, wrong columns, an id that is not there or there twice.
    pub fn read(folder: &Path, articles: Option<&Path>) -> Result<Self, EvalError> {
        let own = folder.join("articles");
        let articles = if own.exists() { own } else { articles.map_or(own, Path::to_owned) };
        let mut seen = HashMap::new();
        let mut queries = questions(&folder.join("queries.tsv"), &mut seen)?;
        let unanswerable = questions(&folder.join("unanswerable.tsv"), &mut seen)?;
        let (judgments, names) = judgments(&folder.join("qrels.tsv"), &queries, &Paths::read(&articles)?)?;
        let unjudged = queries.extract_if(.., |question| !judgments.contains_key(&question.id));
        let unjudged = unjudged.map(|question| question.id).collect();
        let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let name = full.file_name().unwrap_or(full.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, articles, queries, judgments, unanswerable, unjudged, names })
    }

    /// What the set calls the article at a path: as it is judged, else the path without its ending.
    #[must_use]
    pub fn article_id(&self, path: &str) -> String {
        let id = without_ending(path);
        self.names.get(id).map_or(id, String::as_str).to_owned()
    }

    /// The set with those questions only.
    #[must_use]
    pub fn part(&self, wanted: impl Fn(&Question) -> bool) -> Self {
        let mut part = self.clone();
        part.queries.retain(&wanted);
        part.unanswerable.retain(&wanted);
        let left: HashSet<&str> = part.queries.iter().map(|question| question.id.as_str()).collect();
        part.judgments.retain(|id, _| left.contains(id.as_str()));
        part
    }
}

/// Where an id stands first.
type Seen = HashMap<String, String>;

fn questions(path: &Path, seen: &mut Seen) -> Result<Vec<Question>, EvalError> {
    const COLUMNS: &str = "id, text, and if you like languages (such as `nl,en`) and kind, separated by tabs";
    let mut questions = Vec::new();
    for (line, columns) in rows(path, 2..=4, COLUMNS)? {
        let fault = |message| EvalError::Line { path: path.to_owned(), line, message };
        let column = |at: usize| columns.get(at).map(|text| text.trim()).unwrap_or_default().to_owned();
        let (id, text, kind) = (column(0), column(1), column(3));
        if id.is_empty() || text.is_empty() {
            return Err(fault(format!("the {} is empty", if id.is_empty() { "id" } else { "question" })));
        }
        let languages: Vec<String> = column(2).split(',').map(str::trim).map(str::to_owned).collect();
        let languages = if languages == [""] { Vec::new() } else { languages };
        if let Some(wrong) = languages.iter().find(|tag| !is_language(tag)) {
            return Err(fault(format!("`{wrong}` is no language tag such as `nl`; the columns are {COLUMNS}")));
        }
        if let Some(first) = seen.insert(id.clone(), format!("{}:{line}", path.display())) {
            return Err(fault(format!("the id `{id}` is there already, at {first}; give each question its own")));
        }
        questions.push(Question { id, text, languages, kind });
    }
    if questions.is_empty() && path.ends_with("queries.tsv") {
        let message = format!("there is no question; write one a line: {COLUMNS}");
        return Err(EvalError::Line { path: path.to_owned(), line: 1, message });
    }
    Ok(questions)
}

fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().is_some_and(|part| (2..=3).contains(&part.len()) && part.chars().all(char::is_alphabetic));
    first && parts.all(|part| (2..=8).contains(&part.len()) && part.chars().all(char::is_alphanumeric))
}

type Judgments = HashMap<String, HashMap<String, u32>>;

fn judgments(
    path: &Path,
    queries: &[Question],
    articles: &Paths,
) -> Result<(Judgments, HashMap<String, String>), EvalError> {
    const COLUMNS: &str = "id of the question, 0, id of the article and grade, separated by tabs";
    let known: HashSet<&str> = queries.iter().map(|question| question.id.as_str()).collect();
    let (mut judgments, mut names): (Judgments, HashMap<String, String>) = Default::default();
    for (line, columns) in rows(path, 4..=4, COLUMNS)? {
        let fault = |message| EvalError::Line { path: path.to_owned(), line, message };
        let [query, _, article, grade] = &columns[..] else { continue };
        if !known.contains(query.as_str()) {
            return Err(fault(format!("question `{query}` is not in queries.tsv; add it there, or remove this line")));
        }
        let grade: i64 =
            grade.trim().parse().map_err(|_| fault(format!("grade `{grade}` is not a whole number such as 1")))?;
        let name = names.entry(articles.find(article).map_err(fault)?).or_insert_with(|| article.clone());
        if name != article {
            return Err(fault(format!("article `{article}` is called `{name}` further up; write one of the two")));
        }
        let before = judgments.entry(query.clone()).or_default().insert(article.clone(), grade.max(0) as u32);
        if before.is_some() {
            return Err(fault(format!("`{article}` is judged for `{query}` already; keep one of the lines")));
        }
    }
    for relevant in judgments.values_mut() {
        relevant.retain(|_, grade| *grade > 0);
    }
    judgments.retain(|_, relevant| !relevant.is_empty());
    if judgments.is_empty() {
        let message = format!("no article is judged as relevant; write one judgment a line: {COLUMNS}");
        return Err(EvalError::Line { path: path.to_owned(), line: 1, message });
    }
    Ok((judgments, names))
}

/// The articles of a set by what a judgment may call them.
struct Paths {
    folder: PathBuf,
    /// Paths without ending.
    all: HashSet<String>,
    /// Those paths by file name without ending.
    by_name: HashMap<String, Vec<String>>,
}

impl Paths {
    fn read(folder: &Path) -> Result<Self, EvalError> {
        let mut paths = Self { folder: folder.to_owned(), all: HashSet::new(), by_name: HashMap::new() };
        for file in Directory::open(folder)?.scan()?.files {
            let id = without_ending(&file.path);
            let name = id.rsplit('/').next().unwrap_or(id);
            paths.by_name.entry(name.to_owned()).or_default().push(id.to_owned());
            paths.all.insert(id.to_owned());
        }
        if paths.all.is_empty() {
            return Err(EvalError::NoArticles { path: folder.to_owned() });
        }
        Ok(paths)
    }

    /// The path that is meant: the path itself, or a file name that only one article has.
    fn find(&self, id: &str) -> Result<String, String> {
        if self.all.contains(id) {
            return Ok(id.to_owned());
        }
        match self.by_name.get(id).map_or(&[][..], Vec::as_slice) {
            [only] => Ok(only.clone()),
            [] => Err(format!(
                "article `{id}` is not in {}; write its path there without the ending, such as `nl/install`",
                self.folder.display()
            )),
            several => Err(format!("article `{id}` may be any of {}; write the path", several.join(", "))),
        }
    }
}

fn without_ending(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(id, _)| id)
}

/// The lines of a tab-separated file with their numbers; blank lines are passed over.
fn rows(
    path: &Path,
    columns: std::ops::RangeInclusive<usize>,
    meant: &str,
) -> Result<Vec<(usize, Vec<String>)>, EvalError> {
    let text = fs::read_to_string(path).map_err(|source| EvalError::File { path: path.to_owned(), source })?;
    let mut rows = Vec::new();
    for (at, line) in
        text.trim_start_matches('\u{feff}').lines().enumerate().filter(|(_, line)| !line.trim().is_empty())
    {
        let found: Vec<String> = line.split('\t').map(str::to_owned).collect();
        if !columns.contains(&found.len()) {
            let message = format!("{} columns; expected are {meant}", found.len());
            return Err(EvalError::Line { path: path.to_owned(), line: at + 1, message });
        }
        rows.push((at + 1, found));
    }
    Ok(rows)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A folder with these files.
    pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    const GOOD: [(&str, &str); 5] = [
        ("queries.tsv", "q1\thow\nq2\twaar\tnl,en\ttypo\n"),
        ("qrels.tsv", "q1\t0\ta\t1\nq2\t0\tnl/b\t2\nq2\t0\ta\t0\n"),
        ("unanswerable.tsv", "u1\twhy\n"),
        ("articles/a.md", "# A"),
        ("articles/nl/b.md", "# B"),
    ];

    #[test]
    fn a_set_says_what_is_asked_where_and_what_answers() {
        let dir = folder(&GOOD);
        let set = QuerySet::read(dir.path(), None).unwrap();
        assert_eq!(set.queries[1].languages, ["nl", "en"]);
        assert_eq!((set.queries[1].kind.as_str(), set.queries[0].kind.as_str()), ("typo", ""));
        assert!(set.queries[0].languages.is_empty());
        assert_eq!(set.judgments["q2"], HashMap::from([("nl/b".to_owned(), 2)]));
        let part = set.part(|question| question.kind == "typo");
        assert_eq!((part.queries.len(), part.judgments.len(), part.unanswerable.len()), (1, 1, 0));
    }

    #[test]
    fn articles_are_called_as_they_are_judged() {
        for (judged, path, expected) in [
            ("a", "a.md", "a"),
            ("nl/b", "nl/b.md", "nl/b"),
            ("b", "nl/b.md", "b"),
            ("a", "nl/b.md", "nl/b"),
            ("a", "c.nl.md", "c.nl"),
        ] {
            let mut files = GOOD.to_vec();
            let qrels = format!("q1\t0\t{judged}\t1");
            files[1].1 = &qrels;
            let dir = folder(&files);
            assert_eq!(QuerySet::read(dir.path(), None).unwrap().article_id(path), expected, "{judged} {path}");
        }
    }

    #[test]
    fn articles_may_be_elsewhere() {
        let (dir, elsewhere) = (folder(&GOOD[..3]), folder(&[("a.md", "# A"), ("nl/b.md", "# B")]));
        let message = QuerySet::read(dir.path(), None).unwrap_err().to_string();
        assert!(message.contains("articles") && message.contains("--articles"), "{message}");
        assert_eq!(QuerySet::read(dir.path(), Some(elsewhere.path())).unwrap().articles, elsewhere.path());
        fs::create_dir(dir.path().join("articles")).unwrap();
        let message = QuerySet::read(dir.path(), Some(elsewhere.path())).unwrap_err().to_string();
        assert!(message.contains("no article"), "its own folder comes first, and is empty: {message}");
    }

    #[test]
    fn questions_without_an_article_are_left_out() {
        let mut files = GOOD;
        files[1].1 = "q1\t0\ta\t1\nq2\t0\ta\t0";
        let dir = folder(&files);
        let set = QuerySet::read(dir.path(), None).unwrap();
        assert_eq!((set.queries.len(), &set.unjudged[..]), (1, &["q2".to_owned()][..]));
    }

    #[test]
    fn mistakes_in_a_set_say_where_and_what_to_do() {
        let table = [
            ("queries.tsv", "q1 how", "queries.tsv:1: 1 columns; expected are id, text"),
            ("queries.tsv", "q1\thow\n\nq2\ta\tnl\tb\tc", "queries.tsv:3: 5 columns"),
            ("queries.tsv", "q1\thow\nq1\twhere", "queries.tsv:2: the id `q1` is there already, at "),
            ("queries.tsv", "q1\thow\nq2\t ", "queries.tsv:2: the question is empty"),
            ("queries.tsv", "\thow", "queries.tsv:1: the id is empty"),
            ("queries.tsv", "q1\thow\nq2\twhy\tin Dutch", "queries.tsv:2: `in Dutch` is no language tag"),
            ("queries.tsv", "\n\n", "queries.tsv:1: there is no question"),
            ("unanswerable.tsv", "u1\twhy\nq1\twhat", "unanswerable.tsv:2: the id `q1` is there already, at "),
            ("qrels.tsv", "q1\t0\ta\t1\n\nq9\t0\ta\t1", "qrels.tsv:3: question `q9` is not in queries.tsv"),
            ("qrels.tsv", "q1\t0\ta\tmuch", "qrels.tsv:1: grade `much`"),
            ("qrels.tsv", "q1\t0\ta", "qrels.tsv:1: 3 columns"),
            ("qrels.tsv", "q1\t0\tx\t1", "qrels.tsv:1: article `x` is not in "),
            ("qrels.tsv", "q1\t0\ta\t1\nq1\t0\ta\t2", "qrels.tsv:2: `a` is judged for `q1` already"),
            ("qrels.tsv", "q1\t0\tb\t1\nq2\t0\tnl/b\t1", "qrels.tsv:2: article `nl/b` is called `b` further up"),
            ("qrels.tsv", "q1\t0\ttwice\t1", "qrels.tsv:1: article `twice` may be any of de/twice, nl/twice"),
            ("qrels.tsv", "q1\t0\ta\t0", "qrels.tsv:1: no article is judged as relevant"),
            ("qrels.tsv", "", "qrels.tsv:1: no article is judged"),
        ];
        for (file, text, expected) in table {
            let dir = folder(&GOOD);
            for path in ["articles/de/twice.md", "articles/nl/twice.md"] {
                fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
                fs::write(dir.path().join(path), "# Twice").unwrap();
            }
            fs::write(dir.path().join(file), text).unwrap();
            let message = QuerySet::read(dir.path(), None).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        for file in ["queries.tsv", "qrels.tsv", "unanswerable.tsv"] {
            let dir = folder(&GOOD);
            fs::remove_file(dir.path().join(file)).unwrap();
            let message = QuerySet::read(dir.path(), None).unwrap_err().to_string();
            assert!(message.contains(file) && message.contains("a set is a folder with"), "{message}");
        }
    }
}
