//! A mail to who asked: their question has arrived, under this reference, and here they can follow it.
//!
//! It says nothing that they wrote, because an address can be mistyped or somebody else's. Suspected
//! spam is not confirmed: nobody can make this server write to strangers by the form's trap alone.

use async_trait::async_trait;
use lettre::{
    Message,
    message::{
        Mailbox,
        header::{HeaderName, HeaderValue},
    },
};

use super::{Connector, ConnectorError, Mailer, Parcel, Receipt};
use crate::config::Confirmation;

/// Writes to who asked.
pub struct ConfirmationConnector {
    name: String,
    mailer: Mailer,
}

/// Subject, text before the link, text after it. `{reference}` is filled in.
type Words = [&'static str; 3];

const ENGLISH: Words = [
    "Your question {reference}",
    "Your question has arrived. Its reference is {reference}.\n\nHere you see how far it is, and can add something:",
    "Keep this mail: who has the link can read the ticket's status page. If you asked nothing, you can ignore it.",
];
const DUTCH: Words = [
    "Je vraag {reference}",
    "Je vraag is aangekomen. Het kenmerk is {reference}.\n\nHier zie je hoe het ermee staat, en kun je iets toevoegen:",
    "Bewaar deze mail: wie de link heeft, kan de statuspagina lezen. Heb je niets gevraagd, dan kun je dit negeren.",
];
const GERMAN: Words = [
    "Ihre Frage {reference}",
    "Ihre Frage ist angekommen. Ihr Zeichen ist {reference}.\n\nHier sehen Sie den Stand und können etwas hinzufügen:",
    "Bewahren Sie diese Mail auf: Wer den Link hat, kann die Statusseite lesen. Wenn Sie nichts gefragt haben, können \
     Sie sie ignorieren.",
];

impl ConfirmationConnector {
    /// Reads the password and checks the addresses.
    ///
    /// # Errors
    /// Says which setting cannot be used, and why.
    pub fn new(name: &str, settings: &Confirmation) -> Result<Self, String> {
        Ok(Self::through(name, Mailer::new(&settings.mail)?))
    }

    /// Through a mailer that is there already.
    #[must_use]
    pub fn through(name: &str, mailer: Mailer) -> Self {
        Self { name: name.into(), mailer }
    }

    fn message(&self, parcel: &Parcel<'_>, to: Mailbox) -> Result<Message, String> {
        let ticket = parcel.ticket;
        let lang = ticket.locale.as_deref().and_then(|locale| locale.split('-').next()).unwrap_or_default();
        let words = match lang {
            "nl" => DUTCH,
            "de" => GERMAN,
            _ => ENGLISH,
        };
        let [subject, before, after] = words.map(|text| text.replace("{reference}", ticket.reference.as_str()));
        let link = parcel.status_link.as_deref().unwrap_or_default();
        let message = Message::builder()
            .from(self.mailer.from().clone())
            .to(to)
            .subject(subject)
            .message_id(Some(format!("<{}@{}>", parcel.key, self.mailer.from().email.domain())))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-replied".into()));
        message.body(format!("{before}\n\n{link}\n\n{after}\n")).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Connector for ConfirmationConnector {
    fn name(&self) -> &str {
        &self.name
    }

    fn writes_to_requester(&self) -> bool {
        true
    }

    async fn deliver(&self, parcel: &Parcel<'_>) -> Result<Receipt, ConnectorError> {
        // Who gave a phone number only is called instead.
        let Ok(address) = parcel.ticket.requester.email.parse() else { return Ok(Receipt::default()) };
        let message = self.message(parcel, Mailbox::new(None, address)).map_err(ConnectorError::permanent)?;
        let sent = self.mailer.send(&parcel.key.to_string(), message).await;
        parcel.transcript.note(|| sent.as_ref().map_or_else(ToString::to_string, Clone::clone) + "\n");
        sent?;
        Ok(Receipt::default())
    }
}
