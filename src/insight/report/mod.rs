//! A month or a week on one page, to be mailed: HTML that needs nothing else, and Markdown.
//!
//! It shows what `/stats` computes and nothing of its own; this is only the rendering. The HTML has no
//! script, loads nothing, and draws its charts as SVG with a table behind each. Query texts of fewer
//! than five visitors are left out: a mail goes further than a page.

mod span;
mod store;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::civil::Date;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context, syntax::SyntaxConfig, value::Rest};

use super::{
    figures::{Deflection, Figure, Figures, TopQuery},
    gaps::{Gap, Gaps},
};

pub use span::Span;
pub(super) use span::window;
pub use store::ReportStore;
use words::Words;

/// Visitors that a query needs to be in a report.
pub const MIN_VISITORS: u64 = 5;
/// Rows of each list.
const MAX_ROWS: usize = 10;

/// What a report tells.
#[derive(Debug, Clone)]
pub struct Report {
    /// Name of the site.
    pub site: String,
    /// Language in which it is told, BCP 47; English where there are no words for it.
    pub language: String,
    /// The time it is about.
    pub span: Span,
    /// Its figures.
    pub figures: Figures,
    /// The figures of the time before it.
    pub before: Figures,
    /// Searches by day, and how many had no answer.
    pub days: Vec<(Date, u64, u64)>,
    /// What was asked and not answered.
    pub gaps: Arc<Gaps>,
    /// Where the figures can be read; empty where nobody knows.
    pub public_url: String,
}

/// A report cannot be rendered: a fault of this program.
#[derive(Debug, thiserror::Error)]
#[error("the report cannot be written: {0:#}")]
pub struct ReportError(#[from] minijinja::Error);

impl Report {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let deflected = self.figures.deflection.first().is_some_and(|row| row.confirmed.n > 0);
        !deflected && self.days.iter().all(|(_, searches, _)| *searches == 0)
    }

    /// One HTML file.
    ///
    /// # Errors
    /// A fault in the template.
    pub fn to_html(&self) -> Result<String, ReportError> {
        self.render(include_str!("report.html"), true)
    }

    /// The same as Markdown.
    ///
    /// # Errors
    /// A fault in the template.
    pub fn to_markdown(&self) -> Result<String, ReportError> {
        self.render(include_str!("report.md"), false)
    }

    fn render(&self, template: &str, html: bool) -> Result<String, ReportError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_auto_escape_callback(move |_| if html { AutoEscape::Html } else { AutoEscape::None });
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        // What visitors typed stays text within a line of a table.
        environment.add_filter("cell", |text: &str| {
            let marks = |c: char| if "\\`*_[]<>|#!".contains(c) { vec!['\\', c] } else { vec![c] };
            text.split_whitespace().collect::<Vec<_>>().join(" ").chars().flat_map(marks).collect::<String>()
        });
        let words = words::of(&self.language);
        environment.add_function("t", move |text: &str, places: Rest<Value>| words.say(text, &places));
        environment.add_template("report", template)?;
        Ok(environment.get_template("report")?.render(self.page())?)
    }

    fn page(&self) -> Value {
        let Self { figures, before, gaps, .. } = self;
        let words = words::of(&self.language);
        let share = |figure: &Figure| share(figure, &words);
        let now = figures.deflection.first();
        let then = before.deflection.first();
        context! {
            lang => words.language, site => self.site.clone(), name => self.span.name.clone(),
            from => self.span.first.to_string(), to => self.span.last.to_string(), url => self.public_url.clone(),
            headline => now.map(|row| share(&row.confirmed)),
            headline_before => then.map(|row| share(&row.confirmed)),
            shares => now.map(|row| shares(row, &words)).unwrap_or_default(),
            rows => vec![
                compared("Searches without an answer", share(&figures.no_answer), share(&before.no_answer)),
                compared("Articles found helpful", share(&figures.helpful.rate), share(&before.helpful.rate)),
            ],
            funnel => vec![
                ("Searched", figures.funnel.searched), ("Shown an answer", figures.funnel.answered),
                ("Opened an article", figures.funnel.clicked), ("Opened the ticket form", figures.funnel.form_opened),
                ("Sent a ticket", figures.funnel.submitted),
            ],
            days => days(&self.days), most => self.days.iter().map(|day| day.1).max().unwrap_or(0),
            searches => self.days.iter().map(|day| day.1).sum::<u64>(),
            top => queries(&figures.top_queries),
            open => gaps.gaps.iter().filter(|gap| gap.closing.is_none()).filter_map(gap).take(MAX_ROWS).collect::<Vec<_>>(),
            closed => gaps.gaps.iter().filter(|gap| gap.closing.is_some()).filter_map(gap).take(MAX_ROWS).collect::<Vec<_>>(),
            gaps => gaps.total, left_out => figures.left_out.iter().map(|row| row.visitors).sum::<u64>(),
            min_visitors => MIN_VISITORS,
        }
    }
}

