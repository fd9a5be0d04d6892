//! Versions of the tables: checked, then brought forward one transactional step at a time.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreError, explain};

/// The steps in order; step `n` leads to version `n` (counted from 1). A released step is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001.sql"),
    include_str!("../migrations/0002_events.sql"),
    include_str!("../migrations/0003_work.sql"),
    include_str!("../migrations/0004_delivery.sql"),
    include_str!("../migrations/0005_status_links.sql"),
    include_str!("../migrations/0006_figures.sql"),
    include_str!("../migrations/0007_learned.sql"),
    include_str!("../migrations/0008_step_mails.sql"),
    include_str!("../migrations/0009_touched.sql"),
];

/// Refuses a database that is damaged or from a newer program, before anything is written.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let finding: String =
        connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0)).map_err(|error| explain(path, error))?;
    if finding != "ok" {
        return Err(StoreError::Damaged { path: path.into(), detail: finding });
    }
    let known = MIGRATIONS.len().cast_signed() as i64;
    let found = version(connection).map_err(|error| explain(path, error))?;
    if found > known {
        return Err(StoreError::Newer { path: path.into(), found, known });
    }
    Ok(())
}

/// Runs the missing steps. Each is one transaction: a crash leaves the version before or after it.
pub(super) fn migrate(connection: &mut Connection, path: &Path, now: jiff::Timestamp) -> Result<(), StoreError> {
    run(connection, path, MIGRATIONS, now)
}

fn run(connection: &mut Connection, path: &Path, steps: &[&str], now: jiff::Timestamp) -> Result<(), StoreError> {
    for (step, sql) in (1..).zip(steps) {
        apply(connection, step, sql, now).map_err(|source| StoreError::Migration {
            path: path.into(),
            version: step,
            source,
        })?;
    }
    Ok(())
}

fn apply(connection: &mut Connection, step: i64, sql: &str, now: jiff::Timestamp) -> Result<(), rusqlite::Error> {
    // The version is read inside the transaction: another process may migrate at the same moment.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version(&transaction)? < step {
        transaction.execute_batch(sql)?;
        transaction.execute(
            "INSERT INTO schema_history (version, applied_ms) VALUES (?1, ?2)",
            (step, now.as_millisecond()),
        )?;
        transaction.pragma_update(None, "user_version", step)?;
    }
    transaction.commit()
}

/// Version of the tables; 0 where there are none of ours.
pub(super) fn version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("PRAGMA user_version", (), |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        let (path, now) = (Path::new("zerodesk.db"), jiff::Timestamp::UNIX_EPOCH);
        let good = &MIGRATIONS[..2];
        run(&mut connection, path, good, now).unwrap();
        let tables = |connection: &Connection| -> i64 {
            connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).unwrap()
        };
        let before = tables(&connection);
        let bad = [good, &["CREATE TABLE half (a BIGINT); ALTER TABLE nothing ADD COLUMN b TEXT;"]].concat();
        let message = run(&mut connection, path, &bad, now).unwrap_err().to_string();
        assert!(message.contains("zerodesk.db to version 3") && message.contains("unchanged"), "{message}");
        assert_eq!((version(&connection).unwrap(), tables(&connection)), (2, before));
        run(&mut connection, path, MIGRATIONS, now).unwrap();
    }
}
