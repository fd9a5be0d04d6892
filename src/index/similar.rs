//! Words that differ from a given one by a few errors, as an automaton that walks the dictionary.
//!
//! An automaton of all errors, made ready for one word, costs more than the walk it is used for. This one is made of
//! bits: one number for each count of errors, one bit for each letter that may have been reached (Wu and Manber 1992,
//! "Fast text searching allowing errors"; exchanged neighbours as in Hyyrö 2003). It reads the letters of UTF-8, and knows no
//! index.

use tantivy_fst::Automaton;

/// Most errors.
const MOST: usize = 2;
/// Longest word in letters.
const LONGEST: usize = 60;

/// Accepts the words of one language that are at most so many errors away: a letter too many, too few, another one, or
/// two neighbours exchanged.
pub(super) struct Similar {
    /// What stands before every word, and has no errors.
    before: Vec<u8>,
    letters: u32,
    errors: usize,
    /// Where each letter stands in the word, by bit.
    ascii: [u64; 128],
    others: Vec<(u32, u64)>,
}

/// How far a key was read.
#[derive(Clone, Copy, Default)]
pub(super) struct State {
    /// Bytes of `before` that were seen.
    before: u8,
    /// Bytes of a letter that is not whole yet, and how many are missing.
    pending: (u32, u8),
    /// For each count of errors: how many letters of the word may be behind, by bit.
    reached: [u64; MOST + 1],
    /// The same, where the next two letters of the word come in the other order and one of them was read.
    exchanged: [u64; MOST],
}

impl Similar {
    /// `None` for words that are too long to be looked for.
    pub(super) fn new(before: &str, word: &str, errors: u8) -> Option<Self> {
        if word.chars().count() > LONGEST || before.len() >= usize::from(u8::MAX) {
            return None;
        }
        let mut similar = Self {
            before: before.as_bytes().to_vec(),
            letters: 0,
            errors: usize::from(errors).min(MOST),
            ascii: [0; 128],
            others: Vec::new(),
        };
        for letter in word.chars() {
            let bit = 1 << similar.letters;
            similar.letters += 1;
            let packed = letter.encode_utf8(&mut [0; 4]).bytes().fold(0, |all, byte| all << 8 | u32::from(byte));
            match similar.ascii.get_mut(packed as usize) {
                Some(mask) => *mask |= bit,
                None => similar.others.push((packed, bit)),
            }
        }
        Some(similar)
    }

    fn mask(&self, letter: u32) -> u64 {
        match self.ascii.get(letter as usize) {
            Some(mask) => *mask,
            None => self.others.iter().filter(|(other, _)| *other == letter).fold(0, |all, (_, bit)| all | bit),
        }
    }

    /// One letter of the dictionary.
    fn step(&self, state: &State, letter: u32) -> State {
        let mask = self.mask(letter);
        let mut next = State { before: state.before, ..State::default() };
        for errors in 0..=self.errors {
            next.reached[errors] = (state.reached[errors] & mask) << 1;
            if errors > 0 {
                let fewer = state.reached[errors - 1];
                let exchanged = (state.exchanged[errors - 1] & mask) << 2;
                // One letter too many here, another one, two exchanged; or one too few.
                next.reached[errors] |= fewer | fewer << 1 | exchanged | next.reached[errors - 1] << 1;
            }
            if errors < self.errors {
                next.exchanged[errors] = state.reached[errors] & mask >> 1;
            }
        }
        next
    }
}

impl Automaton for Similar {
    type State = State;

    fn start(&self) -> State {
        // Letters may be missing from the very first on.
        State { reached: std::array::from_fn(|errors| (2 << errors) - 1), ..State::default() }
    }

    fn is_match(&self, state: &State) -> bool {
        let end = 1 << self.letters;
        usize::from(state.before) == self.before.len()
            && state.pending.1 == 0
            && state.reached[..=self.errors].iter().any(|reached| reached & end != 0)
    }

    fn can_match(&self, state: &State) -> bool {
        let ends = (2 << self.letters) - 1;
        state.reached[..=self.errors].iter().chain(&state.exchanged).any(|reached| reached & ends != 0)
    }

    fn accept(&self, state: &State, byte: u8) -> State {
        if let Some(expected) = self.before.get(usize::from(state.before)) {
            return if *expected == byte { State { before: state.before + 1, ..*state } } else { State::default() };
        }
        let (read, missing) = match (state.pending, byte) {
            ((_, 0), 0..0x80) => return self.step(state, u32::from(byte)),
            ((_, 0), 0xF0..) => (0, 3),
            ((_, 0), 0xE0..) => (0, 2),
            ((_, 0), _) => (0, 1),
            ((read, missing), _) => (read, missing - 1),
        };
        let letter = read << 8 | u32::from(byte);
        if missing == 0 {
            return self.step(state, letter);
        }
        State { pending: (letter, missing), ..*state }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(word: &str, other: &str, errors: u8) -> bool {
        let similar = Similar::new("nl:", word, errors).unwrap();
        let mut state = similar.start();
        for byte in "nl:".bytes().chain(other.bytes()) {
            if !similar.can_match(&state) {
                return false;
            }
            state = similar.accept(&state, byte);
        }
        similar.is_match(&state)
    }

    /// Optimal string alignment, by the book.
    fn distance(a: &[char], b: &[char]) -> usize {
        let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                table[i][j] = match (i, j) {
                    (0, far) | (far, 0) => far,
                    _ => {
                        let other = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                        let swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                        let swapped = if swap { table[i - 2][j - 2] + 1 } else { usize::MAX };
                        other.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(swapped)
                    }
                };
            }
        }
        table[a.len()][b.len()]
    }

    #[test]
    fn words_are_as_far_apart_as_their_letters() {
        for (word, other, errors) in [
            ("", "", 0),
            ("printer", "printer", 0),
            ("printer", "prnter", 1),
            ("printer", "prinnter", 1),
            ("printer", "prniter", 1),
            ("printer", "brinter", 1),
            ("größe", "grosse", 3),
            ("größe", "größer", 1),
            ("größe", "grüße", 1),
            ("日本語", "日語本", 1),
            ("kitten", "sitting", 3),
        ] {
            for allowed in 0..=2 {
                assert_eq!(accepts(word, other, allowed), errors <= allowed, "{word} {other} {allowed}");
            }
        }
        let similar = Similar::new("nl:", "fiets", 2).unwrap();
        let other_language = "de:fiets".bytes().fold(similar.start(), |state, byte| similar.accept(&state, byte));
        assert!(!similar.can_match(&other_language));
        assert!(Similar::new("nl:", &"x".repeat(LONGEST + 1), 1).is_none());
    }

    proptest! {
        #[test]
        fn any_two_words_agree_with_the_table(a in "[abß語]{0,7}", b in "[abß語]{0,7}", errors in 0_u8..=2) {
            let far = distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
            prop_assert_eq!(accepts(&a, &b, errors), far <= usize::from(errors));
        }
    }
}
