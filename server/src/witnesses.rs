//! Witnesses: asked in the background to cosign each new head (C2SP tlog-witness); what they answer is served under it.
//! Publishing never waits for them: without their lines the head is as valid, only not witnessed yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ledger::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint};
use ledger::encoding::hex;
use ledger::hash::sha256;
use ledger::key::cosignature_time;
use ledger::note::Note;
use ledger::policy::{Cosigned, POLICY_BYTES_MAX, Policy, Witness};
use ledger::witness::{ADD_CHECKPOINT, AddCheckpoint, cosignature, parse_size};

use crate::app::App;
use crate::data::DataDir;
use crate::durable;
use crate::error::{Error, Result};
use crate::objects::Packing;
use crate::outbound::{Answer, Line};
use crate::{clock, objects};

/// The most witnesses that are asked: their lines must fit into a checkpoint.
const WITNESSES_MAX: usize = 32;
/// How long one answer of a witness may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Seconds after which a witness is asked to cosign the same head again: well within a day.
const FRESH_SECONDS: i64 = 12 * 3600;
/// How often it is looked whether a cosignature has grown old.
const LOOK_EVERY: Duration = Duration::from_secs(3600);
/// The pause before a witness that did not cosign is asked again: doubled each time, up to the longest.
const PAUSE_FIRST: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(600);
/// How often a witness is asked in a row: once more with the size that it says it has.
const TRIES: usize = 2;

/// The witnesses of a data directory: its file `witnesses`, a C2SP tlog-policy that kiosks can be given as well. `None`
/// where there is no such file.
///
/// # Errors
/// `bad-witnesses` when it cannot be read or names a witness without an address.
pub fn load(data: &DataDir) -> Result<Option<Policy>> {
    let path = data.witnesses();
    if !path.exists() {
        return Ok(None);
    }
    let bad = |why: String| Error::refused("bad-witnesses", format!("{}：{why}", path.display()));
    let bytes = durable::read_at_most(&path, usize::try_from(POLICY_BYTES_MAX).unwrap_or(0))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| bad("不是文本".into()))?;
    let policy: Policy = text.parse().map_err(|e: ledger::policy::BadPolicy| bad(e.to_string()))?;
    if policy.witnesses().count() > WITNESSES_MAX {
        return Err(bad(format!("至多 {WITNESSES_MAX} 个见证方")));
    }
    if let Some(silent) = policy.witnesses().find(|witness| witness.url.is_none()) {
        return Err(bad(format!("见证方 {} 没有写网址", silent.name)));
    }
    Ok(Some(policy))
}

/// Who has witnessed the head that is served, and when.
#[must_use]
pub fn witnessed(app: &App) -> Vec<Cosigned> {
    let Some(policy) = &app.witnesses else { return Vec::new() };
    let served = app.objects.read("checkpoint", Packing::Plain).ok().flatten();
    served.map(|object: Arc<objects::Object>| policy.cosigned(&object.bytes)).unwrap_or_default()
}

