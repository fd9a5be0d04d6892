//! A visitor's words become concepts: the stems to look for, with their weights.

use std::{collections::HashSet, io, ops::Range, sync::Arc};

use serde::Serialize;

use super::{MAX_TERMS, Query, Search, reword, syntax::Asked, widen::Widening};
use crate::{
    analysis::{Analyzer, Forms, Language, Token, is_stop_word},
    index::Snapshot,
};

/// Concepts that may be widened by typo tolerance in one query.
const MAX_TYPO_TERMS: usize = 4;
/// Shortest word, in characters, that may be mistyped; shorter ones match too much.
const MIN_TYPO_CHARS: usize = 4;
/// Words this long may have two typing errors.
const TWO_ERRORS_CHARS: usize = 8;
/// Variants of one mistyped word that are looked for.
const MAX_VARIANTS: usize = 4;
/// Words looked at, and kept, for an unfinished word.
const COMPLETIONS: (usize, usize) = (400, 24);

/// Concepts of one query; they are bits of a number.
pub(super) const MAX_CONCEPTS: usize = 24;

/// Weights of the ways in which a word can match, against 1 for the word itself.
mod weight {
    pub(super) const COMPLETION: f32 = 0.75;
    pub(super) const COMPLETION_OF_WORD: f32 = 0.25;
    pub(super) const ONE_ERROR: f32 = 0.7;
    pub(super) const TWO_ERRORS: f32 = 0.4;
    pub(super) const OTHER_FIRST_LETTER: f32 = 0.6;
    pub(super) const STOP_WORD: f32 = 0.4;
}

/// One word of the query with everything that counts as that word.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Concept {
    /// As typed, normalised.
    pub surface: String,
    /// Stems with their weights, best first.
    pub variants: Vec<Variant>,
    /// Weight of the concept in the query.
    pub weight: f32,
    /// Whether it is a stop word.
    pub stop: bool,
    /// Whether nothing else stands for it, because it is in quotation marks.
    pub exact: bool,
    /// Whether it is part of a word that is looked for as a whole beside it.
    pub part: bool,
    /// The word that was probably meant, if the typed one is not in any article.
    pub correction: Option<String>,
    /// Where the word stands in the query's text, in bytes.
    pub span: Range<usize>,
}

/// One stem that stands for a concept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variant {
    /// The stem.
    pub stem: String,
    /// At most 1: how surely it is what was meant.
    pub weight: f32,
    /// How it came to stand for it.
    pub kind: VariantKind,
}

/// How a word of the articles comes to stand for a word of the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantKind {
    /// It is the word, in any of its forms.
    Exact,
    /// It goes on from an unfinished word.
    Prefix,
    /// It is what a mistyped word may have been.
    Typo,
    /// It means the same.
    Synonym,
    /// It is a compound with the word, or the word written together or apart.
    Compound,
}

impl Concept {
    /// Lets `stem` stand for it, too.
    pub(super) fn add(&mut self, stem: &str, weight: f32, kind: VariantKind) {
        match self.variants.iter_mut().find(|variant| variant.stem == stem) {
            Some(known) => known.weight = known.weight.max(weight),
            None => self.variants.push(Variant { stem: stem.to_owned(), weight, kind }),
        }
    }
}

impl VariantKind {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Typo => "typo",
            Self::Synonym => "synonym",
            Self::Compound => "compound",
        }
    }
}

/// A query in one language.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Understood {
    /// The language.
    pub language: String,
    /// Its words in order.
    pub concepts: Vec<Concept>,
    /// The words of a synonym that mean something only together.
    pub together: Vec<Arc<Forms>>,
}

/// The query's text within the limit: trimmed, without control characters.
pub(super) fn clean(text: &str, limit: usize) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let cut: String = printable.take(limit).collect();
    cut.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Understood {
    /// The text with every corrected word put right; `None` where there is nothing to correct.
    pub(super) fn corrected(&self, text: &str) -> Option<String> {
        let mut corrected = text.to_owned();
        for concept in self.concepts.iter().rev() {
            if let Some(word) = &concept.correction {
                corrected.replace_range(concept.span.clone(), word);
            }
        }
        (corrected != text).then_some(corrected)
    }
}

