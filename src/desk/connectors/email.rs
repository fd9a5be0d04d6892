//! A mail to a mailbox: text for people, and the ticket as JSON for programs.
//!
//! A mail server may take a mail and lose its reply, and then the mail is sent again: both have the
//! same `Message-ID`, by which mailboxes and help desks know them as one. The sender is always an
//! address of the operator's own domain; replies go to the visitor.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jiff::Timestamp;
use lettre::{
    Message,
    message::{
        Attachment, Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use super::{Connector, ConnectorError, Mailer, Parcel, Receipt, mail::mailbox, one_line, text};
use crate::config::Email;

/// Sends each ticket as one mail.
pub struct EmailConnector {
    name: String,
    mailer: Mailer,
    to: Vec<Mailbox>,
}

impl EmailConnector {
    /// Reads the password and checks the addresses.
    ///
    /// # Errors
    /// Says which setting cannot be used, and why.
    pub fn new(name: &str, settings: &Email) -> Result<Self, String> {
        Self::through(name, Mailer::new(&settings.mail)?, &settings.to)
    }

    /// Through a mailer that is there already.
    ///
    /// # Errors
    /// An address that is none.
    pub fn through(name: &str, mailer: Mailer, to: &[String]) -> Result<Self, String> {
        let to = to.iter().map(|address| mailbox("to", address)).collect::<Result<_, _>>()?;
        Ok(Self { name: name.into(), mailer, to })
    }

    fn message(&self, parcel: &Parcel<'_>) -> Result<Message, String> {
        let ticket = parcel.ticket;
        let json = serde_json::to_string_pretty(ticket).map_err(|error| error.to_string())?;
        let json_type = ContentType::parse("application/json").map_err(|error| error.to_string())?;
        // Lines of JSON can be longer than mail allows.
        let json = Body::new_with_encoding(json, ContentTransferEncoding::Base64);
        let json = json.map_err(|_| "the ticket cannot be encoded")?;
        let attachment = Attachment::new(format!("{}.json", ticket.reference)).body(json, json_type);
        let parts = MultiPart::mixed()
            .boundary(format!("zerodesk-{}", parcel.key))
            .singlepart(SinglePart::plain(text::handoff(ticket)))
            .singlepart(attachment);
        let mut builder = Message::builder()
            .from(self.mailer.from().clone())
            .subject(parcel.title())
            .date(system_time(ticket.created))
            .message_id(Some(message_id(parcel, self.mailer.from())))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()));
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        if let Ok(address) = ticket.requester.email.parse() {
            let name = Some(one_line(&ticket.requester.name)).filter(|name| !name.is_empty());
            builder = builder.reply_to(Mailbox::new(name, address));
        }
        builder.multipart(parts).map_err(|error| error.to_string())
    }
}

/// The same for every attempt.
fn message_id(parcel: &Parcel<'_>, from: &Mailbox) -> String {
    format!("<{}@{}>", parcel.key, from.email.domain())
}

fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default())
}

#[async_trait]
impl Connector for EmailConnector {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, parcel: &Parcel<'_>) -> Result<Receipt, ConnectorError> {
        let message = self.message(parcel).map_err(ConnectorError::permanent)?;
        parcel
            .transcript
            .note(|| format!("to {}:\n{}", self.mailer.place(), String::from_utf8_lossy(&message.formatted())));
        let sent = self.mailer.send(&parcel.key.to_string(), message).await;
        parcel.transcript.note(|| sent.as_ref().map_or_else(ToString::to_string, Clone::clone) + "\n");
        sent?;
        Ok(Receipt { remote_id: Some(message_id(parcel, self.mailer.from())) })
    }
}
