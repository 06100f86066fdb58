//! Publishing: the only code that appends to the log and signs its head.
//!
//! The order of durable writes is written once, in [`Publisher::append`] and [`Publisher::apply`];
//! recovery is the same `apply`, run at start on whatever a crash left.

mod files;
mod stage;

#[cfg(test)]
mod crash_tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use ledger::checkpoint::Checkpoint;
use ledger::hash::Hash;
use ledger::key::{SigningKey, VerifierKey};
use ledger::note::compose;
use ledger::proof::Proof;
use ledger::roster::Roster;
use ledger::tree::{
    leaf_hash, prove_consistency, prove_inclusion, root, subtrees, verify_inclusion,
};
use rusqlite::{Connection, params};

use crate::data::DataDir;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::objects::Objects;
use crate::people::Actor;
use crate::seen::{self, Standing};
use crate::{durable, view};
pub(crate) use files::content_bundle;
pub use stage::{NewEntry, office_note};
pub(crate) use stage::{earlier, must_stand, refused};

/// Most entries that one call publishes.
pub const BATCH_MAX: usize = 2_000;

/// The office's two keys. They leave the data directory only to sign.
#[derive(Debug)]
pub struct Keys {
    /// Signs checkpoints; its name is the log's origin.
    pub log: SigningKey,
    /// Signs the office's own statements.
    pub office: SigningKey,
}

/// The durable steps of publishing, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The stage and the new head, in one SQLite transaction: the point of no return.
    Commit,
    /// Entry bundles.
    Bundles,
    /// Hash tiles.
    Tiles,
    /// Contents and their bundles.
    Contents,
    /// Images move from private to public.
    Images,
    /// All of the above reaches the disk.
    Sync,
    /// The `checkpoint` file.
    Checkpoint,
    /// What was withdrawn leaves the public tree.
    Forget,
    /// The stage is dropped; the view follows.
    Done,
}

/// Where a test asks for a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crash {
    /// Nowhere: real life.
    #[default]
    Never,
    /// Before this step is done.
    Before(Step),
    /// After this step was done, before anything else.
    After(Step),
}

impl Crash {
    fn around<T>(self, step: Step, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let crashed = || Err(Error::Stopped(format!("crash asked for around {step:?}")));
        if self == Self::Before(step) {
            return crashed();
        }
        let done = work()?;
        if self == Self::After(step) { crashed() } else { Ok(done) }
    }
}

/// One published statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Log index.
    pub index: u64,
    /// Proof that it stands there (C2SP tlog-proof), verified before it is handed out.
    pub proof: String,
}

/// Appends to one log. One batch at a time.
pub struct Publisher {
    db: Arc<Db>,
    data: DataDir,
    keys: Arc<Keys>,
    roster: RwLock<Arc<Roster>>,
    objects: Arc<Objects>,
    turn: Mutex<()>,
    stopped: OnceLock<String>,
    crash: Crash,
}

/// The row of the log table.
struct LogRow {
    size: u64,
    applied: u64,
    checkpoint: String,
    head: Checkpoint,
}

impl Publisher {
    /// Takes up a log, finishing what a crash left unfinished. The caller holds the data's lock.
    ///
    /// # Errors
    /// When the files cannot be written, or do not fit the head that was signed.
    pub fn open(
        db: Arc<Db>,
        data: DataDir,
        keys: Keys,
        objects: Arc<Objects>,
        crash: Crash,
    ) -> Result<Self> {
        let publisher = Self {
            roster: RwLock::new(Arc::new(db.read(stage::read_roster)?)),
            turn: Mutex::new(()),
            stopped: OnceLock::new(),
            keys: Arc::new(keys),
            db,
            data,
            objects,
            crash,
        };
        publisher.look_at_own_file()?;
        publisher.apply()?;
        // The view may be behind for another reason: a newer version of its tables.
        publisher.db.write_blocking(view::extend)?;
        Ok(publisher)
    }

    /// The key that the log is verified with.
    #[must_use]
    pub fn vkey(&self) -> VerifierKey {
        self.keys.log.verifier()
    }

    /// A note that the office signs without publishing it: for what boards show that is no record. The text must not be
    /// one that could be taken for a statement or a checkpoint, and end in a newline.
    #[must_use]
    pub fn vouch(&self, text: &str) -> String {
        compose(text, &[self.keys.office.sign(text)])
    }

    /// Who may sign, as of the newest entry.
    #[must_use]
    pub fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.roster.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// # Errors
    /// `Stopped` after a write failed past the point of no return, until the program is restarted;
    /// `restored` or `behind` while the log is not known to be the newest (see [`seen`]).
    pub fn must_run(&self) -> Result<()> {
        match self.stopped.get().cloned().or_else(|| self.db.failure()) {
            None => self.db.read(seen::must_publish),
            Some(why) => Err(Error::Stopped(why)),
        }
    }

