//! What suggestions are worth: some visitors get none, by lot, and the two sides are compared.
//!
//! Everybody who was due suggestions is logged on both sides, and counts on the side of the lot, whatever was done
//! with the suggestions (intention to treat). Nothing is claimed while the interval of the difference holds 0.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Figure, Maker, TICKET_WINDOWS_H, counts::Counts};
use crate::insight::intervals::{Difference, Interval, needed, newcombe};

/// Smallest effect that an experiment is planned for: ten points.
const PLANNED: f64 = 0.1;
/// Share of tickets that is planned with while there is none to see.
const PLANNED_BASE: f64 = 0.7;

/// Tickets that suggestions avoided, measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Holdout {
    /// Name and version of the definition.
    pub definition: String,
    /// Of issues with the form open whose suggestions were held back: a ticket came.
    pub held: Figure,
    /// The same where they were shown.
    pub shown: Figure,
    /// The first share minus the second, with Newcombe's interval; none without visitors on both sides.
    pub difference: Option<Difference>,
    /// The difference times the issues in which they were shown; none while the interval holds 0.
    pub tickets_avoided: Option<f64>,
    /// Where the true number lies, with 95 % confidence.
    pub tickets_avoided_interval: Option<Interval>,
    /// Form-opens on both sides together that ten points would need to be seen, at a power of 80 %.
    pub form_opens_needed: Option<u64>,
}

impl Holdout {
    /// The experiment of a period; none where none ran.
    pub(super) fn of(counts: &Counts, index: usize, maker: &Maker) -> Option<Self> {
        let (plain, outcomes) = (&counts.plain, &counts.outcomes[index]);
        let hours = Some(TICKET_WINDOWS_H[index]);
        if plain.held + plain.shown == 0 {
            return None;
        }
        let difference = newcombe((outcomes.held_submitted, plain.held), (outcomes.shown_submitted, plain.shown));
        let sure = difference.filter(|found| found.interval.low > 0.0 || found.interval.high < 0.0);
        let of_shown = |share: f64| share * plain.shown as f64;
        let interval =
            |found: Difference| Interval { low: of_shown(found.interval.low), high: of_shown(found.interval.high) };
        let held = maker.share("submitted_held_out/1", outcomes.held_submitted, plain.held, hours);
        let share = plain.held as f64 / (plain.held + plain.shown) as f64;
        let base = held.value.filter(|base| *base > PLANNED).unwrap_or(PLANNED_BASE);
        Some(Self {
            definition: "tickets_avoided/1".into(),
            held,
            shown: maker.share("submitted_shown/1", outcomes.shown_submitted, plain.shown, hours),
            difference,
            tickets_avoided: sure.map(|found| of_shown(found.value)),
            tickets_avoided_interval: sure.map(interval),
            form_opens_needed: needed(base, PLANNED, share),
        })
    }
}
