//! What this room asks of a database. Declared here, implemented in [`crate::store`].

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};

use super::{
    event::{Event, EventId},
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

    /// The events of a site with `from <= at < to`, by time, then id.
    async fn events(&self, site: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Event>, InsightError>;

    /// The events of these sessions on a site, by time, then id; at most the newest 1000.
    async fn session_events(&self, site: &str, sessions: &[SessionHash]) -> Result<Vec<Event>, InsightError>;

    /// One event.
    async fn event(&self, id: &EventId) -> Result<Option<Event>, InsightError>;

    /// The salt of a day. Where there is none yet, `offered` becomes it; every node gets the same.
    async fn salt(&self, day: Date, offered: Salt) -> Result<Salt, InsightError>;

    /// Deletes the salts of days before `oldest`.
    async fn forget_salts(&self, oldest: Date) -> Result<(), InsightError>;

    /// Deletes events before `before`. Returns how many.
    async fn purge(&self, before: Timestamp) -> Result<usize, InsightError>;
}
