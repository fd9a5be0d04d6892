//! Sums of days: which are stale, what they follow from, and the sums themselves.
//!
//! A written event marks each day whose sums it may change: its own at once, and those of other sessions that are the
//! same visitor or the same requester before the figures are next read. Which sessions belong together stands in
//! `session_links`, so that both marking and reading follow a few links and never search all events.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::{
    Sqlite, StoreError,
    events::{COLUMNS, deletions, select, unreadable},
};
use crate::insight::{
    DayEvents, DaysRevision, Event, EventKind, FigureStore, InsightError, ReadUpTo, SessionHash,
    figures::{DayCounts, DayLists, MAX_EVENTS, bounds, days, reach},
};

/// Sessions that are followed from one at most; beyond it somebody plays with links.
const MAX_LINKED: u32 = 500;
/// Days after a day whose events its sums depend on.
const DAYS_AFTER: i32 = 8;

#[async_trait]
impl FigureStore for Sqlite {
    async fn stale_days(&self, site: &str, from: Date, to: Date, rules: u32) -> Result<Vec<Date>, InsightError> {
        let site = site.to_owned();
        let asked = site.clone();
        if self.read(move |connection| waits_for_marks(connection, &asked)).await? {
            let asked = site.clone();
            self.write(move |transaction| mark_linked(transaction, &asked)).await?;
        }
        let query = move |connection: &Connection| {
            let sql = "SELECT changed.day FROM days_changed changed \
                       LEFT JOIN days_counted counted ON counted.site = changed.site AND counted.day = changed.day \
                       WHERE changed.site = ?1 AND changed.day BETWEEN ?2 AND ?3 \
                       AND (counted.day IS NULL OR counted.changes <> changed.changes OR counted.rules <> ?4) \
                       ORDER BY changed.day";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement
                .query_map(params![site, from.to_string(), to.to_string(), rules], |row| row.get::<_, String>(0))?;
            let stale = rows.map(|day| date(&day?)).collect::<Result<Vec<_>, _>>()?;
            let complete = first_complete_day(connection)?;
            Ok(stale.into_iter().filter(|day| complete.is_none_or(|complete| *day >= complete)).collect())
        };
        self.read(query).await.map_err(InsightError::from)
    }

    async fn events_of_day(&self, site: &str, day: Date, known: Option<DayEvents>) -> Result<DayEvents, InsightError> {
        let site = site.to_owned();
        self.read(move |connection| events_of_day(connection, &site, day, known)).await.map_err(InsightError::from)
    }

    async fn keep_day(
        &self,
        site: &str,
        day: Date,
        changes: u64,
        rules: u32,
        counts: DayCounts,
    ) -> Result<(), InsightError> {
        let site = site.to_owned();
        let keep = move |transaction: &Connection| {
            let json = |value: &dyn Fn() -> serde_json::Result<String>| value().map_err(|e| unreadable("counts", &e));
            let lists = json(&|| serde_json::to_string(&counts.lists))?;
            let counts = json(&|| serde_json::to_string(&counts))?;
            let sql = "INSERT INTO days_counted (site, day, changes, rules, counts, lists) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                       ON CONFLICT (site, day) DO UPDATE SET changes = excluded.changes, rules = excluded.rules, \
                       counts = excluded.counts, lists = excluded.lists";
            transaction.execute(sql, params![site, day.to_string(), changes.cast_signed(), rules, counts, lists])?;
            Ok(())
        };
        self.write(keep).await.map_err(InsightError::from)
    }

