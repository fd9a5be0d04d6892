//! Which reports were mailed.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::Sqlite;
use crate::insight::{InsightError, report::ReportStore};

#[async_trait]
impl ReportStore for Sqlite {
    async fn claim_report(&self, site: &str, period: &str, now: Timestamp) -> Result<bool, InsightError> {
        let (site, period) = (site.to_owned(), period.to_owned());
        let claim = move |transaction: &Connection| {
            let sql = "INSERT INTO mailed_reports (site, period, sent_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            Ok(transaction.execute(sql, params![site, period, now.as_millisecond()])? == 1)
        };
        Ok(self.write(claim).await?)
    }

    async fn release_report(&self, site: &str, period: &str) -> Result<(), InsightError> {
        let (site, period) = (site.to_owned(), period.to_owned());
        let release = move |transaction: &Connection| {
            transaction.execute("DELETE FROM mailed_reports WHERE site = ?1 AND period = ?2", params![site, period])?;
            Ok(())
        };
        Ok(self.write(release).await?)
    }
}
