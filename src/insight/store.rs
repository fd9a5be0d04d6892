//! What this room asks of a database. Declared here, implemented in [`crate::store`].

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};

use super::{
    event::{Event, EventId},
    figures::DayCounts,
    session::{Salt, SessionHash},
};

/// Why events could not be written or read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InsightError {
    /// The store failed; the operation may work later.
    #[error("the event store failed: {0}")]
    Store(String),
    /// The articles could not be asked.
    #[error("the articles cannot be asked: {0}")]
    Articles(String),
    /// The recorder was stopped.
    #[error("events are no longer recorded: the server is stopping")]
    Stopped,
}

/// Where events last.
#[async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// Writes the events, all or none; ids that are already there are skipped. Returns how many were new.
    async fn append(&self, events: &[Event]) -> Result<usize, InsightError>;

    /// The events of a site with `from <= at < to`, by time, then id; [lean](Event::lean).
    async fn events(&self, site: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Event>, InsightError> {
        self.events_of(site, from, to, Share::ALL).await
    }

    /// Those of them that some of the visitors caused.
    async fn events_of(
        &self,
        site: &str,
        from: Timestamp,
        to: Timestamp,
        share: Share,
    ) -> Result<Vec<Event>, InsightError>;

    /// How many there are.
    async fn count(&self, site: &str, from: Timestamp, to: Timestamp) -> Result<u64, InsightError>;

    /// The events of these sessions on a site, by time, then id; at most the newest 1000.
    async fn session_events(&self, site: &str, sessions: &[SessionHash]) -> Result<Vec<Event>, InsightError>;

    /// One event.
    async fn event(&self, id: &EventId) -> Result<Option<Event>, InsightError>;

    /// A number that is another one after events of a site were written or any were deleted.
    async fn revision(&self, site: &str) -> Result<i64, InsightError>;

    /// The salt of a day. Where there is none yet, `offered` becomes it; every node gets the same.
    async fn salt(&self, day: Date, offered: Salt) -> Result<Salt, InsightError>;

    /// Deletes the salts of days before `oldest`.
    async fn forget_salts(&self, oldest: Date) -> Result<(), InsightError>;

    /// Deletes events before `before`. Returns how many.
    async fn purge(&self, before: Timestamp) -> Result<usize, InsightError>;
}

/// Some of the visitors, by their session hashes: so that what adds up visitor by visitor needs no more memory for many
/// than for few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    number: u32,
    of: u32,
}

/// Events that are read at once, about.
const AT_ONCE: u64 = 20_000;
/// Most shares; the beginning of a hash tells so many apart.
const MOST_SHARES: u64 = 1 << 12;

impl Share {
    /// All visitors.
    pub const ALL: Self = Self { number: 0, of: 1 };

    /// All shares when there are so many events.
    pub fn of(events: u64) -> impl Iterator<Item = Self> {
        let of = events.div_ceil(AT_ONCE).clamp(1, MOST_SHARES) as u32;
        (0..of).map(move |number| Self { number, of })
    }

    /// What the hashes lie between as text, the first included; none for all visitors.
    #[must_use]
    pub fn bounds(self) -> Option<(String, String)> {
        let bound = |number: u32| match number * (MOST_SHARES as u32) / self.of {
            all if u64::from(all) == MOST_SHARES => "g".to_owned(),
            from => format!("{from:03x}"),
        };
        (self.of > 1).then(|| (bound(self.number), bound(self.number + 1)))
    }
}

/// Everything that the sums of a day follow from, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DayEvents {
    /// The events of whoever was there on that day, from one day before until eight days after it; those of the day
    /// itself come first. They are [lean](Event::lean).
    pub events: Vec<Event>,
    /// How often something that matters for the day was written.
    pub changes: u64,
    /// Up to where the store has read.
    pub read: ReadUpTo,
}

/// How much of a day's events need not be read again. Only the store that wrote it knows what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadUpTo {
    /// Events of the day itself.
    pub own: usize,
    /// The row that was written last.
    pub newest: i64,
    /// How often something had been deleted.
    pub deletions: i64,
}

/// State of the sums of some days: equal states mean equal sums.
pub type DaysRevision = [i64; 4];

/// Where sums of days last, longer than the events that they were made of.
///
/// Writing an event marks its day and those of its session; the days of other sessions of the same visitor are marked
/// when [`stale_days`](Self::stale_days) is asked, which therefore may write. A day is counted again while its events are there.
#[async_trait]
pub trait FigureStore: EventStore {
    /// Days of a site that were never counted, changed since, or were counted by other rules; oldest first. Days whose
    /// events were deleted are not among them.
    async fn stale_days(&self, site: &str, from: Date, to: Date, rules: u32) -> Result<Vec<Date>, InsightError>;

    /// What the sums of a day follow from. Of what is `known` of that day already, only what has changed is read.
    async fn events_of_day(&self, site: &str, day: Date, known: Option<DayEvents>) -> Result<DayEvents, InsightError>;

    /// Keeps the sums of a day, made from events in the state `changes`.
    async fn keep_day(
        &self,
        site: &str,
        day: Date,
        changes: u64,
        rules: u32,
        counts: DayCounts,
    ) -> Result<(), InsightError>;

    /// The sums of days, in order; days without events are absent. The lists are only read when asked for.
    async fn days(&self, site: &str, from: Date, to: Date, lists: bool)
    -> Result<Vec<(Date, DayCounts)>, InsightError>;

    /// Numbers that are others after the sums of one of these days changed.
    async fn days_revision(&self, site: &str, from: Date, to: Date) -> Result<DaysRevision, InsightError>;

    /// Sites that have events or sums.
    async fn sites_with_events(&self) -> Result<Vec<String>, InsightError>;

    /// The first day of a site that has events or sums.
    async fn first_day(&self, site: &str) -> Result<Option<Date>, InsightError>;

    /// The report of a closed period, as it was kept.
    async fn closed_period(&self, site: &str, period: &str) -> Result<Option<String>, InsightError>;

    /// Keeps the report of a closed period, and returns the one that is kept: the first stays for good.
    async fn close_period(
        &self,
        site: &str,
        period: &str,
        report: String,
        now: Timestamp,
    ) -> Result<String, InsightError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_small_and_have_every_hash_once() {
        for (events, shares) in
            [(0, 1), (AT_ONCE, 1), (AT_ONCE + 1, 2), (750_000, 38), (18_000_000, 900), (u64::MAX, 4096)]
        {
            let all: Vec<Share> = Share::of(events).collect();
            assert_eq!(all.len(), shares, "{events}");
            for hash in 0..MOST_SHARES {
                let hash = format!("{hash:03x}7");
                let holds = |share: &&Share| share.bounds().is_none_or(|(from, to)| (from..to).contains(&hash));
                assert_eq!(all.iter().filter(holds).count(), 1, "{hash} of {shares}");
            }
        }
    }
}