    /// Takes note of a checkpoint that somebody else (`source`: a kiosk, a mirror, a witness) holds.
    /// If this log does not continue it, nothing is published from now on, after a restart neither.
    /// Blocks.
    ///
    /// # Errors
    /// `bad-checkpoint` unless this log's key signed it; when nothing can be read or written.
    pub fn seen(&self, source: &str, note: &[u8]) -> Result<Standing> {
        let theirs = seen::open(source, note, &self.vkey())?;
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (data, source, note) = (self.data.clone(), source.to_owned(), note.to_vec());
        let told = source.clone();
        let standing =
            self.db.write_blocking(move |c| seen::keep(c, &data, &source, &note, &theirs))?;
        if let Some(complaint) = standing.complaint(&told) {
            tracing::error!(%complaint, "others hold more than this log: read-only");
        }
        Ok(standing)
    }

    /// Lets a restored office publish again: `brought` (source and checkpoint each) are what others
    /// hold, and `why` says for the record who was asked. Blocks.
    ///
    /// # Errors
    /// `bad-checkpoint`, `behind` with what is missing: then it stays read-only.
    pub fn unlock(&self, brought: &[(String, Vec<u8>)], why: &str, who: &Actor) -> Result<()> {
        // All are read before any is taken note of: a wrong file changes nothing.
        for (source, note) in brought {
            seen::open(source, note, &self.vkey())?;
        }
        let mut complaints = Vec::new();
        for (source, note) in brought {
            complaints.extend(self.seen(source, note)?.complaint(source));
        }
        if !complaints.is_empty() {
            return Err(seen::behind(&complaints));
        }
        let (data, key) = (self.data.clone(), self.vkey());
        let (why, who) = (why.to_owned(), who.clone());
        self.db.write_blocking(move |c| seen::unlock(c, &data, &key, &why, &who))
    }

    /// The public file and the database are of one piece, unless somebody put an older database
    /// back by hand: then the file is the evidence, and is not written over.
    fn look_at_own_file(&self) -> Result<()> {
        let log = self.db.read(LogRow::read)?;
        let path = self.data.public().join("checkpoint");
        let Ok(note) = std::fs::read(&path) else { return Ok(()) };
        let Ok(theirs) = Checkpoint::open(&note, &self.vkey()) else { return Ok(()) };
        if theirs.size > log.size || (theirs.size == log.size && theirs.root != log.head.root) {
            self.seen("public/checkpoint", &note)?;
        }
        Ok(())
    }

    /// Publishes what `choose` picks (inside the committing transaction, so that nothing changes
    /// between choice and commit), as one batch under one new checkpoint. Blocks.
    ///
    /// # Errors
    /// Before the commit: any refusal, and nothing happened. After it: `Stopped`; the batch is
    /// published all the same, by the next start.
    pub fn append<F>(&self, choose: F) -> Result<Vec<Published>>
    where
        F: FnOnce(&Connection, &Keys) -> Result<Vec<NewEntry>> + Send + 'static,
    {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.must_run()?;
        let (keys, data) = (Arc::clone(&self.keys), self.data.clone());
        let roster = Roster::clone(&self.roster());

        // 1. Stage and commit. A crash before this leaves nothing; after it, everything that the
        //    rest needs is in the database, and recovery does the rest.
        let (batch, roster) = self.crash.around(Step::Commit, || {
            self.db.write_blocking(move |c| {
                let entries = choose(c, &keys)?;
                stage::commit(c, &keys, &data, roster, entries)
            })
        })?;
        *self.roster.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(roster);

        // 2. The files. An error here is fatal: a failed fsync must not be tried again, because
        //    the kernel may have dropped the pages; a restart writes them anew from the stage.
        self.apply().map_err(|error| self.stop(&error))?;
        self.prove(batch)
    }

