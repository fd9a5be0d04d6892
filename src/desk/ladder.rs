//! The ladder of support levels, as configured.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::matching::Matching;
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
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    rungs: Vec<Rung>,
    matching: Matching,
}

impl Ladder {
    /// The ladder of the configuration, which has checked it.
    #[must_use]
    pub fn new(rungs: Vec<Rung>) -> Self {
        Self { matching: Matching::new(&rungs), rungs }
    }

    /// All levels, lowest first.
    pub fn levels(&self) -> impl Iterator<Item = SupportLevel> {
        self.rungs.iter().map(|rung| SupportLevel(rung.level))
    }

    /// Name of a level in the language `lang` (as `nl` or `nl-NL`), else in English, else its number.
    #[must_use]
    pub fn name(&self, level: SupportLevel, lang: &str) -> String {
        let names = self.rung(level).and_then(|rung| in_language(&rung.name, lang));
        names.cloned().unwrap_or_else(|| level.to_string())
    }

    /// What happens at a level, in the language `lang` or else in English; empty where nothing is said.
    #[must_use]
    pub fn does(&self, level: SupportLevel, lang: &str) -> String {
        self.rung(level).and_then(|rung| in_language(&rung.does, lang)).cloned().unwrap_or_default()
    }

    /// Where help comes from at a level, in the language `lang` or else in English.
    #[must_use]
    pub fn sources(&self, level: SupportLevel, lang: &str) -> &[String] {
        self.rung(level).and_then(|rung| in_language(&rung.sources, lang)).map_or(&[], Vec::as_slice)
    }

    /// What a case must bring to come in at a level; nothing is known about levels that are not configured.
    #[must_use]
    pub fn needs(&self, level: SupportLevel) -> Option<Needs> {
        self.rung(level).map(|rung| rung.needs)
    }

    /// Whether a case may go from one level to another in one step: to the next one, or where the ladder says so.
    #[must_use]
    pub fn leads(&self, from: SupportLevel, to: SupportLevel) -> bool {
        self.rung(to).is_some_and(|rung| rung.level == from.0.saturating_add(1) || rung.from.contains(&from.0))
    }

    /// The level to which a question belongs, by the examples; the language is looked at first, then all others.
    ///
    /// ```
    /// use zerodesk::{config::Config, desk::{Ladder, SupportLevel}};
    /// let ladder = Ladder::new(Config::default().ladder);
    /// assert_eq!(ladder.level_of("our NAS is not found", Some("en")), Some(SupportLevel(4)));
    /// assert_eq!(ladder.level_of("do you sell lamps?", Some("en")), None);
    /// ```
    #[must_use]
    pub fn level_of(&self, question: &str, lang: Option<&str>) -> Option<SupportLevel> {
        self.matching.level_of(question, lang)
    }

    /// The level that a ticket will probably need: the one that the failed article declares, else that of the
    /// examples. Never below [`SupportLevel::TICKET`], where every ticket starts.
    #[must_use]
    pub fn suggest(&self, declared: Option<u8>, question: &str, lang: Option<&str>) -> SupportLevel {
        let declared = declared.map(SupportLevel).filter(|&level| self.rung(level).is_some());
        let level = declared.or_else(|| self.level_of(question, lang));
        level.unwrap_or(SupportLevel::TICKET).max(SupportLevel::TICKET)
    }

    fn rung(&self, level: SupportLevel) -> Option<&Rung> {
        self.rungs.iter().find(|rung| rung.level == level.0)
    }
}

/// The entry for `lang` (as `nl` or `nl-NL`), else for its primary language, else the English one.
fn in_language<'a, T>(texts: &'a BTreeMap<String, T>, lang: &str) -> Option<&'a T> {
    let primary = lang.split('-').next().unwrap_or(lang);
    [lang, primary, "en"].iter().find_map(|lang| texts.get(*lang))
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
            assert_eq!(ladder.suggest(declared, "", None), SupportLevel(suggested), "{declared:?}");
        }
        assert_eq!(ladder.needs(SupportLevel(2)), Some(Needs::Callback));
    }
}
