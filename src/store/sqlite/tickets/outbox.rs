//! The outbox: what is owed to connectors, and who is at it.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params, types::Value};
use ulid::Ulid;

use super::{
    super::StoreError,
    rows::{self, invalid, ticket_from_json, time},
};
use crate::desk::{Claimed, DeadLetter, OutboxEntry, OutboxState, Ticket, Whose};

/// Entries that may be claimed at `:now`: due ones, and those whose lease has ended. What was last touched later than now
/// was so by a clock that has been put right since, and its due time means nothing.
const DUE: &str = "((state IN ('pending', 'retry') AND (due_ms <= :now OR updated_ms > :now + 60000)) \
                   OR (state = 'leased' AND lease_until_ms <= :now))";

pub(super) fn insert(tx: &Connection, ticket: &Ticket, entry: &OutboxEntry) -> Result<(), StoreError> {
    let sql = "INSERT INTO outbox (id, ticket_id, connector, step, state, attempts, due_ms, remote_id, created_ms, \
               updated_ms) VALUES (:id, :ticket_id, :connector, :step, :state, :attempts, :due_ms, :remote_id, :now, :now)";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":id": entry.id.to_string(),
        ":ticket_id": ticket.id.to_string(),
        ":connector": entry.connector,
        ":step": entry.step,
        ":state": entry.state.as_str(),
        ":attempts": entry.attempts,
        ":due_ms": entry.due.as_millisecond(),
        ":remote_id": entry.remote_id,
        ":now": ticket.created.as_millisecond(),
    })?;
    Ok(())
}

/// Values by the names of their places.
type Named = Vec<(String, Value)>;

/// The condition for [`Whose`] with a place for each name.
fn connectors(whose: &Whose) -> (String, Named) {
    let (operator, listed) = match whose {
        Whose::Of(name) => ("IN", std::slice::from_ref(name)),
        Whose::NotOf(all) => ("NOT IN", all.as_slice()),
    };
    let named: Named =
        (0..).zip(listed).map(|(at, name): (usize, _)| (format!(":c{at}"), name.clone().into())).collect();
    let places: Vec<&str> = named.iter().map(|(place, _)| place.as_str()).collect();
    (format!("connector {operator} ({})", places.join(", ")), named)
}

fn places(named: &Named) -> Vec<(&str, &Value)> {
    named.iter().map(|(place, value)| (place.as_str(), value)).collect()
}

pub(super) fn any_due(conn: &Connection, whose: &Whose, now: Timestamp) -> Result<bool, StoreError> {
    let (condition, mut named) = connectors(whose);
    let sql = format!("SELECT EXISTS (SELECT 1 FROM outbox WHERE {condition} AND {DUE})");
    named.push((":now".into(), now.as_millisecond().into()));
    Ok(conn.prepare_cached(&sql)?.query_row(places(&named).as_slice(), |row| row.get(0))?)
}

