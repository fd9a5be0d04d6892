//! What one day adds up to: whole numbers that can be added to those of other days.
//!
//! Every figure is made of these sums alone, so a year is read from 365 small rows, and figures stay when the events
//! they came from are gone. A [`Slice`] picks the sums of one language, kind of article or support level.
//!
//! Nothing here names a person: no session, no address; words only as lists of what was asked most.

use std::{collections::BTreeMap, ops::AddAssign};

use serde::{Deserialize, Serialize};

use super::exclusion::Cause;

/// Most different queries, and most articles, that a day keeps; the rest of its long tail is dropped.
pub const MAX_ROWS_A_DAY: usize = 500;

/// Makes a struct of sums that are added field by field and leave out zeros in JSON.
macro_rules! sums {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$doc])* #[serde(skip_serializing_if = "is_zero")] pub $field: u64,)*
        }

        impl AddAssign<&Self> for $name {
            fn add_assign(&mut self, more: &Self) {
                $(self.$field += more.$field;)*
            }
        }
    };
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

sums! {
    /// What became of issues, with tickets counted for one window of time.
    Outcomes {
        /// Solved by the visitor's own word, and no ticket in time.
        confirmed,
        /// Opened and read an article with the form open, said nothing, sent no ticket in time.
        potential,
        /// None of the others.
        unexplained_exit,
        /// A ticket came in time.
        submitted,
        /// Solved by the visitor's own word, and a ticket came in time.
        reversed,
        /// Of issues with a search: the visitor said yes, and no ticket came in time.
        helped,
        /// Of issues with a search: surely no success.
        failed,
        /// Of `shown`: a ticket came in time.
        shown_submitted,
        /// Of `held`: a ticket came in time.
        held_submitted,
    }
}

sums! {
    /// Sums that do not depend on a window.
    Plain {
        /// Issues with a search.
        searched,
        /// Of `searched`: one search was decided "answer".
        answered,
        /// Of `searched`: a hit was opened.
        clicked,
        /// Of `searched`: the ticket form was opened.
        form_opened,
        /// Of `form_opened`: a ticket came within the issue.
        submitted,
        /// Issues without a search in which the form was opened.
        form_without_search,
        /// Of `form_without_search`: a ticket came within the issue.
        submitted_without_search,
        /// Issues in which the form was opened, without those held out.
        forms,
        /// Of `forms`: the visitor said that it is solved.
        solved,
        /// Issues with the form open in which suggestions were due while a holdout ran, and were shown.
        shown,
        /// The same, where they were held back.
        held,
        /// Events of the issues that were held out.
        held_events,
        /// Searches that were meant.
        searches,
        /// Of `searches`: decided "no answer".
        no_answer,
        /// Of `searches`: no hit at all.
        zero_results,
        /// Articles read by a visitor.
        reads,
        /// Of `reads`: the reader voted.
        reads_voted,
        /// Verdicts: the last of each visitor on each article.
        votes,
        /// Of `votes`: helpful.
        helpful,
        /// Visits with anything that a person did.
        sessions,
        /// Visitors who sent a ticket.
        ticket_users,
        /// Issues that went to another channel, as the host page told.
        elsewhere,
        /// Tickets accepted.
        tickets,
        /// Tickets that went up the ladder to this level.
        escalated,
        /// Tickets that ended: an article had the answer.
        resolved_known,
        /// ... no article had it.
        resolved_new,
        /// ... another ticket asks the same.
        resolved_duplicate,
        /// ... nobody asked anything.
        resolved_spam,
        /// ... who asked said that it is solved.
        resolved_solved,
        /// Tickets that went on after they had ended.
        reopened,
    }
}

/// The sums of one slot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Without a window.
    pub plain: Plain,
    /// With tickets counted for 24 hours, and for 7 days.
    #[serde(rename = "by_window")]
    pub outcomes: [Outcomes; 2],
    /// Ends, in seconds since 1970, of issues with the form open and no ticket within 7 days: how many are still young
    /// follows from it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<i64>,
}

impl AddAssign<&Self> for Counts {
    fn add_assign(&mut self, more: &Self) {
        self.plain += &more.plain;
        for (sum, more) in self.outcomes.iter_mut().zip(&more.outcomes) {
            *sum += more;
        }
        self.open.extend(&more.open);
    }
}

/// What sums are kept apart by.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// Primary language such as `nl`; empty: unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// Kind of the article that it is about; empty: none, or unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Support level that the question seems to need, or that its ticket has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
}

/// Which slots to add up; whatever is not named adds up over all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Slice {
    /// Primary language, such as `nl`.
    pub language: Option<String>,
    /// Kind of article.
    pub kind: Option<String>,
    /// Support level.
    pub level: Option<u8>,
}

impl Slice {
    /// Whether nothing is left aside.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn has(&self, slot: &Slot) -> bool {
        self.has_language(&slot.language)
            && self.kind.as_ref().is_none_or(|kind| *kind == slot.kind)
            && self.level.is_none_or(|level| slot.level == Some(level))
    }

    pub(super) fn has_language(&self, language: &str) -> bool {
        self.language.as_ref().is_none_or(|wanted| wanted == language)
    }
}

/// Visitors and events that were left out for one cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omitted(pub u64, pub u64);

/// One query of a day: visitors, searches, searches without an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked(pub u64, pub u64, pub u64);

/// One article of a day: views, reads, votes, helpful votes, tickets after reading within 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used(pub u64, pub u64, pub u64, pub u64, pub u64);

/// Deliveries of one connector: how many, and their times added up in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered(pub u64, pub u64);

/// The long lists of a day, kept apart because few pages need them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DayLists {
    /// By language and query.
    pub queries: Vec<(String, String, Asked)>,
    /// By language, kind and slug.
    pub articles: Vec<(String, String, String, Used)>,
}

/// What one day of one site adds up to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DayCounts {
    /// The sums.
    pub slots: Vec<(Slot, Counts)>,
    /// Who was left out, by language and cause.
    pub left_out: Vec<(String, Cause, Omitted)>,
    /// Visits by surface.
    pub surfaces: BTreeMap<String, u64>,
    /// Deliveries by connector.
    pub connectors: BTreeMap<String, Delivered>,
    /// Queries and articles; stored apart.
    #[serde(skip)]
    pub lists: DayLists,
}

impl DayCounts {
    /// The sums of a slice.
    #[must_use]
    pub fn of(&self, slice: &Slice) -> Counts {
        let mut sum = Counts::default();
        for (slot, counts) in &self.slots {
            if slice.has(slot) {
                sum += counts;
            }
        }
        sum
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Keeps the rows with the greatest `size`, in a stable order.
pub fn keep_greatest<T>(rows: &mut Vec<T>, most: usize, size: impl Fn(&T) -> [u64; 2]) {
    if rows.len() > most {
        rows.sort_by_key(|row| std::cmp::Reverse(size(row)));
        rows.truncate(most);
    }
}
