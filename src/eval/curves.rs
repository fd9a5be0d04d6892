//! How the confidence behaves: a reliability diagram, and the risk at each coverage.

use std::collections::HashMap;

use serde::Serialize;

use super::{Outcome, QuerySet, measure};

/// Bins of equal width.
const BINS: usize = 10;
/// An answer is right when a relevant article is among this many.
const SEEN: usize = 3;

/// One question, as far as its confidence is concerned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decided {
    /// What the search said, 0..1.
    pub confidence: f64,
    /// Whether an article answers the question.
    pub answerable: bool,
    /// Whether such an article is among the first three.
    pub right: bool,
}

/// Questions of about the same confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Bin {
    /// How many there are.
    pub questions: usize,
    /// Their mean confidence; 0 without questions.
    pub confidence: f64,
    /// The share of them that an article answers; 0 without questions.
    pub answerable: f64,
}

/// What comes of answering from one confidence on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The share of all questions that is answered.
    pub coverage: f64,
    /// The confidence from which on they are answered.
    pub confidence: f64,
    /// The share of those answered that have no relevant article among the first three.
    pub risk: f64,
}

/// Every question of a set with its outcome; one without an outcome has no confidence.
#[must_use]
pub fn decided(set: &QuerySet, outcomes: &[Outcome]) -> Vec<Decided> {
    let by_query: HashMap<&str, &Outcome> = outcomes.iter().map(|o| (o.query.as_str(), o)).collect();
    let answerable = set.judgments.iter().map(|(id, relevant)| {
        let outcome = by_query.get(id.as_str());
        let first = outcome.and_then(|o| measure::gains(o, relevant).iter().position(|gain| *gain > 0.0));
        (outcome, true, first.is_some_and(|rank| rank < SEEN))
    });
    let unanswerable = set.unanswerable.iter().map(|question| (by_query.get(question.id.as_str()), false, false));
    answerable
        .chain(unanswerable)
        .map(|(outcome, answerable, right)| Decided {
            confidence: outcome.map_or(0.0, |o| f64::from(o.confidence)),
            answerable,
            right,
        })
        .collect()
}

/// Ten bins of equal width, from 0 to 1. For a confidence that means what it says, `confidence` and
/// `answerable` are the same in each.
#[must_use]
pub fn reliability(questions: &[Decided]) -> [Bin; BINS] {
    let mut bins = [Bin::default(); BINS];
    for question in questions {
        let bin = &mut bins[((question.confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.questions += 1;
        bin.confidence += question.confidence;
        bin.answerable += f64::from(u8::from(question.answerable));
    }
    for bin in bins.iter_mut().filter(|bin| bin.questions > 0) {
        bin.confidence /= bin.questions as f64;
        bin.answerable /= bin.questions as f64;
    }
    bins
}

/// The expected calibration error: how far confidence and truth are apart, on the average of all questions.
#[must_use]
pub fn calibration_error(bins: &[Bin]) -> f64 {
    let questions: usize = bins.iter().map(|bin| bin.questions).sum();
    let apart = bins.iter().map(|bin| bin.questions as f64 * (bin.confidence - bin.answerable).abs());
    apart.sum::<f64>() / questions as f64
}

/// The risk at every confidence that a question has, from the surest on; questions of one confidence are one point.
#[must_use]
pub fn risk_coverage(questions: &[Decided]) -> Vec<Point> {
    let mut sorted = questions.to_vec();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut points, mut wrong): (Vec<Point>, usize) = (Vec::new(), 0);
    for (at, question) in sorted.iter().enumerate() {
        wrong += usize::from(!question.right);
        if sorted.get(at + 1).is_none_or(|next| next.confidence < question.confidence) {
            let answered = (at + 1) as f64;
            let (coverage, risk) = (answered / sorted.len() as f64, wrong as f64 / answered);
            points.push(Point { coverage, confidence: question.confidence, risk });
        }
    }
    points
}

/// The points at which the coverage passes each tenth.
#[must_use]
pub fn tenths(points: &[Point]) -> Vec<Point> {
    let mut tenths: Vec<Point> = (1..=10)
        .filter_map(|tenth| points.iter().find(|point| point.coverage + 1e-9 >= f64::from(tenth) / 10.0).copied())
        .collect();
    tenths.dedup();
    tenths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(confidence: f64, answerable: bool, right: bool) -> Decided {
        Decided { confidence, answerable, right }
    }

    #[test]
    fn bins_and_risk_of_a_case_by_hand() {
        let questions = [
            question(0.95, true, true),
            question(1.0, true, false),
            question(0.5, false, false),
            question(0.5, true, true),
            question(0.04, false, false),
        ];
        let bins = reliability(&questions);
        assert_eq!(bins.map(|bin| bin.questions), [1, 0, 0, 0, 0, 2, 0, 0, 0, 2]);
        assert!((bins[9].confidence - 0.975).abs() < 1e-9 && (bins[9].answerable - 1.0).abs() < 1e-9);
        assert!((bins[5].answerable - 0.5).abs() < 1e-9);
        assert!((calibration_error(&bins) - (2.0 * 0.025 + 0.04) / 5.0).abs() < 1e-9);
        let expected = [(0.2, 1.0, 1.0), (0.4, 0.95, 0.5), (0.8, 0.5, 0.5), (1.0, 0.04, 0.6)];
        let points = risk_coverage(&questions);
        assert_eq!(points.len(), expected.len());
        for (point, (coverage, confidence, risk)) in points.iter().zip(expected) {
            assert!((point.coverage - coverage).abs() < 1e-9, "{point:?}");
            assert!((point.confidence - confidence).abs() < 1e-9 && (point.risk - risk).abs() < 1e-9, "{point:?}");
        }
        assert_eq!(tenths(&points), points, "each once, though each stands for two tenths or more");
        assert!(risk_coverage(&[]).is_empty() && calibration_error(&reliability(&[])).is_nan());
    }
}
