//! What the desk asks of a store. `store` implements it.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use ulid::Ulid;

use super::{
    AgentRecord, DeskError, OutboxEntry, OutboxState, Outcome, Reference, Step, SupportLevel, Ticket, TicketStatus,
};

/// Keeps tickets, their outbox and the agents. "Done" means durable.
#[async_trait]
pub trait TicketStore: Send + Sync {
    /// Writes ticket, first step, outbox entries and idempotency key in one transaction, or nothing.
    async fn file(&self, filing: Filing) -> Result<Filed, DeskError>;
    /// A ticket by its reference.
    async fn ticket(&self, reference: &Reference) -> Result<Option<TicketRecord>, DeskError>;
    /// Writes a ticket as a change left it, its last step and its new deliveries in one transaction; `false`, with
    /// nothing written, when the ticket had moved on since it was read.
    async fn change(&self, record: TicketRecord, deliveries: Vec<OutboxEntry>) -> Result<bool, DeskError>;
    /// Keeps the hash of a further token that opens a ticket's status page.
    async fn add_status_token(&self, ticket: Ulid, token_hash: String) -> Result<(), DeskError>;
    /// Whether a token with this hash was added for the ticket.
    async fn opens(&self, ticket: Ulid, token_hash: String) -> Result<bool, DeskError>;
    /// Tickets, newest first.
    async fn tickets(&self, filter: TicketFilter) -> Result<TicketPage, DeskError>;

