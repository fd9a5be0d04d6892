//! Tickets, their outbox and the agents: [`TicketStore`] in SQL.

mod agents;
mod hooks;
mod log;
mod outbox;
mod rows;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, ErrorCode, OptionalExtension, named_params};
use ulid::Ulid;

use super::{Sqlite, StoreError};
use crate::desk::{
    AgentRecord, Claimed, DeadLetter, DeskError, Filed, Filing, LogEntry, OutboxEntry, OutboxState, Reference, Step,
    StepKind, Ticket, TicketFilter, TicketPage, TicketRecord, TicketStore, Whose,
};

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

#[async_trait]
impl TicketStore for Sqlite {
    async fn file(&self, filing: Filing) -> Result<Filed, DeskError> {
        Ok(self.write(move |tx| file(tx, &filing)).await?)
    }

    async fn ticket(&self, reference: &Reference) -> Result<Option<TicketRecord>, DeskError> {
        let reference = reference.clone();
        Ok(self.read(move |conn| ticket(conn, &reference)).await?)
    }

    async fn change(&self, record: TicketRecord, deliveries: Vec<OutboxEntry>) -> Result<bool, DeskError> {
        Ok(self.write(move |tx| change(tx, &record, &deliveries)).await?)
    }

    async fn add_status_token(&self, ticket: Ulid, token_hash: String) -> Result<(), DeskError> {
        let sql = "INSERT INTO status_tokens (token_hash, ticket_id) VALUES (?1, ?2)";
        Ok(self.write(move |tx| Ok(tx.execute(sql, (token_hash, ticket.to_string())).map(drop)?)).await?)
    }

    async fn opens(&self, ticket: Ulid, token_hash: String) -> Result<bool, DeskError> {
        // What is compared is a hash that nobody can choose, so the time of the comparison tells nothing.
        let sql = "SELECT EXISTS (SELECT 1 FROM status_tokens WHERE token_hash = ?1 AND ticket_id = ?2)";
        Ok(self.read(move |conn| Ok(conn.query_row(sql, (token_hash, ticket.to_string()), |row| row.get(0))?)).await?)
    }

    async fn tickets(&self, filter: TicketFilter) -> Result<TicketPage, DeskError> {
        Ok(self.read(move |conn| rows::page(conn, &filter)).await?)
    }

