//! What learned questions are worth: a log is replayed, and other questions are asked before and after.
//!
//! Every second article of a set is taught: of the questions that it answers, each other one is the log
//! and is learned with the weight that six voices give. Then three kinds of questions are asked:
//! *unseen* ones about the same articles, in words that nobody used in the log; *others*, about the
//! articles that were taught nothing; and those that no article answers. The first should get better;
//! the others should not get worse.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{EvalError, Measures, Outcome, QuerySet, ask, index, measure};
use crate::search::{LearnedQuestion, LearnedQuestions, Searcher};

/// Weight of each learned question.
const WEIGHT: f32 = 0.6;

/// The figures of a set before and after.
#[derive(Debug, Clone, Copy)]
pub struct Replay {
    /// Questions that were learned.
    pub learned: usize,
    /// Unseen questions about articles that were taught, before and after.
    pub unseen: [Measures; 2],
    /// Questions about articles that were taught nothing, before and after.
    pub others: [Measures; 2],
}

/// Replays the log of a set.
///
/// # Errors
/// The articles cannot be indexed or searched.
pub fn replay(set: &QuerySet) -> Result<Replay, EvalError> {
    let searcher = index(&set.articles)?;
    let slugs: HashMap<String, (String, String)> = searcher
        .snapshot()
        .catalog()
        .iter()
        .map(|entry| (set.article_id(&entry.path), (entry.front_matter.slug.clone(), entry.lang().to_owned())))
        .collect();
    let mut by_article: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for question in &set.queries {
        let best = set.judgments[&question.id].iter().max_by_key(|(article, grade)| (**grade, article.as_str()));
        by_article.entry(best.map_or("", |(article, _)| article)).or_default().push(&question.id);
    }
    let (mut log, mut unseen) = (HashMap::new(), HashSet::new());
    for (article, questions) in by_article.into_iter().step_by(2).filter(|(_, questions)| questions.len() > 1) {
        for (at, question) in questions.into_iter().enumerate() {
            if at % 2 == 0 {
                log.insert(question, article);
            } else {
                unseen.insert(question);
            }
        }
    }
    let learned = set.queries.iter().filter_map(|question| {
        let (slug, language) = slugs.get(*log.get(question.id.as_str())?)?.clone();
        let (site, text) = (String::new(), question.text.clone());
        Some(LearnedQuestion { site, language, question: text, article: slug, weight: WEIGHT })
    });
    let learned: Vec<LearnedQuestion> = learned.collect();
    let is_answerable = |id: &str| set.judgments.contains_key(id);
    let unseen = set.part(|question| unseen.contains(question.id.as_str()) || !is_answerable(&question.id));
    let others = set.part(|question| {
        let id = question.id.as_str();
        !is_answerable(id) || !(log.contains_key(id) || unseen.judgments.contains_key(id))
    });
    let count = learned.len();
    let before = [asked(&searcher, &unseen)?, asked(&searcher, &others)?];
    searcher.use_learned(LearnedQuestions::new(learned));
    let after = [asked(&searcher, &unseen)?, asked(&searcher, &others)?];
    Ok(Replay { learned: count, unseen: [before[0], after[0]], others: [before[1], after[1]] })
}

fn asked(searcher: &Searcher, set: &QuerySet) -> Result<Measures, EvalError> {
    let questions = set.queries.iter().chain(&set.unanswerable);
    let outcomes: Vec<Outcome> = questions.map(|question| ask(searcher, set, question)).collect::<Result<_, _>>()?;
    Ok(measure(set, &outcomes))
}