/// Asks until the server ends: after each publication, after a pause where a witness was away, and each half day.
pub async fn run(app: Arc<App>) {
    if app.witnesses.is_none() {
        return;
    }
    let asker = Arc::new(Asker::default());
    let mut pause = PAUSE_FIRST;
    loop {
        let (office, asker) = (Arc::clone(&app), Arc::clone(&asker));
        let asked = tokio::task::spawn_blocking(move || asker.ask_all(&office)).await;
        let all = match asked.unwrap_or(Err(Error::Busy)) {
            Ok(all) => all,
            Err(error) => {
                tracing::error!(%error, "the head could not be shown to the witnesses");
                false
            }
        };
        let wait = if all { LOOK_EVERY } else { pause };
        pause = if all { PAUSE_FIRST } else { PAUSE_MAX.min(pause * 2) };
        tokio::select! {
            () = app.grown.notified() => pause = PAUSE_FIRST,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// What is remembered between two rounds.
#[derive(Default)]
struct Asker {
    /// The size that each witness cosigned last. Lost with the program: a witness says it again.
    sizes: Mutex<BTreeMap<String, u64>>,
}

impl Asker {
    /// Asks every witness whose cosignature is missing or old, all at once, and serves what they answer. True when none
    /// is missing.
    fn ask_all(&self, app: &App) -> Result<bool> {
        let Some(policy) = &app.witnesses else { return Ok(true) };
        // An office that may only be read has nothing to be witnessed; a restart or `unlock` begins anew.
        if app.publisher.must_run().is_err() {
            return Ok(true);
        }
        let Some(checkpoint) = app.publisher.signed_head()? else { return Ok(false) };
        let served = app.objects.read("checkpoint", Packing::Plain)?;
        let served = served.map(|object| object.bytes.to_vec()).unwrap_or_default();
        let held = served.strip_prefix(checkpoint.as_bytes()).unwrap_or_default();
        let witnesses: Vec<Witness> = policy.witnesses().collect();
        let (checkpoint, now) = (&checkpoint, clock::unix_now());
        let lines: Vec<(Option<String>, bool)> = std::thread::scope(|scope| {
            let hands: Vec<_> = witnesses
                .iter()
                .map(|witness| scope.spawn(move || self.line(app, witness, checkpoint, held, now)))
                .collect();
            hands.into_iter().map(|hand| hand.join().unwrap_or((None, false))).collect()
        });
        let all = lines.iter().all(|(_, fresh)| *fresh);
        let mut room = CHECKPOINT_BYTES_MAX.saturating_sub(checkpoint.len());
        let fits = |line: &String| {
            let left = room.checked_sub(line.len());
            room = left.unwrap_or(room);
            left.is_some()
        };
        let lines: Vec<String> =
            lines.into_iter().filter_map(|(line, _)| line).filter(fits).collect();
        if !lines.is_empty() && lines.concat().as_bytes() != held {
            app.cosigned(checkpoint, &lines)?;
        }
        Ok(all)
    }

    /// The witness's line under the head: the one that is served while it is fresh, or a new one; and whether it is fresh.
    fn line(
        &self,
        app: &App,
        witness: &Witness,
        checkpoint: &str,
        held: &[u8],
        now: i64,
    ) -> (Option<String>, bool) {
        let held = cosignature(checkpoint, held, &witness.key);
        let is_fresh =
            |line: &String| time_of(checkpoint, line).is_some_and(|at| now - at < FRESH_SECONDS);
        if held.as_ref().is_some_and(is_fresh) {
            return (held, true);
        }
        match self.ask(app, witness, checkpoint) {
            Ok(line) => (Some(line), true),
            Err(error) => {
                tracing::warn!(witness = witness.name, %error, "a witness did not cosign");
                (held, false)
            }
        }
    }

    fn ask(&self, app: &App, witness: &Witness, checkpoint: &str) -> Result<String> {
        let line = Line::to(witness.url.as_deref().unwrap_or_default(), PATIENCE)?;
        let head = open(app, checkpoint)?;
        let mut old = self.known(&witness.name).min(head.size);
        for _ in 0..TRIES {
            let proof = app.publisher.prove_growth(old, head.size)?;
            let request = AddCheckpoint { old, proof, checkpoint: checkpoint.to_owned() };
            let answer = line.post(ADD_CHECKPOINT, &request.to_text(), CHECKPOINT_BYTES_MAX)?;
            match (answer.status, parse_size(&answer.body)) {
                (200, _) => {
                    let line = cosignature(checkpoint, &answer.body, &witness.key);
                    let line = line.ok_or_else(|| odd(witness, &answer))?;
                    self.remember(&witness.name, head.size);
                    return Ok(line);
                }
                (409, Some(size)) if size < head.size && size != old => old = size,
                (409 | 422, _) => return Err(contradicted(app, &line, witness)),
                _ => return Err(odd(witness, &answer)),
            }
        }
        Err(Error::refused("witness", format!("见证方 {} 自己说的条数前后不一", witness.name)))
    }

    fn known(&self, name: &str) -> u64 {
        let sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.get(name).copied().unwrap_or(0)
    }

    fn remember(&self, name: &str, size: u64) {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.insert(name.to_owned(), size);
    }
}

/// A witness that holds more, or others, than this log: its own checkpoint says which, and stops all publishing if it
/// bears this log's signature (see [`crate::seen`]).
fn contradicted(app: &App, line: &Line, witness: &Witness) -> Error {
    let path = format!("{}/checkpoint", hex(&sha256(app.vkey.name().as_bytes()).0));
    let theirs = line.get(&path, CHECKPOINT_BYTES_MAX);
    let seen = theirs.and_then(|note| match note {
        Some(note) => app.publisher.seen(&witness.name, &note).map(|s| s.complaint(&witness.name)),
        None => Ok(None),
    });
    let why = match seen {
        Ok(Some(complaint)) => complaint,
        Ok(None) => "没有说明持有什么".to_owned(),
        Err(error) => error.to_string(),
    };
    Error::refused("witness", format!("见证方 {} 拒绝签字：{why}", witness.name))
}

fn odd(witness: &Witness, answer: &Answer) -> Error {
    Error::refused("witness", format!("见证方 {} 答得不对（{}）", witness.name, answer.status))
}

fn open(app: &App, checkpoint: &str) -> Result<Checkpoint> {
    Checkpoint::open(checkpoint.as_bytes(), &app.vkey)
        .map_err(|e| Error::Corrupt(format!("检查点：{e}")))
}

/// When a cosignature line under a checkpoint was made, Unix seconds.
fn time_of(checkpoint: &str, line: &str) -> Option<i64> {
    let note = Note::parse(format!("{checkpoint}{line}").as_bytes()).ok()?;
    cosignature_time(&note.signatures().last()?.signature)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ledger::key::CosigningKey;

    use super::*;
    use crate::testing::{Office, wait};
    use crate::{intake, review, verify};

    fn cosign(checkpoint: &str, seed: u8, at: i64) -> String {
        let key = CosigningKey::from_seed("w.example", [seed; 32]).unwrap();
        let note = Note::parse(checkpoint.as_bytes()).unwrap();
        key.cosign(note.text(), at)
    }

    fn publish(office: &Office, app: &Arc<App>, n: u8) {
        wait(async {
            let (note, body) = office.receipt(n, &[]);
            let id = intake::receive(app, note, Some(body)).await.unwrap().id;
            review::publish(app, &[id], &office.reviewer).await.unwrap();
        });
    }

    #[test]
    fn lines_are_served_under_the_head_that_they_are_of_and_outlive_a_restart() {
        let office = Office::new();
        let vkey = CosigningKey::from_seed("w.example", [5; 32]).unwrap().verifier();
        let policy = format!("witness 县档案馆 {vkey} http://127.0.0.1:9\nquorum none\n");
        fs::write(office.data().witnesses(), policy).unwrap();
        let app = office.open();
        let path = office.data().public().join("checkpoint");
        let checkpoint = app.publisher.signed_head().unwrap().unwrap();
        assert!(witnessed(&app).is_empty());
        let line = cosign(&checkpoint, 5, 1_780_500_000);
        app.cosigned(&checkpoint, std::slice::from_ref(&line)).unwrap();
        let served = format!("{checkpoint}{line}");
        assert_eq!(fs::read_to_string(&path).unwrap(), served);
        let told = witnessed(&app);
        assert_eq!((told[0].name.as_str(), told[0].at), ("县档案馆", 1_780_500_000));
        assert_eq!(time_of(&checkpoint, &line), Some(1_780_500_000));
        drop(app);
        assert_eq!(verify::verify(&office.data()).unwrap().problem, None);
        let app = office.open();
        assert_eq!(fs::read_to_string(&path).unwrap(), served, "a start leaves it");
        // A newer head is served plain, and lines of the older one come too late.
        publish(&office, &app, 1);
        let newer = app.publisher.signed_head().unwrap().unwrap();
        app.cosigned(&checkpoint, std::slice::from_ref(&line)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), newer);
        assert!(witnessed(&app).is_empty(), "the served head is not the one in memory");
        let size = open(&app, &newer).unwrap().size;
        let proof = app.publisher.prove_growth(size - 1, size).unwrap();
        let roots = [&checkpoint, &newer].map(|note| open(&app, note).unwrap().root);
        let proved = ledger::tree::verify_consistency(size - 1, size, &proof, &roots[0], &roots[1]);
        assert_eq!(proved, Ok(()));
        drop(app);
        // A file with less or other than the signed head is damaged.
        fs::write(&path, newer.replace('\n', "\n\n")).unwrap();
        assert!(verify::verify(&office.data()).unwrap().problem.is_some());
    }

    #[test]
    fn a_witness_that_is_away_costs_nothing_but_its_line() {
        let office = Office::new();
        let vkey = CosigningKey::from_seed("w.example", [5; 32]).unwrap().verifier();
        let policy = format!("witness w {vkey} http://127.0.0.1:9\nquorum none\n");
        fs::write(office.data().witnesses(), policy).unwrap();
        let app = office.open();
        let checkpoint = app.publisher.signed_head().unwrap().unwrap();
        assert!(!Asker::default().ask_all(&app).unwrap());
        let path = office.data().public().join("checkpoint");
        assert_eq!(fs::read_to_string(&path).unwrap(), checkpoint);
        // What is fresh is not asked for again; what is old stays until it is cosigned anew.
        for (age, fresh) in [(FRESH_SECONDS - 60, true), (FRESH_SECONDS + 60, false)] {
            let line = cosign(&checkpoint, 5, clock::unix_now() - age);
            app.cosigned(&checkpoint, std::slice::from_ref(&line)).unwrap();
            assert_eq!(Asker::default().ask_all(&app).unwrap(), fresh);
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{checkpoint}{line}"));
        }
    }

    #[test]
    fn a_file_of_witnesses_is_refused_by_what_is_wrong_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::at(directory.path());
        assert_eq!(load(&data).unwrap(), None);
        let vkey = CosigningKey::from_seed("w.example", [5; 32]).unwrap().verifier();
        let refused = |text: &str| {
            fs::write(data.witnesses(), text).unwrap();
            let error = load(&data).unwrap_err();
            assert_eq!(error.code(), "bad-witnesses");
            error.to_string()
        };
        assert!(refused(&format!("witness w {vkey}\nquorum none\n")).contains("没有写网址"));
        assert!(refused("witness w x\n").contains("第 1 行"));
        assert!(refused(&format!("witness w {vkey} http://a\n")).contains("quorum"));
        let many = (0..=WITNESSES_MAX).map(|n| {
            let key = CosigningKey::from_seed("w", [u8::try_from(n).unwrap(); 32]).unwrap();
            format!("witness w{n} {} http://a\n", key.verifier())
        });
        assert!(refused(&(many.collect::<String>() + "quorum none\n")).contains("至多"));
    }
}
