//! Promises of bundles: verified as a server is, and never a way back.

use std::path::PathBuf;

use super::*;
use crate::share::export;
use crate::sync::import;

/// A kiosk without a link, whose first key is given.
struct Station {
    dir: TempDir,
    options: Options,
}

impl Station {
    fn new(town: &Town) -> Self {
        let kiosk = Kiosk::new(town);
        let dir = TempDir::new().unwrap();
        let options = Options {
            data: dir.path().to_owned(),
            servers: Vec::new(),
            images: Images::All,
            ..kiosk.options.clone()
        };
        Self { dir, options }
    }

    fn import(&self, stick: &Stick) -> Result<Report, SyncError> {
        import(&self.options, &stick.file)
    }

    fn shelf(&self) -> Shelf {
        Shelf::open(self.dir.path()).unwrap()
    }
}

struct Stick {
    _dir: TempDir,
    file: PathBuf,
}

impl Stick {
    /// What a kiosk with a link exports.
    fn of(town: &Town) -> Self {
        let mut kiosk = Kiosk::new(town);
        kiosk.options.images = Images::All;
        kiosk.sync().unwrap();
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("bundle.tar");
        let exported = export(kiosk.dir.path(), &file, Images::All).unwrap();
        assert_eq!(exported.size, town.entries.len() as u64);
        assert_eq!(exported.bytes, fs::metadata(&file).unwrap().len());
        Self { _dir: dir, file }
    }

    /// One with these files, whatever they say.
    fn with(files: &Files) -> Self {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("bundle.tar");
        let mut tar = tar::Builder::new(Vec::new());
        for (path, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, path.trim_start_matches('/'), &bytes[..]).unwrap();
        }
        fs::write(&file, tar.into_inner().unwrap()).unwrap();
        Self { _dir: dir, file }
    }
}

#[test]
fn a_station_without_a_link_shows_what_a_stick_brought() {
    let mut town = town_of(300);
    let gone = town.receipt(-1, "身份证号码");
    town.withdraw(gone);
    let station = Station::new(&town);
    let report = station.import(&Stick::of(&town)).unwrap();
    assert_eq!((report.size, report.waiting, report.images_missing), (305, 0, 0));
    assert_eq!((report.images, report.cost.requests), (600, 0));
    let shown = Shown::of(&station.shelf());
    assert_eq!(shown.receipts.len(), 301);
    // It is as old as what is newest in it, and not as fresh as the day it was carried here.
    let freshness = station.shelf().freshness().unwrap();
    assert_eq!(freshness.checked_at, freshness.newest);
    assert!(freshness.checked_at.is_some() && freshness.trouble.is_none());
    // The next one brings only what is new.
    town.receipt(-5, "新的");
    let report = station.import(&Stick::of(&town)).unwrap();
    assert_eq!((report.entries, report.contents, report.images), (1, 1, 2));
    // The same again: nothing.
    let report = station.import(&Stick::of(&town)).unwrap();
    assert!(!report.is_news());
}

#[test]
fn an_older_stick_says_so_and_changes_nothing() {
    let mut town = town_of(300);
    let old = Stick::of(&town);
    town.receipt(-5, "新的");
    let station = Station::new(&town);
    station.import(&Stick::of(&town)).unwrap();
    let before = Shown::of(&station.shelf());
    let error = station.import(&old).unwrap_err();
    assert!(matches!(error, SyncError::Older { held: 304, offered: 303 }), "{error}");
    assert_eq!(Shown::of(&station.shelf()), before);
    assert_eq!(station.shelf().freshness().unwrap().trouble, None);
}

#[test]
fn a_stick_with_another_history_is_refused_and_told() {
    let town = town_of(30);
    let station = Station::new(&town);
    station.import(&Stick::of(&town)).unwrap();
    let before = Shown::of(&station.shelf());
    let mut forked = town_of(20);
    forked.receipt(-999, "改过的");
    assert_eq!(station.import(&Stick::of(&forked)).unwrap_err().kind(), TroubleKind::Fork);
    let stranger = Stick::of(&Town::with_log_seed(77));
    assert_eq!(station.import(&stranger).unwrap_err().kind(), TroubleKind::BadSignature);
    assert_eq!(Shown::of(&station.shelf()), before);
    // Only the fork says something about the log.
    assert_eq!(station.shelf().freshness().unwrap().trouble.unwrap().kind, TroubleKind::Fork);
    let evidence = fs::read_to_string(station.dir.path().join("fork-evidence.txt")).unwrap();
    assert_eq!(evidence.matches("— test.example/log").count(), 2);
}

#[test]
fn a_stick_with_changed_bytes_is_refused_or_lacks_them() {
    let town = town_of(30);
    let station = Station::new(&town);
    let entries = Stick::with(&flipped(&town, &town.bundle_path(0)));
    assert_eq!(station.import(&entries).unwrap_err().kind(), TroubleKind::BadHash);
    assert_eq!(station.shelf().freshness().unwrap().size, 0);
    let picture = format!("/blob/{}", town.pictures.keys().next().unwrap());
    assert_eq!(
        station.import(&Stick::with(&flipped(&town, &picture))).unwrap_err().kind(),
        TroubleKind::BadHash
    );
    // The rest of it stays, and a good one brings what lacks.
    assert_eq!(station.shelf().receipts(village(), month()).unwrap().len(), 30);
    assert_eq!(station.import(&Stick::of(&town)).unwrap().images, 1);
    let mut bare = Files::new();
    bare.insert("/checkpoint".into(), town.files()["/checkpoint"].clone());
    let other = Station::new(&town);
    assert_eq!(other.import(&Stick::with(&bare)).unwrap_err().kind(), TroubleKind::Unreachable);
    let mut strange = town.files();
    strange.insert("/etc/passwd".into(), b"x".to_vec());
    assert!(matches!(other.import(&Stick::with(&strange)), Err(SyncError::Bundle(_))));
}

#[test]
fn nothing_is_exported_that_was_not_verified() {
    let town = town_of(3);
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("out.tar");
    assert!(export(dir.path(), &file, Images::All).is_err() && !file.exists());
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let db = rusqlite::Connection::open(kiosk.dir.path().join("kiosk.db")).unwrap();
    db.execute("UPDATE entry SET bytes = x'00' WHERE id = 4", []).unwrap();
    drop(db);
    let error = export(kiosk.dir.path(), &file, Images::All).unwrap_err();
    assert!(error.to_string().contains("先同步"), "{error}");
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().filter(|f| f.as_ref().unwrap().path() == file).count(),
        0
    );
}
