//! Scripted visits whose figures are known, and properties that hold for any events.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::{
    insight::{
        event::{EventId, EventKind, MaskedText, Origin, Trigger, ViewSource},
        session::{Salt, SessionHash, Visitor},
    },
    search::Decision,
};

const NOON: &str = "2026-03-02T12:00:00Z";

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

fn window() -> Window {
    let day = SignedDuration::from_hours(24);
    Window { site: "default".into(), from: noon() - day, to: noon() + day, as_of: noon() + day * 30 }
}

fn hash(number: u8) -> SessionHash {
    SessionHash::of(&crate::insight::Session::parse("abcdefghijklmnop").unwrap(), &Salt::from_bytes([number; 32]))
}

/// Tells what one visitor does, in seconds after noon.
struct Story {
    visitor: u8,
    origin: Origin,
    events: Vec<Event>,
}

impl Story {
    fn of(visitor: u8) -> Self {
        Self { visitor, origin: Origin { site: "default".into(), ..Origin::default() }, events: Vec::new() }
    }

    fn at(mut self, seconds: f64, kind: EventKind) -> Self {
        let visitor = Visitor { session: hash(self.visitor), yesterday: hash(self.visitor + 100) };
        let at = noon() + SignedDuration::from_millis((seconds * 1000.0) as i64);
        let id = EventId::try_from(format!("visitor-{:03}-event-{:05}", self.visitor, self.events.len())).unwrap();
        self.events.push(Event::with_id(id, &visitor, self.origin.clone(), at, kind));
        self
    }

    fn search(self, seconds: f64, query: &str, decision: Decision) -> Self {
        self.at(seconds, search(query, decision, Trigger::Enter))
    }

    fn typed(self, seconds: f64, query: &str) -> Self {
        self.at(seconds, search(query, Decision::NoAnswer, Trigger::Typed))
    }

    fn form(self, seconds: f64) -> Self {
        self.at(seconds, EventKind::FormOpened { from: "no_answer".into(), query_id: None })
    }

    fn ticket(self, seconds: f64) -> Self {
        self.at(seconds, EventKind::TicketOpened { reference: "ZD-1".into(), level: 1, query_id: None })
    }

    fn solved(self, seconds: f64) -> Self {
        self.at(seconds, EventKind::MarkedSolved { article: None, query_id: None })
    }

    fn suggestion(self, seconds: f64) -> Self {
        self.at(seconds, EventKind::SuggestionClicked { article: "a".into() })
    }

    fn viewed(self, seconds: f64, dwell_ms: u64) -> Self {
        let from = ViewSource::Form;
        let view =
            EventKind::ArticleViewed { article: "a".into(), revision: None, from, dwell_ms, scroll: 1.0, words: 0 };
        self.at(seconds, view)
    }

    fn voted(self, seconds: f64, helpful: bool) -> Self {
        self.at(seconds, EventKind::FeedbackGiven { article: "a".into(), helpful, reason: None, comment: None })
    }

    fn figures(self) -> Figures {
        Figures::of(&self.events, window())
    }
}

fn search(query: &str, decision: Decision, trigger: Trigger) -> EventKind {
    EventKind::SearchPerformed {
        query: MaskedText::new(query),
        language: None,
        total: 0,
        shown: vec![],
        decision,
        confidence: 0.5,
        latency_us: 1,
        trigger,
    }
}

/// Confirmed, potential, unexplained exit, submitted and reversed, within 24 hours and 7 days.
fn counts(figures: &Figures) -> [[u64; 5]; 2] {
    [0, 1].map(|i| {
        let row = &figures.deflection[i];
        [&row.confirmed, &row.potential, &row.unexplained_exit, &row.submitted, &row.reversed].map(|f| f.count)
    })
}

const HOUR: f64 = 3600.0;

