//! The embedded database: one writer thread, a few readers.
//!
//! `SQLite` takes one writer at a time, so all changes go through one thread over a bounded channel:
//! no change waits for a lock, and changes that arrive together share one `COMMIT` (and its fsync).
//! Readers see the last committed state and never block the writer (WAL).
//!
//! Other files of this folder add their queries with [`Sqlite::write`] and [`Sqlite::read`], and
//! their tables with a file in `migrations/`.

mod backup;
mod days;
mod erasure;
mod events;
mod learned;
mod reports;
mod schema;
mod tickets;
mod writer;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, config::DbConfig};
use tokio::sync::Semaphore;

use super::StoreError;
pub use backup::{Restored, Saved, back_up, restore};
use writer::Writer;

/// Name of the database file inside the data folder.
const FILE: &str = "zerodesk.db";
/// Reads that may run at once.
const READERS: usize = 4;
/// How long a statement waits for another process (a backup, a command) before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

/// Compiled statements that a connection keeps: more than the program has in use at a time.
const STATEMENTS: usize = 128;

/// When a commit is done: FULL waits for the disk. NORMAL loses acknowledged tickets in a power cut, which is what the
/// control of `scripts/power-cut` is for.
const SYNCHRONOUS: &str = if cfg!(feature = "lose-tickets-in-power-cuts") { "NORMAL" } else { "FULL" };

/// The database of one data folder. Clones share it; it closes with the last one.
#[derive(Debug, Clone)]
pub struct Sqlite(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    writer: Writer,
    readers: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Sqlite {
    /// Opens the database in the folder `dir`, making both when missing, and brings its tables up to date.
    ///
    /// # Errors
    /// A folder that cannot be used, a file that is damaged or written by a newer program: nothing is changed then.
    pub fn open(dir: &Path, now: jiff::Timestamp) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(|source| StoreError::Folder { dir: dir.into(), source })?;
        let path = dir.join(FILE);
        let mut connection = connect(&path).map_err(|error| explain(&path, error))?;
        schema::check(&connection, &path)?;
        schema::migrate(&mut connection, &path, now)?;
        let inner = Inner {
            path,
            writer: Writer::start(connection),
            readers: Semaphore::new(READERS),
            idle: Mutex::new(Vec::new()),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Runs `change` in a transaction of its own and answers once it is durable.
    ///
    /// An error from `change` undoes all that it did and is handed back. The closure runs on the
    /// writer's thread: it must only talk to the connection, and be short.
    ///
    /// # Errors
    /// What `change` returned, or what the commit said.
    pub async fn write<T, F>(&self, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.0.writer.run(change).await
    }

    /// Why the last change could not be kept; `None` where it was.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.0.writer.trouble()
    }

    /// Tells whether changes can be kept again, by one that leaves nothing behind. It is as large as a ticket: on a full
    /// disk a smaller one may still find room where others were undone.
    ///
    /// # Errors
    /// As [`Sqlite::write`].
    pub async fn try_to_write(&self) -> Result<(), StoreError> {
        let trial = "CREATE TABLE trial (room); INSERT INTO trial VALUES (zeroblob(65536)); DROP TABLE trial";
        self.write(|tx| Ok(tx.execute_batch(trial)?)).await
    }

    /// Runs `query` on a reader's connection, off the async threads.
    ///
    /// # Errors
    /// What `query` returned.
    pub async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let _permit = self.0.readers.acquire().await.map_err(|_| StoreError::Stopped)?;
        let inner = Arc::clone(&self.0);
        let work = move || {
            let connection = inner.reader()?;
            let result = query(&connection);
            inner.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Stopped)?
    }
}

impl Inner {
    /// An idle reader, or a new one.
    fn reader(&self) -> Result<Connection, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        let connection = connect(&self.path)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}

/// A connection with the settings that durability rests on.
fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", SYNCHRONOUS)?;
    // What is deleted or changed is overwritten, so that erasing somebody leaves nothing in the file.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    // Otherwise what a larger change could undo goes into a file in /tmp, and where that is full or read-only, fails.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // A statement is compiled once: not again whenever its values change, and not because others came in between.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Tells a damaged file from one that cannot be opened.
fn explain(path: &Path, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { path: path.into(), detail: error.to_string() }
        }
        _ => StoreError::Open { path: path.into(), source: error },
    }
}

#[cfg(test)]
mod tests;
