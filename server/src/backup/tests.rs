//! An office comes back whole from its backup, and from nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::statement::{Reason, Source};

use super::*;
use crate::app::App;
use crate::review;
use crate::testing::{Office, wait};
use crate::verify::verify;

const PASSPHRASE: &str = "正确的马电池订书钉一二三";

fn secret() -> SecretString {
    SecretString::from(PASSPHRASE.to_owned())
}

/// Two receipts published in two batches, one withdrawn, one waiting.
fn office() -> Office {
    let office = Office::new();
    let app = office.open();
    for n in 1..4 {
        let id = wait(office.submit_whole(&app, n)).id;
        wait(review::publish(&app, &[id], &office.reviewer)).unwrap();
    }
    let (personal, original) = (Reason::Personal, Source::Original);
    wait(review::withdraw(&app, 5, personal, original, &office.reviewer)).unwrap();
    wait(office.submit_whole(&app, 4));
    office
}

fn saved(office: &Office) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("office.age");
    quietly(|p| save(&office.data(), &Lock::Passphrase(secret()), &file, p)).unwrap();
    (folder, file)
}

fn quietly<T>(work: impl FnOnce(&mut Progress) -> Result<T>) -> Result<T> {
    work(&mut Progress::to(&mut |_| ()))
}

fn put_back(file: &Path, into: &Path) -> Result<Kept> {
    let opener = Opener::Passphrase(secret());
    quietly(|p| restore(file, &opener, &DataDir::at(into), p))
}

/// Every file below `public/` and `private/blob`, and the keys, with their bytes and modes.
fn files(data: &DataDir) -> Vec<(String, u32, Vec<u8>)> {
    let mut found = Vec::new();
    for part in ["keys", "private/blob", "public"] {
        let mut folders = vec![data.path().join(part)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(data.path()).unwrap().to_str().unwrap().to_owned();
                let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
                found.push((name, mode, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn rows(data: &DataDir, table: &str) -> i64 {
    let c = crate::db::open_reader(&data.database()).unwrap();
    c.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn everything_comes_back_and_nothing_is_published_yet() {
    let office = office();
    fs::write(office.data().path().join("letter.txt"), "kept as it is").unwrap();
    let (folder, file) = saved(&office);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let new = DataDir::at(folder.path().join("new"));
    let kept = put_back(&file, new.path()).unwrap();
    assert_eq!(kept.entries, 8);
    assert_eq!(files(&new), files(&office.data()));
    assert_eq!(fs::read(new.path().join("letter.txt")).unwrap(), b"kept as it is");
    for table in ["entry", "submission", "image", "user", "audit", "view_key"] {
        assert_eq!(rows(&new, table), rows(&office.data(), table), "{table}");
    }
    assert_eq!(verify(&new).unwrap().problem, None);
    let app = App::open(new.clone(), String::new()).unwrap();
    assert_eq!(app.publisher.must_run().unwrap_err().code(), "restored");
    let left: Vec<_> = fs::read_dir(new.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("restoring")), "{left:?}");
    drop(app);
    assert_eq!(put_back(&file, new.path()).unwrap_err().code(), "not-empty");
}

#[test]
fn a_key_made_for_backups_opens_them_and_another_does_not() {
    let office = office();
    let folder = tempfile::tempdir().unwrap();
    let (own, others) = (folder.path().join("own.key"), folder.path().join("other.key"));
    let public = make_key(&own).unwrap();
    make_key(&others).unwrap();
    assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(make_key(&own).unwrap_err().code(), "exists");
    let lock = Lock::of_keys(&[public]).unwrap();
    let file = folder.path().join("office.age");
    quietly(|p| save(&office.data(), &lock, &file, p)).unwrap();
    let again = quietly(|p| save(&office.data(), &lock, &file, p));
    assert_eq!(again.unwrap_err().code(), "exists");
    let new = DataDir::at(folder.path().join("new"));
    let with = |key: &Path| quietly(|p| restore(&file, &Opener::of_file(key)?, &new, p));
    assert_eq!(with(&others).unwrap_err().code(), "wrong-key");
    assert_eq!(with(&file).unwrap_err().code(), "bad-identity");
    assert!(!new.path().exists());
    with(&own).unwrap();
    assert!(matches!(Lock::of_keys(&["age1x".into()]), Err(e) if e.code() == "bad-recipient"));
    let weak = Lock::of_passphrase(SecretString::from("short".to_owned()));
    assert!(matches!(weak, Err(e) if e.code() == "weak-passphrase"));
}

#[test]
fn a_backup_that_is_cut_or_changed_leaves_the_folder_empty() {
    let office = office();
    let (folder, file) = saved(&office);
    let whole = fs::read(&file).unwrap();
    let secret_key = fs::read(office.data().log_key()).unwrap();
    assert!(!whole.windows(20).any(|part| secret_key.windows(20).any(|secret| part == secret)));
    let bad = folder.path().join("bad.age");
    let new = folder.path().join("new");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for bytes in [&whole[..whole.len() - 1], &whole[..middle], &changed, b"rubbish"] {
        fs::write(&bad, bytes).unwrap();
        assert_eq!(put_back(&bad, &new).unwrap_err().code(), "bad-backup");
        assert!(!new.join("mingbai.db").exists() && !new.join("keys").exists());
    }
    // The lock of the tries before does not stand in the way.
    put_back(&file, &new).unwrap();
}

#[test]
fn a_backup_while_the_office_publishes_and_withdraws_is_of_one_moment() {
    let office = Office::new();
    let app = office.open();
    let stop = Arc::new(AtomicBool::new(false));
    // One withdrawal while each backup is made: one that begins anew then has its chance.
    let may_withdraw = AtomicBool::new(false);
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.key");
    let lock = Lock::of_keys(&[make_key(&own).unwrap()]).unwrap();
    let mut sizes = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..=250 {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let id = wait(office.submit_whole(&app, n)).id;
                let published = wait(review::publish(&app, &[id], &office.reviewer)).unwrap();
                if may_withdraw.swap(false, Ordering::SeqCst) {
                    let (of, by) = (published[0].index, &office.reviewer);
                    wait(review::withdraw(&app, of, Reason::Personal, Source::Original, by))
                        .unwrap();
                }
            }
        });
        for n in 0..6 {
            let file = folder.path().join(format!("{n}.age"));
            may_withdraw.store(true, Ordering::SeqCst);
            let kept = quietly(|p| save(&office.data(), &lock, &file, p)).unwrap();
            let new = DataDir::at(folder.path().join(n.to_string()));
            let opener = Opener::of_file(&own).unwrap();
            let back = quietly(|p| restore(&file, &opener, &new, p)).unwrap();
            assert_eq!(back, kept);
            sizes.push(kept.entries);
        }
        stop.store(true, Ordering::SeqCst);
    });
    println!("restored logs of {sizes:?} entries");
    assert!(sizes.is_sorted() && sizes.first() < sizes.last());
}

#[test]
fn a_picture_that_is_gone_stops_the_backup() {
    let office = office();
    let blob = fs::read_dir(office.data().public().join("blob")).unwrap().next().unwrap().unwrap();
    fs::remove_file(blob.path()).unwrap();
    let out = office.directory.path().join("out.age");
    let failed = quietly(|p| save(&office.data(), &Lock::Passphrase(secret()), &out, p));
    assert!(matches!(failed, Err(Error::Corrupt(_))), "{failed:?}");
    assert!(!out.exists());
}
