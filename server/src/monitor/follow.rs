//! Following the log at one source: what its head is, how that stands to what is held, and what is new under it.

use ledger::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint};
use ledger::client::{Refused, Want};
use ledger::key::VerifierKey;

use super::alarm::{Alarm, Kind};
use super::store::Store;
use crate::error::{Error, Result};
use crate::outbound::Line;
use crate::web::words::zh;

/// The largest log that is followed, in entries: a township's for some hundred years.
const LOG_SIZE_MAX: u64 = 1 << 26;
/// Bytes of new entries that one round takes.
const NEW_BYTES_MAX: usize = 1 << 30;
/// How often a head is asked for when the log grows while it is read.
const TRIES: usize = 3;
/// What the office is called in the history of heads.
pub(super) const OFFICE: &str = "office";

/// Where the log is read from.
pub(super) struct Source {
    /// [`OFFICE`], or the address of a copy.
    pub name: String,
    pub line: Line,
}

impl Source {
    fn is_office(&self) -> bool {
        self.name == OFFICE
    }
}

/// Brings the store up to the newest head of one source. What is wrong with the source comes back as an alarm.
///
/// # Errors
/// When the store fails.
pub(super) fn follow(
    store: &mut Store,
    source: &Source,
    log: &VerifierKey,
    now: i64,
) -> Result<Option<Alarm>> {
    for round in 1.. {
        match step(store, source, log, now) {
            // A part of a bundle goes when the log grows meanwhile: the newer head leads to the whole.
            Err(error) if error.code() == "absent" && round < TRIES => {}
            Err(error) if is_of_the_line(&error) => {
                let values: [(_, &dyn std::fmt::Display); 1] = [("why", &error)];
                let said = zh("{why}");
                return Ok(Some(Alarm::new(Kind::Unreachable, &source.name, said, &values)));
            }
            other => return other,
        }
    }
    Ok(None)
}

/// Whether the other side is the reason.
pub(super) fn is_of_the_line(error: &Error) -> bool {
    matches!(error.code(), "unreachable" | "bad-answer" | "absent")
}

fn step(store: &mut Store, source: &Source, log: &VerifierKey, now: i64) -> Result<Option<Alarm>> {
    let want = Want { path: "checkpoint".into(), from: 0, bytes_max: CHECKPOINT_BYTES_MAX };
    let note = source.line.need(&want)?;
    let head = match Checkpoint::open(&note, log) {
        Ok(head) => head,
        Err(bad) => {
            store.evidence(Kind::Signature.code(), &source.name, "", &note, now)?;
            let said = zh("{source} 给的账本首页不是这个账本的公章签的（{why}）");
            let values: [(_, &dyn std::fmt::Display); 2] =
                [("source", &source.name), ("why", &bad)];
            return Ok(Some(Alarm::new(Kind::Signature, &source.name, said, &values)));
        }
    };
    let held = store.view()?.size();
    let alarm = if head.size > LOG_SIZE_MAX {
        let values: [(_, &dyn std::fmt::Display); 2] =
            [("source", &source.name), ("n", &head.size)];
        Some(Alarm::new(
            Kind::Damaged,
            &source.name,
            zh("{source} 说账本有 {n} 条，不可能"),
            &values,
        ))
    } else if head.size > held {
        grow(store, source, log, &note, now)?
    } else {
        compare(store, &source.name, &head, &note, source.is_office(), now)?
    };
    store.saw(&source.name, head.size, &note, now)?;
    Ok(alarm)
}

/// From what is held to a larger head.
fn grow(
    store: &mut Store,
    source: &Source,
    log: &VerifierKey,
    note: &[u8],
    now: i64,
) -> Result<Option<Alarm>> {
    let view = store.view()?;
    let (mut entries, mut bytes) = (Vec::new(), 0usize);
    let keep = |_, entry: &[u8]| {
        bytes = bytes.saturating_add(entry.len());
        if bytes > NEW_BYTES_MAX {
            return Err(Error::refused("bad-answer", format!("新条目超过 {NEW_BYTES_MAX} 字节")));
        }
        entries.push(entry.to_vec());
        Ok(())
    };
    match view.advance(log, note, |want| source.line.need(want), keep) {
        Ok(next) => {
            store.adopt(&source.name, &next, &entries, now)?;
            Ok(None)
        }
        Err(Refused::Fetch(error)) => Err(error),
        // The fork itself is told from the evidence, in this round and in every later one.
        Err(Refused::Fork { held, offered }) => {
            store.evidence(Kind::Fork.code(), &source.name, &held, offered.as_bytes(), now)?;
            Ok(None)
        }
        Err(refused) => {
            let values: [(_, &dyn std::fmt::Display); 2] =
                [("source", &source.name), ("why", &refused)];
            let said = zh("{source} 给的条目和它签名的账本首页对不上（{why}）");
            Ok(Some(Alarm::new(Kind::Damaged, &source.name, said, &values)))
        }
    }
}

/// A head that is no larger than the one held: of the same history, and as new as it was?
pub(super) fn compare(
    store: &Store,
    source: &str,
    head: &Checkpoint,
    note: &[u8],
    is_office: bool,
    now: i64,
) -> Result<Option<Alarm>> {
    let view = store.view()?;
    let ours = if head.size == view.size() { view.root() } else { store.root_at(head.size)? };
    if ours != head.root {
        store.evidence(Kind::Fork.code(), source, view.checkpoint(), note, now)?;
        return Ok(None);
    }
    if !is_office {
        return Ok(None);
    }
    if let Some(most) = store.most_shown(source)?.filter(|most| most.size > head.size) {
        store.evidence(Kind::Rollback.code(), source, &most.note, note, now)?;
        let said = zh("镇政府以前给看过 {held} 条，现在只有 {offered} 条");
        let values: [(_, &dyn std::fmt::Display); 2] =
            [("held", &most.size), ("offered", &head.size)];
        return Ok(Some(Alarm::new(Kind::Rollback, source, said, &values)));
    }
    if head.size < view.size() {
        let said = zh("镇政府给看的只有 {offered} 条，别处已有 {held} 条");
        let values: [(_, &dyn std::fmt::Display); 2] =
            [("held", &view.size()), ("offered", &head.size)];
        return Ok(Some(Alarm::new(Kind::Freeze, "behind", said, &values)));
    }
    Ok(None)
}
