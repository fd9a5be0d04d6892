//! Leaves out the articles that lack a phrase, or have what the visitor does not want.
//!
//! Words come from the index; whether they stand together is read from the stored lines, and only of
//! articles that have all of them. A phrase never reaches over the end of a line (a sentence, a list
//! item, a heading).

use std::{io, sync::Arc};

use super::{Search, SearchError, rank::Ranking, syntax::Asked, understand::Understood};
use crate::{
    analysis::{Analyzer, Forms, Language, is_stop_word},
    index::{Line, LineToken, Snapshot, Stored, TextField, term_hash},
};

/// Articles whose lines are read at most, best first; what is behind them counts as without the phrase.
const MAX_READ: usize = 1000;
/// Articles with a word that is left out whose lines are read to see whether it is a flag there, best first; those
/// behind them are left out.
const MAX_FLAGS: usize = 50;

/// Drops the articles of a ranking that do not meet the signs of the query.
pub(super) fn apply(
    search: &Search,
    understood: &Understood,
    asked: &Asked,
    ranking: &mut Ranking,
) -> Result<(), SearchError> {
    if asked.phrases.is_empty() && asked.excluded.is_empty() && understood.together.is_empty() {
        return Ok(());
    }
    let snapshot = search.snapshot;
    let reader = Reader { snapshot, language: Language::new(&understood.language) };
    let mut wanted = reader.sequences(asked.phrases.iter().map(|range| &asked.text[range.clone()]))?;
    if !understood.together.is_empty() {
        wanted.push(Sequence { in_order: false, ..reader.sequence(&understood.together)? });
    }
    let left_out = asked.excluded.iter().map(String::as_str);
    let unwanted = reader.sequences(left_out.filter(|words| leaves_out(&reader.language, words)))?;
    ranking.articles.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.place.cmp(&b.place)));
    let (mut read, mut flags) = (0, 0);
    let mut kept = Vec::with_capacity(ranking.articles.len());
    for ranked in ranking.articles.drain(..) {
        let place = ranked.place;
        if !wanted.iter().all(|sequence| sequence.places[place]) {
            continue;
        }
        let to_find: Vec<&Sequence> = wanted.iter().filter(|sequence| sequence.words.len() > 1).collect();
        let to_avoid: Vec<&Sequence> = unwanted.iter().filter(|sequence| sequence.places[place]).collect();
        if to_avoid.iter().any(|sequence| sequence.words.len() == 1) {
            flags += 1;
            if flags > MAX_FLAGS {
                continue;
            }
        }
        if !to_find.is_empty() || !to_avoid.is_empty() {
            read += 1;
            if read > MAX_READ || search.is_late() {
                continue;
            }
            let stored = snapshot.stored(place)?;
            if !to_find.iter().all(|sequence| sequence.is_in(&stored))
                || to_avoid.iter().any(|sequence| sequence.is_unwanted_in(&stored))
            {
                continue;
            }
        }
        kept.push(ranked);
    }
    ranking.articles = kept;
    Ok(())
}

/// Whether words behind a minus leave anything out: "in -en uitschakelen" has a slip, and no article lacks "en".
pub(super) fn leaves_out(language: &Language, words: &str) -> bool {
    let mut any = false;
    Analyzer::new(language.clone()).analyze(words, |token| any |= !is_stop_word(language, &token.forms.surface));
    any
}

struct Reader<'a> {
    snapshot: &'a Snapshot,
    language: Language,
}

impl Reader<'_> {
    fn sequences<'t>(&self, texts: impl Iterator<Item = &'t str>) -> io::Result<Vec<Sequence>> {
        let mut analyzer = Analyzer::new(self.language.clone());
        let words = texts.map(|text| {
            let mut words = Vec::new();
            analyzer.analyze(text, |token| words.push(token.forms));
            words
        });
        words.map(|words| self.sequence(&words)).collect()
    }

    fn sequence(&self, words: &[Arc<Forms>]) -> io::Result<Sequence> {
        let mut places = vec![!words.is_empty(); self.snapshot.catalog().len()];
        for word in words {
            let having = self.places(word.stems())?;
            places.iter_mut().zip(having).for_each(|(place, has)| *place &= has);
        }
        Ok(Sequence {
            words: words.iter().map(|word| word.stems().map(term_hash).collect()).collect(),
            in_order: true,
            places,
        })
    }

    /// Which articles have one of these stems, by place in the catalog.
    fn places<'t>(&self, stems: impl Iterator<Item = &'t str>) -> io::Result<Vec<bool>> {
        let mut having = vec![false; self.snapshot.catalog().len()];
        for term in stems.map(|stem| format!(":{stem}")) {
            for field in TextField::ALL {
                self.snapshot.occurrences(field, self.language.code(), &term, |place, _| having[place] = true)?;
            }
        }
        Ok(having)
    }
}

/// Words that stand together.
struct Sequence {
    /// Hashes of the stems of each word.
    words: Vec<Vec<u32>>,
    /// Side by side; else anywhere on one line.
    in_order: bool,
    /// Articles that have all the words somewhere.
    places: Vec<bool>,
}

impl Sequence {
    fn is_in(&self, stored: &Stored) -> bool {
        let passages = stored.passages();
        passages.is_some_and(|passages| passages.lines().any(|line| self.is_on(&line)))
    }

    fn is_on(&self, line: &Line) -> bool {
        if self.in_order {
            return !self.found_on(line).is_empty();
        }
        self.words.iter().all(|stems| line.tokens().any(|token| stems.contains(&token.hash)))
    }

    /// Whether the article has what is left out. Where it stands with a minus in front (`-name`), the visitor has
    /// pasted a flag that this very article explains.
    fn is_unwanted_in(&self, stored: &Stored) -> bool {
        let Some(passages) = stored.passages() else { return true };
        let (mut found, mut flag) = (self.words.len() == 1, false);
        for line in passages.lines() {
            for at in self.found_on(&line) {
                found = true;
                flag |= is_flag(line.text(), at);
            }
        }
        found && !flag
    }

    /// Where the words stand on a line, in bytes.
    fn found_on(&self, line: &Line) -> Vec<usize> {
        let begins = |token: LineToken| self.words.first().is_some_and(|stems| stems.contains(&token.hash));
        if !line.tokens().any(begins) {
            return Vec::new();
        }
        let words = words(line);
        let fits = |(stems, word): (&Vec<u32>, &Vec<LineToken>)| word.iter().any(|token| stems.contains(&token.hash));
        let found = words.windows(self.words.len()).filter(|window| self.words.iter().zip(*window).all(fits));
        found.filter_map(|window| Some(usize::from(window.first()?.first()?.start))).collect()
    }
}

/// The tokens of a line by word: those that lie within another one belong to it, and extra ones are no words of their
/// own.
fn words(line: &Line) -> Vec<Vec<LineToken>> {
    let end = |token: &LineToken| usize::from(token.start) + usize::from(token.len);
    let mut words: Vec<Vec<LineToken>> = Vec::new();
    for token in line.tokens().filter(|token| !token.extra) {
        match words.last_mut() {
            Some(word) if token.start >= word[0].start && end(&token) <= end(&word[0]) => word.push(token),
            _ => words.push(vec![token]),
        }
    }
    words
}

/// Whether the word at a byte of a line has a minus in front that joins it to nothing.
fn is_flag(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.strip_suffix('-'));
    before.is_some_and(|before| !before.ends_with(char::is_alphanumeric))
}
