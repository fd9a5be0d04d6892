//! What reports ask of a database. Declared here, implemented in [`crate::store`].

use async_trait::async_trait;
use jiff::Timestamp;

use crate::insight::InsightError;

/// Which reports were mailed.
#[async_trait]
pub trait ReportStore: Send + Sync + 'static {
    /// Keeps that the report of a period is being sent; `false` when it was kept before.
    async fn claim_report(&self, site: &str, period: &str, now: Timestamp) -> Result<bool, InsightError>;

    /// Takes that back: it could not be sent.
    async fn release_report(&self, site: &str, period: &str) -> Result<(), InsightError>;
}
