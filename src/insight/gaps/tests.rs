//! A month of visits, what it says is missing, and what changes once somebody writes it.

use std::fs;

use jiff::SignedDuration;

use super::*;
use crate::insight::{
    event::{EventId, EventKind, MaskedText, Origin, Trigger},
    session::{Salt, SessionHash, Visitor},
};

const NOON: &str = "2026-03-02T12:00:00Z";

const ARTICLES: [(&str, &str); 3] = [
    ("reset.md", "---\nlang: en\n---\n\n# Reset your password\n\nOpen the menu and choose a new password.\n"),
    ("printer.md", "---\nlang: en\n---\n\n# Blank pages\n\nThe printer prints blank pages when ink is low.\n"),
    ("wachtwoord.md", "---\nlang: nl\n---\n\n# Wachtwoord herstellen\n\nOpen het menu en kies een nieuw wachtwoord.\n"),
];

const PAYPAL: (&str, &str) = (
    "paypal.md",
    "---\nlang: en\n---\n\n# Pay with PayPal\n\nChoose PayPal as the payment method when you pay an invoice.\n",
);

fn searcher(articles: &[(&str, &str)]) -> Searcher {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in articles {
        fs::write(folder.path().join(path), text).unwrap();
    }
    crate::eval::index(folder.path()).unwrap()
}

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

/// Visits, one visitor each.
#[derive(Default)]
struct Visits {
    events: Vec<Event>,
    visitors: u8,
}

impl Visits {
    /// A visitor who asks on a day after the first, and does what follows, a minute apart.
    fn ask(&mut self, day: i64, language: &str, query: &str, decision: Decision, then: &[EventKind]) {
        self.visitors += 1;
        let hash = |number| {
            SessionHash::of(
                &crate::insight::Session::parse("abcdefghijklmnop").unwrap(),
                &Salt::from_bytes([number; 32]),
            )
        };
        let visitor = Visitor { session: hash(self.visitors), yesterday: hash(255 - self.visitors) };
        let search = EventKind::SearchPerformed {
            query: MaskedText::new(query),
            language: Some(language.into()),
            total: 1,
            shown: vec!["reset#top".into()],
            decision,
            confidence: 0.5,
            latency_us: 1,
            trigger: Trigger::Enter,
            filters: Vec::new(),
        };
        let origin = Origin { site: "default".into(), ..Origin::default() };
        for (minute, (step, kind)) in (0..).zip(std::iter::once(&search).chain(then).enumerate()) {
            let at = noon() + SignedDuration::from_hours(24 * day) + SignedDuration::from_mins(minute);
            let id = self.id(step);
            self.events.push(Event::with_id(id, &visitor, origin.clone(), at, kind.clone()));
        }
    }

    /// The id of a step of the visitor who comes next, or has just come.
    fn id(&self, step: usize) -> EventId {
        EventId::try_from(format!("visitor-{:03}-event-{step:03}", self.visitors)).unwrap()
    }

    /// The steps of the visitor who comes next: opens the article, then does `last`.
    fn opens(&self, article: &str, last: EventKind) -> [EventKind; 2] {
        let query_id = EventId::try_from(format!("visitor-{:03}-event-000", self.visitors + 1)).unwrap();
        [EventKind::ResultClicked { query_id, rank: 1, article: article.into(), section: String::new() }, last]
    }

    fn gaps(&self, searcher: &Searcher) -> Gaps {
        let to = noon() + SignedDuration::from_hours(24 * 30);
        let window = Window { site: "default".into(), from: noon(), to, as_of: to };
        let articles = Articles { searcher, site: &config::Site::default(), search: &config::Search::default() };
        Gaps::of(&self.events, window, &articles, &mut |_, _| {}).unwrap()
    }
}

