//! The figures of the week, mailed once a week to whoever is named in the settings.
//!
//! A week is claimed in the database before its report is sent, so that no restart and no second
//! server sends it again; where sending fails, the claim is given back and the next hour tries again.
//! Nothing here runs within a request.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::Clock;
use crate::{
    config::{self, Config},
    desk::connectors::{Letter, Mailer},
    insight::{
        Insight, InsightError,
        report::{Report, ReportError, ReportStore, Span},
    },
    search::Searcher,
};

/// How often it is looked whether a week is over.
const LOOK_EVERY: Duration = Duration::from_hours(1);

/// Why no report was mailed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsent {
    #[error(transparent)]
    Insight(#[from] InsightError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("{0}")]
    Mail(String),
}

/// Mails the report of each week.
#[derive(Clone)]
pub(super) struct WeeklyReports {
    config: Arc<Config>,
    mailer: Arc<Mailer>,
    insight: Insight,
    searcher: Searcher,
    store: Arc<dyn ReportStore>,
    clock: Clock,
}

impl WeeklyReports {
    /// As configured; nothing where nobody is to get a report.
    ///
    /// # Errors
    /// Says why the mail server of the settings cannot be used.
    pub(super) fn open(
        config: &Arc<Config>,
        insight: &Insight,
        searcher: &Searcher,
        store: Arc<dyn ReportStore>,
        clock: &Clock,
    ) -> Result<Option<Self>, String> {
        let config::Reports { to, mail } = &config.reports;
        if to.is_empty() {
            return Ok(None);
        }
        let settings = match config.connectors.get(mail) {
            Some(config::Connector::Email(email)) => &email.mail,
            Some(config::Connector::Confirmation(confirmation)) => &confirmation.mail,
            _ => return Err(format!("reports.mail: {mail:?} is no connector that sends mail")),
        };
        Ok(Some(Self {
            config: config.clone(),
            mailer: Arc::new(Mailer::new(settings)?),
            insight: insight.clone(),
            searcher: searcher.clone(),
            store,
            clock: clock.clone(),
        }))
    }

    /// Sends what is due: of each site the last week, where it was not sent and anything was asked. Returns how many.
    pub(super) async fn send_due(&self) -> usize {
        let now = (self.clock)();
        let Some(week) = Span::last_week(now) else { return 0 };
        let mut sent = 0;
        for site in self.config.sites.keys() {
            match self.send(site, &week, now).await {
                Ok(true) => sent += 1,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(site, week = week.name, %error, "no report was mailed; next try in an hour");
                }
            }
        }
        sent
    }

    async fn send(&self, key: &str, week: &Span, now: Timestamp) -> Result<bool, Unsent> {
        if !self.store.claim_report(key, &week.name, now).await? {
            return Ok(false);
        }
        let sent = self.send_claimed(key, week, now).await;
        if !matches!(sent, Ok(true)) {
            self.store.release_report(key, &week.name).await?;
        }
        sent
    }

    async fn send_claimed(&self, key: &str, week: &Span, now: Timestamp) -> Result<bool, Unsent> {
        let (site, search) = (&self.config.sites[key], &self.config.search);
        let report = self.insight.report(key, site, search, &self.searcher, week.clone(), now).await?;
        if report.is_empty() {
            return Ok(false);
        }
        let report = Report { public_url: self.config.public_url.clone(), ..report };
        let letter = Letter {
            name: format!("report-{key}-{}", week.name),
            to: self.config.reports.to.clone(),
            subject: format!("{}: {}", site.name, week.name),
            text: report.to_markdown()?,
            html: report.to_html()?,
            at: now,
        };
        self.mailer.send_letter(letter).await.map_err(|error| Unsent::Mail(error.to_string()))?;
        tracing::info!(site = key, week = week.name, "report mailed");
        Ok(true)
    }

    /// Looks every hour.
    pub(super) fn follow(self) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut hours = tokio::time::interval(LOOK_EVERY);
            loop {
                hours.tick().await;
                self.send_due().await;
            }
        })
    }
}
