#![allow(clippy::unwrap_used)]
use super::*;
use crate::desk::tests::desk;
use crate::draft::{Field, Flags};
use crate::item::State;
use crate::reading::tests::{BILL, sheet};

fn photo(folder: &Path, name: &str, texts: &[&str]) -> PathBuf {
    let path = folder.join(name);
    sheet(texts, 5).save(&path).unwrap();
    path
}

fn options(photos: Vec<PathBuf>, together: bool) -> cli::Add {
    cli::Add { photos, together, no_text: true, flags: Flags::default(), json: true }
}

fn added(desk: &mut Desk, options: &cli::Add) -> (Result<()>, Vec<serde_json::Value>) {
    let mut out = Vec::new();
    let done = add(desk, options, None, &mut out);
    let lines = String::from_utf8(out).unwrap();
    (done, lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn an_invoice_fills_its_draft_and_its_images_are_kept_by_hash() {
    let (folder, mut desk, _) = desk();
    let file = photo(folder.path(), "a.png", &["wxp://pay", BILL]);
    let (done, lines) = added(&mut desk, &options(vec![file.clone()], false));
    done.unwrap();
    assert_eq!(lines[0]["amount"], 28_592);
    assert_eq!(lines[0]["period"], "2026-06");
    assert_eq!(lines[0]["invoice"]["number"], "26447000001243494438");
    assert_eq!(lines[0]["missing"], serde_json::json!(["purpose", "payee", "category"]));
    let item = desk.outbox.item(1).unwrap();
    assert_eq!(item.draft.by_machine, [Field::InvoiceNumber, Field::Date, Field::Amount]);
    let image = item.pages[0].image.as_ref().unwrap();
    assert_eq!(desk.pictures.load(image.sha256).unwrap().len() as u64, image.bytes);
    assert!(desk.pictures.load(image.thumb).is_some());
    assert_eq!(desk.originals.load(item.pages[0].original).unwrap(), std::fs::read(file).unwrap());
}

#[test]
fn the_same_photo_twice_is_said_and_not_doubled() {
    let (folder, mut desk, _) = desk();
    let file = photo(folder.path(), "a.png", &[BILL]);
    let again = options(vec![file.clone(), file], false);
    let (done, lines) = added(&mut desk, &again);
    done.unwrap();
    assert_eq!((&lines[0]["duplicate"], &lines[1]["duplicate"]), (&false.into(), &true.into()));
    assert_eq!(desk.outbox.items().unwrap().len(), 1);
}

#[test]
fn one_bad_photo_does_not_stop_the_others() {
    let (folder, mut desk, _) = desk();
    let (a, b) = (photo(folder.path(), "a.png", &["a"]), photo(folder.path(), "b.png", &["b"]));
    let bad = folder.path().join("bad.jpg");
    std::fs::write(&bad, b"no picture").unwrap();
    let (done, lines) = added(&mut desk, &options(vec![a, bad, b], false));
    assert!(matches!(done, Err(Error::Several { failed: 1, of: 3 })));
    assert_eq!(lines.len(), 2);
}

#[test]
fn pages_put_together_are_one_receipt() {
    let (folder, mut desk, _) = desk();
    let (a, b) = (photo(folder.path(), "a.png", &["a"]), photo(folder.path(), "b.png", &[BILL]));
    let (done, lines) = added(&mut desk, &options(vec![a, b], true));
    done.unwrap();
    assert_eq!(lines[0]["images"].as_array().unwrap().len(), 2);
    assert_eq!(lines[0]["amount"], 28_592, "the invoice may be the second page");
    let many = options(vec![PathBuf::new(); IMAGES_MAX + 1], true);
    assert!(matches!(added(&mut desk, &many).0, Err(Error::TooManyPages { .. })));
}

#[test]
fn a_signed_receipt_verifies_and_commits_to_its_content() {
    let (folder, mut desk, _) = desk();
    let file = photo(folder.path(), "a.png", &[BILL]);
    let mut options = options(vec![file], false);
    added(&mut desk, &options).0.unwrap();
    let all = cli::Sign { ids: Vec::new(), all: true, anyway: false };
    let refused = crate::signing::sign(&mut desk, &all, &mut Vec::new());
    assert!(matches!(refused, Err(Error::Missing { id: 1, .. })), "incomplete drafts are refused");
    options.flags = Flags {
        purpose: Some("办公用纸".into()),
        payee: Some("文具店".into()),
        category: Some("办公费".into()),
        ..Flags::default()
    };
    let edit = cli::Edit { id: 1, mended: cli::Mended { source: None, flags: options.flags } };
    desk.edit(&edit, &mut Vec::new()).unwrap();
    desk.outbox.add_nothing("2026-07".parse().unwrap()).unwrap().unwrap();
    crate::signing::sign(&mut desk, &all, &mut Vec::new()).unwrap();
    for item in desk.outbox.items().unwrap() {
        assert_eq!(item.state, State::Signed);
        let signed = item.signed.unwrap();
        let note = ledger::note::Note::parse(signed.note.as_bytes()).unwrap();
        let key = desk.key().unwrap().verifier();
        note.verify([&key].into_iter()).unwrap();
        assert_eq!(ledger::hash::sha256(note.text().as_bytes()), signed.submission);
        let statement = ledger::statement::Statement::parse(note.text()).unwrap();
        let hash = signed.content.as_deref().map(|c| ledger::hash::sha256(c.as_bytes()));
        assert_eq!(statement.content(), hash);
        assert_eq!(statement.period(), item.draft.period);
    }
}

#[test]
fn reading_keeps_nothing_and_prints_the_outer_form() {
    let folder = tempfile::tempdir().unwrap();
    let file = photo(folder.path(), "a.png", &[BILL]);
    let mut out = Vec::new();
    read(&cli::Read { photos: vec![file.clone()], text: false, json: true }, None, &mut out)
        .unwrap();
    let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(line["file"], file.to_str().unwrap());
    assert_eq!(line["qr"], serde_json::json!([BILL]));
    assert_eq!(line["invoice"], BILL);
    assert_eq!(line["crc_ok"], true);
    assert_eq!(line["fields"]["total"], "285.92");
    assert!(line["fields"].get("seller").is_none());
    assert!(line.get("corners").is_some() && line["sharpness"].is_string());
}

#[test]
fn a_crash_after_taking_in_leaves_chores_that_are_done_later() {
    let (folder, mut desk, _) = desk();
    let file = photo(folder.path(), "a.png", &[BILL]);
    let photos = || vec![PhotoFile::read(&file).unwrap()];
    let Ok(Ok(id)) = take(&mut desk, photos(), &Draft::default()) else { panic!("not taken in") };
    let desk_folder = folder.path().join("desk");
    drop(desk);
    let mut desk = Desk::open(&desk_folder).unwrap();
    assert!(matches!(take(&mut desk, photos(), &Draft::default()), Ok(Err(same)) if same == id));
    assert_eq!(chores::of(&desk.outbox.item(id).unwrap(), false).len(), 1);
    let item = chores::finish(&mut desk, id, None).unwrap();
    assert_eq!(item.draft.amount.unwrap().0, 28_592);
    assert!(chores::of(&item, false).is_empty() && item.images().count() == 1);
}

#[test]
fn what_a_person_typed_first_is_not_overwritten_by_a_machine() {
    let (folder, mut desk, _) = desk();
    let file = photo(folder.path(), "a.png", &[BILL]);
    let Ok(Ok(id)) = take(&mut desk, vec![PhotoFile::read(&file).unwrap()], &Draft::default())
    else {
        panic!("not taken in")
    };
    let typed = |draft: &mut Draft| draft.set(Field::Amount, "12.50").map_err(Error::Record);
    desk.outbox.edit(id, Act::Type(Field::Amount), typed).unwrap();
    let item = chores::finish(&mut desk, id, None).unwrap();
    assert_eq!(item.draft.amount.unwrap().0, 1250);
    assert!(!item.draft.by_machine.contains(&Field::Amount));
}

#[test]
fn nothing_of_a_photos_name_or_folder_is_signed_or_sent() {
    let (folder, mut desk, _) = desk();
    let place = folder.path().join("低保户");
    std::fs::create_dir(&place).unwrap();
    let file = photo(&place, "zhang-san-110105.png", &[BILL]);
    let mut add = options(vec![file], false);
    (add.flags.purpose, add.flags.payee) = (Some("桶".into()), Some("店".into()));
    add.flags.category = Some("办公费".into());
    added(&mut desk, &add).0.unwrap();
    let sign = cli::Sign { ids: vec![1], all: false, anyway: true };
    crate::signing::sign(&mut desk, &sign, &mut Vec::new()).unwrap();
    let item = desk.outbox.item(1).unwrap();
    let signed = item.signed.clone().unwrap();
    let image = item.images().next().unwrap();
    let pictures = [image.sha256, image.thumb].map(|hash| desk.pictures.load(hash).unwrap());
    let sent = [signed.note.into_bytes(), signed.content.unwrap().into_bytes()];
    for bytes in sent.iter().chain(&pictures) {
        for secret in ["zhang-san", "低保户", "110105"] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret}");
        }
    }
}
