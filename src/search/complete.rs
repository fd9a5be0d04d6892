//! Completions: whole phrases that begin as the visitor does.
//!
//! Titles, questions and headings of the articles and popular queries are prepared once for a state
//! of the index, beside the requests: folded phrases, and the places at which their words begin, in
//! alphabetical order. A request is then two binary searches and one walk over what lies between.
//! What was prepared before answers until the next is ready, so that saving an article costs no more.
//! This never makes phrases up, and shows a popular query only where every word of it stands in some article.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use serde::Serialize;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{Filter, MAX_QUERY_CHARS, SearchError};
use crate::{
    analysis::{Analyzer, Language, fold, is_stop_word, is_unspaced},
    index::{Entry, Snapshot},
};

/// Longer phrases, in characters, are nothing to choose from a list.
const MAX_CHARS: usize = 120;
/// Phrases looked at for words in another order.
const MAX_WALK: usize = 5000;
/// Shortest text, in letters, that may have a typing error.
const MIN_SLIP_CHARS: usize = 4;

/// What is to be completed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CompletionQuery {
    /// What the visitor has typed; a space at its end says that the last word is whole.
    pub text: String,
    /// Key of the site, whose popular queries count.
    pub site: String,
    /// Languages, the visitor's first; a later one only counts where those before have nothing.
    pub languages: Vec<String>,
    /// Which articles may lend their words.
    pub filter: Filter,
    /// Most completions.
    pub limit: usize,
}

/// A phrase to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The phrase as it was written.
    pub text: String,
    /// Where it comes from.
    pub kind: CompletionKind,
    /// Its language.
    pub language: String,
    /// What to mark: start and end (exclusive) in Unicode characters (scalar values).
    pub highlights: Vec<[u32; 2]>,
}

/// Where a completion comes from, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CompletionKind {
    /// What several visitors asked.
    Query,
    /// The title of an article.
    Title,
    /// One of its `questions`.
    Question,
    /// The heading of a section.
    Heading,
}

/// A query that several visitors asked and that had hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopularQuery {
    /// Key of the site.
    pub site: String,
    /// Language of the hits.
    pub language: String,
    /// The words.
    pub text: String,
    /// How many visitors.
    pub visitors: u32,
}

/// Completes from what was prepared last.
#[derive(Default)]
pub struct Completer {
    prepared: ArcSwap<HashMap<String, Lane>>,
    sources: Mutex<Sources>,
}

/// What completions are prepared from.
#[derive(Default)]
struct Sources {
    /// Phrases by the identity of their article's content.
    articles: HashMap<u64, Arc<[Words]>>,
    /// Each text once, because most headings stand in many articles.
    texts: HashSet<Arc<str>>,
    popular: Vec<PopularQuery>,
}

/// One phrase of an article.
struct Words {
    text: Arc<str>,
    folded: Arc<str>,
    kind: CompletionKind,
}

/// The phrases of one language.
#[derive(Default)]
struct Lane {
    phrases: Vec<Phrase>,
    /// In alphabetical order of what begins there.
    starts: Vec<Start>,
}

/// A phrase, wherever it stands.
struct Phrase {
    text: Arc<str>,
    folded: Arc<str>,
    kind: CompletionKind,
    /// Articles, or visitors of a query.
    count: u32,
    articles: Vec<Arc<Entry>>,
    /// Of a popular query.
    site: Option<String>,
}

/// A word of a phrase.
#[derive(Clone, Copy)]
struct Start {
    phrase: u32,
    /// Where it begins in the folded phrase, in bytes.
    at: u16,
    /// The less, the better.
    rank: u32,
}

/// A phrase that fits, with the parts of its folded text that do.
struct Fitting<'a> {
    start: Start,
    phrase: &'a Phrase,
    marks: Vec<Range<usize>>,
}

