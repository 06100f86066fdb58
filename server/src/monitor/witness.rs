//! A witness: cosigns the heads of one log, each only when it is proved to continue the last one (C2SP tlog-witness).
//! Its whole state is the checkpoint that it cosigned last, in a file that is on the disk before the cosignature leaves.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use ledger::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint};
use ledger::encoding::hex;
use ledger::hash::sha256;
use ledger::key::{CosigningKey, VerifierKey};
use ledger::note::Note;
use ledger::witness::{
    ADD_CHECKPOINT, AddCheckpoint, Cosigned, NotCosigned, REQUEST_BYTES_MAX, SIZE_MEDIA_TYPE,
};

use crate::clock;
use crate::durable::{self, Access};
use crate::error::{Error, Result};
use crate::web::answer::{self, Times};

/// Bytes of the largest key file.
const KEY_BYTES_MAX: usize = 4096;
/// Heads that were refused though the log signed them: so many are kept.
const REFUSED_MAX: usize = 100;

/// A witness of one log.
pub struct Witness {
    key: CosigningKey,
    log: VerifierKey,
    folder: PathBuf,
    /// Held from the check to the answer: what is checked is what is replaced.
    turn: Mutex<()>,
}

/// Makes a witness's key in a new file of mode 0600; its public half.
///
/// # Errors
/// `bad-name`, `exists`, or when the file cannot be written.
pub fn make_key(name: &str, out: &Path) -> Result<VerifierKey> {
    use std::io::Write;
    let key = CosigningKey::from_seed(name, crate::random::bytes()?)
        .map_err(|_| Error::refused("bad-name", "见证方的名称不能为空，不能含空格或加号"))?;
    durable::write_new(out, |file| {
        writeln!(file, "{}", key.to_secret_text()).map_err(Error::file(out))
    })?;
    Ok(key.verifier())
}

impl Witness {
    /// A witness with the key in a file, which keeps its state below `folder`.
    ///
    /// # Errors
    /// `bad-key`, or when a file cannot be read; when the state is not what this wrote.
    pub fn open(key: &Path, log: VerifierKey, folder: &Path) -> Result<Self> {
        let text = durable::read_at_most(key, KEY_BYTES_MAX)?;
        let bad = || Error::refused("bad-key", format!("{} 不是见证方的密钥", key.display()));
        let key =
            std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).ok_or_else(bad)?;
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let witness = Self { key, log, folder: folder.to_owned(), turn: Mutex::new(()) };
        witness.last()?;
        Ok(witness)
    }

    /// The key that its cosignatures are verified with.
    #[must_use]
    pub fn vkey(&self) -> VerifierKey {
        self.key.verifier()
    }

    /// Where the checkpoint cosigned last lies.
    fn state(&self) -> PathBuf {
        self.folder.join("checkpoint")
    }

    /// The checkpoint cosigned last, verbatim with its cosignature.
    fn last(&self) -> Result<Option<(String, Cosigned)>> {
        let path = self.state();
        let note = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(Error::file(&path))?,
        };
        // Never begun anew: a witness that forgot would cosign a second history.
        let head = Checkpoint::open(note.as_bytes(), &self.log)
            .map_err(|why| Error::Corrupt(format!("{}：{why}", path.display())))?;
        Ok(Some((note, Cosigned { size: head.size, root: head.root })))
    }

    /// Checks a request, keeps the new checkpoint, and only then gives the cosignature line.
    fn add(&self, body: &[u8]) -> Result<std::result::Result<String, NotCosigned>> {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(why) => return Ok(Err(why)),
        };
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.last()?.map(|(_, last)| last).unwrap_or_default();
        if let Err(why) = request.check(&self.log, &last) {
            if matches!(why, NotCosigned::Other(_) | NotCosigned::Proof) {
                self.keep_refused(&request.checkpoint)?;
            }
            return Ok(Err(why));
        }
        let Ok(note) = Note::parse(request.checkpoint.as_bytes()) else {
            return Ok(Err(NotCosigned::Form));
        };
        let line = self.key.cosign(note.text(), clock::unix_now());
        // Of the signatures that came along only the log's own is kept.
        let own = request.checkpoint.lines().find(|line| self.is_logs_own(note.text(), line));
        let kept = format!("{}\n{}\n{line}", note.text(), own.unwrap_or_default());
        durable::replace(&self.state(), kept.as_bytes(), Access::Public)?;
        Ok(Ok(line))
    }

    fn is_logs_own(&self, text: &str, line: &str) -> bool {
        let note = Note::parse(format!("{text}\n{line}\n").as_bytes());
        note.is_ok_and(|note| note.verify(std::iter::once(&self.log)).is_ok())
    }

    /// A head that the log signed and that does not continue the last one may be evidence.
    fn keep_refused(&self, note: &str) -> Result<()> {
        let folder = self.folder.join("refused");
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        if fs::read_dir(&folder).map_err(Error::file(&folder))?.count() < REFUSED_MAX {
            let path = folder.join(sha256(note.as_bytes()).to_string());
            durable::replace(&path, note.as_bytes(), Access::Public)?;
        }
        Ok(())
    }
}

