//! A half-written message becomes a query: its words that say something, without those that every message has.
//!
//! The search itself keeps the rarest of them, so that a long message does not drown its own subject.

use std::collections::HashSet;

use crate::analysis::{Analyzer, Language, is_stop_word};

/// Words of a message that are looked at.
const WORDS: usize = 100;

/// The subject, and the first 100 different words of the message that are no stop words of `lang`.
///
/// ```
/// use zerodesk::search::message_query;
/// assert_eq!(message_query("Printer", "The printer prints the pages twice.", "en"), "Printer prints pages twice");
/// ```
#[must_use]
pub fn message_query(subject: &str, message: &str, lang: &str) -> String {
    let language = Language::new(lang);
    let mut analyzer = Analyzer::new(language.clone());
    let mut seen = HashSet::new();
    let mut words: Vec<&str> = Vec::new();
    // Word by word, so that quotes and dashes of a letter are no signs of a query.
    analyzer.analyze(subject, |token| {
        seen.insert(token.forms.surface.clone());
        words.push(&subject[token.span]);
    });
    let most = words.len() + WORDS;
    analyzer.analyze(message, |token| {
        let surface = &token.forms.surface;
        if words.len() < most && !is_stop_word(&language, surface) && seen.insert(surface.clone()) {
            words.push(&message[token.span]);
        }
    });
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_message_has_is_left_out() {
        let table = [
            ("en", "", "How do I export an invoice to DATEV?", "export invoice DATEV"),
            ("nl", "Factuur", "Hoe kan ik de factuur downloaden", "Factuur downloaden"),
            ("en", "Only a subject", "", "Only a subject"),
            ("en", "\"Urgent\" -invoice", "- no \"help\"", "Urgent invoice help"),
            ("en", "", "", ""),
        ];
        for (lang, subject, message, expected) in table {
            assert_eq!(message_query(subject, message, lang), expected);
        }
        let long: Vec<String> = (0..500).map(|n| format!("word{n}")).collect();
        assert_eq!(message_query("", &long.join(" "), "en").split(' ').count(), WORDS);
    }
}
