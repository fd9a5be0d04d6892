//! The ticket with which a connector is tried.

use jiff::Timestamp;
use ulid::Ulid;

use crate::desk::{
    Asked, Context, HandoffReason, NewTicket, ReadArticle, Reference, Requester, SupportLevel, Ticket, TrailItem,
    ticket::Identity,
};

/// Address of who asks in it, unless somebody else is to.
pub const EMAIL: &str = "test@example.org";

/// A ticket of nobody, of `now`, with everything that a receiver may see. It is in no store.
#[must_use]
pub fn ticket(id: Ulid, site: &str, now: Timestamp) -> Option<Ticket> {
    let reference = Reference::parse(&format!("ZD-{}", id.to_string().get(20..26)?))?;
    let asked = Asked {
        reason: HandoffReason::NoAnswer,
        subject: "Test of a connector".into(),
        message: "This ticket tests the way from Zerodesk to you.\nYou can delete it: nobody waits for a reply.".into(),
        requester: Requester { name: "Test".into(), email: EMAIL.into(), ..Requester::default() },
        locale: Some("en".into()),
        ..Asked::default()
    };
    let searched = TrailItem {
        query: "does the connector work".into(),
        at: now,
        confidence: 0.07,
        decision: "no_answer".into(),
        shown: vec!["connect-a-help-desk#try-it".into()],
        clicked: None,
    };
    let read = ReadArticle {
        article: "connect-a-help-desk".into(),
        revision: String::new(),
        dwell_s: 41,
        helpful: Some(false),
        reason: None,
    };
    let context = Context { trail: vec![searched], read: vec![read], ..Context::default() };
    let new = NewTicket { site: site.into(), asked, context, ..NewTicket::default() };
    let identity = Identity { id, reference, key_hash: String::new(), created: now };
    Some(Ticket::compose(new, identity, SupportLevel::TICKET))
}
