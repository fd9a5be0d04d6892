//! The questions of a window, each with what became of it, and gathered by what they ask.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization;

use super::{Cluster, Phrasing, cluster};
use crate::{
    desk::redaction::rules,
    insight::{
        figures::{Window, visits::Visitor},
        verdicts::{self, Asked, Verdict},
    },
    search::{Decision, SearchError, Searcher, TellingWord},
};

/// What left a visitor without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The search was decided "no answer".
    NoAnswer,
    /// The article did not help.
    NotHelpful,
    /// A ticket followed.
    Ticketed,
}

/// A search that was meant.
#[derive(Debug, Clone)]
pub struct Question {
    /// Which visitor, as a number within this window.
    pub visitor: usize,
    /// When.
    pub at: Timestamp,
    /// The words: masked, lower case, white space in order.
    pub text: String,
    /// Language of the hits; empty where it is not known.
    pub language: String,
    /// The article that was shown first, where the search was decided "answer".
    pub answered_by: Option<String>,
    /// Why it is left without an answer; empty where it is not.
    pub causes: BTreeSet<Cause>,
}

/// The searches of the window that were meant and have words.
pub fn questions(people: &[Visitor], window: &Window) -> Vec<Question> {
    let mut questions = Vec::new();
    for (number, visitor) in people.iter().enumerate() {
        let mut causes: HashMap<_, BTreeSet<Cause>> = HashMap::new();
        for judged in verdicts::of(visitor) {
            let cause = match judged.verdict {
                Verdict::NoAnswer => Cause::NoAnswer,
                Verdict::NotHelpful => Cause::NotHelpful,
                Verdict::Ticketed => Cause::Ticketed,
                Verdict::Helped => continue,
            };
            causes.entry(&judged.search.id).or_default().insert(cause);
        }
        for event in verdicts::searches(visitor).filter(|event| window.from <= event.at && event.at < window.to) {
            let Some(asked) = Asked::of(event) else { continue };
            let text = normal(asked.query);
            if text.chars().any(char::is_alphanumeric) {
                let causes = causes.remove(&event.id).unwrap_or_default();
                questions.push(Question { causes, ..question(number, text, &asked) });
            }
        }
    }
    questions
}

fn question(visitor: usize, text: String, asked: &Asked) -> Question {
    let first = asked.shown.first().filter(|_| asked.decision == Decision::Answer);
    Question {
        visitor,
        at: asked.at,
        text,
        language: asked.language.unwrap_or_default().to_owned(),
        answered_by: first.map(|name| name.split('#').next().unwrap_or(name).to_owned()),
        causes: BTreeSet::new(),
    }
}

/// Gathers the questions of each language; clusters in which all were answered are no gaps.
pub fn gather<'a>(
    questions: &'a [Question],
    site: &str,
    searcher: &Searcher,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Cluster<'a>>, SearchError> {
    let mut languages: BTreeMap<&str, Vec<&Question>> = BTreeMap::new();
    for question in questions {
        languages.entry(&question.language).or_default().push(question);
    }
    let (mut found, mut before) = (Vec::new(), 0);
    for (language, questions_of) in languages {
        let mut reader = searcher.text_reader(language);
        let words: Vec<Vec<TellingWord>> =
            questions_of.iter().map(|question| reader.read(&question.text)).collect::<Result<_, _>>()?;
        let numbers = cluster::clusters(&words, &mut |done| progress(before + done, questions.len()));
        before += questions_of.len();
        let mut clusters: BTreeMap<usize, Cluster> = BTreeMap::new();
        for (question, number) in questions_of.into_iter().zip(numbers) {
            let cluster = clusters.entry(number).or_insert_with(|| Cluster {
                site: site.to_owned(),
                language: language.to_owned(),
                unanswered: Vec::new(),
                answered: Vec::new(),
            });
            if question.causes.is_empty() { &mut cluster.answered } else { &mut cluster.unanswered }.push(question);
        }
        found.extend(clusters.into_values().filter(|cluster| !cluster.unanswered.is_empty()));
    }
    Ok(found)
}

/// How many different visitors asked these.
pub fn visitors<'a>(questions: impl Iterator<Item = &'a Question>) -> u64 {
    questions.map(|question| question.visitor).collect::<BTreeSet<_>>().len() as u64
}

/// The different phrasings of these, by visitors, then by alphabet.
pub fn phrasings<'a>(questions: impl Iterator<Item = &'a Question>) -> Vec<Phrasing> {
    let mut by_text: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for question in questions {
        by_text.entry(&question.text).or_default().insert(question.visitor);
    }
    let phrasing =
        |(text, visitors): (&str, BTreeSet<usize>)| Phrasing { text: text.into(), visitors: visitors.len() as u64 };
    let mut phrasings: Vec<Phrasing> = by_text.into_iter().map(phrasing).collect();
    phrasings.sort_by(|a, b| b.visitors.cmp(&a.visitors).then_with(|| a.text.cmp(&b.text)));
    phrasings
}

/// A query as phrasings are compared.
pub fn normal(query: &str) -> String {
    query.nfkc().collect::<String>().to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether something in the text was masked.
pub fn is_masked(text: &str) -> bool {
    rules().iter().any(|rule| text.contains(&format!("[{rule}]")))
}

/// The text with its first letter in upper case.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
