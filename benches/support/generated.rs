//! A collection of articles in a made-up language, the same for the same seed on every machine.
//!
//! Words are made of syllables; how often each occurs follows a Zipf law, as in natural language. Every article has
//! a topic of its own, a few dozen rarer words that its title, headings and text return to, so that a search can
//! find it. Articles have front matter, headings, paragraphs, lists, tables and code.

use std::{collections::HashSet, fmt::Write as _};

/// Different words of the language.
const VOCABULARY: usize = 12_000;
/// Words that every article may use; the rest belongs to topics.
const COMMON: usize = 400;
/// Words of one topic.
const TOPIC: usize = 24;

/// Pseudo-random numbers by splitmix64.
pub struct Chance(u64);

impl Chance {
    /// Numbers that follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From 0 to below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.share() * limit as f64) as usize
    }

    /// From `least` to `most`.
    pub fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    /// True this often.
    pub fn is_true(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// A rank from 0 to below `limit`, rank r about as often as 1/(r + 1): the inverse of ln(r) / ln(limit).
    pub fn zipf(&mut self, limit: usize) -> usize {
        ((limit as f64).powf(self.share()) as usize - 1).min(limit - 1)
    }

    /// One of them; there must be at least one.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Paths and texts of `count` articles.
pub fn articles(count: usize, seed: u64) -> Vec<(String, String)> {
    let mut chance = Chance::new(seed);
    let words = vocabulary(&mut chance);
    (0..count).map(|number| article(number, &words, &mut chance)).collect()
}

/// Different words, short ones first, as frequent words are short.
fn vocabulary(chance: &mut Chance) -> Vec<String> {
    let (mut words, mut seen) = (Vec::with_capacity(VOCABULARY), HashSet::new());
    while words.len() < VOCABULARY {
        let syllables = if words.len() < COMMON { chance.between(1, 2) } else { chance.between(2, 4) };
        let word: String = (0..syllables).map(|_| syllable(chance)).collect();
        if seen.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

fn syllable(chance: &mut Chance) -> String {
    let begin = chance.pick(&["b", "br", "d", "f", "g", "k", "kl", "l", "m", "n", "p", "pr", "r", "s", "st", "t", "v"]);
    let vowel = chance.pick(&["a", "e", "i", "o", "u", "ai", "ou"]);
    let end = chance.pick(&["", "", "", "n", "r", "l", "m", "t"]);
    format!("{begin}{vowel}{end}")
}

fn article(number: usize, words: &[String], chance: &mut Chance) -> (String, String) {
    let topic: Vec<&str> = (0..TOPIC).map(|_| words[chance.between(COMMON, words.len() - 1)].as_str()).collect();
    let mut writer = Writer { words, topic: &topic, chance };
    let title = writer.heading(3, 6);
    let mut text = format!("---\ntitle: {title}\nlang: en\ntags: [{}, {}]\n", topic[0], topic[1]);
    if writer.chance.is_true(0.3) {
        let question = writer.heading(4, 8);
        let _ = writeln!(text, "questions:\n  - {question}");
    }
    let _ = write!(text, "---\n\n{}\n\n", writer.paragraph());
    for _ in 0..writer.chance.between(2, 6) {
        let level = if writer.chance.is_true(0.7) { "##" } else { "###" };
        let _ = write!(text, "{level} {}\n\n{}\n\n", writer.heading(2, 5), writer.blocks());
    }
    (format!("{}/{}-{number}.md", words[number % 40], topic[0]), text)
}

/// Writes the parts of one article.
struct Writer<'a> {
    words: &'a [String],
    topic: &'a [&'a str],
    chance: &'a mut Chance,
}

impl Writer<'_> {
    fn word(&mut self) -> String {
        if self.chance.is_true(0.2) {
            (*self.chance.pick(self.topic)).to_owned()
        } else {
            self.words[self.chance.zipf(self.words.len())].clone()
        }
    }

    fn run(&mut self, least: usize, most: usize) -> String {
        let count = self.chance.between(least, most);
        let words: Vec<String> = (0..count).map(|_| self.word()).collect();
        words.join(" ")
    }

    /// Mostly words of the topic, with a capital.
    fn heading(&mut self, least: usize, most: usize) -> String {
        let count = self.chance.between(least, most);
        let topical = |writer: &mut Self| (*writer.chance.pick(writer.topic)).to_owned();
        let words: Vec<String> =
            (0..count).map(|_| if self.chance.is_true(0.6) { topical(self) } else { self.word() }).collect();
        capital(&words.join(" "))
    }

    fn paragraph(&mut self) -> String {
        let sentences = self.chance.between(2, 5);
        let sentences: Vec<String> = (0..sentences).map(|_| format!("{}.", capital(&self.run(6, 18)))).collect();
        sentences.join(" ")
    }

    fn blocks(&mut self) -> String {
        let mut text = self.paragraph();
        if self.chance.is_true(0.5) {
            let items = self.chance.between(3, 7);
            for at in 1..=items {
                let _ = write!(text, "\n{at}. {}", self.run(4, 12));
            }
            text = text.replacen("\n1.", "\n\n1.", 1);
        }
        if self.chance.is_true(0.2) {
            let _ = write!(text, "\n\n```sh\n{} --{} {}\n```", self.word(), self.word(), self.word());
        }
        if self.chance.is_true(0.1) {
            let _ = write!(text, "\n\n| {} | {} |\n|---|---|\n", self.word(), self.word());
            for _ in 0..3 {
                let _ = writeln!(text, "| {} | {} |", self.word(), self.run(2, 5));
            }
        }
        text
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
