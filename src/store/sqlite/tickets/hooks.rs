//! Calls of other help desks: which ticket is meant, and what has been heeded.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{super::StoreError, rows::invalid};
use crate::desk::Reference;

pub(super) fn known_there_as(
    conn: &Connection,
    connector: &str,
    remote_id: &str,
) -> Result<Option<Reference>, StoreError> {
    let sql = "SELECT t.reference FROM outbox o JOIN tickets t ON t.id = o.ticket_id \
               WHERE o.connector = ?1 AND o.remote_id = ?2 ORDER BY o.created_ms DESC LIMIT 1";
    let found: Option<String> =
        conn.prepare_cached(sql)?.query_row((connector, remote_id), |row| row.get(0)).optional()?;
    found.map(|text| text.try_into().map_err(|error: String| invalid("reference", error))).transpose()
}

pub(super) fn heeded(conn: &Connection, id: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT body_hash FROM hook_calls WHERE id = ?1";
    Ok(conn.prepare_cached(sql)?.query_row((id,), |row| row.get(0)).optional()?)
}

pub(super) fn heed(
    tx: &Connection,
    id: &str,
    body_hash: &str,
    now: Timestamp,
    oldest: Timestamp,
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM hook_calls WHERE heeded_ms < ?1", (oldest.as_millisecond(),))?;
    let sql = "INSERT INTO hook_calls (id, body_hash, heeded_ms) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING";
    tx.execute(sql, (id, body_hash, now.as_millisecond()))?;
    Ok(())
}
