//! The one error type of the desk.

/// Why the desk could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// A field of the request cannot be accepted.
    #[error("{field}: {message}")]
    Invalid {
        /// The field, as a path in the request: `requester.email`.
        field: String,
        /// What is wrong and what to send instead.
        message: String,
    },
    /// The idempotency key has been used for another request.
    #[error("this idempotency key was already used for a ticket with other contents; send a new key for a new ticket")]
    Mismatch,
    /// An agent of this name exists.
    #[error("there is already an agent called {name:?}; choose another name, or renew the token of this one")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// No agent has this name.
    #[error("there is no agent called {name:?}")]
    UnknownAgent {
        /// The name.
        name: String,
    },
    /// The last admin cannot go: nobody could look after agents any more.
    #[error("{name:?} is the last admin; make another one first")]
    LastAdmin {
        /// The name.
        name: String,
    },
    /// There is no such delivery that was given up.
    #[error("there is no delivery {id} that was given up")]
    UnknownDelivery {
        /// The delivery.
        id: ulid::Ulid,
    },
    /// The draft of an article could not be written.
    #[error("cannot write into the folder of drafts {}: {source}; make it writable, or set `desk.drafts`", folder.display())]
    Draft {
        /// The folder.
        folder: std::path::PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The store, or the source of random numbers, does not work at the moment. Nothing was kept.
    #[error("the desk cannot keep or read tickets at the moment: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl DeskError {
    /// An error about one field.
    pub(super) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }
}
