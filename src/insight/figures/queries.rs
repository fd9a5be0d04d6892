//! What was asked, what had no answer, what was read, and what readers thought of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use utoipa::ToSchema;

use super::{
    Figure, MAX_TOP, MIN_VOTES, Maker, Window,
    counts::{Asked, Counts, DayCounts, Slice, Used},
    exclusion,
    visits::{self, Search, Visitor},
};
use crate::{
    desk::redaction::rules,
    insight::{
        event::Event,
        intervals::{Interval, wilson},
    },
};

/// Most queries that are suggested to others, by site.
const MAX_POPULAR: usize = 500;
/// Queries that are counted at once; beyond that those that one person asked are forgotten.
const MAX_COUNTED: usize = 100_000;

/// A query with how often it was asked. Spelling, case and white space as most visitors wrote it matter not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

impl TopQuery {
    /// Whether something in it was masked.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        has_mask(&self.query)
    }
}

/// Whether personal details were taken out of the words.
fn has_mask(words: &str) -> bool {
    rules().iter().any(|rule| words.contains(&format!("[{rule}]")))
}

/// The searches in the window that were meant.
pub fn asked<'a>(people: &[Visitor<'a>], window: &Window) -> Vec<Search<'a>> {
    let all = people.iter().enumerate().flat_map(|(number, visitor)| visitor.searches(number));
    all.filter(|search| window.contains(search.at)).collect()
}

/// The share of searches without an answer.
pub fn no_answer(counts: &Counts, maker: &Maker) -> Figure {
    maker.share("no_answer_rate/1", counts.plain.no_answer, counts.plain.searches, None)
}

/// Queries by visitors, then searches, then alphabet: one eager visitor cannot lead the list. What was asked most, and
/// what was asked most without an answer.
pub fn top(days: &[&DayCounts], slice: &Slice) -> [Vec<TopQuery>; 2] {
    let mut rows: HashMap<&str, Asked> = HashMap::new();
    for (_, query, asked) in
        days.iter().flat_map(|day| &day.lists.queries).filter(|(language, ..)| slice.has_language(language))
    {
        let row = rows.entry(query).or_default();
        (row.0, row.1, row.2) = (row.0 + asked.0, row.1 + asked.1, row.2 + asked.2);
    }
    let ranked = |wanted: &dyn Fn(&Asked) -> bool, order: &dyn Fn(&Asked) -> [u64; 2]| {
        let mut rows: Vec<(&str, &Asked)> =
            rows.iter().map(|(query, row)| (*query, row)).filter(|(_, row)| wanted(row)).collect();
        rows.sort_unstable_by(|a, b| order(b.1).cmp(&order(a.1)).then_with(|| a.0.cmp(b.0)));
        rows.truncate(MAX_TOP);
        let row = |(query, Asked(visitors, searches, no_answer)): (&str, &Asked)| TopQuery {
            query: query.to_owned(),
            visitors: *visitors,
            searches: *searches,
            no_answer: *no_answer,
        };
        rows.into_iter().map(row).collect()
    };
    [ranked(&|_| true, &|row| [row.0, row.1]), ranked(&|row| row.2 > 0, &|row| [row.0.min(row.2), row.2])]
}

/// An article with what was done with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ArticleFigures {
    /// Slug.
    pub article: String,
    /// Visits in which it was open.
    pub views: u64,
    /// Visitors who read it.
    pub reads: u64,
    /// Verdicts, one of each visitor.
    pub votes: u64,
    /// Of `votes`: helpful.
    pub helpful: u64,
    /// `helpful` of `votes`, 0..1; none below 20 votes.
    pub helpful_rate: Option<f64>,
    /// Its 95 % interval.
    pub helpful_interval: Option<Interval>,
    /// `votes` of `reads`, 0..1; none without reads.
    pub response_rate: Option<f64>,
    /// Issues in which it was read and a ticket came within 24 hours all the same.
    pub tickets_after_reading: u64,
}

