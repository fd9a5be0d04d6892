//! What became of an issue, and the figures that follow from it: the four shares that add up to 1, and the funnel.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Figure, Maker, TICKET_WINDOWS_H,
    counts::Counts,
    day::{ends_without_answer, read_in},
    issues::Issue,
};
use crate::{
    insight::{
        event::{Event, EventKind},
        reading,
    },
    search::Decision,
};

/// What became of one issue in which the form was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Confirmed,
    Potential,
    UnexplainedExit,
    Submitted,
}

/// An issue as the figures see it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the issue, and they are independent")]
pub struct Story<'a> {
    /// There was a search.
    pub searched: bool,
    /// A search was decided "answer".
    pub answered: bool,
    /// A hit or a suggestion was opened.
    pub clicked: bool,
    /// The form was opened, or a ticket came without it.
    pub form: bool,
    /// A ticket came within the issue.
    pub ticket: bool,
    /// The visitor said that it is solved, with the form open.
    pub solved: bool,
    /// The visitor went to another channel.
    pub elsewhere: bool,
    /// Suggestions were due while a holdout ran, and were they held back.
    pub held: Option<bool>,
    /// Articles that were read.
    pub read: BTreeSet<&'a str>,
    /// Tickets within the issue.
    pub tickets: u64,
    /// Events of the issue.
    pub events: u64,
    /// When it was last seen.
    pub end: Timestamp,
    clicked_and_read: bool,
    /// The last word of the visitor: yes, no, or nothing.
    verdict: Option<bool>,
    unanswered: bool,
    /// How long after the end the first ticket came, about this or anything else.
    ticket_after: Option<SignedDuration>,
}

impl<'a> Story<'a> {
    /// Reads an issue.
    pub fn of(issue: &Issue<'a>) -> Self {
        let any = |wanted: &dyn Fn(&EventKind) -> bool| issue.events.iter().any(|event| wanted(&event.kind));
        let after = issue.tickets.iter().filter(|at| **at >= issue.start());
        let tickets = issue.events.iter().filter(|event| matches!(event.kind, EventKind::TicketOpened { .. })).count();
        Self {
            searched: any(&|kind| matches!(kind, EventKind::SearchPerformed { .. })),
            answered: any(&|kind| matches!(kind, EventKind::SearchPerformed { decision: Decision::Answer, .. })),
            clicked: any(&|kind| kind.clicked().is_some()),
            form: form(issue).is_some(),
            ticket: tickets > 0,
            solved: after_form(issue).any(|kind| matches!(kind, EventKind::MarkedSolved { .. })),
            elsewhere: any(&|kind| matches!(kind, EventKind::ContactElsewhere { .. })),
            held: issue.events.iter().find_map(|event| match event.kind {
                EventKind::HoldoutAssigned { held, .. } => Some(held),
                _ => None,
            }),
            read: read_in(issue),
            tickets: tickets as u64,
            events: issue.events.len() as u64,
            end: issue.end(),
            clicked_and_read: clicked_and_read(issue),
            verdict: issue.events.iter().rev().find_map(|event| match event.kind {
                EventKind::FeedbackGiven { helpful, .. } => Some(helpful),
                EventKind::MarkedSolved { .. } => Some(true),
                _ => None,
            }),
            unanswered: ends_without_answer(issue),
            ticket_after: after.map(|at| at.duration_since(issue.end())).min(),
        }
    }

    /// Whether a ticket came from the issue's beginning until so many hours after its last event.
    pub fn submitted(&self, hours: u32) -> bool {
        self.ticket_after.is_some_and(|after| after <= SignedDuration::from_hours(i64::from(hours)))
    }

    /// Whether the issue is one of those that deflection is a share of: the form was opened, and nothing held back.
    pub fn in_deflection(&self) -> bool {
        self.form && self.held != Some(true)
    }

    /// Whether the issue counts in this arm of the experiment.
    pub fn arm(&self, held: bool) -> bool {
        self.form && self.held == Some(held)
    }

    /// What became of it.
    pub fn outcome(&self, hours: u32) -> Outcome {
        if self.submitted(hours) {
            Outcome::Submitted
        } else if self.solved {
            Outcome::Confirmed
        } else if self.clicked_and_read {
            Outcome::Potential
        } else {
            Outcome::UnexplainedExit
        }
    }

    /// Whether the visitor's last word was yes.
    pub fn said_yes(&self) -> bool {
        self.verdict == Some(true)
    }

