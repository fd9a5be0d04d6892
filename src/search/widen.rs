//! Words written as one and as several: compounds of a word, the parts of a compound, `log in` and `login`.
//!
//! A word is widened by what the articles have, never by a list: see [`Decompounder`] for the languages that write
//! compounds as one word. In all others, only words that no article has are taken apart, and only in two.

use std::{collections::HashMap, io};

use super::understand::{Concept, Variant, VariantKind};
use crate::{
    analysis::{Analyzer, Decompounder, Forms, Language, Token, is_stop_word},
    index::{Snapshot, Words},
};

/// Compounds of one word that are looked at, and that are kept.
const COMPOUNDS: (usize, usize) = (24, 8);
/// Shortest word, in bytes, whose compounds are looked for.
const MIN_WIDENED: usize = 3;
/// Shortest half, in characters, of a word that is taken apart in a language without compounds.
const MIN_HALF: usize = 3;
/// What stands behind an English verb, and is written as one word with it as often as not.
const PARTICLES: [&str; 8] = ["in", "on", "up", "off", "out", "down", "over", "back"];

/// Weights against 1 for the word itself.
mod weight {
    /// A compound that the word is part of.
    pub(super) const COMPOUND: f32 = 0.6;
    /// One that another word of the query is part of, too.
    pub(super) const COMPOUND_OF_TWO: f32 = 0.9;
    /// One whose other part no article has as a word.
    pub(super) const DOUBTFUL: f32 = 0.4;
    /// Two words as one.
    pub(super) const JOINED: f32 = 0.9;
    /// A part of a word that articles have as a whole.
    pub(super) const PART: f32 = 0.4;
}

/// What the articles have around the words of a query.
pub(super) struct Widening<'a> {
    snapshot: &'a Snapshot,
    language: &'a Language,
    stemmer: Analyzer,
    words: Words<'a>,
}

