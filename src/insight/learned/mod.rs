//! Learned questions: what visitors asked, opened and found helpful joins the article's `questions`.
//!
//! Each time somebody says so is a [`Testimony`]: a reader's "helpful", "this solved it", or a ticket
//! that was resolved with the article. Testimonies are kept, what they are worth is always computed
//! anew ([`weigh`]), so a better rule applies to the past too. One voice is one network, not one
//! click: whoever sits behind one range of addresses has one, however often, in however many tabs and
//! on however many days. No address is kept: see [`Network`].
//!
//! Nothing here ranks; the weights are handed to search. An operator's removal always wins.

mod network;
mod store;
mod testimony;
mod weigh;

#[cfg(test)]
mod tests;

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use super::{
    event::EventId,
    figures::Window,
    session::Salt,
    store::{InsightError, Share},
};
use crate::config::Learn;

pub use network::{Network, Quarter};
pub use store::LearnedStore;
pub use testimony::{Source, Testimony};
pub use weigh::{Learned, weigh};

/// Networks that may wait to be written; beyond it they are not kept, and their voices not heard.
const WAITING: usize = 256;
/// How far back the first look goes.
const FIRST_LOOK: SignedDuration = SignedDuration::from_hours(24 * 30);
/// How long before the last look a visit may have begun that goes on.
const OVERLAP: SignedDuration = SignedDuration::from_hours(6);
/// What is taken in at once at most.
const STEP: SignedDuration = SignedDuration::from_hours(24);
/// Testimonies older than this are deleted.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24 * 365);

/// Learns from what visitors do. Clones share everything.
#[derive(Clone)]
pub struct Learning {
    store: Arc<dyn LearnedStore>,
    networks: mpsc::Sender<(EventId, Network, Timestamp)>,
    salt: Arc<SaltOfQuarter>,
    revision: Arc<AtomicI64>,
}

type SaltOfQuarter = std::sync::RwLock<Option<(Quarter, Salt)>>;

impl Learning {
    /// Begins to keep networks. Needs a tokio runtime.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(store: Arc<dyn LearnedStore>, now: Timestamp) -> Result<Self, InsightError> {
        let (networks, mut waiting) = mpsc::channel::<(EventId, Network, Timestamp)>(WAITING);
        let kept = store.clone();
        tokio::spawn(async move {
            while let Some((event, network, at)) = waiting.recv().await {
                if let Err(error) = kept.keep_network(&event, network, at).await {
                    tracing::warn!(%error, "a verdict goes without its network and will count for less");
                }
            }
        });
        let learning = Self { store, networks, salt: Arc::default(), revision: Arc::new(AtomicI64::new(-1)) };
        learning.renew_salt(now).await?;
        Ok(learning)
    }

    /// Notes from which network an event came. Never waits; the address is forgotten at once.
    pub fn note_network(&self, event: &EventId, address: IpAddr, now: Timestamp) {
        let salt = self.salt.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if super::is_unrecorded() {
            return;
        }
        // Between the end of a quarter and the next hour nobody's network is known.
        if let Some((quarter, salt)) = *salt
            && quarter == Quarter::of(now)
        {
            let _ = self.networks.try_send((event.clone(), Network::of(address, &salt), now));
        }
    }

    /// Takes in what was said on a site since the last look. Returns how many testimonies were new or have changed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn look(&self, site: &str, now: Timestamp) -> Result<usize, InsightError> {
        self.renew_salt(now).await?;
        let before = self.store.looked(site).await?;
        let mut from = before.or_else(|| now.checked_sub(FIRST_LOOK).ok()).unwrap_or(now);
        let mut news = 0;
        // Day by day, as the events of a month may be more than the memory holds.
        while from < now {
            let to = from.checked_add(STEP).unwrap_or(now).min(now);
            news += self.look_at(site, from, to).await?;
            from = to;
        }
        Ok(news)
    }

    /// Takes in what was said between two moments, the first of which is where the last look ended: some visitors at a
    /// time. Whoever is there before and after midnight is then two, as names change with the day; the little that is
    /// missed so is missed only where many thousands come.
    async fn look_at(&self, site: &str, from: Timestamp, to: Timestamp) -> Result<usize, InsightError> {
        let begin = from.checked_sub(OVERLAP).unwrap_or(from);
        let window = Window { site: site.to_owned(), from, to, as_of: to };
        let (mut testimonies, mut resolutions) = (Vec::new(), Vec::new());
        for share in Share::of(self.store.count(site, begin, to).await?) {
            let events = self.store.events_of(site, begin, to, share).await?;
            let window = window.clone();
            let (said, resolved) = tokio::task::spawn_blocking(move || {
                (testimony::of_readers(&events, &window), testimony::resolutions(&events))
            })
            .await
            .map_err(|_| InsightError::Stopped)?;
            testimonies.extend(said);
            resolutions.extend(resolved);
        }
        let mut withdrawn = Vec::new();
        for resolution in resolutions {
            let visit = self.store.session_events(site, &[resolution.session]).await?;
            match testimony::of_ticket(&resolution, &visit) {
                Some(testimony) => testimonies.push(testimony),
                None => withdrawn.push(testimony::id_of_ticket(&resolution)),
            }
        }
        self.store.take_testimonies(site, testimonies, withdrawn, to).await
    }

    /// What was learned on a site, the heaviest first; what an operator removed is not among it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn learned(&self, site: &str, learn: Learn, now: Timestamp) -> Result<Vec<Learned>, InsightError> {
        if learn == Learn::Off {
            return Ok(Vec::new());
        }
        let from = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        let testimonies = self.store.testimonies(site, from).await?;
        Ok(weigh(&testimonies, learn, now))
    }

    /// Takes a learned question from an article for good. Returns whether there was one.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove(
        &self,
        site: &str,
        article: &str,
        question: &str,
        now: Timestamp,
    ) -> Result<bool, InsightError> {
        self.store.remove_learned(site, article, &super::gaps::normal(question), now).await
    }

    /// Whether anything has changed since this was asked last, by whomever: the command line counts too.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn has_changed(&self) -> Result<bool, InsightError> {
        let now = self.store.learned_revision().await?;
        Ok(self.revision.swap(now, Ordering::Relaxed) != now)
    }

    /// Deletes testimonies that are past their time.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn purge(&self, retention: SignedDuration, now: Timestamp) -> Result<(), InsightError> {
        self.store.purge_testimonies(now.checked_sub(retention.min(KEPT)).unwrap_or(Timestamp::MIN)).await
    }

    async fn renew_salt(&self, now: Timestamp) -> Result<(), InsightError> {
        let quarter = Quarter::of(now);
        let known = self.salt.read().unwrap_or_else(std::sync::PoisonError::into_inner).map(|(quarter, _)| quarter);
        if known != Some(quarter) {
            let salt = self.store.network_salt(quarter, Salt::generate()).await?;
            *self.salt.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((quarter, salt));
        }
        Ok(())
    }
}