    /// Writes the files of every committed entry that has none yet. Everything is create-only and
    /// may be done again; a crash between any two steps leaves the stage, and this runs again.
    fn apply(&self) -> Result<()> {
        let log = self.db.read(LogRow::read)?;
        let behind = self.db.read(seen::read_only)?.is_some_and(|why| why.code == "behind");
        if log.applied == log.size || behind {
            return Ok(());
        }
        let batch = self.db.read(|c| files::Batch::load(c, &self.data, log.applied, &log.head))?;
        let step = |step, work: &dyn Fn() -> Result<()>| self.crash.around(step, work);

        // A crash anywhere here leaves files that no checkpoint mentions yet: harmless.
        step(Step::Bundles, &|| batch.write_bundles(&self.data))?;
        step(Step::Tiles, &|| batch.write_tiles(&self.data))?;
        step(Step::Contents, &|| batch.write_contents(&self.data))?;
        step(Step::Images, &|| batch.move_images(&self.data))?;
        // Nothing may be promised by a checkpoint that is not on the disk: one sync for all.
        step(Step::Sync, &|| durable::sync_filesystem(&self.data.public()))?;
        // A crash before this leaves the old head, after it the new one; rename is atomic. The
        // bytes come from the commit, so a second try writes the same checkpoint.
        step(Step::Checkpoint, &|| {
            let path = self.data.public().join("checkpoint");
            durable::replace(&path, log.checkpoint.as_bytes(), durable::Access::Public)
        })?;
        // Only now is the withdrawal known to readers; a crash before this removes files at start.
        step(Step::Forget, &|| batch.forget_withdrawn(&self.data))?;
        self.objects.forget(&batch.changed_paths());
        // Drop the stage. A crash before this only does all of the above again.
        step(Step::Done, &|| self.drop_stage(&batch, log.size))?;
        tracing::info!(size = log.size, new = log.size - log.applied, "published");
        Ok(())
    }

    fn drop_stage(&self, batch: &files::Batch, size: u64) -> Result<()> {
        let gone: Vec<u64> = batch.withdrawn().collect();
        let forgets = !gone.is_empty();
        self.db.write_blocking(move |c| {
            for index in gone {
                stage::forget_images(c, index)?;
            }
            c.execute("UPDATE log SET applied = ?1", [size])?;
            view::extend(c)
        })?;
        if forgets { self.db.forget_deleted() } else { Ok(()) }
    }

    /// The proofs of a batch, each verified before it is handed out.
    fn prove(&self, batch: Range<u64>) -> Result<Vec<Published>> {
        let notes = self.db.read(|c| stage::notes(c, batch.clone()))?;
        let noted = batch.zip(notes);
        let proofs = self.prove_each(noted.clone())?;
        let published = noted.zip(proofs).map(|((index, _), proof)| Published { index, proof });
        Ok(published.collect())
    }

    /// The proofs of entries (log index and note) under the newest checkpoint, each verified.
    fn prove_each(&self, entries: impl Iterator<Item = (u64, String)>) -> Result<Vec<String>> {
        let checkpoint = self.db.read(LogRow::read)?.checkpoint;
        let head = Checkpoint::open(checkpoint.as_bytes(), &self.vkey())
            .map_err(|e| Error::Corrupt(format!("检查点：{e}")))?;
        let mut nodes = files::Nodes::of(&self.data, head.size);
        entries
            .map(|(index, note)| {
                let hashes = prove_inclusion(index, head.size, |l, i| nodes.node(l, i))?;
                let leaf = leaf_hash(note.as_bytes());
                verify_inclusion(&leaf, index, head.size, &hashes, &head.root)
                    .map_err(|e| Error::Corrupt(format!("第 {index} 条的证明：{e}")))?;
                Ok(Proof { index, hashes, checkpoint: checkpoint.clone() }.to_text())
            })
            .collect()
    }

    /// Entries anywhere in the log, each as its note and its proof under one checkpoint, the newest. Blocks.
    ///
    /// # Errors
    /// `not-found` when one of them is not there; when a tile does not fit.
    pub fn proven(&self, indices: &BTreeSet<u64>) -> Result<BTreeMap<u64, (String, String)>> {
        let notes: BTreeMap<u64, String> =
            indices.iter().map(|index| Ok((*index, self.note(*index)?))).collect::<Result<_>>()?;
        let proofs = self.prove_each(notes.clone().into_iter())?;
        let proven = notes.into_iter().zip(proofs);
        Ok(proven.map(|((index, note), proof)| (index, (note, proof))).collect())
    }

    /// The signed note at a log index, as it stands in the log.
    ///
    /// # Errors
    /// `not-found` when there is none.
    pub fn note(&self, index: u64) -> Result<String> {
        let past = index.saturating_add(1);
        // SQLite's numbers end at 2^63.
        let notes = match i64::try_from(past) {
            Ok(_) => self.db.read(|c| stage::notes(c, index..past))?,
            Err(_) => Vec::new(),
        };
        notes.into_iter().next().ok_or_else(|| no_entry(index))
    }

    /// The proof of any published entry under the newest checkpoint.
    ///
    /// # Errors
    /// When there is no such entry, or a tile does not fit.
    pub fn proof(&self, index: u64) -> Result<String> {
        let size = self.db.read(LogRow::read)?.size;
        let mut proofs = self.prove(index.min(size)..index.saturating_add(1).min(size))?;
        let proof = proofs.pop().map(|published| published.proof);
        proof.ok_or_else(|| no_entry(index))
    }

