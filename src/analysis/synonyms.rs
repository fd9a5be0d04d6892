//! Words that mean the same, as those who run a site wrote them down: `synonyms.toml`.
//!
//! ```toml
//! [[synonyms]]
//! words = ["call back", "callback", "ring back"] # each of these finds the others
//!
//! [[synonyms]]
//! from = ["pc", "laptop"] # whoever asks for one of these ...
//! to = ["computer"]       # ... also finds this, but not the other way round
//! languages = ["en"]      # only where English is searched; without it: in every language
//! sites = ["shop"]        # only on this site; without it: on every one
//! ```
//!
//! Words are compared by their stems, so that one form stands for all. This opens no file, and what
//! a synonym is worth is up to search.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Deserialize;
use toml::Spanned;

use super::{Analyzer, Forms, Language};

/// Longest synonym in characters, and in words.
const MAX_CHARS: usize = 80;
const MAX_WORDS: usize = 8;
/// Most synonyms that are found for one query.
const MAX_FOUND: usize = 64;

/// What a file of synonyms says.
#[derive(Debug, Default)]
pub struct Synonyms {
    rules: Vec<Rule>,
    /// In the terms of a language, made when it is first searched.
    tables: Mutex<HashMap<Language, Arc<SynonymTable>>>,
}

/// Why a file of synonyms cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}; {help}")]
pub struct SynonymsError {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// One entry: whoever asks for one of `from` also finds `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    from: Vec<String>,
    to: Vec<String>,
    languages: Vec<Language>,
    sites: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    #[serde(default)]
    synonyms: Vec<Spanned<WrittenRule>>,
}

type Terms = Vec<Spanned<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    words: Option<Spanned<Terms>>,
    from: Option<Spanned<Terms>>,
    to: Option<Spanned<Terms>>,
    #[serde(default)]
    languages: Terms,
    #[serde(default)]
    sites: Terms,
}

/// A mistake with where it stands, in bytes.
type Mistake = (Range<usize>, String, String);

impl Synonyms {
    /// Reads the text of a file; `sites` are the keys of the sites that there are.
    ///
    /// ```
    /// use zerodesk::analysis::Synonyms;
    /// assert!(Synonyms::parse("[[synonyms]]\nwords = [\"tv\", \"television\"]", &[]).is_ok());
    /// let error = Synonyms::parse("[[synonyms]]\nwords = [\"tv\"]", &[]).unwrap_err();
    /// assert_eq!((error.line, error.column), (2, 9));
    /// ```
    ///
    /// # Errors
    /// The first mistake of the text.
    pub fn parse(text: &str, sites: &[String]) -> Result<Self, SynonymsError> {
        let text = text.trim_start_matches('\u{feff}');
        let file: WrittenFile = toml::from_str(text).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            at(text, error.span().map_or(0, |span| span.start), message, "correct the TOML".into())
        })?;
        let rules: Result<Vec<Rule>, Mistake> =
            file.synonyms.into_iter().map(|rule| Rule::read(&rule.span(), rule.get_ref(), sites)).collect();
        let rules = rules.map_err(|(span, message, help)| at(text, span.start, message, help))?;
        Ok(Self { rules, tables: Mutex::default() })
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The synonyms in the terms of `language`. They are kept: ask only for languages that are searched.
    #[must_use]
    pub fn table(&self, language: &Language) -> Arc<SynonymTable> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || Arc::new(SynonymTable::new(&self.rules, language));
        Arc::clone(tables.entry(language.clone()).or_insert_with(made))
    }
}

fn at(text: &str, byte: usize, message: String, help: String) -> SynonymsError {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    SynonymsError {
        line: 1 + before.matches('\n').count() as u32,
        column: 1 + before[line_start..].chars().count() as u32,
        message,
        help,
    }
}

impl Rule {
    fn read(span: &Range<usize>, written: &WrittenRule, sites: &[String]) -> Result<Self, Mistake> {
        let (from, to) = match (&written.words, &written.from, &written.to) {
            (Some(words), None, None) => (terms(words, 2)?, terms(words, 2)?),
            (None, Some(from), Some(to)) => (terms(from, 1)?, terms(to, 1)?),
            _ => {
                let message = "an entry needs either `words`, or `from` and `to`".to_owned();
                let help = "write `words` where each finds the others, `from` and `to` for one direction".to_owned();
                return Err((span.clone(), message, help));
            }
        };
        let languages = written.languages.iter().map(language).collect::<Result<_, _>>()?;
        let known = |site: &Spanned<String>| {
            let key = site.get_ref();
            let help = || format!("use the name of a table below `sites`: {}", sites.join(", "));
            let found = sites.contains(key).then(|| key.clone());
            found.ok_or_else(|| (site.span(), format!("there is no site `{key}`"), help()))
        };
        Ok(Self { from, to, languages, sites: written.sites.iter().map(known).collect::<Result<_, _>>()? })
    }
}

