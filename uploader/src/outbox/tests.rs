#![allow(clippy::unwrap_used)]
use super::*;
use crate::send::Stage;
use ledger::content::ImageRef;
use ledger::hash::sha256;

fn outbox() -> (tempfile::TempDir, Outbox) {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(&folder.path().join("outbox.db")).unwrap();
    (folder, outbox)
}

fn page(seed: &str) -> Page {
    let hash = sha256(seed.as_bytes());
    let image =
        ImageRef { sha256: hash, thumb: hash, width: 3, height: 4, bytes: 5, covered: Vec::new() };
    Page { original: hash, image }
}

fn signed(seed: &str) -> Signed {
    Signed { submission: sha256(seed.as_bytes()), note: seed.into(), content: None }
}

fn status(state: Stage) -> Status {
    Status { state, ..Status::default() }
}

#[test]
fn the_schema_is_valid() {
    Migrations::from_slice(SCHEMA).validate().unwrap();
}

#[test]
fn what_was_added_is_there_after_opening_again() {
    let (folder, mut outbox) = outbox();
    let draft = Draft { purpose: "路灯".into(), ..Draft::default() };
    let id = outbox.add(&draft, &[page("a"), page("b")]).unwrap().unwrap();
    drop(outbox);
    let outbox = Outbox::open(&folder.path().join("outbox.db")).unwrap();
    let item = outbox.item(id).unwrap();
    assert_eq!((item.draft, item.pages), (draft, vec![page("a"), page("b")]));
    let sync: i64 = outbox.db.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(sync, 2, "FULL");
}

#[test]
fn the_same_photo_is_never_taken_in_twice() {
    let (_folder, mut outbox) = outbox();
    let id = outbox.add(&Draft::default(), &[page("a")]).unwrap().unwrap();
    assert_eq!(outbox.add(&Draft::default(), &[page("b"), page("a")]).unwrap(), Err(id));
    assert_eq!(outbox.items().unwrap().len(), 1);
    assert_eq!(outbox.holder_of(page("b").original).unwrap(), None);
}

#[test]
fn a_month_has_one_nil_return() {
    let (_folder, mut outbox) = outbox();
    let may = "2026-05".parse().unwrap();
    let id = outbox.add_nothing(may).unwrap().unwrap();
    assert_eq!(outbox.add_nothing(may).unwrap(), Err(id));
    outbox.remove(id).unwrap();
    assert!(outbox.add_nothing(may).unwrap().is_ok());
}

#[test]
fn removing_can_be_undone_and_a_sent_item_cannot_be_removed() {
    let (_folder, mut outbox) = outbox();
    let id = outbox.add(&Draft::default(), &[page("a")]).unwrap().unwrap();
    outbox.remove(id).unwrap();
    outbox.restore(id).unwrap();
    outbox.sign(id, &signed("one")).unwrap();
    assert!(matches!(outbox.edit(id, &Draft::default()), Err(Error::State { .. })));
    outbox.remove(id).unwrap();
    outbox.restore(id).unwrap();
    assert_eq!(outbox.item(id).unwrap().signed, None, "an unsent signature is thrown away");
    outbox.sign(id, &signed("two")).unwrap();
    outbox.offer(&[id]).unwrap();
    assert!(matches!(outbox.remove(id), Err(Error::State { .. })));
}

#[test]
fn a_returned_item_is_revised_once_and_the_photo_follows_the_new_draft() {
    let (_folder, mut outbox) = outbox();
    let id = outbox.add(&Draft::default(), &[page("a")]).unwrap().unwrap();
    let item = outbox.item(id).unwrap();
    assert!(matches!(outbox.revise(&item), Err(Error::State { .. })));
    outbox.sign(id, &signed("one")).unwrap();
    assert_eq!(outbox.answer(id, &status(Stage::Returned)).unwrap(), State::Returned);
    let new = outbox.revise(&item).unwrap();
    assert!(outbox.revise(&item).is_err());
    assert_eq!(outbox.holder_of(page("a").original).unwrap(), Some(new));
    assert_eq!(outbox.item(id).unwrap().state, State::Revised);
    outbox.answer(id, &status(Stage::Published)).unwrap();
    assert_eq!(outbox.item(id).unwrap().state, State::Revised, "a late answer changes nothing");
}

#[test]
fn one_invoice_number_in_two_items_is_noticed() {
    let (_folder, mut outbox) = outbox();
    let code = crate::invoice::parse("01,32,,26447000001243494438,285.92,20260619,,300A").unwrap();
    let draft = Draft::of_code(&code);
    let first = outbox.add(&draft, &[page("a")]).unwrap().unwrap();
    let second = outbox.add(&draft, &[page("b")]).unwrap().unwrap();
    assert_eq!(outbox.same_invoice(second, &draft).unwrap(), Some(first));
    outbox.remove(first).unwrap();
    assert_eq!(outbox.same_invoice(second, &draft).unwrap(), None);
}

#[test]
fn settings_are_kept_and_unknown_items_are_told() {
    let (_folder, mut outbox) = outbox();
    outbox.set("server", "http://a").unwrap();
    outbox.set("server", "http://b").unwrap();
    assert_eq!(outbox.setting("server").unwrap(), "http://b");
    assert_eq!(outbox.setting("village").unwrap(), "");
    assert!(matches!(outbox.item(9), Err(Error::NoItem(9))));
    assert!(matches!(outbox.restore(9), Err(Error::NoItem(9))));
}
