//! The one thread that changes the database.
//!
//! Changes that wait together are committed together: each runs in a savepoint of its own, so that
//! one which fails is undone alone, and all are answered after the common `COMMIT`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::StoreError;

/// Changes that may wait; more make the caller wait.
const QUEUE: usize = 256;
/// Changes that share a commit.
const GROUP: usize = 64;

/// Outcome of a commit, as told to each of its changes. Not `StoreError`, because it is told many times.
type Committed = Result<(), Option<rusqlite::ffi::Error>>;
/// What is left to do once the commit is known: answer the caller.
type Answer = Box<dyn FnOnce(Committed)>;
/// A change, and how to answer it.
type Job = Box<dyn FnOnce(&mut Transaction<'_>) -> Option<Answer> + Send>;

/// Handle of the writer's thread, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    trouble: Trouble,
}

/// Why the last commit failed; `None` where it did not.
type Trouble = Arc<Mutex<Option<String>>>;

impl Writer {
    /// Hands the connection to a new thread.
    pub(super) fn start(connection: Connection) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let trouble = Trouble::default();
        let told = Arc::clone(&trouble);
        let thread = std::thread::spawn(move || work(connection, jobs, &told));
        Self { queue: Some(queue), thread: Some(thread), trouble }
    }

    /// See [`super::Sqlite::trouble`].
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// See [`super::Sqlite::write`].
    pub(super) async fn run<T, F>(&self, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let result = in_savepoint(transaction, change);
            Some(Box::new(move |committed: Committed| {
                // A caller that has gone away needs no answer.
                let _ = reply.send(after_commit(result, committed));
            }))
        });
        let queue = self.queue.as_ref().ok_or(StoreError::Stopped)?;
        queue.send(job).await.map_err(|_| StoreError::Stopped)?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // What waits in the queue is still written; a panic there has been reported already.
            let _ = thread.join();
        }
    }
}

fn after_commit<T>(result: Result<T, StoreError>, committed: Committed) -> Result<T, StoreError> {
    let value = result?;
    match committed {
        Ok(()) => Ok(value),
        Err(Some(code)) => Err(StoreError::Sql(rusqlite::Error::SqliteFailure(code, Some("commit failed".into())))),
        Err(None) => Err(StoreError::Stopped),
    }
}

fn in_savepoint<T, F>(transaction: &mut Transaction<'_>, change: F) -> Result<T, StoreError>
where
    F: FnOnce(&Connection) -> Result<T, StoreError>,
{
    // A full disk can end the whole transaction; a savepoint would then commit by itself.
    if transaction.is_autocommit() {
        return Err(StoreError::Stopped);
    }
    // Dropped without a commit, a savepoint undoes its changes.
    let savepoint = transaction.savepoint()?;
    let value = change(&savepoint)?;
    savepoint.commit()?;
    Ok(value)
}

fn work(mut connection: Connection, mut jobs: mpsc::Receiver<Job>, trouble: &Trouble) {
    let mut group = Vec::with_capacity(GROUP);
    while jobs.blocking_recv_many(&mut group, GROUP) > 0 {
        let (answers, committed) = commit(&mut connection, &mut group, trouble);
        for answer in answers {
            answer(committed);
        }
        group.clear();
    }
}

/// Runs a group in one transaction. Jobs that never ran drop their reply, which tells their callers.
fn commit(connection: &mut Connection, group: &mut Vec<Job>, trouble: &Trouble) -> (Vec<Answer>, Committed) {
    let tell = |fault: Option<&rusqlite::Error>| {
        let fault = fault.map(|error| format!("it takes no changes: {error}"));
        *trouble.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    };
    let failed = |error: &rusqlite::Error| match error {
        rusqlite::Error::SqliteFailure(code, _) => Err(Some(*code)),
        _ => Err(None),
    };
    let mut transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            tracing::error!(%error, "the database takes no changes");
            tell(Some(&error));
            return (Vec::new(), failed(&error));
        }
    };
    let answers = group.drain(..).filter_map(|job| guarded(job, &mut transaction)).collect();
    let committed = transaction.commit().inspect_err(|error| tracing::error!(%error, "a commit failed"));
    tell(committed.as_ref().err());
    (answers, committed.map_err(|error| failed(&error).unwrap_err()))
}

/// A panic in one change must not end the thread that all others need.
fn guarded(job: Job, transaction: &mut Transaction<'_>) -> Option<Answer> {
    catch_unwind(AssertUnwindSafe(|| job(transaction))).unwrap_or_else(|_| {
        tracing::error!("a change to the database panicked and was undone");
        None
    })
}
