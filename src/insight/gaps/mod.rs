//! Content gaps: what was asked and not answered, gathered by what it asks, and what to write first.
//!
//! A question is a gap's when it was decided "no answer", when the article it led to did not help, or
//! when a ticket followed all the same. Questions are gathered by their words (`cluster`), gaps are
//! ranked by how many different visitors they cost an answer, and each is asked again of the articles as
//! they are now, so that it says which article is nearest and why that was not enough, or since when
//! it is answered. Nothing here writes an article; [`Gap::draft`] begins one.

mod closing;
mod cluster;
mod gather;
mod kept;

#[cfg(test)]
mod tests;

use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    event::Event,
    figures::{Window, exclusion, visits},
};
use crate::{
    config,
    desk::Draft,
    search::{Answer, Decision, Explain, Filter, Query, SearchError, Searcher, TellingWord},
};

pub use closing::{Closing, Tally};
pub use cluster::clusters;
pub(super) use gather::{is_masked, normal};
pub(super) use kept::{KeptGaps, State};

/// Most gaps that are asked again and shown.
const MAX_GAPS: usize = 200;
/// Most phrasings of one gap that are shown, and that go into a draft.
const MAX_PHRASINGS: (usize, usize) = (20, 10);

/// The articles of a site as they are now, asked as its visitors ask them.
pub struct Articles<'a> {
    /// Searches them.
    pub searcher: &'a Searcher,
    /// The site.
    pub site: &'a config::Site,
    /// Its search settings.
    pub search: &'a config::Search,
}

/// All gaps of a window, the most urgent first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Gaps {
    /// What they are for.
    pub window: Window,
    /// Searches of the window that were meant.
    pub searches: u64,
    /// Of these, how many were left without an answer for any cause.
    pub unanswered: u64,
    /// How many gaps there are in all; the first of them follow.
    pub total: u64,
    /// The gaps.
    pub gaps: Vec<Gap>,
}

/// One thing that visitors asked and no article answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Gap {
    /// The phrasing of most visitors: masked, lower case.
    pub question: String,
    /// Language of the questions.
    pub language: String,
    /// Phrasings, those of most visitors first.
    pub phrasings: Vec<Phrasing>,
    /// Visitors who were left without an answer.
    pub visitors: u64,
    /// Their searches.
    pub searches: u64,
    /// Visitors in the first half of the window.
    pub earlier: u64,
    /// Visitors in the second half.
    pub recent: u64,
    /// Visitors by cause; one may have several.
    pub causes: Causes,
    /// The article that comes nearest today.
    pub nearest: Option<Nearest>,
    /// Telling words of the question that the nearest article, or every article, lacks.
    pub missing: Vec<String>,
    /// Why the articles are not enough today; none where they are.
    pub shortfall: Option<Shortfall>,
    /// Since when an article answers it, and what that changed.
    pub closing: Option<Closing>,
}

/// One way to ask it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Phrasing {
    /// The words: masked, lower case.
    pub text: String,
    /// Visitors who asked it so and were left without an answer.
    pub visitors: u64,
}

/// Visitors by what left them without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Causes {
    /// The search was decided "no answer".
    pub no_answer: u64,
    /// The article was found not helpful.
    pub not_helpful: u64,
    /// A ticket followed although an article had been opened.
    pub ticketed: u64,
}

/// The article that comes nearest.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Nearest {
    /// Its slug.
    pub article: String,
    /// Its title.
    pub title: String,
    /// Probability, 0..1, that it answers.
    pub confidence: f32,
}

/// Why the articles are not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shortfall {
    /// No article has any word of it.
    NothingFound,
    /// The nearest article lacks words that say what it is about.
    WordsMissing,
    /// It has the words, but not together on what is asked.
    Unsure,
    /// It is shown as an answer, and readers found it not helpful.
    NotHelpful,
    /// It is shown as an answer, and readers sent a ticket all the same.
    Ticketed,
}

impl Articles<'_> {
    fn ask(&self, site: &str, text: &str, language: &str) -> Result<Answer, SearchError> {
        let others = self.site.languages.iter().filter(|other| *other != language).cloned();
        self.searcher.search(&Query {
            text: text.to_owned(),
            site: site.to_owned(),
            languages: Some(language.to_owned()).filter(|own| !own.is_empty()).into_iter().chain(others).collect(),
            filter: Filter { folders: self.site.folders.clone(), ..Filter::default() },
            limit: 1,
            prefix: self.search.prefix,
            typo_tolerance: self.search.typo_tolerance,
            answer_at: self.site.answer_at(),
            candidates_at: self.site.candidates_at(),
            explain: Some(Explain::default()),
            ..Query::default()
        })
    }
}

/// Questions that are one, before anybody asked the articles again.
struct Cluster<'a> {
    site: String,
    language: String,
    /// Left without an answer; never empty.
    unanswered: Vec<&'a gather::Question>,
    /// Asked the same, and answered.
    answered: Vec<&'a gather::Question>,
}

