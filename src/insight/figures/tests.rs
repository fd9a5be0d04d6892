//! Scripted visits whose figures are known, and properties that hold for any events.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::{
    insight::{
        event::{EventId, EventKind, MaskedText, Notes, Origin, Surface, Trigger, ViewSource},
        session::{RequesterHash, Salt, SessionHash, Visitor},
    },
    search::Decision,
};

const NOON: &str = "2026-03-02T12:00:00Z";

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

fn window() -> Window {
    let day = SignedDuration::from_hours(24);
    Window { site: "default".into(), from: noon() - day * 3 / 2, to: noon() + day * 3 / 2, as_of: noon() + day * 30 }
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

    fn resolved(self, seconds: f64, outcome: &str) -> Self {
        let (outcome, by) = (outcome.to_owned(), "desk".to_owned());
        self.at(seconds, EventKind::TicketResolved { reference: "ZD-1".into(), outcome, article: None, by })
    }

    fn held(self, seconds: f64, held: bool) -> Self {
        self.at(seconds, EventKind::HoldoutAssigned { held, share: 0.5 })
    }

    /// The last event is about a ticket of this address.
    fn under_address(mut self, email: &str) -> Self {
        let requester = Some(RequesterHash::of(email, &Salt::from_bytes([9; 32])));
        self.events.last_mut().unwrap().notes.requester = requester;
        self
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
        filters: Vec::new(),
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
    let mut own = Story::of(6);
    own.origin.staff = true;
    let mut monitor = Story::of(7);
    monitor.origin.monitor = true;
    let mut agent = Story::of(8);
    agent.origin.surface = Surface::Mcp;
    let asking = |story: Story, at: &dyn Fn(f64) -> f64, n: u32| {
        (0..n).fold(story, |story, i| story.search(at(f64::from(i)), "x1", Decision::Answer))
    };
    let many = |n: u32| asking(Story::of(4), &|i| i * 0.9 + (i % 3.0) * 0.06, n);
    let clock = |n: u32| asking(Story::of(9), &|i| i * 5.0 + (i % 2.0) * 0.02, n);
    let spam = asking(Story::of(10), &|i| i, 1).ticket(60.0).resolved(90.0, "spam");
    let no_spam = asking(Story::of(10), &|i| i, 1).ticket(60.0).resolved(90.0, "spam").resolved(99.0, "reopened");
    let typist = (0..200).fold(Story::of(5), |story, i| story.typed(f64::from(i) * 0.2, "x1"));
    for (what, other, left_out) in [
        ("nobody", Story::of(2), None),
        ("a declared bot", bot.search(0.0, "x1", Decision::Answer), Some(Cause::DeclaredBot)),
        ("a monitor", monitor.search(0.0, "x1", Decision::Answer), Some(Cause::Monitor)),
        ("staff", own.search(0.0, "x1", Decision::Answer), Some(Cause::Staff)),
        ("an agent", agent.search(0.0, "x1", Decision::Answer), Some(Cause::Agent)),
        ("a browser that nobody touched", silent.search(0.0, "x1", Decision::Answer), Some(Cause::NoInteraction)),
        ("60 searches a minute are allowed", many(60), None),
        ("61 are not", many(61), Some(Cause::TooManySearches)),
        ("quick typing is no flood", typist, None),
        ("nine searches at a beat are chance", clock(9), None),
        ("ten are a clock", clock(10), Some(Cause::Clockwork)),
        ("2000 events are many", (0..2000).fold(Story::of(11), |story, i| story.suggestion(f64::from(i))), None),
        (
            "2001 are too many",
            (0..2001).fold(Story::of(11), |story, i| story.suggestion(f64::from(i))),
            Some(Cause::TooManyEvents),
        ),
        ("a ticket that was spam", spam, Some(Cause::Spam)),
        ("a ticket that was not spam after all", no_spam, None),
    ] {
        let mut events = person().events;
        events.extend(other.events);
        let figures = Figures::of(&events, window());
        let found: Vec<_> = figures.left_out.iter().filter(|row| row.visitors + row.events > 0).collect();
        assert_eq!(
            found.iter().map(|row| (row.cause, row.visitors)).next(),
            left_out.map(|cause| (cause, 1)),
            "{what}"
        );
        assert!(found.len() <= 1, "{what}: the first cause that applies counts");
        assert_eq!(figures.no_answer.left_out, figures.left_out);
        if left_out.is_some() {
            assert_eq!(figures.no_answer.n, 1, "{what}");
        }
    }
}

#[test]
fn a_ticket_of_the_same_address_counts_wherever_it_was_sent() {
    let first = || Story::of(1).form(0.0).ticket(60.0).under_address("ann@example.com");
    let solved = |story: Story| story.form(2.0 * HOUR).solved(2.0 * HOUR + 9.0);
    let later =
        |email: &str, hours: f64| Story::of(2).form(hours * HOUR).ticket(hours * HOUR + 5.0).under_address(email);
    for (what, other, reversed) in [
        ("nothing else", Story::of(2), [0, 0]),
        ("another tab, a day later", later(" Ann@Example.com ", 20.0), [1, 1]),
        ("another tab, after three days", later("ann@example.com", 72.0), [0, 1]),
        ("somebody else", later("bob@example.com", 20.0), [0, 0]),
    ] {
        let mut events = solved(first()).events;
        events.extend(other.events);
        let counts = counts(&Figures::of(&events, window()));
        assert_eq!([counts[0][4], counts[1][4]], reversed, "{what}");
    }
}

#[test]
fn success_lies_between_what_was_said_and_what_did_not_fail() {
    let asked = |decision| Story::of(1).search(0.0, "password lost", decision);
    let (answer, none) = (Decision::Answer, Decision::NoAnswer);
    for (what, story, lower, upper) in [
        ("answered, and nothing said", asked(answer), 0, 1),
        ("no answer", asked(none), 0, 0),
        ("no answer, but something was read", asked(none).viewed(9.0, 60_000), 0, 1),
        ("no answer after reading", asked(answer).viewed(9.0, 60_000).search(70.0, "password", none), 0, 0),
        ("a yes", asked(answer).voted(60.0, true), 1, 1),
        ("a yes, after no answer", asked(none).voted(60.0, true), 1, 1),
        ("solved by a button", asked(none).solved(60.0), 1, 1),
        ("a no", asked(answer).voted(60.0, false), 0, 0),
        ("a no, then a yes", asked(answer).voted(60.0, false).voted(61.0, true), 1, 1),
        ("a yes, then a no", asked(answer).voted(60.0, true).voted(61.0, false), 0, 0),
        ("a yes, then a ticket", asked(answer).voted(60.0, true).ticket(HOUR), 0, 0),
    ] {
        let success = &story.figures().success[0];
        assert_eq!((success.lower.count, success.upper.count, success.lower.n), (lower, upper, 1), "{what}");
    }
}

#[test]
fn who_is_held_out_is_compared_and_not_deflected() {
    let mut events = Vec::new();
    for visitor in 0..100 {
        let held = visitor % 2 == 0;
        let story = Story::of(visitor).form(0.0).held(5.0, held);
        let ticket = if held { visitor < 80 } else { visitor < 36 };
        let story = if ticket { story.ticket(60.0) } else { story };
        // Intention to treat: whatever is done with suggestions, the lot counts.
        events.extend(if held { story } else { story.suggestion(70.0) }.events);
    }
    let figures = Figures::of(&events, window());
    let row = &figures.holdout[0];
    assert_eq!((row.held.count, row.held.n, row.shown.count, row.shown.n), (40, 50, 18, 50));
    assert!((row.difference.unwrap().value - 0.44).abs() < 1e-9);
    assert!((row.tickets_avoided.unwrap() - 22.0).abs() < 1e-9);
    assert_eq!(row.form_opens_needed, crate::insight::intervals::needed(0.8, 0.1, 0.5));
    assert_eq!(figures.deflection[0].confirmed.n, 50, "without those held out");
    assert!(figures.left_out.iter().any(|row| row.cause == Cause::Holdout && row.visitors == 50));
    let few: Vec<_> = events.iter().filter(|event| event.id.as_str() < "visitor-008").cloned().collect();
    let unsure = &Figures::of(&few, window()).holdout[0];
    assert_eq!((unsure.held.n, unsure.shown.n, unsure.tickets_avoided), (4, 4, None), "not measurable yet");
    assert!(Figures::of(&[], window()).holdout.is_empty());
}

#[test]
fn a_slice_is_a_part_of_the_whole() {
    let mut events = Vec::new();
    for (visitor, language, kind, level) in [(1, "nl-BE", "faq", 1), (2, "nl", "manual", 1), (3, "de", "faq", 2)] {
        let mut story = Story::of(visitor);
        story.origin.locale = language.into();
        let mut own = story.search(0.0, "password", Decision::NoAnswer).form(9.0).events;
        own[0].notes = Notes { article_kind: Some(kind.into()), level: Some(level), requester: None };
        events.extend(own);
    }
    let (first, last) = window().days();
    let folded: Vec<_> = days(first, last).map(|day| (day, DayCounts::fold(&events, "default", day))).collect();
    let of = |slice: Slice| Figures::of_days(&folded, window(), slice);
    for (slice, n) in [
        (Slice::default(), 3),
        (Slice { language: Some("nl".into()), ..Slice::default() }, 2),
        (Slice { kind: Some("faq".into()), ..Slice::default() }, 2),
        (Slice { level: Some(2), ..Slice::default() }, 1),
        (Slice { language: Some("nl".into()), kind: Some("faq".into()), level: Some(1) }, 1),
        (Slice { language: Some("fr".into()), ..Slice::default() }, 0),
    ] {
        let figures = of(slice.clone());
        let counted = (figures.no_answer.n, figures.funnel.searched, figures.deflection[0].confirmed.n);
        assert_eq!(counted, (n, n, n), "{slice:?}");
    }
    let all = of(Slice::default());
    let names = |rows: &[Row]| rows.iter().map(|row| (row.name.clone(), row.issues)).collect::<Vec<_>>();
    assert_eq!(names(&all.languages), [("nl".to_owned(), 2), ("de".to_owned(), 1)]);
    assert_eq!(names(&all.levels), [("1".to_owned(), 2), ("2".to_owned(), 1)]);
    assert_eq!(all.series.len(), 3);
    assert_eq!(all.series[1].no_answer.n, 3);
}

#[test]
fn older_days_added_up_give_the_same_figures() {
    let mut events = Vec::new();
    // Days from the first on; the form on the last is still open.
    for (visitor, days) in [(1, 0), (2, 5), (3, 6), (4, 7), (5, 30), (6, 47), (7, 48), (8, 63)] {
        let begin = f64::from(days) * 86_400.0;
        let story = Story::of(visitor).search(begin, "reset my password", Decision::NoAnswer).form(begin + 9.0);
        let story = story.viewed(begin + 20.0, 90_000).voted(begin + 200.0, visitor % 2 == 0);
        events.extend(if visitor % 3 == 0 { story.ticket(begin + 300.0) } else { story }.events);
    }
    let mut bot = Story::of(9);
    bot.origin.bot = true;
    events.extend(bot.search(0.0, "anything", Decision::Answer).events);
    let first: Date = "2026-03-02".parse().unwrap();
    let last = first.checked_add(jiff::ToSpan::days(64)).unwrap();
    let window = Window::of_days("default", first, last, bounds(last).1);
    let settled = settled(&window).unwrap();
    let folded: Vec<_> = days(first, last).map(|day| (day, DayCounts::fold(&events, "default", day))).collect();
    let (older, recent): (Vec<_>, Vec<_>) = folded.iter().cloned().partition(|(day, _)| *day <= settled);
    assert_eq!((older.len(), recent.len()), (49, 16));
    let weeks = condensed(older, &window);
    assert_eq!(weeks.len(), 7);
    let both: Vec<_> = weeks.into_iter().chain(recent).collect();
    for slice in [Slice::default(), Slice { language: Some("nl".into()), ..Slice::default() }] {
        let figures = Figures::of_days(&folded, window.clone(), slice.clone());
        assert_eq!(Figures::of_days(&both, window.clone(), slice), figures);
    }
    let figures = Figures::of_days(&both, window, Slice::default());
    assert_eq!((figures.top_queries[0].visitors, figures.deflection[1].pending), (8, 1));
}

#[test]
fn short_and_old_windows_have_an_older_part_as_fits() {
    let (first, at) = ("2026-01-01".parse().unwrap(), |text: &str| text.parse::<Timestamp>().unwrap());
    for (last, as_of, expected) in [
        ("2026-01-31", "2026-12-01T12:00:00Z", None),
        ("2026-03-02", "2026-12-01T12:00:00Z", None),
        ("2026-03-03", "2026-12-01T12:00:00Z", Some("2026-02-15")),
        ("2026-12-31", "2026-03-03T12:00:00Z", Some("2026-02-15")),
        ("2026-12-31", "2026-02-28T12:00:00Z", None),
    ] {
        let window = Window::of_days("default", first, last.parse().unwrap(), at(as_of));
        assert_eq!(settled(&window), expected.map(|day| day.parse().unwrap()), "{last} as of {as_of}");
    }
}

#[test]
fn counts_survive_json() {
    let events = Story::of(1).search(0.0, "password", Decision::NoAnswer).form(9.0).voted(20.0, true).events;
    let counts = DayCounts::fold(&events, "default", "2026-03-02".parse().unwrap());
    let text = serde_json::to_string(&counts).unwrap();
    let mut read: DayCounts = serde_json::from_str(&text).unwrap();
    read.lists = serde_json::from_str(&serde_json::to_string(&counts.lists).unwrap()).unwrap();
    assert_eq!(read, counts);
    assert!(counts.lists.queries.len() == 1 && text.len() < 500, "{text}");
    let figures = Figures::of(&events, window());
    let again: Figures = serde_json::from_str(&serde_json::to_string(&figures).unwrap()).unwrap();
    assert_eq!((again.funnel, again.top_queries), (figures.funnel, figures.top_queries));
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
        Story::of(1).search(-37.0 * HOUR, "early", Decision::Answer).search(36.0 * HOUR, "late", Decision::Answer);
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
