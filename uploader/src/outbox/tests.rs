#![allow(clippy::unwrap_used)]
use super::*;
use crate::edit::Edit;
use crate::looking::Looked;
use crate::send::Stage;
use ledger::content::ImageRef;
use ledger::hash::sha256;

fn outbox() -> (tempfile::TempDir, Outbox) {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(&folder.path().join("outbox.db")).unwrap();
    (folder, outbox)
}

fn original(seed: &str) -> Hash {
    sha256(seed.as_bytes())
}

fn page(item: i64, seed: &str) -> PageId {
    PageId { item, photo: original(seed) }
}

fn image() -> ImageRef {
    let hash = sha256(b"picture");
    ImageRef { sha256: hash, thumb: hash, width: 3, height: 4, bytes: 5, covered: Vec::new() }
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
    let id = outbox.add(&draft, &[original("a"), original("b")]).unwrap().unwrap();
    drop(outbox);
    let outbox = Outbox::open(&folder.path().join("outbox.db")).unwrap();
    let item = outbox.item(id).unwrap();
    assert_eq!(
        (item.draft, item.pages),
        (draft, vec![Page::new(original("a")), Page::new(original("b"))])
    );
    let sync: i64 = outbox.db.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(sync, 2, "FULL");
}

#[test]
fn the_same_photo_is_never_taken_in_twice() {
    let (_folder, mut outbox) = outbox();
    let id = outbox.add(&Draft::default(), &[original("a")]).unwrap().unwrap();
    assert_eq!(outbox.add(&Draft::default(), &[original("b"), original("a")]).unwrap(), Err(id));
    assert_eq!(outbox.items().unwrap().len(), 1);
    assert_eq!(outbox.holder_of(original("b")).unwrap(), None);
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
    let id = outbox.add(&Draft::default(), &[original("a")]).unwrap().unwrap();
    outbox.remove(id).unwrap();
    outbox.restore(id).unwrap();
    outbox.sign(id, &signed("one")).unwrap();
    assert!(matches!(outbox.edit(id, Act::Edit, |_| Ok(())), Err(Error::State { .. })));
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
    let id = outbox.add(&Draft::default(), &[original("a")]).unwrap().unwrap();
    let item = outbox.item(id).unwrap();
    assert!(matches!(outbox.revise(&item), Err(Error::State { .. })));
    outbox.sign(id, &signed("one")).unwrap();
    assert_eq!(outbox.answer(id, &status(Stage::Returned)).unwrap(), State::Returned);
    let new = outbox.revise(&item).unwrap();
    assert!(outbox.revise(&item).is_err());
    assert_eq!(outbox.holder_of(original("a")).unwrap(), Some(new));
    assert_eq!(outbox.item(id).unwrap().state, State::Revised);
    outbox.answer(id, &status(Stage::Published)).unwrap();
    assert_eq!(outbox.item(id).unwrap().state, State::Revised, "a late answer changes nothing");
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

fn purpose(outbox: &mut Outbox, id: i64, text: &str) {
    let act = Act::Type(crate::draft::Field::Purpose);
    let set = |draft: &mut Draft| {
        draft.purpose = text.into();
        Ok(())
    };
    outbox.edit(id, act, set).unwrap();
}

#[test]
fn every_deed_is_undone_in_turn_back_to_the_beginning() {
    let (_folder, mut outbox) = outbox();
    let id = outbox.add(&Draft::default(), &[original("a")]).unwrap().unwrap();
    purpose(&mut outbox, id, "路灯");
    outbox.edit_page(page(id, "a"), |edit| edit.turn = 1).unwrap();
    outbox.remove(id).unwrap();
    outbox.restore(id).unwrap();
    let acts: Vec<Act> =
        std::iter::from_fn(|| outbox.undo().unwrap()).map(|deed| deed.act).collect();
    let field = crate::draft::Field::Purpose;
    assert_eq!(acts, [Act::Restore, Act::Remove, Act::Picture, Act::Type(field), Act::Add]);
    let item = outbox.item(id).unwrap();
    assert_eq!((item.state, &*item.draft.purpose), (State::Removed, ""));
    assert_eq!(item.pages[0].edit, Edit::default());
}

#[test]
fn undoing_leaves_what_a_machine_found_since() {
    let (_folder, mut outbox) = outbox();
    let id = outbox.add(&Draft::default(), &[original("a")]).unwrap().unwrap();
    purpose(&mut outbox, id, "路灯");
    let looked = Found::Looked(Looked::default());
    outbox.found(page(id, "a"), &looked, |draft, _| draft.payee = "五金店".into()).unwrap();
    outbox.undo().unwrap();
    let item = outbox.item(id).unwrap();
    assert_eq!((&*item.draft.purpose, &*item.draft.payee), ("", "五金店"));
    assert_eq!(item.pages[0].looked, Some(Looked::default()));
}

#[test]
fn a_picture_is_kept_only_for_the_edit_that_made_it() {
    let (_folder, mut outbox) = outbox();
    let id = outbox.add(&Draft::default(), &[original("a")]).unwrap().unwrap();
    let picture = |outbox: &Outbox| outbox.item(id).unwrap().pages[0].image.clone();
    let turned = Edit { turn: 1, ..Edit::default() };
    outbox.made(page(id, "a"), &turned, &image()).unwrap();
    assert_eq!(picture(&outbox), None, "the page is not turned");
    outbox.edit_page(page(id, "a"), |edit| edit.turn = 1).unwrap();
    outbox.made(page(id, "a"), &turned, &image()).unwrap();
    assert_eq!(picture(&outbox), Some(image()));
    outbox.undo().unwrap();
    assert_eq!(picture(&outbox), None);
    outbox.made(page(id, "a"), &Edit::default(), &image()).unwrap();
    assert_eq!(picture(&outbox), Some(image()), "an undone edit is written as it was");
}

#[test]
fn signing_ends_what_can_be_undone() {
    let (_folder, mut outbox) = outbox();
    let id = outbox.add(&Draft::default(), &[original("a")]).unwrap().unwrap();
    assert_eq!(outbox.last_deed().unwrap().unwrap().act, Act::Add);
    outbox.sign(id, &signed("one")).unwrap();
    assert_eq!(outbox.undo().unwrap(), None);
    assert!(matches!(outbox.edit_page(page(id, "a"), |_| ()), Err(Error::State { .. })));
}

#[test]
fn an_outbox_of_the_first_version_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.db");
    let mut db = Connection::open(&file).unwrap();
    Migrations::from_slice(SCHEMA).to_version(&mut db, 1).unwrap();
    db.execute("INSERT INTO item (kind, state, draft) VALUES ('receipt', 'draft', '{}')", [])
        .unwrap();
    let values = params![original("a").to_string(), json(&image()).unwrap()];
    db.execute("INSERT INTO page VALUES (1, 0, ?1, ?2)", values).unwrap();
    drop(db);
    let page = Outbox::open(&file).unwrap().item(1).unwrap().pages.remove(0);
    assert_eq!((page.image, page.read), (Some(image()), true));
    assert!(page.looked.is_some(), "there is nothing more to look at");
}

