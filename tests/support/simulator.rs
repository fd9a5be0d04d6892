//! Visitors whose truth is known: each plays a plot, and what the figures must say of it is written down beside it.
//!
//! The stage is a fortnight around the end of summer time and the end of a month, so that midnights, a long day and a
//! month's edge are played over. Chance comes from a seed: the same seed plays the same fortnight.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use zerodesk::{
    insight::{
        Event, EventId, EventKind, MaskedText, Notes, Origin, RequesterHash, Salt, Salts, Session, Surface, Trigger,
        ViewSource, Visitor,
        figures::{Cause, Figures},
    },
    search::Decision,
};

/// First day of the stage.
pub const FIRST: &str = "2026-10-20";
/// Days of the stage.
const DAYS: u64 = 14;

/// Small and repeatable: splitmix64.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A number below `below`.
    pub fn number(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        (self.number(1 << 40) as f64) < probability * (1u64 << 40) as f64
    }

    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for i in (1..things.len()).rev() {
            things.swap(i, self.number(i as u64 + 1) as usize);
        }
    }
}

/// What the figures must say of some visitors. Pairs are 24 hours and 7 days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    pub forms: u64,
    pub confirmed: [u64; 2],
    pub potential: [u64; 2],
    pub exits: [u64; 2],
    pub submitted: [u64; 2],
    pub solved: u64,
    pub reversed: [u64; 2],
    pub searched: u64,
    pub searches: u64,
    pub no_answer: u64,
    pub votes: u64,
    pub helpful: u64,
    pub reads: u64,
    pub sessions: u64,
    pub held: [u64; 2],
    pub shown: [u64; 2],
    pub left_out: BTreeMap<&'static str, u64>,
}

impl Truth {
    /// The same facts as the figures tell them.
    pub fn told_by(figures: &Figures) -> Self {
        let pair = |share: &dyn Fn(usize) -> u64| [share(0), share(1)];
        let of = |i: usize| &figures.deflection[i];
        let holdout = figures.holdout.first();
        let left_out = figures.left_out.iter().filter(|row| row.visitors > 0 && row.cause != Cause::Holdout);
        Self {
            forms: of(0).confirmed.n,
            confirmed: pair(&|i| of(i).confirmed.count),
            potential: pair(&|i| of(i).potential.count),
            exits: pair(&|i| of(i).unexplained_exit.count),
            submitted: pair(&|i| of(i).submitted.count),
            solved: of(0).reversed.n,
            reversed: pair(&|i| of(i).reversed.count),
            searched: figures.funnel.searched,
            searches: figures.no_answer.n,
            no_answer: figures.no_answer.count,
            votes: figures.helpful.rate.n,
            helpful: figures.helpful.rate.count,
            reads: figures.helpful.reads,
            sessions: figures.self_service_ratio.sessions,
            held: holdout.map_or([0, 0], |row| [row.held.count, row.held.n]),
            shown: holdout.map_or([0, 0], |row| [row.shown.count, row.shown.n]),
            left_out: left_out.map(|row| (row.cause.as_str(), row.visitors)).collect(),
        }
    }

    pub fn add(&mut self, more: &Self) {
        let pair = |sum: &mut [u64; 2], more: [u64; 2]| (sum[0], sum[1]) = (sum[0] + more[0], sum[1] + more[1]);
        for (sum, more) in [
            (&mut self.confirmed, more.confirmed),
            (&mut self.potential, more.potential),
            (&mut self.exits, more.exits),
            (&mut self.submitted, more.submitted),
            (&mut self.reversed, more.reversed),
            (&mut self.held, more.held),
            (&mut self.shown, more.shown),
        ] {
            pair(sum, more);
        }
        for (sum, more) in [
            (&mut self.forms, more.forms),
            (&mut self.solved, more.solved),
            (&mut self.searched, more.searched),
            (&mut self.searches, more.searches),
            (&mut self.no_answer, more.no_answer),
            (&mut self.votes, more.votes),
            (&mut self.helpful, more.helpful),
            (&mut self.reads, more.reads),
            (&mut self.sessions, more.sessions),
        ] {
            *sum += more;
        }
        for (cause, visitors) in &more.left_out {
            *self.left_out.entry(cause).or_default() += visitors;
        }
    }
}

