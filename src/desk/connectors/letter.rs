//! A mail that is about no ticket: text, and the same as HTML.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::{
    Message,
    message::{
        MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use super::{ConnectorError, Mailer, mail::mailbox};

/// What is sent to whom.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Names the letter: the same letter has the same name, so that mailboxes know a repeat.
    pub name: String,
    /// Who gets it.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// When it is written.
    pub at: Timestamp,
}

impl Mailer {
    /// Sends a letter.
    ///
    /// # Errors
    /// Permanent for an address that is none, otherwise as [`Mailer::send`] says.
    pub async fn send_letter(&self, letter: Letter) -> Result<String, ConnectorError> {
        let name = letter.name.clone();
        let message = self.message(letter).map_err(ConnectorError::permanent)?;
        self.send(&name, message).await
    }

    fn message(&self, Letter { name, to, subject, text, html, at }: Letter) -> Result<Message, String> {
        let seconds = Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default());
        let mut builder = Message::builder()
            .from(self.from().clone())
            .subject(subject)
            .date(SystemTime::UNIX_EPOCH + seconds)
            .message_id(Some(format!("<{name}@{}>", self.from().email.domain())))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()));
        for address in &to {
            builder = builder.to(mailbox("to", address)?);
        }
        builder.multipart(MultiPart::alternative_plain_html(text, html)).map_err(|error| error.to_string())
    }
}
