//! Other words for the same: the synonyms of the site.
//!
//! A word for a word is one more variant of the concept. Where a phrase stands on either side, its
//! words mean the same only together, so the question is asked once more in the other words, of
//! articles that have them on one line, and each article counts by the wording that fits it best.

use std::{io, sync::Arc};

use super::{
    syntax::Asked,
    understand::{Concept, MAX_CONCEPTS, Understood, VariantKind},
};
use crate::{
    analysis::{Forms, Synonym, Token},
    index::Snapshot,
};

/// Weight of a synonym against 1 for the word itself.
const WEIGHT: f32 = 0.8;
/// Most synonyms of one word that are searched.
const MAX_SYNONYMS: usize = 16;
/// Most other wordings of one query.
pub(super) const MAX_WORDINGS: usize = 4;

/// Leaves the synonyms of words that are not in quotation marks: what is quoted is meant as it is written.
pub(super) fn permitted<'a>(synonyms: Vec<Synonym<'a>>, tokens: &[Token], asked: &Asked) -> Vec<Synonym<'a>> {
    let quoted = |synonym: &Synonym| tokens[synonym.words.clone()].iter().any(|t| asked.is_quoted(t.span.start));
    synonyms.into_iter().filter(|synonym| !quoted(synonym)).collect()
}

/// Adds words that mean the same as one word.
pub(super) fn widen(understood: &mut Understood, tokens: &[Token], synonyms: &[Synonym]) {
    let mut taken = vec![0; understood.concepts.len()];
    for synonym in synonyms.iter().filter(|synonym| !is_wording(synonym)) {
        let Some(at) = concept_of(understood, &tokens[synonym.words.start].forms) else { continue };
        taken[at] += 1;
        if taken[at] > MAX_SYNONYMS {
            continue;
        }
        for stem in synonym.means.iter().flat_map(|word| word.stems()) {
            understood.concepts[at].add(stem, WEIGHT, VariantKind::Synonym);
        }
    }
}

/// The question in other words: `concept` makes the words of a synonym out of their forms.
pub(super) fn wordings(
    snapshot: &Snapshot,
    understood: &Understood,
    tokens: &[Token],
    synonyms: &[Synonym],
    concept: impl Fn(&Arc<Forms>) -> Concept,
) -> io::Result<Vec<Understood>> {
    let mut wordings = Vec::new();
    for synonym in synonyms.iter().filter(|synonym| is_wording(synonym)) {
        if wordings.len() == MAX_WORDINGS {
            break;
        }
        // Of a phrase that no article can have, nothing would be found.
        let known = |word: &Arc<Forms>| snapshot.has_stem(&understood.language, &word.stem);
        if !synonym.means.iter().try_fold(true, |all, word| Ok::<_, io::Error>(all && known(word)?))? {
            continue;
        }
        let words = &tokens[synonym.words.clone()];
        let together = if synonym.means.len() > 1 { synonym.means.to_vec() } else { Vec::new() };
        let wording = reworded(understood, words, synonym.means.iter().map(&concept));
        wordings.extend(wording.map(|wording| Understood { together, ..wording }));
    }
    Ok(wordings)
}

/// The same with `means` in the place of some of its words.
fn reworded(understood: &Understood, words: &[Token], means: impl Iterator<Item = Concept>) -> Option<Understood> {
    // A compound has its parts beside it, at the same place.
    let replaced = |c: &Concept| words.iter().any(|word| word.forms.surface == c.surface || word.span == c.span);
    let place = understood.concepts.iter().position(replaced)?;
    let span = &understood.concepts[place].span;
    let mut concepts: Vec<Concept> = understood.concepts.iter().filter(|c| !replaced(c)).cloned().collect();
    for (at, mut added) in means.enumerate() {
        if concepts.len() < MAX_CONCEPTS && concepts.iter().all(|concept| concept.surface != added.surface) {
            added.span.clone_from(span);
            for variant in &mut added.variants {
                (variant.weight, variant.kind) = (WEIGHT, VariantKind::Synonym);
            }
            concepts.insert((place + at).min(concepts.len()), added);
        }
    }
    Some(Understood { concepts, ..understood.clone() })
}

fn is_wording(synonym: &Synonym) -> bool {
    synonym.words.len() > 1 || synonym.means.len() > 1
}

fn concept_of(understood: &Understood, word: &Forms) -> Option<usize> {
    understood.concepts.iter().position(|concept| concept.surface == word.surface)
}
