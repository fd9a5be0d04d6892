//! Everything about one person: read to be handed over, or deleted for good.
//!
//! Tables are found by their columns (`ticket_id`, `session`), so that a table which is added later
//! is covered, too. What is deleted is overwritten in the file (as every connection here does), and the
//! write-ahead log is emptied.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params, types::ValueRef};
use serde_json::{Map, Value};

use super::{Sqlite, StoreError, connect, learned::revised};
use crate::store::{Person, Record, Records, Traces};

/// Columns that name a session, in any table.
const SESSION_COLUMNS: [&str; 4] = ["session", "previous", "other", "requester"];
/// Names under which somebody is looked for in the text of tickets.
const EMAIL_PATH: &str = "$.requester.email";

impl Sqlite {
    /// Everything that is kept about a person.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn records_of(&self, person: Person) -> Result<Records, StoreError> {
        self.read(move |connection| {
            let traces = traces(connection, &person)?;
            let mut records = Records::default();
            each(connection, &traces, &mut |table, condition, value| {
                let sql = format!("SELECT * FROM {table} WHERE {condition}");
                let mut statement = connection.prepare(&sql)?;
                let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
                let mut rows = statement.query(params![value])?;
                while let Some(row) = rows.next()? {
                    records.add(table, record(&names, row)?);
                }
                Ok(())
            })?;
            Ok(records)
        })
        .await
    }

    /// Deletes everything that is kept about a person, and says so in the desk's log without naming anybody. Returns
    /// how many rows of each table are gone, and where tickets were sent.
    ///
    /// # Errors
    /// The database cannot be written; then everything is still there.
    pub async fn erase(&self, person: Person, now: Timestamp) -> Result<Traces, StoreError> {
        let erased = self.write(move |transaction| {
            let mut traces = traces(transaction, &person)?;
            recount(transaction, &traces)?;
            let mut gone = Vec::new();
            each(transaction, &traces, &mut |table, condition, value| {
                let rows = transaction.execute(&format!("DELETE FROM {table} WHERE {condition}"), params![value])?;
                gone.push((table.to_owned(), rows));
                Ok(())
            })?;
            for (table, rows) in gone {
                *traces.rows.entry(table).or_default() += rows;
            }
            traces.rows.retain(|_, rows| *rows > 0);
            if !traces.rows.is_empty() {
                let sql = "INSERT INTO desk_log (at_ms, agent, action, subject) VALUES (?1, ?2, ?3, ?4)";
                let subject = format!("{} tickets", traces.tickets.len());
                transaction.execute(sql, params![now.as_millisecond(), "command line", "visitor_erased", subject])?;
                revised(transaction)?;
            }
            Ok(traces)
        });
        let erased = erased.await?;
        // The log still has what the file has no more.
        connect(&self.0.path)?.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))?;
        Ok(erased)
    }
}

/// What leads to a person: tickets by e-mail address or session, sessions of these tickets, and their events.
fn traces(connection: &Connection, person: &Person) -> Result<Traces, StoreError> {
    let mut traces = Traces::default();
    traces.sessions.extend(person.hashes.iter().cloned());
    if let Some(email) = &person.email {
        let sql = format!(
            "SELECT id, session FROM tickets WHERE lower(trim(json_extract(handoff, '{EMAIL_PATH}'))) = lower(trim(?1))"
        );
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query(params![email])?;
        while let Some(row) = rows.next()? {
            traces.tickets.insert(row.get(0)?);
            traces.sessions.extend(row.get::<_, Option<String>>(1)?);
        }
    }
    for session in traces.sessions.clone() {
        // A session that ran over midnight has two names.
        let sql = "SELECT DISTINCT session, previous FROM events WHERE session = ?1 OR previous = ?1 OR requester = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![session])?;
        while let Some(row) = rows.next()? {
            traces.sessions.insert(row.get(0)?);
            traces.sessions.extend(row.get::<_, Option<String>>(1)?);
        }
    }
    for session in &traces.sessions {
        // Somebody else may have sent a ticket from the same tab.
        if person.email.is_none() {
            let mut statement = connection.prepare_cached("SELECT id FROM tickets WHERE session = ?1")?;
            let ids = statement.query_map(params![session], |row| row.get(0))?;
            traces.tickets.extend(ids.collect::<Result<Vec<String>, _>>()?);
        }
        let mut statement = connection.prepare_cached("SELECT id FROM events WHERE session = ?1")?;
        let ids = statement.query_map(params![session], |row| row.get(0))?;
        traces.events.extend(ids.collect::<Result<Vec<String>, _>>()?);
    }
    let mut statement =
        connection.prepare("SELECT connector, remote_id FROM outbox WHERE ticket_id = ?1 AND remote_id IS NOT NULL")?;
    for ticket in &traces.tickets {
        let rows = statement.query_map(params![ticket], |row| Ok((row.get(0)?, row.get(1)?)))?;
        traces.elsewhere.extend(rows.collect::<Result<Vec<(String, String)>, _>>()?);
    }
    Ok(traces)
}

