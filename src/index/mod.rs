//! The search index on disk.

use crate::article::FrontMatter;

/// What pages and APIs see of an article.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Path below the article folder.
    pub path: String,
    /// What the article says about itself; the language is always set.
    pub front_matter: FrontMatter,
    /// Groups translations.
    pub translation_key: String,
    /// Hash of the file, hexadecimal.
    pub revision: String,
    /// Words of the text.
    pub words: u32,
}

impl Entry {
    /// The article's language.
    #[must_use]
    pub fn lang(&self) -> &str {
        self.front_matter.lang.as_deref().unwrap_or("en")
    }
}
