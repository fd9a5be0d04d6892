//! What people do with a ticket: pure steps from one state of it to the next.
//!
//! [`apply`] checks a [`Change`] and gives the ticket as it is afterwards, with one step more. It
//! writes nothing: the desk stores the outcome if the ticket has not moved on in the meantime.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Calendar, Callback, DeskError, Ladder, Outcome, OutcomeKind, Step, StepKind, TicketRecord, TicketStatus,
    escalation::{self, Consultation, Escalation, Terms},
    ticket::{at_most, paragraphs},
};

/// Answers that a visitor may add to one ticket.
const MAX_ANSWERS: usize = 100;

/// Something to be done with a ticket.
#[derive(Debug, Clone)]
pub enum Change {
    /// Writes something for other agents.
    Note(String),
    /// Writes to who asked.
    Reply {
        /// The text.
        text: String,
        /// Whether the ticket then waits for an answer.
        wait: bool,
    },
    /// Who asked writes.
    Answer(String),
    /// Gives it to an agent, or to nobody. The caller has checked that the agent exists.
    Assign(Option<String>),
    /// Adds a call-back.
    Callback(Callback),
    /// Adds a contract.
    Contract(Terms),
    /// Adds a vendor, and the consent where it was given.
    Consent(Consultation),
    /// Moves it up.
    Escalate(Box<Escalation>),
    /// Ends it.
    Resolve {
        /// How.
        outcome: Outcome,
        /// What who asked gets to read.
        text: String,
    },
    /// Takes it up again, or releases it from quarantine.
    Reopen(String),
    /// A draft of an article was written to this file.
    Drafted(String),
}

/// Who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor<'a> {
    /// An agent by name.
    Agent(&'a str),
    /// Another help desk by name. It writes to who asked by itself.
    HelpDesk(&'a str),
    /// Who asked.
    Visitor,
}

impl Actor<'_> {
    fn agent(self) -> Option<String> {
        match self {
            Self::Agent(name) | Self::HelpDesk(name) => Some(name.to_owned()),
            Self::Visitor => None,
        }
    }
}

/// By what changes are judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub ladder: &'a Ladder,
    pub calendar: &'a Calendar,
    pub response_minutes: u32,
    pub resolution_minutes: u32,
}

