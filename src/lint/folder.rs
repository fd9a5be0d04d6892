//! The articles of a folder by every name that a link, an alias or a relation may use.
//!
//! What leads where is told as the help centre's pages tell it. It judges nothing.

use std::collections::{BTreeMap, HashMap};

use crate::{
    article::{self, Article, Links, PICTURE_ENDINGS, Problem, ProblemCode},
    index::language_of,
};

use super::place::{self, Place};

/// One file, as its writer left it.
pub(super) struct Written {
    pub(super) article: Article,
    /// Problems of parsing.
    pub(super) problems: Vec<Problem>,
    pub(super) links: Links,
    pub(super) language: String,
    /// The text above the body.
    head: String,
}

impl Written {
    pub(super) fn read(path: &str, bytes: &[u8], default_language: &str) -> Self {
        let parsed = article::parse(path, bytes);
        let text = String::from_utf8_lossy(bytes);
        let head = text.lines().take(parsed.article.body_line as usize - 1).flat_map(|line| [line, "\n"]).collect();
        Self {
            links: article::links(&parsed.article),
            language: language_of(&parsed.article, default_language),
            article: parsed.article,
            problems: parsed.problems,
            head,
        }
    }

    /// Where a value of a field stands.
    pub(super) fn place(&self, names: &[&str], value: &str) -> Place {
        place::of_value(&self.head, names, value)
    }

    /// Where the title stands.
    pub(super) fn title_place(&self) -> Place {
        let title = &self.article.front_matter.title;
        match self.place(&["title"], title) {
            place::START => place::of_heading(&self.article.body, self.article.body_line, title),
            found => found,
        }
    }

    pub(super) fn problem(&self, code: ProblemCode, at: Place, message: String, help: impl Into<String>) -> Problem {
        let (line, column) = at;
        let path = self.article.path.clone();
        Problem { path, line, column, severity: code.severity(), code, message, help: help.into() }
    }
}

/// Where an address leads; articles are told by their place in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Article(usize),
    /// To an article that is not published.
    Draft(usize),
    /// To a picture, or something that cannot be checked.
    Outside,
    /// To a file or folder that is there and that visitors cannot fetch.
    Kept,
    Nothing,
}

