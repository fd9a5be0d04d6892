//! What has no answer becomes a ticket: the ladder of levels, tickets with their trail, the outbox, and delivery.
//!
//! [`Desk`] is the one way in. It checks what a visitor sends, composes the ticket, and answers
//! only after ticket, outbox entry and idempotency key are durable together. [`Delivery`] hands
//! filed tickets to their [`connectors`], at least once each.
//!
//! This room knows no HTTP and no SQL: it declares [`TicketStore`] for the store to implement. It
//! never drops a ticket, not even suspected spam, and never lets a request forge its own trail.

mod agent;
pub mod connectors;
mod delivery;
mod error;
mod facade;
mod ladder;
mod outbox;
pub mod redaction;
mod routes;
mod secret;
mod store;
mod ticket;

pub use agent::{Agent, AgentRecord, Role};
pub use delivery::{Delivered, Delivery, Ticked};
pub use error::DeskError;
pub use facade::{Desk, HandedOff};
pub use ladder::{Ladder, SupportLevel};
pub use outbox::{OutboxEntry, OutboxState, RETRY_DELAYS, retry_at};
pub use routes::Routes;
pub use secret::{hash_hex, random_token};
pub use store::{Claimed, Filed, Filing, TicketFilter, TicketPage, TicketRecord, TicketStore, TicketSummary, Whose};
pub use ticket::{
    Asked, Callback, Client, Consent, Context, HandoffReason, HostContext, IndexState, NewTicket, Page, ReadArticle,
    Redaction, Reference, Requester, Step, StepKind, Ticket, TicketStatus, TrailItem, Verified,
};
