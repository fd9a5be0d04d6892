//! Text cut into sentences, for snippets and for the line that fits a question best.

use unicode_segmentation::UnicodeSegmentation;

/// Longest piece in bytes; longer sentences are cut at a space, so that no snippet is a wall of text.
const MAX_BYTES: usize = 400;

/// The sentences of `text` as byte ranges, in order, without the white space around them.
///
/// ```
/// let text = "Stop the server. Then copy the folder!";
/// let parts: Vec<_> = zerodesk::analysis::sentences(text).map(|range| &text[range]).collect();
/// assert_eq!(parts, ["Stop the server.", "Then copy the folder!"]);
/// ```
pub fn sentences(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    text.split_sentence_bound_indices().flat_map(move |(start, sentence)| {
        let mut pieces = Vec::with_capacity(1);
        let mut from = start;
        let end = start + sentence.len();
        while end - from > MAX_BYTES {
            let cut = cut_at_space(text, from);
            pieces.push(from..cut);
            from = cut;
        }
        pieces.push(from..end);
        pieces.into_iter().filter_map(move |range| trimmed(text, range))
    })
}

/// The last space within [`MAX_BYTES`] of `from`, else the last character boundary.
fn cut_at_space(text: &str, from: usize) -> usize {
    let limit = text.floor_char_boundary(from + MAX_BYTES);
    text[from..limit].rfind(' ').filter(|at| *at > 0).map_or(limit, |at| from + at)
}

fn trimmed(text: &str, range: std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
    let piece = &text[range.clone()];
    let start = range.start + (piece.len() - piece.trim_start().len());
    let end = range.end - (piece.len() - piece.trim_end().len());
    (start < end).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_are_cut_at_spaces_and_nothing_is_lost() {
        for unit in ["word ", "wörd ", "字", "a"] {
            let text = unit.repeat(1000);
            let ranges: Vec<_> = sentences(&text).collect();
            assert!(ranges.iter().all(|r| r.len() <= MAX_BYTES), "{unit}");
            let kept: String = ranges.iter().map(|r| &text[r.clone()]).collect();
            assert_eq!(kept.replace(' ', ""), text.replace(' ', ""), "{unit}");
        }
    }
}