    async fn claim(
        &self,
        owner: &str,
        whose: &Whose,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claimed>, DeskError> {
        let (owner, whose) = (owner.to_owned(), whose.clone());
        let asked = whose.clone();
        // Looking first keeps an idle server from writing every second.
        if !self.read(move |conn| outbox::any_due(conn, &asked, now)).await? {
            return Ok(Vec::new());
        }
        Ok(self.write(move |tx| outbox::claim(tx, &owner, &whose, now, lease, limit)).await?)
    }

    async fn settle(&self, owner: &str, entry: OutboxEntry, now: Timestamp) -> Result<bool, DeskError> {
        let owner = owner.to_owned();
        Ok(self.write(move |tx| outbox::settle(tx, &owner, &entry, now)).await?)
    }

    async fn free_leases(&self, now: Timestamp) -> Result<u64, DeskError> {
        Ok(self.write(move |tx| outbox::free_leases(tx, now)).await?)
    }

    async fn close(&self, connector: &str, reason: &str, now: Timestamp) -> Result<(), DeskError> {
        let (connector, reason) = (connector.to_owned(), reason.to_owned());
        Ok(self.write(move |tx| outbox::close(tx, &connector, &reason, now)).await?)
    }

    async fn closed(&self, connector: &str) -> Result<Option<String>, DeskError> {
        let connector = connector.to_owned();
        Ok(self.read(move |conn| outbox::closed(conn, &connector)).await?)
    }

    async fn known_there_as(&self, connector: &str, remote_id: &str) -> Result<Option<Reference>, DeskError> {
        let (connector, remote_id) = (connector.to_owned(), remote_id.to_owned());
        Ok(self.read(move |conn| hooks::known_there_as(conn, &connector, &remote_id)).await?)
    }

    async fn heeded(&self, id: &str) -> Result<Option<String>, DeskError> {
        let id = id.to_owned();
        Ok(self.read(move |conn| hooks::heeded(conn, &id)).await?)
    }

    async fn heed(&self, id: &str, body_hash: String, now: Timestamp, oldest: Timestamp) -> Result<(), DeskError> {
        let id = id.to_owned();
        Ok(self.write(move |tx| hooks::heed(tx, &id, &body_hash, now, oldest)).await?)
    }

    async fn outbox_counts(&self) -> Result<Vec<(OutboxState, u64)>, DeskError> {
        Ok(self.read(outbox::counts).await?)
    }

    async fn dead_letters(&self, limit: u32, offset: u32) -> Result<(Vec<DeadLetter>, u64), DeskError> {
        Ok(self.read(move |conn| outbox::dead(conn, limit, offset)).await?)
    }

    async fn retry(&self, id: Ulid, entry: LogEntry) -> Result<bool, DeskError> {
        Ok(self.write(move |tx| Ok(outbox::retry(tx, id, entry.at)? && log::add(tx, &entry)?)).await?)
    }

    async fn log(&self, limit: u32, offset: u32) -> Result<Vec<LogEntry>, DeskError> {
        Ok(self.read(move |conn| log::page(conn, limit, offset)).await?)
    }

    async fn note(&self, entry: LogEntry) -> Result<(), DeskError> {
        Ok(self.write(move |tx| log::add(tx, &entry).map(drop)).await?)
    }

    async fn agents(&self) -> Result<Vec<AgentRecord>, DeskError> {
        Ok(self.read(agents::all).await?)
    }

    async fn add_agent(&self, record: AgentRecord, entry: LogEntry) -> Result<bool, DeskError> {
        Ok(self.write(move |tx| Ok(agents::add(tx, &record)? && log::add(tx, &entry)?)).await?)
    }

    async fn add_first_agent(&self, record: AgentRecord) -> Result<bool, DeskError> {
        Ok(self.write(move |tx| if agents::any(tx)? { Ok(false) } else { agents::add(tx, &record) }).await?)
    }

    async fn renew_agent(&self, name: &str, token_hash: String, entry: LogEntry) -> Result<bool, DeskError> {
        let name = name.to_owned();
        Ok(self.write(move |tx| Ok(agents::renew(tx, &name, &token_hash)? && log::add(tx, &entry)?)).await?)
    }

    async fn remove_agent(&self, name: &str, entry: LogEntry) -> Result<bool, DeskError> {
        let name = name.to_owned();
        Ok(self.write(move |tx| Ok(agents::remove(tx, &name)? && log::add(tx, &entry)?)).await?)
    }
}

/// The whole handoff in one transaction. The writer is alone, so looking and then writing is safe;
/// the unique keys would refuse what another process did in between.
fn file(tx: &Connection, filing: &Filing) -> Result<Filed, StoreError> {
    tx.execute("DELETE FROM idempotency_keys WHERE created_ms < ?1", (filing.keys_expire_before.as_millisecond(),))?;
    if let Some((body_hash, salt, ticket)) = used(tx, filing)? {
        let same = body_hash == filing.body_hash;
        return Ok(if same { Filed::Repeated { ticket: Box::new(ticket), salt } } else { Filed::OtherBody });
    }
    match insert_ticket(tx, filing) {
        Ok(()) => {}
        Err(StoreError::Sql(error)) if reference_taken(&error) => return Ok(Filed::ReferenceTaken),
        Err(error) => return Err(error),
    }
    insert_first_step(tx, filing)?;
    filing.outbox.iter().try_for_each(|entry| outbox::insert(tx, &filing.ticket, entry))?;
    insert_key(tx, filing)?;
    Ok(Filed::New)
}

fn used(tx: &Connection, filing: &Filing) -> Result<Option<(String, String, Ticket)>, StoreError> {
    let sql = "SELECT k.body_hash, k.salt, t.handoff FROM idempotency_keys k \
               JOIN tickets t ON t.id = k.ticket_id WHERE k.site = ?1 AND k.key_hash = ?2";
    let row: Option<(String, String, String)> = tx
        .prepare_cached(sql)?
        .query_row((&filing.ticket.site, &filing.key_hash), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    row.map(|(body_hash, salt, handoff)| Ok((body_hash, salt, rows::ticket_from_json(&handoff)?))).transpose()
}

fn reference_taken(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) && error.to_string().contains("tickets.reference")
}

fn insert_ticket(tx: &Connection, filing: &Filing) -> Result<(), StoreError> {
    let sql = "INSERT INTO tickets (id, reference, site, status, level, suggested_level, created_ms, subject, \
               requester, search_text, status_token_hash, session, handoff) VALUES (:id, :reference, :site, :status, \
               :level, :suggested_level, :created_ms, :subject, :requester, :search_text, :status_token_hash, \
               :session, :handoff)";
    let ticket = &filing.ticket;
    tx.prepare_cached(sql)?.execute(named_params! {
        ":id": ticket.id.to_string(),
        ":reference": ticket.reference.as_str(),
        ":site": ticket.site,
        ":status": filing.status.as_str(),
        ":level": ticket.level.0,
        ":suggested_level": ticket.suggested_level.0,
        ":created_ms": ticket.created.as_millisecond(),
        ":subject": ticket.subject,
        ":requester": rows::requester(ticket),
        ":search_text": rows::search_text(ticket),
        ":status_token_hash": filing.status_token_hash,
        ":session": ticket.session,
        ":handoff": rows::to_json(ticket)?,
    })?;
    Ok(())
}

fn insert_first_step(tx: &Connection, filing: &Filing) -> Result<(), StoreError> {
    let Filing { ticket, status, .. } = filing;
    let (at, kind) = (ticket.created, StepKind::Opened);
    let step = Step { at, kind, level: ticket.level, status: *status, agent: None, reason: None };
    rows::insert_step(tx, ticket, 0, &step)?;
    Ok(())
}

/// The ticket as a change left it, unless somebody else was quicker: then its last step has a number that is taken.
fn change(tx: &Connection, record: &TicketRecord, deliveries: &[OutboxEntry]) -> Result<bool, StoreError> {
    let TicketRecord { ticket, status, assignee, outcome, steps, .. } = record;
    let Some((step, earlier)) = steps.split_last() else { return Ok(false) };
    if !rows::insert_step(tx, ticket, earlier.len(), step)? {
        return Ok(false);
    }
    let sql = "UPDATE tickets SET status = :status, level = :level, assignee = :assignee, outcome = :outcome, \
               handoff = :handoff WHERE id = :id";
    tx.prepare_cached(sql)?.execute(named_params! {
        ":status": status.as_str(),
        ":level": ticket.level.0,
        ":assignee": assignee,
        ":outcome": outcome.as_ref().map(rows::to_json).transpose()?,
        ":handoff": rows::to_json(ticket)?,
        ":id": ticket.id.to_string(),
    })?;
    deliveries.iter().try_for_each(|entry| outbox::insert(tx, ticket, entry))?;
    Ok(true)
}

fn insert_key(tx: &Connection, filing: &Filing) -> Result<(), StoreError> {
    let sql = "INSERT INTO idempotency_keys (site, key_hash, body_hash, salt, ticket_id, created_ms) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let ticket = &filing.ticket;
    let created_ms = ticket.created.as_millisecond();
    let row = (&ticket.site, &filing.key_hash, &filing.body_hash, &filing.salt, ticket.id.to_string(), created_ms);
    tx.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// Handoff, status, level, hash of the status token, assignee, outcome.
type TicketRow = (String, String, u8, String, Option<String>, Option<String>);

fn ticket(conn: &Connection, reference: &Reference) -> Result<Option<TicketRecord>, StoreError> {
    let sql = "SELECT handoff, status, level, status_token_hash, assignee, outcome FROM tickets WHERE reference = ?1";
    let row: Option<TicketRow> = conn
        .prepare_cached(sql)?
        .query_row((reference.as_str(),), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })
        .optional()?;
    let Some((handoff, status, level, status_token_hash, assignee, outcome)) = row else { return Ok(None) };
    let mut ticket = rows::ticket_from_json(&handoff)?;
    ticket.level.0 = level;
    let outcome = outcome.map(|json| serde_json::from_str(&json)).transpose();
    let outcome = outcome.map_err(|error| rows::invalid("outcome", error))?;
    let steps = rows::steps(conn, &ticket)?;
    let outbox = outbox::of_ticket(conn, &ticket)?;
    let status = rows::status(&status)?;
    Ok(Some(TicketRecord { ticket, status, assignee, outcome, steps, outbox, status_token_hash }))
}

#[cfg(test)]
mod tests;
