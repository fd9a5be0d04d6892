//! When an article was read, not merely opened.
//!
//! A browser reports a visit to an article in parts: a phone ends hidden pages without a word, so that each part is
//! told as soon as it is over. The parts of one visit are one reading; they are never judged one by one.

use std::collections::BTreeMap;

use super::event::EventKind;

/// Nobody reads an article in less.
const LEAST_MS: u64 = 15_000;
/// Words that people read in a minute.
const PACE: u64 = 230;

/// The articles that were read in one visit: visible, all parts together, for at least 15 seconds and a quarter of
/// the reading time at 230 words a minute. In the order of their slugs.
pub(super) fn read<'a>(visit: impl IntoIterator<Item = &'a EventKind>) -> impl Iterator<Item = &'a str> {
    let mut seen: BTreeMap<&str, (u64, u32)> = BTreeMap::new();
    for kind in visit {
        let EventKind::ArticleViewed { article, dwell_ms, words, .. } = kind else { continue };
        let (dwell, length) = seen.entry(article).or_default();
        *dwell += dwell_ms;
        *length = (*length).max(*words);
    }
    let is_read = |dwell: u64, words: u32| dwell >= (u64::from(words) * 60_000 / PACE / 4).max(LEAST_MS);
    seen.into_iter().filter(move |(_, (dwell, words))| is_read(*dwell, *words)).map(|(article, _)| article)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::event::ViewSource;

    fn viewed(article: &str, dwell_ms: u64, words: u32) -> EventKind {
        let from = ViewSource::Search;
        EventKind::ArticleViewed { article: article.into(), revision: None, from, dwell_ms, scroll: 1.0, words }
    }

    #[test]
    fn read_means_fifteen_seconds_and_a_quarter_of_the_reading_time() {
        for (parts, words, is_read) in [
            (&[14_999][..], 0, false),
            (&[15_000], 0, true),
            (&[15_000], 230, true),
            (&[15_000], 460, false),
            (&[30_000], 460, true),
            (&[9_000, 6_000], 0, true),
            (&[9_000, 5_999], 0, false),
            (&[10_000, 10_000, 10_000], 460, true),
        ] {
            let parts: Vec<_> = parts.iter().map(|dwell_ms| viewed("a", *dwell_ms, words)).collect();
            assert_eq!(read(&parts).next().is_some(), is_read, "{parts:?}");
        }
        let two = [viewed("a", 9_000, 0), viewed("b", 9_000, 0)];
        assert_eq!(read(&two).count(), 0, "each article for itself");
    }
}
