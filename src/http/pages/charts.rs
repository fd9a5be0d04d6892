//! Drawings for the figures: numbers become coordinates here, and nothing else.
//!
//! A drawing is stretched to the page's width, so it holds no text; words and scales stand beside it in the page. The
//! template adds title, description and the table with the same numbers.

use minijinja::{Value, context};

use crate::insight::figures::Share;

/// Width of every drawing.
const WIDTH: f64 = 1000.0;
/// Height of a drawing over time.
const HEIGHT: f64 = 240.0;
/// Where a scale may end.
const TOPS: [f64; 8] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0];

/// Shares over time: a band for the interval, a line, a dot for each share. A gap is where there is nothing to tell.
pub struct Line {
    /// The share at the top of the drawing.
    pub top: f64,
    /// Outlines of the band, as SVG paths.
    pub bands: Vec<String>,
    /// The line, as SVG paths.
    pub lines: Vec<String>,
    /// The dots, as one SVG path of strokes without length.
    pub dots: String,
}

impl Line {
    /// Draws shares at equal distances.
    pub fn of(shares: &[Share]) -> Self {
        let highest =
            shares.iter().filter_map(|share| share.interval).map(|interval| interval.high).fold(0.0, f64::max);
        // One wide interval must not press everything else to the ground.
        let values = shares.iter().filter_map(|share| share.value).fold(0.0, f64::max);
        let wanted = highest.min(2.0 * values.max(0.05));
        let top = TOPS.into_iter().find(|top| *top >= wanted).unwrap_or(1.0);
        let x = |place: usize| WIDTH * (place as f64 + 0.5) / shares.len().max(1) as f64;
        let y = |share: f64| HEIGHT * (1.0 - (share / top).min(1.0));
        let known: Vec<(usize, f64, f64, f64)> = shares
            .iter()
            .enumerate()
            .filter_map(|(place, share)| {
                let (value, interval) = share.value.zip(share.interval)?;
                Some((place, y(value), y(interval.low), y(interval.high)))
            })
            .collect();
        let runs: Vec<_> = known.chunk_by(|before, after| before.0 + 1 == after.0).collect();
        let path = |points: &mut dyn Iterator<Item = (f64, f64)>| {
            let points: Vec<String> = points.map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            format!("M{}", points.join("L"))
        };
        let band = |run: &&[(usize, f64, f64, f64)]| {
            let above = run.iter().map(|(place, _, _, high)| (x(*place), *high));
            let below = run.iter().rev().map(|(place, _, low, _)| (x(*place), *low));
            path(&mut above.chain(below)) + "Z"
        };
        Self {
            top,
            bands: runs.iter().filter(|run| run.len() > 1).map(band).collect(),
            lines: runs
                .iter()
                .filter(|run| run.len() > 1)
                .map(|run| path(&mut run.iter().map(|(place, value, _, _)| (x(*place), *value))))
                .collect(),
            dots: known
                .iter()
                .map(|(place, value, _, _)| format!("M{:.1} {value:.1}h0", x(*place)))
                .collect::<Vec<_>>()
                .concat(),
        }
    }

    /// For the template; `percent` writes a share.
    pub fn page(&self, percent: impl Fn(f64) -> String) -> Value {
        context! {
            bands => self.bands.clone(), lines => self.lines.clone(), dots => self.dots.clone(),
            ticks => [1.0, 0.5, 0.0].map(|part| percent(part * self.top)).to_vec(),
        }
    }
}

/// Columns over time: each with its place, width and height, in a drawing as high as a line's.
pub fn columns(counts: &[u64]) -> Vec<Value> {
    let most = counts.iter().copied().max().unwrap_or_default().max(1) as f64;
    let step = WIDTH / counts.len().max(1) as f64;
    let column = |(place, count): (usize, &u64)| {
        let height = HEIGHT * *count as f64 / most;
        context! {
            x => format!("{:.1}", step * (place as f64 + 0.12)), width => format!("{:.1}", step * 0.76),
            y => format!("{:.1}", HEIGHT - height), height => format!("{height:.1}"),
        }
    };
    counts.iter().enumerate().map(column).collect()
}

/// Where each part of a bar begins and how wide it is.
pub fn parts(shares: &[(&'static str, f64)]) -> Vec<Value> {
    let mut x = 0.0;
    let part = |(name, share): &(&'static str, f64)| {
        let width = WIDTH * share;
        let part = context! { name => *name, x => format!("{x:.1}"), width => format!("{width:.1}") };
        x += width;
        part
    };
    shares.iter().map(part).collect()
}

/// How wide the bar of `count` is beside the longest one.
pub fn width(count: u64, most: u64) -> String {
    format!("{:.1}", WIDTH * count as f64 / most.max(1) as f64)
}

/// A badge: label and value on one line, for pages that show it as a picture.
pub fn badge(label: &str, value: &str) -> String {
    let wide = |text: &str| text.chars().map(|c| if c.is_ascii() { 65 } else { 80 }).sum::<u32>() / 10 + 12;
    let (left, right) = (wide(label), wide(value));
    let all = left + right;
    let (label, value) = (escaped(label), escaped(value));
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{all}" height="20" viewBox="0 0 {all} 20" role="img" aria-labelledby="t"><title id="t">{label}: {value}</title><rect width="{all}" height="20" rx="4" fill="#333a42"/><path d="M{left} 0h{inner}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}z" fill="#0b6252"/><g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle"><text x="{left_middle}" y="14" textLength="{left_text}">{label}</text><text x="{right_middle}" y="14" textLength="{right_text}">{value}</text></g></svg>"##,
        inner = right - 4,
        left_middle = left / 2,
        right_middle = left + right / 2,
        left_text = left - 12,
        right_text = right - 12,
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_gaps_where_nothing_is_known() {
        let shares = [Share::of(10, 100), Share::of(20, 100), Share::of(0, 0), Share::of(5, 100)];
        let line = Line::of(&shares);
        assert_eq!((line.bands.len(), line.lines.len()), (1, 1), "one share alone is a dot");
        assert_eq!(line.dots.matches('M').count(), 3);
        assert!((line.top - 0.3).abs() < 1e-9);
        let none = Line::of(&[]);
        assert_eq!((none.bands.len(), none.dots.as_str()), (0, ""));
    }

    #[test]
    fn a_badge_is_escaped() {
        let badge = badge("<a> & b", "23.0 %");
        assert!(badge.contains("&lt;a&gt; &amp; b") && !badge.contains("<a>"), "{badge}");
    }
}
