//! What is still to be told to a help desk, and when.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use ulid::Ulid;

/// Waits after the first, second, ... failed attempt, in seconds: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h.
pub const RETRY_DELAYS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// One delivery that is owed: a ticket to a connector, or one of its steps to who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboxEntry {
    /// Id; also the idempotency key towards the connector, the same on every attempt.
    pub id: Ulid,
    /// Name of the connector.
    pub connector: String,
    /// The step that it tells of, by its position; nothing where it hands over the ticket itself.
    pub step: Option<u32>,
    /// How far it is.
    pub state: OutboxState,
    /// Attempts begun so far.
    pub attempts: u32,
    /// When it may be tried (again).
    pub due: Timestamp,
    /// Id of the ticket at the receiver, once delivered.
    pub remote_id: Option<String>,
    /// What the last failed attempt said.
    pub last_error: Option<String>,
}

impl OutboxEntry {
    /// A delivery of a ticket that is due at once.
    #[must_use]
    pub fn due_now(id: Ulid, connector: &str, now: Timestamp) -> Self {
        let (connector, state) = (connector.into(), OutboxState::Pending);
        Self { id, connector, step: None, state, attempts: 0, due: now, remote_id: None, last_error: None }
    }

    /// A delivery that is done by the filing itself: the built-in desk reads the store.
    #[must_use]
    pub fn delivered(id: Ulid, connector: &str, remote_id: String, now: Timestamp) -> Self {
        let done = Self::due_now(id, connector, now);
        Self { state: OutboxState::Delivered, attempts: 1, remote_id: Some(remote_id), ..done }
    }
}

/// How far a delivery is: pending -> leased -> delivered, retry (and leased again) or dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutboxState {
    /// Not tried yet.
    Pending,
    /// Somebody is at it until its lease ends.
    Leased,
    /// The receiver has it.
    Delivered,
    /// Failed for now; tried again when due.
    Retry,
    /// Given up: shown to people, kept until one of them retries it.
    Dead,
}

impl OutboxState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Leased, Self::Delivered, Self::Retry, Self::Dead];

    /// The name at rest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Dead => "dead",
        }
    }
}

/// When to try again after `attempts` failures; `None` when it is time to give up.
///
/// `random` spreads the retries evenly over 80 to 120 % of the scheduled wait. A receiver's own
/// wish (`Retry-After`) is honoured between the scheduled wait and twice that.
#[must_use]
pub fn retry_at(now: Timestamp, attempts: u32, random: u16, wish: Option<SignedDuration>) -> Option<Timestamp> {
    let scheduled_ms = RETRY_DELAYS.get(attempts.checked_sub(1)? as usize)? * 1000;
    let spread = i64::from(random) * 400 / i64::from(u16::MAX);
    let wait_ms = match wish {
        Some(wish) => i64::try_from(wish.as_millis()).unwrap_or(i64::MAX).clamp(scheduled_ms, 2 * scheduled_ms),
        None => scheduled_ms * (800 + spread) / 1000,
    };
    now.checked_add(SignedDuration::from_millis(wait_ms)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_follow_the_schedule_with_a_fifth_either_way() {
        let wait = |attempts, random, wish: Option<i64>| {
            let wish = wish.map(SignedDuration::from_secs);
            retry_at(Timestamp::UNIX_EPOCH, attempts, random, wish).map(Timestamp::as_millisecond)
        };
        let table = [
            (1, 0, None, Some(4_000)),
            (1, u16::MAX, None, Some(6_000)),
            (2, u16::MAX / 2, None, Some(299_700)),
            (9, 0, None, Some(69_120_000)),
            (10, 0, None, None),
            (0, 0, None, None),
            (2, 0, Some(1), Some(300_000)),
            (2, 0, Some(400), Some(400_000)),
            (2, 0, Some(99_999), Some(600_000)),
        ];
        for (attempts, random, wish, expected) in table {
            assert_eq!(wait(attempts, random, wish), expected, "attempt {attempts}, random {random}, wish {wish:?}");
        }
    }
}