fn share(figure: &Figure, words: &Words) -> Value {
    let percent = |value: f64| words.percent(value);
    context! {
        value => figure.value.map(percent), count => figure.count, n => figure.n, definition => figure.definition.clone(),
        low => figure.interval.map(|interval| percent(interval.low)),
        high => figure.interval.map(|interval| percent(interval.high)),
    }
}

fn compared(name: &str, now: Value, before: Value) -> Value {
    context! { name, now, before }
}

/// The stacked bar: each share with its place in a drawing 1000 wide.
fn shares(row: &Deflection, words: &Words) -> Vec<Value> {
    let mut x = 0.0;
    let part = |(name, class, figure): (&str, &str, &Figure)| {
        let width = 1000.0 * figure.value.unwrap_or_default();
        let part =
            context! { name, class, x => format!("{x:.1}"), width => format!("{width:.1}"), ..share(figure, words) };
        x += width;
        part
    };
    let rows = [
        ("Confirmed: said that it is solved, and sent no ticket", "confirmed", &row.confirmed),
        ("Potential: read an article after the form, and said nothing", "potential", &row.potential),
        ("Unexplained: went away without a word", "unexplained", &row.unexplained_exit),
        ("Submitted: sent a ticket", "submitted", &row.submitted),
    ];
    rows.into_iter().map(part).collect()
}

/// The bars of the days, in a drawing 1000 wide and 200 high.
fn days(days: &[(Date, u64, u64)]) -> Vec<Value> {
    let most = days.iter().map(|day| day.1).max().unwrap_or(0).max(1) as f64;
    let width = 1000.0 / days.len().max(1) as f64;
    let bar = |(at, (day, searches, unanswered)): (usize, &(Date, u64, u64))| {
        let height = |count: u64| 200.0 * count as f64 / most;
        context! {
            day => day.to_string(), searches => *searches, unanswered => *unanswered,
            x => format!("{:.1}", at as f64 * width + width * 0.1), width => format!("{:.1}", width * 0.8),
            y => format!("{:.1}", 200.0 - height(*searches)), height => format!("{:.1}", height(*searches)),
            low_y => format!("{:.1}", 200.0 - height(*unanswered)), low_height => format!("{:.1}", height(*unanswered)),
        }
    };
    days.iter().enumerate().map(bar).collect()
}

fn queries(rows: &[TopQuery]) -> Vec<Value> {
    let common = rows.iter().filter(|row| row.visitors >= MIN_VISITORS).take(MAX_ROWS);
    common
        .map(|row| context! { query => row.query.clone(), visitors => row.visitors, no_answer => row.no_answer })
        .collect()
}

/// A gap by its first phrasing that enough visitors used; none where there is no such phrasing.
fn gap(gap: &Gap) -> Option<Value> {
    let phrasing = gap.phrasings.iter().find(|phrasing| phrasing.visitors >= MIN_VISITORS)?;
    Some(context! {
        question => phrasing.text.clone(), visitors => gap.visitors, earlier => gap.earlier, recent => gap.recent,
        nearest => gap.nearest.as_ref().map(|nearest| nearest.title.clone()),
        before => gap.closing.as_ref().map(|closing| (closing.before.unanswered, closing.before.searches)),
        after => gap.closing.as_ref().map(|closing| (closing.after.unanswered, closing.after.searches)),
    })
}
