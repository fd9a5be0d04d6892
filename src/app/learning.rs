//! Background work on learned questions: what visitors said is taken in, weighed, and handed to search.
//!
//! Nothing here runs within a request. What the command line removes counts a few seconds later.

use std::{collections::BTreeMap, time::Duration};

use jiff::SignedDuration;
use tokio::task::JoinHandle;

use super::Clock;
use crate::{
    config::Learn,
    insight::{Insight, InsightError, learned::Learning},
    search::{LearnedQuestion, LearnedQuestions, Searcher},
};

/// How often new verdicts are looked for.
const LOOK_EVERY: Duration = Duration::from_hours(1);
/// How often somebody else's changes are looked for.
const NOTICE_EVERY: Duration = Duration::from_secs(5);

/// What articles learn from visitors.
#[derive(Clone)]
pub(super) struct Lessons {
    pub(super) learning: Learning,
    pub(super) searcher: Searcher,
    pub(super) insight: Insight,
    /// Whose voice counts, by site.
    pub(super) sites: BTreeMap<String, Learn>,
    pub(super) retention: SignedDuration,
    pub(super) clock: Clock,
}

impl Lessons {
    /// Takes in what visitors said, and uses what was learned.
    pub(super) async fn learn(&self) {
        if let Err(error) = self.try_learn().await {
            tracing::warn!(%error, "nothing could be learned from visitors; next try in an hour");
        }
    }

    async fn try_learn(&self) -> Result<(), InsightError> {
        let now = (self.clock)();
        self.insight.flush().await?;
        self.learning.purge(self.retention, now).await?;
        for (site, learn) in &self.sites {
            if *learn != Learn::Off {
                self.learning.look(site, now).await?;
            }
        }
        // Voices fade, so the weights are another hour's even where nobody said anything.
        self.learning.has_changed().await?;
        self.hand_over().await
    }

    /// Uses what was learned, where it has changed.
    async fn notice(&self) -> Result<(), InsightError> {
        if self.learning.has_changed().await? { self.hand_over().await } else { Ok(()) }
    }

    async fn hand_over(&self) -> Result<(), InsightError> {
        let mut questions = Vec::new();
        for (site, learn) in &self.sites {
            let learned = self.learning.learned(site, *learn, (self.clock)()).await?;
            questions.extend(learned.into_iter().filter(|row| row.weight > 0.0).map(|row| LearnedQuestion {
                site: site.clone(),
                language: row.language,
                question: row.question,
                article: row.article,
                weight: row.weight as f32,
            }));
        }
        let searcher = self.searcher.clone();
        let taken = tokio::task::spawn_blocking(move || searcher.use_learned(LearnedQuestions::new(questions)));
        taken.await.map_err(|_| InsightError::Stopped)
    }

    /// Learns every hour, and notices in between what somebody removed.
    pub(super) fn follow(self) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut hours = tokio::time::interval(LOOK_EVERY);
            let mut moments = tokio::time::interval(NOTICE_EVERY);
            loop {
                tokio::select! {
                    _ = hours.tick() => self.learn().await,
                    _ = moments.tick() => if let Err(error) = self.notice().await {
                        tracing::warn!(%error, "learned questions could not be read; those before stay in use");
                    },
                }
            }
        })
    }
}
