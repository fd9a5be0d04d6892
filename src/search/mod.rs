//! A visitor's words become an [`Answer`]: hits by article, snippets, and the decision whether they answer at all.
//!
//! The walk: signs (quotation marks, minus) -> understanding (terms by language, prefix, typing errors,
//! synonyms) -> candidates from the index by field-weighted BM25 -> the best sections and lines of each
//! -> snippets -> decision. It takes
//! one snapshot for all of it. This room writes nothing and never waits for the store; visitor text
//! never reaches a query parser.

mod complete;
mod decide;
mod explain;
mod learned;
mod message;
mod model;
mod postings;
mod priors;
mod rank;
mod read;
mod restrict;
mod reword;
mod snippet;
mod spelling;
mod syntax;
mod telling;
mod typo;
mod understand;
mod weights;
mod whole;
mod widen;

use std::{cell::Cell, collections::HashSet, sync::Arc, time::Instant};

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};

pub use complete::{Completer, Completion, CompletionKind, CompletionQuery, PopularQuery};
pub use decide::{DecisionModel, Signals};
pub use explain::{
    Appearance, Explain, ExplainedArticle, ExplainedDecision, ExplainedField, ExplainedLine, ExplainedSignal,
    ExplainedVariant, ExplainedWord, Explanation, Part, WordPart,
};
pub use learned::{LearnedQuestion, LearnedQuestions};
pub use message::message_query;
pub use model::{ByField, LineWeights, PriorWeights, RankingModel, TermWeights, VariantWeights};
pub use telling::{TellingWord, TextReader};
pub use understand::VariantKind;
pub use weights::ModelError;

use crate::{
    analysis::{Language, Synonyms},
    index::{Entry, Generation, Index, IndexError, Snapshot, Stored},
};
use learned::{Evidence, Learned};
use postings::Postings;
use rank::{Ranked, Ranking};
use read::Reading;
use snippet::Sections;
use syntax::Asked;
use understand::Understood;

/// Longest query in characters; the rest is cut off.
pub const MAX_QUERY_CHARS: usize = 256;
/// Longest message in characters; the rest is cut off.
pub const MAX_MESSAGE_CHARS: usize = 2_000;
/// Most terms of a query that are looked at.
pub const MAX_TERMS: usize = 16;
/// Longest term in characters.
pub const MAX_TERM_CHARS: usize = 40;
/// Largest offset into the hits.
pub const MAX_OFFSET: usize = 1000;
/// Most hits in one reply.
pub const MAX_LIMIT: usize = 50;

/// A checked request for answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// The visitor's words. `"side by side"` and `-without` mean what they look like.
    pub text: String,
    /// Key of the site, for the synonyms that are its own.
    pub site: String,
    /// Languages to look in, the visitor's first; a later one only counts when those before have
    /// no answer and it has a better one. Empty: every language of the index at once.
    pub languages: Vec<String>,
    /// Which articles may be hits.
    pub filter: Filter,
    /// Most hits to return, at most [`MAX_LIMIT`].
    pub limit: usize,
    /// Hits to leave out from the top, at most [`MAX_OFFSET`].
    pub offset: usize,
    /// Whether the last word may be unfinished.
    pub prefix: bool,
    /// Whether words may contain typing errors.
    pub typo_tolerance: bool,
    /// Whether the text is a message rather than a query: more of it is looked at, up to [`MAX_MESSAGE_CHARS`].
    pub long: bool,
    /// Confidence from which the decision is [`Decision::Answer`].
    pub answer_at: f32,
    /// Confidence from which the decision is [`Decision::Candidates`].
    pub candidates_at: f32,
    /// Whether to say why.
    pub explain: Option<Explain>,
    /// When to stop looking: what was found by then is the answer, and says that it is partial.
    pub until: Option<Instant>,
}

/// Restricts which articles may be hits; an empty list restricts nothing, several values of one list mean "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Folders below the article root.
    pub folders: Vec<String>,
    /// Kinds, as in the front matter.
    pub kinds: Vec<String>,
    /// Tags, compared without case.
    pub tags: Vec<String>,
    /// Products, compared without case.
    pub products: Vec<String>,
}

