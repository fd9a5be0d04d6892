//! What happened, and what it adds up to: events, sessions, deflection.
//!
//! A handler records an [`Event`]; the [`Recorder`] writes events in batches; [`figures`] folds
//! what was written into figures that say what they counted, how sure they are and what they left
//! out. Figures are always computed from events, so a rule that changes applies to the past too.
//!
//! This room never makes a visitor wait, never stores an address, a cookie or a raw session id,
//! and never stores a visitor's words before they are masked.

mod event;
pub mod figures;
pub mod intervals;
mod recorder;
mod session;
mod store;
mod trail;

pub use event::{Event, EventId, EventKind, MaskedText, Origin, SCHEMA, Surface, Trigger, ViewSource};
pub use recorder::Recorder;
pub use session::{Salt, Salts, Session, SessionHash, Visitor};
pub use store::{EventStore, InsightError};
pub use trail::{ArticleRead, Trail, TrailSearch};