/// The ticket after a change, with its step.
///
/// # Errors
/// [`DeskError::Invalid`] with the field that cannot be accepted or is missing.
pub(super) fn apply(
    mut record: TicketRecord,
    change: Change,
    by: Actor<'_>,
    rules: Rules<'_>,
    now: Timestamp,
) -> Result<TicketRecord, DeskError> {
    let zone = zone_of(&record, rules.calendar);
    let ticket = &mut record.ticket;
    let status = record.status;
    // Whoever writes for the visitor's sake takes the ticket out of waiting and quarantine.
    let active = if status == TicketStatus::Resolved { status } else { TicketStatus::Open };
    let (kind, after, reason) = match change {
        Change::Note(text) => (StepKind::Noted, status, required("text", &text)?),
        Change::Reply { text, wait } => {
            let after = if wait { TicketStatus::Waiting } else { active };
            (StepKind::Replied, after, required("text", &text)?)
        }
        Change::Answer(text) => {
            if record.steps.iter().filter(|step| step.kind == StepKind::Answered).count() >= MAX_ANSWERS {
                return Err(DeskError::invalid("text", "this ticket is full; send a new one"));
            }
            let after = if status == TicketStatus::Quarantined { status } else { TicketStatus::Open };
            (StepKind::Answered, after, required("text", &text)?)
        }
        Change::Assign(to) => {
            record.assignee.clone_from(&to);
            (StepKind::Assigned, status, to)
        }
        Change::Callback(callback) => {
            let callback = callback.checked(&zone, now)?;
            Callback::complete(Some(&callback), &zone, now)?;
            let said = callback_line(&callback);
            ticket.callback = Some(callback);
            (StepKind::Amended, by_visitor(by, status), Some(said))
        }
        Change::Contract(terms) => {
            let contract = terms.checked(rules.response_minutes, rules.resolution_minutes)?;
            let said = contract.reference.clone();
            ticket.contract = Some(contract);
            (StepKind::Amended, status, Some(said))
        }
        Change::Consent(consultation) => {
            consultation.record(&mut ticket.external, by.agent().as_deref(), now)?;
            let external = &ticket.external;
            let said = [external.vendor.as_deref(), external.statement.as_deref()];
            let said = said.into_iter().flatten().collect::<Vec<_>>().join(": ");
            (StepKind::Amended, by_visitor(by, status), Some(said))
        }
        Change::Escalate(escalation) => {
            let Escalation { to, reason, callback, contract, consent } = *escalation;
            if let Some(callback) = callback {
                ticket.callback = Some(callback.checked(&zone, now)?);
            }
            if let Some(terms) = contract {
                ticket.contract = Some(terms.checked(rules.response_minutes, rules.resolution_minutes)?);
            }
            if let Some(consultation) = consent {
                consultation.record(&mut ticket.external, by.agent().as_deref(), now)?;
            }
            ticket.level = escalation::target(ticket, status, to, rules.ladder, &zone, now)?;
            (StepKind::Escalated, TicketStatus::Open, required("reason", &reason)?)
        }
        Change::Resolve { outcome, text } => {
            let said = resolution(&record, &outcome, &text)?;
            record.outcome = Some(outcome);
            (StepKind::Resolved, TicketStatus::Resolved, said)
        }
        Change::Reopen(reason) => {
            if !matches!(status, TicketStatus::Resolved | TicketStatus::Quarantined) {
                return Err(DeskError::invalid("status", "the ticket is open already"));
            }
            (StepKind::Reopened, TicketStatus::Open, optional(&reason)?)
        }
        Change::Drafted(file) => (StepKind::Drafted, status, Some(file)),
    };
    if after != TicketStatus::Resolved {
        record.outcome = None;
    }
    record.status = after;
    let level = record.ticket.level;
    record.steps.push(Step { at: now, kind, level, status: after, agent: by.agent(), reason });
    Ok(record)
}

/// The visitor's own time zone, else that of the site.
fn zone_of(record: &TicketRecord, calendar: &Calendar) -> TimeZone {
    let own = record.ticket.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    own.unwrap_or_else(|| calendar.zone().clone())
}

/// What the visitor adds is what was waited for.
fn by_visitor(by: Actor<'_>, status: TicketStatus) -> TicketStatus {
    if by == Actor::Visitor && status == TicketStatus::Waiting { TicketStatus::Open } else { status }
}

fn callback_line(callback: &Callback) -> String {
    let windows = callback.windows.iter().map(ToString::to_string);
    callback.phone.clone().into_iter().chain(windows).collect::<Vec<_>>().join(", ")
}

/// Checks an outcome, and gives the words that go with it.
fn resolution(record: &TicketRecord, outcome: &Outcome, text: &str) -> Result<Option<String>, DeskError> {
    let ticket = &record.ticket;
    match outcome.kind {
        OutcomeKind::Known if outcome.article.is_none() => {
            return Err(DeskError::invalid("article", "name the article that solved it"));
        }
        OutcomeKind::Duplicate if outcome.duplicate_of.as_ref().is_none_or(|of| *of == ticket.reference) => {
            return Err(DeskError::invalid("duplicate_of", "name the other ticket by its reference"));
        }
        _ => {}
    }
    if record.status == TicketStatus::Resolved {
        return Err(DeskError::invalid("status", "the ticket is solved already"));
    }
    optional(text)
}

fn optional(text: &str) -> Result<Option<String>, DeskError> {
    let text = paragraphs(text);
    at_most("text", text.chars().count(), 20_000)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn required(field: &str, text: &str) -> Result<Option<String>, DeskError> {
    let text = optional(text)?;
    if text.is_none() { Err(DeskError::invalid(field, "write something here")) } else { Ok(text) }
}
