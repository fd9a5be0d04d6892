//! Which connectors get a ticket, by its site and level. The built-in desk has every ticket anyway.

use std::collections::BTreeMap;

use crate::config::{Connector, Reach};

use super::SupportLevel;

/// The reach of every connector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes(Vec<(String, Reach)>);

impl Routes {
    /// The routes of the configured connectors.
    #[must_use]
    pub fn new(connectors: &BTreeMap<String, Connector>) -> Self {
        Self(connectors.iter().map(|(name, connector)| (name.clone(), connector.reach().clone())).collect())
    }

    /// The connectors for a ticket of this site at this level.
    pub fn to(&self, site: &str, level: SupportLevel) -> impl Iterator<Item = &str> {
        let covers = move |reach: &Reach| reach.covers(site, level.0);
        self.0.iter().filter(move |(_, reach)| covers(reach)).map(|(name, _)| name.as_str())
    }
}
