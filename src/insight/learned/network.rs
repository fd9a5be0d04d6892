//! From which network a verdict came, so coarsely that it leads back to nobody.
//!
//! An address is cut to its range (/24, for IPv6 /48), hashed with the salt of the quarter, and of the
//! hash only 12 bits are kept: thousands of ranges share each number. That is too little to find
//! anybody by, even with the salt, and enough to see that ten verdicts did not come from ten places.
//! A salt is deleted when its quarter is over.

use std::{fmt, net::IpAddr};

use jiff::{Timestamp, tz::TimeZone};
use sha2::{Digest, Sha256};

use crate::insight::session::Salt;

/// One of 4096 groups of networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(u16);

impl Network {
    /// How many groups there are.
    pub const GROUPS: u16 = 4096;

    /// The group of an address under a quarter's salt.
    #[must_use]
    pub fn of(address: IpAddr, salt: &Salt) -> Self {
        let range = match address.to_canonical() {
            IpAddr::V4(v4) => u128::from(v4.to_bits() >> 8),
            IpAddr::V6(v6) => v6.to_bits() >> 80 | 1 << 127,
        };
        let hash = Sha256::new().chain_update(salt.bytes()).chain_update(range.to_be_bytes()).finalize();
        Self(u16::from_be_bytes([hash[0], hash[1]]) % Self::GROUPS)
    }

    /// The group with this number, for the store.
    #[must_use]
    pub fn from_number(number: u16) -> Self {
        Self(number % Self::GROUPS)
    }

    /// Its number, for the store.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// A quarter of a year (UTC), such as `2026-Q4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter(i16, i8);

impl Quarter {
    /// The quarter of an instant.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = at.to_zoned(TimeZone::UTC).date();
        Self(date.year(), (date.month() - 1) / 3 + 1)
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str, salt: u8) -> Network {
        Network::of(address.parse().unwrap(), &Salt::from_bytes([salt; 32]))
    }

    #[test]
    fn a_range_is_one_network_and_another_salt_makes_another() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.254", true),
            ("192.0.2.1", "192.0.3.1", false),
            ("::ffff:192.0.2.1", "192.0.2.9", true),
            ("2001:db8:1::1", "2001:db8:1:ffff::2", true),
            ("2001:db8:1::1", "2001:db8:2::1", false),
        ] {
            assert_eq!(network(one, 1) == network(other, 1), same, "{one} {other}");
        }
        assert_ne!(network("192.0.2.1", 1), network("192.0.2.1", 2));
    }

    #[test]
    fn thousands_of_ranges_share_a_number() {
        let of = |range: u32| Network::of(IpAddr::from((range << 8).to_be_bytes()), &Salt::from_bytes([7; 32]));
        let mine = of(12_345);
        let shared = (0..1 << 18).filter(|range| of(*range) == mine).count();
        assert!((32..=100).contains(&shared), "{shared} of a 64th of all ranges");
    }

    #[test]
    fn quarters_have_names() {
        for (at, name) in [("2026-01-01T00:00:00Z", "2026-Q1"), ("2026-11-22T10:00:00Z", "2026-Q4")] {
            assert_eq!(Quarter::of(at.parse().unwrap()).to_string(), name);
        }
    }
}
