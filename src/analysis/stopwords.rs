//! Words that carry little of a question: they weigh less, but are never dropped.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::Language;

/// One file a language, words separated by white space, as people type them without diacritics.
const FILES: [(&str, &str); 5] = [
    ("en", include_str!("stopwords/en.txt")),
    ("nl", include_str!("stopwords/nl.txt")),
    ("de", include_str!("stopwords/de.txt")),
    ("fr", include_str!("stopwords/fr.txt")),
    ("es", include_str!("stopwords/es.txt")),
];

static WORDS: LazyLock<HashMap<&str, HashSet<&str>>> =
    LazyLock::new(|| FILES.iter().map(|(lang, words)| (*lang, words.split_whitespace().collect())).collect());

/// Whether `surface` (as in [`super::Forms`]) is a stop word of `language`.
///
/// ```
/// use zerodesk::analysis::{Language, is_stop_word};
/// assert!(is_stop_word(&Language::new("nl"), "hoe"));
/// assert!(!is_stop_word(&Language::new("nl"), "wachtwoord"));
/// ```
#[must_use]
pub fn is_stop_word(language: &Language, surface: &str) -> bool {
    WORDS.get(language.code()).is_some_and(|words| words.contains(surface))
}
