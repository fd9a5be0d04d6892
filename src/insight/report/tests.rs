//! What stands in a report, and what never does.

use super::*;
use crate::insight::{
    Window,
    gaps::{Causes, Closing, Nearest, Phrasing, Tally},
};

fn report(phrasing_visitors: u64) -> Report {
    let span = Span::month("2026-10").unwrap();
    let now = "2026-11-22T10:00:00Z".parse().unwrap();
    let window: Window = span.window("default", now);
    let tally = |searches, unanswered| Tally { searches, unanswered };
    let gap = Gap {
        question: "rare words".into(),
        language: "en".into(),
        phrasings: vec![Phrasing { text: "pay | <b>with</b> paypal".into(), visitors: phrasing_visitors }],
        visitors: 9,
        searches: 9,
        earlier: 4,
        recent: 5,
        causes: Causes::default(),
        nearest: Some(Nearest { article: "a".into(), title: "Pay".into(), confidence: 0.5 }),
        missing: vec![],
        shortfall: None,
        closing: None,
    };
    let closing = Closing { article: "a".into(), since: None, before: tally(8, 7), after: tally(6, 1) };
    let gaps = vec![gap.clone(), Gap { closing: Some(closing), ..gap }];
    Report {
        site: "Help".into(),
        language: "en".into(),
        days: span.days().map(|day| (day, 10, 3)).collect(),
        figures: Figures::of(&[], window.clone()),
        before: Figures::of(&[], span.before().unwrap().window("default", now)),
        gaps: Gaps { window, searches: 310, unanswered: 93, total: 2, gaps }.into(),
        span,
        public_url: "https://help.example.com".into(),
    }
}

#[test]
fn the_page_needs_nothing_else_and_has_no_markup_of_visitors() {
    let html = report(5).to_html().unwrap();
    for part in ["310 in all", "pay | &lt;b&gt;with&lt;&#x2f;b&gt; paypal", "7 of 8", "<svg", "2026-10-31"] {
        assert!(html.contains(part), "{part} is missing from\n{html}");
    }
    for absent in ["<script", "src=", "<link", "@import", "url(", "<b>with", "rare words", "NaN"] {
        assert!(!html.contains(absent), "{absent}");
    }
}

#[test]
fn markdown_keeps_its_tables_whatever_visitors_type() {
    let markdown = report(5).to_markdown().unwrap();
    assert!(markdown.contains("| pay \\| \\<b\\>with\\</b\\> paypal | 9 (4, then 5) | Pay |"), "{markdown}");
    assert!(!markdown.contains("\n\n\n"), "{markdown}");
}

#[test]
fn it_is_told_in_the_language_of_the_site() {
    for (language, parts) in [
        ("nl-NL", ["<html lang=\"nl\">", "310 in totaal", "<h2>Gevraagd en niet beantwoord</h2>", "7 van 8"]),
        ("de", ["<html lang=\"de\">", "310 insgesamt", "<h2>Gefragt und nicht beantwortet</h2>", "7 von 8"]),
        ("fi", ["<html lang=\"en\">", "310 in all", "<h2>Asked, and not answered</h2>", "7 of 8"]),
    ] {
        let report = Report { language: language.into(), ..report(5) };
        let html = report.to_html().unwrap();
        for part in parts {
            assert!(html.contains(part), "{part} is missing from\n{html}");
        }
        assert!(report.to_markdown().unwrap().contains(parts[1]), "{language}");
    }
}

#[test]
fn what_few_visitors_typed_is_left_out() {
    let report = report(4);
    assert!(!report.to_html().unwrap().contains("paypal") && !report.to_markdown().unwrap().contains("paypal"));
}

#[test]
fn spans_are_whole_months_and_whole_weeks() {
    for (now, week, first) in [
        ("2026-11-22T10:00:00Z", "2026-W46", "2026-11-09"),
        ("2026-11-23T23:59:59Z", "2026-W46", "2026-11-09"),
        ("2026-11-24T00:00:00Z", "2026-W47", "2026-11-16"),
        ("2027-01-05T00:00:00Z", "2026-W53", "2026-12-28"),
    ] {
        let span = Span::last_week(now.parse().unwrap()).unwrap();
        assert_eq!((span.name.as_str(), span.first.to_string().as_str()), (week, first), "{now}");
        assert_eq!((span.days().count(), span.before().unwrap().days().count()), (7, 7));
    }
    let month = Span::last_month("2026-03-31T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!((month.name.as_str(), month.days().count()), ("2026-02", 28));
    assert_eq!(month.before().unwrap().days().count(), 31);
}
