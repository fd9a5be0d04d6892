//! What an article has before anybody asks: where its writer put it, and how new it is.
//!
//! Both are gentle: they decide between articles that are nearly equal. Time is counted from the newest article and
//! not from today, so that the same index always ranks the same.

use jiff::civil::Date;

/// A `weight` of which half the gain is left.
const HALF_WEIGHT: f64 = 10.0;
/// Days in which half of the gain is lost.
const HALF_LIFE_DAYS: f32 = 365.0;

/// From 1 for an article at the very front to -1 for one far behind; 0 is for those without a place.
pub(super) fn position(weight: f64) -> f32 {
    (2.0 / (1.0 + weight.max(0.0) / HALF_WEIGHT) - 1.0) as f32
}

/// From 1 for the newest article to -1 for one of long ago; 0 is for those without a date.
pub(super) fn newness(updated: Date, newest: Date) -> f32 {
    let days = newest.since(updated).map_or(0, |span| span.get_days());
    2.0 * (-(days as f32) / HALF_LIFE_DAYS).exp2() - 1.0
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_front_and_the_new_gain_a_little() {
        for (weight, expected) in [(0.0, 1.0), (10.0, 0.0), (30.0, -0.5), (-5.0, 1.0)] {
            assert!((position(weight) - expected).abs() < 1e-6, "weight {weight}");
        }
        let newest = date(2026, 1, 1);
        for (updated, expected) in [(newest, 1.0), (date(2025, 1, 1), 0.0), (date(2024, 1, 2), -0.5)] {
            assert!((newness(updated, newest) - expected).abs() < 1e-6, "{updated}");
        }
    }
}
