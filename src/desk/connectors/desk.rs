//! The default connector: the built-in desk.

use async_trait::async_trait;
use ulid::Ulid;

use super::{Connector, ConnectorError, Receipt};
use crate::desk::Ticket;

/// Delivers to the built-in desk, which reads the store itself: a filed ticket is there already.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeskConnector;

impl DeskConnector {
    /// Its name.
    pub const NAME: &str = "desk";
}

#[async_trait]
impl Connector for DeskConnector {
    fn name(&self) -> &str {
        Self::NAME
    }

    async fn deliver(&self, ticket: &Ticket, _: Ulid) -> Result<Receipt, ConnectorError> {
        Ok(Receipt { remote_id: Some(ticket.reference.to_string()) })
    }
}
