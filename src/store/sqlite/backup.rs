//! Copies of the database, out of a data folder and back into one.
//!
//! A copy is taken with `SQLite`'s own backup, in one step: it holds everything that was acknowledged before, nothing by
//! halves, and a running server is not held up. Every copy is checked before it counts. Bringing one back never deletes
//! what was there.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, backup::Backup};

use super::{BUSY_TIMEOUT, FILE, StoreError, explain, schema};
use crate::store::DataLock;

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// Version of its tables.
    pub version: i64,
    /// Tickets in it.
    pub tickets: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// What a restored folder holds, and where its former database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What was brought back.
    pub saved: Saved,
    /// Folder with what was there before; `None` where there was nothing.
    pub former: Option<PathBuf>,
}

/// Copies the database of the folder `data` into a new file, also while a server works on it.
///
/// # Errors
/// There is no database or it is damaged; the file is there already or cannot be written.
pub fn back_up(data: &Path, to: &Path) -> Result<Saved, StoreError> {
    if to.exists() {
        return Err(StoreError::BackupExists { path: to.into() });
    }
    copy(&data.join(FILE), to)
}

/// Makes a backup the database of the folder `data`; what was there before is kept in a folder beside.
///
/// # Errors
/// A server works on the folder; the backup is damaged, not one of Zerodesk, or of a newer program. Nothing has changed
/// then.
pub fn restore(from: &Path, data: &Path, now: Timestamp) -> Result<Restored, StoreError> {
    let _lock = DataLock::acquire(data)?;
    let folder = |source| StoreError::Folder { dir: data.into(), source };
    let (path, new) = (data.join(FILE), data.join("restored.db"));
    remove(&new).map_err(folder)?;
    let saved = copy(from, &new)?;
    let former = if path.exists() { Some(keep(data, now).map_err(folder)?) } else { None };
    fs::rename(&new, &path).and_then(|()| sync(data)).map_err(folder)?;
    Ok(Restored { saved, former })
}

/// Copies one database into a new file of its own: first under another name, so that half a copy is never taken for one.
fn copy(from: &Path, to: &Path) -> Result<Saved, StoreError> {
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let outcome = fill(from, &partial).and_then(|saved| {
        let written = File::open(&partial).and_then(|file| file.sync_all());
        let named = written.and_then(|()| fs::rename(&partial, to)).and_then(|()| sync(folder_of(to)));
        named.map_err(|source| StoreError::Folder { dir: folder_of(to).into(), source })?;
        Ok(saved)
    });
    if outcome.is_err() {
        // What is left of a failed copy is of no use; the failure says more than one to clean up.
        let _ = remove(&partial);
    }
    outcome
}

fn fill(from: &Path, to: &Path) -> Result<Saved, StoreError> {
    let unreadable = |error| explain(from, error);
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(unreadable)?;
    source.busy_timeout(BUSY_TIMEOUT)?;
    if schema::version(&source).map_err(unreadable)? == 0 {
        return Err(StoreError::NotOurs { path: from.into() });
    }
    remove(to).map_err(|source| StoreError::Folder { dir: folder_of(to).into(), source })?;
    let mut target = Connection::open(to).map_err(|error| explain(to, error))?;
    // All pages in one step: between two steps a server could write, and the copy would begin anew.
    Backup::new(&source, &mut target)?.step(-1).map_err(unreadable)?;
    schema::check(&target, from)?;
    // A file that stands alone, without a log beside it.
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    let tickets: i64 = target.query_row("SELECT count(*) FROM tickets", (), |row| row.get(0)).map_err(unreadable)?;
    let version = schema::version(&target)?;
    target.close().map_err(|(_, error)| error)?;
    let bytes = fs::metadata(to).map_or(0, |file| file.len());
    Ok(Saved { version, tickets: tickets.unsigned_abs(), bytes })
}

/// Keeps the present database with its log in a folder named by the time. The file also stays where it is, so that at no
/// moment there is none: a server that starts then would begin with an empty one.
fn keep(data: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let former = data.join(now.strftime("before-restore-%Y-%m-%dT%H-%M-%S-%3fZ").to_string());
    fs::create_dir(&former)?;
    // A sound database takes its log in when the last connection ends; a damaged one keeps it.
    drop(Connection::open(data.join(FILE)).and_then(|present| schema::version(&present)));
    if fs::hard_link(data.join(FILE), former.join(FILE)).is_err() {
        fs::copy(data.join(FILE), former.join(FILE))?;
    }
    // A log beside another database would be written into that one.
    for name in ["-shm", "-wal"].map(|ending| format!("{FILE}{ending}")) {
        match fs::rename(data.join(&name), former.join(&name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync(&former)?;
    Ok(former)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes names in a folder durable.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}
