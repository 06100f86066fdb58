//! A crash before and after each durable step of publishing, and a start after it.

use std::fs;

use ledger::checkpoint::Checkpoint;
use ledger::statement::{Reason, Source};

use super::{Crash, Step};
use crate::app::App;
use crate::error::Error;
use crate::review;
use crate::testing::{Office, wait};
use crate::verify::verify;

const STEPS: [Step; 9] = [
    Step::Commit,
    Step::Bundles,
    Step::Tiles,
    Step::Contents,
    Step::Images,
    Step::Sync,
    Step::Checkpoint,
    Step::Forget,
    Step::Done,
];

fn head(app: &App) -> Checkpoint {
    let note = fs::read(app.data.public().join("checkpoint")).unwrap();
    Checkpoint::open(&note, &app.vkey).unwrap()
}

fn assert_sound(office: &Office) {
    let report = verify(&office.data()).unwrap();
    assert_eq!(report.problem, None);
}

/// Publishes two receipts with this crash, starts again, and says how long the log is then.
fn publish_with(crash: Crash) -> u64 {
    let office = Office::new();
    let app = office.open_with(crash);
    let before = head(&app);
    let ids = wait(async {
        let one = office.submit_whole(&app, 1).await;
        let two = office.submit_whole(&app, 2).await;
        vec![one.id, two.id]
    });
    let crashed = wait(review::publish(&app, &ids, &office.reviewer));
    assert!(matches!(crashed, Err(Error::Stopped(_))), "{crash:?}: {crashed:?}");
    // Readers see the old head or the new one, whole.
    let seen = head(&app);
    assert!(seen == before || seen.size == before.size + 2, "{crash:?}");
    drop(app);

    let app = office.open();
    let after = head(&app);
    let status = |id: &str| app.db.read(|c| crate::intake::status(c, id)).unwrap();
    if after.size == before.size {
        assert_eq!(after, before, "{crash:?}: two heads of one size");
        assert_eq!(status(&ids[0]).index, None);
        let published = wait(review::publish(&app, &ids, &office.reviewer)).unwrap();
        assert_eq!(published[0].index, before.size);
    } else {
        assert_eq!(status(&ids[0]).index, Some(before.size), "{crash:?}");
        if seen.size == after.size {
            assert_eq!(seen, after, "{crash:?}: two heads of one size");
        }
        let again = wait(review::publish(&app, &ids, &office.reviewer));
        assert_eq!(again.unwrap_err().code(), "wrong-state");
    }
    let log_size = head(&app).size;
    app.publisher.proof(before.size + 1).unwrap();
    drop(app);
    assert_sound(&office);
    assert_eq!(log_size, before.size + 2, "{crash:?}: published once, no more");
    after.size - before.size
}

#[test]
fn a_crash_at_any_step_loses_nothing_and_never_forks() {
    for step in STEPS {
        let expected = if step == Step::Commit { 0 } else { 2 };
        assert_eq!(publish_with(Crash::Before(step)), expected, "before {step:?}");
        assert_eq!(publish_with(Crash::After(step)), 2, "after {step:?}");
    }
}

#[test]
fn after_a_failure_past_the_commit_nothing_is_accepted_until_a_restart() {
    let office = Office::new();
    let app = office.open_with(Crash::Before(Step::Sync));
    wait(async {
        let id = office.submit_whole(&app, 1).await.id;
        assert!(review::publish(&app, &[id], &office.reviewer).await.is_err());
        let (note, body) = office.receipt(2, &[]);
        let refused = crate::intake::receive(&app, note.clone(), Some(body.clone())).await;
        assert_eq!(refused.unwrap_err().code(), "stopped");
    });
    drop(app);
    let app = office.open();
    let (note, body) = office.receipt(2, &[]);
    wait(crate::intake::receive(&app, note, Some(body))).unwrap();
}

#[test]
fn a_withdrawal_survives_a_crash_at_any_step() {
    for step in STEPS {
        let office = Office::new();
        let app = office.open();
        let id = wait(office.submit_whole(&app, 1)).id;
        let index = wait(review::publish(&app, &[id], &office.reviewer)).unwrap()[0].index;
        drop(app);
        let app = office.open_with(Crash::After(step));
        let withdrawn =
            review::withdraw(&app, index, Reason::Personal, Source::Original, &office.reviewer);
        assert!(wait(withdrawn).is_err());
        drop(app);
        let app = office.open();
        let left: Vec<_> = fs::read_dir(app.data.public().join("blob")).unwrap().collect();
        assert!(left.is_empty(), "after {step:?}: {left:?}");
        let again =
            review::withdraw(&app, index, Reason::Personal, Source::Original, &office.reviewer);
        assert_eq!(wait(again).unwrap_err().code(), "withdrawn");
        drop(app);
        assert_sound(&office);
        let salt = "01010101010101010101010101010101";
        for file in ["mingbai.db", "mingbai.db-wal"] {
            let bytes = fs::read(office.data().path().join(file)).unwrap_or_default();
            let found = bytes.windows(salt.len()).any(|window| window == salt.as_bytes());
            assert!(!found, "the salt lingers in {file} after {step:?}");
        }
    }
}

#[test]
fn a_tree_that_the_disk_lost_is_never_signed_over() {
    let office = Office::new();
    let app = office.open();
    let id = wait(office.submit_whole(&app, 1)).id;
    let tile = app.data.public().join("tile/0/000.p/4");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[33] ^= 1;
    fs::write(&tile, bytes).unwrap();
    let refused = wait(review::publish(&app, &[id], &office.reviewer));
    assert!(matches!(refused, Err(Error::Corrupt(_))), "{refused:?}");
    assert_eq!(head(&app).size, 4);
}