/// Lets the days of these visits be counted anew: their lists may hold the person's words. A day whose other events are
/// gone already stays as it was counted, without them.
fn recount(transaction: &Connection, traces: &Traces) -> Result<(), StoreError> {
    let mut forget = transaction.prepare(
        "DELETE FROM days_counted WHERE (site, day) IN
             (SELECT e.site, date(e.at_ms / 1000 - d.back, 'unixepoch')
              FROM events e, (SELECT 0 AS back UNION SELECT 86400) d WHERE e.id = ?1)
         AND NOT EXISTS (SELECT 1 FROM events_deleted WHERE before_ms > unixepoch(day) * 1000)",
    )?;
    for event in &traces.events {
        forget.execute(params![event])?;
    }
    Ok(())
}

/// Calls `sink` with table, condition (of one value) and value for whatever belongs to the traces; what refers to
/// tickets comes before the tickets.
fn each(
    connection: &Connection,
    traces: &Traces,
    sink: &mut dyn FnMut(&str, &str, &str) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let columns = columns(connection)?;
    let with = |wanted: &'static str| columns.iter().filter(move |(_, column)| column == wanted);
    for ticket in &traces.tickets {
        for (table, _) in with("ticket_id") {
            sink(table, "ticket_id = ?1", ticket)?;
        }
    }
    for ticket in &traces.tickets {
        let sql = "SELECT reference FROM tickets WHERE id = ?1";
        let reference: String = connection.query_row(sql, params![ticket], |row| row.get(0))?;
        sink("events", "json_extract(kind, '$.reference') = ?1", &reference)?;
        sink("desk_log", "subject = ?1", &reference)?;
        sink("testimonies", "id = ?1", &format!("ticket {reference}"))?;
        sink("tickets", "id = ?1", ticket)?;
    }
    for event in &traces.events {
        sink("event_networks", "event = ?1", event)?;
    }
    for session in &traces.sessions {
        for column in SESSION_COLUMNS {
            for (table, _) in columns.iter().filter(|(table, found)| found == column && table != "tickets") {
                sink(table, &format!("{column} = ?1"), session)?;
            }
        }
    }
    Ok(())
}

/// Tables and their columns.
fn columns(connection: &Connection) -> Result<BTreeSet<(String, String)>, StoreError> {
    let sql = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A row as JSON. Columns that hold JSON are taken apart.
fn record(names: &[String], row: &Row) -> Result<Record, StoreError> {
    let mut record = Map::new();
    for (at, name) in names.iter().enumerate() {
        let value = match row.get_ref(at)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) | ValueRef::Blob(text) => {
                let text = String::from_utf8_lossy(text);
                let nested = text.starts_with(['{', '[']).then(|| serde_json::from_str(&text).ok()).flatten();
                nested.unwrap_or_else(|| text.into())
            }
        };
        record.insert(name.clone(), value);
    }
    Ok(record)
}
