//! How often one visitor may ask, by address; proxies are believed only where they are configured.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    extract::{FromRef, FromRequestParts, Request, State},
    http::{HeaderMap, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use ipnet::IpNet;

use super::{
    context::Context,
    error::{ApiError, Code},
    serve::Peer,
    turns::hold_back,
};
use crate::config;

/// Addresses remembered by one limit; beyond it, newcomers share [`SHARED_KEYS`] places.
const MAX_KEYS: usize = 50_000;
/// Places that newcomers share while the memory is full.
const SHARED_KEYS: u128 = 4096;
/// While the memory is full, one request in so many looks for addresses that may be forgotten.
const SWEEP_EVERY: usize = 8192;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// Searches and completions.
    Searches,
    /// Event batches and feedback.
    Events,
    /// Tickets.
    Tickets,
}

/// The limits of one server.
pub struct RateLimits {
    enabled: bool,
    proxies: Vec<IpNet>,
    searches: DefaultKeyedRateLimiter<u128>,
    events: DefaultKeyedRateLimiter<u128>,
    tickets: DefaultKeyedRateLimiter<u128>,
    /// Tickets by site, from everybody together.
    sites: DefaultKeyedRateLimiter<String>,
    crowded: AtomicUsize,
}

impl RateLimits {
    /// As configured.
    #[must_use]
    pub fn new(limits: &config::Limits) -> Self {
        let count = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let per_minute = |number| RateLimiter::keyed(Quota::per_minute(count(number)));
        Self {
            enabled: limits.enabled,
            proxies: limits.trusted_proxies.clone(),
            searches: per_minute(limits.searches_per_minute),
            events: per_minute(limits.events_per_minute),
            tickets: RateLimiter::keyed(Quota::per_hour(count(limits.tickets_per_hour))),
            sites: RateLimiter::keyed(Quota::per_hour(count(limits.tickets_per_hour_and_site))),
            crowded: AtomicUsize::new(0),
        }
    }

    /// Takes one from the visitor's budget.
    ///
    /// # Errors
    /// `rate-limited` with the seconds to wait.
    pub fn take(&self, budget: Budget, peer: SocketAddr, headers: &HeaderMap) -> Result<(), ApiError> {
        if !self.enabled {
            return Ok(());
        }
        let limiter = match budget {
            Budget::Searches => &self.searches,
            Budget::Events => &self.events,
            Budget::Tickets => &self.tickets,
        };
        let key = key_of(visitor(peer.ip(), headers, &self.proxies));
        let wait = limiter.check_key(&self.bounded(limiter, key)).err();
        wait.map_or(Ok(()), |until| Err(too_many(until.wait_time_from(DefaultClock::default().now()).as_secs() + 1)))
    }

    /// Takes one ticket from the budget of a site, which must be a configured one.
    ///
    /// # Errors
    /// `rate-limited` with the seconds to wait.
    pub fn take_for_site(&self, site: &str) -> Result<(), ApiError> {
        let wait = self.sites.check_key(&site.to_owned()).err().filter(|_| self.enabled);
        wait.map_or(Ok(()), |until| {
            let seconds = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
            let detail = format!("This site gets too many tickets at once. Try again in {seconds} seconds.");
            Err(ApiError::new(Code::RateLimited, detail).retry_after(seconds))
        })
    }

    /// The key itself while there is room for it, else one of a few shared ones.
    fn bounded(&self, limiter: &DefaultKeyedRateLimiter<u128>, key: u128) -> u128 {
        if limiter.len() < MAX_KEYS {
            return key;
        }
        // Forgetting walks all keys: done for each newcomer it would be the very load it is to prevent.
        if self.crowded.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY) {
            limiter.retain_recent();
        }
        if limiter.len() < MAX_KEYS { key } else { key % SHARED_KEYS }
    }
}

