//! What others show is believed, kept, and stops the publishing when it is more than is here.

use std::fs;
use std::sync::Arc;

use rusqlite::Connection;

use super::*;
use crate::app::App;
use crate::review;
use crate::testing::{Office, wait};

/// An office with two batches published, and the checkpoint after each.
fn grown() -> (Office, Vec<u8>, Vec<u8>) {
    let office = Office::new();
    let app = office.open();
    let publish = |n| {
        let id = wait(office.submit_whole(&app, n)).id;
        wait(review::publish(&app, &[id], &office.reviewer)).unwrap();
        fs::read(app.data.public().join("checkpoint")).unwrap()
    };
    let (first, second) = (publish(1), publish(2));
    drop(app);
    (office, first, second)
}

/// The same log with its last entry never published: an older database.
fn take_back(office: &Office) {
    let c = Connection::open(office.data().database()).unwrap();
    let size: u64 = c.query_row("SELECT size FROM log", [], |row| row.get(0)).unwrap();
    let first = fs::read(office.directory.path().join("first")).unwrap();
    let first = String::from_utf8(first).unwrap();
    let root = Checkpoint::parse(ledger::note::Note::parse(first.as_bytes()).unwrap().text());
    c.execute_batch("PRAGMA foreign_keys = off").unwrap();
    for table in ["view_receipt", "entry_image"] {
        let _not_every_view = c.execute(&format!("DELETE FROM {table} WHERE idx = ?1"), [size - 1]);
    }
    c.execute("UPDATE submission SET state = 'received', idx = NULL WHERE idx = ?1", [size - 1])
        .unwrap();
    c.execute("DELETE FROM entry WHERE idx = ?1", [size - 1]).unwrap();
    c.execute(
        "UPDATE log SET size = ?1, applied = ?1, root = ?2, checkpoint = ?3",
        params![size - 1, root.unwrap().root.0, first],
    )
    .unwrap();
}

fn refused(app: &Arc<App>, office: &Office) -> String {
    let (note, body) = office.receipt(9, &[]);
    let taken = wait(crate::intake::receive(app, note, Some(body)));
    let error = app.append(|_, _| Ok(Vec::new())).unwrap_err();
    assert_eq!(taken.unwrap_err().to_string(), error.to_string());
    assert!(matches!(error.code(), "restored" | "behind"), "{error}");
    error.to_string()
}

#[test]
fn a_checkpoint_of_now_or_of_earlier_changes_nothing() {
    let (office, first, second) = grown();
    let app = office.open();
    for note in [&first, &second, &first] {
        assert_eq!(app.publisher.seen("大屏一", note).unwrap(), Standing::Continued);
    }
    app.publisher.must_run().unwrap();
    let rows = "SELECT count(*), max(size) FROM seen_checkpoint";
    let row = |c: &Connection| Ok(c.query_row(rows, [], |row| Ok((row.get(0)?, row.get(1)?)))?);
    assert_eq!(app.db.read(row).unwrap(), (1_i64, 5_u64));
}

#[test]
fn what_another_key_signed_is_no_evidence() {
    let (office, first, _) = grown();
    let app = office.open();
    let forger = ledger::key::SigningKey::from_seed(crate::testing::ORIGIN, [1; 32]).unwrap();
    let ahead = Checkpoint { size: 99, ..open("x", &first, &app.vkey).unwrap() };
    let seen = app.publisher.seen("大屏", ahead.sign(&forger).as_bytes());
    assert_eq!(seen.unwrap_err().code(), "bad-checkpoint");
    app.publisher.must_run().unwrap();
}

#[test]
fn an_older_database_beside_newer_files_is_read_only_at_once_and_for_good() {
    let (office, first, second) = grown();
    fs::write(office.directory.path().join("first"), &first).unwrap();
    take_back(&office);
    let app = office.open();
    assert!(refused(&app, &office).contains("那里有第 5 条，这里没有"));
    // The evidence is not written over, and survives that the file is gone.
    let file = office.data().public().join("checkpoint");
    assert_eq!(fs::read(&file).unwrap(), second);
    drop(app);
    fs::write(&file, &first).unwrap();
    let app = office.open();
    refused(&app, &office);
    let unlocked = app.publisher.unlock(&[("大屏".into(), first)], "x", &Actor::operator());
    assert!(unlocked.unwrap_err().to_string().contains("第 5 条"));
    refused(&app, &office);
}

#[test]
fn a_holder_of_another_history_of_the_same_length_stops_the_publishing() {
    let (office, first, _) = grown();
    let app = office.open();
    let keys = crate::app::read_keys(&app.data).unwrap();
    let mut other = open("x", &first, &app.vkey).unwrap();
    other.root.0[0] ^= 1;
    let standing = app.publisher.seen("镜像", other.sign(&keys.log).as_bytes()).unwrap();
    assert_eq!(standing, Standing::Forked(5));
    // Showing a good one later does not take it back.
    app.publisher.seen("镜像", &first).unwrap();
    assert!(refused(&app, &office).contains("镜像 那里的前 5 条"));
}

#[test]
fn a_batch_that_was_begun_before_the_evidence_came_is_not_signed() {
    let (office, _, _) = grown();
    let app = office.open();
    let appended = app.append(|c, _| {
        mark_restored(c)?;
        Ok(vec![crate::publish::NewEntry::stated(String::new(), None)])
    });
    assert_eq!(appended.unwrap_err().code(), "restored");
}

#[test]
fn a_restored_office_is_unlocked_by_what_others_hold_and_that_is_recorded() {
    let (office, first, second) = grown();
    let app = office.open();
    app.db.write_blocking(mark_restored).unwrap();
    assert_eq!(refused(&app, &office), RESTORED);
    let who = Actor::operator();
    let rubbish = app.publisher.unlock(
        &[("镜像".into(), first.clone()), ("坏".into(), b"rubbish".to_vec())],
        "x",
        &who,
    );
    assert_eq!(rubbish.unwrap_err().code(), "bad-checkpoint");
    refused(&app, &office);
    let brought = [("镜像".to_owned(), first), ("大屏".to_owned(), second)];
    app.publisher.unlock(&brought, "两处", &who).unwrap();
    app.publisher.must_run().unwrap();
    let said = "SELECT new FROM audit WHERE act = 'unlock'";
    let said = app.db.read(|c| Ok(c.query_row(said, [], |row| row.get::<_, String>(0))?));
    assert_eq!(said.unwrap(), "两处");
}
