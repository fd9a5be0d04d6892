//! Questions that visitors have shown an article to answer: they stand beside the article's own `questions`.
//!
//! What was learned is handed to the searcher as a whole, as synonyms are: the index does not know it,
//! so it counts at once, and taking it away leaves nothing behind. A learned question is read like a
//! line of the article, by the same rules, and everything that it gives is multiplied by its weight
//! (0..1). It never takes anything from other articles' scores, and where nothing was learned a
//! search does no work for it. How questions are learned is not known here.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::{
    Search,
    rank::{Ranked, Ranking},
    read::{LineMatch, Reader},
    syntax::Asked,
    understand::Understood,
};
use crate::{
    analysis::{Analyzer, Language},
    index::{Line, Passages, encode_question},
};

/// What a learned question of full weight that is asked word for word adds to an article's score.
const WEIGHT: f32 = 0.2;
/// Share of the best reachable score that such an article has at least, when the decision looks at it.
const SHARE: f32 = 0.7;
/// More than any estimate.
const TO_BE_READ: f32 = 100.0;
/// Likeness of a query to a learned question up to which it is another question. From there to 1 evidence grows with the
/// square, so that what is half like it moves nothing: `zerodesk eval --replay` measures it.
const LEAST: f32 = 0.6;

/// A question with the article that answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnedQuestion {
    /// Key of the site on which it was learned.
    pub site: String,
    /// Language in which it was asked.
    pub language: String,
    /// The words.
    pub question: String,
    /// Slug of the article.
    pub article: String,
    /// How much it counts, 0..1: against 1 for a question in the front matter.
    pub weight: f32,
}

/// All that was learned, ready to be searched.
#[derive(Debug, Default)]
pub struct LearnedQuestions {
    tables: HashMap<(String, String), Table>,
}

/// What was learned on one site in one language.
#[derive(Debug, Default)]
struct Table {
    entries: Vec<Entry>,
    by_term: HashMap<u32, Vec<u32>>,
}

#[derive(Debug)]
struct Entry {
    article: Arc<str>,
    weight: f32,
    /// The question as lines of articles are kept, so that both are read alike.
    line: Vec<u8>,
}

/// What a learned question gives an article for one query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Evidence {
    /// The weight of the question.
    pub weight: f32,
    /// What the question has of the query.
    pub matched: LineMatch,
}

impl LearnedQuestions {
    /// Takes questions in; those without a weight are left out.
    #[must_use]
    pub fn new(questions: impl IntoIterator<Item = LearnedQuestion>) -> Self {
        let mut analyzers: HashMap<String, Analyzer> = HashMap::new();
        let mut learned = Self::default();
        for LearnedQuestion { site, language, question, article, weight } in questions {
            if weight <= 0.0 {
                continue;
            }
            let language = Language::new(&language);
            let analyzer =
                analyzers.entry(language.code().to_owned()).or_insert_with(|| Analyzer::new(language.clone()));
            let line = encode_question(&question, analyzer);
            let table = learned.tables.entry((site, language.code().to_owned())).or_default();
            table.add(Entry { article: article.into(), weight: weight.min(1.0), line });
        }
        learned
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables.values().map(|table| table.entries.len()).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    fn table(&self, site: &str, language: &str) -> Option<&Table> {
        if self.tables.is_empty() {
            return None;
        }
        self.tables.get(&(site.to_owned(), language.to_owned()))
    }
}

impl Table {
    fn add(&mut self, entry: Entry) {
        let number = self.entries.len() as u32;
        let tokens = entry.line().into_iter().flat_map(|line| line.tokens());
        let telling: HashSet<u32> = tokens.filter(|token| !token.stop).map(|token| token.hash).collect();
        for hash in telling {
            self.by_term.entry(hash).or_default().push(number);
        }
        self.entries.push(entry);
    }
}

impl Entry {
    fn line(&self) -> Option<Line<'_>> {
        Passages::new(&self.line)?.line(0)
    }
}

