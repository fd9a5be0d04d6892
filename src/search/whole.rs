//! Whether one title, question or heading says the whole of what was asked, in its order.
//!
//! Who types words of a title that was seen before, or of a message on a screen, types few others. All of them together
//! on one such line tell more than the same words here and there in the article, however rare each is. A line that
//! lacks one word of several is hardly ever the one that was meant, so nearly all counts little and half nothing.

use super::{
    rank::Ranked,
    understand::{Concept, Understood},
};
use crate::index::{Line, term_hash};

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

    /// The most that an article can come to, by what title, questions and headings have together.
    pub(super) fn promise(&self, ranked: &Ranked, named: f32) -> f32 {
        if ranked.concepts & self.asked == 0 { 0.0 } else { named.powi(STRICTNESS) }
    }

    /// From 0 to 1, where the line says all of the query in its order, or what was `said` before where that is more;
    /// `concepts` are those that the line has.
    pub(super) fn most(&self, said: f32, line: &Line, concepts: u32) -> f32 {
        let (all, found) = (self.asked.count_ones() as f32, (concepts & self.asked).count_ones() as f32);
        let share = (found / all).powi(STRICTNESS);
        // The order can only take away.
        if found == 0.0 || share <= said { said } else { said.max(share * f32::from(self.in_order(line)) / found) }
    }

    /// Length of the longest chain of words that lie on a line in the order of the query.
    fn in_order(&self, line: &Line) -> u8 {
        // How many words of the query lie in their order up to each of them.
        let mut chains = [0_u8; MOST];
        for hash in line.hashes() {
            let Ok(at) = self.stems.binary_search_by_key(&hash, |(hash, _)| *hash) else { continue };
            let concepts = self.stems[at].1;
            for concept in (0..MOST).filter(|concept| concepts >> concept & 1 == 1) {
                let before = chains[..concept].iter().max().copied().unwrap_or(0);
                chains[concept] = chains[concept].max(before + 1);
            }
        }
        chains.into_iter().max().unwrap_or(0)
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
        for (line, concepts, expected) in [
            ("How to share a calendar of Outlook on a phone", 0b1111, 1.0),
            ("Share, share a calendar: calendars, Outlook, phones", 0b1111, 1.0),
            ("Share a calendar on a phone without Outlook", 0b1111, 0.75),
            ("A phone and Outlook: share a calendar", 0b1111, 0.5),
            ("Share a calendar of Outlook", 0b0111, 0.1),
            ("Share a calendar", 0b0011, 0.004),
            ("Something else", 0, 0.0),
        ] {
            let stored = encode_question(line, &mut analyzer);
            let found = whole.most(0.0, &Passages::new(&stored).unwrap().line(0).unwrap(), concepts);
            assert!((found - expected).abs() < 0.001, "{line}: {found}");
        }
    }
}
