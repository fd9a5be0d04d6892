//! Which level a question belongs to, by the example questions of each.
//!
//! Question and examples go through search's own analysis. Terms weigh by their rarity among the
//! examples, and a part of a compound counts for the compound. How far a question's words belong to
//! a level, and how near the level's nearest example is, decide in equal parts. It never learns
//! from tickets: what a level is for is said in the configuration, not guessed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::SupportLevel;
use crate::{
    analysis::{Analyzer, Language, is_stop_word},
    config::Rung,
};

/// Terms of a question that are looked at.
const MAX_TERMS: usize = 100;
/// Score, 0 to 1, from which a level suits a question.
const THRESHOLD: f32 = 0.3;
/// Shortest stem, in characters, that may be a part of a longer one.
const MIN_PART: usize = 4;
/// Weight of a part of a compound against the word itself.
const PART: f32 = 0.7;
/// Weight of a stop word against another word of the same rarity.
const STOP_WORD: f32 = 0.1;
/// Weight of words that no example has: they say that the question is about something else.
const UNKNOWN: f32 = 0.4;

/// The examples of a ladder, ready to be compared with.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Matching(BTreeMap<String, Examples>);

/// The examples in one language.
#[derive(Debug, Clone, PartialEq)]
struct Examples {
    language: Language,
    /// Weight of each term.
    weights: HashMap<String, f32>,
    /// Level and terms of each example.
    questions: Vec<(SupportLevel, BTreeSet<String>)>,
}

impl Matching {
    pub(super) fn new(rungs: &[Rung]) -> Self {
        let mut questions: BTreeMap<&str, Vec<(SupportLevel, &str)>> = BTreeMap::new();
        for rung in rungs {
            for (lang, lines) in &rung.examples {
                let lines = lines.iter().map(|line| (SupportLevel(rung.level), line.as_str()));
                questions.entry(lang).or_default().extend(lines);
            }
        }
        Self(questions.into_iter().map(|(lang, lines)| (lang.to_owned(), Examples::new(lang, &lines))).collect())
    }

    /// The level that suits the question best, by the examples in the visitor's language before others.
    pub(super) fn level_of(&self, question: &str, lang: Option<&str>) -> Option<SupportLevel> {
        let own = lang.map(|lang| Language::new(lang).code().to_owned());
        let own = own.and_then(|code| self.0.get(&code)).and_then(|examples| examples.best(question));
        let others = || self.0.values().filter_map(|examples| examples.best(question));
        let best = own.or_else(|| others().max_by(|a, b| a.0.total_cmp(&b.0)));
        best.map(|(_, level)| level)
    }
}

impl Examples {
    fn new(lang: &str, lines: &[(SupportLevel, &str)]) -> Self {
        let language = Language::new(lang);
        let questions: Vec<_> = lines.iter().map(|(level, line)| (*level, terms(&language, line))).collect();
        let mut counts: HashMap<String, f32> = HashMap::new();
        for term in questions.iter().flat_map(|(_, terms)| terms) {
            *counts.entry(term.clone()).or_default() += 1.0;
        }
        let all = questions.len() as f32;
        let weight = |term: &str, count: f32| {
            let rarity = (1.0 + all / count).ln();
            if is_stop_word(&language, term) { STOP_WORD * rarity } else { rarity }
        };
        let weights = counts.into_iter().map(|(term, count)| (term.clone(), weight(&term, count))).collect();
        Self { language, weights, questions }
    }