pub(super) fn claim(
    tx: &Connection,
    owner: &str,
    whose: &Whose,
    now: Timestamp,
    lease: SignedDuration,
    limit: u32,
) -> Result<Vec<Claimed>, StoreError> {
    let until = now.checked_add(lease).map_err(|error| invalid("lease", error))?;
    let (condition, mut named) = connectors(whose);
    let sql = format!(
        "UPDATE outbox SET state = 'leased', attempts = attempts + 1, lease_owner = :owner, lease_until_ms = :until, \
         updated_ms = :now WHERE id IN (SELECT id FROM outbox WHERE {condition} AND {DUE} ORDER BY due_ms, id LIMIT :limit) \
         RETURNING id, connector, state, attempts, due_ms, remote_id, last_error, step, ticket_id"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    named.extend([
        (":owner".into(), owner.to_owned().into()),
        (":until".into(), until.as_millisecond().into()),
        (":now".into(), now.as_millisecond().into()),
        (":limit".into(), limit.into()),
    ]);
    let mut rows = statement.query(places(&named).as_slice())?;
    let mut claimed = Vec::new();
    while let Some(row) = rows.next()? {
        let (entry, ticket_id) = (entry(row)?, row.get::<_, String>(8)?);
        let ticket = ticket_by_id(tx, &ticket_id)?;
        let step = entry.step.map(|position| rows::step_at(tx, &ticket, position)).transpose()?;
        claimed.push(Claimed { entry, ticket, step });
    }
    claimed.sort_by_key(|claimed| (claimed.entry.due, claimed.entry.id));
    Ok(claimed)
}

fn ticket_by_id(tx: &Connection, id: &str) -> Result<Ticket, StoreError> {
    let mut statement = tx.prepare_cached("SELECT handoff, level FROM tickets WHERE id = ?1")?;
    let (handoff, level): (String, u8) = statement.query_row((id,), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut ticket = ticket_from_json(&handoff)?;
    ticket.level.0 = level;
    Ok(ticket)
}

/// Records an outcome, unless the lease has gone to somebody else meanwhile.
pub(super) fn settle(tx: &Connection, owner: &str, entry: &OutboxEntry, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE outbox SET state = :state, due_ms = :due_ms, remote_id = :remote_id, last_error = :last_error, \
               lease_owner = NULL, lease_until_ms = NULL, updated_ms = :now \
               WHERE id = :id AND state = 'leased' AND lease_owner = :owner";
    let changed = tx.prepare_cached(sql)?.execute(named_params! {
        ":state": entry.state.as_str(),
        ":due_ms": entry.due.as_millisecond(),
        ":remote_id": entry.remote_id,
        ":last_error": entry.last_error,
        ":now": now.as_millisecond(),
        ":id": entry.id.to_string(),
        ":owner": owner,
    })?;
    Ok(changed == 1)
}

/// One server has this database (`DataLock`), so every lease at its start is of a server that has ended.
pub(super) fn free_leases(tx: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "UPDATE outbox SET state = 'retry', due_ms = :now, lease_owner = NULL, lease_until_ms = NULL, \
               updated_ms = :now WHERE state = 'leased'";
    Ok(tx.execute(sql, named_params! { ":now": now.as_millisecond() })? as u64)
}

pub(super) fn close(tx: &Connection, connector: &str, reason: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO closed_connectors (name, reason, closed_ms) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING";
    tx.execute(sql, (connector, reason, now.as_millisecond()))?;
    Ok(())
}

pub(super) fn closed(conn: &Connection, connector: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT reason FROM closed_connectors WHERE name = ?1";
    Ok(conn.prepare_cached(sql)?.query_row((connector,), |row| row.get(0)).optional()?)
}

pub(super) fn counts(conn: &Connection) -> Result<Vec<(OutboxState, u64)>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT state, count(*) FROM outbox GROUP BY state")?;
    let mut rows = statement.query(())?;
    let mut counts = OutboxState::ALL.map(|state| (state, 0)).to_vec();
    while let Some(row) = rows.next()? {
        let (found, count) = (state(row.get(0)?)?, row.get::<_, i64>(1)?);
        counts.iter_mut().filter(|(state, _)| *state == found).for_each(|slot| slot.1 = count.unsigned_abs());
    }
    Ok(counts)
}

pub(super) fn of_ticket(conn: &Connection, ticket: &Ticket) -> Result<Vec<OutboxEntry>, StoreError> {
    let sql = "SELECT id, connector, state, attempts, due_ms, remote_id, last_error, step FROM outbox \
               WHERE ticket_id = ?1 ORDER BY id";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((ticket.id.to_string(),))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

/// Deliveries that were given up, newest first, and how many there are.
pub(super) fn dead(conn: &Connection, limit: u32, offset: u32) -> Result<(Vec<DeadLetter>, u64), StoreError> {
    let count = "SELECT count(*) FROM outbox WHERE state = 'dead'";
    let total: i64 = conn.prepare_cached(count)?.query_row((), |row| row.get(0))?;
    let sql = "SELECT o.id, o.connector, o.state, o.attempts, o.due_ms, o.remote_id, o.last_error, o.step, \
               t.reference, t.subject FROM outbox o JOIN tickets t ON t.id = o.ticket_id WHERE o.state = 'dead' \
               ORDER BY o.updated_ms DESC, o.id DESC LIMIT ?1 OFFSET ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((limit, offset))?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        let reference: String = row.get(8)?;
        let reference = reference.try_into().map_err(|error: String| invalid("reference", error))?;
        letters.push(DeadLetter { entry: entry(row)?, reference, subject: row.get(9)? });
    }
    Ok((letters, total.unsigned_abs()))
}

pub(super) fn retry(tx: &Connection, id: Ulid, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE outbox SET state = 'retry', attempts = 0, due_ms = :now, updated_ms = :now \
               WHERE id = :id AND state = 'dead'";
    let retried = tx.execute(sql, named_params! { ":now": now.as_millisecond(), ":id": id.to_string() })? == 1;
    if retried {
        // Whoever retries wants the receiver to be called again.
        let open = "DELETE FROM closed_connectors WHERE name = (SELECT connector FROM outbox WHERE id = ?1)";
        tx.execute(open, (id.to_string(),))?;
    }
    Ok(retried)
}

fn entry(row: &Row<'_>) -> Result<OutboxEntry, StoreError> {
    let id: String = row.get(0)?;
    Ok(OutboxEntry {
        id: id.parse().map_err(|error| invalid("outbox id", error))?,
        connector: row.get(1)?,
        state: state(row.get(2)?)?,
        attempts: row.get(3)?,
        due: time(row.get(4)?)?,
        remote_id: row.get(5)?,
        last_error: row.get(6)?,
        step: row.get(7)?,
    })
}

fn state(name: String) -> Result<OutboxState, StoreError> {
    let found = OutboxState::ALL.into_iter().find(|state| state.as_str() == name);
    found.ok_or_else(|| invalid("outbox state", name))
}
