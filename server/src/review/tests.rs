use ledger::content::{Content, Openness, ReceiptContent};
use ledger::key::SigningKey;
use ledger::money::Fen;
use ledger::note::Note;
use ledger::statement::{LegalGround, Reason, Source, Statement};

use super::*;
use crate::app::App;
use crate::error::Error;
use crate::people::{Absent, Role};
use crate::testing::{Office, content, village, wait};
use crate::{audit, intake, publish as log, verify, view, worklist};

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|error: Error| error.code(), |_| "")
}

fn where_it_stands(app: &App, id: &str) -> Stage {
    let found = app.db.read(|c| one(c, id)).unwrap().unwrap();
    stage(&found, needs(&found, &app.rulebook.now().rules))
}

fn line(app: &App, id: &str, key: &SigningKey) -> String {
    let found = app.db.read(|c| one(c, id)).unwrap().unwrap();
    key.sign(Note::parse(found.note.as_bytes()).unwrap().text())
}

#[test]
fn nothing_is_published_before_the_supervisors_signed_it() {
    let office = Office::by_the_rules();
    let app = office.open();
    let (sun, zhou) = (office.supervisor(&app, "sun", 8), office.supervisor(&app, "zhou", 9));
    let id = office.submit(&app, 1, |content| content.amount = Fen(800_000));
    let publish = || code(wait(publish(&app, std::slice::from_ref(&id), &office.reviewer)));
    assert_eq!(where_it_stands(&app, &id), Stage::Countersign(2));
    assert_eq!(publish(), "wrong-state");
    let sign = |line: &str| code(wait(countersign(&app, &id, line)));
    assert_eq!(sign(&line(&app, &id, &office.accountant)), "bad-signature", "not a supervisor");
    let stranger = SigningKey::from_seed(sun.verifier().name(), [1; 32]).unwrap();
    assert_eq!(sign(&line(&app, &id, &stranger)), "bad-signature", "another key of that name");
    assert_eq!(sign("\u{2014} x AAAA"), "bad-signature");
    assert_eq!(sign(&line(&app, &id, &sun)), "");
    assert_eq!(sign(&line(&app, &id, &sun)), "", "signing twice counts once");
    assert_eq!(where_it_stands(&app, &id), Stage::Countersign(1));
    assert_eq!(sign(&line(&app, &id, &zhou)), "");
    assert_eq!(where_it_stands(&app, &id), Stage::Review);
    assert_eq!(publish(), "");
    let item = app.db.read(|c| view::item(c, log::head(c)?.0 - 1)).unwrap().unwrap();
    assert_eq!(item.signers.len(), 3, "accountant and both supervisors stand in the log");
    assert_eq!(verify::verify(&office.data()).unwrap().problem, None);
}

#[test]
fn what_a_supervisor_signed_waits_for_another_one() {
    let office = Office::by_the_rules();
    let app = office.open();
    let sun = office.supervisor(&app, "sun", 8);
    let large = |content: &mut ReceiptContent| content.amount = Fen(800_000);
    let signed = office.submit(&app, 1, large);
    office.submit(&app, 2, large);
    wait(countersign(&app, &signed, &line(&app, &signed, &sun))).unwrap();
    let counts = |login: &str| {
        let (who, book) = (office.person(login, Role::Supervisor), app.rulebook.now());
        let list = app.db.read(|c| worklist::of(c, &book.rules, &who)).unwrap();
        [list.mine, list.others].map(|side| side.iter().map(|batch| batch.count).sum::<usize>())
    };
    assert_eq!(counts("sun"), [1, 1]);
    assert_eq!(counts("zhou"), [2, 0]);
}

#[test]
fn a_key_that_was_revoked_after_signing_no_longer_counts() {
    let office = Office::by_the_rules();
    let app = office.open();
    let sun = office.supervisor(&app, "sun", 8);
    let id = office.submit(&app, 1, |_| {});
    wait(countersign(&app, &id, &line(&app, &id, &sun))).unwrap();
    let operator = crate::people::Actor::operator();
    crate::directory::revoke(&app, sun.verifier().name(), &operator).unwrap();
    assert_eq!(code(wait(publish(&app, &[id], &office.reviewer))), "wrong-state");
}