/// Finds out what the words of a query stand for in `language`; first as it was asked, then in the words of synonyms.
pub(super) fn understand(search: &Search, asked: &Asked, language: &str) -> io::Result<(Understood, Vec<Understood>)> {
    let Search { snapshot, query, synonyms, .. } = *search;
    let analyzer_language = Language::new(language);
    let mut analyzer = Analyzer::new(analyzer_language.clone());
    let mut tokens = Vec::new();
    analyzer.analyze(&asked.text, |token| tokens.push(token));
    // An unfinished word has nothing behind it.
    let open_end = query.prefix && tokens.last().is_some_and(|token| token.span.end == asked.text.len());
    let unfinished = tokens.last().filter(|_| open_end && !query.text.ends_with(char::is_whitespace)).cloned();
    let telling = most_telling(snapshot, &analyzer_language, tokens.clone())?;
    let is_searched = snapshot.statistics(analyzer_language.code()).is_some();
    let table = if is_searched { synonyms.table(&analyzer_language) } else { Arc::default() };
    let forms: Vec<_> = tokens.iter().map(|token| Arc::clone(&token.forms)).collect();
    let same = reword::permitted(table.find(&forms, &query.site), &tokens, asked);

    let widening = Widening::new(snapshot, &analyzer_language);
    let mut reader = Reader { snapshot, query, language: &analyzer_language, analyzer, widening, typo_terms: 0 };
    let mut concepts: Vec<Concept> = Vec::with_capacity(telling.len());
    for token in &telling {
        let known = same.iter().any(|synonym| forms[synonym.words.clone()].contains(&token.forms));
        let may_be = MayBe {
            unfinished: unfinished.as_ref() == Some(token),
            mistyped: !known,
            other: !asked.is_quoted(token.span.start),
        };
        concepts.extend(reader.concepts(token, may_be)?);
    }
    concepts.truncate(MAX_CONCEPTS);
    reader.widening.compounds(&mut concepts)?;
    reader.widening.join(&asked.text, &tokens, &mut concepts)?;
    let mut understood = Understood { language: analyzer_language.code().to_owned(), concepts, together: Vec::new() };
    reword::widen(&mut understood, &tokens, &same);
    let wordings = reword::wordings(snapshot, &understood, &tokens, &same, |forms| reader.concept(forms, &(0..0)))?;
    Ok((understood, wordings))
}

/// Each word once, and of a long query the rarest: they say what it is about.
fn most_telling(snapshot: &Snapshot, language: &Language, mut words: Vec<Token>) -> io::Result<Vec<Token>> {
    // The last of equal words stays, because it may be the unfinished one.
    let mut seen = HashSet::new();
    words.reverse();
    words.retain(|token| seen.insert(Arc::clone(&token.forms)));
    words.reverse();
    if words.len() <= MAX_TERMS {
        return Ok(words);
    }
    let mut rated = Vec::with_capacity(words.len());
    for token in words {
        let articles = snapshot.articles_with(language.code(), &token.forms.surface)?;
        let unknown = articles == 0;
        rated.push(((is_stop_word(language, &token.forms.surface), unknown, articles), token));
    }
    rated.sort_by_key(|(rating, _)| *rating);
    rated.truncate(MAX_TERMS);
    rated.sort_by_key(|(_, token)| token.span.start);
    Ok(rated.into_iter().map(|(_, token)| token).collect())
}

struct Reader<'a> {
    snapshot: &'a Snapshot,
    query: &'a Query,
    language: &'a Language,
    analyzer: Analyzer,
    widening: Widening<'a>,
    typo_terms: usize,
}

/// What a word may be besides itself.
#[derive(Clone, Copy)]
struct MayBe {
    /// Anything at all: it is not in quotation marks.
    other: bool,
    unfinished: bool,
    mistyped: bool,
}

