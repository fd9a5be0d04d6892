//! The figures, by their usual definitions (`trec_eval` for the ranking).

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::{Outcome, QuerySet, curves};

/// Ranks that count.
const CUTOFF: usize = 10;

/// What a set came to. Every figure is a share of 1, or not a number where there is nothing to measure it on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Measures {
    /// Questions that an article answers: what the figures of the ranking are the mean of.
    pub answerable: usize,
    /// Questions that no article answers.
    pub unanswerable: usize,
    /// Normalised discounted cumulative gain, linear gain, cut at 10.
    pub ndcg_10: f64,
    /// Mean reciprocal rank, cut at 10.
    pub mrr_10: f64,
    /// Share of the relevant articles in the first 10.
    pub recall_10: f64,
    /// Questions with a relevant article first.
    pub success_1: f64,
    /// Questions with a relevant article among the first 3.
    pub success_3: f64,
    /// Probability that an answerable question gets a higher confidence than an unanswerable one.
    pub auroc: f64,
    /// Share of unanswerable questions still answered at the threshold that keeps 90 % of the answerable.
    pub fpr_90: f64,
    /// Expected calibration error of the confidence, ten bins.
    pub ece: f64,
}

/// One of the figures.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Its name in files: that of the field.
    pub key: &'static str,
    /// Its heading in a table.
    pub short: &'static str,
    /// Whether more is better.
    pub more_is_better: bool,
    /// Its value.
    pub of: fn(&Measures) -> f64,
}

impl Figure {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::new("ndcg_10", "nDCG", true, |m| m.ndcg_10),
        Self::new("mrr_10", "MRR", true, |m| m.mrr_10),
        Self::new("recall_10", "Rec.", true, |m| m.recall_10),
        Self::new("success_1", "S@1", true, |m| m.success_1),
        Self::new("success_3", "S@3", true, |m| m.success_3),
        Self::new("auroc", "AUROC", true, |m| m.auroc),
        Self::new("fpr_90", "FPR", false, |m| m.fpr_90),
        Self::new("ece", "ECE", false, |m| m.ece),
    ];

    const fn new(key: &'static str, short: &'static str, more_is_better: bool, of: fn(&Measures) -> f64) -> Self {
        Self { key, short, more_is_better, of }
    }
}

/// Measures the outcomes of a set; a question without an outcome counts as nothing found.
#[must_use]
pub fn measure(set: &QuerySet, outcomes: &[Outcome]) -> Measures {
    let by_query: HashMap<&str, &Outcome> = outcomes.iter().map(|o| (o.query.as_str(), o)).collect();
    let mut measures =
        Measures { answerable: set.judgments.len(), unanswerable: set.unanswerable.len(), ..Measures::default() };
    for (query, relevant) in &set.judgments {
        let ranked = by_query.get(query.as_str()).map(|o| gains(o, relevant)).unwrap_or_default();
        add_ranking(&mut measures, &ranked, relevant);
    }
    let Measures { ndcg_10, mrr_10, recall_10, success_1, success_3, .. } = &mut measures;
    for sum in [ndcg_10, mrr_10, recall_10, success_1, success_3] {
        *sum /= set.judgments.len() as f64;
    }
    let decided = curves::decided(set, outcomes);
    let (positive, negative): (Vec<_>, Vec<_>) = decided.iter().partition(|question| question.answerable);
    let confidences =
        |questions: Vec<curves::Decided>| -> Vec<f64> { questions.iter().map(|q| q.confidence).collect() };
    let (positive, negative) = (confidences(positive), confidences(negative));
    measures.auroc = auroc(&positive, &negative);
    measures.fpr_90 = fpr_at_tpr(&positive, &negative, 0.9);
    // With one sort alone, a confidence of always 0 or always 1 would be without fault.
    let both = !positive.is_empty() && !negative.is_empty();
    measures.ece = if both { curves::calibration_error(&curves::reliability(&decided)) } else { f64::NAN };
    measures
}

