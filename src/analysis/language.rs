//! Languages and what the chain does for each.

use frostem::{Algorithm, Stemmer};

/// A language by the primary subtag of its BCP 47 tag.
///
/// ```
/// use zerodesk::analysis::Language;
/// assert_eq!(Language::new("pt-BR"), Language::new("PT"));
/// assert_eq!(Language::new("nl").code(), "nl");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(String);

impl Language {
    /// Takes any BCP 47 tag; only its primary subtag counts.
    #[must_use]
    pub fn new(tag: &str) -> Self {
        Self(tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase())
    }

    /// The primary subtag in lower case.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0
    }

    /// The languages that write compounds as one word and whose compounds are taken apart.
    pub const COMPOUNDING: [&str; 8] = ["nl", "de", "sv", "da", "no", "nb", "nn", "fi"];

    /// The stemmer, for the languages that have one.
    pub(super) fn stemmer(&self) -> Option<Stemmer> {
        let algorithm = match self.code() {
            "ar" => Algorithm::Arabic,
            "da" => Algorithm::Danish,
            "nl" => Algorithm::Dutch,
            "en" => Algorithm::English,
            "fi" => Algorithm::Finnish,
            "fr" => Algorithm::French,
            "de" => Algorithm::German,
            "el" => Algorithm::Greek,
            "hu" => Algorithm::Hungarian,
            "it" => Algorithm::Italian,
            "no" | "nb" | "nn" => Algorithm::Norwegian,
            "pt" => Algorithm::Portuguese,
            "ro" => Algorithm::Romanian,
            "ru" => Algorithm::Russian,
            "es" => Algorithm::Spanish,
            "sv" => Algorithm::Swedish,
            "ta" => Algorithm::Tamil,
            "tr" => Algorithm::Turkish,
            _ => return None,
        };
        Some(Stemmer::new(algorithm))
    }

    /// Whether an apostrophe ends a word of its own (`l'article`).
    pub(super) fn elides(&self) -> bool {
        matches!(self.code(), "fr" | "it" | "ca")
    }
}
