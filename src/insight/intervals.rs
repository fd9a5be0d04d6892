//! How sure a proportion is: 95 % intervals that hold for small counts and near 0 and 1.
//!
//! Both are closed formulas, see Newcombe, "Two-sided confidence intervals for the single
//! proportion" and "Interval estimation for the difference between independent proportions",
//! Statistics in Medicine 17 (1998), pages 857-872 (method 3) and 873-890 (method 10). The plain
//! `p ± z·√(p(1-p)/n)` is not used anywhere: it claims certainty at 0 of 20.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The 80 % point of the normal distribution.
const Z_POWER: f64 = 0.841_621_233_572_914_3;

/// A 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Interval {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// A difference of two proportions with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    /// First proportion minus second, -1..1.
    pub value: f64,
    /// Where the true difference lies, with 95 % confidence.
    pub interval: Interval,
}

/// Wilson's score interval of `count` out of `n`; `None` when `n` is 0.
///
/// ```
/// let interval = zerodesk::insight::intervals::wilson(92, 400).unwrap();
/// assert_eq!(format!("{:.1} to {:.1}", 100.0 * interval.low, 100.0 * interval.high), "19.1 to 27.4");
/// ```
#[must_use]
pub fn wilson(count: u64, n: u64) -> Option<Interval> {
    if n == 0 {
        return None;
    }
    let (p, n) = (count.min(n) as f64 / n as f64, n as f64);
    let z2 = Z * Z;
    let centre = p + z2 / (2.0 * n);
    let margin = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // At the ends the formula gives exactly 0 and 1, which rounding would miss.
    let low = if count == 0 { 0.0 } else { (centre - margin) / scale };
    let high = if p >= 1.0 { 1.0 } else { (centre + margin) / scale };
    Some(Interval { low, high })
}

/// Newcombe's hybrid score interval of the difference `count_1 / n_1 - count_2 / n_2`; `None` when
/// either `n` is 0.
///
/// ```
/// let difference = zerodesk::insight::intervals::newcombe((140, 200), (1044, 1800)).unwrap();
/// assert_eq!(format!("{:.1}", 100.0 * difference.value), "12.0");
/// ```
#[must_use]
pub fn newcombe((count_1, n_1): (u64, u64), (count_2, n_2): (u64, u64)) -> Option<Difference> {
    let (first, second) = (wilson(count_1, n_1)?, wilson(count_2, n_2)?);
    let (p_1, p_2) = (count_1.min(n_1) as f64 / n_1 as f64, count_2.min(n_2) as f64 / n_2 as f64);
    let value = p_1 - p_2;
    let low = value - (p_1 - first.low).hypot(second.high - p_2);
    let high = value + (first.high - p_1).hypot(p_2 - second.low);
    Some(Difference { value, interval: Interval { low, high } })
}

/// How many form-opens an experiment needs to see a difference of `points` (0..1) from a share of `base` (0..1), with
/// 95 % confidence and a power of 80 %, when `share` (0..1) of visitors are held out: both arms together. `None` where
/// no number is enough.
///
/// ```
/// assert_eq!(zerodesk::insight::intervals::needed(0.7, 0.1, 0.5), Some(712));
/// ```
#[must_use]
pub fn needed(base: f64, points: f64, share: f64) -> Option<u64> {
    let (held, shown) = (base, base - points);
    let possible = |p: f64| (0.0..=1.0).contains(&p);
    if !(possible(held) && possible(shown) && points > 0.0 && share > 0.0 && share < 1.0) {
        return None;
    }
    // So many shown for each held out.
    let ratio = (1.0 - share) / share;
    let variance = |p: f64| p * (1.0 - p);
    let pooled = (held + ratio * shown) / (1.0 + ratio);
    let alike = Z * (variance(pooled) * (1.0 + 1.0 / ratio)).sqrt();
    let apart = Z_POWER * (variance(held) + variance(shown) / ratio).sqrt();
    let in_arm = ((alike + apart) / points).powi(2);
    Some((in_arm.ceil() + (in_arm * ratio).ceil()) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(value: f64) -> f64 {
        (value * 10_000.0).round() / 100.0
    }

    #[test]
    fn wilson_gives_the_published_intervals() {
        // The last four rows are the examples of table I in Newcombe (1998).
        for (count, n, low, high) in [
            (92, 400, 19.14, 27.37),
            (0, 0, f64::NAN, f64::NAN),
            (81, 263, 25.53, 36.62),
            (15, 148, 6.24, 16.05),
            (0, 20, 0.0, 16.11),
            (20, 20, 83.89, 100.0),
            (1, 29, 0.61, 17.18),
        ] {
            match wilson(count, n) {
                None => assert_eq!(n, 0),
                Some(interval) => {
                    assert_eq!((percent(interval.low), percent(interval.high)), (low, high), "{count}/{n}");
                }
            }
        }
    }

    #[test]
    fn an_experiment_needs_as_many_as_it_says() {
        for (base, points, share, expected) in [
            (0.7, 0.1, 0.5, Some(712)),
            (0.7, 0.1, 0.1, Some(2009)),
            (0.7, 0.0, 0.5, None),
            (0.7, 0.8, 0.5, None),
            (0.7, 0.1, 0.0, None),
        ] {
            assert_eq!(needed(base, points, share), expected, "{base} {points} {share}");
        }
    }

    #[test]
    fn newcombe_gives_the_worked_case_and_the_published_one() {
        for (first, second, value, low, high) in
            [((140, 200), (1044, 1800), 12.0, 4.9, 18.4), ((56, 70), (48, 80), 20.0, 5.2, 33.4)]
        {
            let difference = newcombe(first, second).unwrap();
            let rounded = |value: f64| (value * 1000.0).round() / 10.0;
            assert_eq!(
                (rounded(difference.value), rounded(difference.interval.low), rounded(difference.interval.high)),
                (value, low, high)
            );
        }
        assert_eq!(newcombe((0, 0), (1, 2)), None);
    }
}
