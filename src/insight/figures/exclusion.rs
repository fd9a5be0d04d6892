//! Visitors that are no people are left out of every figure, and counted by cause.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Window,
    visits::{Search, Visitor},
};
use crate::insight::event::Surface;

/// More searches than this within a minute are no person's.
const MAX_SEARCHES_A_MINUTE: usize = 60;
/// More events than this around one day are no person's.
pub const MAX_EVENTS: usize = 2000;
/// So many searches in a row at the beat of a clock are no person's.
const BEATS: usize = 10;
/// How far a clock's beat may be off, in milliseconds.
const OFF_BEAT_MS: i64 = 50;

/// Why a visitor was left out. The first that applies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The user agent said that it is a bot.
    DeclaredBot,
    /// The user agent said that it watches whether the site is up.
    Monitor,
    /// People of the site itself, and visits under a test key.
    Staff,
    /// A program that answers people with what it finds here.
    Agent,
    /// Over 60 searches within one minute; bursts of typing count once.
    TooManySearches,
    /// Over 2000 events around one day.
    TooManyEvents,
    /// Ten searches in a row at the same distance, as only a clock asks.
    Clockwork,
    /// The browser said that no pointer and no key was ever used.
    NoInteraction,
    /// The ticket was resolved as spam within a week.
    Spam,
    /// Issues held out of suggestions on purpose: they are no part of deflection, but of the experiment.
    Holdout,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::DeclaredBot,
        Self::Monitor,
        Self::Staff,
        Self::Agent,
        Self::TooManySearches,
        Self::TooManyEvents,
        Self::Clockwork,
        Self::NoInteraction,
        Self::Spam,
        Self::Holdout,
    ];

    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeclaredBot => "declared_bot",
            Self::Monitor => "monitor",
            Self::Staff => "staff",
            Self::Agent => "agent",
            Self::TooManySearches => "too_many_searches",
            Self::TooManyEvents => "too_many_events",
            Self::Clockwork => "clockwork",
            Self::NoInteraction => "no_interaction",
            Self::Spam => "spam",
            Self::Holdout => "holdout",
        }
    }
}

/// Visitors left out for one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    /// Why.
    pub cause: Cause,
    /// How many visitors; for `holdout`: issues.
    pub visitors: u64,
    /// How many of their events lie in the window.
    pub events: u64,
}

/// Parts people from the rest.
pub fn split<'a>(visitors: Vec<Visitor<'a>>, window: &Window) -> (Vec<Visitor<'a>>, Vec<LeftOut>) {
    let mut left_out = Cause::ALL.map(|cause| LeftOut { cause, visitors: 0, events: 0 });
    let mut people = Vec::with_capacity(visitors.len());
    for visitor in visitors {
        let Some(cause) = cause(&visitor) else {
            people.push(visitor);
            continue;
        };
        let events = visitor.events.iter().filter(|event| window.contains(event.at)).count() as u64;
        for row in left_out.iter_mut().filter(|row| row.cause == cause && events > 0) {
            row.visitors += 1;
            row.events += events;
        }
    }
    (people, left_out.into())
}

/// Why this is no person; none for people.
pub fn cause(visitor: &Visitor) -> Option<Cause> {
    let any = |wanted: &dyn Fn(&crate::insight::event::Event) -> bool| visitor.events.iter().any(|event| wanted(event));
    let said = |interacted| any(&|event| event.origin.interacted == Some(interacted));
    let searches: Vec<Search> = visitor.searches(0).collect();
    let causes = [
        (Cause::DeclaredBot, any(&|event| event.origin.bot)),
        (Cause::Monitor, any(&|event| event.origin.monitor)),
        (Cause::Staff, any(&|event| event.origin.staff)),
        (Cause::Agent, any(&|event| event.origin.surface == Surface::Mcp)),
        (Cause::TooManySearches, too_fast(&searches)),
        (Cause::TooManyEvents, visitor.events.len() > MAX_EVENTS),
        (Cause::Clockwork, clockwork(&searches)),
        (Cause::NoInteraction, said(false) && !said(true)),
        (Cause::Spam, visitor.spam),
    ];
    causes.into_iter().find(|(_, applies)| *applies).map(|(cause, _)| cause)
}

fn too_fast(searches: &[Search]) -> bool {
    let a_minute = |run: &[Search]| run[MAX_SEARCHES_A_MINUTE].at.duration_since(run[0].at).as_secs() < 60;
    searches.windows(MAX_SEARCHES_A_MINUTE + 1).any(a_minute)
}

/// Whether searches come at the beat of a clock: people are never that even.
fn clockwork(searches: &[Search]) -> bool {
    let beats: Vec<i64> =
        searches.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at).as_millis() as i64).collect();
    let even = |run: &[i64]| run[0] > 2 * OFF_BEAT_MS && run.iter().all(|beat| (beat - run[0]).abs() <= OFF_BEAT_MS);
    beats.windows(BEATS - 1).any(even)
}
