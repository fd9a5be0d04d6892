//! Does search find each article by its own title and by each of its `questions`?
//!
//! It asks as a visitor would: in the article's language, within its site, with the settings of the configuration.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use super::{
    LintError, Rules,
    folder::{Written, title_key},
};
use crate::{
    article::{Problem, ProblemCode},
    index::{Entry, Index},
    ingest::Ingest,
    search::{Answer, Filter, MAX_LIMIT, Query, SearchError, Searcher},
    source::Directory,
};

/// An article should be among this many.
const TOP: usize = 3;

/// A title or a question.
struct Asked<'a> {
    of: &'a Written,
    words: &'a str,
    is_title: bool,
}

pub(super) fn check(
    source: &Directory,
    written: &[Written],
    rules: &Rules,
    progress: &mut dyn FnMut(&'static str, usize, usize),
) -> Result<Vec<Problem>, LintError> {
    let index = Arc::new(Index::in_memory()?);
    Ingest::new(source.clone(), Arc::clone(&index), &rules.default_language)
        .compare_all(&mut |done, total| progress("indexing", done, total))?;
    let searcher = Searcher::new(index);
    let asked: Vec<Asked<'_>> = written.iter().flat_map(asked_of).collect();
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicUsize::new(0);
    let mut problems = Vec::new();
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..workers {
            let (sender, searcher, asked, next) = (sender.clone(), &searcher, &asked, &next);
            scope.spawn(move || {
                while let Some(one) = asked.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if sender.send(ask(searcher, rules, one)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (done, found) in receiver.into_iter().enumerate() {
            progress("searching", done + 1, asked.len());
            problems.extend(found?);
        }
        Ok(problems)
    })
}

fn asked_of(one: &Written) -> impl Iterator<Item = Asked<'_>> {
    let head = &one.article.front_matter;
    let is_found = head.searchable && !head.unlisted && !head.draft;
    // A title that is only a file name is a problem already.
    let title = one.article.is_titled.then_some(Asked { of: one, words: head.title.as_str(), is_title: true });
    let questions = head.questions.iter().map(move |words| Asked { of: one, words, is_title: false });
    title.into_iter().chain(questions).filter(move |_| is_found)
}

fn ask(searcher: &Searcher, rules: &Rules, asked: &Asked<'_>) -> Result<Option<Problem>, SearchError> {
    let path = &asked.of.article.path;
    let Some(site) =
        rules.sites.iter().find(|site| site.folders.is_empty() || site.folders.iter().any(|f| is_below(path, f)))
    else {
        return Ok(None);
    };
    let mut query = Query {
        text: asked.words.to_owned(),
        languages: vec![asked.of.language.clone()],
        filter: Filter { folders: site.folders.clone(), ..Filter::default() },
        limit: TOP,
        prefix: rules.search.prefix,
        typo_tolerance: rules.search.typo_tolerance,
        answer_at: site.answer_at,
        candidates_at: site.candidates_at,
        ..Query::default()
    };
    let answer = searcher.search(&query)?;
    if rank(&answer, path).is_some()
        || (asked.is_title && answer.hits.iter().any(|hit| shares_title(&hit.article, asked.of)))
    {
        return Ok(None);
    }
    query.limit = MAX_LIMIT;
    Ok(Some(problem(asked, &searcher.search(&query)?)))
}

fn rank(answer: &Answer, path: &str) -> Option<usize> {
    answer.hits.iter().position(|hit| hit.article.path == *path)
}

/// Two articles with one title cannot be told apart by it; that is a problem of its own.
fn shares_title(entry: &Entry, one: &Written) -> bool {
    title_key(one) == (entry.lang(), entry.front_matter.title.to_lowercase())
}

fn problem(asked: &Asked<'_>, answer: &Answer) -> Problem {
    let what = if asked.is_title { "the title".to_owned() } else { format!("the question `{}`", asked.words) };
    let first = answer.hits.first().map(|hit| &hit.article);
    let place = match (rank(answer, &asked.of.article.path), first) {
        (Some(rank), _) => format!("it is number {}", rank + 1),
        (None, Some(_)) => format!("it is not among the first {}", answer.hits.len()),
        (None, None) => "nothing is found".to_owned(),
    };
    let before = first.map(|entry| format!(", behind {} (`{}`)", entry.path, entry.front_matter.title));
    let message =
        format!("{what} does not bring this article into the top {TOP}: {place}{}", before.unwrap_or_default());
    let (code, at) = if asked.is_title {
        (ProblemCode::TitleNotFound, asked.of.title_place())
    } else {
        (ProblemCode::QuestionNotFound, asked.of.place(&["questions"], asked.words))
    };
    asked.of.problem(code, at, message, help(asked, answer))
}

fn help(asked: &Asked<'_>, answer: &Answer) -> String {
    let same = |text: &String| text.to_lowercase() == asked.words.to_lowercase();
    let Some(first) = answer.hits.first().map(|hit| &hit.article) else {
        return "use words that say something: little words and signs alone find nothing".to_owned();
    };
    let twin = answer
        .hits
        .iter()
        .take(TOP)
        .map(|hit| &hit.article)
        .find(|entry| entry.front_matter.questions.iter().any(same));
    match twin {
        Some(twin) => format!("{} has it among its `questions`: keep it in one of the two", twin.path),
        None if asked.is_title => {
            format!("say in the title what sets this article apart from {}, or make one article of both", first.path)
        }
        None => format!("use its words in the title, a heading or the text, or remove it if {} answers it", first.path),
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}
