//! Simulated visitors whose truth is known: every figure equals it, and intervals hold it as often as they say.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, civil::Date};
use zerodesk::{
    config,
    insight::{
        Event, EventKind, EventStore, FigureStore, Insight, Origin, Salts, Session, Window,
        figures::{Figures, bounds, days},
        intervals::Interval,
    },
    store::Sqlite,
};

use crate::support::simulator::{Chance, Played, Truth, play};

fn window(first: Date, last: Date) -> Window {
    Window::of_days("default", first, last, bounds(last).1 + SignedDuration::from_hours(24 * 30))
}

/// All days on which something may happen: nine days after the last beginning a ticket may come.
fn whole() -> Window {
    let (first, last) = Played::days();
    window(first, last.checked_add(SignedDuration::from_hours(24 * 11)).expect("a day"))
}

/// The same days as the older part of a window that is long enough to have one.
fn long() -> Window {
    let (first, last) = whole().days();
    let add = |day: Date, days: i64| day.checked_add(SignedDuration::from_hours(24 * days)).expect("a day");
    window(add(first, -40), add(last, 20))
}

#[test]
fn every_figure_equals_the_truth() {
    for seed in 1..=8 {
        let played = play(seed, 400);
        let figures = Figures::of(&played.events, whole());
        assert_eq!(Truth::told_by(&figures), played.all(), "seed {seed}");
        assert!(
            figures.deflection[1].reversed.count > figures.deflection[0].reversed.count,
            "seed {seed} plays too little"
        );
    }
}

#[test]
fn each_day_equals_its_truth() {
    let played = play(77, 600);
    let (first, last) = whole().days();
    for day in days(first, last) {
        let truth = played.truth.get(&day).cloned().unwrap_or_default();
        assert_eq!(Truth::told_by(&Figures::of(&played.events, window(day, day))), truth, "{day}");
    }
}

#[tokio::test]
async fn sums_of_days_equal_the_events_however_they_arrive() {
    for seed in 21..=24 {
        let played = play(seed, 250);
        let folder = tempfile::tempdir().unwrap();
        let now = whole().as_of;
        let store = Arc::new(Sqlite::open(folder.path(), now).unwrap());
        let settings = config::Insight { retention_days: 3650, ..config::Insight::default() };
        let insight = Insight::open(store.clone(), &settings, Arc::new(move || now)).await.unwrap();
        let mut chance = Chance::new(seed);
        let mut rest = played.events.as_slice();
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(rest.len().min(1 + chance.number(200) as usize));
            store.append(batch).await.unwrap();
            rest = later;
            // Whoever looks in between must not spoil what comes after.
            if chance.happens(0.5) {
                insight.figures(whole()).await.unwrap();
            }
            if chance.happens(0.5) {
                insight.figures(long()).await.unwrap();
            }
        }
        let expected = Figures::of(&played.events, whole());
        assert_eq!(insight.figures(whole()).await.unwrap(), expected, "seed {seed}");
        assert_eq!(Truth::told_by(&expected), played.all(), "seed {seed}");
        let within_a_year = Figures::of(&played.events, long());
        assert_eq!(insight.figures(long()).await.unwrap(), within_a_year, "seed {seed}");

        // Some events go, then all: the figures stay.
        let middle = bounds("2026-10-28".parse().unwrap()).0;
        for before in [middle, "2999-01-01T00:00:00Z".parse().unwrap()] {
            assert!(store.purge(before).await.unwrap() > 0);
            assert_eq!(
                insight.figures(whole()).await.unwrap(),
                expected,
                "seed {seed}, without events before {before}"
            );
        }
        insight.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_late_event_counts_its_day_again_and_no_other() {
    let played = play(5, 300);
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path(), whole().as_of).unwrap();
    store.append(&played.events).await.unwrap();
    let (first, last) = whole().days();
    let stale = async || store.stale_days("default", first, last, 1).await.unwrap();
    for day in stale().await {
        let events = store.events_of_day("default", day, None).await.unwrap();
        let counts = zerodesk::insight::figures::DayCounts::fold(&events.events, "default", day);
        store.keep_day("default", day, events.changes, 1, counts).await.unwrap();
    }
    assert_eq!(stale().await, []);
    let at: Timestamp = "2026-10-25T01:30:00Z".parse().unwrap();
    let visitor = Salts::default().visitor(&Session::generate(), at);
    let origin = Origin { site: "default".into(), ..Origin::default() };
    let late = Event::new(&visitor, origin, at, EventKind::FormOpened { from: "link".into(), query_id: None });
    store.append(std::slice::from_ref(&late)).await.unwrap();
    assert_eq!(stale().await, ["2026-10-25".parse::<Date>().unwrap()]);
    let other_rules = store.stale_days("default", first, last, 2).await.unwrap();
    assert!(other_rules.len() > 10, "other rules count all days again");
    store.append(&[late]).await.unwrap();
    assert_eq!(stale().await.len(), 1, "a repeat changes nothing");
}

/// How often an interval held a truth.
#[derive(Default)]
struct Held(u32);

impl Held {
    fn look(&mut self, interval: Option<Interval>, truth: f64) {
        let interval = interval.expect("there are visitors");
        self.0 += u32::from(interval.low <= truth && truth <= interval.high);
    }
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    const RUNS: u32 = 1000;
    const VISITORS: u32 = 250;
    let (solved, sends_held, sends_shown) = (0.23, 0.7, 0.58);
    let day: Date = "2026-10-25".parse().unwrap();
    let noon = bounds(day).0 + SignedDuration::from_hours(12);
    let salts = Salts::default();
    let sessions: Vec<_> = (0..2 * VISITORS)
        .map(|number| salts.visitor(&Session::parse(&format!("visitor-number-{number:06}")).unwrap(), noon))
        .collect();
    let [plain, tried] = ["plain", "default"].map(|site| Origin { site: site.into(), ..Origin::default() });
    let [mut confirmed, mut difference] = [Held::default(), Held::default()];
    let mut chance = Chance::new(2026);
    for _ in 0..RUNS {
        let mut events = Vec::new();
        for (number, visitor) in sessions.iter().enumerate() {
            let origin = if number % 2 == 0 { &tried } else { &plain };
            let mut tell = |seconds: i64, kind| {
                events.push(Event::new(visitor, origin.clone(), noon + SignedDuration::from_secs(seconds), kind));
            };
            tell(0, EventKind::FormOpened { from: "link".into(), query_id: None });
            let ticket = |reference: usize| EventKind::TicketOpened {
                reference: format!("ZD-{reference}"),
                level: 1,
                query_id: None,
            };
            if number % 2 == 0 {
                let held = number % 4 == 0;
                tell(5, EventKind::HoldoutAssigned { held, share: 0.5 });
                if chance.happens(if held { sends_held } else { sends_shown }) {
                    tell(60, ticket(number));
                }
            } else if chance.happens(solved) {
                tell(60, EventKind::MarkedSolved { article: None, query_id: None });
            }
        }
        let figures = Figures::of(&events, Window { site: "plain".into(), ..window(day, day) });
        confirmed.look(figures.deflection[0].confirmed.interval, solved);
        let figures = Figures::of(&events, window(day, day));
        difference.look(figures.holdout[0].difference.map(|found| found.interval), sends_held - sends_shown);
    }
    for (what, held) in [("Wilson's", confirmed), ("Newcombe's", difference)] {
        assert!((930..=970).contains(&held.0), "{what} interval held the truth in {} of {RUNS} runs", held.0);
    }
}