/// The mean over sets, each counting the same; over those that have the figure.
#[must_use]
pub fn mean(all: &[Measures]) -> Measures {
    let of = |field: fn(&Measures) -> f64| {
        let values: Vec<f64> = all.iter().map(field).filter(|value| value.is_finite()).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    Measures {
        answerable: all.iter().map(|m| m.answerable).sum(),
        unanswerable: all.iter().map(|m| m.unanswerable).sum(),
        ndcg_10: of(|m| m.ndcg_10),
        mrr_10: of(|m| m.mrr_10),
        recall_10: of(|m| m.recall_10),
        success_1: of(|m| m.success_1),
        success_3: of(|m| m.success_3),
        auroc: of(|m| m.auroc),
        fpr_90: of(|m| m.fpr_90),
        ece: of(|m| m.ece),
    }
}

/// Grades of the first ten different articles.
pub(super) fn gains(outcome: &Outcome, relevant: &HashMap<String, u32>) -> Vec<f64> {
    let mut seen = HashSet::new();
    let different = outcome.ranked.iter().filter(|(article, _)| seen.insert(article.as_str()));
    different.take(CUTOFF).map(|(article, _)| f64::from(relevant.get(article).copied().unwrap_or(0))).collect()
}

fn add_ranking(measures: &mut Measures, gains: &[f64], relevant: &HashMap<String, u32>) {
    let discounted = |gains: &mut dyn Iterator<Item = f64>| {
        gains.enumerate().map(|(rank, gain)| gain / (rank as f64 + 2.0).log2()).sum::<f64>()
    };
    let mut best: Vec<f64> = relevant.values().map(|grade| f64::from(*grade)).collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let ideal = discounted(&mut best.iter().copied().take(CUTOFF));
    if ideal > 0.0 {
        measures.ndcg_10 += discounted(&mut gains.iter().copied()) / ideal;
    }
    if let Some(first) = gains.iter().position(|gain| *gain > 0.0) {
        measures.mrr_10 += 1.0 / (first as f64 + 1.0);
        measures.success_1 += f64::from(u8::from(first < 1));
        measures.success_3 += f64::from(u8::from(first < 3));
    }
    measures.recall_10 += gains.iter().filter(|gain| **gain > 0.0).count() as f64 / relevant.len().max(1) as f64;
}

/// Area under the ROC curve by rank sums; ties count half.
fn auroc(positive: &[f64], negative: &[f64]) -> f64 {
    if positive.is_empty() || negative.is_empty() {
        return f64::NAN;
    }
    let mut sorted = negative.to_vec();
    sorted.sort_by(f64::total_cmp);
    let below = |value: f64| {
        let under = sorted.partition_point(|other| *other < value);
        let ties = sorted.partition_point(|other| *other <= value) - under;
        under as f64 + ties as f64 / 2.0
    };
    positive.iter().map(|value| below(*value)).sum::<f64>() / (positive.len() * negative.len()) as f64
}

fn fpr_at_tpr(positive: &[f64], negative: &[f64], rate: f64) -> f64 {
    if positive.is_empty() || negative.is_empty() {
        return f64::NAN;
    }
    let mut sorted = positive.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let kept = ((rate * positive.len() as f64 - 1e-9).ceil() as usize).max(1);
    let threshold = sorted[kept - 1];
    negative.iter().filter(|value| **value >= threshold).count() as f64 / negative.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{eval::Question, search::Signals};

    fn set() -> QuerySet {
        let grades = |list: &[(&str, u32)]| list.iter().map(|(a, g)| ((*a).to_owned(), *g)).collect();
        let judgments = [("q1", grades(&[("a", 1)])), ("q2", grades(&[("a", 1), ("b", 1)]))];
        QuerySet {
            judgments: judgments.map(|(id, relevant)| (id.to_owned(), relevant)).into(),
            unanswerable: ["u1", "u2"].map(|id| Question { id: id.to_owned(), ..Question::default() }).into(),
            ..QuerySet::default()
        }
    }

    fn outcome(query: &str, ranked: &[&str], confidence: f32) -> Outcome {
        let ranked = ranked.iter().map(|a| ((*a).to_owned(), 1.0)).collect();
        Outcome { query: query.into(), ranked, confidence, signals: Signals::default() }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn a_worked_case_by_hand() {
        let outcomes = [
            outcome("q1", &["x", "x", "a"], 0.9),
            outcome("q2", &["b"], 0.5),
            outcome("u1", &[], 0.5),
            outcome("u2", &[], 0.1),
        ];
        let measures = measure(&set(), &outcomes);
        let half_ideal = 1.0 / (1.0 + 1.0 / 3f64.log2());
        assert_eq!((measures.answerable, measures.unanswerable), (2, 2));
        assert!(close(measures.ndcg_10, f64::midpoint(1.0 / 3f64.log2(), half_ideal)));
        assert!(close(measures.mrr_10, 0.75) && close(measures.recall_10, 0.75));
        assert!(close(measures.success_1, 0.5) && close(measures.success_3, 1.0));
        assert!(close(measures.auroc, 0.875) && close(measures.fpr_90, 0.5));
        assert!(close(measures.ece, (0.1 + 0.0 + 0.1) / 4.0), "{measures:?}");
        let low = measure(&set(), &[outcome("q1", &["x", "y", "z", "a"], 0.9)]);
        assert!(close(low.success_3, 0.0) && close(low.mrr_10, 0.125), "{low:?}");
    }

    #[test]
    fn what_cannot_be_measured_is_no_number_and_no_part_of_the_mean() {
        let known = measure(&QuerySet { unanswerable: Vec::new(), ..set() }, &[outcome("q1", &["a"], 0.9)]);
        assert!(close(known.success_1, 0.5), "{known:?}");
        assert!(known.auroc.is_nan() && known.fpr_90.is_nan() && known.ece.is_nan(), "{known:?}");
        let other = Measures { success_1: 1.0, auroc: 0.75, answerable: 3, ..Measures::default() };
        let mean = mean(&[known, other]);
        assert!(close(mean.success_1, 0.75) && close(mean.auroc, 0.75), "{mean:?}");
        assert_eq!((mean.answerable, mean.unanswerable), (5, 0));
    }
}