fn language(tag: &Spanned<String>) -> Result<Language, Mistake> {
    let language = Language::new(tag.get_ref());
    let is_code = (2..=3).contains(&language.code().len()) && language.code().bytes().all(|b| b.is_ascii_lowercase());
    let message = || format!("`{}` is not a language", tag.get_ref());
    is_code.then_some(language).ok_or_else(|| (tag.span(), message(), "write a code such as `nl`".to_owned()))
}

fn terms(list: &Spanned<Terms>, least: usize) -> Result<Vec<String>, Mistake> {
    if list.get_ref().len() < least {
        let help = if least > 1 { "write at least two" } else { "write at least one" };
        return Err((list.span(), "there are too few words in this list".to_owned(), help.to_owned()));
    }
    list.get_ref().iter().map(term).collect()
}

fn term(written: &Spanned<String>) -> Result<String, Mistake> {
    let term = written.get_ref();
    let mistake = |message: &str, help: &str| Err((written.span(), message.to_owned(), help.to_owned()));
    if !term.contains(char::is_alphanumeric) {
        return mistake("there is no word in it", "write a word, or remove it");
    }
    if term.chars().count() > MAX_CHARS || term.split_whitespace().count() > MAX_WORDS {
        return mistake("it is too long", &format!("write at most {MAX_WORDS} words and {MAX_CHARS} characters"));
    }
    Ok(term.clone())
}

/// Words in the terms of one language.
type Phrase = Vec<Arc<Forms>>;

/// The synonyms of one language, by the first stem of what is asked.
#[derive(Debug, Default)]
pub struct SynonymTable {
    entries: Vec<Entry>,
    by_stem: HashMap<String, Vec<usize>>,
}

#[derive(Debug)]
struct Entry {
    from: Phrase,
    to: Arc<Vec<Phrase>>,
    sites: Vec<String>,
}

/// A synonym of words of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synonym<'a> {
    /// Which words it stands for, by number.
    pub words: Range<usize>,
    /// What means the same, word by word.
    pub means: &'a [Arc<Forms>],
}

impl SynonymTable {
    fn new(rules: &[Rule], language: &Language) -> Self {
        let mut analyzer = Analyzer::new(language.clone());
        let mut table = Self::default();
        for rule in rules.iter().filter(|rule| rule.languages.is_empty() || rule.languages.contains(language)) {
            let mut phrase = |term: &String| {
                let mut words = Vec::new();
                analyzer.analyze(term, |token| words.push(token.forms));
                words
            };
            let to = Arc::new(rule.to.iter().map(&mut phrase).collect::<Vec<_>>());
            for from in rule.from.iter().map(&mut phrase) {
                table.add(Entry { from, to: Arc::clone(&to), sites: rule.sites.clone() });
            }
        }
        table
    }

    fn add(&mut self, entry: Entry) {
        for stem in entry.from.first().into_iter().flat_map(|first| first.stems()) {
            self.by_stem.entry(stem.to_owned()).or_default().push(self.entries.len());
        }
        self.entries.push(entry);
    }

    /// What means the same as words of a query that stand side by side, in their order.
    #[must_use]
    pub fn find(&self, words: &[Arc<Forms>], site: &str) -> Vec<Synonym<'_>> {
        let mut found: Vec<Synonym> = Vec::new();
        for (start, first) in words.iter().enumerate() {
            let entries = first.stems().filter_map(|stem| self.by_stem.get(stem)).flatten();
            for entry in entries.map(|at| &self.entries[*at]) {
                let here = words[start..].iter().take(entry.from.len());
                let of_site = entry.sites.is_empty() || entry.sites.iter().any(|own| own == site);
                if !of_site || !same(here, &entry.from) {
                    continue;
                }
                let range = start..start + entry.from.len();
                for means in entry.to.iter().filter(|means| !same(entry.from.iter(), means)) {
                    let synonym = Synonym { words: range.clone(), means };
                    if found.len() < MAX_FOUND && !found.contains(&synonym) {
                        found.push(synonym);
                    }
                }
            }
        }
        found
    }
}

