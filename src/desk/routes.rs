//! Which connectors get a ticket, by its site and level. The built-in desk has every ticket anyway.

use std::collections::BTreeMap;

use crate::config::{Connector, Reach};

use super::SupportLevel;

/// The reach of every connector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes(Vec<Route>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Route {
    name: String,
    reach: Reach,
    to_requester: bool,
}

impl Routes {
    /// The routes of the configured connectors.
    #[must_use]
    pub fn new(connectors: &BTreeMap<String, Connector>) -> Self {
        let route = |(name, connector): (&String, &Connector)| Route {
            name: name.clone(),
            reach: connector.reach().clone(),
            to_requester: matches!(connector, Connector::Confirmation(_)),
        };
        Self(connectors.iter().map(route).collect())
    }

    /// The connectors for a ticket of this site at this level.
    pub fn to(&self, site: &str, level: SupportLevel) -> impl Iterator<Item = &str> {
        self.covering(site, level).map(|route| route.name.as_str())
    }

    /// Those of them that write to who asked.
    pub fn to_requester(&self, site: &str, level: SupportLevel) -> impl Iterator<Item = &str> {
        self.covering(site, level).filter(|route| route.to_requester).map(|route| route.name.as_str())
    }

    fn covering(&self, site: &str, level: SupportLevel) -> impl Iterator<Item = &Route> {
        self.0.iter().filter(move |route| route.reach.covers(site, level.0))
    }
}