/// The heads that a witness in this folder refused though the log signed them.
///
/// # Errors
/// When they cannot be read.
pub(super) fn refused(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let folder = folder.join("refused");
    let Ok(files) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut notes = Vec::new();
    for file in files.take(REFUSED_MAX) {
        let path = file.map_err(Error::file(&folder))?.path();
        if path.extension().is_none() {
            notes.push(durable::read_at_most(&path, CHECKPOINT_BYTES_MAX)?);
        }
    }
    Ok(notes)
}

/// The paths of a witness: where checkpoints are sent, and where the last one is read.
pub fn router(witness: Arc<Witness>) -> Router {
    let origin = hex(&sha256(witness.log.name().as_bytes()).0);
    Router::new()
        .route(&format!("/{ADD_CHECKPOINT}"), post(add_checkpoint))
        .route(&format!("/{origin}/checkpoint"), get(checkpoint))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(from_fn_with_state(Times::REAL, answer::in_time))
        .layer(from_fn(answer::no_panic))
        .with_state(witness)
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Bytes) -> Response {
    let added = tokio::task::spawn_blocking(move || witness.add(&body)).await;
    match added.unwrap_or(Err(Error::Busy)) {
        Ok(Ok(line)) => line.into_response(),
        Ok(Err(why)) => not_cosigned(&why),
        Err(error) => error.into_response(),
    }
}

fn not_cosigned(why: &NotCosigned) -> Response {
    let status = StatusCode::from_u16(why.status()).unwrap_or(StatusCode::BAD_REQUEST);
    match why {
        NotCosigned::Old(size) | NotCosigned::Other(size) => {
            let media = [(header::CONTENT_TYPE, HeaderValue::from_static(SIZE_MEDIA_TYPE))];
            (status, media, format!("{size}\n")).into_response()
        }
        _ => (status, format!("{why}\n")).into_response(),
    }
}

async fn checkpoint(State(witness): State<Arc<Witness>>) -> Response {
    let last = tokio::task::spawn_blocking(move || witness.last()).await;
    match last.unwrap_or(Err(Error::Busy)) {
        Ok(Some((note, _))) => note.into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => error.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::hash::Hash;
    use ledger::key::SigningKey;
    use ledger::tree::{Frontier, leaf_hash};
    use std::os::unix::fs::PermissionsExt;

    fn log() -> SigningKey {
        SigningKey::from_seed("log.example", [1; 32]).unwrap()
    }

    fn root(leaves: &[&[u8]]) -> Hash {
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|leaf| frontier.push(leaf_hash(leaf)));
        frontier.root()
    }

    /// A request to cosign the log of these entries after the first `old` of them, one or none of which is new.
    fn ask(old: u64, leaves: &[&[u8]]) -> Vec<u8> {
        let size = leaves.len() as u64;
        let head = Checkpoint { origin: "log.example".into(), size, root: root(leaves) };
        let proof = if old == 1 && size == 2 { vec![leaf_hash(leaves[1])] } else { Vec::new() };
        AddCheckpoint { old, proof, checkpoint: head.sign(&log()) }.to_text().into_bytes()
    }

    #[test]
    fn a_witness_remembers_across_a_restart_and_never_cosigns_a_second_history() {
        let directory = tempfile::tempdir().unwrap();
        let (key, folder) = (directory.path().join("w.key"), directory.path().join("witness"));
        let vkey = make_key("w.example", &key).unwrap();
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(make_key("w.example", &key).unwrap_err().code(), "exists");
        let open = || Witness::open(&key, log().verifier(), &folder).unwrap();
        assert_eq!(open().vkey(), vkey);
        let line = open().add(&ask(0, &[b"a"])).unwrap().unwrap();
        let kept = fs::read_to_string(folder.join("checkpoint")).unwrap();
        assert!(kept.ends_with(&line), "what was cosigned is on the disk");
        assert_eq!(
            Note::parse(kept.as_bytes()).unwrap().verify([&vkey].into_iter()).unwrap().len(),
            1
        );
        assert_eq!(open().add(&ask(0, &[b"a"])).unwrap(), Err(NotCosigned::Old(1)));
        assert_eq!(open().add(&ask(1, &[b"x"])).unwrap(), Err(NotCosigned::Other(1)));
        assert_eq!(open().add(&ask(1, &[b"x", b"b"])).unwrap(), Err(NotCosigned::Proof));
        assert_eq!(refused(&folder).unwrap().len(), 2, "both are evidence");
        open().add(&ask(1, &[b"a", b"b"])).unwrap().unwrap();
        assert_eq!(open().add(&ask(1, &[b"a", b"b"])).unwrap(), Err(NotCosigned::Old(2)));
        // A state that was damaged is not begun anew.
        fs::write(folder.join("checkpoint"), "").unwrap();
        assert!(Witness::open(&key, log().verifier(), &folder).is_err());
    }
}