/// A fortnight that was played.
pub struct Played {
    /// In the order in which they arrive: none; some twice.
    pub events: Vec<Event>,
    /// By day.
    pub truth: BTreeMap<Date, Truth>,
}

impl Played {
    /// The truth of all days together.
    pub fn all(&self) -> Truth {
        let mut all = Truth::default();
        self.truth.values().for_each(|day| all.add(day));
        all
    }

    /// First and last day on which something may begin.
    pub fn days() -> (Date, Date) {
        let first: Date = FIRST.parse().expect("a day");
        (first, first.checked_add(SignedDuration::from_hours(24 * DAYS.cast_signed())).expect("a day"))
    }
}

/// Plays a fortnight with so many visitors.
pub fn play(seed: u64, visitors: usize) -> Played {
    let mut stage = Stage {
        chance: Chance::new(seed),
        salts: Salts::default(),
        events: Vec::new(),
        truth: BTreeMap::new(),
        made: 0,
    };
    (0..visitors).for_each(|_| stage.visit());
    let mut events = std::mem::take(&mut stage.events);
    let again: Vec<Event> = events.iter().filter(|_| stage.chance.happens(0.05)).cloned().collect();
    events.extend(again);
    stage.chance.shuffle(&mut events);
    Played { events, truth: stage.truth }
}

struct Stage {
    chance: Chance,
    salts: Salts,
    events: Vec<Event>,
    truth: BTreeMap<Date, Truth>,
    made: u64,
}

/// Somebody with a tab of their own.
struct Tab {
    session: Session,
    origin: Origin,
    begin: Timestamp,
}

const DAY_S: u64 = 86_400;

impl Stage {
    fn visit(&mut self) {
        let second = self.chance.number(DAYS * DAY_S);
        // Plots last half an hour at most, but for those that go on for days: they say so themselves.
        let noonish = second - second % DAY_S + 3600 + (second % DAY_S) * 80_000 / DAY_S;
        let plot = self.chance.number(18);
        let begin = if plot == 10 { second - second % DAY_S + DAY_S - 300 } else { noonish };
        let tab = self.tab(begin);
        self.play(plot, &tab);
    }

    fn tab(&mut self, second: u64) -> Tab {
        self.made += 1;
        let first: Date = FIRST.parse().expect("a day");
        let midnight = first.to_zoned(TimeZone::UTC).expect("an instant").timestamp();
        let session = Session::parse(&format!("simulated-visitor-{:08}", self.made)).expect("a session");
        let locale = ["en", "nl-BE", "de"][self.chance.number(3) as usize].to_owned();
        let origin = Origin {
            site: "default".into(),
            surface: Surface::Box,
            locale,
            interacted: Some(true),
            ..Origin::default()
        };
        Tab { session, origin, begin: midnight + SignedDuration::from_secs(second.cast_signed()) }
    }

    fn at(&mut self, tab: &Tab, seconds: f64, kind: EventKind) -> EventId {
        self.noted(tab, seconds, kind, Notes::default())
    }

    fn noted(&mut self, tab: &Tab, seconds: f64, kind: EventKind, notes: Notes) -> EventId {
        self.made += 1;
        let id = EventId::try_from(format!("simulated-event-{:010}", self.made)).expect("an id");
        let at = tab.begin + SignedDuration::from_millis((seconds * 1000.0) as i64);
        let visitor: Visitor = self.salts.visitor(&tab.session, at);
        self.events.push(Event::with_id(id.clone(), &visitor, tab.origin.clone(), at, kind).noting(notes));
        id
    }

