#![allow(clippy::unwrap_used)]
use super::*;
use crate::desk::tests::desk;
use crate::draft::Draft;
use crate::intake::take;
use crate::photo::PhotoFile;
use crate::reading::tests::{BILL, sheet};
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt;

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

/// A desk with one paper, and its backup.
fn saved() -> (tempfile::TempDir, Desk, std::path::PathBuf) {
    let (folder, mut desk, _) = desk();
    let photo = folder.path().join("a.png");
    sheet(&[BILL], 5).save(&photo).unwrap();
    let photos = vec![PhotoFile::read(&photo).unwrap()];
    assert!(matches!(take(&mut desk, photos, &Draft::default()), Ok(Ok(1))));
    crate::chores::finish(&mut desk, 1, None).unwrap();
    let file = folder.path().join("backup.age");
    save(&desk, &file, secret("一二三四五六七八")).unwrap();
    (folder, desk, file)
}

#[test]
fn a_desk_moves_to_a_new_computer_whole() {
    let (folder, old, file) = saved();
    let new = folder.path().join("new");
    put_back(&file, &new, secret("一二三四五六七八")).unwrap();
    let there = Desk::open(&new).unwrap();
    assert_eq!(there.key().unwrap().verifier(), old.key().unwrap().verifier());
    let (was, is) = (old.outbox.item(1).unwrap(), there.outbox.item(1).unwrap());
    assert_eq!((&was.draft, &was.pages), (&is.draft, &is.pages));
    assert!(there.originals.load(is.pages[0].original).is_some());
    assert!(there.pictures.load(is.images().next().unwrap().sha256).is_some());
    for part in ["key", "outbox.db"] {
        let mode = fs::metadata(new.join(part)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{part}");
    }
}

#[test]
fn a_backup_says_nothing_without_its_passphrase_and_covers_nothing() {
    let (folder, desk, file) = saved();
    let sealed = fs::read(&file).unwrap();
    let key = fs::read(desk.folder().join("key")).unwrap();
    assert!(!sealed.windows(20).any(|part| key.windows(20).any(|secret| part == secret)));
    let new = folder.path().join("new");
    let refused = |done: Result<()>| match done {
        Err(Error::Backup { why, .. }) => format!("{why:?}"),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(put_back(&file, &new, secret("87654321"))), "Passphrase");
    assert!(!new.join("key").exists());
    let there = put_back(&file, desk.folder(), secret("一二三四五六七八"));
    assert_eq!(refused(there), "DeskThere");
    assert_eq!(refused(save(&desk, &file, secret("一二三四五六七八"))), "Exists");
    assert_eq!(refused(save(&desk, &folder.path().join("b"), secret("short"))), "Weak");
    let half = folder.path().join("half");
    fs::write(&half, &sealed[..sealed.len() / 2]).unwrap();
    assert_eq!(refused(put_back(&half, &new, secret("一二三四五六七八"))), "Damaged");
    assert!(!new.join("key").exists(), "half a backup is no desk");
}

proptest! {
    #[test]
    fn names_that_lead_elsewhere_are_not_unpacked(name in "(/|\\.\\./|key|images|originals|x|/\\.\\.){1,4}") {
        let path = Path::new(&name);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        prop_assert!(!expected(path) || plain && path.components().count() <= 2);
    }
}
