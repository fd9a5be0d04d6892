//! Whether one title, question or heading says the whole of what was asked, in its order.
//!
//! Who types words of a title that was seen before, or of a message on a screen, types few others. All of them together
//! on one such line tell more than the same words here and there in the article, however rare each is. A line that
//! lacks one word of several is hardly ever the one that was meant, so nearly all counts little and half nothing.

use super::{
    rank::Ranked,
    understand::{Concept, Understood},
};
use crate::index::{Line, Stored, term_hash};

/// Words of a line that are told apart; more than a query can have.
const MOST: usize = u32::BITS as usize;
/// Power of the share of words that a line has.
const STRICTNESS: i32 = 8;

/// Knows the words of a query and their order.
pub(super) struct Whole {
    /// Hash of each stem, with the concepts that it stands for by bit.
    stems: Vec<(u32, u32)>,
    /// Concepts that were typed as words of their own.
    asked: u32,
}

impl Whole {
    pub(super) fn new(understood: &Understood) -> Self {
        let words = || understood.concepts.iter().enumerate().filter(|(_, concept)| !concept.part);
        let hashes = |(at, concept): (usize, &'_ Concept)| {
            concept.variants.iter().map(move |variant| (term_hash(&variant.stem), 1 << at)).collect::<Vec<_>>()
        };
        let mut stems: Vec<(u32, u32)> = words().flat_map(hashes).collect();
        stems.sort_unstable();
        stems.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 |= if same { next.1 } else { 0 };
            same
        });
        Self { stems, asked: words().fold(0, |bits, (at, _)| bits | 1 << at) }
    }

    /// From 0 to 1, where the line that says most of the query says all of it in the same order.
    pub(super) fn of(&self, stored: &Stored) -> f32 {
        let Some(passages) = stored.passages() else { return 0.0 };
        passages.names().map(|line| self.said(&line)).fold(0.0, f32::max)
    }

    /// The most that an article can come to, by what title, questions and headings have together.
    pub(super) fn promise(&self, ranked: &Ranked, named: f32) -> f32 {
        if ranked.concepts & self.asked == 0 { 0.0 } else { named.powi(STRICTNESS) }
    }

    fn said(&self, line: &Line) -> f32 {
        let mut found = 0_u32;
        // How many words of the query lie in their order up to each of them.
        let mut chains = [0_u8; MOST];
        for hash in line.hashes() {
            let Ok(at) = self.stems.binary_search_by_key(&hash, |(hash, _)| *hash) else { continue };
            let concepts = self.stems[at].1;
            found |= concepts;
            for concept in (0..MOST).filter(|concept| concepts >> concept & 1 == 1) {
                let before = chains[..concept].iter().max().copied().unwrap_or(0);
                chains[concept] = chains[concept].max(before + 1);
            }
        }
        if found == 0 {
            return 0.0;
        }
        let (all, found) = (self.asked.count_ones() as f32, found.count_ones() as f32);
        let in_order = f32::from(chains.into_iter().max().unwrap_or(0));
        (found / all).powi(STRICTNESS) * in_order / found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::{Analyzer, Language},
        index::{Passages, encode_question},
    };

    #[test]
    fn a_line_must_have_nearly_all_words_in_their_order() {
        let mut analyzer = Analyzer::new(Language::new("en"));
        let asked = ["share", "calendar", "outlook", "phone"];
        let stems = |(at, word): (usize, &&str)| (term_hash(word), 1 << at);
        let mut stems: Vec<_> = asked.iter().enumerate().map(stems).collect();
        stems.sort_unstable();
        let whole = Whole { stems, asked: 0b1111 };
        for (line, expected) in [
            ("How to share a calendar of Outlook on a phone", 1.0),
            ("Share, share a calendar: calendars, Outlook, phones", 1.0),
            ("Share a calendar on a phone without Outlook", 0.75),
            ("A phone and Outlook: share a calendar", 0.5),
            ("Share a calendar of Outlook", 0.1),
            ("Share a calendar", 0.004),
            ("Something else", 0.0),
        ] {
            let stored = encode_question(line, &mut analyzer);
            let found = whole.said(&Passages::new(&stored).unwrap().line(0).unwrap());
            assert!((found - expected).abs() < 0.001, "{line}: {found}");
        }
    }
}