#[test]
fn an_objection_stops_it_until_the_supervisor_signs_after_all() {
    let office = Office::by_the_rules();
    let app = office.open();
    let sun = office.supervisor(&app, "sun", 8);
    let id = office.submit(&app, 1, |_| {});
    let person = office.person("sun", Role::Supervisor);
    assert_eq!(code(wait(object(&app, &id, " ", &person))), "no-reason");
    assert_eq!(code(wait(object(&app, &id, "没见到货", &office.reviewer))), "not-allowed");
    let elsewhere = crate::people::Who { village: "341181107202".parse().ok(), ..person.clone() };
    assert_eq!(code(wait(object(&app, &id, "没见到货", &elsewhere))), "not-found");
    wait(object(&app, &id, "没见到货", &person)).unwrap();
    assert_eq!(where_it_stands(&app, &id), Stage::Objected);
    assert_eq!(
        code(wait(publish(&app, std::slice::from_ref(&id), &office.reviewer))),
        "wrong-state"
    );
    wait(countersign(&app, &id, &line(&app, &id, &sun))).unwrap();
    assert_eq!(where_it_stands(&app, &id), Stage::Review);
}

#[test]
fn a_large_amount_goes_to_the_leader_and_not_by_the_same_hand() {
    let office = Office::by_the_rules();
    let app = office.open();
    let id = office.submit(&app, 1, |content| {
        content.amount = Fen(6_000_000);
        content.resolution = "2026-05-08 村民代表会议".into();
    });
    for (login, seed) in [("sun", 8), ("zhou", 9)] {
        let key = office.supervisor(&app, login, seed);
        wait(countersign(&app, &id, &line(&app, &id, &key))).unwrap();
    }
    let leader = office.person("chen", Role::Leader);
    let publish = |who: &Who| code(wait(publish(&app, std::slice::from_ref(&id), who)));
    assert_eq!(code(wait(approve(&app, &id, &leader))), "wrong-state", "nobody passed it yet");
    assert_eq!(publish(&office.reviewer), "wrong-state");
    wait(pass(&app, &id, &office.reviewer)).unwrap();
    assert_eq!(where_it_stands(&app, &id), Stage::Approval);
    assert_eq!(publish(&office.reviewer), "wrong-state");
    // The reviewer stands in for the leader: still one hand.
    let absent = Absent { login: "chen".into(), name: "陈镇长".into(), role: Role::Leader };
    let both = Who { absent: vec![absent], ..office.reviewer.clone() };
    assert_eq!(code(wait(approve(&app, &id, &both))), "own-work");
    assert_eq!(code(wait(approve(&app, &id, &office.reviewer))), "not-allowed");
    wait(approve(&app, &id, &leader)).unwrap();
    assert_eq!(publish(&office.reviewer), "");
}

#[test]
fn what_is_withheld_is_in_the_log_with_its_ground_and_nobody_outside_sees_it() {
    let office = Office::new();
    let app = office.open();
    let ground = LegalGround::Privacy;
    let id = office.submit(&app, 1, |content| {
        content.openness = Some(Openness::OnRequest { ground });
    });
    let one_more = office.submit(&app, 2, |_| {});
    assert_eq!(where_it_stands(&app, &id), Stage::Review);
    assert_eq!(
        code(wait(publish(&app, std::slice::from_ref(&id), &office.reviewer))),
        "wrong-state",
        "the township approves what is not disclosed"
    );
    wait(pass(&app, &id, &office.reviewer)).unwrap();
    wait(approve(&app, &id, &office.person("chen", Role::Leader))).unwrap();
    let ids = [id.clone(), one_more];
    let published = wait(publish(&app, &ids, &office.reviewer)).unwrap();
    assert_eq!(published.len(), 3, "two receipts and the statement why one is not shown");
    let index = published[0].index;
    let item = app.db.read(|c| view::item(c, index)).unwrap().unwrap();
    assert_eq!((item.content, item.ground.as_deref()), (None, Some("privacy")));
    let why = app.db.read(|c| Ok(log::earlier(c, published[2].index))).unwrap().unwrap();
    let Statement::Withdrawal { of, reason, ground: said, .. } = why else { panic!("{why:?}") };
    assert_eq!((of, reason, said), (index, Reason::OnRequest, Some(ground)));
    let found = app.db.read(|c| one(c, &id)).unwrap().unwrap();
    assert!(found.body.is_some(), "the office keeps it for whoever applies");
    let kept = app.data.public().join("content");
    let files = std::fs::read_dir(kept).map_or(0, Iterator::count);
    assert!(files > 0, "the other content is there");
    assert_eq!(verify::verify(&office.data()).unwrap().problem, None);
}