    async fn days(
        &self,
        site: &str,
        from: Date,
        to: Date,
        lists: bool,
    ) -> Result<Vec<(Date, DayCounts)>, InsightError> {
        let site = site.to_owned();
        let query = move |connection: &Connection| {
            let sql = if lists {
                "SELECT day, counts, lists FROM days_counted WHERE site = ?1 AND day BETWEEN ?2 AND ?3 ORDER BY day"
            } else {
                "SELECT day, counts, '' FROM days_counted WHERE site = ?1 AND day BETWEEN ?2 AND ?3 ORDER BY day"
            };
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![site, from.to_string(), to.to_string()])?;
            let mut days = Vec::new();
            while let Some(row) = rows.next()? {
                let text = |column| row.get_ref(column)?.as_str().map_err(|error| unreadable("counts", &error));
                let mut counts: DayCounts =
                    serde_json::from_str(text(1)?).map_err(|error| unreadable("counts", &error))?;
                if lists {
                    counts.lists = serde_json::from_str::<DayLists>(text(2)?).map_err(|e| unreadable("lists", &e))?;
                }
                days.push((date(text(0)?)?, counts));
            }
            Ok(days)
        };
        self.read(query).await.map_err(InsightError::from)
    }

    async fn days_revision(&self, site: &str, from: Date, to: Date) -> Result<DaysRevision, InsightError> {
        let site = site.to_owned();
        let query = move |connection: &Connection| {
            // A day's number of changes only grows, unless something was erased and it is counted anew.
            let sql = "SELECT count(*), coalesce(sum(changes), 0), coalesce(sum(rules), 0) FROM days_counted \
                       WHERE site = ?1 AND day BETWEEN ?2 AND ?3";
            let [days, changes, rules]: [i64; 3] =
                connection.query_row(sql, params![site, from.to_string(), to.to_string()], |row| {
                    Ok([row.get(0)?, row.get(1)?, row.get(2)?])
                })?;
            Ok([days, changes, rules, deletions(connection)?])
        };
        self.read(query).await.map_err(InsightError::from)
    }

    async fn sites_with_events(&self) -> Result<Vec<String>, InsightError> {
        let query = |connection: &Connection| {
            let mut statement = connection.prepare_cached("SELECT DISTINCT site FROM days_changed ORDER BY site")?;
            let sites = statement.query_map((), |row| row.get(0))?;
            Ok(sites.collect::<Result<Vec<String>, _>>()?)
        };
        self.read(query).await.map_err(InsightError::from)
    }

    async fn first_day(&self, site: &str) -> Result<Option<Date>, InsightError> {
        let site = site.to_owned();
        let query = move |connection: &Connection| {
            let sql = "SELECT min(day) FROM days_changed WHERE site = ?1";
            let day = connection.query_row(sql, params![site], |row| row.get::<_, Option<String>>(0))?;
            day.map(|day| date(&day)).transpose()
        };
        self.read(query).await.map_err(InsightError::from)
    }

    async fn closed_period(&self, site: &str, period: &str) -> Result<Option<String>, InsightError> {
        let (site, period) = (site.to_owned(), period.to_owned());
        self.read(move |connection| closed_period(connection, &site, &period)).await.map_err(InsightError::from)
    }

    async fn close_period(
        &self,
        site: &str,
        period: &str,
        report: String,
        now: Timestamp,
    ) -> Result<String, InsightError> {
        let (site, period) = (site.to_owned(), period.to_owned());
        let close = move |transaction: &Connection| {
            let sql = "INSERT INTO closed_periods (site, period, closed_ms, figures) VALUES (?1, ?2, ?3, ?4) \
                       ON CONFLICT (site, period) DO NOTHING";
            transaction.execute(sql, params![site, period, now.as_millisecond(), report])?;
            Ok(closed_period(transaction, &site, &period)?.unwrap_or(report))
        };
        self.write(close).await.map_err(InsightError::from)
    }
}

fn closed_period(connection: &Connection, site: &str, period: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT figures FROM closed_periods WHERE site = ?1 AND period = ?2";
    Ok(connection.query_row(sql, params![site, period], |row| row.get(0)).optional()?)
}

