//! The one error type of the store. Messages say what happened, where, and the way out.

use std::path::PathBuf;

/// Why something could not be kept or read back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data folder cannot be made or used.
    #[error("cannot use the data folder {}: {source}; make it writable for this user, or choose another with --data", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Another server works on the same data folder.
    #[error(
        "another server already uses the data folder {}; stop it first, or start this one with another folder by --data",
        dir.display()
    )]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// The database file cannot be opened.
    #[error("cannot open the database {}: {source}; check that the file is readable and writable for this user", path.display())]
    Open {
        /// The database file.
        path: PathBuf,
        /// What `SQLite` said.
        source: rusqlite::Error,
    },
    /// The database file is damaged, or no database at all.
    #[error(
        "the database {} is damaged ({detail}); nothing was changed. Restore it from a backup, save what is readable with \
         `sqlite3 FILE .recover`, or move it away to start with an empty one",
        path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// The first finding.
        detail: String,
    },
    /// The file is a database, but not one of this program.
    #[error("{} is not a database of zerodesk; name a file that `zerodesk backup` wrote, or a zerodesk.db", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// There is a file where the backup should go.
    #[error("{} exists already; choose another name, because a backup never replaces a file", path.display())]
    BackupExists {
        /// The file.
        path: PathBuf,
    },
    /// A newer program has written the database.
    #[error(
        "the database {} has version {found}, this program knows up to version {known}; start the newer program again, or \
         restore the backup made before the update",
        path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Version found in the file.
        found: i64,
        /// Highest version that this program knows.
        known: i64,
    },
    /// A step from one version of the tables to the next failed; the database is as before.
    #[error("cannot bring the database {} to version {version}: {source}; it is unchanged", path.display())]
    Migration {
        /// The database file.
        path: PathBuf,
        /// The version that was to be reached.
        version: i64,
        /// What `SQLite` said.
        source: rusqlite::Error,
    },
    /// A statement failed: a full disk, an I/O error, a lock held for too long.
    #[error("the database refused a statement: {0}")]
    Sql(#[from] rusqlite::Error),
    /// A stored value does not have the expected shape.
    #[error("a stored {what} cannot be read back: {detail}")]
    Value {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The store is shutting down, or the statement's code failed.
    #[error("the store has stopped before it could answer")]
    Stopped,
}