/// The outcome of a search.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The query as it was understood: trimmed, cut to the limits.
    pub query: String,
    /// Language of the hits; the visitor's where there are none.
    pub language: Option<String>,
    /// Generation of the index that answered.
    pub generation: u64,
    /// Articles that match at all.
    pub total: usize,
    /// Whether this answers the question.
    pub decision: Decision,
    /// Calibrated probability, 0..1, that the knowledge base answers the question.
    pub confidence: f32,
    /// The query with typing errors put right, where that is what found the hits.
    pub corrected: Option<String>,
    /// No article has what stands in quotation marks, so that its words were searched one by one.
    pub relaxed: bool,
    /// Words and phrases that no hit has, because the query says so.
    pub excluded: Vec<String>,
    /// After a miss: the query as it may have been meant, to be offered.
    pub did_you_mean: Option<String>,
    /// Articles, best first.
    pub hits: Vec<Hit>,
    /// Time was up before everything was looked at: there may be more and better hits.
    pub partial: bool,
    /// What the decision saw.
    pub signals: Signals,
    /// Why, where the query asks for it.
    pub explanation: Option<Explanation>,
}

/// Does the knowledge base answer? In order of hope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// No: offer a ticket.
    NoAnswer,
    /// Perhaps: worth showing, not worth relying on.
    Candidates,
    /// Yes.
    Answer,
}

impl Decision {
    /// The name in JSON, events and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Candidates => "candidates",
            Self::NoAnswer => "no_answer",
        }
    }
}

/// One article that matches.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The article.
    pub article: Arc<Entry>,
    /// Ranking score; comparable within one answer only.
    pub score: f32,
    /// Its best sections, best first, at most 3.
    pub sections: Vec<SectionHit>,
}

/// A section of a hit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SectionHit {
    /// Fragment of the section's address; empty for the lead.
    pub anchor: String,
    /// Headings above and of the section, outermost first.
    pub heading: Vec<String>,
    /// The passage that fits best, plain text.
    pub snippet: String,
    /// What to mark in the snippet: start and end (exclusive) in Unicode characters (scalar values).
    pub highlights: Vec<[u32; 2]>,
}

/// Why a search failed; nothing a visitor can type leads here.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The index cannot be read.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl From<std::io::Error> for SearchError {
    fn from(error: std::io::Error) -> Self {
        Self::Index(error.into())
    }
}

/// Articles whose lines are read to settle the order of the first hits.
const READ: usize = 20;
/// Languages looked at when the query names none.
const MAX_LANGUAGES: usize = 8;

/// Answers queries from whatever the index holds at that moment.
#[derive(Clone)]
pub struct Searcher {
    index: Arc<Index>,
    synonyms: Arc<ArcSwap<Synonyms>>,
    learned: Arc<ArcSwap<LearnedQuestions>>,
    decision: Arc<ArcSwap<DecisionModel>>,
    ranking: Arc<RankingModel>,
    postings: Arc<ArcSwap<Postings>>,
}

/// What answers depend on besides the query: under equal editions, equal queries have equal answers.
#[derive(Clone)]
pub struct Edition {
    generation: u64,
    synonyms: Arc<Synonyms>,
    learned: Arc<LearnedQuestions>,
    decision: Arc<DecisionModel>,
}

impl PartialEq for Edition {
    fn eq(&self, other: &Self) -> bool {
        self.generation == other.generation
            && Arc::ptr_eq(&self.synonyms, &other.synonyms)
            && Arc::ptr_eq(&self.learned, &other.learned)
            && Arc::ptr_eq(&self.decision, &other.decision)
    }
}

/// What one language of a query came to.
struct Found {
    understood: Understood,
    ranking: Ranking,
    reader: read::Reader,
    hits: Vec<Candidate>,
    /// The same question in other words.
    reworded: Vec<Found>,
}

impl Found {
    /// Every wording of the question, as it was asked first.
    fn wordings(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.reworded)
    }

    fn score(&self) -> f32 {
        self.hits.first().map_or(0.0, |hit| hit.score)
    }

    /// The wording that some article fits best.
    fn best(&self) -> &Self {
        self.reworded.iter().fold(self, |best, next| if next.score() > best.score() { next } else { best })
    }
}

/// An article on its way to become a hit.
struct Candidate {
    ranked: Ranked,
    score: f32,
    reading: Reading,
    /// What was learned about the article.
    learned: Option<Evidence>,
    /// Its lines, where they were read, and its sections; kept for its snippets.
    stored: Option<(Stored, Sections)>,
}

