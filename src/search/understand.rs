//! A visitor's words become concepts: the stems to look for, with their weights.

use std::{collections::HashSet, io, ops::Range, sync::Arc};

use serde::Serialize;

use super::{MAX_TERMS, Query, RankingModel, Search, reword, syntax::Asked, typo, widen::Widening};
use crate::{
    analysis::{Analyzer, Forms, Language, Token, is_stop_word},
    index::{DictionaryEntry, Snapshot},
};

/// Concepts that may be widened by typo tolerance in one query.
const MAX_TYPO_TERMS: usize = 4;
/// Shortest word, in characters, that may be mistyped; shorter ones match too much.
const MIN_TYPO_CHARS: usize = 4;
/// Words this long may have two typing errors.
const TWO_ERRORS_CHARS: usize = 8;
/// Variants of one mistyped word that are looked for.
const MAX_VARIANTS: usize = 4;
/// A word in so few articles may be somebody's typing error, where one like it is in so many times more.
const RARE: u32 = 2;
const RARE_AGAINST: u32 = 20;
/// Exponent of the number of articles in choosing among corrections.
const FREQUENCY: f32 = 0.1;
/// Words looked at, and kept, for an unfinished word.
const COMPLETIONS: (usize, usize) = (400, 24);

/// Concepts of one query; they are bits of a number.
pub(super) const MAX_CONCEPTS: usize = 24;

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
    /// Length of the word as typed, in bytes: tells its very form from others of the same stem.
    pub typed_bytes: usize,
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
    let Search { snapshot, query, ranking, synonyms, .. } = *search;
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
    let mut reader =
        Reader { snapshot, model: ranking, query, language: &analyzer_language, analyzer, widening, typo_terms: 0 };
    let mut concepts: Vec<Concept> = Vec::with_capacity(telling.len());
    for token in &telling {
        let known = same.iter().any(|synonym| forms[synonym.words.clone()].contains(&token.forms));
        let late = search.is_late();
        let may_be = MayBe {
            unfinished: unfinished.as_ref() == Some(token) && !late,
            mistyped: !known && !late,
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
    model: &'a RankingModel,
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
        let articles = self.snapshot.articles_with(self.language.code(), &forms.surface)?;
        let known = articles > 0;
        if may_be.unfinished {
            self.complete(&mut concept, known)?;
        }
        let alone = !known && concept.variants.len() == forms.stems().count();
        let inflected = alone && self.stem_is_known(forms)?;
        if may_be.mistyped && alone && !inflected && !self.widening.is_within_others(forms, false) {
            if let Some((parts, articles)) = self.widening.split(&forms.surface)?
                && !self.is_slip(&concept, articles)?
            {
                return Ok(self.parts(parts, &token.span));
            }
            self.correct(&mut concept, 0)?;
            let alone = concept.correction.is_none() && !self.widening.is_within_others(forms, true);
            if alone && let Some(parts) = self.widening.split_off(&forms.surface) {
                return Ok(self.parts(parts, &token.span));
            }
        }
        if may_be.mistyped && inflected {
            // What few articles have in another form may be a slip like any other: `numer` is the stem of `numeric`.
            let articles = self.snapshot.articles_with_stem(self.language.code(), &forms.stem)?;
            self.correct(&mut concept, articles.max(1))?;
        } else if may_be.mistyped && !may_be.unfinished && (1..=RARE).contains(&articles) {
            self.correct(&mut concept, articles)?;
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
            weight: if stop { self.model.terms.stop_word } else { 1.0 },
            stop,
            exact: false,
            part: false,
            correction: None,
            span: span.clone(),
            typed_bytes: span.len(),
        }
    }

    /// The parts of a word that no article has, each as a word of its own.
    fn parts(&mut self, parts: Vec<String>, span: &Range<usize>) -> Vec<Concept> {
        let mut concepts = Vec::new();
        for part in parts {
            let mut forms = None;
            self.analyzer.analyze(&part, |token| forms = Some(token.forms));
            let typed_bytes = part.len();
            concepts.extend(forms.map(|forms| Concept { typed_bytes, ..self.concept(&forms, span) }));
        }
        concepts
    }

    /// Whether an unknown word that could be two, of which the rarer is in so many `articles`, is rather a slip of one
    /// that as many have: `opton`.
    fn is_slip(&self, concept: &Concept, articles: u32) -> io::Result<bool> {
        if !self.query.typo_tolerance || concept.surface.chars().count() < MIN_TYPO_CHARS {
            return Ok(false);
        }
        let similar = self.snapshot.similar(self.language.code(), &concept.surface, 1)?;
        let same_start = |entry: &DictionaryEntry| entry.surface.chars().next() == concept.surface.chars().next();
        Ok(similar.iter().take_while(|entry| entry.articles >= articles).any(same_start))
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
        let weights = &self.model.variants;
        let weight = if known { weights.completion_of_word } else { weights.completion };
        let mut found = self.snapshot.completions(self.language.code(), &concept.surface, look)?;
        found.truncate(keep);
        for entry in found {
            self.add(concept, &entry.surface, weight, VariantKind::Prefix);
        }
        Ok(())
    }

    /// Lets words that differ by typing errors stand for a word that few `articles` have: for an unknown one, or for
    /// one that may be an error in the articles themselves.
    fn correct(&mut self, concept: &mut Concept, articles: u32) -> io::Result<()> {
        let length = concept.surface.chars().count();
        let number = concept.surface.contains(|c: char| c.is_ascii_digit());
        if !self.query.typo_tolerance || length < MIN_TYPO_CHARS || number || self.typo_terms >= MAX_TYPO_TERMS {
            return Ok(());
        }
        self.typo_terms += 1;
        let distance = if length >= TWO_ERRORS_CHARS && articles == 0 { 2 } else { 1 };
        let typed: Vec<char> = concept.surface.chars().collect();
        let mut rated: Vec<(f32, DictionaryEntry)> = self
            .snapshot
            .similar(self.language.code(), &concept.surface, distance)?
            .into_iter()
            .filter(|entry| entry.articles >= RARE_AGAINST * articles)
            .map(|entry| (typo::rate(&self.model.variants, &typed, &entry.surface), entry))
            .filter(|(rate, _)| *rate > 0.0)
            .collect();
        let sure = |(rate, entry): &(f32, DictionaryEntry)| rate * (1.0 + entry.articles as f32).powf(FREQUENCY);
        rated.sort_by(|a, b| sure(b).total_cmp(&sure(a)));
        rated.truncate(MAX_VARIANTS);
        if articles == 0 {
            concept.correction = rated.first().map(|(_, best)| best.surface.clone());
        }
        for (rate, entry) in rated {
            let weight = if articles == 0 { rate } else { rate * self.model.variants.rare };
            self.add(concept, &entry.surface, weight, VariantKind::Typo);
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

#[cfg(test)]
mod tests {
    use super::{super::MAX_QUERY_CHARS, *};

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