    /// The signed head; none while its files are not all written.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn signed_head(&self) -> Result<Option<String>> {
        let log = self.db.read(LogRow::read)?;
        Ok((log.applied == log.size).then_some(log.checkpoint))
    }

    /// The proof that the log of `old` entries is the beginning of that of `new`; none is needed from 0 on.
    ///
    /// # Errors
    /// When there are not so many entries, or a tile does not fit.
    pub fn prove_growth(&self, old: u64, new: u64) -> Result<Vec<Hash>> {
        let size = self.db.read(LogRow::read)?.applied;
        if old > new || new > size {
            return Err(Error::refused("not-found", format!("登记册没有 {new} 条")));
        }
        if old == 0 {
            return Ok(Vec::new());
        }
        let mut nodes = files::Nodes::of(&self.data, size);
        prove_consistency(old, new, |level, index| nodes.node(level, index))
    }

    /// Serves a head with cosignature lines under it. Does nothing if the log has another head by now. The plain head is
    /// what the database holds: a crash before or after this leaves one of two valid files. Blocks.
    ///
    /// # Errors
    /// As [`Publisher::must_run`]; when the file cannot be written.
    pub fn cosigned(&self, checkpoint: &str, lines: &[String]) -> Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.must_run()?;
        if self.signed_head()?.as_deref() != Some(checkpoint) {
            return Ok(());
        }
        let note = format!("{checkpoint}{}", lines.concat());
        let path = self.data.public().join("checkpoint");
        durable::replace(&path, note.as_bytes(), durable::Access::Public)?;
        self.objects.forget(&["checkpoint".to_owned()]);
        Ok(())
    }

    /// The roots of the perfect subtrees that leaves `range` of the log are the sum of, in order: level and root. Blocks.
    ///
    /// # Errors
    /// When there are not so many entries, or a tile does not fit.
    pub fn subtrees(&self, range: Range<u64>) -> Result<Vec<(u8, Hash)>> {
        let size = self.db.read(LogRow::read)?.applied;
        if range.end > size {
            return Err(Error::refused("not-found", format!("登记册没有 {} 条", range.end)));
        }
        let mut nodes = files::Nodes::of(&self.data, size);
        subtrees(range.start, range.end)
            .map(|(level, index)| Ok((level, nodes.node(level, index)?)))
            .collect()
    }

    fn stop(&self, error: &Error) -> Error {
        tracing::error!(%error, "publishing failed after the commit; restart to recover");
        let why = self.stopped.get_or_init(|| error.to_string());
        Error::Stopped(why.clone())
    }
}

fn no_entry(index: u64) -> Error {
    Error::refused("not-found", format!("没有第 {index} 条记录"))
}

impl LogRow {
    fn read(c: &Connection) -> Result<Self> {
        let (size, applied, checkpoint): (u64, u64, String) = c
            .prepare_cached("SELECT size, applied, checkpoint FROM log")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let head = ledger::note::Note::parse(checkpoint.as_bytes())
            .map_err(|e| e.to_string())
            .and_then(|note| Checkpoint::parse(note.text()).map_err(|e| e.to_string()))
            .map_err(|e| Error::Corrupt(format!("数据库中的检查点：{e}")))?;
        if head.size != size {
            return Err(Error::Corrupt("数据库中的检查点与条数不符".into()));
        }
        Ok(Self { size, applied, checkpoint, head })
    }
}

/// How many entries the log has, and the root of their tree.
pub(crate) fn head(c: &Connection) -> Result<(u64, Hash)> {
    let log = LogRow::read(c)?;
    Ok((log.size, log.head.root))
}

/// The root that the log had at an earlier size.
pub(crate) fn root_at(c: &Connection, data: &DataDir, size: u64) -> Result<Hash> {
    let mut nodes = files::Nodes::of(data, LogRow::read(c)?.applied);
    root(size, |level, index| nodes.node(level, index))
}

/// Makes the empty log of a new office: a head of size 0, no file yet.
///
/// # Errors
/// When the database cannot be written.
pub fn found(db: &Db, keys: &Keys, township: &str) -> Result<()> {
    let origin = keys.log.verifier().name().to_owned();
    let head = Checkpoint { origin, size: 0, root: ledger::tree::empty_root() };
    let (checkpoint, township) = (head.sign(&keys.log), township.to_owned());
    db.write_blocking(move |c| {
        c.execute(
            "INSERT INTO log (one, township, size, root, checkpoint, applied)
             VALUES (1, ?1, 0, ?2, ?3, 0)",
            params![township, head.root.0, checkpoint],
        )?;
        Ok(())
    })
}