fn month() -> Visits {
    let mut visits = Visits::default();
    for (day, query) in
        [(1, "pay with paypal"), (3, "can I pay with PayPal?"), (20, "paypal payment"), (22, "Pay with  PayPal")]
    {
        visits.ask(day, "en", query, Decision::NoAnswer, &[]);
    }
    visits.ask(4, "nl", "factuur exporteren", Decision::NoAnswer, &[]);
    visits.ask(25, "nl", "exporteren van een factuur", Decision::NoAnswer, &[]);
    let feedback = |helpful| EventKind::FeedbackGiven { article: "reset".into(), helpful, reason: None, comment: None };
    let unhelpful = visits.opens("reset", feedback(false));
    visits.ask(6, "en", "password of the router", Decision::Answer, &unhelpful);
    let ticket = EventKind::TicketOpened { reference: "ZD-1".into(), level: 1, query_id: None };
    let ticketed = visits.opens("reset", ticket);
    visits.ask(7, "en", "password of the router", Decision::Answer, &ticketed);
    let helped = visits.opens("reset", feedback(true));
    visits.ask(8, "en", "reset password", Decision::Answer, &helped);
    visits
}

#[test]
fn what_is_missing_comes_by_visitors_with_how_they_ask() {
    let gaps = month().gaps(&searcher(&ARTICLES));
    assert_eq!((gaps.searches, gaps.unanswered, gaps.total), (9, 8, 3), "{gaps:#?}");
    let [paypal, invoice, router] = &gaps.gaps[..] else { panic!("{gaps:#?}") };
    assert_eq!(
        (paypal.question.as_str(), paypal.visitors, paypal.earlier, paypal.recent),
        ("pay with paypal", 4, 2, 2)
    );
    assert_eq!(paypal.phrasings[0].visitors, 2, "spelling and spaces are no other phrasing");
    assert_eq!(paypal.missing, ["pay", "paypal"]);
    assert_eq!((invoice.language.as_str(), invoice.visitors), ("nl", 2));
    assert_eq!(router.causes, Causes { no_answer: 0, not_helpful: 1, ticketed: 1 });
    assert_eq!(router.nearest.as_ref().unwrap().article, "reset");
    assert_eq!(router.shortfall, Some(Shortfall::NotHelpful));
}

#[test]
fn an_article_that_answers_closes_the_gap_with_before_and_after() {
    let mut visits = month();
    let mut articles = ARTICLES.to_vec();
    articles.push(PAYPAL);
    let written = searcher(&articles);
    let closing = |visits: &Visits| {
        let gaps = visits.gaps(&written).gaps;
        gaps.into_iter().find(|gap| gap.question.contains("paypal")).unwrap().closing
    };
    let before = Tally { searches: 4, unanswered: 4 };
    let expected = Closing { article: "paypal".into(), since: None, before, after: Tally::default() };
    assert_eq!(closing(&visits), Some(expected.clone()), "nobody has asked since");

    visits.ask(27, "en", "pay with paypal", Decision::Answer, &[]);
    if let EventKind::SearchPerformed { shown, .. } = &mut visits.events.last_mut().unwrap().kind {
        *shown = vec!["paypal#top".into()];
    }
    let since = Some(noon() + SignedDuration::from_hours(24 * 27));
    let after = Tally { searches: 1, unanswered: 0 };
    assert_eq!(closing(&visits), Some(Closing { since, after, ..expected }));
}

#[test]
fn a_draft_is_an_article_with_the_questions_of_visitors_and_nothing_that_was_masked() {
    let mut visits = month();
    visits.ask(5, "en", "paypal of ann@example.com", Decision::NoAnswer, &[]);
    let gaps = visits.gaps(&searcher(&ARTICLES)).gaps;
    let draft = gaps[0].draft("2026-11-22".parse().unwrap()).unwrap();
    assert_eq!(draft.name, "pay-with-paypal");
    let parsed = crate::article::parse("pay-with-paypal.md", draft.text.as_bytes());
    assert_eq!(parsed.problems, [], "{}", draft.text);
    let front = &parsed.article.front_matter;
    assert_eq!((front.title.as_str(), front.lang.as_deref()), ("Pay with paypal", Some("en")));
    assert_eq!(front.questions, ["pay with paypal", "can i pay with paypal?", "paypal payment"]);
}

#[test]
fn no_questions_no_gaps() {
    let gaps = Visits::default().gaps(&searcher(&ARTICLES));
    assert_eq!((gaps.searches, gaps.unanswered, gaps.total, gaps.gaps.len()), (0, 0, 0, 0));
}
