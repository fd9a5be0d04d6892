//! What agents did: the steps of tickets that have an agent, and the desk's own log.

use rusqlite::Connection;

use super::{super::StoreError, rows::time};
use crate::desk::LogEntry;

/// Always true, so that it can follow a condition.
pub(super) fn add(tx: &Connection, entry: &LogEntry) -> Result<bool, StoreError> {
    let sql = "INSERT INTO desk_log (at_ms, agent, action, subject) VALUES (?1, ?2, ?3, ?4)";
    let LogEntry { at, agent, action, subject } = entry;
    tx.prepare_cached(sql)?.execute((at.as_millisecond(), agent, action, subject))?;
    Ok(true)
}

pub(super) fn page(conn: &Connection, limit: u32, offset: u32) -> Result<Vec<LogEntry>, StoreError> {
    let sql = "SELECT s.at_ms, s.agent, s.kind, t.reference FROM ticket_steps s JOIN tickets t ON t.id = s.ticket_id \
               WHERE s.agent IS NOT NULL UNION ALL SELECT at_ms, agent, action, subject FROM desk_log \
               ORDER BY 1 DESC LIMIT ?1 OFFSET ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((limit, offset))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(LogEntry {
            at: time(row.get(0)?)?,
            agent: row.get(1)?,
            action: row.get(2)?,
            subject: row.get(3)?,
        });
    }
    Ok(entries)
}
