//! After a miss: is there a spelling of the query that does better?
//!
//! A word that no article has was put right while the query was understood. Here such a query, and
//! one with a word that hardly any article has although a very similar one stands in many, is
//! searched again as it may have been meant. Where that decides clearly better it is the answer, and
//! the answer says so; else it is offered. A word that stands in many articles is never touched.

use std::io;

use super::{
    Answer, Decision, Found, Search, SearchError,
    syntax::Asked,
    understand::{Concept, Understood},
};
use crate::index::Snapshot;

/// How much surer the decision must be of the corrected query to answer it in place of what was typed.
const CLEARLY: f32 = 0.15;
/// Words that are looked up for a more frequent neighbour, in one query.
const MAX_RARE: usize = 2;
/// Shortest word, in characters, that may be a misspelling although an article has it.
const MIN_RARE_CHARS: usize = 5;
/// Words this long are misspelt by leaving a letter out.
const LONG_CHARS: usize = 8;
/// One article in so many may have a misspelling; in small help centres a single one.
const RARE_IN: u32 = 500;
/// How many times as many articles must have the right spelling.
const MORE_FREQUENT: u32 = 10;

/// Searches again with the spelling put right where `found` is no answer, before the decision is final.
pub(super) fn second_try(
    search: &Search,
    asked: &Asked,
    found: &mut Found,
    answer: &mut Answer,
) -> Result<(), SearchError> {
    let (_, before, decision) = search.judge(found);
    if decision == Decision::Answer || !search.query.typo_tolerance || search.is_late() {
        return Ok(());
    }
    let Some(meant) = meant(search, asked, &found.understood)? else { return Ok(()) };
    let other = search.find(&asked.respelt(&meant), &found.understood.language)?;
    let (_, after, better) = search.judge(&other);
    if better > decision && after >= before + CLEARLY {
        *found = other;
        answer.corrected = Some(meant);
    } else if !other.hits.is_empty() && after > before {
        answer.did_you_mean = Some(meant);
    }
    Ok(())
}

/// Says what was put right: as what was searched for where that found something, else as an offer.
pub(super) fn tell(understood: &Understood, answer: &mut Answer) {
    if answer.corrected.is_some() {
        return;
    }
    let corrected = understood.corrected(&answer.query);
    if answer.decision == Decision::NoAnswer {
        answer.did_you_mean = answer.did_you_mean.take().or(corrected);
    } else {
        answer.corrected = corrected;
        answer.did_you_mean = answer.did_you_mean.take().filter(|meant| answer.corrected.as_ref() != Some(meant));
    }
}

/// The query as it may have been meant; `None` where nothing suggests another spelling.
fn meant(search: &Search, asked: &Asked, understood: &Understood) -> io::Result<Option<String>> {
    let mut corrected = understood.clone();
    let mut looked_up = 0;
    for concept in &mut corrected.concepts {
        let unfinished = search.query.prefix && concept.span.end == asked.query.len();
        let open = !unfinished && !asked.is_quoted(concept.span.start);
        if concept.correction.is_none() && !concept.stop && !concept.part && open && looked_up < MAX_RARE {
            looked_up += usize::from(may_be_rare(concept));
            concept.correction = far_more_frequent(search.snapshot, &understood.language, concept)?;
        }
    }
    Ok(corrected.corrected(&asked.query))
}

fn may_be_rare(concept: &Concept) -> bool {
    concept.surface.chars().count() >= MIN_RARE_CHARS && !concept.surface.contains(|c: char| c.is_ascii_digit())
}

/// The one-letter neighbour of a rare word that stands in far more articles.
fn far_more_frequent(snapshot: &Snapshot, language: &str, concept: &Concept) -> io::Result<Option<String>> {
    if !may_be_rare(concept) {
        return Ok(None);
    }
    let articles = snapshot.statistics(language).map_or(0, |statistics| statistics.articles);
    let typed = snapshot.articles_with(language, &concept.surface)?;
    if typed == 0 || typed > (articles / RARE_IN).max(1) {
        return Ok(None);
    }
    let found = snapshot.similar(language, &concept.surface, 1)?;
    let more = MORE_FREQUENT * typed;
    let best =
        found.into_iter().find(|entry| entry.articles >= more && is_misspelling(&concept.surface, &entry.surface));
    Ok(best.map(|entry| entry.surface))
}

/// Whether two words one edit apart are one word and its misspelling: letters swapped, doubled or not, one vowel for
/// another, or one left out of a long word. "cart" is no misspelling of "card", "articles" none of "article".
fn is_misspelling(typed: &str, meant: &str) -> bool {
    let letters = |word: &str| word.chars().collect::<Vec<_>>();
    let (a, b) = (letters(typed), letters(meant));
    if a.first() != b.first() || a.last() != b.last() {
        return false;
    }
    let sorted = |mut word: Vec<char>| {
        word.sort_unstable();
        word
    };
    let single = |mut word: Vec<char>| {
        word.dedup();
        word
    };
    let vowel = |c: &char| "aeiouy".contains(*c);
    let vowels_differ = a.iter().zip(&b).all(|(x, y)| x == y || (vowel(x) && vowel(y)));
    let left_out = a.len() != b.len() && a.len().min(b.len()) >= LONG_CHARS;
    (a.len() == b.len() && vowels_differ)
        || left_out
        || single(a.clone()) == single(b.clone())
        || sorted(a) == sorted(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_are_no_misspellings() {
        for (typed, meant, expected) in [
            ("recieve", "receive", true),
            ("adress", "address", true),
            ("seperate", "separate", true),
            ("enviroment", "environment", true),
            ("cart", "card", false),
            ("article", "articles", false),
            ("inloggen", "uitloggen", false),
            ("bread", "broad", true),
            ("brand", "bread", false),
            ("mouse", "house", false),
        ] {
            assert_eq!(is_misspelling(typed, meant), expected, "{typed} {meant}");
        }
    }
}