impl Gaps {
    /// The gaps of a window from its events; more events do no harm. `progress` is told how many of how many questions
    /// have been compared.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn of(
        events: &[Event],
        window: Window,
        articles: &Articles,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, SearchError> {
        let visitors = visits::by_visitor(events, &window.site);
        let (people, _) = exclusion::split(visitors, &window);
        let questions = gather::questions(&people, &window);
        let clusters = gather::gather(&questions, &window.site, articles.searcher, progress)?;
        let mut gaps: Vec<(Gap, &Cluster)> =
            clusters.iter().map(|cluster| (Gap::of(cluster, &window), cluster)).collect();
        gaps.sort_by(|(a, _), (b, _)| b.urgency().cmp(&a.urgency()).then_with(|| a.question.cmp(&b.question)));
        let total = gaps.len() as u64;
        gaps.truncate(MAX_GAPS);
        for (gap, cluster) in &mut gaps {
            gap.ask_again(cluster, articles)?;
        }
        Ok(Self {
            searches: questions.len() as u64,
            unanswered: questions.iter().filter(|question| !question.causes.is_empty()).count() as u64,
            total,
            gaps: gaps.into_iter().map(|(gap, _)| gap).collect(),
            window,
        })
    }
}

impl Gap {
    fn of(cluster: &Cluster, window: &Window) -> Self {
        let middle = middle(window);
        let unanswered = || cluster.unanswered.iter().copied();
        let caused = |cause| gather::visitors(unanswered().filter(|question| question.causes.contains(&cause)));
        let phrasings = gather::phrasings(unanswered());
        Self {
            question: phrasings.first().map(|phrasing| phrasing.text.clone()).unwrap_or_default(),
            language: cluster.language.clone(),
            visitors: gather::visitors(unanswered()),
            searches: cluster.unanswered.len() as u64,
            earlier: gather::visitors(unanswered().filter(|question| question.at < middle)),
            recent: gather::visitors(unanswered().filter(|question| question.at >= middle)),
            causes: Causes {
                no_answer: caused(gather::Cause::NoAnswer),
                not_helpful: caused(gather::Cause::NotHelpful),
                ticketed: caused(gather::Cause::Ticketed),
            },
            phrasings: phrasings.into_iter().take(MAX_PHRASINGS.0).collect(),
            nearest: None,
            missing: Vec::new(),
            shortfall: None,
            closing: None,
        }
    }

    /// Visitors, those of the second half of the window twice: what grows comes before what fades.
    fn urgency(&self) -> (u64, u64) {
        (self.earlier + 2 * self.recent, self.visitors)
    }

    /// Asks the articles as they are now.
    fn ask_again(&mut self, cluster: &Cluster, articles: &Articles) -> Result<(), SearchError> {
        let ask = |text: &str| articles.ask(&cluster.site, text, &cluster.language);
        let answer = ask(&self.question)?;
        let hit = answer.hits.first();
        self.nearest = hit.map(|hit| Nearest {
            article: hit.article.front_matter.slug.clone(),
            title: hit.article.front_matter.title.clone(),
            confidence: answer.confidence,
        });
        let words = articles.searcher.text_reader(&self.language).read(&self.question)?;
        self.missing = missing(&words, &answer);
        if let Some(nearest) = self.nearest.as_ref().filter(|_| answer.decision == Decision::Answer) {
            self.closing = Closing::of(cluster, &nearest.article, &ask)?;
        }
        self.shortfall = if self.closing.is_some() { None } else { Some(self.shortfall(&answer)) };
        Ok(())
    }

    fn shortfall(&self, answer: &Answer) -> Shortfall {
        let Causes { no_answer, not_helpful, ticketed } = self.causes;
        if answer.hits.is_empty() {
            Shortfall::NothingFound
        } else if not_helpful.max(ticketed) > no_answer || answer.decision == Decision::Answer {
            if not_helpful >= ticketed && not_helpful > 0 {
                Shortfall::NotHelpful
            } else if ticketed > 0 {
                Shortfall::Ticketed
            } else {
                Shortfall::Unsure
            }
        } else if self.missing.is_empty() {
            Shortfall::Unsure
        } else {
            Shortfall::WordsMissing
        }
    }

    /// The beginning of an article: its title and `questions` are how visitors asked. Phrasings in which something was
    /// masked are left out. Nothing where no phrasing is left.
    #[must_use]
    pub fn draft(&self, today: Date) -> Option<Draft> {
        let clean =
            self.phrasings.iter().map(|phrasing| phrasing.text.as_str()).filter(|text| !gather::is_masked(text));
        let questions: Vec<&str> = clean.take(MAX_PHRASINGS.1).collect();
        let title = gather::capitalised(questions.first()?);
        Some(Draft::begin(&title, &self.language, &questions, "…", today))
    }
}

/// Telling words that the best hit lacks, as they were typed.
fn missing(words: &[TellingWord], answer: &Answer) -> Vec<String> {
    let has = |word: &TellingWord| {
        let explained = answer.explanation.as_ref().and_then(|explanation| explanation.articles.first());
        explained.is_some_and(|article| {
            article.words.iter().any(|part| part.word == word.surface && part.contribution > 0.0)
        })
    };
    let missing = |word: &&TellingWord| !(word.stop || word.known && has(word));
    words.iter().filter(missing).map(|word| word.surface.clone()).collect()
}

fn middle(window: &Window) -> Timestamp {
    let half = window.to.duration_since(window.from) / 2;
    window.from.checked_add(half).unwrap_or(window.to)
}
