//! Events and salts: append, read by time or by session, delete by age.
//!
//! An event that is there already is skipped, so a batch can be sent again after any failure.

use std::convert::identity;

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, de::value::BorrowedStrDeserializer};

use super::{Sqlite, StoreError, days};
use crate::insight::{
    Event, EventId, EventStore, InsightError, Notes, Origin, RequesterHash, Salt, SessionHash, Share, Surface,
};

pub(super) const COLUMNS: &str = "id, at_ms, schema, site, session, previous, surface, locale, bot, monitor, staff, \
                                  interacted, article_kind, level, requester, kind";

/// Events of one session that are read back at most.
const MAX_OF_SESSION: u32 = 1000;

#[async_trait]
impl EventStore for Sqlite {
    async fn append(&self, events: &[Event]) -> Result<usize, InsightError> {
        let events = events.to_vec();
        self.write(move |transaction| insert(transaction, &events)).await.map_err(InsightError::from)
    }

    async fn events_of(
        &self,
        site: &str,
        from: Timestamp,
        to: Timestamp,
        share: Share,
    ) -> Result<Vec<Event>, InsightError> {
        let site = site.to_owned();
        let query = move |connection: &Connection| {
            let (index, sessions) = match share.bounds() {
                None => ("", "TRUE".to_owned()),
                Some((from, to)) => {
                    ("INDEXED BY events_by_session", format!("session >= '{from}' AND session < '{to}'"))
                }
            };
            let sql = format!(
                "SELECT {COLUMNS} FROM events {index} \
                 WHERE site = ?1 AND at_ms >= ?2 AND at_ms < ?3 AND {sessions} ORDER BY at_ms, id"
            );
            select(connection, &sql, params![site, from.as_millisecond(), to.as_millisecond()], Event::lean)
        };
        self.read(query).await.map_err(InsightError::from)
    }

    async fn count(&self, site: &str, from: Timestamp, to: Timestamp) -> Result<u64, InsightError> {
        let site = site.to_owned();
        let query = move |connection: &Connection| {
            let sql = "SELECT count(*) FROM events WHERE site = ?1 AND at_ms >= ?2 AND at_ms < ?3";
            let values = params![site, from.as_millisecond(), to.as_millisecond()];
            Ok(connection.query_row(sql, values, |row| row.get::<_, i64>(0))?.cast_unsigned())
        };
        self.read(query).await.map_err(InsightError::from)
    }

    async fn session_events(&self, site: &str, sessions: &[SessionHash]) -> Result<Vec<Event>, InsightError> {
        let (site, sessions) = (site.to_owned(), sessions.to_vec());
        let query = move |connection: &Connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM events WHERE session = ?1 AND site = ?2 ORDER BY at_ms DESC, id DESC LIMIT ?3"
            );
            let mut events = Vec::new();
            for session in sessions {
                events.extend(select(connection, &sql, params![session.to_string(), site, MAX_OF_SESSION], identity)?);
            }
            events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
            events.drain(..events.len().saturating_sub(MAX_OF_SESSION as usize));
            Ok(events)
        };
        self.read(query).await.map_err(InsightError::from)
    }

    async fn event(&self, id: &EventId) -> Result<Option<Event>, InsightError> {
        let id = id.to_string();
        let sql = format!("SELECT {COLUMNS} FROM events WHERE id = ?1");
        let found = self
            .read(move |connection| select(connection, &sql, params![id], identity))
            .await
            .map_err(InsightError::from)?;
        Ok(found.into_iter().next())
    }

    async fn revision(&self, site: &str) -> Result<i64, InsightError> {
        let site = site.to_owned();
        let sql = "SELECT coalesce(sum(changes), 0) FROM days_changed WHERE site = ?1";
        // Both only grow.
        let query = move |connection: &Connection| {
            Ok(connection.query_row(sql, params![site], |row| row.get::<_, i64>(0))? + deletions(connection)?)
        };
        self.read(query).await.map_err(InsightError::from)
    }

    async fn salt(&self, day: Date, offered: Salt) -> Result<Salt, InsightError> {
        self.write(move |transaction| keep_salt(transaction, day, offered)).await.map_err(InsightError::from)
    }

    async fn forget_salts(&self, oldest: Date) -> Result<(), InsightError> {
        let forget = move |transaction: &Connection| {
            transaction.execute("DELETE FROM salts WHERE day < ?1", params![oldest.to_string()])?;
            Ok(())
        };
        self.write(forget).await.map_err(InsightError::from)
    }

    async fn purge(&self, before: Timestamp) -> Result<usize, InsightError> {
        self.write(move |transaction| days::purge(transaction, before)).await.map_err(InsightError::from)
    }
}