fn date(text: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|error: jiff::Error| unreadable("day", &error))
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// Deletes events before `before`, with the links of their sessions. The days that lose events keep their sums.
pub(super) fn purge(transaction: &Connection, before: Timestamp) -> Result<usize, StoreError> {
    let before = before.as_millisecond();
    let deleted = transaction.execute("DELETE FROM events WHERE at_ms < ?1", params![before])?;
    transaction.execute("DELETE FROM session_links WHERE at_ms < ?1", params![before])?;
    transaction.execute("DELETE FROM awaited_searches WHERE at_ms < ?1", params![before])?;
    if deleted > 0 {
        let sql = "INSERT INTO events_deleted (id, before_ms) VALUES (1, ?1) \
                   ON CONFLICT (id) DO UPDATE SET before_ms = max(before_ms, excluded.before_ms)";
        transaction.execute(sql, params![before])?;
    }
    Ok(deleted)
}

/// The first day all of whose events are there, those of the day before included; none: all are.
fn first_complete_day(connection: &Connection) -> Result<Option<Date>, StoreError> {
    let sql = "SELECT before_ms FROM events_deleted WHERE id = 1";
    let Some(before) = connection.query_row(sql, (), |row| row.get::<_, i64>(0)).optional()? else { return Ok(None) };
    let before = Timestamp::from_millisecond(before).unwrap_or(Timestamp::MAX);
    let whole = bounds(day_of(before)).0 == before;
    Ok(Some(day_of(before).checked_add(if whole { 1 } else { 2 }.days()).unwrap_or(Date::MAX)))
}

/// Notes which sessions belong together, and marks the days of the new events and of their sessions. The days of other
/// sessions of the same visitor are marked when somebody wants to know: whoever has hundreds must not hold up all
/// writing.
pub(super) fn mark(transaction: &Connection, new: &[&Event]) -> Result<(), StoreError> {
    let mut touched = Touched::new();
    for event in new {
        let session = event.session.to_string();
        note_links(transaction, event, &session)?;
        let spell = touched.entry((event.origin.site.clone(), session)).or_insert((event.at, event.at));
        *spell = (spell.0.min(event.at), spell.1.max(event.at));
    }
    let mut changed = BTreeSet::new();
    let mut linked = transaction.prepare_cached("SELECT EXISTS (SELECT 1 FROM session_links WHERE session = ?1)")?;
    let sql = "INSERT INTO sessions_touched (site, session, first_ms, last_ms) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (site, session) DO UPDATE \
               SET first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms)";
    let mut wait = transaction.prepare_cached(sql)?;
    for ((site, session), (first, last)) in touched {
        changed.extend(days(day_of(first), day_of(last)).map(|day| (site.clone(), day)));
        if linked.query_row(params![session], |row| row.get(0))? {
            wait.execute(params![site, session, first.as_millisecond(), last.as_millisecond()])?;
        } else {
            let reach = within_reach(first, last);
            changed.extend(seen(transaction, &site, &[session], reach)?.into_iter().map(|day| (site.clone(), day)));
        }
    }
    note_changes(transaction, changed)
}

/// By site and session: the first and the last instant at which something new happened.
type Touched = BTreeMap<(String, String), (Timestamp, Timestamp)>;

/// Whether days wait for [`mark_linked`].
fn waits_for_marks(connection: &Connection, site: &str) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM sessions_touched WHERE site = ?1)")?;
    Ok(statement.query_row(params![site], |row| row.get(0))?)
}

