//! What learning asks of a database. Declared here, implemented in [`crate::store`].

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    network::{Network, Quarter},
    testimony::Testimony,
};
use crate::insight::{
    event::EventId,
    session::Salt,
    store::{EventStore, InsightError},
};

/// Where testimonies last.
#[async_trait]
pub trait LearnedStore: EventStore {
    /// The salt of a quarter. Where there is none yet, `offered` becomes it, and those of earlier quarters are deleted.
    async fn network_salt(&self, quarter: Quarter, offered: Salt) -> Result<Salt, InsightError>;

    /// Keeps from which network an event came.
    async fn keep_network(&self, event: &EventId, network: Network, at: Timestamp) -> Result<(), InsightError>;

    /// Until when a site was looked at.
    async fn looked(&self, site: &str) -> Result<Option<Timestamp>, InsightError>;

    /// Writes testimonies (one that is there already is replaced), deletes those withdrawn, and keeps until when the
    /// site was looked at: all or nothing. Returns how many are new or different.
    async fn take_testimonies(
        &self,
        site: &str,
        testimonies: Vec<Testimony>,
        withdrawn: Vec<String>,
        until: Timestamp,
    ) -> Result<usize, InsightError>;

    /// The testimonies of a site from `from` on with their networks; not those that an operator removed.
    async fn testimonies(&self, site: &str, from: Timestamp) -> Result<Vec<Testimony>, InsightError>;

    /// Removes a question from an article for good, in every language; `false` where there was none.
    async fn remove_learned(
        &self,
        site: &str,
        article: &str,
        question: &str,
        now: Timestamp,
    ) -> Result<bool, InsightError>;

    /// A number that changes whenever anything of the above does.
    async fn learned_revision(&self) -> Result<i64, InsightError>;

    /// Deletes testimonies and networks from before `before`.
    async fn purge_testimonies(&self, before: Timestamp) -> Result<(), InsightError>;
}
