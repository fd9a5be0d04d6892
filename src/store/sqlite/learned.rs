//! Testimonies, the networks of verdicts and their salts.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Sqlite, StoreError};
use crate::insight::{
    EventId, InsightError, Salt, SessionHash,
    learned::{LearnedStore, Network, Quarter, Source, Testimony},
};

#[async_trait]
impl LearnedStore for Sqlite {
    async fn network_salt(&self, quarter: Quarter, offered: Salt) -> Result<Salt, InsightError> {
        let keep = move |transaction: &Connection| {
            let quarter = quarter.to_string();
            let sql = "INSERT INTO network_salts (quarter, salt) VALUES (?1, ?2) ON CONFLICT (quarter) DO NOTHING";
            transaction.execute(sql, params![quarter, offered.to_hex()])?;
            transaction.execute("DELETE FROM network_salts WHERE quarter < ?1", params![quarter])?;
            let sql = "SELECT salt FROM network_salts WHERE quarter = ?1";
            let salt: String = transaction.query_row(sql, params![quarter], |row| row.get(0))?;
            Salt::from_hex(&salt).ok_or_else(|| unreadable("salt", "it needs 64 hexadecimal digits"))
        };
        Ok(self.write(keep).await?)
    }

    async fn keep_network(&self, event: &EventId, network: Network, at: Timestamp) -> Result<(), InsightError> {
        let event = event.to_string();
        let keep = move |transaction: &Connection| {
            let sql = "INSERT INTO event_networks (event, network, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            transaction.execute(sql, params![event, network.number(), at.as_millisecond()])?;
            Ok(())
        };
        Ok(self.write(keep).await?)
    }

    async fn looked(&self, site: &str) -> Result<Option<Timestamp>, InsightError> {
        let site = site.to_owned();
        let query = move |connection: &Connection| {
            let sql = "SELECT at_ms FROM learned_until WHERE site = ?1";
            let found: Option<i64> = connection.query_row(sql, params![site], |row| row.get(0)).optional()?;
            found.map(time).transpose()
        };
        Ok(self.read(query).await?)
    }

    async fn take_testimonies(
        &self,
        site: &str,
        testimonies: Vec<Testimony>,
        withdrawn: Vec<String>,
        until: Timestamp,
    ) -> Result<usize, InsightError> {
        let site = site.to_owned();
        Ok(self.write(move |transaction| take(transaction, &site, &testimonies, &withdrawn, until)).await?)
    }

    async fn testimonies(&self, site: &str, from: Timestamp) -> Result<Vec<Testimony>, InsightError> {
        let site = site.to_owned();
        let query = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "SELECT t.id, t.language, t.question, t.article, t.helped, t.source, t.session, t.network_of, t.at_ms, n.network
                 FROM testimonies t
                 LEFT JOIN event_networks n ON n.event = t.network_of
                 LEFT JOIN unlearned u ON u.site = t.site AND u.article = t.article AND u.question = t.question
                 WHERE t.site = ?1 AND t.at_ms >= ?2 AND u.site IS NULL
                 ORDER BY t.at_ms, t.id",
            )?;
            let mut rows = statement.query(params![site, from.as_millisecond()])?;
            let mut testimonies = Vec::new();
            while let Some(row) = rows.next()? {
                testimonies.push(testimony(row)?);
            }
            Ok(testimonies)
        };
        Ok(self.read(query).await?)
    }

    async fn remove_learned(
        &self,
        site: &str,
        article: &str,
        question: &str,
        now: Timestamp,
    ) -> Result<bool, InsightError> {
        let (site, article, question) = (site.to_owned(), article.to_owned(), question.to_owned());
        let remove = move |transaction: &Connection| {
            let sql = "SELECT count(*) FROM testimonies WHERE site = ?1 AND article = ?2 AND question = ?3";
            let found: i64 = transaction.query_row(sql, params![site, article, question], |row| row.get(0))?;
            if found == 0 {
                return Ok(false);
            }
            let sql = "INSERT INTO unlearned (site, article, question, removed_ms) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT DO NOTHING";
            transaction.execute(sql, params![site, article, question, now.as_millisecond()])?;
            revised(transaction)?;
            Ok(true)
        };
        Ok(self.write(remove).await?)
    }

    async fn learned_revision(&self) -> Result<i64, InsightError> {
        let query = |connection: &Connection| {
            Ok(connection.query_row("SELECT number FROM learned_revision", (), |row| row.get(0))?)
        };
        Ok(self.read(query).await?)
    }

    async fn purge_testimonies(&self, before: Timestamp) -> Result<(), InsightError> {
        let purge = move |transaction: &Connection| {
            let before = params![before.as_millisecond()];
            let gone = transaction.execute("DELETE FROM testimonies WHERE at_ms < ?1", before)?;
            transaction.execute("DELETE FROM event_networks WHERE at_ms < ?1", before)?;
            if gone > 0 {
                revised(transaction)?;
            }
            Ok(())
        };
        Ok(self.write(purge).await?)
    }
}

/// Tells whoever keeps what was learned in memory to read it again.
pub(super) fn revised(transaction: &Connection) -> Result<(), StoreError> {
    transaction.execute("UPDATE learned_revision SET number = number + 1", ())?;
    Ok(())
}

fn take(
    transaction: &Connection,
    site: &str,
    testimonies: &[Testimony],
    withdrawn: &[String],
    until: Timestamp,
) -> Result<usize, StoreError> {
    let mut changed = 0;
    for Testimony { id, language, question, article, helped, source, session, network_of, at, .. } in testimonies {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO testimonies
                 (id, site, language, question, article, helped, source, session, network_of, at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET language = ?3, question = ?4, article = ?5, helped = ?6, at_ms = ?10
             WHERE article <> ?5 OR helped <> ?6 OR at_ms <> ?10",
        )?;
        changed += insert.execute(params![
            id,
            site,
            language,
            question,
            article,
            helped,
            word(*source),
            session.to_string(),
            network_of.as_str(),
            at.as_millisecond(),
        ])?;
    }
    for id in withdrawn {
        changed += transaction.execute("DELETE FROM testimonies WHERE id = ?1", params![id])?;
    }
    let sql = "INSERT INTO learned_until (site, at_ms) VALUES (?1, ?2) ON CONFLICT (site) DO UPDATE SET at_ms = ?2";
    transaction.execute(sql, params![site, until.as_millisecond()])?;
    if changed > 0 {
        revised(transaction)?;
    }
    Ok(changed)
}

fn testimony(row: &Row) -> Result<Testimony, StoreError> {
    let source: String = row.get("source")?;
    Ok(Testimony {
        id: row.get("id")?,
        language: row.get("language")?,
        question: row.get("question")?,
        article: row.get("article")?,
        helped: row.get("helped")?,
        source: if source == word(Source::Desk) { Source::Desk } else { Source::Reader },
        session: SessionHash::try_from(row.get::<_, String>("session")?)
            .map_err(|error| unreadable("session", &error))?,
        network_of: EventId::try_from(row.get::<_, String>("network_of")?)
            .map_err(|error| unreadable("event id", &error))?,
        network: row.get::<_, Option<u16>>("network")?.map(Network::from_number),
        at: time(row.get("at_ms")?)?,
    })
}

const fn word(source: Source) -> &'static str {
    match source {
        Source::Reader => "reader",
        Source::Desk => "desk",
    }
}

fn time(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|error| unreadable("time", &error.to_string()))
}

fn unreadable(what: &'static str, detail: &str) -> StoreError {
    StoreError::Value { what, detail: detail.to_owned() }
}
