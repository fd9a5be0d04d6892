//! Logs of searches, made from the titles and headings of a collection with a seed.
//!
//! *As people type*: of a thousand questions some are asked far more often than others (rank r about as often as 1/r),
//! and each is typed: the box asks at every pause, so its beginnings are asked, too, and those of frequent questions repeat. One
//! in ten has a typing error in one word. *Distinct*: two to six words of a title or heading, half of them with an
//! unfinished last word, a fifth with a typing error, and none twice.

use std::{
    collections::HashSet,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::collection;
use crate::support::{self, generated::Chance};

/// Questions that people ask, by how often.
const QUESTIONS: usize = 1000;
/// Letters before the box asks for the first time.
const FIRST: usize = 3;

/// Writes a log of `count` searches.
pub fn write(folder: PathBuf, out: &Path, count: usize, distinct: bool) -> Value {
    let sources = sources(folder);
    let mut chance = Chance::new(support::SEED);
    let log =
        if distinct { distinct_log(&sources, count, &mut chance) } else { typed_log(&sources, count, &mut chance) };
    let mut file = BufWriter::new(File::create(out).expect("the file can be made"));
    for text in &log {
        writeln!(file, "{text}").expect("it can be written");
    }
    file.flush().expect("it can be written");
    let different = log.iter().collect::<HashSet<_>>().len();
    json!({"searches": log.len(), "different": different, "sources": sources.len()})
}

/// Words of every title and heading that has at least two, in a fixed order by chance.
fn sources(folder: PathBuf) -> Vec<Vec<String>> {
    let mut seen = HashSet::new();
    let mut sources = Vec::new();
    for article in collection::articles(folder) {
        let headings = article.sections.iter().filter_map(|section| section.heading.last());
        for text in std::iter::once(&article.front_matter.title).chain(headings) {
            let words: Vec<String> = text
                .to_lowercase()
                .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '-')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect();
            if words.len() > 1 && seen.insert(words.clone()) {
                sources.push(words);
            }
        }
    }
    let mut chance = Chance::new(support::SEED);
    for at in (1..sources.len()).rev() {
        sources.swap(at, chance.below(at + 1));
    }
    sources
}

fn typed_log(sources: &[Vec<String>], count: usize, chance: &mut Chance) -> Vec<String> {
    let sources = &sources[..QUESTIONS.min(sources.len())];
    let mut log = Vec::with_capacity(count);
    while log.len() < count {
        let rank = chance.zipf(sources.len());
        // What is asked often is asked in the same words.
        let mut words = sources[rank].iter().take(2 + rank % 5).cloned().collect::<Vec<_>>();
        if chance.is_true(0.1) {
            misspell(&mut words, chance);
        }
        let whole: Vec<char> = words.join(" ").chars().collect();
        let mut typed = FIRST.min(whole.len());
        loop {
            let text: String = whole[..typed].iter().collect();
            log.push(text.trim_end().to_owned());
            if typed == whole.len() {
                break;
            }
            typed = (typed + chance.between(1, 3)).min(whole.len());
        }
    }
    log.truncate(count);
    log
}

fn distinct_log(sources: &[Vec<String>], count: usize, chance: &mut Chance) -> Vec<String> {
    let (mut log, mut seen) = (Vec::with_capacity(count), HashSet::new());
    for _ in 0..count * 50 {
        if log.len() == count {
            break;
        }
        let words: &Vec<String> = chance.pick(sources);
        let mut words = chosen(words, chance);
        if chance.is_true(0.2) {
            misspell(&mut words, chance);
        }
        if let Some(last) = words.last_mut()
            && chance.is_true(0.5)
        {
            let length = last.chars().count();
            *last = last.chars().take(chance.between(2.min(length), length)).collect();
        }
        let text = words.join(" ");
        if seen.insert(text.clone()) {
            log.push(text);
        }
    }
    log
}

/// Two to six of the words, in their order.
fn chosen(words: &[String], chance: &mut Chance) -> Vec<String> {
    let mut left = chance.between(2, 6).min(words.len());
    let mut chosen = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if chance.is_true(left as f64 / (words.len() - at) as f64) {
            chosen.push(word.clone());
            left -= 1;
        }
    }
    chosen
}

/// Leaves out, doubles, replaces or swaps a letter of one word of four or more.
fn misspell(words: &mut [String], chance: &mut Chance) {
    let mut long: Vec<&mut String> = words.iter_mut().filter(|word| word.chars().count() >= 4).collect();
    if long.is_empty() {
        return;
    }
    let at = chance.below(long.len());
    let mut letters: Vec<char> = long[at].chars().collect();
    let place = chance.between(1, letters.len() - 2);
    match chance.below(4) {
        0 => drop(letters.remove(place)),
        1 => letters.insert(place, letters[place]),
        2 => letters[place] = char::from(b'a' + chance.below(26) as u8),
        _ => letters.swap(place, place + 1),
    }
    *long[at] = letters.into_iter().collect();
}
