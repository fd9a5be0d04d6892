//! Typing errors: which word of the articles a word was meant to be, and how surely.
//!
//! It compares two words and knows no index. Slips of the finger (two letters exchanged, a key beside
//! the right one, a letter doubled or not) are likelier than other errors, and hardly anyone gets the
//! first letter wrong (Kukich 1992, "Techniques for automatically correcting words in text").

use super::model::VariantWeights;

/// Errors by what they cost, against 1 for any other.
mod cost {
    pub(super) const EXCHANGED: f32 = 0.7;
    pub(super) const NEIGHBOUR_KEY: f32 = 0.75;
    pub(super) const DOUBLED: f32 = 0.6;
    /// More than this is another word.
    pub(super) const LIMIT: f32 = 2.0;
}

/// Rows of the letter keys, where QWERTY, QWERTZ and AZERTY agree or where one of them has it so.
const ROWS: [[&str; 3]; 3] = [
    ["qwertyuiop", "asdfghjkl", "zxcvbnm"],
    ["qwertzuiop", "asdfghjkl", "yxcvbnm"],
    ["azertyuiop", "qsdfghjklm", "wxcvbn"],
];

/// How surely `surface` is what `typed` should have been, 0..1.
pub(super) fn rate(weights: &VariantWeights, typed: &[char], surface: &str) -> f32 {
    let meant: Vec<char> = surface.chars().collect();
    let cost = errors(typed, &meant);
    let same_start = typed.first() == meant.first();
    // "uitloggen" is not "inloggen".
    if cost > cost::LIMIT || (cost > 1.0 && !same_start) {
        return 0.0;
    }
    weights.one_error.powf(cost) * if same_start { 1.0 } else { weights.first_letter }
}

/// Whether two keys lie side by side or one above the other. Each row is shifted by half a key.
fn are_neighbours(one: char, other: char) -> bool {
    ROWS.iter().any(|rows| {
        let place = |key: char| rows.iter().zip(0..).find_map(|(row, y)| row.find(key).map(|x| (y, 2 * x + y)));
        let (Some(one), Some(other)) = (place(one), place(other)) else { return false };
        matches!((one.0.abs_diff(other.0), one.1.abs_diff(other.1)), (0, 2) | (1, 1))
    })
}

/// What it takes to make `b` of `a`, where exchanging two neighbours is one step (optimal string alignment).
fn errors(a: &[char], b: &[char]) -> f32 {
    let width = b.len() + 1;
    let mut rows = [vec![0.0_f32; width], vec![0.0; width], vec![0.0; width]];
    for j in 1..width {
        rows[0][j] = rows[0][j - 1] + one_letter(b, j - 1);
    }
    for i in 1..=a.len() {
        let [before, now, oldest] = &mut rows;
        now[0] = before[0] + one_letter(a, i - 1);
        for j in 1..width {
            let other = match (a[i - 1], b[j - 1]) {
                (x, y) if x == y => 0.0,
                (x, y) if are_neighbours(x, y) => cost::NEIGHBOUR_KEY,
                _ => 1.0,
            };
            now[j] =
                (before[j - 1] + other).min(before[j] + one_letter(a, i - 1)).min(now[j - 1] + one_letter(b, j - 1));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                now[j] = now[j].min(oldest[j - 2] + cost::EXCHANGED);
            }
        }
        // Now becomes before, before becomes oldest.
        rows.rotate_left(1);
    }
    rows[0][b.len()]
}

/// A letter too many or too few.
fn one_letter(word: &[char], at: usize) -> f32 {
    let beside = |other: Option<&char>| other == Some(&word[at]);
    let doubled = (at > 0 && beside(word.get(at - 1))) || beside(word.get(at + 1));
    if doubled { cost::DOUBLED } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_cost_less_than_other_errors() {
        let table = [
            ("", "", 0.0),
            ("a", "", 1.0),
            ("paswoord", "passwoord", 0.6),
            ("instlal", "install", 0.7),
            ("printet", "printer", 0.75),
            ("inloggen", "imloggen", 0.75),
            ("printxr", "printer", 1.0),
            ("bestend", "bestand", 1.0),
            ("ptinter", "printer", 0.75),
            ("abc", "cab", 2.0),
            ("kitten", "sitting", 3.0),
        ];
        for (a, b, expected) in table {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            for (a, b) in [(a, b), (b, a)] {
                let found = errors(&chars(a), &chars(b));
                assert!((found - expected).abs() < 1e-6, "{a} {b}: {found}");
            }
        }
    }
}
