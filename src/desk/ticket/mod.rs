//! A ticket and all that it carries: schema `zerodesk.handoff/1`.
//!
//! [`Asked`] is what a visitor sends, [`Context`] what the server knows; only together they become
//! a [`Ticket`], so that a request cannot forge its own trail. Consent is applied while composing:
//! what the visitor struck never reaches the store.

mod asked;
mod callback;
mod parts;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

pub use asked::{Asked, AskedExternal, Context, NewTicket};
pub(super) use asked::{at_most, one_line, paragraphs};
pub use parts::{
    CallWindow, Callback, Client, Consent, Contract, External, HandoffReason, HostContext, IndexState, Page,
    ReadArticle, Redaction, Requester, TrailItem, Verified,
};

use super::{DeskError, SupportLevel, secret};

/// Name and version of the shape below.
const SCHEMA: &str = "zerodesk.handoff/1";
/// Crockford's base 32: no I, L, O or U, so that a reference can be read out on the phone.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A case with its context, as stored, shown at the desk and handed to connectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Always `zerodesk.handoff/1`.
    pub schema: String,
    /// Id, sorts by time.
    pub id: Ulid,
    /// What people call it.
    pub reference: Reference,
    /// Hash of the client's idempotency key: the key itself opens the status page, so it is not kept.
    pub idempotency_key: String,
    /// When it was filed, in UTC milliseconds.
    pub created: Timestamp,
    /// The site by its key.
    pub site: String,
    /// Where it is now.
    pub level: SupportLevel,
    /// Where it will probably have to go.
    pub suggested_level: SupportLevel,
    /// Why a person was asked for.
    pub reason: HandoffReason,
    /// Who asks.
    pub requester: Requester,
    /// One line.
    pub subject: String,
    /// Their own words.
    pub message: String,
    /// Language and region of the visitor.
    pub locale: Option<String>,
    /// IANA time zone of the visitor.
    pub time_zone: Option<String>,
    /// Searches of the session, oldest first.
    pub trail: Vec<TrailItem>,
    /// Sections that the form suggested, as `article#section`.
    pub suggested_in_form: Vec<String>,
    /// Articles read in the session.
    pub read: Vec<ReadArticle>,
    /// The page from which the ticket was sent.
    pub page: Option<Page>,
    /// The visitor's software.
    pub client: Client,
    /// What the embedding website tells about its user.
    pub host: HostContext,
    /// When and where to call back.
    pub callback: Option<Callback>,
    /// The support contract.
    #[serde(default)]
    pub contract: Option<Contract>,
    /// Vendors outside, and the customer's consent.
    #[serde(default)]
    pub external: External,
    /// What the visitor agreed to.
    pub consent: Consent,
    /// What was masked in the trail before it was stored.
    pub redaction: Redaction,
    /// The state of the articles at that moment.
    pub index: IndexState,
    /// Hash of the visitor's session.
    pub session: Option<String>,
}

impl Ticket {
    /// Composes a ticket from what was asked (checked before) and what the server knows.
    pub(super) fn compose(new: NewTicket, identity: Identity, suggested_level: SupportLevel) -> Self {
        let NewTicket { site, asked, context, .. } = new;
        let Identity { id, reference, key_hash, created } = identity;
        let mut ticket = Self {
            schema: SCHEMA.into(),
            id,
            reference,
            idempotency_key: key_hash,
            created,
            site,
            level: SupportLevel::TICKET,
            suggested_level,
            reason: asked.reason,
            requester: asked.requester,
            subject: asked.subject,
            message: asked.message,
            locale: asked.locale,
            time_zone: asked.time_zone,
            trail: context.trail,
            suggested_in_form: context.suggested_in_form,
            read: context.read,
            page: asked.page,
            client: context.client,
            host: asked.host,
            callback: asked.callback,
            contract: None,
            external: External {
                consent_at: asked.external.consent.then_some(created),
                vendor: asked.external.vendor,
                ..External::default()
            },
            consent: asked.consent,
            redaction: context.redaction,
            index: IndexState { generation: context.generation },
            session: context.session,
        };
        ticket.strike();
        ticket
    }

    /// Removes what the visitor does not share. Subject, message and contact are the ticket itself and stay.
    fn strike(&mut self) {
        let all = !self.consent.context_shared;
        let struck = |name: &str| all || self.consent.fields_removed.iter().any(|field| field == name);
        let [trail, suggested, read, page, client, host] =
            ["trail", "suggested_in_form", "read", "page", "client", "host"].map(struck);
        clear_if(trail, &mut self.trail);
        clear_if(suggested, &mut self.suggested_in_form);
        clear_if(read, &mut self.read);
        clear_if(page, &mut self.page);
        clear_if(client, &mut self.client);
        clear_if(host, &mut self.host);
        let [url, title, locale] = ["page.url", "page.title", "locale"].map(struck);
        if let Some(page) = &mut self.page {
            clear_if(url, &mut page.url);
            clear_if(title, &mut page.title);
        }
        // The reply has to be in some language: without context it still goes along, unless it is struck itself.
        clear_if(locale && !all, &mut self.locale);
        clear_if(locale && !all, &mut self.time_zone);
    }
}

