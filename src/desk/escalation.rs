//! What a case must bring to climb the ladder, and whether it may.
//!
//! Level by level: a call-back for a technician, a contract for a specialist, the customer's
//! consent for an outside vendor, or whatever the ladder says. What is missing is named by its
//! field, and nothing is skipped unless the ladder leads there.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Callback, Contract, DeskError, External, Ladder, SupportLevel, Ticket, TicketStatus,
    ticket::{at_most, one_line},
};
use crate::config::Needs;

/// A wish to move a ticket up, with what the level there needs if the ticket does not have it yet.
#[derive(Debug, Clone, Default)]
pub struct Escalation {
    /// The level to go to; none: the next one.
    pub to: Option<SupportLevel>,
    /// Why.
    pub reason: String,
    /// A call-back.
    pub callback: Option<Callback>,
    /// A contract.
    pub contract: Option<Terms>,
    /// A vendor and the customer's consent.
    pub consent: Option<Consultation>,
}

/// A contract, and its times where they are not the usual ones.
#[derive(Debug, Clone, Default, serde::Deserialize, serde::Serialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// What the contract is called between customer and company.
    pub reference: String,
    /// Business minutes until somebody writes to the requester; none: as configured.
    pub response_minutes: Option<u32>,
    /// Business minutes until it is solved; none: as configured.
    pub resolution_minutes: Option<u32>,
}

/// A vendor outside, and how the customer agreed.
#[derive(Debug, Clone, Default, serde::Deserialize, serde::Serialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Consultation {
    /// The vendor or the system; none: the one that is on the ticket.
    pub vendor: Option<String>,
    /// How and when the customer agreed; none: the customer is asked on the status page.
    pub statement: Option<String>,
}

impl Terms {
    /// The contract, with the usual times where it has none of its own.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] in a field of `contract`.
    pub(super) fn checked(self, response_minutes: u32, resolution_minutes: u32) -> Result<Contract, DeskError> {
        let reference = one_line(&self.reference);
        at_most("contract.reference", reference.chars().count(), 100)?;
        if reference.is_empty() {
            return Err(missing("contract.reference", "the reference of the support contract"));
        }
        let contract = Contract {
            reference,
            response_minutes: self.response_minutes.unwrap_or(response_minutes),
            resolution_minutes: self.resolution_minutes.unwrap_or(resolution_minutes),
        };
        for (field, minutes) in [
            ("contract.response_minutes", contract.response_minutes),
            ("contract.resolution_minutes", contract.resolution_minutes),
        ] {
            if minutes == 0 || minutes > 525_600 {
                return Err(DeskError::invalid(field, "give 1 to 525600 business minutes"));
            }
        }
        Ok(contract)
    }
}

impl Consultation {
    /// Adds vendor and consent to what is known. Another vendor ends a consent that was given for the one before.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] in a field of `external`.
    pub(super) fn record(self, external: &mut External, agent: Option<&str>, now: Timestamp) -> Result<(), DeskError> {
        let line = |text: Option<String>| text.as_deref().map(one_line).filter(|line| !line.is_empty());
        let (vendor, statement) = (line(self.vendor), line(self.statement));
        at_most("external.vendor", vendor.as_deref().map_or(0, |text| text.chars().count()), 200)?;
        at_most("external.statement", statement.as_deref().map_or(0, |text| text.chars().count()), 1_000)?;
        if vendor.is_some() && vendor != external.vendor {
            *external = External { vendor, ..External::default() };
        }
        if external.vendor.is_none() {
            return Err(missing("external.vendor", "the vendor or system that is to be involved"));
        }
        if statement.is_some() {
            external.consent_at = Some(now);
            external.recorded_by = agent.map(str::to_owned);
            external.statement = statement;
        }
        Ok(())
    }
}

/// The level that a ticket goes to, if it may and has all that it needs there.
///
/// # Errors
/// [`DeskError::Invalid`] in `to`, `status`, or the field that is missing.
pub(super) fn target(
    ticket: &Ticket,
    status: TicketStatus,
    to: Option<SupportLevel>,
    ladder: &Ladder,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<SupportLevel, DeskError> {
    if status == TicketStatus::Resolved {
        return Err(DeskError::invalid("status", "the ticket is solved; reopen it first"));
    }
    let to = to.unwrap_or(SupportLevel(ticket.level.0.saturating_add(1)));
    let Some(needs) = ladder.needs(to) else {
        return Err(DeskError::invalid("to", format!("the ladder has no level {to}")));
    };
    if to <= ticket.level {
        return Err(DeskError::invalid("to", format!("the ticket is at level {} already", ticket.level)));
    }
    if !ladder.leads(ticket.level, to) {
        let next = ticket.level.0 + 1;
        return Err(DeskError::invalid(
            "to",
            format!("from level {} the ladder leads to level {next} only", ticket.level),
        ));
    }
    match needs {
        Needs::Callback => Callback::complete(ticket.callback.as_ref(), zone, now)?,
        Needs::Contract if ticket.contract.is_none() => {
            return Err(missing("contract.reference", "the reference of the support contract"));
        }
        Needs::Nothing | Needs::Contract => {}
        Needs::Consent => consented(&ticket.external)?,
    }
    Ok(to)
}

fn consented(external: &External) -> Result<(), DeskError> {
    match external {
        External { vendor: None, .. } => Err(missing("external.vendor", "the vendor or system that is to be involved")),
        External { consent_at: None, .. } => Err(missing("external.statement", "the customer's recorded consent")),
        _ => Ok(()),
    }
}

fn missing(field: &str, what: &str) -> DeskError {
    DeskError::invalid(field, format!("{what} is missing"))
}
