//! Promises of the intake.

use ledger::content::Invoice;
use ledger::key::SigningKey;
use ledger::note::compose;
use ledger::statement::{Source, Statement};

use super::*;
use crate::testing::{Office, village, wait};

fn code(result: Result<Status>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "taken")
}

fn invoice(number: &str) -> Option<Invoice> {
    Some(Invoice {
        type_code: "32".into(),
        code: String::new(),
        number: number.into(),
        check: String::new(),
    })
}

#[test]
fn the_same_note_again_is_answered_alike_and_kept_once() {
    let office = Office::new();
    let app = office.open();
    let (note, body) = office.receipt(1, &[]);
    let send = || wait(receive(&app, note.clone(), Some(body.clone()))).unwrap();
    let first = send();
    assert_eq!(first.state, State::Received);
    assert_eq!(send(), first);
    assert_eq!(app.db.read(|c| review::list_pending(c, &office.reviewer)).unwrap().len(), 1);
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    let office = Office::new();
    let app = office.open();
    let (note, body) = office.receipt(1, &[]);
    let status = wait(receive(&app, note, Some(body))).unwrap();
    drop(app);
    let app = office.open();
    assert_eq!(app.db.read(|c| super::status(c, &status.id)).unwrap(), status);
}

#[test]
fn only_an_enrolled_key_and_a_fitting_content_are_taken() {
    let office = Office::new();
    let app = office.open();
    let (note, body) = office.receipt(1, &[]);
    let send = |note: &str, body: Option<&str>| {
        code(wait(receive(&app, note.to_owned(), body.map(str::to_owned))))
    };
    let other = body.replace("10100", "10200").replace("路灯", "水泵");
    assert_eq!(send(&note, Some(&other)), "content-mismatch");
    assert_eq!(send(&note, None), "content-mismatch");
    assert_eq!(send("rubbish", None), "malformed");
    assert_eq!(send(&note.replace("341181107201/", "341181107202/"), Some(&body)), "not-enrolled");
    assert_eq!(send(&"x".repeat(NOTE_BYTES_MAX + 1), None), "too-large");
    let stranger = SigningKey::from_seed("341181107201/accountant", [8; 32]).unwrap();
    let text = note.split_inclusive('\n').next().unwrap();
    assert_eq!(send(&compose(text, &[stranger.sign(text)]), Some(&body)), "not-enrolled");
    let both = compose(text, &[office.accountant.sign(text), stranger.sign(text)]);
    assert_eq!(send(&both, Some(&body)), "not-enrolled");
    assert_eq!(send(&note, Some(&body)), "taken");
}

#[test]
fn one_content_stands_under_one_statement() {
    let office = Office::new();
    let app = office.open();
    let (note, body) = office.receipt(1, &[]);
    wait(receive(&app, note, Some(body.clone()))).unwrap();
    let statement = Statement::Receipt {
        village: village(),
        period: "2026-06".parse().unwrap(),
        time: "2026-06-03T09:12:00+08:00".parse().unwrap(),
        content: sha256(body.as_bytes()),
    };
    let again = receive(&app, office.sign(&statement), Some(body));
    assert_eq!(code(wait(again)), "content-used");
}

#[test]
fn an_invoice_used_twice_is_flagged_with_the_first_wherever_that_stands() {
    let office = Office::new();
    let app = office.open();
    let send = |n, number| {
        let (note, body) = office.receipt_with(n, &[], invoice(number));
        wait(receive(&app, note, Some(body))).unwrap()
    };
    let first = send(1, "26342000000012345678");
    assert_eq!(first.flags, []);
    let flag = |status: &Status| {
        let village = village().to_string();
        vec![review::Flag { code: "invoice-used", other: status.id.clone(), village }]
    };
    assert_eq!(send(2, "26342000000012345678").flags, flag(&first));
    wait(review::publish(&app, std::slice::from_ref(&first.id), &office.reviewer)).unwrap();
    assert_eq!(send(3, "26342000000012345678").flags[0].other, first.id);
    assert_eq!(send(4, "26342000000099999999").flags, []);
    let returned = send(5, "26342000000055555555");
    let back = review::return_to(&app, &returned.id, "重复", Source::Original, &office.reviewer);
    wait(back).unwrap();
    assert_eq!(send(6, "26342000000055555555").flags, [], "a returned one does not count");
}

#[test]
fn a_picture_used_twice_is_flagged() {
    let office = Office::new();
    let app = office.open();
    let first = wait(office.submit_whole(&app, 1));
    let (note, body) = office.receipt(9, &[crate::photo::tests::jpeg(1)]);
    let second = wait(receive(&app, note, Some(body))).unwrap();
    let village = village().to_string();
    assert_eq!(second.flags, [review::Flag { code: "image-used", other: first.id, village }]);
    assert_eq!(second.state, State::Received, "the image is held already");
}

#[test]
fn a_returned_submission_says_why_and_is_decided_once() {
    let office = Office::new();
    let app = office.open();
    let id = wait(office.submit_whole(&app, 1)).id;
    let give_back = |reason| {
        wait(review::return_to(&app, &id, reason, Source::Format, &office.reviewer))
            .map_err(|error| error.code())
    };
    assert_eq!(give_back(" "), Err("no-reason"));
    assert_eq!(give_back("照片不清楚"), Ok(()));
    assert_eq!(give_back("再退一次"), Err("wrong-state"));
    let status = app.db.read(|c| super::status(c, &id)).unwrap();
    assert_eq!(status.state, State::Returned);
    assert_eq!(status.reason.as_deref(), Some("照片不清楚"));
    assert_eq!(status.source.as_deref(), Some("format"));
    let history = app.db.read(|c| crate::audit::of(c, &id)).unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].login, "wang");
}

proptest::proptest! {
    #[test]
    fn no_submission_panics_the_checks(note in "\\PC{0,80}", body in "\\PC{0,80}") {
        let checked = check(&Roster::default(), note, Some(body.clone()), |_| None);
        proptest::prop_assert!(checked.is_err());
        let _ = files_of(&body);
    }
}
