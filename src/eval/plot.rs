//! The curves of the confidence as SVG: they stand alone, follow light and dark, and say in words what they show.

use std::fmt::Write as _;

use super::{Bin, Point, tenths};

/// The field of a plot within its picture.
const LEFT: f64 = 64.0;
const TOP: f64 = 48.0;
const SIZE: f64 = 320.0;
/// Coverage below which chance rules the risk, and nothing is drawn.
const LEAST: f64 = 0.05;

/// How sure the search was against how often there was an answer, in ten bins.
#[must_use]
pub fn plot_reliability(set: &str, bins: &[Bin]) -> String {
    let mut said = String::from("Confidence and share of questions with an answer, in bins.");
    let mut marks = format!("<path class=\"ideal\" d=\"M{} {}L{} {}\"/>", x(0.0), y(0.0), x(1.0), y(1.0));
    let width = 1.0 / bins.len() as f64;
    for (at, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.questions > 0) {
        let (from, share) = (at as f64 * width, bin.answerable);
        let _ = write!(said, " At {:.2}: {share:.2} of {}.", bin.confidence, bin.questions);
        let _ = write!(
            marks,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\
             <circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\"/>\
             <text class=\"note\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x(from) + 1.0,
            y(share),
            width * SIZE - 2.0,
            share * SIZE,
            x(bin.confidence),
            y(share),
            x(from + width / 2.0),
            TOP - 6.0,
            bin.questions,
        );
    }
    let axes = [Axis { unit: Unit::Share, ..Axis::new("confidence") }, Axis::new("share with an answer")];
    let title = format!("Reliability: {set}");
    frame(&title, "right where the dot is on the dashed line; on top, questions", &said, &axes, &marks)
}

/// How many answers are wrong when only the surest share of questions is answered.
#[must_use]
pub fn plot_risk_coverage(set: &str, points: &[Point]) -> String {
    let points: Vec<Point> = points.iter().filter(|point| point.coverage >= LEAST).copied().collect();
    let worst = points.iter().map(|point| point.risk).fold(0.0, f64::max);
    let most = ((worst * 10.0 - 1e-9).ceil() / 10.0).clamp(0.1, 1.0);
    let mut said = String::from("Share of wrong answers by share of questions answered.");
    let line = points.iter().enumerate().fold(String::new(), |mut line, (at, point)| {
        let _ = write!(line, "{}{:.1} {:.1}", if at == 0 { 'M' } else { 'L' }, x(point.coverage), y(point.risk / most));
        line
    });
    let mut marks = format!("<path class=\"line\" d=\"{line}\"/>");
    for point in tenths(&points) {
        let Point { coverage, confidence, risk } = point;
        let _ =
            write!(said, " {:.0} % answered, from {confidence:.2} on: {:.1} % wrong.", coverage * 100.0, risk * 100.0);
        let (x, y) = (x(coverage), y(risk / most));
        let _ = write!(
            marks,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/><text class=\"note\" x=\"{x:.1}\" y=\"{:.1}\">{confidence:.2}</text>",
            if y < TOP + 20.0 { y + 18.0 } else { y - 9.0 },
        );
    }
    // A tick each tenth, or each fiftieth of the lowest tenth.
    let ticks = if most > 0.1 { (most * 10.0).round() as usize } else { 5 };
    let axes = [Axis::new("share of questions answered"), Axis { most, ticks, ..Axis::new("share of wrong answers") }];
    let title = format!("Risk and coverage: {set}");
    frame(&title, "at the dots, the confidence from which on is answered", &said, &axes, &marks)
}

struct Axis {
    label: &'static str,
    most: f64,
    /// Beside that at 0.
    ticks: usize,
    unit: Unit,
}

enum Unit {
    Share,
    Percent,
}

impl Axis {
    const fn new(label: &'static str) -> Self {
        Self { label, most: 1.0, ticks: 5, unit: Unit::Percent }
    }

    /// Places within the field, as shares of it, with what is written there.
    fn marks(&self) -> impl Iterator<Item = (f64, String)> {
        (0..=self.ticks).map(|tick| {
            let place = tick as f64 / self.ticks as f64;
            let value = place * self.most;
            let text = match self.unit {
                Unit::Share => format!("{value:.1}"),
                Unit::Percent => format!("{:.0} %", value * 100.0),
            };
            (place, text)
        })
    }
}