/// What was learned that a query asks: the best for each article, by its place.
#[derive(Default)]
pub(super) struct Learned(HashMap<usize, Evidence>);

impl Learned {
    /// Nothing where nothing was learned.
    pub(super) fn of(search: &Search, asked: &Asked, understood: &Understood, reader: &Reader) -> Self {
        let mut found: HashMap<usize, Evidence> = HashMap::new();
        let Some(table) = search.learned.table(&search.query.site, &understood.language) else {
            return Self::default();
        };
        // Signs ask for words of the article itself.
        if !asked.phrases.is_empty() || !asked.excluded.is_empty() {
            return Self::default();
        }
        let met: BTreeSet<u32> =
            reader.hashes().filter_map(|hash| table.by_term.get(&hash)).flatten().copied().collect();
        for entry in met.into_iter().map(|number| &table.entries[number as usize]) {
            let matched = entry.line().map(|line| reader.line(&line)).unwrap_or_default();
            let Some(place) = place(search, understood, entry).filter(|_| matched.likeness > LEAST) else { continue };
            let evidence = Evidence { weight: entry.weight, matched };
            let best = found.entry(place).or_insert(evidence);
            if evidence.value() > best.value() {
                *best = evidence;
            }
        }
        Self(found)
    }

    /// Brings articles into a ranking that have no word of the query themselves.
    pub(super) fn join(&self, ranking: &mut Ranking) {
        if self.0.is_empty() {
            return;
        }
        let Ranking { articles, information, .. } = ranking;
        let covered = |concepts: u32| -> f32 {
            information.iter().enumerate().filter(|(bit, _)| concepts >> bit & 1 == 1).map(|(_, number)| number).sum()
        };
        let mut new = self.0.clone();
        for ranked in articles.iter_mut() {
            if let Some(evidence) = new.remove(&ranked.place) {
                ranked.concepts |= evidence.concepts();
                ranked.covered = covered(ranked.concepts);
            }
        }
        let ranked = |(place, evidence): (usize, Evidence)| {
            let concepts = evidence.concepts();
            Ranked { place, score: 0.0, concepts, covered: covered(concepts), named: 0.0 }
        };
        articles.extend(new.into_iter().map(ranked));
    }

    /// Lifts what has evidence to where articles are read.
    pub(super) fn promise(&self, ranked: &Ranked) -> f32 {
        if self.0.contains_key(&ranked.place) { TO_BE_READ } else { 0.0 }
    }

    /// What was learned of an article.
    pub(super) fn evidence(&self, ranked: &Ranked) -> Option<Evidence> {
        self.0.get(&ranked.place).copied()
    }
}

/// The place of an article that may be a hit of this search.
fn place(search: &Search, understood: &Understood, entry: &Entry) -> Option<usize> {
    let catalog = search.snapshot.catalog();
    let article = catalog.by_slug(&entry.article)?;
    let is_hit = article.is_searchable()
        && Language::new(article.lang()).code() == understood.language
        && search.query.filter.admits(article);
    catalog.place(&article.path).filter(|_| is_hit)
}

impl Evidence {
    /// How surely the question was asked, 0..1.
    pub(super) fn value(&self) -> f32 {
        self.weight * ((self.matched.likeness - LEAST) / (1.0 - LEAST)).clamp(0.0, 1.0).powi(2)
    }

    /// The words that the article counts as having by it; none where it is more doubtful than not.
    fn concepts(&self) -> u32 {
        if self.value() >= 0.5 { self.matched.concepts } else { 0 }
    }

    /// Its part in the score: name, value and weight.
    pub(super) fn part(self) -> (&'static str, f32, f32) {
        ("learned", self.value(), WEIGHT)
    }

    /// The share of the best reachable score that the article has at least.
    pub(super) fn share(self) -> f32 {
        SHARE * self.value()
    }
}