/// Marks the days of all sessions that are linked to those with new events.
fn mark_linked(transaction: &Connection, site: &str) -> Result<(), StoreError> {
    let mut statement = transaction
        .prepare_cached("DELETE FROM sessions_touched WHERE site = ?1 RETURNING session, first_ms, last_ms")?;
    let rows = statement.query_map(params![site], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    let mut touched: BTreeMap<String, (i64, i64)> = rows.collect::<Result<_, _>>()?;
    let mut changed = BTreeSet::new();
    while let Some((session, (mut first, mut last))) = touched.pop_first() {
        let together = Vec::from_iter(linked(transaction, [session])?);
        // Others that belong to the same visitor are done in the same go.
        for (from, to) in together.iter().filter_map(|session| touched.remove(session)) {
            (first, last) = (first.min(from), last.max(to));
        }
        let instant = |at| Timestamp::from_millisecond(at).map_err(|error| unreadable("time", &error));
        let reach = within_reach(instant(first)?, instant(last)?);
        changed.extend(seen(transaction, site, &together, reach)?.into_iter().map(|day| (site.to_owned(), day)));
    }
    note_changes(transaction, changed)
}

/// The days whose sums may depend on events between these instants.
fn within_reach(first: Timestamp, last: Timestamp) -> (Date, Date) {
    let (first, last) = (day_of(first), day_of(last));
    (first.checked_sub(DAYS_AFTER.days()).unwrap_or(first), last.tomorrow().unwrap_or(last))
}

fn note_changes(transaction: &Connection, changed: BTreeSet<(String, Date)>) -> Result<(), StoreError> {
    let sql = "INSERT INTO days_changed (site, day, changes) VALUES (?1, ?2, 1) \
               ON CONFLICT (site, day) DO UPDATE SET changes = changes + 1";
    let mut statement = transaction.prepare_cached(sql)?;
    for (site, day) in changed {
        statement.execute(params![site, day.to_string()])?;
    }
    Ok(())
}

/// The days from the first to the last on which each session was seen, within `reach`.
fn seen(
    connection: &Connection,
    site: &str,
    sessions: &[String],
    (earliest, latest): (Date, Date),
) -> Result<BTreeSet<Date>, StoreError> {
    let sql = "SELECT (SELECT min(at_ms) FROM events WHERE session = one.value AND site = ?2), \
               (SELECT max(at_ms) FROM events WHERE session = one.value AND site = ?2) FROM json_each(?1) AS one";
    let mut statement = connection.prepare_cached(sql)?;
    let day = |at: i64| Timestamp::from_millisecond(at).ok().map(day_of);
    let spells = statement.query_map(params![json(sessions)?, site], |row| {
        let (from, to): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
        Ok(from.and_then(day).zip(to.and_then(day)))
    })?;
    let mut seen = BTreeSet::new();
    for spell in spells {
        let Some((from, to)) = spell? else { continue };
        seen.extend(days(from.max(earliest), to.min(latest)));
    }
    Ok(seen)
}

/// For `json_each`: many sessions in one statement.
fn json(sessions: impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(&sessions).map_err(|error| unreadable("sessions", &error))
}

fn note_links(transaction: &Connection, event: &Event, session: &str) -> Result<(), StoreError> {
    let at = event.at.as_millisecond();
    let link = |other: &str| {
        let sql = "INSERT INTO session_links (session, other, at_ms) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (session, other) DO UPDATE SET at_ms = max(at_ms, excluded.at_ms)";
        let mut statement = transaction.prepare_cached(sql)?;
        for (a, b) in [(session, other), (other, session)] {
            statement.execute(params![a, b, at])?;
        }
        Ok::<_, StoreError>(())
    };
    if let Some(previous) = event.previous {
        link(&previous.to_string())?;
    }
    if let Some(requester) = event.notes.requester {
        link(&requester.to_string())?;
    }
    if let Some(query_id) = event.kind.continues() {
        let sql = "SELECT session FROM events WHERE id = ?1";
        let mut statement = transaction.prepare_cached(sql)?;
        let found: Option<String> = statement.query_row(params![query_id.as_str()], |row| row.get(0)).optional()?;
        match found {
            Some(other) if other != session => link(&other)?,
            Some(_) => {}
            None => {
                let sql = "INSERT INTO awaited_searches (query_id, session, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
                transaction.prepare_cached(sql)?.execute(params![query_id.as_str(), session, at])?;
            }
        }
    }
    if matches!(event.kind, EventKind::SearchPerformed { .. }) {
        let sql = "DELETE FROM awaited_searches WHERE query_id = ?1 RETURNING session";
        let mut statement = transaction.prepare_cached(sql)?;
        let waiting = statement.query_map(params![event.id.as_str()], |row| row.get::<_, String>(0))?;
        for other in waiting.collect::<Result<Vec<_>, _>>()?.iter().filter(|other| *other != session) {
            link(other)?;
        }
    }
    Ok(())
}

/// These sessions and all that are linked to them, however many steps away.
fn linked(connection: &Connection, sessions: impl IntoIterator<Item = String>) -> Result<HashSet<String>, StoreError> {
    let mut found: HashSet<String> = HashSet::new();
    let mut statement = connection.prepare_cached("SELECT other FROM session_links WHERE session = ?1 LIMIT ?2")?;
    for session in sessions {
        let mut reached = 0;
        let mut to_follow = vec![session];
        while let Some(session) = to_follow.pop() {
            if reached > MAX_LINKED || found.contains(&session) {
                continue;
            }
            reached += 1;
            let others = statement.query_map(params![session, MAX_LINKED], |row| row.get::<_, String>(0))?;
            to_follow.extend(others.collect::<Result<Vec<_>, _>>()?);
            found.insert(session);
        }
    }
    Ok(found)
}

/// The events of one day, and, within the reach of the day, all others of the sessions that are linked to them.
fn events_of_day(
    connection: &Connection,
    site: &str,
    day: Date,
    known: Option<DayEvents>,
) -> Result<DayEvents, StoreError> {
    // One snapshot: what is written meanwhile must not be half seen.
    let snapshot = connection.unchecked_transaction()?;
    let (from, to) = bounds(day);
    let (earliest, latest) = reach(day);
    let deletions = deletions(&snapshot)?;
    // Where something was deleted, it may be among what is known, and new rows may have taken its numbers.
    let known = known.filter(|known| known.read.deletions == deletions).unwrap_or_default();
    let (mut events, read) = (known.events, known.read);
    events.truncate(read.own);
    let sql = format!("SELECT {COLUMNS} FROM events WHERE site = ?1 AND at_ms >= ?2 AND at_ms < ?3 AND rowid > ?4");
    let values = params![site, from.as_millisecond(), to.as_millisecond(), read.newest];
    events.extend(select(&snapshot, &sql, values, Event::lean)?);
    let newest = snapshot.query_row("SELECT coalesce(max(rowid), 0) FROM events", (), |row| row.get(0))?;
    let read = ReadUpTo { own: events.len(), newest, deletions };
    let sessions: HashSet<SessionHash> = events.iter().map(|event| event.session).collect();
    let mut sessions: HashSet<String> = sessions.iter().map(ToString::to_string).collect();
    let sql = "SELECT DISTINCT session FROM session_links WHERE session IN (SELECT value FROM json_each(?1))";
    let with_links = texts(&snapshot, sql, params![json(&sessions)?])?;
    sessions.extend(linked(&snapshot, with_links)?);
    // Few of them were there before or after the day.
    let sql = "SELECT one.value FROM json_each(?1) AS one WHERE EXISTS (SELECT 1 FROM events \
               WHERE session = one.value AND site = ?2 AND (at_ms >= ?3 AND at_ms < ?4 OR at_ms >= ?5 AND at_ms < ?6))";
    let spells = [(earliest, from), (to, latest)].map(|(from, to)| (from.as_millisecond(), to.as_millisecond()));
    let [before, after] = spells;
    let values = params![json(&sessions)?, site, before.0, before.1, after.0, after.1];
    let others = texts(&snapshot, sql, values)?;
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE session = ?1 AND site = ?2 AND at_ms >= ?3 AND at_ms < ?4 LIMIT ?5"
    );
    let most = 2 * MAX_EVENTS as u32;
    for session in others {
        for (from, to) in spells {
            events.extend(select(&snapshot, &sql, params![session, site, from, to, most], Event::lean)?);
        }
    }
    let sql = "SELECT changes FROM days_changed WHERE site = ?1 AND day = ?2";
    let changes = snapshot.query_row(sql, params![site, day.to_string()], |row| row.get::<_, i64>(0)).optional()?;
    Ok(DayEvents { events, changes: changes.unwrap_or_default().cast_unsigned(), read })
}

fn texts(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_map(values, |row| row.get(0))?.collect::<Result<_, _>>()?)
}
