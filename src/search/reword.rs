//! Other words for the same: the synonyms of the site.
//!
//! A word for a word is one more variant of the concept. Where a phrase stands on either side, its
//! words only mean the same together, so the question is asked once more in the other words, and
//! each article counts by the wording that fits it best.

use std::{io, sync::Arc};

use super::{
    MAX_TERMS,
    syntax::Asked,
    understand::{Concept, Understood, Variant},
};
use crate::{
    analysis::{Forms, Synonym, Token},
    index::Snapshot,
};

/// Weight of a synonym against 1 for the word itself.
const WEIGHT: f32 = 0.8;
/// Most other wordings of one query.
pub(super) const MAX_WORDINGS: usize = 4;
/// Most words of another wording: every concept is one bit of 32.
pub(super) const MAX_CONCEPTS: usize = MAX_TERMS + 8;

/// Leaves the synonyms of words that are not in quotation marks: what is quoted is meant as it is written.
pub(super) fn permitted<'a>(synonyms: Vec<Synonym<'a>>, tokens: &[Token], asked: &Asked) -> Vec<Synonym<'a>> {
    let quoted = |synonym: &Synonym| tokens[synonym.words.clone()].iter().any(|t| asked.is_quoted(t.span.start));
    synonyms.into_iter().filter(|synonym| !quoted(synonym)).collect()
}

/// Adds words that mean the same as one word.
pub(super) fn widen(understood: &mut Understood, tokens: &[Token], synonyms: &[Synonym]) {
    for synonym in synonyms.iter().filter(|synonym| !is_wording(synonym)) {
        let Some(at) = concept_of(understood, &tokens[synonym.words.start].forms) else { continue };
        let variants = &mut understood.concepts[at].variants;
        for stem in synonym.means.iter().flat_map(|word| word.stems()) {
            match variants.iter_mut().find(|variant| variant.stem == stem) {
                Some(known) => known.weight = known.weight.max(WEIGHT),
                None => variants.push(Variant { stem: stem.to_owned(), weight: WEIGHT }),
            }
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
        let replaced: Vec<usize> =
            tokens[synonym.words.clone()].iter().filter_map(|token| concept_of(understood, &token.forms)).collect();
        let Some(first) = replaced.iter().min().copied() else { continue };
        let mut wording = understood.clone();
        let span = understood.concepts[first].span.clone();
        let mut at = 0;
        wording.concepts.retain(|_| {
            at += 1;
            !replaced.contains(&(at - 1))
        });
        let mut place = first;
        for word in synonym.means {
            if concept_of(&wording, word).is_none() && wording.concepts.len() < MAX_CONCEPTS {
                let mut added = Concept { span: span.clone(), ..concept(word) };
                added.variants.iter_mut().for_each(|variant| variant.weight = WEIGHT);
                wording.concepts.insert(place, added);
                place += 1;
            }
        }
        wordings.push(wording);
    }
    Ok(wordings)
}

fn is_wording(synonym: &Synonym) -> bool {
    synonym.words.len() > 1 || synonym.means.len() > 1
}

fn concept_of(understood: &Understood, word: &Forms) -> Option<usize> {
    understood.concepts.iter().position(|concept| concept.surface == word.surface)
}