impl From<StoreError> for InsightError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// A number that grows whenever events were deleted, for their age or for somebody.
pub(super) fn deletions(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT (SELECT coalesce(max(before_ms), 0) FROM events_deleted)
                    + (SELECT count(*) FROM desk_log WHERE action = 'visitor_erased')";
    Ok(connection.prepare_cached(sql)?.query_row((), |row| row.get(0))?)
}

fn insert(transaction: &Connection, events: &[Event]) -> Result<usize, StoreError> {
    let sql = format!(
        "INSERT INTO events ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
         ON CONFLICT (id) DO NOTHING"
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let mut new = Vec::new();
    for event in events {
        let Event { id, at, schema, session, previous, origin, notes, kind } = event;
        let written = statement.execute(params![
            id.as_str(),
            at.as_millisecond(),
            schema,
            origin.site,
            session.to_string(),
            previous.map(|hash| hash.to_string()),
            word(&origin.surface)?,
            origin.locale,
            origin.bot,
            origin.monitor,
            origin.staff,
            origin.interacted,
            notes.article_kind,
            notes.level,
            notes.requester.map(|requester| requester.to_string()),
            serde_json::to_string(kind).map_err(|error| unreadable("event", &error))?,
        ])?;
        if written > 0 {
            new.push(event);
        }
    }
    days::mark(transaction, &new)?;
    Ok(new.len())
}

/// Events, each brought into a shape before the next one is read.
pub(super) fn select(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    shape: fn(Event) -> Event,
) -> Result<Vec<Event>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        match event(row) {
            // A newer program may have written kinds of events that this one does not know.
            Err(error @ StoreError::Value { .. }) => tracing::warn!(%error, "an event was skipped"),
            other => events.push(shape(other?)),
        }
    }
    Ok(events)
}

/// An event from the [`COLUMNS`], by their places: to look each up by its name takes longer than to read it.
fn event(row: &Row) -> Result<Event, StoreError> {
    let hash = |text: String| SessionHash::try_from(text).map_err(|error| unreadable("session", &error));
    let requester = |text: String| RequesterHash::try_from(text).map_err(|error| unreadable("requester", &error));
    let surface = row.get_ref(6)?.as_str().map_err(|error| unreadable("surface", &error))?;
    let kind = row.get_ref(15)?.as_str().map_err(|error| unreadable("event", &error))?;
    Ok(Event {
        id: EventId::try_from(row.get::<_, String>(0)?).map_err(|error| unreadable("event id", &error))?,
        at: Timestamp::from_millisecond(row.get(1)?).map_err(|error| unreadable("time", &error))?,
        schema: row.get(2)?,
        session: hash(row.get(4)?)?,
        previous: row.get::<_, Option<String>>(5)?.map(hash).transpose()?,
        origin: Origin {
            site: row.get(3)?,
            surface: Surface::deserialize(BorrowedStrDeserializer::<serde::de::value::Error>::new(surface))
                .map_err(|error| unreadable("surface", &error))?,
            locale: row.get(7)?,
            bot: row.get(8)?,
            monitor: row.get(9)?,
            staff: row.get(10)?,
            interacted: row.get(11)?,
        },
        notes: Notes {
            article_kind: row.get(12)?,
            level: row.get(13)?,
            requester: row.get::<_, Option<String>>(14)?.map(requester).transpose()?,
        },
        kind: serde_json::from_str(kind).map_err(|error| unreadable("event", &error))?,
    })
}

