//! The figures, by their usual definitions (`trec_eval` for the ranking).

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::{Outcome, QuerySet};

/// Ranks that count.
const CUTOFF: usize = 10;
/// Bins of equal width for the calibration error.
const BINS: usize = 10;

/// What a set came to. Everything is a share of 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Measures {
    /// Normalised discounted cumulative gain, linear gain, cut at 10.
    pub ndcg_10: f64,
    /// Mean reciprocal rank, cut at 10.
    pub mrr_10: f64,
    /// Share of the relevant articles in the first 10.
    pub recall_10: f64,
    /// Questions with a relevant article first.
    pub success_1: f64,
    /// Probability that an answerable question gets a higher confidence than an unanswerable one.
    pub auroc: f64,
    /// Share of unanswerable questions still answered at the threshold that keeps 90 % of the answerable.
    pub fpr_90: f64,
    /// Expected calibration error of the confidence, ten bins.
    pub ece: f64,
}

impl Measures {
    /// Names and values in the order of the fields.
    #[must_use]
    pub fn named(&self) -> [(&'static str, f64); 7] {
        [
            ("nDCG@10", self.ndcg_10),
            ("MRR@10", self.mrr_10),
            ("Recall@10", self.recall_10),
            ("Success@1", self.success_1),
            ("AUROC", self.auroc),
            ("FPR@90TPR", self.fpr_90),
            ("ECE", self.ece),
        ]
    }
}

/// Measures the outcomes of a set; a question without an outcome counts as nothing found.
#[must_use]
pub fn measure(set: &QuerySet, outcomes: &[Outcome]) -> Measures {
    let by_query: HashMap<&str, &Outcome> = outcomes.iter().map(|o| (o.query.as_str(), o)).collect();
    let mut measures = Measures::default();
    for (query, relevant) in &set.judgments {
        let ranked = by_query.get(query.as_str()).map(|o| gains(o, relevant)).unwrap_or_default();
        add_ranking(&mut measures, &ranked, relevant);
    }
    let count = set.judgments.len().max(1) as f64;
    for sum in [&mut measures.ndcg_10, &mut measures.mrr_10, &mut measures.recall_10, &mut measures.success_1] {
        *sum /= count;
    }
    let confidence = |id: &str| by_query.get(id).map_or(0.0, |o| f64::from(o.confidence));
    let positive: Vec<f64> = set.judgments.keys().map(|id| confidence(id)).collect();
    let negative: Vec<f64> = set.unanswerable.iter().map(|(id, _)| confidence(id)).collect();
    measures.auroc = auroc(&positive, &negative);
    measures.fpr_90 = fpr_at_tpr(&positive, &negative, 0.9);
    measures.ece = calibration_error(&positive, &negative);
    measures
}

/// The mean over sets, each counting the same.
#[must_use]
pub fn mean(all: &[Measures]) -> Measures {
    let count = all.len().max(1) as f64;
    let of = |field: fn(&Measures) -> f64| all.iter().map(field).sum::<f64>() / count;
    Measures {
        ndcg_10: of(|m| m.ndcg_10),
        mrr_10: of(|m| m.mrr_10),
        recall_10: of(|m| m.recall_10),
        success_1: of(|m| m.success_1),
        auroc: of(|m| m.auroc),
        fpr_90: of(|m| m.fpr_90),
        ece: of(|m| m.ece),
    }
}

/// Grades of the first ten different articles.
fn gains(outcome: &Outcome, relevant: &HashMap<String, u32>) -> Vec<f64> {
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
        measures.success_1 += if first == 0 { 1.0 } else { 0.0 };
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

fn calibration_error(positive: &[f64], negative: &[f64]) -> f64 {
    let mut bins = [(0.0, 0.0, 0.0); BINS];
    let all = positive.iter().map(|c| (*c, 1.0)).chain(negative.iter().map(|c| (*c, 0.0)));
    for (confidence, label) in all {
        let (count, sum, hits) = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        *count += 1.0;
        *sum += confidence;
        *hits += label;
    }
    let total = (positive.len() + negative.len()).max(1) as f64;
    bins.iter().map(|(_, sum, hits): &(f64, f64, f64)| (sum - hits).abs()).sum::<f64>() / total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Signals;

    #[test]
    fn a_worked_case_by_hand() {
        let grades = |list: &[(&str, u32)]| list.iter().map(|(a, g)| ((*a).to_owned(), *g)).collect();
        let set = QuerySet {
            name: "t".into(),
            folder: "t".into(),
            queries: Vec::new(),
            judgments: HashMap::from([
                ("q1".into(), grades(&[("a", 1)])),
                ("q2".into(), grades(&[("a", 1), ("b", 1)])),
            ]),
            unanswerable: vec![("u1".into(), String::new()), ("u2".into(), String::new())],
        };
        let outcome = |query: &str, ranked: &[&str], confidence| Outcome {
            query: query.into(),
            ranked: ranked.iter().map(|a| ((*a).to_owned(), 1.0)).collect(),
            confidence,
            signals: Signals::default(),
        };
        let outcomes = [
            outcome("q1", &["x", "x", "a"], 0.9),
            outcome("q2", &["b"], 0.5),
            outcome("u1", &[], 0.5),
            outcome("u2", &[], 0.1),
        ];
        let measures = measure(&set, &outcomes);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        let half_ideal = 1.0 / (1.0 + 1.0 / 3f64.log2());
        assert!(close(measures.ndcg_10, f64::midpoint(1.0 / 3f64.log2(), half_ideal)));
        assert!(close(measures.mrr_10, 0.75) && close(measures.recall_10, 0.75) && close(measures.success_1, 0.5));
        assert!(close(measures.auroc, 0.875) && close(measures.fpr_90, 0.5));
        assert!(close(measures.ece, (0.1 + 0.0 + 0.1) / 4.0), "{measures:?}");
    }
}