    fn search(&mut self, tab: &Tab, seconds: f64, decision: Decision, trigger: Trigger) -> EventId {
        let words = ["reset password", "invoice address", "printer offline", "vpn certificate"];
        let query = MaskedText::new(words[self.chance.number(4) as usize]);
        let kind = EventKind::SearchPerformed {
            query,
            language: None,
            total: 3,
            shown: vec![],
            decision,
            confidence: 0.5,
            latency_us: 200,
            trigger,
            filters: Vec::new(),
        };
        self.at(tab, seconds, kind)
    }

    fn form(&mut self, tab: &Tab, seconds: f64) {
        self.at(tab, seconds, EventKind::FormOpened { from: "no_answer".into(), query_id: None });
    }

    fn solved(&mut self, tab: &Tab, seconds: f64) {
        self.at(tab, seconds, EventKind::MarkedSolved { article: None, query_id: None });
    }

    fn ticket(&mut self, tab: &Tab, seconds: f64, email: &str) {
        let reference = format!("ZD-{}", self.made);
        let kind = EventKind::TicketOpened { reference, level: 1, query_id: None };
        let requester = Some(RequesterHash::of(email, &Salt::from_bytes([7; 32])));
        self.noted(tab, seconds, kind, Notes { requester, ..Notes::default() });
    }

    fn read(&mut self, tab: &Tab, seconds: f64, dwell_ms: u64) {
        let kind = EventKind::ArticleViewed {
            article: "a".into(),
            revision: None,
            from: ViewSource::Form,
            dwell_ms,
            scroll: 1.0,
            words: 100,
        };
        self.at(tab, seconds, kind);
    }

    /// The truth of the day on which the tab's plot begins, so many seconds later.
    fn truth(&mut self, tab: &Tab, seconds: i64, change: impl FnOnce(&mut Truth)) {
        let at = tab.begin + SignedDuration::from_secs(seconds);
        change(self.truth.entry(at.to_zoned(TimeZone::UTC).date()).or_default());
    }

    fn play(&mut self, plot: u64, tab: &Tab) {
        let email = format!("person-{}@example.com", self.made);
        match plot {
            0..=5 => self.play_form(plot, tab, &email),
            6..=11 => self.play_time(plot, tab, &email),
            _ => self.play_others(plot, tab, &email),
        }
    }

    /// One search, and what became of it in one go.
    fn play_form(&mut self, plot: u64, tab: &Tab, email: &str) {
        let decision = if plot == 4 { Decision::NoAnswer } else { Decision::Answer };
        self.search(tab, 0.0, decision, Trigger::Enter);
        if plot > 0 {
            self.form(tab, 20.0);
        }
        match plot {
            0 => self.read(tab, 10.0, 40_000),
            1 => self.solved(tab, 60.0),
            2 => {
                self.at(tab, 30.0, EventKind::SuggestionClicked { article: "a".into() });
                self.read(tab, 31.0, 9_000);
                self.read(tab, 50.0, 9_000);
            }
            4 => self.ticket(tab, 200.0, email),
            5 => {
                // Glanced at, not read.
                self.at(tab, 30.0, EventKind::SuggestionClicked { article: "a".into() });
                self.read(tab, 31.0, 8_000);
            }
            _ => {}
        }
        self.truth(tab, 0, |truth| {
            truth.searched += 1;
            truth.searches += 1;
            truth.sessions += 1;
            truth.no_answer += u64::from(plot == 4);
            truth.reads += u64::from(plot == 0 || plot == 2);
            truth.forms += u64::from(plot > 0);
            let bucket = match plot {
                1 => &mut truth.confirmed,
                2 => &mut truth.potential,
                3 | 5 => &mut truth.exits,
                4 => &mut truth.submitted,
                _ => return,
            };
            *bucket = bucket.map(|count| count + 1);
            truth.solved += u64::from(plot == 1);
        });
    }