impl Completer {
    /// Prepares completions from these articles; what was prepared before stays in use until then.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn prepare(&self, snapshot: &Snapshot) -> Result<(), SearchError> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let Sources { articles, texts, popular } = &mut *sources;
        let mut known = HashMap::with_capacity(snapshot.catalog().len());
        let mut making = Making::default();
        for (place, entry) in snapshot.catalog().iter().enumerate().filter(|(_, entry)| entry.is_searchable()) {
            let words = match articles.get(&entry.identity()) {
                Some(words) => Arc::clone(words),
                None => words(snapshot, place, entry, texts)?,
            };
            making.article(entry, &words);
            known.insert(entry.identity(), words);
        }
        for query in popular {
            if stands_in_articles(snapshot, query).map_err(SearchError::from)? {
                making.popular(query);
            }
        }
        *articles = known;
        let lanes = making.lanes.into_iter().map(|(language, lane)| (language, lane.done())).collect();
        // What was prepared before goes first, so that its texts can go, too.
        drop(self.prepared.swap(Arc::new(lanes)));
        texts.retain(|text| Arc::strong_count(text) > 1);
        Ok(())
    }

    /// Takes popular queries in at the next [`prepare`](Self::prepare), in place of those before.
    pub fn use_popular(&self, queries: Vec<PopularQuery>) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).popular = queries;
    }

    /// The phrases that go on from what was typed, best first: those that begin with it, then those with a word that
    /// does, then those that have its words in another order. Only where there are none: those one typing error away.
    #[must_use]
    pub fn complete(&self, query: &CompletionQuery) -> Vec<Completion> {
        let typed = folded(query.text.chars().take(MAX_QUERY_CHARS)).text;
        if typed.trim().is_empty() {
            return Vec::new();
        }
        let prepared = self.prepared.load();
        let in_language = |language: &String, slips: bool| {
            let (language, lane) = prepared.get_key_value(Language::new(language).code())?;
            let mut chosen = Chosen { query, fitting: Vec::new() };
            let look = if slips { Lane::slips } else { Lane::exact };
            look(lane, &typed, &mut chosen);
            let completions: Vec<_> = chosen.fitting.iter().map(|fitting| fitting.completion(language)).collect();
            (!completions.is_empty()).then_some(completions)
        };
        let found = query.languages.iter().find_map(|language| in_language(language, false));
        found.or_else(|| query.languages.iter().find_map(|language| in_language(language, true))).unwrap_or_default()
    }
}

/// The phrases that an article lends.
fn words(
    snapshot: &Snapshot,
    place: usize,
    entry: &Entry,
    texts: &mut HashSet<Arc<str>>,
) -> Result<Arc<[Words]>, SearchError> {
    let front = &entry.front_matter;
    let stored = snapshot.stored_once(place)?;
    let sections = stored.passages().into_iter().flat_map(|passages| passages.sections());
    let headings = sections.filter_map(|mut section| section.path.pop());
    let all = std::iter::once((CompletionKind::Title, front.title.clone()))
        .chain(front.questions.iter().map(|text| (CompletionKind::Question, text.clone())))
        .chain(headings.map(|text| (CompletionKind::Heading, text)));
    Ok(all.filter_map(|(kind, text)| Words::new(kind, &text, texts)).collect())
}

impl Words {
    fn new(kind: CompletionKind, text: &str, texts: &mut HashSet<Arc<str>>) -> Option<Self> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let folded = folded(text.chars()).text.trim_end().to_owned();
        let usable = !folded.is_empty() && text.chars().count() <= MAX_CHARS;
        usable.then(|| Self { text: once(texts, &text), folded: once(texts, &folded), kind })
    }
}

/// The same text always as the same piece of memory.
fn once(texts: &mut HashSet<Arc<str>>, text: &str) -> Arc<str> {
    if let Some(known) = texts.get(text) {
        return Arc::clone(known);
    }
    let text = Arc::from(text);
    texts.insert(Arc::clone(&text));
    text
}

