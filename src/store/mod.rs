//! What must last: tickets, their outbox, agents and events, in one embedded database.
//!
//! The rooms that need something kept declare a trait for it (`desk::TicketStore`,
//! `insight::EventStore`); this room implements them. `SQLite` is the first implementation; a second
//! one for several nodes can stand beside it because nothing outside this room knows SQL, and
//! nothing inside it assumes that one process owns the tickets. The SQL is kept standard.
//!
//! It decides nothing about tickets or figures, and it never answers "stored" before the disk has
//! said so.

mod error;
mod lock;
mod person;
pub mod sqlite;

pub use error::StoreError;
pub use lock::DataLock;
pub use person::{Person, Record, Records, Traces};
pub use sqlite::Sqlite;