/// Articles by views, then reads, then alphabet.
pub fn articles(days: &[&DayCounts], slice: &Slice) -> Vec<ArticleFigures> {
    let mut rows: HashMap<&str, Used> = HashMap::new();
    let wanted = |language: &str, kind: &str| {
        slice.has_language(language) && slice.kind.as_ref().is_none_or(|wanted| wanted == kind)
    };
    for (language, kind, slug, used) in days.iter().flat_map(|day| &day.lists.articles) {
        if wanted(language, kind) {
            let row = rows.entry(slug).or_default();
            *row = Used(row.0 + used.0, row.1 + used.1, row.2 + used.2, row.3 + used.3, row.4 + used.4);
        }
    }
    let mut rows: Vec<ArticleFigures> = rows.into_iter().map(|(slug, used)| ArticleFigures::of(slug, used)).collect();
    rows.sort_unstable_by(|a, b| (b.views, b.reads, &a.article).cmp(&(a.views, a.reads, &b.article)));
    rows.truncate(MAX_TOP);
    rows
}

impl ArticleFigures {
    fn of(slug: &str, Used(views, reads, votes, helpful, tickets_after_reading): Used) -> Self {
        let shown = votes >= MIN_VOTES;
        Self {
            article: slug.to_owned(),
            views,
            reads,
            votes,
            helpful,
            helpful_rate: shown.then(|| helpful as f64 / votes as f64),
            helpful_interval: wilson(helpful, votes).filter(|_| shown),
            response_rate: (reads > 0).then(|| (votes as f64 / reads as f64).min(1.0)),
            tickets_after_reading,
        }
    }
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

/// How many people asked what, in which language, with hits that could be answers. Queries in which something was masked
/// are not among it.
#[derive(Debug, Default)]
pub struct Popularity(BTreeMap<(String, String), u64>);

impl Popularity {
    /// Adds the people of a window. Windows must not overlap; whoever is in two of them counts twice.
    pub fn add(&mut self, events: &[Event], window: &Window) {
        let (people, _) = exclusion::split(visits::by_visitor(events, &window.site), window);
        let mut rows: BTreeSet<(String, &str, usize)> = BTreeSet::new();
        for search in asked(&people, window).iter().filter(|search| !search.no_answer()) {
            if let (Some(language), false) = (search.language, has_mask(search.query)) {
                rows.insert((search.query.nfkc().collect::<String>().to_lowercase(), language, search.visitor));
            }
        }
        for (query, language, _) in rows {
            *self.0.entry((query, language.to_owned())).or_default() += 1;
        }
        // As in lossy counting (Manku and Motwani 2002): what is rare among so many is not what many ask.
        if self.0.len() > MAX_COUNTED {
            self.0.retain(|_, people| *people > 1);
        }
    }

    /// What at least `visitors` people asked, most first.
    #[must_use]
    pub fn most(self, visitors: u64) -> Vec<Popular> {
        let mut popular: Vec<Popular> = self
            .0
            .into_iter()
            .map(|((query, language), visitors)| Popular { query, language, visitors })
            .filter(|row| row.visitors >= visitors && !row.query.is_empty())
            .collect();
        popular.sort_by(|a, b| b.visitors.cmp(&a.visitors).then_with(|| a.query.cmp(&b.query)));
        popular.truncate(MAX_POPULAR);
        popular
    }
}

/// Readers' verdicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Helpfulness {
    /// Votes "helpful" of all votes; value and interval are hidden below [`MIN_VOTES`].
    pub rate: Figure,
    /// Of the articles read: the reader voted.
    pub response: Figure,
    /// Articles read by a visitor.
    pub reads: u64,
}

impl Helpfulness {
    pub(super) fn of(counts: &Counts, maker: &Maker) -> Self {
        let plain = &counts.plain;
        let mut rate = maker.share("helpful_rate/1", plain.helpful, plain.votes, None);
        if plain.votes < MIN_VOTES {
            (rate.value, rate.interval) = (None, None);
        }
        Self {
            rate,
            response: maker.share("response_rate/1", plain.reads_voted, plain.reads, None),
            reads: plain.reads,
        }
    }
}
