//! One person, as far as the database knows anybody: what is asked for, and what was found.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

/// Whose records are meant.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Who sent tickets under this e-mail address.
    pub email: Option<String>,
    /// Who is known by one of these hashes: of a session, or of whatever else events name a person by.
    pub hashes: Vec<String>,
}

/// A row by its columns.
pub type Record = Map<String, Value>;

/// Everything about a person, by table.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Records(pub BTreeMap<String, Vec<Record>>);

impl Records {
    pub(super) fn add(&mut self, table: &str, record: Record) {
        let records = self.0.entry(table.to_owned()).or_default();
        if !records.contains(&record) {
            records.push(record);
        }
    }
}

/// What leads to a person, and what was deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// Ids of tickets.
    pub tickets: BTreeSet<String>,
    /// Hashes of sessions.
    pub sessions: BTreeSet<String>,
    /// Ids of events.
    pub events: BTreeSet<String>,
    /// Where the tickets are known too: connector and id there. Nothing is deleted there.
    pub elsewhere: BTreeSet<(String, String)>,
    /// Rows deleted, by table.
    pub rows: BTreeMap<String, usize>,
}
