//! The ladder of support levels, as configured.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::{Needs, Rung};

/// A rung of the ladder: 0 (self-help) to 4 (outside vendors).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = u8, minimum = 0, maximum = 4, example = 1)]
pub struct SupportLevel(pub u8);

impl SupportLevel {
    /// Where every ticket starts.
    pub const TICKET: Self = Self(1);
}

impl fmt::Display for SupportLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The configured levels, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder(Vec<Rung>);

impl Ladder {
    /// The ladder of the configuration, which has checked it.
    #[must_use]
    pub fn new(rungs: Vec<Rung>) -> Self {
        Self(rungs)
    }

    /// Name of a level in the language `lang` (as `nl` or `nl-NL`), else in English, else its number.
    #[must_use]
    pub fn name(&self, level: SupportLevel, lang: &str) -> String {
        let primary = lang.split('-').next().unwrap_or(lang);
        let names = self.rung(level).map(|rung| &rung.name);
        let name = names.and_then(|names| [lang, primary, "en"].iter().find_map(|lang| names.get(*lang)));
        name.cloned().unwrap_or_else(|| level.to_string())
    }

    /// What a case must bring to come in at a level; nothing is known about levels that are not configured.
    #[must_use]
    pub fn needs(&self, level: SupportLevel) -> Option<Needs> {
        self.rung(level).map(|rung| rung.needs)
    }

    /// The level that will probably be needed: the one that the failed article declares, if the ladder has it.
    #[must_use]
    pub fn suggest(&self, declared: Option<u8>) -> SupportLevel {
        let declared = declared.map(SupportLevel).filter(|&level| level > SupportLevel::TICKET);
        declared.filter(|&level| self.rung(level).is_some()).unwrap_or(SupportLevel::TICKET)
    }

    fn rung(&self, level: SupportLevel) -> Option<&Rung> {
        self.0.iter().find(|rung| rung.level == level.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn levels_have_names_by_language() {
        let ladder = Ladder::new(Config::default().ladder);
        let table = [(0, "nl", "Zelfhulp"), (0, "de-AT", "Selbsthilfe"), (0, "fr", "Self-help"), (9, "en", "9")];
        for (level, lang, name) in table {
            assert_eq!(ladder.name(SupportLevel(level), lang), name);
        }
    }

    #[test]
    fn the_failed_article_suggests_the_level() {
        let ladder = Ladder::new(Config::default().ladder);
        for (declared, suggested) in [(None, 1), (Some(0), 1), (Some(2), 2), (Some(4), 4), (Some(7), 1)] {
            assert_eq!(ladder.suggest(declared), SupportLevel(suggested), "{declared:?}");
        }
        assert_eq!(ladder.needs(SupportLevel(2)), Some(Needs::Callback));
    }
}
