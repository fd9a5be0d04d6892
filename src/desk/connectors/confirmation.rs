//! Mails to who asked: their question has arrived, somebody has answered it, it is solved; each with the reference and a
//! link to follow it.
//!
//! They say nothing that who asked wrote, because an address can be mistyped or somebody else's: nobody can make this
//! server write words of their own to strangers. What an agent wrote stands in them. Suspected spam is not confirmed.

use async_trait::async_trait;
use lettre::{
    Message,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use super::{Connector, ConnectorError, Mailer, Parcel, Receipt};
use crate::{
    config::Confirmation,
    desk::{Step, StepKind},
};

/// Writes to who asked.
pub struct ConfirmationConnector {
    name: String,
    mailer: Mailer,
}

/// The words of one language. `{reference}` is filled in.
struct Words {
    subject: &'static str,
    arrived: &'static str,
    answered: &'static str,
    solved: &'static str,
    /// Before the link.
    follow: &'static str,
    /// After the link.
    keep: &'static str,
}

const ENGLISH: Words = Words {
    subject: "Your question {reference}",
    arrived: "Your question has arrived. Its reference is {reference}.",
    answered: "There is an answer to your question {reference}:",
    solved: "Your question {reference} is now marked as solved.",
    follow: "Here you see how far it is, and can add something:",
    keep: "Keep this mail: who has the link can read the ticket's status page. If you asked nothing, you can ignore it.",
};
const DUTCH: Words = Words {
    subject: "Je vraag {reference}",
    arrived: "Je vraag is aangekomen. Het kenmerk is {reference}.",
    answered: "Er is een antwoord op je vraag {reference}:",
    solved: "Je vraag {reference} staat nu als opgelost te boek.",
    follow: "Hier zie je hoe het ermee staat, en kun je iets toevoegen:",
    keep: "Bewaar deze mail: wie de link heeft, kan de statuspagina lezen. Heb je niets gevraagd, dan kun je dit negeren.",
};
const GERMAN: Words = Words {
    subject: "Ihre Frage {reference}",
    arrived: "Ihre Frage ist angekommen. Ihr Zeichen ist {reference}.",
    answered: "Es gibt eine Antwort auf Ihre Frage {reference}:",
    solved: "Ihre Frage {reference} gilt jetzt als gelöst.",
    follow: "Hier sehen Sie den Stand und können etwas hinzufügen:",
    keep: "Bewahren Sie diese Mail auf: Wer den Link hat, kann die Statusseite lesen. Wenn Sie nichts gefragt haben, \
           können Sie sie ignorieren.",
};

impl Words {
    /// Those of a ticket's locale; English where there are none.
    fn of(locale: Option<&str>) -> &'static Self {
        match locale.and_then(|locale| locale.split('-').next()) {
            Some("nl") => &DUTCH,
            Some("de") => &GERMAN,
            _ => &ENGLISH,
        }
    }

    /// What a mail says first.
    fn news(&self, step: Option<&Step>) -> &'static str {
        match step.map(|step| step.kind) {
            None => self.arrived,
            Some(StepKind::Resolved) => self.solved,
            Some(_) => self.answered,
        }
    }
}

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
        let words = Words::of(ticket.locale.as_deref());
        let referring = |text: &str| text.replace("{reference}", ticket.reference.as_str());
        let domain = self.mailer.from().email.domain();
        let news = referring(words.news(parcel.step));
        let said = parcel.step.and_then(|step| step.reason.as_deref());
        let link = parcel.status_link.as_deref().unwrap_or_default();
        let paragraphs = [Some(&*news), said, Some(words.follow), Some(link), Some(words.keep)];
        let body = paragraphs.into_iter().flatten().collect::<Vec<_>>().join("\n\n") + "\n";
        let message = Message::builder()
            .from(self.mailer.from().clone())
            .to(to)
            .subject(referring(words.subject))
            .date(parcel.step.map_or(ticket.created, |step| step.at).into())
            .message_id(Some(format!("<{}@{domain}>", parcel.key)))
            .header(ContentType::TEXT_PLAIN)
            // All mails of a ticket refer to the same one, so that they are shown together.
            .references(format!("<{}@{domain}>", ticket.id))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()));
        message.body(body).map_err(|error| error.to_string())
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
