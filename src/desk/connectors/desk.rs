//! The default connector: the built-in desk.

use async_trait::async_trait;

use super::{Connector, ConnectorError, Parcel, Receipt};

/// Delivers to the built-in desk, which reads the store itself: a filed ticket is there already. What is filed now is
/// delivered by that alone; this is for entries of older versions that still wait.
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

    async fn deliver(&self, parcel: &Parcel<'_>) -> Result<Receipt, ConnectorError> {
        Ok(Receipt { remote_id: Some(parcel.ticket.reference.to_string()) })
    }

    /// Nobody is kept waiting.
    fn at_once(&self) -> u32 {
        32
    }
}