    /// Whether it surely was no success: a ticket, a "no", or no answer and nothing read after it.
    pub fn failed(&self, hours: u32) -> bool {
        self.submitted(hours) || self.verdict == Some(false) || (self.verdict.is_none() && self.unanswered)
    }
}

/// The events from the form on; a ticket without a form counts as one.
fn form<'i, 'a>(issue: &'i Issue<'a>) -> Option<&'i [&'a Event]> {
    let opened = |event: &&Event| matches!(event.kind, EventKind::FormOpened { .. } | EventKind::TicketOpened { .. });
    let at = issue.events.iter().find(|event| opened(event))?.at;
    let first = issue.events.iter().position(|event| event.at >= at)?;
    Some(&issue.events[first..])
}

fn after_form<'i, 'a>(issue: &'i Issue<'a>) -> impl Iterator<Item = &'a EventKind> + 'i {
    form(issue).into_iter().flatten().map(|event| &event.kind)
}

fn clicked_and_read(issue: &Issue) -> bool {
    reading::read(after_form(issue)).any(|read| after_form(issue).filter_map(EventKind::clicked).any(|it| it == read))
}

/// What became of issues in which the ticket form was opened, or a ticket arrived without it.
///
/// `confirmed`, `potential`, `unexplained_exit` and `submitted` exclude each other and add up to `n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Deflection {
    /// The visitor said that it is solved, and opened no ticket in time.
    pub confirmed: Figure,
    /// The visitor opened and read an article after the form, said nothing and opened no ticket.
    pub potential: Figure,
    /// The visitor went away: a failure, or another channel.
    pub unexplained_exit: Figure,
    /// The visitor opened a ticket in time, whatever was said before.
    pub submitted: Figure,
    /// Of those who said that it is solved: those who opened a ticket in time.
    pub reversed: Figure,
    /// Issues for which the time has not run out yet; a ticket may still come.
    pub pending: u64,
}

impl Deflection {
    pub(super) fn of(counts: &Counts, index: usize, maker: &Maker) -> Self {
        let (outcomes, forms) = (&counts.outcomes[index], counts.plain.forms);
        let hours = TICKET_WINDOWS_H[index];
        let share = |definition, count| maker.share(definition, count, forms, Some(hours));
        let young = |end: &&i64| maker.window.as_of.as_second() - **end <= i64::from(hours) * 3600;
        Self {
            confirmed: share("confirmed_deflection/1", outcomes.confirmed),
            potential: share("potential_deflection/1", outcomes.potential),
            unexplained_exit: share("unexplained_exit/1", outcomes.unexplained_exit),
            submitted: share("submitted/1", outcomes.submitted),
            reversed: maker.share("reversed/1", outcomes.reversed, counts.plain.solved, Some(hours)),
            pending: counts.open.iter().filter(young).count() as u64,
        }
    }
}

/// Between which bounds the share of issues lies that were a success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Success {
    /// The visitor said yes, and sent no ticket in time.
    pub lower: Figure,
    /// All but those that surely failed: a ticket, a "no", or no answer and nothing read after it.
    pub upper: Figure,
}

impl Success {
    pub(super) fn of(counts: &Counts, index: usize, maker: &Maker) -> Self {
        let (outcomes, n) = (&counts.outcomes[index], counts.plain.searched);
        let share = |definition, count| maker.share(definition, count, n, Some(TICKET_WINDOWS_H[index]));
        Self {
            lower: share("issue_success_lower/1", outcomes.helped),
            upper: share("issue_success_upper/1", n.saturating_sub(outcomes.failed)),
        }
    }
}

/// Issues from search to ticket; each step counts issues of the step before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Funnel {
    /// Issues with a search.
    pub searched: u64,
    /// ... of which one was decided "answer".
    pub answered: u64,
    /// Of `searched`: a hit was opened.
    pub clicked: u64,
    /// Of `searched`: the ticket form was opened.
    pub form_opened: u64,
    /// Of `form_opened`: a ticket arrived in the issue.
    pub submitted: u64,
    /// Issues without any search in which the form was opened.
    pub form_opened_without_search: u64,
    /// Of `form_opened_without_search`: a ticket arrived in the issue.
    pub submitted_without_search: u64,
}

impl Funnel {
    pub(super) const fn of(counts: &Counts) -> Self {
        let plain = &counts.plain;
        Self {
            searched: plain.searched,
            answered: plain.answered,
            clicked: plain.clicked,
            form_opened: plain.form_opened,
            submitted: plain.submitted,
            form_opened_without_search: plain.form_without_search,
            submitted_without_search: plain.submitted_without_search,
        }
    }
}
