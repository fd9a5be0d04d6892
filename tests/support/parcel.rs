//! A ticket on its way, and connectors from a few lines of configuration.

use std::{net::IpAddr, sync::Arc};

use jiff::Timestamp;
use zerodesk::{
    config,
    desk::{
        Ticket,
        connectors::{
            self, Connector, ConnectorError, Lookup, Parcel, Receipt, SetupError, Transcript, sample, system_lookup,
        },
    },
};

use super::BEGIN;

/// The key of every parcel here.
pub const KEY: &str = "01JD8WQXK3M5V7Y9ZABCDEFGHJ";

/// When every parcel here is sent.
pub fn begin() -> Timestamp {
    BEGIN.parse().expect("a time")
}

/// A ticket that carries what tickets carry.
pub fn ticket() -> Ticket {
    sample::ticket(KEY.parse().expect("an id"), "default", begin()).expect("a ticket")
}

/// A connector called `it`, from the settings below `[connectors.it]`.
pub fn connector(settings: &str) -> Result<Arc<dyn Connector>, SetupError> {
    connector_with(settings, &system_lookup())
}

/// The same, with names that lead where `lookup` says.
pub fn connector_with(settings: &str, lookup: &Lookup) -> Result<Arc<dyn Connector>, SetupError> {
    let settings: config::Connector = toml::from_str(settings).unwrap_or_else(|error| panic!("{settings}\n{error}"));
    connectors::open_one("it", &settings, lookup)
}

/// All names lead to these addresses.
pub fn leading_to(addresses: &[&str]) -> Lookup {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().expect("an address")).collect();
    Arc::new(move |_| {
        let addresses = addresses.clone();
        Box::pin(async move { Ok(addresses) })
    })
}

/// Delivers a ticket, for the first time or again.
pub async fn deliver(connector: &dyn Connector, ticket: &Ticket, tried: bool) -> Result<Receipt, ConnectorError> {
    deliver_at(connector, ticket, tried, begin()).await
}

/// The same at another time.
pub async fn deliver_at(
    connector: &dyn Connector,
    ticket: &Ticket,
    tried: bool,
    now: Timestamp,
) -> Result<Receipt, ConnectorError> {
    let key = KEY.parse().expect("an id");
    connector
        .deliver(&Parcel { ticket, step: None, key, tried, now, status_link: None, transcript: Transcript::default() })
        .await
}
