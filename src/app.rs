//! Every part of the server, built from the configuration: the one struct that handlers see.
//!
//! It decides nothing itself. It never speaks HTTP and never reads the clock but through
//! [`App::now`], so that tests choose the time.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{config::Config, desk::Desk, insight::Insight};

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of the machine.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// All parts of a running server.
pub struct App {
    /// What was configured.
    pub config: Arc<Config>,
    /// Where the time comes from.
    pub clock: Clock,
    /// Tickets and agents.
    pub desk: Desk,
    /// Events and figures.
    pub insight: Insight,
}

impl App {
    /// The time that everything in this request happens at.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}
