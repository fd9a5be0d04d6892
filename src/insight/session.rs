//! Who did it, without knowing who: sessions are stored as a hash under the salt of the UTC day.
//!
//! Browsers make the session id and forget it with the tab. Once a day's salt is deleted nobody,
//! operator included, can tell whether a known session id belongs to an event. A session that runs
//! over midnight stays one session: for as long as a session may be idle after midnight, and for
//! tickets all day, events carry yesterday's hash too.

use std::{collections::BTreeMap, fmt, sync::RwLock};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::{
    event::{EventKind, is_token},
    store::{EventStore, InsightError},
};

/// Idle time after which a visitor's next event starts a new session.
pub const IDLE: SignedDuration = SignedDuration::from_mins(30);

/// A session id as the browser made it: 16 to 64 of `A-Z a-z 0-9 - _`. Never stored, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Session(String);

impl Session {
    /// The session, if the text is well-formed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_token(text).then(|| Self(text.to_owned()))
    }

    /// A number from 0 up to 1 that the session draws, evenly spread, and apart for each site.
    pub(super) fn lot(&self, site: &str) -> f64 {
        let drawn = SessionHash(
            Sha256::new().chain_update("holdout").chain_update(site).chain_update(&self.0).finalize().into(),
        );
        drawn.spread() as f64 / 2f64.powi(64)
    }

    /// Whether it is a test's or a monitor's own, by its name.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.0.starts_with("test-")
    }

    /// A session for a request that brought none.
    #[must_use]
    pub fn generate() -> Self {
        Self(Ulid::generate().to_string())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(..)")
    }
}

/// What is mixed into the sessions of one UTC day.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// The salt of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What is mixed in.
    pub(super) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The salt as 64 hexadecimal digits, for the store.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// The salt from 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }

    /// Four times 80 random bits (the random part of a ULID), condensed to 256.
    pub(super) fn generate() -> Self {
        let mut hash = Sha256::new();
        for _ in 0..4 {
            hash.update(Ulid::generate().to_bytes());
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// `SHA-256(salt || session)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionHash([u8; 32]);

impl SessionHash {
    /// Hashes a session under a day's salt.
    #[must_use]
    pub fn of(session: &Session, salt: &Salt) -> Self {
        Self(Sha256::new().chain_update(salt.0).chain_update(&session.0).finalize().into())
    }
}

/// Who asked, by e-mail address: the same for all tickets of one address, and nobody's name.
///
/// Its salt is kept, unlike those of sessions: the ticket that the event names has the address itself anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequesterHash(SessionHash);

impl RequesterHash {
    /// Hashes an address; case and white space around it do not matter.
    #[must_use]
    pub fn of(email: &str, salt: &Salt) -> Self {
        Self(SessionHash::of(&Session(email.trim().to_lowercase()), salt))
    }
}

impl fmt::Display for RequesterHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for RequesterHash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        SessionHash::try_from(text).map(Self)
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(bytes)
}

impl fmt::Display for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHash({self})")
    }
}

impl From<SessionHash> for String {
    fn from(hash: SessionHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for SessionHash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        unhex(&text).map(Self).ok_or_else(|| "a session hash has 64 hexadecimal digits".into())
    }
}

impl SessionHash {
    /// A number that spreads sessions evenly.
    #[must_use]
    pub(super) fn spread(&self) -> u64 {
        self.0.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// A session as events know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor {
    /// Hash under today's salt.
    pub session: SessionHash,
    /// Hash under yesterday's salt.
    pub yesterday: SessionHash,
}

impl Visitor {
    /// Every hash under which events of this session may be stored.
    #[must_use]
    pub const fn hashes(&self) -> [SessionHash; 2] {
        [self.session, self.yesterday]
    }

    /// Yesterday's hash where the event may continue what began yesterday. Left out otherwise, so
    /// that a tab which stays open for days is not followed through them.
    pub(super) fn previous_for(&self, kind: &EventKind, at: Timestamp) -> Option<SessionHash> {
        let since_midnight = at.as_second().rem_euclid(86_400);
        let ticket = matches!(kind, EventKind::TicketOpened { .. });
        (ticket || since_midnight <= IDLE.as_secs()).then_some(self.yesterday)
    }
}

/// The UTC day of an instant.
#[must_use]
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The salts of yesterday, today and tomorrow, in memory, so that no request waits for them.
#[derive(Debug, Default)]
pub struct Salts {
    by_day: RwLock<BTreeMap<Date, Salt>>,
}

impl Salts {
    /// Loads (or creates) the salts around `now` and that of requesters, and deletes those older than yesterday's.
    ///
    /// Called at start and every hour. While the store fails, salts that exist in memory only are
    /// used, and offered to the store at the next call.
    pub async fn refresh(&self, store: &dyn EventStore, now: Timestamp) -> Result<(), InsightError> {
        let today = day_of(now);
        let days = [today.yesterday(), Ok(today), today.tomorrow(), Ok(Date::MAX)];
        for day in days.into_iter().flatten() {
            let offered = self.of(day);
            let kept = store.salt(day, offered).await?;
            self.write().insert(day, kept);
        }
        let oldest = today.yesterday().unwrap_or(today);
        self.write().retain(|day, _| *day >= oldest);
        store.forget_salts(oldest).await
    }