fn clear_if<T: Default>(struck: bool, field: &mut T) {
    if struck {
        *field = T::default();
    }
}

/// What makes a ticket this one.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub id: Ulid,
    pub reference: Reference,
    pub key_hash: String,
    pub created: Timestamp,
}

/// `ZD-` and six characters: short enough to read out, random so that none follows from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

impl Reference {
    /// A new random reference.
    pub(super) fn random() -> Result<Self, DeskError> {
        let digits = secret::random::<6>()?.map(|byte| char::from(CROCKFORD[usize::from(byte & 31)]));
        Ok(Self(format!("ZD-{}", String::from_iter(digits))))
    }

    /// Reads a reference as people write it: any case, O for 0, I or L for 1.
    ///
    /// ```
    /// use zerodesk::desk::Reference;
    /// assert_eq!(Reference::parse(" zd-7k3fo1 ").unwrap().as_str(), "ZD-7K3F01");
    /// assert!(Reference::parse("ZD-12").is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let digits = text.strip_prefix("ZD-")?.replace('O', "0").replace(['I', 'L'], "1");
        let valid = digits.len() == 6 && digits.bytes().all(|byte| CROCKFORD.contains(&byte));
        valid.then(|| Self(format!("ZD-{digits}")))
    }

    /// The reference as shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is not a reference such as ZD-7K3F9Q"))
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TicketStatus {
    /// Waiting for an agent.
    Open,
    /// Waiting for who asked.
    Waiting,
    /// Suspected spam: kept, shown apart.
    Quarantined,
    /// Done.
    Resolved,
}

impl TicketStatus {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Open, Self::Waiting, Self::Quarantined, Self::Resolved];

    /// The name at rest and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Quarantined => "quarantined",
            Self::Resolved => "resolved",
        }
    }
}

/// How a ticket ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Outcome {
    /// In which way.
    pub kind: OutcomeKind,
    /// The article that solved it, for `known`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// The ticket that it repeats, for `duplicate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "ZD-7K3F9Q")]
    pub duplicate_of: Option<Reference>,
}

/// In which way a ticket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeKind {
    /// An article had the answer.
    Known,
    /// No article had the answer: one is worth writing.
    New,
    /// Another ticket asks the same.
    Duplicate,
    /// Nobody asked anything.
    Spam,
    /// Who asked says that it is solved.
    Solved,
}

impl OutcomeKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Known, Self::New, Self::Duplicate, Self::Spam, Self::Solved];

    /// The name at rest and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::New => "new",
            Self::Duplicate => "duplicate",
            Self::Spam => "spam",
            Self::Solved => "solved",
        }
    }
}

/// One step in a ticket's life; steps are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Step {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What happened.
    pub kind: StepKind,
    /// The level after it.
    pub level: SupportLevel,
    /// Where the ticket stood after it.
    pub status: TicketStatus,
    /// The agent who did it; none for the visitor and for rules.
    pub agent: Option<String>,
    /// Why, or what was written.
    pub reason: Option<String>,
}

/// What happened in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// The visitor sent the ticket.
    Opened,
    /// An agent wrote something for other agents.
    Noted,
    /// An agent wrote to the visitor.
    Replied,
    /// The visitor wrote.
    Answered,
    /// It was given to an agent, or to nobody.
    Assigned,
    /// A call-back, a contract, a vendor or a consent was added.
    Amended,
    /// It went up a level.
    Escalated,
    /// It was solved or closed.
    Resolved,
    /// It was taken up again, or released from quarantine.
    Reopened,
    /// A draft of an article was made of it.
    Drafted,
}

impl StepKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Opened,
        Self::Noted,
        Self::Replied,
        Self::Answered,
        Self::Assigned,
        Self::Amended,
        Self::Escalated,
        Self::Resolved,
        Self::Reopened,
        Self::Drafted,
    ];

    /// The name at rest and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Noted => "noted",
            Self::Replied => "replied",
            Self::Answered => "answered",
            Self::Assigned => "assigned",
            Self::Amended => "amended",
            Self::Escalated => "escalated",
            Self::Resolved => "resolved",
            Self::Reopened => "reopened",
            Self::Drafted => "drafted",
        }
    }
}