    /// Leases up to `limit` due entries to `owner` until `now + lease`, oldest first, counting an attempt.
    ///
    /// Entries whose lease has ended are due again.
    async fn claim(
        &self,
        owner: &str,
        whose: &Whose,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claimed>, DeskError>;
    /// Records the outcome of an attempt; `false` when the lease had gone to somebody else.
    async fn settle(&self, owner: &str, entry: OutboxEntry, now: Timestamp) -> Result<bool, DeskError>;
    /// Gives back leases of a server that has ended, at the start of the next one. A store that
    /// several servers share gives back only leases that have ended.
    async fn free_leases(&self, now: Timestamp) -> Result<u64, DeskError>;
    /// Keeps that a connector's receiver wants no tickets any more, and why.
    async fn close(&self, connector: &str, reason: &str, now: Timestamp) -> Result<(), DeskError>;
    /// Why a connector is closed; nothing for one that is not.
    async fn closed(&self, connector: &str) -> Result<Option<String>, DeskError>;
    /// The ticket that a connector's receiver calls by this id.
    async fn known_there_as(&self, connector: &str, remote_id: &str) -> Result<Option<Reference>, DeskError>;
    /// The hash of the body of a call that came in under this id, where it has been heeded.
    async fn heeded(&self, id: &str) -> Result<Option<String>, DeskError>;
    /// Keeps that a call has been heeded, and forgets those from before `oldest`.
    async fn heed(&self, id: &str, body_hash: String, now: Timestamp, oldest: Timestamp) -> Result<(), DeskError>;
    /// Number of outbox entries by state.
    async fn outbox_counts(&self) -> Result<Vec<(OutboxState, u64)>, DeskError>;

    /// Deliveries that were given up, newest first, and how many there are.
    async fn dead_letters(&self, limit: u32, offset: u32) -> Result<(Vec<DeadLetter>, u64), DeskError>;
    /// Makes a delivery that was given up due again, with its attempts counted anew; `false` when there is none.
    async fn retry(&self, id: Ulid, entry: LogEntry) -> Result<bool, DeskError>;
    /// What agents did, newest first: steps of tickets and everything else.
    async fn log(&self, limit: u32, offset: u32) -> Result<Vec<LogEntry>, DeskError>;
    /// Adds to that what is not a step of a ticket.
    async fn note(&self, entry: LogEntry) -> Result<(), DeskError>;

    /// All agents by name.
    async fn agents(&self) -> Result<Vec<AgentRecord>, DeskError>;
    /// Adds an agent; `false` when the name is taken.
    async fn add_agent(&self, record: AgentRecord, entry: LogEntry) -> Result<bool, DeskError>;
    /// Adds an agent if there is none at all; `false` when there is one.
    async fn add_first_agent(&self, record: AgentRecord) -> Result<bool, DeskError>;
    /// Replaces an agent's token; `false` when there is no such agent.
    async fn renew_agent(&self, name: &str, token_hash: String, entry: LogEntry) -> Result<bool, DeskError>;
    /// Removes an agent; `false` when there is no such agent.
    async fn remove_agent(&self, name: &str, entry: LogEntry) -> Result<bool, DeskError>;
}

/// All that one handoff writes.
#[derive(Debug, Clone)]
pub struct Filing {
    /// The ticket.
    pub ticket: Ticket,
    /// Its status.
    pub status: TicketStatus,
    /// Its deliveries.
    pub outbox: Vec<OutboxEntry>,
    /// Hash of site and idempotency key.
    pub key_hash: String,
    /// Hash of what was asked.
    pub body_hash: String,
    /// Salt from which the status token follows.
    pub salt: String,
    /// Hash of the status token.
    pub status_token_hash: String,
    /// Keys from before are forgotten.
    pub keys_expire_before: Timestamp,
}

/// What became of a filing.
#[derive(Debug, Clone)]
pub enum Filed {
    /// Written.
    New,
    /// The key was used before, for the same request.
    Repeated {
        /// The ticket of that time.
        ticket: Box<Ticket>,
        /// Its salt.
        salt: String,
    },
    /// The key was used before, for another request.
    OtherBody,
    /// The reference exists already; nothing was written.
    ReferenceTaken,
}

/// A ticket as stored.
#[derive(Debug, Clone)]
pub struct TicketRecord {
    /// The ticket, at its present level.
    pub ticket: Ticket,
    /// Its status.
    pub status: TicketStatus,
    /// The agent who has it.
    pub assignee: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Its steps, oldest first.
    pub steps: Vec<Step>,
    /// Its deliveries.
    pub outbox: Vec<OutboxEntry>,
    /// Hash of the status token.
    pub status_token_hash: String,
}

/// Which tickets to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Only of this site.
    pub site: Option<String>,
    /// Only with this status.
    pub status: Option<TicketStatus>,
    /// Only at this level.
    pub level: Option<SupportLevel>,
    /// Only of this agent; an empty name: of nobody.
    pub assignee: Option<String>,
    /// Only with all these words in reference, subject, message, name or e-mail address.
    pub q: Option<String>,
    /// At most so many.
    pub limit: u32,
    /// After so many.
    pub offset: u32,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TicketPage {
    /// Tickets that match in all.
    pub total: u64,
    /// Those of this page.
    pub tickets: Vec<TicketSummary>,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TicketSummary {
    /// Reference.
    #[schema(value_type = String, example = "ZD-7K3F9Q")]
    pub reference: Reference,
    /// Site.
    pub site: String,
    /// Status.
    pub status: TicketStatus,
    /// Level.
    pub level: SupportLevel,
    /// Level that will probably be needed.
    pub suggested_level: SupportLevel,
    /// The agent who has it.
    pub assignee: Option<String>,
    /// When it was filed.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// Subject.
    pub subject: String,
    /// Name, e-mail address or phone number of who asks.
    pub requester: String,
}

/// Of which connectors deliveries are claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Of this one.
    Of(String),
    /// Of none of these.
    NotOf(Vec<String>),
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The delivery.
    pub entry: OutboxEntry,
    /// Its ticket.
    pub reference: Reference,
    /// The ticket's subject.
    pub subject: String,
}

/// Something that was done at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LogEntry {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By whom.
    pub agent: String,
    /// What: the kind of a step, or such as `agent_added`.
    pub action: String,
    /// To what: a ticket's reference, an agent's name, a delivery.
    pub subject: String,
}

/// A delivery with a lease on it.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The entry; its `attempts` counts this one.
    pub entry: OutboxEntry,
    /// The ticket.
    pub ticket: Ticket,
    /// The step that the entry tells of.
    pub step: Option<Step>,
}