pub(super) struct Folder<'a> {
    pub(super) written: &'a [Written],
    by_path: HashMap<&'a str, usize>,
    /// The first article with a slug.
    pub(super) by_slug: HashMap<&'a str, usize>,
    /// The first article with an earlier address, without `/` at its ends.
    pub(super) by_alias: HashMap<String, usize>,
    /// The first article of a language with a title.
    pub(super) by_title: HashMap<(&'a str, String), usize>,
    /// Titles and file names of any language, for wiki links.
    by_wiki_name: HashMap<String, usize>,
    /// Articles in all their languages.
    pub(super) groups: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Folder<'a> {
    pub(super) fn new(written: &'a [Written]) -> Self {
        let mut folder = Self {
            written,
            by_path: HashMap::new(),
            by_slug: HashMap::new(),
            by_alias: HashMap::new(),
            by_title: HashMap::new(),
            by_wiki_name: HashMap::new(),
            groups: BTreeMap::new(),
        };
        for (at, one) in written.iter().enumerate() {
            let (article, head) = (&one.article, &one.article.front_matter);
            folder.by_path.insert(&article.path, at);
            folder.groups.entry(&article.translation_key).or_default().push(at);
            if head.draft {
                continue;
            }
            folder.by_slug.entry(&head.slug).or_insert(at);
            folder.by_title.entry(title_key(one)).or_insert(at);
            for name in [head.title.as_str(), file_name(&article.path)] {
                folder.by_wiki_name.entry(name.to_lowercase()).or_insert(at);
            }
            for alias in &head.aliases {
                folder.by_alias.entry(alias_key(alias)).or_insert(at);
            }
        }
        folder
    }

    /// Where an address leads that stands in the file `from`; without query and fragment, decoded, not empty.
    pub(super) fn find(&self, from: &str, address: &str, is_wiki: bool, exists: &dyn Fn(&str) -> bool) -> Found {
        if let Some(at) = self.by_wiki_name.get(&address.to_lowercase()).filter(|_| is_wiki) {
            return Found::Article(*at);
        }
        if let Some(absolute) = address.strip_prefix('/') {
            return self.find_absolute(absolute, exists);
        }
        let Some(path) = join(from, address) else { return Found::Nothing };
        match self.find_path(&path).or_else(|| self.find_name(&path)).or_else(|| self.find_name(address)) {
            Some(at) => self.found(at),
            None => find_file(&path, exists),
        }
    }

    /// Addresses of the help centre itself; any other absolute address belongs to the site around it.
    fn find_absolute(&self, address: &str, exists: &dyn Fn(&str) -> bool) -> Found {
        if let Some(slug) = address.strip_prefix("a/") {
            let slug = slug.trim_end_matches('/');
            let slug = slug.strip_suffix(".md").unwrap_or(slug);
            let alias = || self.by_alias.get(&alias_key(address));
            return self.find_name(slug).or_else(|| alias().copied()).map_or(Found::Nothing, Found::Article);
        }
        address.strip_prefix("media/").map_or(Found::Outside, |path| find_file(path, exists))
    }

    /// The article that `related` means: a slug, or a path from the folder or from the file `from`.
    pub(super) fn find_related(&self, from: &str, related: &str) -> Option<usize> {
        let slug = self.by_slug.get(last_part(related)).copied();
        let beside = || join(from, related).and_then(|path| self.find_path(&path));
        slug.or_else(|| self.find_path(related)).or_else(beside)
    }

    /// A published article whose file has the name that an address ends with.
    pub(super) fn of_name(&self, address: &str) -> Option<&Written> {
        let at = self.by_wiki_name.get(&last_part(address).to_lowercase())?;
        Some(&self.written[*at]).filter(|other| file_name(&other.article.path).eq_ignore_ascii_case(last_part(address)))
    }

    fn find_path(&self, path: &str) -> Option<usize> {
        let bare = path.trim_matches('/');
        let bare = bare.strip_suffix(".html").unwrap_or(bare);
        let names = [bare.to_owned(), format!("{bare}.md"), format!("{bare}/index.md"), format!("{bare}/README.md")];
        names.iter().find_map(|name| self.by_path.get(name.as_str()).copied())
    }

    /// An article by its slug or an earlier one.
    fn find_name(&self, name: &str) -> Option<usize> {
        self.by_slug.get(name).or_else(|| self.by_alias.get(&alias_key(name))).copied()
    }

    fn found(&self, at: usize) -> Found {
        if self.written[at].article.front_matter.draft { Found::Draft(at) } else { Found::Article(at) }
    }
}

/// What titles must not share.
pub(super) fn title_key(one: &Written) -> (&str, String) {
    (&one.language, one.article.front_matter.title.to_lowercase())
}

/// Aliases are compared as the server does.
pub(super) fn alias_key(alias: &str) -> String {
    alias.trim_matches('/').to_lowercase()
}

/// A file that is no article.
fn find_file(path: &str, exists: &dyn Fn(&str) -> bool) -> Found {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match exists(path) {
        false => Found::Nothing,
        true if PICTURE_ENDINGS.contains(&ending.as_str()) => Found::Outside,
        true => Found::Kept,
    }
}

/// Whether an address names another site or program.
pub(super) fn is_elsewhere(address: &str) -> bool {
    let scheme = address.split(['/', '#', '?']).next().unwrap_or_default().split_once(':').map(|(scheme, _)| scheme);
    let is_scheme =
        |scheme: &str| !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
    address.starts_with("//") || scheme.is_some_and(is_scheme)
}

pub(super) fn last_part(address: &str) -> &str {
    let last = address.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    last.strip_suffix(".html").or_else(|| last.strip_suffix(".md")).unwrap_or(last)
}

fn file_name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or_default();
    file.rsplit_once('.').map_or(file, |(name, _)| name)
}

/// The path of a relative address in the file `from`; nothing where it leaves the folder.
fn join(from: &str, address: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in address.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
