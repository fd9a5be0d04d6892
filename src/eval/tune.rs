//! Fits the weights of the ranking to judged questions: one weight after the other is moved as long as that helps.
//!
//! Coordinate ascent on the mean nDCG@10 (Metzler and Croft 2007, "Linear feature-based models for
//! information retrieval"). It needs no derivatives, and what it settles on can be read and argued
//! with. What judged sets cannot tell, the priors of an article, stays as it is.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;

use super::{EvalError, Outcome, QuerySet, Question, ask, measure};
use crate::search::{RankingModel, Searcher};

/// Factors by which a weight is moved, in turns.
const FACTORS: [f64; 4] = [1.5, 0.66, 1.15, 0.87];
/// Where a weight that is 0 begins.
const FROM_ZERO: f64 = 0.05;
/// A smaller weight is none.
const SMALLEST: f64 = 0.01;
/// Less is no gain but chance.
const GAIN: f64 = 0.0002;
/// Weights that are no shares, and may be above 1.
const UNBOUNDED: [&str; 3] = ["/terms/saturation", "/terms/fields/", "/lines/"];
/// What is not fitted.
const FIXED: &str = "/priors/";

/// A set with its articles ready to be searched.
pub struct Judged<'a> {
    /// The set.
    pub set: &'a QuerySet,
    /// Its articles.
    pub searcher: Searcher,
}

/// Moves every weight of `model` until nothing helps, or `rounds` are over. At most `each` questions of a set are
/// asked, spread over it. `tell` hears of every step.
///
/// # Errors
/// A set cannot be searched.
pub fn tune(
    judged: &[Judged],
    model: &RankingModel,
    each: usize,
    rounds: usize,
    tell: &mut dyn FnMut(&str),
) -> Result<RankingModel, EvalError> {
    let mut best = serde_json::to_value(model).unwrap_or_default();
    let mut score = objective(judged, &best, each)?;
    tell(&format!("{score:.4} at the start"));
    let paths = paths(&best);
    for round in 1..=rounds {
        let before = score;
        for (path, factor) in paths.iter().flat_map(|path| FACTORS.map(|factor| (path, factor))) {
            let now = best.pointer(path).and_then(Value::as_f64).unwrap_or(0.0);
            let value = moved(path, now, factor);
            let mut tried = best.clone();
            if let Some(place) = tried.pointer_mut(path) {
                *place = value.into();
            }
            let reached = objective(judged, &tried, each)?;
            if reached > score + GAIN {
                tell(&format!("{reached:.4} with {path} {now:.3} -> {value:.3}"));
                (best, score) = (tried, reached);
            }
        }
        tell(&format!("{score:.4} after round {round}"));
        if score - before < GAIN {
            break;
        }
    }
    Ok(serde_json::from_value(best).unwrap_or_else(|_| model.clone()))
}

fn moved(path: &str, now: f64, factor: f64) -> f64 {
    let value = if now == 0.0 { FROM_ZERO } else { now * factor };
    let value = if UNBOUNDED.iter().any(|begin| path.starts_with(begin)) { value } else { value.min(1.0) };
    if value < SMALLEST { 0.0 } else { (value * 1000.0).round() / 1000.0 }
}

/// Pointers to all weights that are fitted.
fn paths(model: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, v)| walk(v, &format!("{path}/{name}"), found)),
            Value::Number(_) => found.push(path.to_owned()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(model, "", &mut found);
    found.retain(|path| !path.starts_with(FIXED));
    found
}

/// Mean nDCG@10 over the sets.
fn objective(judged: &[Judged], model: &Value, each: usize) -> Result<f64, EvalError> {
    let Ok(model) = serde_json::from_value::<RankingModel>(model.clone()) else { return Ok(0.0) };
    let model = Arc::new(model);
    let mut sum = 0.0;
    for Judged { set, searcher } in judged {
        let step = set.queries.len().div_ceil(each).max(1);
        let asked: Vec<&Question> = set.queries.iter().step_by(step).collect();
        let outcomes = ask_all(&searcher.clone().with_ranking(Arc::clone(&model)), set, &asked)?;
        let judgment = |question: &&Question| Some((question.id.clone(), set.judgments.get(&question.id)?.clone()));
        let judgments: HashMap<_, _> = asked.iter().filter_map(judgment).collect();
        let part = QuerySet { judgments, queries: Vec::new(), unanswerable: Vec::new(), ..(*set).clone() };
        sum += measure(&part, &outcomes).ndcg_10;
    }
    Ok(sum / judged.len().max(1) as f64)
}

/// Asks on all processors.
fn ask_all(searcher: &Searcher, set: &QuerySet, questions: &[&Question]) -> Result<Vec<Outcome>, EvalError> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut found = Vec::new();
        while let Some(question) = questions.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.push(ask(searcher, set, question)?);
        }
        Ok::<_, EvalError>(found)
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(worker)).collect();
        let mut all = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(found) => all.extend(found?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_move_within_their_bounds() {
        let table = [
            ("/terms/fields/title", 10.0, 1.5, 15.0),
            ("/terms/lengths/body", 0.9, 1.5, 1.0),
            ("/lines/named", 0.0, 0.87, 0.05),
            ("/lines/named", 0.012, 0.66, 0.0),
        ];
        for (path, now, factor, expected) in table {
            assert!((moved(path, now, factor) - expected).abs() < 1e-9, "{path} {now} by {factor}");
        }
        let model = serde_json::to_value(&*RankingModel::bundled()).unwrap();
        let paths = paths(&model);
        assert!(paths.len() > 20 && paths.iter().all(|path| model.pointer(path).is_some() && !path.contains("prior")));
    }

    #[test]
    fn a_weight_that_hurts_is_moved() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = dir.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        // Only their titles tell them apart: in its text each has more of the other.
        write("articles/a.md", "# Toner\n\nTray, tray, tray and tray again.\n");
        write("articles/b.md", "# Tray\n\nToner, toner, toner and toner again.\n");
        write("queries.tsv", "q1\ttoner\nq2\ttray\n");
        write("qrels.tsv", "q1\t0\ta\t1\nq2\t0\tb\t1\n");
        write("unanswerable.tsv", "");
        let set = QuerySet::read(dir.path(), None).unwrap();
        let judged = [Judged { set: &set, searcher: super::super::index(&set.articles).unwrap() }];
        let mut model = (*RankingModel::bundled()).clone();
        (model.lines.title, model.lines.named, model.lines.best, model.lines.whole) = (0.0, 0.0, 0.0, 0.0);
        let worth = |model: &RankingModel| objective(&judged, &serde_json::to_value(model).unwrap(), 10).unwrap();
        assert!(worth(&model) > 0.99);
        while worth(&model) > 0.99 {
            model.terms.fields.title /= 1.1;
        }
        let before = worth(&model);
        let after = worth(&tune(&judged, &model, 10, 3, &mut |_| {}).unwrap());
        assert!(before < 0.9 && after > 0.99, "{before} {after}");
    }
}