/// The photos of an item, by their seeds.
fn photos(outbox: &Outbox, id: i64) -> String {
    let seed = |page: &Page| {
        ["a", "b", "c", "d"].into_iter().find(|seed| original(seed) == page.original).unwrap()
    };
    outbox.item(id).unwrap().pages.iter().map(seed).collect()
}

fn added(outbox: &mut Outbox, seeds: &[&str]) -> i64 {
    let photos: Vec<Hash> = seeds.iter().map(|seed| original(seed)).collect();
    outbox.add(&Draft::default(), &photos).unwrap().unwrap()
}

#[test]
fn papers_are_put_together_and_taken_apart_and_both_can_be_undone() {
    let (_folder, mut outbox) = outbox();
    let (first, second) = (added(&mut outbox, &["a", "b"]), added(&mut outbox, &["c"]));
    let looked = Found::Looked(Looked::default());
    outbox.found(page(second, "c"), &looked, |draft, _| draft.payee = "五金店".into()).unwrap();
    outbox.edit_page(page(second, "c"), |edit| edit.turn = 1).unwrap();
    outbox
        .made(page(second, "c"), &outbox.item(second).unwrap().pages[0].edit.clone(), &image())
        .unwrap();
    outbox.join(second, first, Place::Behind).unwrap();
    assert_eq!((photos(&outbox, first), photos(&outbox, second)), ("abc".into(), "".into()));
    assert_eq!(outbox.item(second).unwrap().state, State::Removed);
    let moved = outbox.item(first).unwrap().pages.remove(2);
    assert_eq!((moved.edit.turn, moved.image, moved.looked), (1, Some(image()), None));
    assert!(matches!(outbox.restore(second), Err(Error::State { .. })), "it has no page");
    // The middle one is taken out again, as a paper of its own.
    let third = outbox.split(page(first, "b")).unwrap();
    assert_eq!((photos(&outbox, first), photos(&outbox, third)), ("ac".into(), "b".into()));
    assert!(matches!(outbox.split(page(third, "b")), Err(Error::OnlyPage(_))));
    assert_eq!(outbox.undo().unwrap().unwrap().act, Act::Split);
    assert_eq!((photos(&outbox, first), photos(&outbox, third)), ("abc".into(), "".into()));
    assert_eq!(outbox.item(third).unwrap().state, State::Removed);
    assert_eq!(outbox.undo().unwrap().unwrap(), Deed { item: first, act: Act::Join });
    assert_eq!((photos(&outbox, first), photos(&outbox, second)), ("ab".into(), "c".into()));
    let back = outbox.item(second).unwrap();
    assert_eq!((back.state, back.pages[0].edit.turn), (State::Draft, 1));
    assert_eq!(outbox.undo().unwrap().unwrap().act, Act::Picture);
    assert_eq!(outbox.item(second).unwrap().pages[0].edit.turn, 0);
}