/// The name of a value that is a plain word in JSON.
fn word(value: &impl serde::Serialize) -> Result<String, StoreError> {
    let value = serde_json::to_value(value).map_err(|error| unreadable("name", &error))?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

pub(super) fn unreadable(what: &'static str, error: &impl ToString) -> StoreError {
    StoreError::Value { what, detail: error.to_string() }
}

fn keep_salt(transaction: &Connection, day: Date, offered: Salt) -> Result<Salt, StoreError> {
    let find = |transaction: &Connection| {
        let sql = "SELECT salt FROM salts WHERE day = ?1";
        transaction.query_row(sql, params![day.to_string()], |row| row.get::<_, String>(0)).optional()
    };
    if let Some(salt) = find(transaction)? {
        return Salt::from_hex(&salt).ok_or_else(|| unreadable("salt", &"it needs 64 hexadecimal digits"));
    }
    transaction.execute("INSERT INTO salts (day, salt) VALUES (?1, ?2)", params![day.to_string(), offered.to_hex()])?;
    Ok(offered)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{
        insight::{EventKind, FigureStore, MaskedText, Salts, Session, Surface, Trigger, Visitor},
        search::Decision,
    };

    fn opened() -> (tempfile::TempDir, Sqlite) {
        let dir = tempfile::tempdir().unwrap();
        let store = Sqlite::open(dir.path(), noon()).unwrap();
        (dir, store)
    }

    fn noon() -> Timestamp {
        "2026-03-02T12:00:00.123Z".parse().unwrap()
    }

    fn visitor(number: u8) -> Visitor {
        let session = Session::parse(&format!("session-number-{number}")).unwrap();
        let hash = |day| SessionHash::of(&session, &Salt::from_bytes([day; 32]));
        Visitor { session: hash(2), yesterday: hash(1) }
    }

    fn origin(site: &str) -> Origin {
        let (site, locale) = (site.to_owned(), "pt-PT".to_owned());
        Origin { site, surface: Surface::Box, locale, bot: true, interacted: Some(false), ..Origin::default() }
    }

    fn search(site: &str, visitor_number: u8, hours: i64) -> Event {
        let kind = EventKind::SearchPerformed {
            query: MaskedText::new("wachtwoord \u{1F511} 'quoted'"),
            language: Some("nl".into()),
            total: 3,
            shown: vec!["a#b".into()],
            decision: Decision::Candidates,
            confidence: 0.25,
            latency_us: 180,
            trigger: Trigger::Typed,
            filters: Vec::new(),
        };
        Event::new(&visitor(visitor_number), origin(site), noon() + SignedDuration::from_hours(hours), kind)
    }

    fn ticket(site: &str, visitor_number: u8) -> Event {
        let kind = EventKind::TicketOpened { reference: "ZD-7K3QF".into(), level: 1, query_id: None };
        Event::new(&visitor(visitor_number), origin(site), noon(), kind)
    }

    #[tokio::test]
    async fn events_come_back_as_they_were_written() {
        let (_dir, store) = opened();
        let events = [search("default", 1, -1), ticket("default", 1), search("default", 2, 1)];
        assert_eq!(store.append(&events).await.unwrap(), 3);
        let day = SignedDuration::from_hours(24);
        assert_eq!(store.events("default", noon() - day, noon() + day).await.unwrap(), events);
        assert_eq!(store.event(&events[1].id).await.unwrap(), Some(events[1].clone()));
        assert_eq!(store.event(&EventId::new(noon())).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_was_shown_is_read_for_one_visitor_and_not_for_all() {
        let (_dir, store) = opened();
        let mut event = search("default", 1, 0);
        let EventKind::SearchPerformed { shown, .. } = &mut event.kind else { unreachable!("it is a search") };
        shown.extend(["c#".into(), "d#e".into()]);
        store.append(&[event.clone()]).await.unwrap();
        let (from, to) = (noon(), noon() + SignedDuration::from_hours(1));
        let day = store.events_of_day("default", "2026-03-02".parse().unwrap(), None).await.unwrap();
        assert_eq!(store.session_events("default", &visitor(1).hashes()).await.unwrap(), [event.clone()]);
        let lean = [event.lean()];
        assert_eq!(store.events("default", from, to).await.unwrap(), lean);
        assert_eq!(day.events, lean);
        let EventKind::SearchPerformed { shown, .. } = &lean[0].kind else { unreachable!("it is a search") };
        assert_eq!(shown, &["a#b"]);
    }

    #[tokio::test]
    async fn every_event_is_in_one_share_of_the_visitors_and_each_visitor_in_one() {
        let (_dir, store) = opened();
        let events: Vec<Event> = (0..60).map(|number| search("default", number / 2, i64::from(number % 2))).collect();
        store.append(&events).await.unwrap();
        let (from, to) = (noon(), noon() + SignedDuration::from_hours(2));
        assert_eq!(store.count("default", from, to).await.unwrap(), 60);
        assert_eq!(store.count("default", from, noon() + SignedDuration::from_mins(1)).await.unwrap(), 30);
        let mut visitors = Vec::new();
        for share in Share::of(200_000) {
            let found = store.events_of("default", from, to, share).await.unwrap();
            let mut here: Vec<SessionHash> = found.iter().map(|event| event.session).collect();
            here.sort_unstable();
            here.dedup();
            assert_eq!(found.len(), 2 * here.len());
            visitors.extend(here);
        }
        visitors.sort_unstable();
        visitors.dedup();
        assert_eq!(visitors.len(), 30);
    }

    #[tokio::test]
    async fn a_repeated_event_counts_once() {
        let (_dir, store) = opened();
        let events = [search("default", 1, 0), ticket("default", 1)];
        for (batch, new) in [(&events[..1], 1), (&events[..], 1), (&events[..], 0), (&[], 0)] {
            assert_eq!(store.append(batch).await.unwrap(), new);
        }
    }

    #[tokio::test]
    async fn time_and_site_bound_what_is_read() {
        let (_dir, store) = opened();
        let events: Vec<Event> = (0..4).map(|hours| search("default", 1, hours)).collect();
        store.append(&events).await.unwrap();
        store.append(&[search("other", 1, 1)]).await.unwrap();
        let hour = |hours| noon() + SignedDuration::from_hours(hours);
        assert_eq!(store.events("default", hour(1), hour(3)).await.unwrap(), events[1..3]);
        assert_eq!(store.events("nowhere", hour(0), hour(9)).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_session_is_found_under_both_of_its_hashes() {
        let (_dir, store) = opened();
        let mut earlier = search("default", 1, -13);
        earlier.session = visitor(1).yesterday;
        let own = [earlier, ticket("default", 1)];
        store.append(&own).await.unwrap();
        store.append(&[search("default", 2, 0), search("other", 1, 0)]).await.unwrap();
        assert_eq!(store.session_events("default", &visitor(1).hashes()).await.unwrap(), own);
    }

    #[tokio::test]
    async fn old_events_go_and_the_rest_stays() {
        let (_dir, store) = opened();
        let events: Vec<Event> = (0..4).map(|hours| search("default", 1, hours)).collect();
        store.append(&events).await.unwrap();
        assert_eq!(store.purge(noon() + SignedDuration::from_hours(2)).await.unwrap(), 2);
        let day = SignedDuration::from_hours(24);
        assert_eq!(store.events("default", noon() - day, noon() + day).await.unwrap(), events[2..]);
    }

    #[tokio::test]
    async fn every_node_gets_the_same_salt_and_it_is_gone_after_two_days() {
        let (_dir, store) = opened();
        let (first, second) = (Salts::default(), Salts::default());
        let session = Session::parse("session-number-1").unwrap();
        first.refresh(&store, noon()).await.unwrap();
        second.refresh(&store, noon()).await.unwrap();
        let today = first.visitor(&session, noon());
        assert_eq!(today, second.visitor(&session, noon()));

        let restarted = Salts::default();
        restarted.refresh(&store, noon() + SignedDuration::from_hours(24)).await.unwrap();
        assert_eq!(restarted.visitor(&session, noon() + SignedDuration::from_hours(24)).yesterday, today.session);

        restarted.refresh(&store, noon() + SignedDuration::from_hours(48)).await.unwrap();
        let oldest = |connection: &Connection| {
            Ok(connection.query_row("SELECT min(day) FROM salts", (), |row| row.get::<_, String>(0))?)
        };
        assert_eq!(store.read(oldest).await.unwrap(), "2026-03-03");
    }

    #[tokio::test]
    async fn no_session_and_no_salt_is_kept_as_it_came() {
        let (dir, store) = opened();
        store.append(&[ticket("default", 1)]).await.unwrap();
        drop(store);
        let bytes = std::fs::read(dir.path().join("zerodesk.db")).unwrap();
        let needle = b"session-number-1";
        assert!(!bytes.windows(needle.len()).any(|window| window == needle));
    }
}
