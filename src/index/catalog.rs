//! All articles of one snapshot, by path, slug, alias and translation.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::Entry;
use crate::article::{Problem, ProblemCode, Severity};

/// The articles that one snapshot holds, in order of their paths.
#[derive(Debug, Default)]
pub struct Catalog {
    entries: Vec<Arc<Entry>>,
    /// Entries whose slug was taken, as they are without the others.
    renamed: HashMap<String, Arc<Entry>>,
    slugs: HashMap<Slug, u32>,
    aliases: HashMap<String, u32>,
    translations: HashMap<Group, Vec<u32>>,
    problems: Vec<Problem>,
}

/// A key that is a text of its article, so that no text is held twice.
macro_rules! key {
    ($name:ident, $entry:ident => $text:expr) => {
        #[derive(Debug)]
        struct $name(Arc<Entry>);

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                let $entry = &self.0;
                &$text
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                Borrow::<str>::borrow(self).hash(state);
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                Borrow::<str>::borrow(self) == Borrow::<str>::borrow(other)
            }
        }

        impl Eq for $name {}
    };
}

key!(Slug, entry => entry.front_matter.slug);
key!(Group, entry => entry.translation_key);

impl Catalog {
    /// Sorts the entries and gives each its own slug; `problems` are those of files that are no articles.
    pub(super) fn new(mut entries: Vec<Arc<Entry>>, problems: Vec<Problem>) -> Self {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let mut catalog = Self { problems, ..Self::default() };
        for entry in entries {
            catalog.add(entry);
        }
        for (at, entry) in catalog.entries.iter().enumerate() {
            for alias in &entry.front_matter.aliases {
                catalog.aliases.entry(alias_key(alias)).or_insert(at as u32);
            }
        }
        catalog.problems.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
        catalog
    }

    fn add(&mut self, mut entry: Arc<Entry>) {
        let at = self.entries.len() as u32;
        self.problems.extend(entry.problems.iter().cloned());
        let taken = self.slugs.get(entry.front_matter.slug.as_str()).map(|at| self.entries[*at as usize].path.clone());
        if let Some(other) = taken {
            let slug = self.free_slug(&entry.front_matter.slug);
            self.problems.push(Problem {
                path: entry.path.clone(),
                line: 1,
                column: 1,
                severity: Severity::Warning,
                code: ProblemCode::DuplicateSlug,
                message: format!("slug `{}` is already that of {other}", entry.front_matter.slug),
                help: format!("this article is at `{slug}` until one of them gets a `slug:` of its own"),
            });
            let mut own = Entry::clone(&entry);
            own.front_matter.slug = slug;
            self.renamed.insert(entry.path.clone(), std::mem::replace(&mut entry, Arc::new(own)));
        }
        self.slugs.insert(Slug(Arc::clone(&entry)), at);
        self.translations.entry(Group(Arc::clone(&entry))).or_default().push(at);
        self.entries.push(entry);
    }

    fn free_slug(&self, slug: &str) -> String {
        let mut number = 2;
        loop {
            let candidate = format!("{slug}-{number}");
            if !self.slugs.contains_key(candidate.as_str()) {
                return candidate;
            }
            number += 1;
        }
    }

    /// How many articles there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All articles, by path.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    /// The same with the slugs that they have by themselves.
    pub(super) fn as_written(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter().map(|entry| self.renamed.get(&entry.path).unwrap_or(entry))
    }

    /// The article at a place of the order; the index counts articles by it.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<&Arc<Entry>> {
        self.entries.get(place)
    }

    /// The place of the article with this path.
    #[must_use]
    pub fn place(&self, path: &str) -> Option<usize> {
        self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()
    }

    /// The article with this path.
    #[must_use]
    pub fn by_path(&self, path: &str) -> Option<&Arc<Entry>> {
        self.place(path).and_then(|at| self.at(at))
    }

    /// The article with this slug.
    #[must_use]
    pub fn by_slug(&self, slug: &str) -> Option<&Arc<Entry>> {
        self.slugs.get(slug).and_then(|at| self.at(*at as usize))
    }

    /// The article that once had this address; a slug or a path of the site, with or without `/` at its ends.
    #[must_use]
    pub fn by_alias(&self, alias: &str) -> Option<&Arc<Entry>> {
        self.aliases.get(&alias_key(alias)).and_then(|at| self.at(*at as usize))
    }

    /// The article in all its languages, itself included, by path.
    #[must_use]
    pub fn translations(&self, entry: &Entry) -> Vec<&Arc<Entry>> {
        let places = self.translations.get(entry.translation_key.as_str()).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|at| self.at(*at as usize)).collect()
    }

    /// Languages with their numbers of articles, most first.
    #[must_use]
    pub fn languages(&self) -> Vec<(String, usize)> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for entry in &self.entries {
            *counts.entry(entry.lang()).or_default() += 1;
        }
        let mut languages: Vec<_> = counts.into_iter().map(|(lang, count)| (lang.to_owned(), count)).collect();
        languages.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        languages
    }

    /// What is wrong with the articles, by file and line.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

fn alias_key(alias: &str) -> String {
    alias.trim_matches('/').to_lowercase()
}