/// Places of a share within the field.
fn x(share: f64) -> f64 {
    LEFT + share * SIZE
}

fn y(share: f64) -> f64 {
    TOP + (1.0 - share) * SIZE
}

fn frame(title: &str, hint: &str, said: &str, axes: &[Axis; 2], marks: &str) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    let [across, up] = axes;
    let (right, bottom) = (LEFT + SIZE, TOP + SIZE);
    let mut grid = String::new();
    for (place, text) in across.marks() {
        let (x, y) = (x(place), bottom + 18.0);
        let _ = write!(
            grid,
            "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom}\"/><text x=\"{x:.1}\" y=\"{y}\">{text}</text>"
        );
    }
    for (place, text) in up.marks() {
        let (x, y, below) = (LEFT - 8.0, y(place), y(place) + 4.0);
        let _ = write!(
            grid,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/><text class=\"up\" x=\"{x}\" y=\"{below:.1}\">{text}</text>"
        );
    }
    let middle = TOP + SIZE / 2.0;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 408 440" width="408" height="440" role="img" aria-labelledby="title said">
<title id="title">{title}</title>
<desc id="said">{said}</desc>
<style>
  svg {{ --ink: #1d1d20; --quiet: #5f5f68; --grid: #dcdce2; --paper: #ffffff; --mark: #1f5fbf; font: 12px system-ui, sans-serif; }}
  @media (prefers-color-scheme: dark) {{ svg {{ --ink: #ececf0; --quiet: #a5a5b0; --grid: #3a3a42; --paper: #18181b; --mark: #8ab4ff; }} }}
  .paper {{ fill: var(--paper); }} text {{ fill: var(--ink); text-anchor: middle; }} .up {{ text-anchor: end; }}
  .title {{ font-size: 14px; font-weight: 600; text-anchor: start; }} .note {{ fill: var(--quiet); font-size: 11px; stroke: var(--paper); stroke-width: 3; paint-order: stroke; }}
  .grid {{ stroke: var(--grid); }} .ideal {{ stroke: var(--quiet); stroke-dasharray: 4 4; }} circle {{ fill: var(--mark); }}
  .bar {{ fill: var(--mark); opacity: 0.25; }} .line {{ fill: none; stroke: var(--mark); stroke-width: 2; stroke-linejoin: round; }}
</style>
<rect class="paper" width="408" height="440"/>
<text class="title" x="{LEFT}" y="22">{title}</text>
{grid}
<text x="{center}" y="{below}">{across}</text>
<text class="note" x="{center}" y="{lowest}">{hint}</text>
<text transform="translate(16 {middle}) rotate(-90)">{up}</text>
{marks}
</svg>
"#,
        center = LEFT + SIZE / 2.0,
        below = bottom + 38.0,
        lowest = bottom + 58.0,
        across = across.label,
        up = up.label,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_say_in_words_what_they_show_and_stay_well_formed() {
        let bins = [Bin { questions: 3, confidence: 0.25, answerable: 0.5 }, Bin::default()];
        let points = [
            Point { coverage: 0.25, confidence: 0.9, risk: 0.0 },
            Point { coverage: 1.0, confidence: 0.1, risk: 0.32 },
        ];
        for (svg, words) in [
            (plot_reliability("a<b & c", &bins), "At 0.25: 0.50 of 3."),
            (plot_risk_coverage("a<b & c", &points), "100 % answered, from 0.10 on: 32.0 % wrong."),
            (plot_risk_coverage("a<b & c", &[]), "Share of wrong answers"),
        ] {
            assert!(svg.contains(words) && svg.contains("a&lt;b &amp; c"), "{svg}");
            assert!(svg.contains("prefers-color-scheme: dark") && !svg.contains("NaN"), "{svg}");
            let (open, closed) = (svg.matches('<').count(), svg.matches("/>").count() + 2 * svg.matches("</").count());
            assert_eq!(open, closed, "every element is closed: {svg}");
        }
    }
}
