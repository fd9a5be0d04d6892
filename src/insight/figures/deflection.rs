//! What became of issues: the four shares that add up to 1, and the funnel.

use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Figure, Maker, issues::Issue};
use crate::{
    insight::{
        event::{Event, EventKind},
        reading,
    },
    search::Decision,
};

/// What became of issues in which the ticket form was opened, or a ticket arrived without it.
///
/// `confirmed`, `potential`, `unexplained_exit` and `submitted` exclude each other and add up to `n`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
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

/// What became of one issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Confirmed,
    Potential,
    UnexplainedExit,
    Submitted,
}

impl Deflection {
    pub(super) fn of(issues: &[Issue], window_h: u32, maker: &Maker) -> Self {
        let window = SignedDuration::from_hours(i64::from(window_h));
        let with_form: Vec<&Issue> = issues.iter().filter(|issue| form(issue).is_some()).collect();
        let outcomes: Vec<Outcome> = with_form.iter().map(|issue| outcome(issue, window)).collect();
        let share = |definition, wanted| {
            let count = outcomes.iter().filter(|outcome| **outcome == wanted).count() as u64;
            maker.share(definition, count, outcomes.len() as u64, Some(window_h))
        };
        let pending = |issue: &&&Issue| maker.window.as_of.duration_since(issue.end()) <= window;
        Self {
            confirmed: share("confirmed_deflection/1", Outcome::Confirmed),
            potential: share("potential_deflection/1", Outcome::Potential),
            unexplained_exit: share("unexplained_exit/1", Outcome::UnexplainedExit),
            submitted: share("submitted/1", Outcome::Submitted),
            reversed: reversed(&with_form, window, maker),
            pending: with_form.iter().filter(pending).filter(|issue| !submitted(issue, window)).count() as u64,
        }
    }
}

fn reversed(issues: &[&Issue], window: SignedDuration, maker: &Maker) -> Figure {
    let solved: Vec<_> = issues.iter().filter(|issue| solved(issue)).collect();
    let count = solved.iter().filter(|issue| submitted(issue, window)).count() as u64;
    maker.share("reversed/1", count, solved.len() as u64, u32::try_from(window.as_hours()).ok())
}

fn outcome(issue: &Issue, window: SignedDuration) -> Outcome {
    if submitted(issue, window) {
        Outcome::Submitted
    } else if solved(issue) {
        Outcome::Confirmed
    } else if clicked_and_read(issue) {
        Outcome::Potential
    } else {
        Outcome::UnexplainedExit
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

fn solved(issue: &Issue) -> bool {
    after_form(issue).any(|kind| matches!(kind, EventKind::MarkedSolved { .. }))
}

fn clicked_and_read(issue: &Issue) -> bool {
    reading::read(after_form(issue)).any(|read| after_form(issue).filter_map(EventKind::clicked).any(|it| it == read))
}

/// Whether the visitor opened a ticket from the issue's beginning until `window` after its last event.
fn submitted(issue: &Issue, window: SignedDuration) -> bool {
    issue.tickets.iter().any(|at| *at >= issue.start() && at.duration_since(issue.end()) <= window)
}

/// Issues from search to ticket; each step counts issues of the step before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
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
    pub(super) fn of(issues: &[Issue]) -> Self {
        let mut funnel = Self::default();
        for issue in issues {
            let any = |wanted: &dyn Fn(&EventKind) -> bool| issue.events.iter().any(|event| wanted(&event.kind));
            let searched = any(&|kind| matches!(kind, EventKind::SearchPerformed { .. }));
            let answered = any(&|kind| matches!(kind, EventKind::SearchPerformed { decision: Decision::Answer, .. }));
            let clicked = any(&|kind| kind.clicked().is_some());
            let opened = form(issue).is_some();
            let submitted = any(&|kind| matches!(kind, EventKind::TicketOpened { .. }));
            funnel.searched += u64::from(searched);
            funnel.answered += u64::from(answered);
            funnel.clicked += u64::from(searched && clicked);
            funnel.form_opened += u64::from(searched && opened);
            funnel.submitted += u64::from(searched && submitted);
            funnel.form_opened_without_search += u64::from(!searched && opened);
            funnel.submitted_without_search += u64::from(!searched && submitted);
        }
        funnel
    }
}