impl Searcher {
    /// Searches `index`.
    #[must_use]
    pub fn new(index: Arc<Index>) -> Self {
        Self {
            index,
            decision: Arc::new(ArcSwap::from_pointee(DecisionModel::bundled().clone())),
            synonyms: Arc::default(),
            learned: Arc::default(),
            ranking: RankingModel::bundled(),
            postings: no_postings(),
        }
    }

    /// The same with other weights of the ranking.
    #[must_use]
    pub fn with_ranking(self, ranking: Arc<RankingModel>) -> Self {
        Self { ranking, postings: no_postings(), ..self }
    }

    /// Uses these synonyms from the next search on; clones of the searcher too.
    pub fn use_synonyms(&self, synonyms: Synonyms) {
        self.synonyms.store(Arc::new(synonyms));
    }

    /// Uses what visitors taught from the next search on; clones of the searcher too.
    pub fn use_learned(&self, learned: LearnedQuestions) {
        self.learned.store(Arc::new(learned));
    }

    /// Decides by this model from the next search on; clones of the searcher too.
    pub fn decide_by(&self, model: DecisionModel) {
        self.decision.store(Arc::new(model));
    }

    /// What decisions are made by now.
    #[must_use]
    pub fn decision_model(&self) -> Arc<DecisionModel> {
        self.decision.load_full()
    }

    /// What is searched now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.index.snapshot()
    }

    /// What the next search goes by.
    #[must_use]
    pub fn edition(&self) -> Edition {
        Edition {
            generation: self.snapshot().generation().number,
            synonyms: self.synonyms.load_full(),
            learned: self.learned.load_full(),
            decision: self.decision_model(),
        }
    }

    /// Answers a query.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn search(&self, query: &Query) -> Result<Answer, SearchError> {
        let snapshot = self.snapshot();
        let (decision, synonyms, learned) = (self.decision_model(), self.synonyms.load(), self.learned.load());
        let (ranking, postings) = (&self.ranking, &self.postings(&snapshot));
        let late = Cell::new(false);
        let (decision, synonyms, learned) = (&decision, &synonyms, &learned);
        let search = Search { snapshot: &snapshot, query, ranking, postings, decision, synonyms, learned, late };
        let limit = if query.long { MAX_MESSAGE_CHARS } else { MAX_QUERY_CHARS };
        let asked = Asked::read(&understand::clean(&query.text, limit));
        let mut answer = search.answer(&asked)?;
        if answer.total == 0 && !asked.phrases.is_empty() && !search.is_late() {
            answer = Answer { relaxed: true, ..search.answer(&asked.relaxed())? };
        }
        answer.partial = search.late.get();
        let language = answer.language.as_deref().map(Language::new);
        answer.excluded.retain(|words| language.as_ref().is_none_or(|language| restrict::leaves_out(language, words)));
        Ok(answer)
    }

    /// The words of a snapshot that were looked for.
    fn postings(&self, snapshot: &Snapshot) -> Arc<Postings> {
        let kept = self.postings.load_full();
        if kept.are_of(snapshot) {
            return kept;
        }
        let new = Arc::new(Postings::new(snapshot.generation().clone()));
        self.postings.store(Arc::clone(&new));
        new
    }
}

fn no_postings() -> Arc<ArcSwap<Postings>> {
    Arc::new(ArcSwap::from_pointee(Postings::new(Generation { number: u64::MAX, hash: String::new() })))
}

/// What one search goes by.
struct Search<'a> {
    snapshot: &'a Snapshot,
    query: &'a Query,
    ranking: &'a RankingModel,
    postings: &'a Postings,
    decision: &'a DecisionModel,
    synonyms: &'a Synonyms,
    learned: &'a LearnedQuestions,
    /// Something was left out because time was up.
    late: Cell<bool>,
}

