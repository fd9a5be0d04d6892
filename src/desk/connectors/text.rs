//! A ticket as plain text, for mailboxes and for help desks that take no more than that.
//!
//! Everything stands there as the visitor wrote it: whoever shows it must treat it as text.

use std::fmt::Write;

use super::Parcel;
use crate::desk::{HandoffReason, Ticket, redaction::mask};

/// All that the ticket carries.
pub(super) fn handoff(ticket: &Ticket) -> String {
    let mut text = format!("{}\n", ticket.message);
    section(&mut text, "From", &requester(ticket));
    section(&mut text, "Call back", &callback(ticket));
    section(&mut text, "Contract", &terms(ticket));
    way(&mut text, ticket);
    section(&mut text, "Sent from", &page(ticket));
    section(&mut text, "Product", &host(ticket));
    section(&mut text, "Ticket", &facts(ticket));
    text
}

/// What may be seen by everybody: no contact, no page, no host data, and personal details masked.
pub(super) fn public(ticket: &Ticket) -> String {
    let mut text = format!("{}\n", mask(&ticket.message).text);
    way(&mut text, ticket);
    section(&mut text, "Ticket", &facts(ticket));
    text
}

/// A title that may be seen by everybody.
pub(super) fn public_title(parcel: &Parcel<'_>) -> String {
    mask(&parcel.title()).text
}

/// What was tried before.
fn way(text: &mut String, ticket: &Ticket) {
    let searches = ticket.trail.iter().map(|item| {
        let shown = item.clicked.as_ref().or(item.shown.first());
        let shown = shown.map_or_else(String::new, |section| format!(", {section}"));
        format!("\"{}\" ({}, {:.0} %{shown})", item.query, item.decision.replace('_', " "), item.confidence * 100.0)
    });
    section(text, "Searched before", &searches.collect::<Vec<_>>());
    let read = ticket.read.iter().map(|read| match (read.helpful, &read.reason) {
        (Some(false), Some(reason)) => format!("{} ({} s, not helpful: {reason})", read.article, read.dwell_s),
        (Some(false), None) => format!("{} ({} s, not helpful)", read.article, read.dwell_s),
        _ => format!("{} ({} s)", read.article, read.dwell_s),
    });
    section(text, "Read before", &read.collect::<Vec<_>>());
}

fn requester(ticket: &Ticket) -> Vec<String> {
    let requester = &ticket.requester;
    let user = requester.user_ref.as_ref().map(|user| format!("user {user} ({})", verified(ticket)));
    let lines = [Some(requester.name.clone()), Some(requester.email.clone()), requester.phone.clone(), user];
    lines.into_iter().flatten().filter(|line| !line.is_empty()).collect()
}

fn verified(ticket: &Ticket) -> &'static str {
    match ticket.requester.verified {
        crate::desk::Verified::None => "not verified",
        crate::desk::Verified::Hmac => "verified",
    }
}

fn callback(ticket: &Ticket) -> Vec<String> {
    let Some(callback) = &ticket.callback else { return Vec::new() };
    callback.phone.iter().cloned().chain(callback.windows.iter().map(ToString::to_string)).collect()
}

fn terms(ticket: &Ticket) -> Vec<String> {
    let contract = ticket.contract.as_ref().map(|contract| contract.reference.clone());
    let vendor = ticket.external.vendor.as_ref().map(|vendor| {
        let agreed = ticket.external.consent_at.map_or("not agreed to", |_| "agreed to by the customer");
        format!("{vendor}, {agreed}")
    });
    contract.into_iter().chain(vendor).collect()
}

fn page(ticket: &Ticket) -> Vec<String> {
    let page = ticket.page.as_ref();
    page.into_iter().flat_map(|page| [page.title.clone(), page.url.clone()]).filter(|line| !line.is_empty()).collect()
}

fn host(ticket: &Ticket) -> Vec<String> {
    let host = &ticket.host;
    let known = [("product", &host.product), ("version", &host.version), ("plan", &host.plan)];
    let known = known.into_iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}: {value}")));
    known.chain(host.custom.iter().map(|(name, value)| format!("{name}: {value}"))).collect()
}

fn facts(ticket: &Ticket) -> Vec<String> {
    let reason = match ticket.reason {
        HandoffReason::NoAnswer => "the search had no answer",
        HandoffReason::NotHelpful => "the answer did not help",
        HandoffReason::Asked => "a person was asked for",
    };
    let mut facts = vec![
        format!("{}, {}", ticket.reference, ticket.created),
        format!("site {}, level {}, probably needs level {}", ticket.site, ticket.level, ticket.suggested_level),
        reason.to_owned(),
    ];
    facts.extend(ticket.locale.as_ref().map(|locale| format!("language {locale}")));
    facts
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        // Writing into a String cannot fail.
        let _ = write!(text, "\n{title}:\n");
        for line in lines {
            let _ = writeln!(text, "- {line}");
        }
    }
}
