//! Articles among each other: translations that are missing, and articles that nothing leads to.
//!
//! Both rules speak only where the folder itself shows that more was meant: a site that translates its ten most read
//! articles is not told about all the others, and where articles do not link to each other no article is lonely.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::folder::{Folder, Written};
use super::{links, place::START};
use crate::article::{Problem, ProblemCode};

/// Articles that are too few to tell a habit by.
const HANDFUL: usize = 5;

/// One problem for each article that lacks languages. A language is expected of all articles when nearly all have it,
/// and of translated ones when nearly all of those have it; `required` replaces both by a list.
pub(super) fn untranslated(folder: &Folder<'_>, required: &[String]) -> Vec<Problem> {
    let groups: Vec<(&Written, BTreeSet<&str>)> =
        folder.groups.values().filter_map(|group| Some((original(folder, group)?, languages(folder, group)))).collect();
    let usual = usual(groups.iter().map(|(_, has)| has));
    let usual_of_translated = self::usual(groups.iter().map(|(_, has)| has).filter(|has| has.len() > 1));
    let mut problems = Vec::new();
    for (one, has) in &groups {
        let expected: BTreeSet<&str> = match required {
            [] if has.len() > 1 => usual.union(&usual_of_translated).copied().collect(),
            [] => usual.clone(),
            required => required.iter().map(String::as_str).collect(),
        };
        let missing: Vec<&str> = expected.difference(has).copied().collect();
        if !missing.is_empty() {
            let message = format!("there is no translation into {}", missing.join(", "));
            let help = "write it under the same file name in the folder of its language, or in a file with its ending";
            problems.push(one.problem(ProblemCode::MissingTranslation, START, message, help));
        }
    }
    problems
}

/// The languages that at least four in five articles have; in more than a handful of articles.
fn usual<'a, 'l: 'a>(articles: impl Iterator<Item = &'a BTreeSet<&'l str>>) -> BTreeSet<&'l str> {
    let (mut total, mut counts) = (0, BTreeMap::<&str, usize>::new());
    for has in articles {
        total += 1;
        for language in has {
            *counts.entry(language).or_default() += 1;
        }
    }
    counts.into_iter().filter(|(_, count)| *count > HANDFUL && count * 5 >= total * 4).map(|(l, _)| l).collect()
}

/// Articles that no other article names in a link or in `related`, in a folder of more than a handful of which at
/// least half are. An article and its translations are one, and a page that is the beginning of a folder needs no link.
pub(super) fn orphans(folder: &Folder<'_>, public_url: &str) -> Vec<Problem> {
    let mut reached: HashSet<&str> = HashSet::new();
    for one in folder.written.iter().filter(|one| !one.article.front_matter.draft) {
        let related = one.article.front_matter.related.iter();
        let related = related.filter_map(|name| folder.find_related(&one.article.path, name));
        for at in links::targets(folder, one, public_url).into_iter().chain(related) {
            let key = folder.written[at].article.translation_key.as_str();
            if key != one.article.translation_key {
                reached.insert(key);
            }
        }
    }
    let shown: Vec<(&str, &Written)> =
        folder.groups.iter().filter_map(|(key, group)| Some((*key, original(folder, group)?))).collect();
    if shown.len() <= HANDFUL || reached.len() * 2 < shown.len() {
        return Vec::new();
    }
    let lonely = shown.into_iter().filter(|(key, one)| !reached.contains(key) && needs_a_link(one));
    let problem = |(_, one): (&str, &Written)| {
        let help = "link to it where people would need it, or name it in `related` of an article";
        one.problem(ProblemCode::Orphan, START, "no other article leads here".to_owned(), help)
    };
    lonely.map(problem).collect()
}

fn needs_a_link(one: &Written) -> bool {
    let file = one.article.path.rsplit('/').next().unwrap_or_default().to_lowercase();
    let begins = ["index.", "_index.", "readme."].iter().any(|name| file.starts_with(name));
    !one.article.front_matter.unlisted && !begins
}

/// The article of a group that problems of the group are reported for: the first that is published, the shortest path
/// before others, which is the one outside of the folders of languages.
fn original<'a>(folder: &Folder<'a>, group: &[usize]) -> Option<&'a Written> {
    let published = group.iter().map(|at| &folder.written[*at]).filter(|one| !one.article.front_matter.draft);
    published.min_by_key(|one| (one.article.path.len(), &one.article.path))
}

/// The languages of a group; a draft is a translation on its way.
fn languages<'a>(folder: &Folder<'a>, group: &[usize]) -> BTreeSet<&'a str> {
    group.iter().map(|at| folder.written[*at].language.as_str()).collect()
}