    /// The session as events know it at `now`.
    #[must_use]
    pub fn visitor(&self, session: &Session, now: Timestamp) -> Visitor {
        let today = day_of(now);
        let yesterday = today.yesterday().unwrap_or(today);
        Visitor {
            session: SessionHash::of(session, &self.of(today)),
            yesterday: SessionHash::of(session, &self.of(yesterday)),
        }
    }

    /// The sender of a ticket as events know it.
    #[must_use]
    pub fn requester(&self, email: &str) -> RequesterHash {
        // The salt of the last day there is: it is never deleted.
        RequesterHash::of(email, &self.of(Date::MAX))
    }

    fn of(&self, day: Date) -> Salt {
        let known = self.by_day.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&day).copied();
        known.unwrap_or_else(|| *self.write().entry(day).or_insert_with(Salt::generate))
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<Date, Salt>> {
        self.by_day.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENING: &str = "2026-03-01T23:59:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn session() -> Session {
        Session::parse("abcdefghijklmnop").unwrap()
    }

    #[test]
    fn sessions_are_checked() {
        for (text, good) in [
            ("abcdefghijklmnop", true),
            ("A-Z_09aaaaaaaaaaa", true),
            ("", false),
            ("fifteen-letters", false),
            ("abcdefghijklmno ", false),
            ("abcdefghijklmnopé", false),
            (&"x".repeat(64), true),
            (&"x".repeat(65), false),
        ] {
            assert_eq!(Session::parse(text).is_some(), good, "{text:?}");
        }
        assert!(Session::parse(&Session::generate().0).is_some());
    }

    #[test]
    fn a_hash_depends_on_the_salt_and_the_session() {
        let salts = [Salt::from_bytes([1; 32]), Salt::from_bytes([2; 32])];
        let other = Session::parse("abcdefghijklmnoq").unwrap();
        assert_eq!(SessionHash::of(&session(), &salts[0]), SessionHash::of(&session(), &salts[0]));
        assert_ne!(SessionHash::of(&session(), &salts[0]), SessionHash::of(&session(), &salts[1]));
        assert_ne!(SessionHash::of(&session(), &salts[0]), SessionHash::of(&other, &salts[0]));
    }

    #[test]
    fn a_hash_survives_json() {
        let hash = SessionHash::of(&session(), &Salt::from_bytes([7; 32]));
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(json.len(), 66);
        assert_eq!(serde_json::from_str::<SessionHash>(&json).unwrap(), hash);
        for malformed in ["zz", &"+1".repeat(32), &"é".repeat(32)] {
            assert!(SessionHash::try_from(malformed.to_owned()).is_err(), "{malformed}");
        }
    }

    #[test]
    fn the_hash_of_today_is_the_hash_of_yesterday_tomorrow() {
        let salts = Salts::default();
        let before = salts.visitor(&session(), at(EVENING));
        let after = salts.visitor(&session(), at("2026-03-02T00:01:00Z"));
        assert_ne!(before.session, after.session);
        assert_eq!(before.session, after.yesterday);
    }

    #[test]
    fn yesterday_is_remembered_for_running_sessions_and_for_tickets_only() {
        let salts = Salts::default();
        let click = EventKind::SuggestionClicked { article: "a".into() };
        let ticket = EventKind::TicketOpened { reference: "ZD-1".into(), level: 1, query_id: None };
        for (now, kind, remembered) in [
            ("2026-03-02T00:10:00Z", &click, true),
            ("2026-03-02T00:31:00Z", &click, false),
            ("2026-03-02T17:00:00Z", &click, false),
            ("2026-03-02T17:00:00Z", &ticket, true),
        ] {
            let visitor = salts.visitor(&session(), at(now));
            assert_eq!(visitor.previous_for(kind, at(now)).is_some(), remembered, "{now} {}", kind.name());
        }
    }
}
