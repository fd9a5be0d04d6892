//! A signed call to a program of the operator's own, as Standard Webhooks 1.0 defines it.
//!
//! The receiver knows a repeated call by its `webhook-id`. Any 2xx is yes; 410 ends the link; all
//! else is tried again, more slowly where the receiver is busy.

use async_trait::async_trait;
use reqwest::Method;
use serde::Serialize;

use super::{
    Connector, ConnectorError, Lookup, Parcel, Receipt, Sealed,
    client::{HttpClient, Outgoing},
    signature::{self, SigningKey},
};
use crate::{config::Webhook, desk::Ticket};

/// Calls the receiver's address once for each ticket.
pub struct WebhookConnector {
    name: String,
    client: HttpClient,
    keys: Vec<SigningKey>,
}

/// What is sent.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: &'a Ticket,
}

impl WebhookConnector {
    /// Reads the secrets and checks the address.
    ///
    /// # Errors
    /// Says which setting cannot be used, and why.
    pub fn new(name: &str, settings: &Webhook, lookup: &Lookup) -> Result<Self, String> {
        let secrets = settings.secrets.iter().map(Sealed::read).collect::<Result<Vec<_>, _>>()?;
        let keys = secrets.iter().map(SigningKey::read).collect::<Result<_, _>>()?;
        Ok(Self { name: name.into(), client: HttpClient::new(&settings.target, secrets, lookup)?, keys })
    }

    fn request(&self, parcel: &Parcel<'_>) -> Result<Outgoing, ConnectorError> {
        let message =
            Message { kind: "ticket.created", timestamp: parcel.ticket.created.to_string(), data: parcel.ticket };
        let body = serde_json::to_string(&message).map_err(|error| ConnectorError::permanent(error.to_string()))?;
        let id = format!("msg_{}", parcel.key);
        let headers = [
            ("content-type", "application/json".to_owned()),
            (signature::TIMESTAMP, parcel.now.as_second().to_string()),
            (signature::SIGNATURE, signature::sign(&self.keys, &id, parcel.now, body.as_bytes())),
            (signature::ID, id),
        ];
        Ok(Outgoing {
            method: Method::POST,
            url: self.client.base().clone(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body: Some(body),
        })
    }
}

#[async_trait]
impl Connector for WebhookConnector {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, parcel: &Parcel<'_>) -> Result<Receipt, ConnectorError> {
        let reply = self.client.send(self.request(parcel)?, parcel).await?;
        if reply.status.is_success() {
            return Ok(Receipt::default());
        }
        let message = format!("the receiver answers {}", self.client.quote(&reply));
        if reply.status.as_u16() == 410 {
            return Err(ConnectorError::Gone { message });
        }
        Err(ConnectorError::Temporary { message, retry_after: reply.retry_after(parcel.now), busy: reply.is_busy() })
    }
}
