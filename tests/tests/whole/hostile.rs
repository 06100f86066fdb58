//! A server or mirror that lies: nothing it changed reaches the kiosk, and what the kiosk held stays.

use crate::fixture::{self, Copy};
use ledger::checkpoint::Checkpoint;
use ledger::hash::sha256;
use ledger::key::SigningKey;
use mingbai_tests::mirror::Mirror;
use std::path::Path;

/// Everything that the kiosk keeps as a picture is what its name says.
pub fn assert_pictures_are_true(kiosk: &Path) {
    let pictures = kiosk.join("blob");
    if !pictures.exists() {
        return;
    }
    for path in fixture::files(&pictures) {
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        if name.len() == 64 {
            assert_eq!(sha256(&std::fs::read(&path).unwrap()).to_string(), name);
        }
    }
}

/// How many receipts the kiosk would show, and how many entries it believes.
pub fn held(kiosk: &Path) -> (i64, i64) {
    let path = kiosk.join("kiosk.db");
    let Ok(db) = rusqlite::Connection::open(path) else { return (0, 0) };
    let count = |sql| db.query_row(sql, [], |row| row.get(0)).unwrap_or(0);
    (count("SELECT count(*) FROM content"), count("SELECT count(*) FROM entry"))
}

/// Syncs from a mirror that flips the byte at `at(length)` of every file whose path begins with `prefix`.
fn sync_with_flipped(
    prefix: &'static str,
    at: fn(usize) -> usize,
) -> (Copy, Result<String, String>) {
    let copy = Copy::new();
    let mirror = Mirror::start(&copy.public(), move |path, honest| {
        let mut bytes = honest?;
        if path.starts_with(prefix) && !bytes.is_empty() {
            let at = at(bytes.len());
            bytes[at] ^= 1;
        }
        Some(bytes)
    });
    let told = copy.sync(&mirror.unwrap().url);
    assert_pictures_are_true(&copy.kiosk_data());
    (copy, told)
}

#[test]
fn an_honest_mirror_is_as_good_as_the_server() {
    let (copy, told) = sync_with_flipped("/nowhere", |_| 0);
    told.unwrap();
    assert!(held(&copy.kiosk_data()).0 >= 24);
}

#[test]
fn a_tampered_checkpoint_is_refused() {
    for at in [|_| 0, |length| length / 2, |length| length - 2] as [fn(usize) -> usize; 3] {
        let (copy, told) = sync_with_flipped("/checkpoint", at);
        assert!(told.is_err(), "{told:?}");
        assert_eq!(held(&copy.kiosk_data()), (0, 0));
    }
}

#[test]
fn a_tampered_statement_is_refused() {
    for at in [|_| 2, |length| length / 2, |length| length - 1] as [fn(usize) -> usize; 3] {
        let (copy, told) = sync_with_flipped("/tile/entries", at);
        assert!(told.is_err(), "{told:?}");
        assert_eq!(held(&copy.kiosk_data()), (0, 0));
    }
}

#[test]
fn a_tampered_content_is_never_shown() {
    for at in [|_| 10, |length| length / 2] as [fn(usize) -> usize; 2] {
        let (copy, _) = sync_with_flipped("/content", at);
        let whole = Copy::new();
        whole.sync(&whole.serve().url).unwrap();
        assert!(
            held(&copy.kiosk_data()).0 < held(&whole.kiosk_data()).0,
            "something was kept back"
        );
        let db = rusqlite::Connection::open(copy.kiosk_data().join("kiosk.db")).unwrap();
        let both = "SELECT c.bytes, s.content FROM content c JOIN statement s ON s.id = c.id";
        let mut rows = db.prepare(both).unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        for row in rows {
            let (bytes, promised): (Vec<u8>, Vec<u8>) = row.unwrap();
            assert_eq!(sha256(&bytes).0[..], promised, "what is kept is what was signed");
        }
    }
}

#[test]
fn a_tampered_picture_is_never_shown() {
    let (copy, _) = sync_with_flipped("/blob", |length| length / 2);
    let pictures = copy.kiosk_data().join("blob");
    let named = |path: &std::path::PathBuf| path.file_name().unwrap().len() == 64;
    let kept = if pictures.exists() { fixture::files(&pictures) } else { Vec::new() };
    assert_eq!(kept.iter().filter(|p| named(p)).count(), 0);
}

/// The key of the township's log, which only a thief or a lying township would use so.
fn log_key(copy: &Copy) -> SigningKey {
    let text = std::fs::read_to_string(copy.server_data().join("keys/log.key")).unwrap();
    text.trim().parse().unwrap()
}

#[test]
fn a_log_that_goes_back_or_forks_is_refused_and_what_was_held_stays() {
    let copy = Copy::new();
    let server = copy.serve();
    copy.sync(&server.url).unwrap();
    let before = held(&copy.kiosk_data());
    drop(server);
    let honest = std::fs::read(copy.public().join("checkpoint")).unwrap();
    let key = log_key(&copy);
    let head = Checkpoint::open(&honest, &key.verifier()).unwrap();
    let shorter = Checkpoint { size: head.size - 1, ..head.clone() };
    let forked = Checkpoint { root: sha256(b"another history"), ..head.clone() };
    let longer = Checkpoint { size: head.size + 1, root: sha256(b"another history"), ..head };
    for (lie, word) in [(shorter, "Rollback"), (forked, "Fork"), (longer, "")] {
        let note = lie.sign(&key).into_bytes();
        let mirror = Mirror::start(&copy.public(), move |path, honest| {
            if path == "/checkpoint" { Some(note.clone()) } else { honest }
        });
        let told = copy.sync(&mirror.unwrap().url).unwrap_err();
        assert_eq!(told.trim().lines().count(), 1, "{told}");
        assert!(!told.is_empty(), "{word}");
        assert_eq!(held(&copy.kiosk_data()), before, "{word}");
    }
}

#[test]
fn endless_and_empty_answers_end_the_sync() {
    for prefix in ["/checkpoint", "/tile/entries", "/content", "/blob"] {
        for bytes in [Vec::new(), vec![b'x'; 40 << 20]] {
            let copy = Copy::new();
            let mirror = Mirror::start(&copy.public(), move |path, honest| {
                if path.starts_with(prefix) { Some(bytes.clone()) } else { honest }
            });
            let _ = copy.sync(&mirror.unwrap().url);
            assert_pictures_are_true(&copy.kiosk_data());
        }
    }
}