#[test]
fn a_visit_becomes_the_share_that_it_proves() {
    let asked = || Story::of(1).search(0.0, "password lost", Decision::NoAnswer);
    for (what, story, day, week) in [
        ("only searching is outside of deflection", asked(), [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
        ("solved without a form is outside too", asked().solved(5.0), [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
        ("the form and away", asked().form(5.0), [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]),
        ("the form and a ticket", asked().form(5.0).ticket(60.0), [0, 0, 0, 1, 0], [0, 0, 0, 1, 0]),
        ("a ticket without the form", asked().ticket(60.0), [0, 0, 0, 1, 0], [0, 0, 0, 1, 0]),
        ("the form and solved", asked().form(5.0).solved(60.0), [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]),
        ("solved before the form", asked().solved(4.0).form(5.0), [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]),
        ("a suggestion opened", asked().form(5.0).suggestion(9.0), [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]),
        ("... glanced at", asked().form(5.0).suggestion(9.0).viewed(9.5, 14_000), [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]),
        ("... and read", asked().form(5.0).suggestion(9.0).viewed(9.5, 20_000), [0, 1, 0, 0, 0], [0, 1, 0, 0, 0]),
        (
            "... and read in parts, as phones tell it",
            asked().form(5.0).suggestion(9.0).viewed(20.0, 9_000).viewed(60.0, 9_000),
            [0, 1, 0, 0, 0],
            [0, 1, 0, 0, 0],
        ),
        (
            "read before the form",
            asked().suggestion(1.0).viewed(2.0, 20_000).form(30.0),
            [0, 0, 1, 0, 0],
            [0, 0, 1, 0, 0],
        ),
        ("solved, then a ticket", asked().form(5.0).solved(60.0).ticket(HOUR), [0, 0, 0, 2, 1], [0, 0, 0, 2, 1]),
    ] {
        assert_eq!(counts(&story.figures()), [day, week], "{what}");
    }
}

#[test]
fn a_ticket_counts_within_its_window_only() {
    // The ticket of another session is an issue of its own, so it is taken away from the counts.
    for (hours, day, week) in [(23.9, 1, 1), (24.1, 0, 1), (6.9 * 24.0, 0, 1), (7.1 * 24.0, 0, 0)] {
        let story = Story::of(1).form(0.0).ticket(hours * HOUR);
        let figures = Figures::of(&story.events, Window { to: noon() + SignedDuration::from_mins(1), ..window() });
        assert_eq!([0, 1].map(|i| figures.deflection[i].submitted.count), [day, week], "{hours} hours");
    }
}

#[test]
fn issues_that_may_still_become_tickets_are_pending() {
    let story = || Story::of(1).form(0.0);
    for (hours, pending) in [(1, [1, 1]), (25, [0, 1]), (200, [0, 0])] {
        let as_of = noon() + SignedDuration::from_hours(hours);
        let figures = Figures::of(&story().events, Window { as_of, ..window() });
        assert_eq!([0, 1].map(|i| figures.deflection[i].pending), pending, "{hours} hours later");
    }
}

#[test]
fn searches_about_the_same_are_one_issue() {
    let click = |query: usize| EventKind::ResultClicked {
        query_id: EventId::try_from(format!("visitor-001-event-{query:05}")).unwrap(),
        rank: 1,
        article: "a".into(),
        section: String::new(),
    };
    let minutes = 60.0;
    let first = || Story::of(1).search(0.0, "password lost", Decision::Answer);
    for (what, story, issues) in [
        ("close in time", first().search(5.0 * minutes, "invoice", Decision::Answer), 1),
        ("later, about something else", first().search(5.1 * minutes, "invoice", Decision::Answer), 2),
        ("later, sharing a term", first().search(20.0 * minutes, "Password reset", Decision::Answer), 1),
        ("later, sharing only small words", first().search(6.0 * minutes, "is it on", Decision::Answer), 2),
        ("after half an hour of nothing", first().search(30.1 * minutes, "password", Decision::Answer), 2),
        (
            "later, leading to the same article",
            first()
                .at(1.0, click(0))
                .search(6.0 * minutes, "credentials", Decision::Answer)
                .at(7.0 * minutes, click(2)),
            1,
        ),
    ] {
        assert_eq!(story.figures().funnel.searched, issues, "{what}");
    }
}

#[test]
fn an_event_belongs_to_the_search_that_it_names() {
    let first = EventId::try_from("visitor-001-event-00000".to_owned()).unwrap();
    let form = EventKind::FormOpened { from: "link".into(), query_id: Some(first) };
    let figures = Story::of(1)
        .search(0.0, "password", Decision::NoAnswer)
        .search(600.0, "invoice", Decision::Answer)
        .at(610.0, form)
        .figures();
    assert_eq!((figures.funnel.searched, figures.funnel.answered, figures.funnel.form_opened), (2, 1, 1));
}

#[test]
fn a_burst_of_typing_is_one_query() {
    let click = || EventKind::SuggestionClicked { article: "a".into() };
    for (what, story, searches) in [
        ("a burst", Story::of(1).typed(0.0, "pa").typed(0.3, "pass").typed(0.9, "password"), 1),
        ("two bursts", Story::of(1).typed(0.0, "pa").typed(1.4, "pass").typed(3.0, "invoice"), 2),
        ("a click between", Story::of(1).typed(0.0, "pa").at(0.5, click()).typed(1.0, "pass"), 2),
        ("sent off", Story::of(1).typed(0.0, "pa").search(1.0, "pass", Decision::NoAnswer).typed(1.5, "passw"), 2),
    ] {
        let figures = story.figures();
        assert_eq!(figures.no_answer.n, searches, "{what}");
        assert_eq!(figures.top_queries.iter().map(|query| query.searches).sum::<u64>(), searches, "{what}");
    }
}

#[test]
fn top_queries_count_visitors_before_searches() {
    let mut events = Vec::new();
    for visitor in 1..=3 {
        events.extend(Story::of(visitor).search(0.0, "Reset  PASSWORD", Decision::Answer).events);
    }
    let eager = (0..9).fold(Story::of(9), |story, i| story.search(f64::from(i), "invoice", Decision::NoAnswer));
    events.extend(eager.events);
    let figures = Figures::of(&events, window());
    let rows = |rows: &[TopQuery]| {
        rows.iter().map(|row| (row.query.clone(), row.visitors, row.searches, row.no_answer)).collect::<Vec<_>>()
    };
    assert_eq!(rows(&figures.top_queries), [("reset password".to_owned(), 3, 3, 0), ("invoice".to_owned(), 1, 9, 9)]);
    assert_eq!(rows(&figures.top_no_answer), [("invoice".to_owned(), 1, 9, 9)]);
    assert_eq!((figures.no_answer.count, figures.no_answer.n), (9, 12));
    let public = figures.without_rare_queries(3);
    assert_eq!((public.top_queries.len(), public.top_no_answer.len()), (1, 0));
}

#[test]
fn who_is_no_person_is_left_out_and_counted() {
    let person = || Story::of(1).search(0.0, "password", Decision::Answer);
    let mut bot = Story::of(2);
    bot.origin.bot = true;
    let mut silent = Story::of(3);
    silent.origin.interacted = Some(false);
    let many = |n: u32| (0..n).fold(Story::of(4), |story, i| story.search(f64::from(i) * 0.9, "x1", Decision::Answer));
    let typist = (0..200).fold(Story::of(5), |story, i| story.typed(f64::from(i) * 0.2, "x1"));
    for (what, other, left_out) in [
        ("nobody", Story::of(2), [0, 0, 0]),
        ("a declared bot", bot.search(0.0, "x1", Decision::Answer), [1, 0, 0]),
        ("a browser that nobody touched", silent.search(0.0, "x1", Decision::Answer), [0, 0, 1]),
        ("60 searches a minute are allowed", many(60), [0, 0, 0]),
        ("61 are not", many(61), [0, 1, 0]),
        ("quick typing is no flood", typist, [0, 0, 0]),
    ] {
        let mut events = person().events;
        events.extend(other.events);
        let figures = Figures::of(&events, window());
        assert_eq!(figures.left_out.iter().map(|row| row.visitors).collect::<Vec<_>>(), left_out, "{what}");
        assert_eq!(figures.no_answer.left_out, figures.left_out);
        if left_out != [0, 0, 0] {
            assert_eq!(figures.no_answer.n, 1, "{what}");
        }
    }
}

#[test]
fn few_votes_are_counted_but_give_no_rate() {
    for (votes, shown) in [(19, false), (20, true)] {
        let mut events = Vec::new();
        for visitor in 1..=votes {
            events.extend(Story::of(visitor).voted(0.0, false).voted(1.0, visitor % 2 == 0).events);
        }
        let rate = Figures::of(&events, window()).helpful.rate;
        assert_eq!((rate.count, rate.n), (u64::from(votes) / 2, u64::from(votes)));
        assert_eq!((rate.value.is_some(), rate.interval.is_some()), (shown, shown));
    }
}

#[test]
fn a_visit_over_midnight_is_one_visit() {
    let midnight = |seconds: f64| 12.0 * HOUR + seconds;
    let mut before = Story::of(101).search(midnight(-60.0), "password", Decision::NoAnswer);
    let after = Story::of(1).form(midnight(60.0)).ticket(midnight(120.0));
    before.events.extend(after.events);
    let figures = Figures::of(&before.events, Window { to: noon() + SignedDuration::from_hours(24), ..window() });
    assert_eq!((figures.funnel.searched, figures.funnel.submitted), (1, 1));
    assert_eq!(figures.funnel.form_opened_without_search, 0);
}

#[test]
fn who_names_a_search_is_who_asked_it() {
    let query_id = Some(EventId::try_from("visitor-001-event-00000".to_owned()).unwrap());
    let mut events = Story::of(1).search(0.0, "password", Decision::NoAnswer).events;
    let form = EventKind::FormOpened { from: "link".into(), query_id: query_id.clone() };
    let ticket = EventKind::TicketOpened { reference: "ZD-1".into(), level: 1, query_id };
    events.extend(Story::of(2).at(10.0, form).events);
    events.extend(Story::of(3).at(90.0, ticket).events);
    let funnel = Figures::of(&events, window()).funnel;
    assert_eq!((funnel.searched, funnel.form_opened, funnel.submitted), (1, 1, 1));
    assert_eq!(funnel.form_opened_without_search, 0);
}

#[test]
fn another_site_and_another_day_do_not_count() {
    let mut story =
        Story::of(1).search(-25.0 * HOUR, "early", Decision::Answer).search(24.0 * HOUR, "late", Decision::Answer);
    story.origin.site = "other".into();
    let figures = story.search(0.0, "elsewhere", Decision::Answer).figures();
    assert_eq!((figures.no_answer.n, figures.funnel.searched, figures.no_answer.value), (0, 0, None));
}

fn kinds() -> impl Strategy<Value = EventKind> {
    let words = prop::sample::select(vec!["password", "passw", "invoice e42", "reset invoice", "x"]);
    let decision = prop::sample::select(vec![Decision::Answer, Decision::Candidates, Decision::NoAnswer]);
    let trigger = prop::sample::select(vec![Trigger::Typed, Trigger::Enter, Trigger::Url]);
    let from = ViewSource::Form;
    prop_oneof![
        4 => (words, decision, trigger).prop_map(|(words, decision, trigger)| search(words, decision, trigger)),
        1 => (0..40_000_u64).prop_map(move |dwell_ms| EventKind::ArticleViewed {
            article: "a".into(), revision: None, from, dwell_ms, scroll: 0.5, words: 100
        }),
        2 => Just(EventKind::FormOpened { from: "link".into(), query_id: None }),
        1 => Just(EventKind::SuggestionClicked { article: "a".into() }),
        1 => Just(EventKind::MarkedSolved { article: None, query_id: None }),
        1 => Just(EventKind::TicketOpened { reference: "ZD-1".into(), level: 1, query_id: None }),
        1 => any::<bool>().prop_map(|helpful| EventKind::FeedbackGiven {
            article: "a".into(), helpful, reason: None, comment: None
        }),
    ]
}

prop_compose! {
    fn streams()(steps in prop::collection::vec((0..6_u8, 0..40 * 3600_u32, kinds(), 0..40_u8), 0..80)) -> Vec<Event> {
        let step = |(number, (visitor, seconds, kind, odd)): (usize, (u8, u32, EventKind, u8))| {
            let mut story = Story::of(visitor);
            story.origin.bot = odd == 0;
            let mut event = story.at(f64::from(seconds), kind).events.remove(0);
            event.id = EventId::try_from(format!("event-number-{number:05}")).unwrap();
            event
        };
        steps.into_iter().enumerate().map(step).collect()
    }
}

proptest! {
    #[test]
    fn order_and_repeats_change_nothing(
        (events, shuffled) in streams().prop_flat_map(|events| {
            let twice: Vec<_> = events.iter().chain(events.iter().step_by(3)).cloned().collect();
            (Just(events), Just(twice).prop_shuffle())
        })
    ) {
        prop_assert_eq!(Figures::of(&events, window()), Figures::of(&shuffled, window()));
    }

    #[test]
    fn the_four_shares_add_up(events in streams()) {
        let figures = Figures::of(&events, window());
        for row in &figures.deflection {
            let shares = [&row.confirmed, &row.potential, &row.unexplained_exit, &row.submitted];
            prop_assert_eq!(shares.iter().map(|share| share.count).sum::<u64>(), row.confirmed.n);
            if row.confirmed.n > 0 {
                let sum: f64 = shares.iter().filter_map(|share| share.value).sum();
                prop_assert!((sum - 1.0).abs() < 1e-9);
            }
            prop_assert!(row.pending <= row.confirmed.n);
        }
        let funnel = figures.funnel;
        prop_assert!(funnel.submitted <= funnel.form_opened && funnel.form_opened <= funnel.searched);
        prop_assert_eq!(funnel.form_opened + funnel.form_opened_without_search, figures.deflection[0].confirmed.n);
    }
}
