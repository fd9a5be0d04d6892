//! What was asked, what had no answer, and what readers thought of the articles.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;
use utoipa::ToSchema;

use super::{
    Figure, MAX_TOP, MIN_VOTES, Maker, Window, exclusion,
    visits::{self, Search, Visitor},
};
use crate::{
    desk::redaction::rules,
    insight::{
        event::{Event, EventKind},
        reading,
    },
};

/// Most queries that are suggested to others, by site.
const MAX_POPULAR: usize = 500;

/// A query with how often it was asked. Spelling, case and white space as most visitors wrote it matter not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TopQuery {
    /// The words: masked, lower case.
    pub query: String,
    /// Visitors who asked it.
    pub visitors: u64,
    /// Searches for it that were meant.
    pub searches: u64,
    /// Of these: decided "no answer".
    pub no_answer: u64,
}

/// The searches in the window that were meant.
pub fn asked<'a>(people: &[Visitor<'a>], window: &Window) -> Vec<Search<'a>> {
    let all = people.iter().enumerate().flat_map(|(number, visitor)| visitor.searches(number));
    all.filter(|search| window.contains(search.at)).collect()
}

/// The share of searches without an answer.
pub fn no_answer(asked: &[Search], maker: &Maker) -> Figure {
    let count = asked.iter().filter(|search| search.no_answer()).count() as u64;
    maker.share("no_answer_rate/1", count, asked.len() as u64, None)
}

/// Queries by visitors, then searches, then alphabet: one eager visitor cannot lead the list.
pub fn top<'a>(searches: impl Iterator<Item = &'a Search<'a>>) -> Vec<TopQuery> {
    let mut rows: BTreeMap<String, (BTreeSet<usize>, u64, u64)> = BTreeMap::new();
    for search in searches {
        let row = rows.entry(search.query.nfkc().collect::<String>().to_lowercase()).or_default();
        row.0.insert(search.visitor);
        row.1 += 1;
        row.2 += u64::from(search.no_answer());
    }
    let named = rows.into_iter().filter(|(query, _)| !query.is_empty());
    let mut rows: Vec<TopQuery> = named
        .map(|(query, (visitors, searches, no_answer))| {
            let visitors = visitors.len() as u64;
            TopQuery { query, visitors, searches, no_answer }
        })
        .collect();
    rows.sort_by(|a, b| (b.visitors, b.searches, &a.query).cmp(&(a.visitors, a.searches, &b.query)));
    rows.truncate(MAX_TOP);
    rows
}

/// A query that may be suggested to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Popular {
    /// The words: lower case.
    pub query: String,
    /// Language of the hits.
    pub language: String,
    /// Visitors who asked it.
    pub visitors: u64,
}

/// What at least `visitors` people asked in the window with hits that could be answers, most first. Queries in which
/// something was masked are not among it.
#[must_use]
pub fn popular(events: &[Event], window: &Window, visitors: u64) -> Vec<Popular> {
    let (people, _) = exclusion::split(visits::by_visitor(events, &window.site), window);
    let masks: Vec<String> = rules().iter().map(|rule| format!("[{rule}]")).collect();
    let mut rows: BTreeMap<(String, &str), BTreeSet<usize>> = BTreeMap::new();
    for search in asked(&people, window).iter().filter(|search| !search.no_answer()) {
        let (Some(language), false) = (search.language, masks.iter().any(|mask| search.query.contains(mask))) else {
            continue;
        };
        let query = search.query.nfkc().collect::<String>().to_lowercase();
        rows.entry((query, language)).or_default().insert(search.visitor);
    }
    let mut popular: Vec<Popular> = rows
        .into_iter()
        .map(|((query, language), who)| Popular { query, language: language.to_owned(), visitors: who.len() as u64 })
        .filter(|row| row.visitors >= visitors && !row.query.is_empty())
        .collect();
    popular.sort_by(|a, b| b.visitors.cmp(&a.visitors).then_with(|| a.query.cmp(&b.query)));
    popular.truncate(MAX_POPULAR);
    popular
}

/// Readers' verdicts.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Helpfulness {
    /// Votes "helpful" of all votes; value and interval are hidden below [`MIN_VOTES`].
    pub rate: Figure,
    /// Articles read by a visitor.
    pub reads: u64,
}

impl Helpfulness {
    pub(super) fn of(people: &[Visitor], maker: &Maker) -> Self {
        let (mut helpful, mut votes, mut reads) = (0, 0, 0);
        for visitor in people {
            // A visitor may think again: the last vote on an article counts.
            let mut verdicts = BTreeMap::new();
            let mut read = HashSet::new();
            for visit in visitor.sessions() {
                let inside = || visit.iter().filter(|event| maker.window.contains(event.at)).map(|event| &event.kind);
                for kind in inside() {
                    if let EventKind::FeedbackGiven { article, helpful, .. } = kind {
                        verdicts.insert(article, *helpful);
                    }
                }
                read.extend(reading::read(inside()));
            }
            helpful += verdicts.values().filter(|helpful| **helpful).count() as u64;
            votes += verdicts.len() as u64;
            reads += read.len() as u64;
        }
        let mut rate = maker.share("helpful_rate/1", helpful, votes, None);
        if votes < MIN_VOTES {
            (rate.value, rate.interval) = (None, None);
        }
        Self { rate, reads }
    }
}
