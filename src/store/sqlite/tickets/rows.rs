//! Between rows and the desk's types.

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params, params_from_iter};

use super::super::StoreError;
use crate::desk::{Step, StepKind, SupportLevel, Ticket, TicketFilter, TicketPage, TicketStatus, TicketSummary};

pub(super) fn to_json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| invalid("ticket", error))
}

pub(super) fn ticket_from_json(json: &str) -> Result<Ticket, StoreError> {
    serde_json::from_str(json).map_err(|error| invalid("ticket", error))
}

pub(super) fn invalid(what: &'static str, detail: impl std::fmt::Display) -> StoreError {
    StoreError::Value { what, detail: detail.to_string() }
}

pub(super) fn time(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|error| invalid("time", error))
}

pub(super) fn status(name: &str) -> Result<TicketStatus, StoreError> {
    let found = TicketStatus::ALL.into_iter().find(|status| status.as_str() == name);
    found.ok_or_else(|| invalid("ticket status", name))
}

/// Who asks, in one line: the name, else how to reach them.
pub(super) fn requester(ticket: &Ticket) -> String {
    let requester = &ticket.requester;
    let names = [&requester.name, &requester.email];
    let name = names.into_iter().find(|name| !name.is_empty()).cloned();
    name.or_else(|| requester.phone.clone()).unwrap_or_default()
}

/// All in which the desk searches, in lower case.
pub(super) fn search_text(ticket: &Ticket) -> String {
    let requester = &ticket.requester;
    let phone = requester.phone.as_deref().unwrap_or_default();
    [ticket.reference.as_str(), &ticket.subject, &ticket.message, &requester.name, &requester.email, phone]
        .join("\n")
        .to_lowercase()
}

pub(super) fn steps(conn: &Connection, ticket: &Ticket) -> Result<Vec<Step>, StoreError> {
    let sql =
        "SELECT at_ms, kind, level, agent, reason, status FROM ticket_steps WHERE ticket_id = ?1 ORDER BY position";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((ticket.id.to_string(),))?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push(step(row)?);
    }
    Ok(steps)
}

/// One step by its position.
pub(super) fn step_at(conn: &Connection, ticket: &Ticket, position: u32) -> Result<Step, StoreError> {
    let sql =
        "SELECT at_ms, kind, level, agent, reason, status FROM ticket_steps WHERE ticket_id = ?1 AND position = ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((ticket.id.to_string(), position))?;
    rows.next()?.map(step).transpose()?.ok_or_else(|| invalid("step", position))
}

fn step(row: &Row<'_>) -> Result<Step, StoreError> {
    let name: String = row.get(1)?;
    let kind = StepKind::ALL.into_iter().find(|kind| kind.as_str() == name);
    Ok(Step {
        at: time(row.get(0)?)?,
        kind: kind.ok_or_else(|| invalid("ticket step", name))?,
        level: SupportLevel(row.get(2)?),
        status: status(&row.get::<_, String>(5)?)?,
        agent: row.get(3)?,
        reason: row.get(4)?,
    })
}

/// Adds a step; `false` when the ticket has a step of this number already.
pub(super) fn insert_step(tx: &Connection, ticket: &Ticket, position: usize, step: &Step) -> Result<bool, StoreError> {
    let sql = "INSERT INTO ticket_steps (ticket_id, position, at_ms, kind, level, status, agent, reason) \
               VALUES (:ticket_id, :position, :at_ms, :kind, :level, :status, :agent, :reason) ON CONFLICT DO NOTHING";
    let inserted = tx.prepare_cached(sql)?.execute(named_params! {
        ":ticket_id": ticket.id.to_string(),
        ":position": position.cast_signed() as i64,
        ":at_ms": step.at.as_millisecond(),
        ":kind": step.kind.as_str(),
        ":level": step.level.0,
        ":status": step.status.as_str(),
        ":agent": step.agent,
        ":reason": step.reason,
    })?;
    Ok(inserted == 1)
}

/// One page of the list with the number of all that match.
pub(super) fn page(conn: &Connection, filter: &TicketFilter) -> Result<TicketPage, StoreError> {
    let (conditions, values) = conditions(filter);
    let count = format!("SELECT count(*) FROM tickets WHERE {conditions}");
    let total: i64 = conn.prepare_cached(&count)?.query_row(params_from_iter(&values), |row| row.get(0))?;
    let list = format!(
        "SELECT reference, site, status, level, suggested_level, created_ms, subject, requester, assignee FROM tickets \
         WHERE {conditions} ORDER BY created_ms DESC, id DESC LIMIT {} OFFSET {}",
        filter.limit, filter.offset
    );
    let mut statement = conn.prepare_cached(&list)?;
    let mut rows = statement.query(params_from_iter(&values))?;
    let mut tickets = Vec::new();
    while let Some(row) = rows.next()? {
        tickets.push(summary(row)?);
    }
    Ok(TicketPage { total: total.unsigned_abs(), tickets })
}

/// Conditions with a place for each value; no text of anyone becomes SQL.
fn conditions(filter: &TicketFilter) -> (String, Vec<String>) {
    let (mut conditions, mut values) = (vec!["1 = 1"], Vec::new());
    if let Some(site) = &filter.site {
        conditions.push("site = ?");
        values.push(site.clone());
    }
    if let Some(status) = filter.status {
        conditions.push("status = ?");
        values.push(status.as_str().into());
    }
    if let Some(level) = filter.level {
        conditions.push("level = CAST(? AS INTEGER)");
        values.push(level.to_string());
    }
    if let Some(name) = &filter.assignee {
        conditions.push("coalesce(assignee, '') = ?");
        values.push(name.clone());
    }
    // A handful of words narrows any list down.
    for word in filter.q.iter().flat_map(|q| q.split_whitespace()).take(8) {
        conditions.push("search_text LIKE ? ESCAPE '\\'");
        values.push(format!("%{}%", escaped(&word.to_lowercase())));
    }
    (conditions.join(" AND "), values)
}

fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn summary(row: &Row<'_>) -> Result<TicketSummary, StoreError> {
    let reference: String = row.get(0)?;
    let status_name: String = row.get(2)?;
    Ok(TicketSummary {
        reference: reference.try_into().map_err(|error: String| invalid("reference", error))?,
        site: row.get(1)?,
        status: status(&status_name)?,
        level: SupportLevel(row.get(3)?),
        suggested_level: SupportLevel(row.get(4)?),
        created: time(row.get(5)?)?,
        subject: row.get(6)?,
        requester: row.get(7)?,
        assignee: row.get(8)?,
    })
}
