//! What has no answer becomes a ticket: the ladder of levels, tickets with their trail, the outbox, and delivery.
//!
//! [`Desk`] is the one way in. It checks what a visitor sends, composes the ticket, and answers
//! only after ticket, outbox entry and idempotency key are durable together. [`Delivery`] hands
//! filed tickets to their [`connectors`], at least once each.
//!
//! This room knows no HTTP and no SQL: it declares [`TicketStore`] for the store to implement. It
//! never drops a ticket, not even suspected spam, and never lets a request forge its own trail.

mod agent;
mod calendar;
pub mod connectors;
mod delivery;
mod draft;
mod error;
mod escalation;
mod facade;
mod identity;
mod ladder;
mod matching;
mod outbox;
pub mod redaction;
mod routes;
mod secret;
mod store;
mod ticket;
mod work;

pub use agent::{Agent, AgentRecord, Role};
pub use calendar::{Calendar, Clock, ClockState, Clocks, clocks};
pub use delivery::{Delivered, Delivery, Ticked};
pub use draft::Draft;
pub use error::DeskError;
pub use escalation::{Consultation, Escalation, Terms};
pub use facade::{Desk, HandedOff};
pub use ladder::{Ladder, SupportLevel};
pub use outbox::{OutboxEntry, OutboxState, RETRY_DELAYS, retry_at};
pub use routes::Routes;
pub use secret::{hash_hex, random_token};
pub use store::{
    Claimed, DeadLetter, Filed, Filing, LogEntry, TicketFilter, TicketPage, TicketRecord, TicketStore, TicketSummary,
    Whose,
};
pub use ticket::{
    Asked, AskedExternal, CallWindow, Callback, Client, Consent, Context, Contract, External, HandoffReason,
    HostContext, IndexState, NewTicket, Outcome, OutcomeKind, Page, ReadArticle, Redaction, Reference, Requester, Step,
    StepKind, Ticket, TicketStatus, TrailItem, Verified,
};
pub use work::{Actor, Change};