    /// What goes on for hours and days, and over midnight.
    fn play_time(&mut self, plot: u64, tab: &Tab, email: &str) {
        const HOUR: f64 = 3600.0;
        match plot {
            6 | 7 => {
                // Solved, and a ticket of the same tab later: within the day, or by tomorrow's hash.
                self.form(tab, 0.0);
                self.solved(tab, 30.0);
                let later = if plot == 6 { 3.0 * HOUR } else { 23.0 * HOUR };
                self.ticket(tab, later, email);
                self.truth(tab, 0, |truth| {
                    truth.forms += 1;
                    truth.solved += 1;
                    truth.sessions += 1;
                    truth.submitted = truth.submitted.map(|count| count + 1);
                    truth.reversed = truth.reversed.map(|count| count + 1);
                });
                self.truth(tab, later as i64, |truth| {
                    truth.forms += 1;
                    truth.sessions += 1;
                    truth.submitted = truth.submitted.map(|count| count + 1);
                });
            }
            8 | 9 => {
                // A ticket, then solved; three or nine days later a ticket from another tab, under the same address.
                self.form(tab, 0.0);
                self.ticket(tab, 60.0, email);
                self.form(tab, HOUR);
                self.solved(tab, HOUR + 30.0);
                let days = if plot == 8 { 3 } else { 9 };
                let second = tab.begin.duration_since(Self::stage_begin()).as_secs() as u64 + days * DAY_S;
                let other = self.tab(second);
                self.form(&other, 0.0);
                self.ticket(&other, 60.0, email);
                self.truth(tab, 0, |truth| {
                    truth.forms += 1;
                    truth.sessions += 1;
                    truth.submitted = truth.submitted.map(|count| count + 1);
                });
                self.truth(tab, 3600, |truth| {
                    truth.forms += 1;
                    truth.solved += 1;
                    truth.sessions += 1;
                    truth.confirmed[0] += 1;
                    let week = if days == 3 { &mut truth.submitted } else { &mut truth.confirmed };
                    week[1] += 1;
                    truth.reversed[1] += u64::from(days == 3);
                });
                self.truth(&other, 0, |truth| {
                    truth.forms += 1;
                    truth.sessions += 1;
                    truth.submitted = truth.submitted.map(|count| count + 1);
                });
            }
            10 => {
                // Five minutes before midnight until ten minutes after.
                self.search(tab, 0.0, Decision::NoAnswer, Trigger::Enter);
                self.form(tab, 500.0);
                self.solved(tab, 900.0);
                self.truth(tab, 0, |truth| {
                    truth.searched += 1;
                    truth.searches += 1;
                    truth.no_answer += 1;
                    truth.sessions += 1;
                    truth.forms += 1;
                    truth.solved += 1;
                    truth.confirmed = truth.confirmed.map(|count| count + 1);
                });
            }
            _ => {
                // Typing: one search, the last.
                for (i, decision) in [Decision::NoAnswer, Decision::NoAnswer, Decision::Answer].into_iter().enumerate()
                {
                    self.search(tab, 0.3 * i as f64, decision, Trigger::Typed);
                }
                self.truth(tab, 0, |truth| {
                    truth.searched += 1;
                    truth.searches += 1;
                    truth.sessions += 1;
                });
            }
        }
    }

