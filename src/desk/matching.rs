//! Which level a question belongs to, by the example questions of each.
//!
//! Question and examples go through search's own analysis. Terms weigh by their rarity among the
//! examples, and a part of a compound counts for the compound. How far a question's words belong to
//! a level, and how near the level's nearest example is, decide in equal parts. It never learns
//! from tickets: what a level is for is said in the configuration, not guessed.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Every term of the examples.
    terms: Vec<Term>,
    /// Level, places of the terms, and length of each example.
    questions: Vec<(SupportLevel, Vec<usize>, f32)>,
}

/// A term of the examples.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    stem: String,
    weight: f32,
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
        let mut counts: BTreeMap<&String, f32> = BTreeMap::new();
        for term in questions.iter().flat_map(|(_, terms)| terms) {
            *counts.entry(term).or_default() += 1.0;
        }
        let all = questions.len() as f32;
        let term = |(stem, count): (&&String, &f32)| {
            let rarity = (1.0 + all / count).ln();
            let weight = if is_stop_word(&language, stem) { STOP_WORD * rarity } else { rarity };
            Term { stem: (*stem).clone(), weight }
        };
        let known: Vec<Term> = counts.iter().map(term).collect();
        let place = |stem: &String| known.binary_search_by(|term| term.stem.cmp(stem)).ok();
        let question = |(level, terms): (SupportLevel, BTreeSet<String>)| {
            let places: Vec<usize> = terms.iter().filter_map(place).collect();
            let length = places.iter().map(|at| known[*at].weight.powi(2)).sum::<f32>().sqrt();
            (level, places, length)
        };
        let questions = questions.clone().into_iter().map(question).collect();
        Self { language, terms: known, questions }
    }

    /// Score and level that suits the question best, if any does.
    fn best(&self, question: &str) -> Option<(f32, SupportLevel)> {
        let rated = self.rated(&terms(&self.language, question));
        rated.into_iter().filter(|(score, _)| *score >= THRESHOLD).max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Every level with its score: how far the question's words belong to it, and how near its nearest example is.
    fn rated(&self, asked: &BTreeSet<String>) -> Vec<(f32, SupportLevel)> {
        let mut belongs: BTreeMap<SupportLevel, f32> = self.questions.iter().map(|(level, ..)| (*level, 0.0)).collect();
        let mut shared = vec![0.0_f32; self.questions.len()];
        let (mut all, mut length) = (0.0, 0.0_f32);
        for stem in asked {
            let weight = self.weight(stem);
            all += weight;
            length += weight.powi(2);
            let closeness: Vec<f32> = self.terms.iter().map(|term| closeness(stem, term)).collect();
            for (sum, (_, places, _)) in shared.iter_mut().zip(&self.questions) {
                *sum += places.iter().map(|&at| closeness[at] * self.terms[at].weight).fold(0.0, f32::max).powi(2);
            }
            for (level, share) in self.shares(&closeness) {
                *belongs.entry(level).or_default() += weight * share;
            }
        }
        let near = |((level, _, own), shared): (&(SupportLevel, Vec<usize>, f32), &f32)| {
            (*level, shared / (length.sqrt() * own).max(f32::MIN_POSITIVE))
        };
        let near: Vec<(SupportLevel, f32)> = self.questions.iter().zip(&shared).map(near).collect();
        let nearest = |level| near.iter().filter(|(of, _)| *of == level).map(|(_, near)| *near).fold(0.0, f32::max);
        let score =
            |(level, belongs)| (f32::midpoint(belongs / f32::max(all, f32::MIN_POSITIVE), nearest(level)), level);
        belongs.into_iter().map(score).collect()
    }

    /// How a word is shared among the levels: a word that only one level uses is all its own.
    fn shares(&self, closeness: &[f32]) -> BTreeMap<SupportLevel, f32> {
        let mut by_level: BTreeMap<SupportLevel, f32> = BTreeMap::new();
        for (level, places, _) in &self.questions {
            let close = places.iter().map(|&at| closeness[at]).fold(0.0, f32::max);
            *by_level.entry(*level).or_default() += close;
        }
        let known = by_level.values().copied().fold(0.0, f32::max).min(1.0);
        let sum: f32 = by_level.values().map(|close| close.powi(2)).sum();
        for close in by_level.values_mut() {
            *close = known * close.powi(2) / sum.max(f32::MIN_POSITIVE);
        }
        by_level
    }

    fn weight(&self, stem: &str) -> f32 {
        if let Ok(at) = self.terms.binary_search_by(|term| term.stem.as_str().cmp(stem)) {
            return self.terms[at].weight;
        }
        let rarity = (1.0 + self.questions.len() as f32).ln();
        if is_stop_word(&self.language, stem) { STOP_WORD * rarity } else { UNKNOWN * rarity }
    }
}

/// How surely a word stands for a term: itself, or a part of a compound on either side.
fn closeness(stem: &str, term: &Term) -> f32 {
    let (short, long) = if stem.len() <= term.stem.len() { (stem, term.stem.as_str()) } else { (&*term.stem, stem) };
    if short == long {
        return 1.0;
    }
    let part = (long.starts_with(short) || long.ends_with(short)) && short.chars().count() >= MIN_PART;
    if part { PART } else { 0.0 }
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
