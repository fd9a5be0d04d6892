//! The figures as CSV, for spreadsheets: one table for each route, the same numbers as in JSON.
//!
//! Words of visitors could be formulas to a spreadsheet; cells that begin like one get an apostrophe before.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use crate::insight::figures::{ArticleFigures, Deflection, Figure, Figures, Row, Share, Success, TopQuery};

/// One table as it is sent.
#[must_use]
pub fn table(name: &str, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Response {
    let mut text = line(columns.iter().map(|name| (*name).to_owned()));
    for row in rows {
        text.push_str(&line(row));
    }
    let file = format!("attachment; filename=\"{name}.csv\"");
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, file)], text)
        .into_response()
}

fn line(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| quoted(&cell)).collect();
    cells.join(",") + "\r\n"
}

fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r', ';']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

fn some(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Columns of [`figures`].
pub const FIGURES: &[&str] =
    &["figure", "ticket_window_h", "from", "to", "count", "n", "value", "low", "high", "pending"];

/// Every share, one a row.
#[must_use]
pub fn figures(figures: &Figures) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for Deflection { confirmed, potential, unexplained_exit, submitted, reversed, pending } in &figures.deflection {
        let shares = [confirmed, potential, unexplained_exit, submitted, reversed];
        rows.extend(shares.map(|share| figure(share, Some(*pending))));
    }
    for Success { lower, upper } in &figures.success {
        rows.extend([lower, upper].map(|share| figure(share, None)));
    }
    for holdout in &figures.holdout {
        rows.extend([&holdout.held, &holdout.shown].map(|share| figure(share, None)));
    }
    let rest = [&figures.no_answer, &figures.helpful.rate, &figures.helpful.response, &figures.answer_existed];
    rows.extend(rest.map(|share| figure(share, None)));
    rows
}

fn figure(figure: &Figure, pending: Option<u64>) -> Vec<String> {
    vec![
        figure.definition.clone(),
        figure.ticket_window_h.map(|hours| hours.to_string()).unwrap_or_default(),
        figure.from.to_string(),
        figure.to.to_string(),
        figure.count.to_string(),
        figure.n.to_string(),
        some(figure.value),
        some(figure.interval.map(|interval| interval.low)),
        some(figure.interval.map(|interval| interval.high)),
        pending.map(|pending| pending.to_string()).unwrap_or_default(),
    ]
}

/// Columns of [`funnel`].
pub const FUNNEL: &[&str] = &["step", "issues"];

/// The steps from search to ticket.
#[must_use]
pub fn funnel(figures: &Figures) -> Vec<Vec<String>> {
    let funnel = figures.funnel;
    let steps = [
        ("searched", funnel.searched),
        ("answered", funnel.answered),
        ("clicked", funnel.clicked),
        ("form_opened", funnel.form_opened),
        ("submitted", funnel.submitted),
        ("form_opened_without_search", funnel.form_opened_without_search),
        ("submitted_without_search", funnel.submitted_without_search),
    ];
    steps.map(|(step, issues)| vec![step.to_owned(), issues.to_string()]).into()
}

/// Columns of [`queries`].
pub const QUERIES: &[&str] = &["list", "query", "visitors", "searches", "no_answer"];

/// Both lists of queries.
#[must_use]
pub fn queries(figures: &Figures) -> Vec<Vec<String>> {
    let row = |list: &str, query: &TopQuery| {
        let TopQuery { query, visitors, searches, no_answer } = query;
        vec![list.to_owned(), query.clone(), visitors.to_string(), searches.to_string(), no_answer.to_string()]
    };
    let all = figures.top_queries.iter().map(|query| row("top_queries", query));
    all.chain(figures.top_no_answer.iter().map(|query| row("top_no_answer", query))).collect()
}

/// Columns of [`articles`].
pub const ARTICLES: &[&str] = &[
    "article",
    "views",
    "reads",
    "votes",
    "helpful",
    "helpful_rate",
    "low",
    "high",
    "response_rate",
    "tickets_after_reading",
];

/// What was read.
#[must_use]
pub fn articles(figures: &Figures) -> Vec<Vec<String>> {
    let row = |row: &ArticleFigures| {
        vec![
            row.article.clone(),
            row.views.to_string(),
            row.reads.to_string(),
            row.votes.to_string(),
            row.helpful.to_string(),
            some(row.helpful_rate),
            some(row.helpful_interval.map(|interval| interval.low)),
            some(row.helpful_interval.map(|interval| interval.high)),
            some(row.response_rate),
            row.tickets_after_reading.to_string(),
        ]
    };
    figures.articles.iter().map(row).collect()
}

/// Columns of [`series`].
pub const SERIES: &[&str] =
    &["from", "to", "searches", "no_answer", "form_opened", "confirmed", "confirmed_share", "low", "high", "submitted"];

/// The figures over time.
#[must_use]
pub fn series(figures: &Figures) -> Vec<Vec<String>> {
    let row = |point: &crate::insight::figures::Point| {
        let Share { count, n, value, interval } = point.confirmed;
        vec![
            point.from.to_string(),
            point.to.to_string(),
            point.searches.to_string(),
            point.no_answer.count.to_string(),
            n.to_string(),
            count.to_string(),
            some(value),
            some(interval.map(|interval| interval.low)),
            some(interval.map(|interval| interval.high)),
            point.submitted.count.to_string(),
        ]
    };
    figures.series.iter().map(row).collect()
}

/// Columns of [`groups`].
pub const GROUPS: &[&str] = &[
    "by",
    "name",
    "issues",
    "searches",
    "no_answer",
    "form_opened",
    "confirmed",
    "submitted",
    "votes",
    "helpful",
    "tickets",
    "escalated",
];

/// Languages, kinds and levels side by side.
#[must_use]
pub fn groups(figures: &Figures) -> Vec<Vec<String>> {
    let row = |by: &str, row: &Row| {
        let numbers = [
            row.issues,
            row.no_answer.n,
            row.no_answer.count,
            row.confirmed.n,
            row.confirmed.count,
            row.submitted.count,
            row.helpful.n,
            row.helpful.count,
            row.tickets,
            row.escalated,
        ];
        let mut cells = vec![by.to_owned(), row.name.clone()];
        cells.extend(numbers.map(|number| number.to_string()));
        cells
    };
    let lists = [("language", &figures.languages), ("kind", &figures.kinds), ("level", &figures.levels)];
    lists.iter().flat_map(|(by, rows)| rows.iter().map(move |line| row(by, line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        for (cell, written) in [
            ("plain", "plain"),
            ("a, \"b\"", "\"a, \"\"b\"\"\""),
            ("=1+1", "'=1+1"),
            ("@sum(a1)", "'@sum(a1)"),
            ("-0.5", "-0.5"),
            ("-help", "'-help"),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(quoted(cell), written);
        }
    }
}
