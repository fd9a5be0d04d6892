//! Links, pictures and anchors that lead nowhere.
//!
//! Only what lies in the folder is looked at: addresses of other sites are never called.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

use super::folder::{Folder, Found, Written, is_elsewhere};
use crate::article::{Link, Problem, ProblemCode};

pub(super) fn check(
    folder: &Folder<'_>,
    from: &Written,
    public_url: &str,
    exists: &dyn Fn(&str) -> bool,
) -> Vec<Problem> {
    from.links.links.iter().filter_map(|link| check_link(folder, from, link, public_url, exists)).collect()
}

/// The articles that an article's links lead to.
pub(super) fn targets(folder: &Folder<'_>, from: &Written, public_url: &str) -> Vec<usize> {
    let found = from.links.links.iter().filter_map(|link| {
        let (address, _) = split(link, public_url)?;
        match folder.find(&from.article.path, &address, link.is_wiki, &|_| true) {
            Found::Article(at) if !address.is_empty() => Some(at),
            _ => None,
        }
    });
    found.collect()
}

/// Address and fragment of a link, decoded; nothing for links to other sites.
fn split(link: &Link, public_url: &str) -> Option<(String, String)> {
    let own = link.target.strip_prefix(public_url).filter(|_| !public_url.is_empty());
    let own = own.filter(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
    if own.is_none() && is_elsewhere(&link.target) {
        return None;
    }
    let target = own.unwrap_or(&link.target);
    let (address, fragment) = target.split_once('#').unwrap_or((target, ""));
    // A question mark in a wiki link belongs to the title.
    let address = if link.is_wiki { address } else { address.split('?').next().unwrap_or_default() };
    let address = if own.is_some() && address.is_empty() { "/" } else { address };
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decoded(address), decoded(fragment)))
}

fn check_link(
    folder: &Folder<'_>,
    from: &Written,
    link: &Link,
    public_url: &str,
    exists: &dyn Fn(&str) -> bool,
) -> Option<Problem> {
    let (address, fragment) = split(link, public_url)?;
    let problem = |code, message, help: &str| Some(from.problem(code, (link.line, link.column), message, help));
    let target = if address.is_empty() {
        from
    } else {
        match folder.find(&from.article.path, &address, link.is_wiki, exists) {
            Found::Article(at) => &folder.written[at],
            // Drafts may well lead to drafts.
            Found::Draft(at) if from.article.front_matter.draft => &folder.written[at],
            Found::Draft(at) => {
                let message = format!("`{}` leads to {}, a draft", link.target, folder.written[at].article.path);
                return problem(ProblemCode::BrokenLink, message, "publish that article, or remove the link");
            }
            Found::Outside => return None,
            Found::Kept => {
                let message = format!("`{}` is there, but of files visitors can fetch only pictures", link.target);
                let help = "put it where visitors can fetch it and link to that address, or write it as an article";
                return problem(ProblemCode::BrokenLink, message, help);
            }
            Found::Nothing => {
                let message = format!("`{}` leads nowhere", link.target);
                return problem(ProblemCode::BrokenLink, message, &help(folder, link, &address));
            }
        }
    };
    let anchors = &target.links.anchors;
    // The anchors of wiki links are headings in words, which every tool writes in its own way.
    if fragment.is_empty() || link.is_wiki || anchors.contains(&fragment) || is_top(&fragment) {
        return None;
    }
    let message = format!("there is no heading with the anchor `#{fragment}`");
    let help = match nearest(&fragment, anchors) {
        Some(near) => format!("did you mean `#{near}`?"),
        None => "use the words of a heading in lower case, with `-` for spaces".to_owned(),
    };
    problem(ProblemCode::BrokenAnchor, message, &help)
}

/// What to do about a link that leads nowhere.
fn help(folder: &Folder<'_>, link: &Link, address: &str) -> String {
    match folder.of_name(address) {
        Some(other) => format!("did you mean {}?", other.article.path),
        None if link.is_wiki => "write the title of an article, or remove the link".to_owned(),
        None => "correct the path (it is relative to this file), or remove the link".to_owned(),
    }
}

/// Fragments that browsers and other tools give a meaning of their own.
fn is_top(fragment: &str) -> bool {
    fragment == "top" || fragment.starts_with(":~:") || fragment.starts_with("tab/")
}

/// The anchor that was probably meant: the same letters in another spelling, or one that begins the same.
fn nearest<'a>(fragment: &str, anchors: &'a BTreeSet<String>) -> Option<&'a str> {
    let letters =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let wanted = letters(fragment);
    let same = anchors.iter().find(|anchor| letters(anchor) == wanted);
    let begins = || anchors.iter().find(|anchor| !wanted.is_empty() && letters(anchor).starts_with(&wanted));
    same.or_else(begins).map(String::as_str)
}