fn too_many(seconds: u64) -> ApiError {
    let detail = format!("Too many requests from your address. Try again in {seconds} seconds.");
    ApiError::new(Code::RateLimited, detail).retry_after(seconds)
}

/// The visitor's address: the first one from the right that is not one of our proxies.
///
/// What stands further left was written by whoever sent the request, and is not believed.
#[must_use]
pub fn visitor(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let ours = |address: &IpAddr| proxies.iter().any(|net| net.contains(&address.to_canonical()));
    let mut nearest = peer.to_canonical();
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !ours(&nearest) {
            break;
        }
        let Some(address) = address_of(hop.trim()) else { break };
        nearest = address;
    }
    nearest
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

/// The address of whoever sent a request. It is used and forgotten: never stored, never logged.
#[derive(Clone, Copy)]
pub struct SentFrom(pub IpAddr);

impl FromRequestParts<Context> for SentFrom {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Infallible> {
        let rates: Arc<RateLimits> = FromRef::from_ref(context);
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.ip());
        Ok(Self(visitor(peer, &parts.headers, &rates.proxies)))
    }
}

/// One key a visitor: a household or server owns a whole /64 of IPv6.
fn key_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() & !u128::from(u64::MAX),
    }
}

/// Layer that takes one from a budget for each request.
pub async fn enforce(
    State((rates, budget)): State<(Arc<RateLimits>, Budget)>,
    request: Request,
    next: Next,
) -> Response {
    let unknown = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let peer = request.extensions().get::<Peer>().map_or(unknown, |peer| peer.0);
    match rates.take(budget, peer, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => {
            hold_back().await;
            error.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_addresses_are_walked_from_the_right() {
        let proxies: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap()).into();
        for (peer, forwarded, expected) in [
            ("192.0.2.1", "", "192.0.2.1"),
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"), // a visitor's own header
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"), // the left one is forged
            ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
            ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
            ("10.0.0.1", "1.1.1.1, nonsense", "10.0.0.1"),
            ("10.0.0.1", "[2001:db8::7]:4711, 10.9.9.9", "2001:db8::7"),
            ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ] {
            let headers = HeaderMap::from_iter(
                Some(forwarded)
                    .filter(|text| !text.is_empty())
                    .map(|text| ("x-forwarded-for".parse().unwrap(), text.parse().unwrap())),
            );
            let found = visitor(peer.parse().unwrap(), &headers, &proxies);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded}");
        }
    }

    #[test]
    fn an_ipv6_network_is_one_visitor() {
        let key = |text: &str| key_of(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn a_budget_ends_and_says_when_to_come_back() {
        let limits = config::Limits { tickets_per_hour: 2, ..config::Limits::default() };
        let rates = RateLimits::new(&limits);
        let peer: SocketAddr = "192.0.2.1:1".parse().unwrap();
        let take = |rates: &RateLimits, peer| rates.take(Budget::Tickets, peer, &HeaderMap::new());
        assert!(take(&rates, peer).is_ok() && take(&rates, peer).is_ok());
        let refused = take(&rates, peer).unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert!(refused.retry_after_s.is_some_and(|seconds| (1..=1801).contains(&seconds)), "{refused:?}");
        assert!(take(&rates, "192.0.2.2:1".parse().unwrap()).is_ok());
        let off = RateLimits::new(&config::Limits { enabled: false, ..limits });
        assert!((0..9).all(|_| take(&off, peer).is_ok()));
    }

    #[test]
    fn memory_stays_bounded_under_a_flood_of_addresses() {
        let rates = RateLimits::new(&config::Limits::default());
        for number in 0..MAX_KEYS as u128 + 10_000 {
            let address = Ipv6Addr::from_bits((0x2001_0db8 << 96) | (number << 64));
            let _ = rates.take(Budget::Tickets, SocketAddr::from((address, 1)), &HeaderMap::new());
        }
        assert!(rates.tickets.len() <= MAX_KEYS + SHARED_KEYS as usize, "{}", rates.tickets.len());
    }
}
