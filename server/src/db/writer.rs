//! The writer thread: what waits for it is written in one transaction and acknowledged after it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode, ffi};
use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// Writes that may wait; one more is answered "busy".
const WAITING_MAX: usize = 4096;
/// Writes that share one commit at most.
const GROUP_MAX: usize = 512;

/// Answers one waiting caller, told whether the commit succeeded.
type Answer = Box<dyn FnOnce(std::result::Result<(), &rusqlite::Error>) + Send>;
/// Does one caller's work inside the transaction.
type Work = Box<dyn FnOnce(&Connection) -> Answer + Send>;

enum Job {
    Write(Work),
    Checkpoint(oneshot::Sender<Result<()>>),
}

/// The reading end of what waits.
struct Waiting {
    jobs: Receiver<Job>,
    count: Arc<AtomicUsize>,
}

impl Waiting {
    fn next(&self) -> Option<Job> {
        self.taken(self.jobs.recv().ok())
    }

    fn next_now(&self) -> Option<Job> {
        self.taken(self.jobs.try_recv().ok())
    }

    fn taken(&self, job: Option<Job>) -> Option<Job> {
        if job.is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
        job
    }
}

/// The writing end: hand it closures.
pub struct Writer {
    jobs: Option<SyncSender<Job>>,
    count: Arc<AtomicUsize>,
    failure: Arc<OnceLock<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread that owns `connection`.
    pub(super) fn start(connection: Connection) -> Result<Self> {
        let (jobs, taken) = sync_channel(WAITING_MAX);
        let count = Arc::new(AtomicUsize::new(0));
        let waiting = Waiting { jobs: taken, count: Arc::clone(&count) };
        let failure = Arc::new(OnceLock::new());
        let told = Arc::clone(&failure);
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || run(&connection, &waiting, &told))
            .map_err(Error::file("writer thread"))?;
        Ok(Self { jobs: Some(jobs), count, failure, thread: Some(thread) })
    }

    /// Queues `f`; the answer comes after the commit that holds it.
    pub(super) fn submit<T, F>(&self, f: F) -> Result<oneshot::Receiver<Result<T>>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            let result = in_savepoint(connection, f);
            Box::new(move |committed| {
                let _gone = answer.send(match (result, committed) {
                    (Ok(value), Ok(())) => Ok(value),
                    (Ok(_), Err(error)) => Err(copy_of(error)),
                    (Err(error), _) => Err(error),
                });
            })
        });
        self.send(Job::Write(work))?;
        Ok(answered)
    }

    pub(super) fn checkpoint(&self) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Checkpoint(answer))?;
        answered.blocking_recv().unwrap_or_else(|_| Err(super::lost()))
    }

    pub(super) fn waiting(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.failure.get().cloned()
    }

    fn send(&self, job: Job) -> Result<()> {
        if let Some(why) = self.failure.get() {
            return Err(Error::Stopped(why.clone()));
        }
        // Counted before it is sent: it may be taken at once.
        self.count.fetch_add(1, Ordering::Relaxed);
        let refused = match self.jobs.as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => return Ok(()),
            Some(Err(TrySendError::Full(_))) => Error::Busy,
            Some(Err(TrySendError::Disconnected(_))) | None => super::lost(),
        };
        self.count.fetch_sub(1, Ordering::Relaxed);
        Err(refused)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None; // the thread ends after what is queued
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn run(connection: &Connection, waiting: &Waiting, failure: &OnceLock<String>) {
    let mut next = waiting.next();
    while let Some(job) = next.take() {
        match job {
            Job::Checkpoint(answer) => {
                let _gone = answer.send(checkpoint(connection));
            }
            Job::Write(first) => next = commit_group(connection, first, waiting, failure),
        }
        if next.is_none() {
            next = waiting.next();
        }
    }
}

/// Writes `first` and what waits behind it in one transaction; gives back a job that has to stand
/// outside of it.
fn commit_group(
    connection: &Connection,
    first: Work,
    waiting: &Waiting,
    failure: &OnceLock<String>,
) -> Option<Job> {
    let mut answers = Vec::new();
    let mut left_over = None;
    let begun = if failure.get().is_some() {
        Err(rusqlite::Error::InvalidQuery) // a failed fsync is never tried again
    } else {
        connection.execute_batch("BEGIN IMMEDIATE")
    };
    if let Err(error) = begun {
        drop(first);
        tracing::error!(%error, "could not begin a write");
        return None;
    }
    answers.push(first(connection));
    // A full disk makes SQLite undo the whole transaction at once: then nothing more may join it.
    while answers.len() < GROUP_MAX && !connection.is_autocommit() {
        match waiting.next_now() {
            Some(Job::Write(work)) => answers.push(work(connection)),
            Some(other) => {
                left_over = Some(other);
                break;
            }
            None => break,
        }
    }
    let committed = if connection.is_autocommit() {
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None))
    } else {
        connection.execute_batch("COMMIT")
    };
    if let Err(error) = &committed {
        let _already = connection.execute_batch("ROLLBACK");
        note_failure(error, failure);
    }
    for answer in answers {
        answer(committed.as_ref().copied());
    }
    left_over
}

/// A failed commit leaves it open what the disk holds, unless the disk was merely full or another
/// program was writing: then nothing happened and trying again is safe.
fn note_failure(error: &rusqlite::Error, failure: &OnceLock<String>) {
    tracing::error!(%error, "a commit failed");
    let harmless = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    );
    if !harmless {
        let _first = failure.set(error.to_string());
    }
}

fn in_savepoint<T>(connection: &Connection, f: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    // A panic in one caller's work must not take the others' down with it.
    let result =
        catch_unwind(AssertUnwindSafe(|| f(connection))).unwrap_or_else(|_| Err(super::lost()));
    if result.is_err() && !connection.is_autocommit() {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    result
}

fn checkpoint(connection: &Connection) -> Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// `rusqlite::Error` cannot be cloned; each caller of a failed commit gets its own copy.
fn copy_of(error: &rusqlite::Error) -> Error {
    Error::Db(match error {
        rusqlite::Error::SqliteFailure(code, text) => {
            rusqlite::Error::SqliteFailure(*code, text.clone())
        }
        other => rusqlite::Error::ToSqlConversionFailure(other.to_string().into()),
    })
}