impl Reader<'_> {
    /// What a word stands for: one concept, or several where it is a compound.
    fn concepts(&mut self, token: &Token, may_be: MayBe) -> io::Result<Vec<Concept>> {
        let forms = &token.forms;
        let mut concept = self.concept(forms, &token.span);
        if !may_be.other {
            return Ok(vec![Concept { exact: true, ..concept }]);
        }
        let known = self.snapshot.articles_with(self.language.code(), &forms.surface)? > 0;
        if may_be.unfinished {
            self.complete(&mut concept, known)?;
        }
        let missing = !known && concept.variants.len() == forms.stems().count() && !self.stem_is_known(forms)?;
        if may_be.mistyped && missing && !self.widening.is_within_others(forms, false) {
            if let Some(parts) = self.widening.split(&forms.surface)? {
                return Ok(self.parts(parts, &token.span));
            }
            self.correct(&mut concept)?;
            let alone = concept.correction.is_none() && !self.widening.is_within_others(forms, true);
            if alone && let Some(parts) = self.widening.split_off(&forms.surface) {
                return Ok(self.parts(parts, &token.span));
            }
        }
        let parts = if concept.stop { Vec::new() } else { self.widening.parts(&concept) };
        Ok(std::iter::once(concept).chain(parts).collect())
    }

    fn concept(&self, forms: &Forms, span: &Range<usize>) -> Concept {
        let stop = is_stop_word(self.language, &forms.surface);
        Concept {
            surface: forms.surface.clone(),
            variants: forms
                .stems()
                .map(|stem| Variant { stem: stem.to_owned(), weight: 1.0, kind: VariantKind::Exact })
                .collect(),
            weight: if stop { weight::STOP_WORD } else { 1.0 },
            stop,
            exact: false,
            part: false,
            correction: None,
            span: span.clone(),
        }
    }

    /// The parts of a word that no article has, each as a word of its own.
    fn parts(&mut self, parts: Vec<String>, span: &Range<usize>) -> Vec<Concept> {
        let mut concepts = Vec::new();
        for part in parts {
            let mut forms = None;
            self.analyzer.analyze(&part, |token| forms = Some(token.forms));
            concepts.extend(forms.map(|forms| self.concept(&forms, span)));
        }
        concepts
    }

    /// Another form of the word may be known although this one is not: `installs`, where only `install` was written.
    fn stem_is_known(&self, forms: &Forms) -> io::Result<bool> {
        self.snapshot.has_stem(self.language.code(), &forms.stem)
    }

    fn complete(&mut self, concept: &mut Concept, known: bool) -> io::Result<()> {
        let (look, keep) = COMPLETIONS;
        if concept.surface.chars().count() < 2 {
            return Ok(());
        }
        let weight = if known { weight::COMPLETION_OF_WORD } else { weight::COMPLETION };
        let mut found = self.snapshot.completions(self.language.code(), &concept.surface, look)?;
        found.truncate(keep);
        for entry in found {
            self.add(concept, &entry.surface, weight, VariantKind::Prefix);
        }
        Ok(())
    }

    fn correct(&mut self, concept: &mut Concept) -> io::Result<()> {
        let length = concept.surface.chars().count();
        let number = concept.surface.contains(|c: char| c.is_ascii_digit());
        if !self.query.typo_tolerance || length < MIN_TYPO_CHARS || number || self.typo_terms >= MAX_TYPO_TERMS {
            return Ok(());
        }
        self.typo_terms += 1;
        let distance = if length >= TWO_ERRORS_CHARS { 2 } else { 1 };
        let mut found = self.snapshot.similar(self.language.code(), &concept.surface, distance)?;
        // Frequency only decides between equals.
        let typed: Vec<char> = concept.surface.chars().collect();
        let rated = |surface: &str| rate(&typed, surface);
        found.retain(|entry| rated(&entry.surface) > 0.0);
        found.sort_by(|a, b| rated(&b.surface).total_cmp(&rated(&a.surface)).then(b.articles.cmp(&a.articles)));
        found.truncate(MAX_VARIANTS);
        concept.correction = found.first().map(|best| best.surface.clone());
        for entry in found {
            self.add(concept, &entry.surface, rated(&entry.surface), VariantKind::Typo);
        }
        Ok(())
    }

    fn add(&mut self, concept: &mut Concept, surface: &str, weight: f32, kind: VariantKind) {
        let mut stems = Vec::new();
        self.analyzer.analyze(surface, |token| stems.extend(token.forms.stems().map(str::to_owned)));
        for stem in &stems {
            concept.add(stem, weight, kind);
        }
    }
}

/// How surely `surface` is what `typed` should have been.
fn rate(typed: &[char], surface: &str) -> f32 {
    let meant: Vec<char> = surface.chars().collect();
    match (edits(typed, &meant) <= 1, typed.first() == meant.first()) {
        (true, true) => weight::ONE_ERROR,
        (true, false) => weight::ONE_ERROR * weight::OTHER_FIRST_LETTER,
        (false, true) => weight::TWO_ERRORS,
        // "uitloggen" is not "inloggen".
        (false, false) => 0.0,
    }
}

/// Edit distance in which exchanging two neighbours is one edit (optimal string alignment).
fn edits(a: &[char], b: &[char]) -> usize {
    let mut rows = [(0..=b.len()).collect::<Vec<_>>(), vec![0; b.len() + 1], vec![0; b.len() + 1]];
    for i in 1..=a.len() {
        let [before, now, oldest] = &mut rows;
        now[0] = i;
        for j in 1..=b.len() {
            let substitution = before[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            now[j] = substitution.min(before[j] + 1).min(now[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                now[j] = now[j].min(oldest[j - 2] + 1);
            }
        }
        // Now becomes before, before becomes oldest.
        rows.rotate_left(1);
    }
    rows[0][b.len()]
}

#[cfg(test)]
mod tests {
    use super::{super::MAX_QUERY_CHARS, *};

    #[test]
    fn an_exchange_of_neighbours_is_one_edit() {
        let table = [
            ("", "", 0),
            ("a", "", 1),
            ("paswoord", "passwoord", 1),
            ("instlal", "install", 1),
            ("abc", "cab", 2),
            ("kitten", "sitting", 3),
        ];
        for (a, b, expected) in table {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(edits(&chars(a), &chars(b)), expected, "{a} {b}");
            assert_eq!(edits(&chars(b), &chars(a)), expected, "{b} {a}");
        }
    }

    #[test]
    fn queries_are_cut_to_the_limits() {
        let table = [
            ("  a \u{0} b\n\tc ", "a b c".to_owned()),
            (&"x".repeat(9000), "x".repeat(MAX_QUERY_CHARS)),
            ("\u{7f}", String::new()),
        ];
        for (text, expected) in table {
            assert_eq!(clean(text, MAX_QUERY_CHARS), expected);
        }
    }
}