    /// Score and level that suits the question best, if any does.
    fn best(&self, question: &str) -> Option<(f32, SupportLevel)> {
        let rated = self.rated(&terms(&self.language, question));
        rated.into_iter().filter(|(score, _)| *score >= THRESHOLD).max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Every level with its score: how far the question's words belong to it, and how near its nearest example is.
    fn rated(&self, asked: &BTreeSet<String>) -> Vec<(f32, SupportLevel)> {
        let levels: BTreeSet<SupportLevel> = self.questions.iter().map(|(level, _)| *level).collect();
        let nearest = |level| {
            let own = self.questions.iter().filter(|(of, _)| *of == level);
            own.map(|(_, terms)| self.similarity(asked, terms)).fold(0.0, f32::max)
        };
        let words = self.words(asked);
        let word = |level| words.get(&level).copied().unwrap_or_default();
        levels.into_iter().map(|level| (f32::midpoint(word(level), nearest(level)), level)).collect()
    }

    /// The share of the question's weight that belongs to each level: a word that only one level uses says most.
    fn words(&self, asked: &BTreeSet<String>) -> HashMap<SupportLevel, f32> {
        let mut shares: HashMap<SupportLevel, f32> = HashMap::new();
        let mut all = 0.0;
        for term in asked {
            let mut by_level: HashMap<SupportLevel, f32> = HashMap::new();
            for (level, terms) in &self.questions {
                let close = terms.iter().map(|other| closeness(term, other)).fold(0.0, f32::max);
                *by_level.entry(*level).or_default() += close;
            }
            let sum: f32 = by_level.values().map(|close| close.powi(2)).sum();
            let weight = self.weights.get(term).copied().unwrap_or_else(|| self.weight_of_stranger(term));
            all += weight;
            if sum > 0.0 {
                let known = by_level.values().copied().fold(0.0, f32::max).min(1.0);
                for (level, close) in by_level {
                    *shares.entry(level).or_default() += weight * known * close.powi(2) / sum;
                }
            }
        }
        for share in shares.values_mut() {
            *share /= all.max(f32::MIN_POSITIVE);
        }
        shares
    }

    /// Cosine of the two questions' weights.
    fn similarity(&self, asked: &BTreeSet<String>, example: &BTreeSet<String>) -> f32 {
        let weight = |term: &String| self.weights.get(term).copied();
        let own = |term: &String| weight(term).unwrap_or_else(|| self.weight_of_stranger(term));
        let length = |terms: &BTreeSet<String>| terms.iter().map(|term| own(term).powi(2)).sum::<f32>().sqrt();
        let shared = |term: &String| {
            let closeness = example.iter().map(|other| closeness(term, other) * weight(other).unwrap_or_default());
            closeness.fold(0.0, f32::max).powi(2)
        };
        let shared: f32 = asked.iter().map(shared).sum();
        shared / (length(asked) * length(example)).max(f32::MIN_POSITIVE)
    }

    fn weight_of_stranger(&self, term: &str) -> f32 {
        let rarity = (1.0 + self.questions.len() as f32).ln();
        if is_stop_word(&self.language, term) { STOP_WORD * rarity } else { UNKNOWN * rarity }
    }
}

/// How surely one stem stands for another: itself, or a part of a compound.
fn closeness(a: &str, b: &str) -> f32 {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    match () {
        () if short == long => 1.0,
        () if short.chars().count() >= MIN_PART && (long.starts_with(short) || long.ends_with(short)) => PART,
        () => 0.0,
    }
}

/// The stems of a text; stop words stay as they are written, so that they are known as such.
fn terms(language: &Language, text: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    Analyzer::new(language.clone()).analyze(text, |token| {
        if terms.len() < MAX_TERMS {
            let stop = is_stop_word(language, &token.forms.surface);
            terms.insert(if stop { token.forms.surface.clone() } else { token.forms.stem.clone() });
        }
    });
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn matching(examples: &[(u8, &str, &str)]) -> Matching {
        let rung = |level| {
            let mut rung = Config::default().ladder[usize::from(level)].clone();
            rung.examples.clear();
            for (_, lang, line) in examples.iter().filter(|(of, ..)| *of == level) {
                rung.examples.entry((*lang).into()).or_default().push((*line).into());
            }
            rung
        };
        Matching::new(&[0, 1, 2, 3, 4].map(rung))
    }

    #[test]
    fn the_words_of_the_examples_decide() {
        let matching = matching(&[
            (1, "en", "a question about my invoice"),
            (2, "en", "exporting invoices for the tax adviser"),
            (3, "en", "the database is broken"),
            (4, "en", "the external database server is slow"),
            (3, "de", "die Datenbank ist kaputt"),
        ]);
        let table = [
            ("I have a question on an INVOICE", "en", Some(1)),
            ("export of an invoice", "en", Some(2)),
            ("our database broke: broken database", "en", Some(3)),
            ("database server", "en", Some(4)),
            ("Datenbankserver kaputt", "de", Some(3)), // a part of a compound counts
            ("Datenbank", "nl", Some(3)),              // another language, where one's own knows nothing
            ("the lamp is blue", "en", None),
            ("is the on it", "en", None), // stop words say nothing
            ("", "en", None),
        ];
        for (question, lang, level) in table {
            assert_eq!(matching.level_of(question, Some(lang)), level.map(SupportLevel), "{lang}: {question}");
        }
        assert_eq!(Matching::default().level_of("invoice", None), None);
    }

    #[test]
    fn a_long_question_takes_no_longer_than_a_hundred_words() {
        let matching = Matching::new(&Config::default().ladder);
        let others: Vec<String> = (0..20_000).map(|n| format!("w{n}")).collect();
        let long = "database ".repeat(20_000) + &others.join(" ");
        assert!(matching.level_of(&long, Some("en")).is_none_or(|level| level.0 <= 4));
    }
}