impl<'a> Widening<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, language: &'a Language) -> Self {
        let words = snapshot.words(language.code());
        Self { snapshot, language, stemmer: Analyzer::new(language.clone()), words }
    }

    fn decompounder(&self) -> Option<Decompounder<'_>> {
        Decompounder::new(&self.stemmer, &self.words)
    }

    /// The words that an unknown word is made of, and how many articles have the rarer; more than there are where the
    /// language writes compounds as one word.
    pub(super) fn split(&self, surface: &str) -> io::Result<Option<(Vec<String>, u32)>> {
        match self.decompounder() {
            Some(decompounder) => Ok(decompounder.split(surface).map(|parts| (parts, u32::MAX))),
            None => self.halves(surface),
        }
    }

    /// The same where only the first or the last is known, for a word that is no typing error either.
    pub(super) fn split_off(&self, surface: &str) -> Option<Vec<String>> {
        self.decompounder()?.known_end(surface).map(Vec::from)
    }

    /// Whether any article has a compound of an unknown word; `trusting` as in [`Decompounder::has`].
    pub(super) fn is_within_others(&self, forms: &Forms, trusting: bool) -> bool {
        let Some(decompounder) = self.decompounder() else { return false };
        let found = self.around(&decompounder, forms);
        found.into_iter().take(COMPOUNDS.0).any(|(word, _)| decompounder.has(word, forms, trusting))
    }

    /// What may be a compound of a word.
    fn around(&self, decompounder: &Decompounder, forms: &Forms) -> Vec<(&str, u32)> {
        let (begin, end) = decompounder.ends(forms);
        let long = forms.surface.len() >= MIN_WIDENED && end.len() >= MIN_WIDENED;
        if long { self.words.around(&begin, &end) } else { Vec::new() }
    }

    /// The parts of a word that some articles have as a whole: others may have them one by one.
    pub(super) fn parts(&self, concept: &Concept) -> Vec<Concept> {
        let Some(parts) = self.decompounder().and_then(|d| d.split(&concept.surface)) else { return Vec::new() };
        let part = |surface: String| {
            let mut variants =
                vec![Variant { stem: self.stemmer.stem(&surface), weight: 1.0, kind: VariantKind::Exact }];
            variants.extend(concept.variants.iter().filter(|variant| variant.weight >= 1.0).cloned());
            Concept {
                typed_bytes: surface.len(),
                surface,
                variants,
                weight: weight::PART,
                part: true,
                ..concept.clone()
            }
        };
        parts.into_iter().map(part).collect()
    }

    /// The best way to read a word as two that articles have, and how many have the rarer; the second may be a particle, as in `setup`.
    fn halves(&self, surface: &str) -> io::Result<Option<(Vec<String>, u32)>> {
        let mut best = None;
        for (at, _) in surface.char_indices().skip(MIN_HALF) {
            let (first, second) = surface.split_at(at);
            let particle = self.language.code() == "en" && PARTICLES.contains(&second);
            let word = |half: &str| half.chars().count() >= MIN_HALF && !is_stop_word(self.language, half);
            if !word(first) || !(particle || word(second)) || !surface.chars().all(char::is_alphabetic) {
                continue;
            }
            let code = self.language.code();
            let rarer = self.snapshot.articles_with(code, first)?.min(self.snapshot.articles_with(code, second)?);
            if rarer > best.as_ref().map_or(0, |(articles, _)| *articles) {
                best = Some((rarer, vec![first.to_owned(), second.to_owned()]));
            }
        }
        Ok(best.map(|(articles, halves)| (halves, articles)))
    }

    /// Lets neighbours that articles write as one word stand for that word, too.
    pub(super) fn join(&self, text: &str, words: &[Token], concepts: &mut [Concept]) -> io::Result<()> {
        for pair in words.windows(2) {
            let (first, second) = (&pair[0].forms.surface, &pair[1].forms.surface);
            let between = text.get(pair[0].span.end..pair[1].span.start);
            let neighbours = matches!(between, Some(" " | "-" | "‐" | "‑"));
            let joined = format!("{first}{second}");
            let stop = is_stop_word(self.language, first) || is_stop_word(self.language, &joined);
            if !neighbours || stop || !joined.chars().all(char::is_alphabetic) {
                continue;
            }
            if self.snapshot.articles_with(self.language.code(), &joined)? > 0 {
                let stem = self.stemmer.stem(&joined);
                let both = concepts.iter_mut().filter(|c| !c.exact && pair.iter().any(|token| token.span == c.span));
                both.for_each(|concept| concept.add(&stem, weight::JOINED, VariantKind::Compound));
            }
        }
        Ok(())
    }

    /// Adds to each word the compounds that it is part of, those of two words of the query before others.
    pub(super) fn compounds(&self, concepts: &mut [Concept]) -> io::Result<()> {
        let Some(decompounder) = self.decompounder() else { return Ok(()) };
        let mut around = Vec::with_capacity(concepts.len());
        let mut seen: HashMap<&str, u32> = HashMap::new();
        for concept in concepts.iter() {
            let forms = self.forms(&concept.surface);
            let worth = !concept.stop && !concept.part && !concept.exact && concept.correction.is_none();
            let found = if worth { self.around(&decompounder, &forms) } else { Vec::new() };
            for (word, _) in &found {
                *seen.entry(word).or_default() += 1;
            }
            around.push((forms, found));
        }
        for (concept, (forms, mut found)) in concepts.iter_mut().zip(around) {
            let (look, keep) = COMPOUNDS;
            let known = self.snapshot.articles_with(self.language.code(), &forms.surface)? > 0;
            found.sort_by_key(|(word, _)| std::cmp::Reverse(seen[word]));
            let is_compound = |word: &str, trusting| decompounder.has(word, &forms, trusting);
            let mut kept = 0;
            for (word, _) in found.into_iter().take(look) {
                let weight = match (is_compound(word, false), known) {
                    (true, _) if seen[word] > 1 => weight::COMPOUND_OF_TWO,
                    (true, _) => weight::COMPOUND,
                    (false, false) if is_compound(word, true) => weight::DOUBTFUL,
                    (false, _) => continue,
                };
                concept.add(&self.stemmer.stem(word), weight, VariantKind::Compound);
                kept += 1;
                if kept == keep {
                    break;
                }
            }
        }
        Ok(())
    }

    fn forms(&self, surface: &str) -> Forms {
        let (stem, stop) = (self.stemmer.stem(surface), is_stop_word(self.language, surface));
        Forms { surface: surface.to_owned(), stem, plain_stem: None, stop }
    }
}
