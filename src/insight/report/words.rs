//! What a report says in the language of its readers. The templates have the English words; each other language has a
//! file from these to its own, and what a file lacks is said in English.

use std::collections::HashMap;

use minijinja::Value;

/// Words by language.
const WORDS: [(&str, &str); 2] = [("de", include_str!("words/de.json")), ("nl", include_str!("words/nl.json"))];

/// The words of one language.
pub(super) struct Words {
    /// The language, which is English where there are no others.
    pub(super) language: &'static str,
    by_english: HashMap<String, String>,
}

/// The words of a language, BCP 47, of which only the first part counts.
pub(super) fn of(language: &str) -> Words {
    let primary = language.split(['-', '_']).next().unwrap_or_default();
    let known = WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(primary));
    let (language, file) = known.copied().unwrap_or(("en", "{}"));
    Words { language, by_english: serde_json::from_str(file).unwrap_or_default() }
}

impl Words {
    /// The words for an English text, with these in its places `{}`, one after the other.
    pub(super) fn say(&self, english: &str, places: &[Value]) -> String {
        let text = self.by_english.get(english).map_or(english, String::as_str);
        let place = |at: usize| at.checked_sub(1).and_then(|before| places.get(before));
        text.split("{}").enumerate().fold(String::new(), |said, (at, part)| match place(at) {
            Some(place) => format!("{said}{place}{part}"),
            None => said + part,
        })
    }

    /// A share, 0..1, in percent with the decimal sign of the language.
    pub(super) fn percent(&self, share: f64) -> String {
        let text = format!("{:.1} %", 100.0 * share);
        if self.language == "en" { text } else { text.replace('.', ",") }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_language_says_everything_with_the_same_places() {
        let templates = [include_str!("report.html"), include_str!("report.md")].concat();
        let said = templates.split("t(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let code = include_str!("mod.rs");
        for (language, file) in WORDS {
            let words: HashMap<String, String> = serde_json::from_str(file).unwrap();
            for (english, text) in &words {
                assert_eq!(english.matches("{}").count(), text.matches("{}").count(), "{language}: {english}");
                let used = templates.contains(&format!("\"{english}\"")) || code.contains(&format!("\"{english}\""));
                assert!(used, "nobody says {english}");
            }
            let lacks: BTreeSet<_> = said.clone().filter(|english| !words.contains_key(*english)).collect();
            assert!(lacks.is_empty(), "{language} lacks {lacks:?}");
        }
    }

    #[test]
    fn what_is_put_into_a_place_is_no_place() {
        let (nl, other) = (of("nl-BE"), of("fi"));
        assert_eq!(nl.say("{} of {}", &["{}".into(), 7.into()]), "{} van 7");
        assert_eq!((other.language, other.say("By day", &[]).as_str()), ("en", "By day"));
        assert_eq!((nl.percent(0.123), other.percent(0.123)), ("12,3 %".into(), "12.3 %".into()));
    }
}
