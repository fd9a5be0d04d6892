//! Where requests may go: into the internet, and to hosts that the operator has named.
//!
//! A name may lead anywhere, and to another place a second later. So literal addresses are checked
//! in the address, and names where they are resolved: the connection is made to an address that
//! was checked. Nothing here follows a redirect or asks a proxy; the client that uses it does not.

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// Ports that need no permission.
const PORTS: [u16; 2] = [443, 8443];

/// IPv4 networks that are not the internet.
const CLOSED_V4: [Ipv4Net; 17] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10), // behind a provider's address translation
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16), // link-local, and the data of cloud machines
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 31, 196, 0, 24),
    v4(192, 52, 193, 0, 24),
    v4(192, 88, 99, 0, 24), // 6to4 relays
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// All of the IPv6 internet ...
const OPEN_V6: Ipv6Net = v6([0x2000, 0, 0], 3);
/// ... but for these.
const CLOSED_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0, 0], 23), // Teredo, benchmarks, ORCHID
    v6([0x2001, 0xdb8, 0], 32),
    v6([0x2002, 0, 0], 16), // 6to4: an IPv4 address in disguise
    v6([0x3fff, 0, 0], 20),
];
/// NAT64: the last 32 bits are the IPv4 address that is meant.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0], 96);

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6([a, b, c]: [u16; 3], bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits)
}

/// Whether an address is one of the internet's.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !CLOSED_V4.iter().any(|closed| closed.contains(&address)),
        IpAddr::V6(address) => {
            if let Some(mapped) = address.to_ipv4_mapped() {
                return is_public(mapped.into());
            }
            if NAT64.contains(&address) {
                return is_public(IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() as u32)));
            }
            OPEN_V6.contains(&address) && !CLOSED_V6.iter().any(|closed| closed.contains(&address))
        }
    }
}

/// An address to which nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// Finds the addresses of a host name.
pub type Lookup = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> + Send + Sync>;

/// The lookup of the operating system.
#[must_use]
pub fn system_lookup() -> Lookup {
    Arc::new(|host| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// What one connector may reach.
#[derive(Clone)]
pub struct Guard {
    allowed_hosts: Vec<String>,
    lookup: Lookup,
}

impl Guard {
    /// A guard that lets through what is named in `allowed_hosts`, as `host` or `host:port`.
    #[must_use]
    pub fn new(allowed_hosts: &[String], lookup: Lookup) -> Self {
        let tidy = |host: &String| host.trim().trim_end_matches('.').to_ascii_lowercase();
        Self { allowed_hosts: allowed_hosts.iter().map(tidy).collect(), lookup }
    }

    /// Checks all that the address itself shows.
    ///
    /// # Errors
    /// [`Refused`] with the reason and what to do.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        let refused = |why: String| Err(Refused(why));
        let host = url.host_str().unwrap_or_default();
        if !["https", "http"].contains(&url.scheme()) || host.is_empty() {
            return refused("write an address that begins with https:// and a host".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refused("an address with a user name or password in it is not called; use a secret".into());
        }
        if self.allows(url) {
            return Ok(());
        }
        let advice = format!("; add {host:?} to allowed_hosts if it is meant");
        if url.scheme() == "http" {
            return refused(format!("http: would show the ticket to everybody on the way{advice}"));
        }
        if url.port().is_some_and(|port| !PORTS.contains(&port)) {
            return refused(format!("ports other than 443 and 8443 are not called{advice}"));
        }
        let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        if literal.is_some_and(|address| !is_public(address)) {
            return refused(format!("{host} is an internal address{advice}"));
        }
        Ok(())
    }

    fn allows(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        self.allowed_hosts.iter().any(|allowed| *allowed == host || *allowed == with_port)
    }

    /// A resolver for requests to this address, which must have been checked.
    pub(super) fn resolver(&self, url: &Url) -> Arc<impl Resolve + use<>> {
        Arc::new(GuardedResolver { lookup: self.lookup.clone(), internal: self.allows(url) })
    }
}

/// Resolves names, and keeps what is internal to itself.
struct GuardedResolver {
    lookup: Lookup,
    internal: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, internal) = ((self.lookup)(name.as_str().to_owned()), self.internal);
        Box::pin(async move {
            let found = found.await?;
            let usable: Vec<SocketAddr> =
                found.iter().filter(|ip| internal || is_public(**ip)).map(|ip| SocketAddr::new(*ip, 0)).collect();
            if let (true, Some(first)) = (usable.is_empty(), found.first()) {
                let name = name.as_str();
                let why = format!(
                    "{name} leads to {first}, an internal address; add {name:?} to allowed_hosts if it is meant"
                );
                return Err(Refused(why).into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}