#[test]
fn a_photo_that_was_taken_again_stands_where_the_bad_one_stood() {
    let (_folder, mut outbox) = outbox();
    let (first, again) = (added(&mut outbox, &["a", "b", "c"]), added(&mut outbox, &["d"]));
    purpose(&mut outbox, first, "路灯");
    outbox.join(again, first, Place::InsteadOf(original("b"))).unwrap();
    assert_eq!((photos(&outbox, first), photos(&outbox, again)), ("adc".into(), "b".into()));
    assert_eq!(outbox.item(first).unwrap().draft.purpose, "路灯");
    // A machine that was still at the bad photo tells nothing of the good one.
    let looked = Found::Looked(Looked::default());
    outbox.found(page(first, "b"), &looked, |draft, _| draft.payee = "五金店".into()).unwrap();
    outbox.made(page(first, "b"), &Edit::default(), &image()).unwrap();
    let item = outbox.item(first).unwrap();
    assert!(item.pages.iter().all(|page| page.looked.is_none() && page.image.is_none()));
    assert_eq!(item.draft.payee, "");
    assert_eq!(outbox.undo().unwrap().unwrap().act, Act::Retake);
    assert_eq!((photos(&outbox, first), photos(&outbox, again)), ("abc".into(), "d".into()));
    assert_eq!(outbox.item(again).unwrap().state, State::Draft);
}

#[test]
fn only_two_drafts_are_put_together_and_not_too_many_pages() {
    let (_folder, mut outbox) = outbox();
    let (first, second) = (added(&mut outbox, &["a"]), added(&mut outbox, &["b"]));
    assert!(matches!(outbox.join(first, first, Place::Behind), Err(Error::SamePaper(_))));
    let gone = Place::InsteadOf(original("c"));
    assert!(matches!(outbox.join(second, first, gone), Err(Error::NoItem(_))));
    let photos: Vec<Hash> =
        (0..ledger::content::IMAGES_MAX).map(|n| original(&format!("page {n}"))).collect();
    let full = outbox.add(&Draft::default(), &photos).unwrap().unwrap();
    assert!(matches!(outbox.join(full, first, Place::Behind), Err(Error::TooManyPages { .. })));
    outbox.sign(second, &signed("one")).unwrap();
    assert!(matches!(outbox.join(second, first, Place::Behind), Err(Error::State { .. })));
    assert!(matches!(outbox.join(first, second, Place::Behind), Err(Error::State { .. })));
    assert_eq!(outbox.item(first).unwrap().state, State::Draft, "nothing half done");
}
