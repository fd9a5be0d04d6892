//! Agents with the hashes of their tokens.

use rusqlite::{Connection, Row};

use super::{
    super::StoreError,
    rows::{invalid, time},
};
use crate::desk::{Agent, AgentRecord, Role};

pub(super) fn any(conn: &Connection) -> Result<bool, StoreError> {
    Ok(conn.query_row("SELECT EXISTS (SELECT 1 FROM agents)", (), |row| row.get(0))?)
}

pub(super) fn all(conn: &Connection) -> Result<Vec<AgentRecord>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT name, role, token_hash, created_ms FROM agents ORDER BY name")?;
    let mut rows = statement.query(())?;
    let mut agents = Vec::new();
    while let Some(row) = rows.next()? {
        agents.push(record(row)?);
    }
    Ok(agents)
}

fn record(row: &Row<'_>) -> Result<AgentRecord, StoreError> {
    let name: String = row.get(1)?;
    let role = Role::ALL.into_iter().find(|role| role.as_str() == name).ok_or_else(|| invalid("role", name))?;
    let agent = Agent { name: row.get(0)?, role, created: time(row.get(3)?)? };
    Ok(AgentRecord { agent, token_hash: row.get(2)? })
}

pub(super) fn add(tx: &Connection, record: &AgentRecord) -> Result<bool, StoreError> {
    let AgentRecord { agent, token_hash } = record;
    let sql = "INSERT INTO agents (name, role, token_hash, created_ms) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (name) DO NOTHING";
    let row = (&agent.name, agent.role.as_str(), token_hash, agent.created.as_millisecond());
    Ok(tx.execute(sql, row)? == 1)
}

pub(super) fn renew(tx: &Connection, name: &str, token_hash: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("UPDATE agents SET token_hash = ?2 WHERE name = ?1", (name, token_hash))? == 1)
}

pub(super) fn remove(tx: &Connection, name: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM agents WHERE name = ?1", (name,))? == 1)
}