impl Search<'_> {
    /// Whether time is up. Whoever asks leaves something out then: each step that is not needed for an answer asks, so
    /// that what runs over is one step of one language.
    fn is_late(&self) -> bool {
        let late = self.late.get() || self.query.until.is_some_and(|until| Instant::now() >= until);
        self.late.set(late);
        late
    }

    fn answer(&self, asked: &Asked) -> Result<Answer, SearchError> {
        let Self { snapshot, query, .. } = *self;
        let mut answer = Answer {
            language: query.languages.first().cloned(),
            generation: snapshot.generation().number,
            total: 0,
            decision: Decision::NoAnswer,
            confidence: 0.0,
            corrected: None,
            relaxed: false,
            excluded: asked.excluded.clone(),
            did_you_mean: None,
            partial: false,
            hits: Vec::new(),
            signals: Signals::default(),
            explanation: None,
            query: asked.query.clone(),
        };
        if query.languages.is_empty() {
            let codes: Vec<String> = snapshot.languages().take(MAX_LANGUAGES).map(str::to_owned).collect();
            let mut found = Vec::with_capacity(codes.len());
            for code in &codes {
                if found.is_empty() || !self.is_late() {
                    found.push(self.find(asked, code)?);
                }
            }
            if let Some(best) = found.iter_mut().max_by(|a, b| a.best().score().total_cmp(&b.best().score())) {
                spelling::second_try(self, asked, best, &mut answer)?;
            }
            self.finish(&found, &mut answer)?;
            return Ok(answer);
        }
        // The first language with an answer; else the best that any has, the visitor's own before others.
        let mut best: Option<((Decision, bool), &String, Found)> = None;
        for language in &query.languages {
            let found = self.find(asked, language)?;
            let (.., decision) = self.judge(&found);
            let worth = (decision, found.wordings().any(|wording| !wording.hits.is_empty()));
            if best.as_ref().is_none_or(|(before, ..)| worth > *before) {
                best = Some((worth, language, found));
            }
            if decision == Decision::Answer || self.is_late() {
                break;
            }
        }
        if let Some((_, language, mut found)) = best {
            answer.language = Some(language.clone());
            spelling::second_try(self, asked, &mut found, &mut answer)?;
            self.finish(&[found], &mut answer)?;
        }
        Ok(answer)
    }

    /// Finds the articles of one language, for every wording of the question.
    fn find(&self, asked: &Asked, language: &str) -> Result<Found, SearchError> {
        let (understood, wordings) = understand::understand(self, asked, language)?;
        let depth = self.depth(1 + wordings.len());
        let mut found = self.rate(asked, understood, depth)?;
        for wording in wordings {
            if !self.is_late() {
                found.reworded.push(self.rate(asked, wording, depth)?);
            }
        }
        Ok(found)
    }

    /// Ranks the articles of one language and reads the best of them.
    fn rate(&self, asked: &Asked, understood: Understood, depth: usize) -> Result<Found, SearchError> {
        let Self { snapshot, query, ranking: model, .. } = *self;
        let mut ranking = rank::rank(snapshot, model, self.postings, &understood)?;
        if query.filter != Filter::default() {
            ranking.articles.retain(|ranked| query.filter.lets_through(snapshot, ranked.place));
        }
        let reader = read::Reader::new(model, &understood, &ranking, snapshot);
        restrict::apply(self, &understood, asked, &mut ranking)?;
        let learned = Learned::of(self, asked, &understood, &reader);
        learned.join(&mut ranking);
        let best = ranking.best(depth.max(READ), |ranked| reader.estimate(ranked) + learned.promise(ranked));
        let mut hits = Vec::with_capacity(best.len());
        for (at, ranked) in best.into_iter().enumerate() {
            let stored = if at < READ && !self.is_late() { Some(snapshot.stored(ranked.place)?) } else { None };
            hits.push(self.candidate(&reader, ranked, stored, learned.evidence(&ranked)));
        }
        let read = hits.len().min(READ);
        hits[..read].sort_by(|a, b| b.score.total_cmp(&a.score).then(a.ranked.place.cmp(&b.ranked.place)));
        Ok(Found { understood, ranking, reader, hits, reworded: Vec::new() })
    }

    /// How many articles of a language are put in order: where several orders are merged, or something is explained,
    /// all of them.
    fn depth(&self, wordings: usize) -> usize {
        let Query { languages, explain, offset, limit, .. } = self.query;
        let merged = wordings > 1 || (languages.is_empty() && self.snapshot.languages().nth(1).is_some());
        if merged || explain.is_some() { usize::MAX } else { (*offset).min(MAX_OFFSET) + (*limit).min(MAX_LIMIT) }
    }

    /// Settles the score of an article, of which the lines were read or not.
    fn candidate(
        &self,
        reader: &read::Reader,
        ranked: Ranked,
        stored: Option<Stored>,
        learned: Option<Evidence>,
    ) -> Candidate {
        let read = stored.as_ref().map(|stored| reader.read(stored));
        let (mut reading, sections) = read.map_or_else(|| (reader.unread(&ranked), None), |(r, s)| (r, Some(s)));
        if let Some(evidence) = &learned {
            reader.learn(&mut reading, evidence);
        }
        let parts = reader.parts(&ranked, &reading).into_iter().chain(self.priors(ranked.place));
        let parts = parts.chain(learned.map(Evidence::part));
        let score = parts.fold(reader.share(&ranked), |score, (_, value, weight)| score + value * weight);
        Candidate { ranked, score, reading, learned, stored: stored.zip(sections) }
    }

    /// What an article has before anybody asks: name, value in -1..1 and weight of each part.
    fn priors(&self, place: usize) -> [(&'static str, f32, f32); 2] {
        let PriorWeights { weight, freshness } = self.ranking.priors;
        let entry = self.snapshot.catalog().at(place);
        let position = entry.and_then(|entry| entry.front_matter.weight).map_or(0.0, priors::position);
        let newest = self.snapshot.newest();
        let dates = entry.and_then(|entry| entry.front_matter.updated).zip(newest);
        let newness = dates.map_or(0.0, |(updated, newest)| priors::newness(updated, newest));
        [("weight", position, weight), ("freshness", newness, freshness)]
    }

    /// Whether what one language has answers the query, and why.
    fn judge(&self, found: &Found) -> (Signals, f32, Decision) {
        let found = found.best();
        let signals = decide::signals(self.snapshot, &found.understood, &found.ranking, &found.hits);
        let confidence = self.decision.confidence(&signals);
        (signals, confidence, decide::decide(confidence, self.query.answer_at, self.query.candidates_at))
    }

    /// Merges languages and wordings, decides, and makes the hits that are asked for.
    fn finish(&self, found: &[Found], answer: &mut Answer) -> Result<(), SearchError> {
        let Self { snapshot, query, .. } = *self;
        let found: Vec<&Found> = found.iter().flat_map(Found::wordings).collect();
        let mut order: Vec<(usize, usize)> =
            found.iter().enumerate().flat_map(|(which, f)| (0..f.hits.len()).map(move |at| (which, at))).collect();
        if found.len() > 1 {
            order.sort_by(|a, b| found[b.0].hits[b.1].score.total_cmp(&found[a.0].hits[a.1].score));
            let mut seen = HashSet::new();
            order.retain(|(which, at)| {
                let entry = snapshot.catalog().at(found[*which].hits[*at].ranked.place);
                entry.is_none_or(|entry| seen.insert(entry.translation_key.as_str()))
            });
        }
        answer.total = if let [alone] = found[..] { alone.ranking.articles.len() } else { order.len() };
        if let Some(wish) = &query.explain {
            answer.explanation = Some(explain::explain(self, wish, &found, &order)?);
        }
        let Some(&(which, _)) = order.first() else { return Ok(()) };
        let best = found[which];
        (answer.signals, answer.confidence, answer.decision) = self.judge(best);
        spelling::tell(&best.understood, answer);
        if query.languages.is_empty() {
            answer.language = Some(best.understood.language.clone());
        }
        for &(which, at) in order.iter().skip(query.offset.min(MAX_OFFSET)).take(query.limit.min(MAX_LIMIT)) {
            let Found { reader, hits, .. } = found[which];
            let candidate = &hits[at];
            let Some(article) = snapshot.catalog().at(candidate.ranked.place) else { continue };
            let sections = if let Some((stored, sections)) = &candidate.stored {
                sections.hits(stored, reader)
            } else {
                let stored = snapshot.stored(candidate.ranked.place)?;
                reader.read(&stored).1.hits(&stored, reader)
            };
            answer.hits.push(Hit { article: Arc::clone(article), score: candidate.score, sections });
        }
        Ok(())
    }
}

impl Filter {
    fn lets_through(&self, snapshot: &Snapshot, place: usize) -> bool {
        snapshot.catalog().at(place).is_some_and(|entry| self.admits(entry))
    }

    fn admits(&self, entry: &Entry) -> bool {
        let front = &entry.front_matter;
        let any = |wanted: &[String], of: &[String]| {
            wanted.is_empty() || of.iter().any(|value| wanted.iter().any(|w| w.to_lowercase() == value.to_lowercase()))
        };
        let within =
            |folder: &String| entry.path.strip_prefix(folder.trim_matches('/')).is_some_and(|r| r.starts_with('/'));
        (self.folders.is_empty() || self.folders.iter().any(within))
            && any(&self.kinds, front.kind.as_slice())
            && any(&self.tags, &front.tags)
            && any(&self.products, &front.product)
    }
}

#[cfg(test)]
mod tests;