/// Whether words have the same stems, one by one.
fn same<'a>(words: impl ExactSizeIterator<Item = &'a Arc<Forms>>, phrase: &Phrase) -> bool {
    let alike = |(a, b): (&Arc<Forms>, &Arc<Forms>)| a.stems().any(|stem| b.stems().any(|other| stem == other));
    words.len() == phrase.len() && words.zip(phrase).all(alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a query's words also mean, as `typed=meant`.
    fn found(file: &str, lang: &str, site: &str, query: &str) -> Vec<String> {
        let synonyms = Synonyms::parse(file, &["shop".into(), "default".into()]).unwrap();
        let language = Language::new(lang);
        let mut words = Vec::new();
        Analyzer::new(language.clone()).analyze(query, |token| words.push(token.forms));
        let shown = |words: &[Arc<Forms>]| words.iter().map(|w| w.surface.as_str()).collect::<Vec<_>>().join(" ");
        let table = synonyms.table(&language);
        let found = table.find(&words, site);
        found.iter().map(|s| format!("{}={}", shown(&words[s.words.clone()]), shown(s.means))).collect()
    }

    #[test]
    fn words_find_what_means_the_same() {
        let file = r#"
            [[synonyms]]
            words = ["call back", "callback", "terugbelverzoek"]
            [[synonyms]]
            from = ["pc", "Laptop"]
            to = ["computer"]
            languages = ["en", "nl-BE"]
            [[synonyms]]
            words = ["cart", "basket"]
            sites = ["shop"]
        "#;
        let table: [(&str, &str, &str, &[&str]); 14] = [
            ("en", "default", "request a callback", &["callback=call back", "callback=terugbelverzoek"]),
            ("en", "default", "please call back", &["call back=callback", "call back=terugbelverzoek"]),
            ("en", "default", "calls back", &["calls back=callback", "calls back=terugbelverzoek"]),
            ("en", "default", "call me back", &[]),
            ("en", "default", "back call", &[]),
            ("nl", "default", "terugbelverzoeken", &["terugbelverzoeken=call back", "terugbelverzoeken=callback"]),
            ("en", "default", "slow PC", &["pc=computer"]),
            ("en", "default", "laptops", &["laptops=computer"]),
            ("nl", "default", "pc", &["pc=computer"]),
            ("de", "default", "pc", &[]),
            ("en", "default", "computer", &[]),
            ("en", "shop", "my cart", &["cart=basket"]),
            ("en", "default", "my cart", &[]),
            ("en", "default", "", &[]),
        ];
        for (lang, site, query, expected) in table {
            assert_eq!(found(file, lang, site, query), expected, "{lang} {site}: {query}");
        }
    }

    #[test]
    fn what_is_found_is_bounded() {
        let many: Vec<String> = (0..500).map(|n| format!("\"word{n}\"")).collect();
        let file = format!("[[synonyms]]\nwords = [{}]", many.join(", "));
        assert_eq!(found(&file, "en", "", "word1 word2 word3").len(), MAX_FOUND);
    }

    #[test]
    fn mistakes_say_where_they_are() {
        let long = format!("[[synonyms]]\nwords = [\"a\", \"{}\"]", "x".repeat(81));
        let table = [
            ("[[synonyms]]\nwords = [\"a\", \"b\"", (2, 18), "correct the TOML"),
            ("[[synonyms]]\n\nword = [\"a\", \"b\"]", (3, 1), "word"),
            ("[synonyms]\nwords = [\"a\", \"b\"]", (1, 1), "sequence"),
            ("[[synonyms]]\nwords = \"a\"", (2, 9), "sequence"),
            ("[[synonyms]]\nwords = [\"a\", 3]", (2, 15), "string"),
            ("[[synonyms]]\nwords = [\"a\"]", (2, 9), "too few"),
            ("\n[[synonyms]]\nfrom = [\"a\"]", (2, 1), "either `words`"),
            ("[[synonyms]]\nwords = [\"a\", \"b\"]\nto = [\"c\"]", (1, 1), "either `words`"),
            ("[[synonyms]]\nfrom = []\nto = [\"c\"]", (2, 8), "too few"),
            ("[[synonyms]]\nwords = [\"é\", \"?!\"]", (2, 15), "no word"),
            (&long, (2, 15), "too long"),
            ("[[synonyms]]\nwords = [\"a\", \"b\"]\nlanguages = [\"en\", \"dutch\"]", (3, 20), "not a language"),
            ("[[synonyms]]\nwords = [\"a\", \"b\"]\nsites = [\"shp\"]", (3, 10), "default, shop"),
        ];
        for (text, place, message) in table {
            let error = Synonyms::parse(text, &["default".into(), "shop".into()]).expect_err(text);
            assert_eq!((error.line, error.column), place, "{text}\n{error}");
            assert!(error.to_string().contains(message), "{text}\n{error}");
        }
        assert!(Synonyms::parse("", &[]).unwrap().is_empty());
        assert!(Synonyms::parse("\u{feff}# nothing yet\n", &[]).unwrap().is_empty());
    }
}