/// Whether every word of a query stands in some article: what only visitors wrote is never shown to others.
fn stands_in_articles(snapshot: &Snapshot, query: &PopularQuery) -> std::io::Result<bool> {
    let language = Language::new(&query.language);
    let mut surfaces = Vec::new();
    Analyzer::new(language.clone()).analyze(&query.text, |token| surfaces.push(token.forms.surface.clone()));
    for surface in surfaces.iter().filter(|surface| !is_stop_word(&language, surface)) {
        if snapshot.articles_with(language.code(), surface)? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Lanes while they are put together.
#[derive(Default)]
struct Making {
    lanes: HashMap<String, LaneInMaking>,
}

#[derive(Default)]
struct LaneInMaking {
    phrases: Vec<Phrase>,
    places: HashMap<(CompletionKind, Arc<str>), usize>,
}

impl Making {
    fn article(&mut self, entry: &Arc<Entry>, words: &[Words]) {
        let lane = self.lanes.entry(Language::new(entry.lang()).code().to_owned()).or_default();
        for Words { text, folded, kind } in words {
            let at = *lane.places.entry((*kind, Arc::clone(folded))).or_insert_with(|| {
                let (text, folded) = (Arc::clone(text), Arc::clone(folded));
                lane.phrases.push(Phrase { text, folded, kind: *kind, count: 0, articles: Vec::new(), site: None });
                lane.phrases.len() - 1
            });
            let phrase = &mut lane.phrases[at];
            if phrase.articles.last().is_none_or(|last| !Arc::ptr_eq(last, entry)) {
                phrase.articles.push(Arc::clone(entry));
                phrase.count += 1;
            }
        }
    }

    fn popular(&mut self, query: &PopularQuery) {
        let words = Words::new(CompletionKind::Query, &query.text, &mut HashSet::new());
        let Some(Words { text, folded, kind }) = words else { return };
        let lane = self.lanes.entry(Language::new(&query.language).code().to_owned()).or_default();
        let site = Some(query.site.clone());
        lane.phrases.push(Phrase { text, folded, kind, count: query.visitors, articles: Vec::new(), site });
    }
}

impl LaneInMaking {
    fn done(self) -> Lane {
        let phrases = self.phrases;
        // The first bytes tell most words apart without a look at the phrases.
        let mut keyed: Vec<(u64, Start)> = Vec::with_capacity(phrases.len() * 4);
        for (number, phrase) in phrases.iter().enumerate() {
            for at in word_starts(&phrase.folded) {
                let start = Start { phrase: number as u32, at: at as u16, rank: phrase.rank(at == 0) };
                keyed.push((first_bytes(&phrase.folded[at..]), start));
            }
        }
        let rest = |start: &Start| &phrases[start.phrase as usize].folded[usize::from(start.at)..];
        keyed.sort_unstable_by(|(a, x), (b, y)| {
            a.cmp(b).then_with(|| rest(x).cmp(rest(y))).then(x.phrase.cmp(&y.phrase))
        });
        Lane { starts: keyed.into_iter().map(|(_, start)| start).collect(), phrases }
    }
}

fn first_bytes(text: &str) -> u64 {
    let mut key = [0; 8];
    let length = text.len().min(8);
    key[..length].copy_from_slice(&text.as_bytes()[..length]);
    u64::from_be_bytes(key)
}

/// Where words begin: after spaces, and anywhere in scripts that put none.
fn word_starts(folded: &str) -> impl Iterator<Item = usize> {
    let mut before = ' ';
    folded.char_indices().filter_map(move |(at, c)| {
        let begins = before == ' ' || is_unspaced(c);
        before = c;
        begins.then_some(at)
    })
}

impl Phrase {
    /// Beginnings before middles, then by kind, then the more frequent (of headings the rarer: what stands in every
    /// article says nothing alone), then the shorter.
    fn rank(&self, whole: bool) -> u32 {
        let count = self.count.min(0xFFF);
        let rarity = if self.kind == CompletionKind::Heading { count } else { 0xFFF - count };
        let length = self.folded.len().min(0xFFF) as u32;
        u32::from(!whole) << 26 | (self.kind as u32) << 24 | rarity << 12 | length
    }

    fn is_for(&self, query: &CompletionQuery) -> bool {
        match &self.site {
            Some(site) => *site == query.site,
            None => self.articles.iter().any(|entry| query.filter.admits(entry)),
        }
    }
}

/// The best phrases so far, best first.
struct Chosen<'q, 'a> {
    query: &'q CompletionQuery,
    fitting: Vec<Fitting<'a>>,
}

impl<'a> Chosen<'_, 'a> {
    /// Takes a phrase in where it is good enough; `from` is the first place that it may take.
    fn offer(&mut self, from: usize, start: Start, phrase: &'a Phrase, marks: impl FnOnce() -> Vec<Range<usize>>) {
        let limit = self.query.limit;
        let full = self.fitting.len() >= limit && self.fitting.last().is_none_or(|last| last.start.rank <= start.rank);
        if from >= limit || full || !phrase.is_for(self.query) {
            return;
        }
        if let Some(same) = self.fitting.iter().position(|other| other.phrase.folded == phrase.folded) {
            if same < from || self.fitting[same].start.rank <= start.rank {
                return;
            }
            self.fitting.remove(same);
        }
        let better = |other: &Fitting| other.start.rank <= start.rank;
        let at = from + self.fitting[from..].iter().take_while(|other| better(other)).count();
        self.fitting.insert(at, Fitting { start, phrase, marks: marks() });
        self.fitting.truncate(limit);
    }
}

impl Lane {
    fn rest(&self, start: Start) -> &str {
        &self.phrases[start.phrase as usize].folded[usize::from(start.at)..]
    }

    /// The starts that begin with `prefix`.
    fn range(&self, prefix: &str) -> Range<usize> {
        let from = self.starts.partition_point(|start| self.rest(*start) < prefix);
        let more = self.starts[from..].partition_point(|start| self.rest(*start).starts_with(prefix));
        from..from + more
    }

    /// Phrases that have what was typed, then those that have its words.
    fn exact<'a>(&'a self, typed: &str, chosen: &mut Chosen<'_, 'a>) {
        self.beginning(typed, chosen);
        let words: Vec<&str> = typed.split(' ').filter(|word| !word.is_empty()).collect();
        if chosen.fitting.len() < chosen.query.limit && words.len() > 1 {
            self.with_words(&words, chosen);
        }
    }

    fn beginning<'a>(&'a self, prefix: &str, chosen: &mut Chosen<'_, 'a>) {
        for start in &self.starts[self.range(prefix)] {
            let at = usize::from(start.at);
            let phrase = &self.phrases[start.phrase as usize];
            chosen.offer(0, *start, phrase, || std::iter::once(at..at + prefix.trim_end().len()).collect());
        }
    }

    /// Phrases that have all these words, in any order; they come after those found before.
    fn with_words<'a>(&'a self, words: &[&str], chosen: &mut Chosen<'_, 'a>) {
        let longest = words.iter().copied().max_by_key(|word| word.len()).unwrap_or_default();
        let from = chosen.fitting.len();
        for start in self.starts[self.range(longest)].iter().take(MAX_WALK) {
            let phrase = &self.phrases[start.phrase as usize];
            let place = |word: &&str| word_starts(&phrase.folded).find(|at| phrase.folded[*at..].starts_with(*word));
            let Some(mut places) = words.iter().map(|w| Some((place(w)?, w.len()))).collect::<Option<Vec<_>>>() else {
                continue;
            };
            places.sort_unstable();
            let marks = || places.iter().map(|(at, length)| *at..at + length).collect();
            chosen.offer(from, *start, phrase, marks);
        }
    }

    /// Phrases that go on from what was typed but for one letter, the first one being right.
    fn slips<'a>(&'a self, typed: &str, chosen: &mut Chosen<'_, 'a>) {
        let typed = typed.trim_end();
        let places: Vec<(usize, char)> = typed.char_indices().collect();
        if places.len() < MIN_SLIP_CHARS {
            return;
        }
        for (number, (at, letter)) in places.iter().copied().enumerate().skip(1) {
            let (head, tail) = (&typed[..at], &typed[at + letter.len_utf8()..]);
            let range = self.range(head);
            if range.is_empty() {
                return;
            }
            self.beginning(&format!("{head}{tail}"), chosen);
            if let Some((_, next)) = places.get(number + 1) {
                self.beginning(&format!("{head}{next}{letter}{}", &tail[next.len_utf8()..]), chosen);
            }
            for other in self.next_letters(range, at) {
                self.beginning(&format!("{head}{other}{tail}"), chosen);
                self.beginning(&format!("{head}{other}{letter}{tail}"), chosen);
            }
        }
    }

    /// The letters that stand at byte `at` of the starts of a range, which are equal up to there.
    fn next_letters(&self, mut range: Range<usize>, at: usize) -> Vec<char> {
        let letter = |start: &Start| self.rest(*start)[at..].chars().next();
        let mut letters = Vec::new();
        while let Some(start) = self.starts[range.clone()].first() {
            let next = letter(start);
            letters.extend(next);
            range.start += self.starts[range.clone()].partition_point(|start| letter(start) <= next);
        }
        letters
    }
}

