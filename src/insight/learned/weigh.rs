//! What testimonies are worth together.
//!
//! - A voice is a network (or, where the site says so, a visit); its last word counts.
//! - Networks can only be told apart within a quarter, so the quarter with the most voices counts
//!   alone: one range of addresses never has two voices.
//! - A voice fades by half in 90 days, and one that says "not helpful" takes one away.
//! - Below three voices nothing is learned. The weight grows with voices, ever more slowly, to at most 0.9.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    network::{Network, Quarter},
    testimony::{Source, Testimony},
};
use crate::{config::Learn, insight::session::SessionHash};

/// Voices below which nothing is learned.
pub const LEAST_VOICES: usize = 3;
/// The highest weight, against 1 for a question in the front matter.
const HIGHEST: f64 = 0.9;
/// Voices at which the weight is half of the highest.
const HALF_WAY: f64 = 3.0;
/// Days after which a voice counts half.
const HALF_LIFE_DAYS: f64 = 90.0;
/// Most questions that one article learns; the heaviest.
const MAX_OF_ARTICLE: usize = 50;

/// A question that an article has learned, or may yet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Learned {
    /// Language in which it was asked.
    pub language: String,
    /// The question: masked, lower case.
    pub question: String,
    /// Slug of the article.
    pub article: String,
    /// What it counts in search, 0..0.9; 0 while there are too few voices.
    pub weight: f64,
    /// Voices that say it helped.
    pub helped: usize,
    /// Voices that say it did not.
    pub not_helped: usize,
    /// Tickets that were resolved with the article, among what says it helped.
    pub tickets: usize,
    /// When the last of them was heard.
    pub last: Timestamp,
}

/// One who has a voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Voice {
    Network(Network),
    /// All whose network is not known have one voice together.
    Unknown,
    Visit(SessionHash),
}

/// What was learned, the heaviest first.
#[must_use]
pub fn weigh(testimonies: &[Testimony], learn: Learn, now: Timestamp) -> Vec<Learned> {
    let mut questions: BTreeMap<(&str, &str, &str), Vec<&Testimony>> = BTreeMap::new();
    for testimony in testimonies.iter().filter(|testimony| testimony.at <= now) {
        let Testimony { article, language, question, .. } = testimony;
        questions.entry((article, language, question)).or_default().push(testimony);
    }
    let mut learned: Vec<Learned> = questions.into_values().map(|said| weigh_one(&said, learn, now)).collect();
    learned.sort_by(|a, b| {
        let text = |learned: &Learned| (learned.article.clone(), learned.language.clone(), learned.question.clone());
        b.weight.total_cmp(&a.weight).then(b.helped.cmp(&a.helped)).then_with(|| text(a).cmp(&text(b)))
    });
    let mut of_article: BTreeMap<String, usize> = BTreeMap::new();
    for row in learned.iter_mut().filter(|row| row.weight > 0.0) {
        let count = of_article.entry(row.article.clone()).or_default();
        *count += 1;
        if *count > MAX_OF_ARTICLE {
            row.weight = 0.0;
        }
    }
    learned
}

/// Weighs what was said of one question and one article; `said` is not empty.
fn weigh_one(said: &[&Testimony], learn: Learn, now: Timestamp) -> Learned {
    // Keyed by voice: the last word of each.
    let mut last_words: BTreeMap<(Quarter, Voice), &Testimony> = BTreeMap::new();
    for testimony in said {
        let word = last_words.entry((testimony.quarter(), voice(testimony, learn))).or_insert(testimony);
        if (testimony.at, &testimony.id) >= (word.at, &word.id) {
            *word = testimony;
        }
    }
    let quarters: BTreeSet<Quarter> = last_words.keys().map(|(quarter, _)| *quarter).collect();
    let of = |quarter| last_words.iter().filter(move |((q, _), _)| *q == quarter).map(|(_, word)| *word);
    let sum = |quarter| of(quarter).map(|word| if word.helped { faded(word, now) } else { -faded(word, now) }).sum();
    let sums = quarters.into_iter().map(|quarter| (sum(quarter), quarter));
    let (sum, quarter) = sums.max_by(|a: &(f64, _), b| a.0.total_cmp(&b.0)).unwrap_or((0.0, said[0].quarter()));
    let helped = of(quarter).filter(|word| word.helped).count();
    let newest = said.iter().map(|testimony| testimony.at).max().unwrap_or(now);
    Learned {
        language: said[0].language.clone(),
        question: said[0].question.clone(),
        article: said[0].article.clone(),
        weight: if helped >= LEAST_VOICES { HIGHEST * sum.max(0.0) / (sum.max(0.0) + HALF_WAY) } else { 0.0 },
        helped,
        not_helped: of(quarter).filter(|word| !word.helped).count(),
        tickets: said.iter().filter(|testimony| testimony.source == Source::Desk).count(),
        last: newest,
    }
}

fn voice(testimony: &Testimony, learn: Learn) -> Voice {
    match (learn, testimony.network) {
        (Learn::Visits, _) => Voice::Visit(testimony.session),
        (_, Some(network)) => Voice::Network(network),
        (_, None) => Voice::Unknown,
    }
}

/// What is left of a voice, 0..1.
fn faded(testimony: &Testimony, now: Timestamp) -> f64 {
    let days = now.duration_since(testimony.at).as_secs_f64() / 86_400.0;
    0.5_f64.powf(days / HALF_LIFE_DAYS)
}
