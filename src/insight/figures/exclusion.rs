//! Visitors that are no people are left out of every figure, and counted by cause.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Window,
    visits::{Search, Visitor},
};

/// More searches than this within a minute are no person's.
const MAX_SEARCHES_A_MINUTE: usize = 60;

/// Why a visitor was left out. The first that applies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The user agent said that it is a bot.
    DeclaredBot,
    /// Over 60 searches within one minute; bursts of typing count once.
    TooManySearches,
    /// The browser said that no pointer and no key was ever used.
    NoInteraction,
}

/// Visitors left out for one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftOut {
    /// Why.
    pub cause: Cause,
    /// How many visitors.
    pub visitors: u64,
    /// How many of their events lie in the window.
    pub events: u64,
}

/// Parts people from the rest.
pub fn split<'a>(visitors: Vec<Visitor<'a>>, window: &Window) -> (Vec<Visitor<'a>>, Vec<LeftOut>) {
    let mut left_out = [Cause::DeclaredBot, Cause::TooManySearches, Cause::NoInteraction].map(|cause| LeftOut {
        cause,
        visitors: 0,
        events: 0,
    });
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

fn cause(visitor: &Visitor) -> Option<Cause> {
    let said = |interacted| visitor.events.iter().any(|event| event.origin.interacted == Some(interacted));
    if visitor.events.iter().any(|event| event.origin.bot) {
        Some(Cause::DeclaredBot)
    } else if searches_too_fast(visitor) {
        Some(Cause::TooManySearches)
    } else if said(false) && !said(true) {
        Some(Cause::NoInteraction)
    } else {
        None
    }
}

fn searches_too_fast(visitor: &Visitor) -> bool {
    let searches: Vec<Search> = visitor.searches(0).collect();
    searches
        .windows(MAX_SEARCHES_A_MINUTE + 1)
        .any(|run| run[MAX_SEARCHES_A_MINUTE].at.duration_since(run[0].at).as_secs() < 60)
}