impl Fitting<'_> {
    fn completion(&self, language: &str) -> Completion {
        let Folded { places, .. } = folded(self.phrase.text.chars());
        let mark = |range: &Range<usize>| {
            let last = places.get(range.end.saturating_sub(1)).copied().unwrap_or_default();
            [places.get(range.start).copied().unwrap_or_default(), last + 1]
        };
        Completion {
            text: self.phrase.text.to_string(),
            kind: self.phrase.kind,
            language: language.to_owned(),
            highlights: self.marks.iter().map(mark).collect(),
        }
    }
}

/// Text as phrases are compared: lower case, without accents, one space for whatever parts words.
struct Folded {
    text: String,
    /// The character that each byte of the text comes from.
    places: Vec<u32>,
}

fn folded(letters: impl Iterator<Item = char>) -> Folded {
    let mut folded = Folded { text: String::new(), places: Vec::new() };
    for (place, c) in letters.enumerate() {
        if c.is_ascii_alphanumeric() {
            folded.text.push(c.to_ascii_lowercase());
        } else if c.is_alphanumeric() || is_combining_mark(c) {
            let lower: String = c.nfkc().flat_map(char::to_lowercase).collect();
            folded.text.push_str(&fold(&lower));
        } else if !matches!(c, '\'' | '’' | 'ʼ') && !folded.text.is_empty() && !folded.text.ends_with(' ') {
            folded.text.push(' ');
        }
        folded.places.resize(folded.text.len(), place as u32);
    }
    folded
}