#[test]
fn a_receipt_that_does_not_say_how_open_it_is_comes_back_by_itself() {
    let office = Office::new();
    let app = office.open();
    let id = office.submit(&app, 1, |content| content.openness = None);
    let found = app.db.read(|c| one(c, &id)).unwrap().unwrap();
    assert_eq!((found.state, found.source.as_deref()), (State::Returned, Some("attribute")));
    assert_eq!(app.db.read(|c| audit::of(c, &id)).unwrap()[0].act, "bounce");
}

#[test]
fn a_deputy_decides_and_the_record_says_for_whom() {
    let office = Office::new();
    let app = office.open();
    let id = office.submit(&app, 1, |_| {});
    let absent = Absent { login: "wang".into(), name: "王审核".into(), role: Role::Reviewer };
    let deputy = Who { absent: vec![absent], ..office.person("zhou", Role::Editor) };
    wait(return_to(&app, &id, "看不清", Source::Original, &deputy)).unwrap();
    let lines = app.db.read(|c| audit::of(c, &id)).unwrap();
    let last = lines.last().unwrap();
    assert_eq!((last.login.as_str(), last.for_login.as_deref()), ("zhou", Some("wang")));
    assert_eq!(last.role, "reviewer");
}

/// A correction of what stands at `of`, of the same accountant; answers its id.
fn correct(office: &Office, app: &App, of: u64, openness: Openness) -> Result<String> {
    let content = ReceiptContent { openness: Some(openness), ..content(90, &[]) };
    let (body, content) = content.to_bytes();
    let statement = Statement::Correction {
        village: village(),
        time: "2026-06-04T09:12:00+08:00".parse().unwrap(),
        of,
        source: Source::Attribute,
        content,
    };
    let body = String::from_utf8(body).unwrap();
    Ok(wait(intake::receive(app, office.sign(&statement), Some(body)))?.id)
}

#[test]
fn a_correction_that_withholds_takes_the_old_version_from_everyone_too() {
    let office = Office::new();
    let app = office.open();
    let id = office.submit(&app, 1, |_| {});
    let of = wait(publish(&app, &[id], &office.reviewer)).unwrap()[0].index;
    let ground = LegalGround::TradeSecret;
    let id = correct(&office, &app, of, Openness::Withheld { ground }).unwrap();
    wait(pass(&app, &id, &office.reviewer)).unwrap();
    wait(approve(&app, &id, &office.person("chen", Role::Leader))).unwrap();
    let published = wait(publish(&app, std::slice::from_ref(&id), &office.reviewer)).unwrap();
    let why = app.db.read(|c| Ok(log::earlier(c, published[1].index))).unwrap().unwrap();
    let Statement::Withdrawal { of: said, reason, .. } = why else { panic!("{why:?}") };
    assert_eq!((said, reason), (of, Reason::Withheld));
    for index in [of, published[0].index] {
        let item = app.db.read(|c| view::item(c, index)).unwrap().unwrap();
        assert_eq!((item.content, item.ground.as_deref()), (None, Some("trade-secret")));
    }
    assert!(app.db.read(|c| one(c, &id)).unwrap().unwrap().body.is_some());
    assert_eq!(verify::verify(&office.data()).unwrap().problem, None);
    // What is withdrawn cannot be corrected: said at once, not to the reviewer.
    assert_eq!(code(correct(&office, &app, of, Openness::Open {})), "withdrawn");
}