    /// Two tabs, pages without JavaScript, voters, programs, and the experiment.
    fn play_others(&mut self, plot: u64, tab: &Tab, email: &str) {
        match plot {
            12 => {
                // Two tabs are two visitors: one is solved, the other left.
                let other = Tab {
                    session: Session::parse(&format!("simulated-second-{:08}", self.made)).expect("a session"),
                    origin: tab.origin.clone(),
                    begin: tab.begin,
                };
                self.form(tab, 0.0);
                self.form(&other, 5.0);
                self.solved(tab, 20.0);
                self.truth(tab, 0, |truth| {
                    truth.forms += 2;
                    truth.sessions += 2;
                    truth.solved += 1;
                    truth.confirmed = truth.confirmed.map(|count| count + 1);
                    truth.exits = truth.exits.map(|count| count + 1);
                });
            }
            13 => {
                // Without JavaScript each request is a session of its own; the search that they name joins them.
                let id = self.search(tab, 0.0, Decision::NoAnswer, Trigger::Url);
                let begin = tab.begin.duration_since(Self::stage_begin()).as_secs() as u64;
                let (form, ticket) = (self.tab(begin), self.tab(begin));
                self.at(&form, 30.0, EventKind::FormOpened { from: "search".into(), query_id: Some(id.clone()) });
                let kind =
                    EventKind::TicketOpened { reference: format!("ZD-{}", self.made), level: 1, query_id: Some(id) };
                self.at(&ticket, 200.0, kind);
                self.truth(tab, 0, |truth| {
                    truth.searched += 1;
                    truth.searches += 1;
                    truth.no_answer += 1;
                    truth.sessions += 1;
                    truth.forms += 1;
                    truth.submitted = truth.submitted.map(|count| count + 1);
                });
            }
            14 => {
                let helpful = self.chance.happens(0.7);
                self.search(tab, 0.0, Decision::Answer, Trigger::Enter);
                self.read(tab, 5.0, 60_000);
                let vote =
                    |helpful| EventKind::FeedbackGiven { article: "a".into(), helpful, reason: None, comment: None };
                self.at(tab, 70.0, vote(!helpful));
                self.at(tab, 75.0, vote(helpful));
                self.truth(tab, 0, |truth| {
                    truth.searched += 1;
                    truth.searches += 1;
                    truth.sessions += 1;
                    truth.reads += 1;
                    truth.votes += 1;
                    truth.helpful += u64::from(helpful);
                });
            }
            15 => {
                let cause = self.chance.number(5);
                let origin = Origin { bot: cause == 0, monitor: cause == 1, staff: cause == 2, ..tab.origin.clone() };
                let program = Tab { session: tab.session.clone(), origin, begin: tab.begin };
                let (searches, pause) = [(3, 10.0), (3, 10.0), (3, 10.0), (70, 0.4), (12, 60.0)][cause as usize];
                for i in 0..searches {
                    let uneven = if cause == 3 { 0.3 * f64::from(i % 3) } else { 0.0 };
                    self.search(&program, pause * f64::from(i) + uneven, Decision::Answer, Trigger::Enter);
                }
                let name = ["declared_bot", "monitor", "staff", "too_many_searches", "clockwork"][cause as usize];
                self.truth(tab, 0, |truth| *truth.left_out.entry(name).or_default() += 1);
            }
            _ => {
                // The lot decides whether suggestions are held back; tickets follow with different probabilities.
                let held = self.chance.happens(0.5);
                let sends = self.chance.happens(if held { 0.7 } else { 0.55 });
                self.form(tab, 0.0);
                self.at(tab, 8.0, EventKind::HoldoutAssigned { held, share: 0.5 });
                if sends {
                    self.ticket(tab, 120.0, email);
                }
                self.truth(tab, 0, |truth| {
                    truth.sessions += 1;
                    let arm = if held { &mut truth.held } else { &mut truth.shown };
                    (arm[0], arm[1]) = (arm[0] + u64::from(sends), arm[1] + 1);
                    if !held {
                        truth.forms += 1;
                        let bucket = if sends { &mut truth.submitted } else { &mut truth.exits };
                        *bucket = bucket.map(|count| count + 1);
                    }
                });
            }
        }
    }

    fn stage_begin() -> Timestamp {
        let first: Date = FIRST.parse().expect("a day");
        first.to_zoned(TimeZone::UTC).expect("an instant").timestamp()
    }
}
