//! Whose search is next, and who is refused: what is accepted must stay quick, however many ask.
//!
//! A burst waits in line, as far as the configured room goes. Whoever comes when that is full is refused, and for as
//! long as somebody is, the line is kept so short that those in it hardly wait: with more requests than can be answered, a
//! long line makes all of them late and answers none more.
//!
//! A refusal is held back for a while, the longer the more there are. Clients that ask again at once, whatever
//! `Retry-After` says, would otherwise keep the server busy with refusing; waiting costs nothing.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::error::{ApiError, Code};

/// Searches in line for each processor while others are refused.
const SHORT_LINE: usize = 2;
/// How long the line stays short after the last refusal.
const A_WHILE: Duration = Duration::from_secs(1);
/// How long a refusal is held back at least.
const HELD_AT_LEAST: Duration = Duration::from_millis(200);
/// Time between two refusals: with as many connections as there may be by default, the last is told after four seconds.
const BETWEEN_REFUSALS: Duration = Duration::from_millis(2);

/// The line of searches.
pub struct Turns {
    room: usize,
    short: usize,
    taken: AtomicUsize,
    /// When somebody was last refused.
    refused: Mutex<Option<Instant>>,
}

/// Room for one search, until it is dropped.
pub struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Turns {
    /// A line with room for so many.
    pub(super) fn new(room: usize) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { room, short: room.min(SHORT_LINE * processors), taken: AtomicUsize::new(0), refused: Mutex::default() }
    }

    /// A turn, behind those who are here already.
    ///
    /// # Errors
    /// `overloaded` where too many wait: nobody is kept waiting for what would come too late.
    pub async fn turn(&self) -> Result<Turn<'_>, ApiError> {
        let Some(turn) = self.take(Instant::now()) else {
            metrics::counter!("zerodesk_searches_refused_total").increment(1);
            hold_back().await;
            return Err(refusal());
        };
        // A search keeps its thread until it is done. Without this, each request would be read after the search of the
        // one before, and nobody would see how many there are.
        tokio::task::yield_now().await;
        Ok(turn)
    }

    fn take(&self, now: Instant) -> Option<Turn<'_>> {
        // Given back on the way out where there is no room.
        let turn = Turn(self);
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        if before < self.short {
            return Some(turn);
        }
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = refused.is_some_and(|last| now.saturating_duration_since(last) < A_WHILE);
        if before < self.room && !lately {
            return Some(turn);
        }
        if !lately {
            tracing::warn!("more searches than can be answered; some are refused");
        }
        *refused = Some(now);
        None
    }
}

/// Waits until it is time to tell a refusal.
pub async fn hold_back() {
    static PACE: Pace = Pace(Mutex::new(None));
    tokio::time::sleep(PACE.wait(Instant::now())).await;
}

/// When the latest refusal is told: they follow one another at a distance, however many there are.
struct Pace(Mutex<Option<Instant>>);

impl Pace {
    fn wait(&self, now: Instant) -> Duration {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let soonest = now + HELD_AT_LEAST;
        let told = latest.map_or(soonest, |latest| soonest.max(latest + BETWEEN_REFUSALS));
        *latest = Some(told);
        told - now
    }
}

fn refusal() -> ApiError {
    ApiError::new(Code::Overloaded, "Too many searches run at once. Try again in a second.").retry_after(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_waits_in_line_and_a_flood_makes_the_line_short() {
        let turns = Turns { short: 2, ..Turns::new(5) };
        let now = Instant::now();
        let mut line: Vec<_> = (0..5).map(|_| turns.take(now).expect("there is room")).collect();
        assert!(turns.take(now).is_none(), "the room is full");
        for (leave, after_ms, expected, what) in [
            (2, 0, false, "three are more than a short line"),
            (1, 0, false, "two are a short line"),
            (1, 1, true, "one is less than that"),
            (0, 999, false, "still short"),
            (0, 1998, false, "the last refusal counts"),
            (0, 2999, true, "it is over"),
        ] {
            line.truncate(line.len() - leave);
            let turn = turns.take(now + Duration::from_millis(after_ms));
            assert_eq!(turn.is_some(), expected, "{what}");
            line.extend(turn);
        }
        drop(line);
        assert_eq!(turns.taken.load(Ordering::Relaxed), 0, "all room is given back");
    }

    #[test]
    fn refusals_are_told_one_after_another() {
        let (pace, now) = (Pace(Mutex::default()), Instant::now());
        for (after_ms, expected_ms) in [(0, 200), (0, 202), (1, 203), (1000, 200), (1000, 202)] {
            let wait = pace.wait(now + Duration::from_millis(after_ms));
            assert_eq!(wait, Duration::from_millis(expected_ms), "{after_ms} ms");
        }
    }
}
