//! People who work at the desk, known by their access tokens.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{
    DeskError,
    secret::{hash_hex, random_token},
};

/// Beginning of every access token, by which people and scanners recognise it.
const PREFIX: &str = "zdk_";
/// Longest name, in characters.
const NAME_LENGTH: usize = 60;

/// Someone who may work on tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Agent {
    /// Name, unique.
    pub name: String,
    /// What the agent may do.
    pub role: Role,
    /// When the agent was added.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
}

/// What an agent may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Work on tickets.
    Agent,
    /// Also look after agents, deliveries that were given up, and the log.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 2] = [Self::Agent, Self::Admin];

    /// The role that may do least.
    #[must_use]
    pub fn least() -> Self {
        Self::Agent
    }

    /// The name at rest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }
}

/// An agent as stored: with the hash of the token, never with the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRecord {
    /// The agent.
    pub agent: Agent,
    /// SHA-256 of the access token, hexadecimal.
    pub token_hash: String,
}

impl AgentRecord {
    /// Whether `token` is this agent's, compared in constant time.
    pub(super) fn accepts(&self, token_hash: &str) -> bool {
        self.token_hash.as_bytes().ct_eq(token_hash.as_bytes()).into()
    }
}

/// A new access token of 256 bits.
pub(super) fn access_token() -> Result<String, DeskError> {
    random_token::<32>().map(|token| format!("{PREFIX}{token}"))
}

pub(super) fn token_hash(token: &str) -> String {
    hash_hex(&[b"agent", token.as_bytes()])
}

/// A name that can be shown in one line.
pub(super) fn check_name(name: &str) -> Result<(), DeskError> {
    let plain = !name.trim().is_empty() && name.trim() == name && !name.chars().any(char::is_control);
    if plain && name.chars().count() <= NAME_LENGTH {
        return Ok(());
    }
    Err(DeskError::invalid("name", format!("give a name of 1 to {NAME_LENGTH} characters, without spaces around it")))
}
