//! What an article calls itself and others: names that are taken, relations to nobody, what its head lacks.

use jiff::civil::Date;

use super::folder::{Folder, Written, alias_key, is_elsewhere, last_part, title_key};
use super::place::START;
use crate::article::{Problem, ProblemCode};

/// Looks at the head of one article; that of a draft may be as unfinished as the rest.
pub(super) fn check(folder: &Folder<'_>, one: &Written, today: Date) -> Vec<Problem> {
    if one.article.front_matter.draft {
        return Vec::new();
    }
    let mut problems = lacks(one);
    problems.extend(stale(one, today));
    problems.extend(clashes(folder, one));
    problems.extend(relations(folder, one));
    problems
}

/// A description is only asked for where there is front matter to put it into.
fn lacks(one: &Written) -> Vec<Problem> {
    let (article, head) = (&one.article, &one.article.front_matter);
    let mut problems = Vec::new();
    if !article.is_titled {
        let message = format!("there is no title, so the file name stands for it: `{}`", head.title);
        let help = "begin with a heading `# ...`, or give a `title`";
        problems.push(one.problem(ProblemCode::MissingTitle, START, message, help));
    }
    if head.description.is_none() && article.body_line > 1 {
        let help = "add a `description` of one sentence; lists show it below the title";
        problems.push(one.problem(ProblemCode::MissingDescription, START, "there is no description".to_owned(), help));
    }
    problems
}

fn stale(one: &Written, today: Date) -> Option<Problem> {
    let day = one.article.front_matter.review_by.filter(|day| *day < today)?;
    let message = format!("somebody should have read this again by {day}");
    let help = "read it, put right what has changed, and set a later `review_by`";
    let place = one.place(&["review_by"], &day.to_string());
    Some(one.problem(ProblemCode::Stale, place, message, help))
}

/// Slug, title and aliases that another article has taken.
fn clashes(folder: &Folder<'_>, one: &Written) -> Vec<Problem> {
    let head = &one.article.front_matter;
    let mut problems = Vec::new();
    let other =
        |at: Option<&usize>| at.map(|at| &folder.written[*at].article.path).filter(|it| **it != one.article.path);
    if let Some(other) = other(folder.by_slug.get(head.slug.as_str())) {
        let place = one.place(&["slug", "permalink", "path", "id"], &head.slug);
        let message = format!("the slug `{}` is already that of {other}", head.slug);
        problems.push(one.problem(ProblemCode::DuplicateSlug, place, message, "give one of them another `slug`"));
    }
    if let Some(other) = other(folder.by_title.get(&title_key(one))) {
        let message = format!("the title `{}` is already that of {other}", head.title);
        let help = "say in the title what sets them apart";
        problems.push(one.problem(ProblemCode::DuplicateTitle, one.title_place(), message, help));
    }
    for alias in &head.aliases {
        let slug = folder.by_slug.get(last_part(alias)).filter(|_| is_own_address(alias));
        if let Some(other) = other(slug.or_else(|| folder.by_alias.get(&alias_key(alias)))) {
            let place = one.place(&["aliases", "redirect_from"], alias);
            let message = format!("the alias `{alias}` is already an address of {other}");
            problems.push(one.problem(ProblemCode::AliasTaken, place, message, "remove the alias here or there"));
        }
    }
    problems
}

/// Relations to articles that are not there.
fn relations(folder: &Folder<'_>, one: &Written) -> Vec<Problem> {
    let related = one.article.front_matter.related.iter();
    let unknown = related.filter(|name| folder.find_related(&one.article.path, name).is_none() && !is_elsewhere(name));
    let problem = |name: &String| {
        let message = format!("the related article `{name}` is not there");
        let help = "write the slug or the path of an article";
        one.problem(ProblemCode::BrokenRelation, one.place(&["related"], name), message, help)
    };
    unknown.map(problem).collect()
}

/// Whether an alias is an address of articles, and not of some other site structure.
fn is_own_address(alias: &str) -> bool {
    let path = alias.trim_matches('/');
    !path.contains('/') || path.starts_with("a/") && path.matches('/').count() == 1
}
