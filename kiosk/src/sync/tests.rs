//! Promises of the sync, against a server that may lie, stall and cut.

#![allow(clippy::unwrap_used)]

mod hostile;
mod manners;
mod mirror;
mod reads;
mod sticks;
pub(crate) mod town;
mod witnessed;

use std::fs;
use std::path::Path;
use std::time::Duration;

use ledger::hash::sha256;
use ledger::money::Fen;
use ledger::tile::content_bundle_path;
use ledger::time::Period;
use tempfile::TempDir;

use super::{Options, Report, SyncError, clock, run};
use crate::shelf::{Images, Shelf, State, TroubleKind};
use mirror::{Mirror, Trick};
use town::{Files, MONTH, Town, village};

/// Where nobody answers.
const DEAD: &str = "http://127.0.0.1:1";

/// A kiosk beside a mirror.
pub(crate) struct Kiosk {
    pub dir: TempDir,
    mirror: Mirror,
    pub options: Options,
}

/// A sync without pictures of all that a server has.
pub(crate) fn options(data: &Path, server: &str) -> Options {
    Options {
        images: Images::None,
        patience: Duration::from_secs(20),
        ..Options::new(data.to_owned(), vec![server.to_owned()], None)
    }
}

impl Kiosk {
    pub fn new(town: &Town) -> Self {
        let (dir, mirror) = (TempDir::new().unwrap(), Mirror::new(town.files()));
        let vkey = Some(town.log.verifier());
        let options = Options { vkey, ..options(dir.path(), &mirror.url) };
        Self { dir, mirror, options }
    }

    /// Its mirror has these files from now on.
    pub fn serve(&self, town: &Town) {
        self.mirror.serve(town.files());
    }

    pub fn sync(&self) -> Result<Report, SyncError> {
        run(&self.options)
    }

    pub fn shelf(&self) -> Shelf {
        Shelf::open(self.dir.path()).unwrap()
    }

    /// Syncs with files that must not be adopted; the shelf must stay as it is and say why.
    fn refuses(&self, files: Files, kind: TroubleKind) {
        let before = Shown::of(&self.shelf());
        self.mirror.serve(files);
        let error = self.sync().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
        assert_eq!(Shown::of(&self.shelf()), before);
        assert_eq!(self.shelf().freshness().unwrap().trouble.unwrap().kind, kind);
    }
}

/// Everything that a screen could show.
#[derive(Debug, PartialEq)]
struct Shown {
    size: u64,
    months: Vec<crate::shelf::MonthRow>,
    receipts: Vec<crate::shelf::ReceiptRow>,
    bulletins: Vec<crate::shelf::BulletinRow>,
}

impl Shown {
    fn of(shelf: &Shelf) -> Self {
        Self {
            size: shelf.freshness().unwrap().size,
            months: shelf.months(village()).unwrap(),
            receipts: shelf.receipts(village(), month()).unwrap(),
            bulletins: shelf.bulletins(None).unwrap(),
        }
    }
}

fn month() -> Period {
    MONTH.parse().unwrap()
}

pub(crate) fn town_of(receipts: i64) -> Town {
    let mut town = Town::new();
    for n in 0..receipts {
        town.receipt(if n % 5 == 0 { 100 + n } else { -100 - n }, &format!("事由{n}"));
    }
    town
}

/// Flips the last bit of a file.
fn flipped(town: &Town, path: &str) -> Files {
    let mut files = town.files();
    *files.get_mut(path).unwrap().last_mut().unwrap() ^= 1;
    files
}

#[test]
fn a_fresh_kiosk_shows_what_was_published_and_who_signed_it() {
    let mut town = town_of(300);
    town.nothing("2026-04");
    let notice = town.bulletin("停水通知");
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.images = Images::All;
    let report = kiosk.sync().unwrap();
    assert_eq!((report.entries, report.contents, report.waiting), (305, 304, 0));
    assert_eq!((report.images, report.size), (600, 305));
    let shelf = kiosk.shelf();
    let township = shelf.township().unwrap().unwrap();
    assert_eq!((township.name.as_str(), township.villages), ("新街镇", 1));
    let months = shelf.months(village()).unwrap();
    assert_eq!(months.len(), 2);
    let income: i64 = (0..300).filter(|n| n % 5 == 0).map(|n| 100 + n).sum();
    let spending: i64 = (0..300).filter(|n| n % 5 != 0).map(|n| 100 + n).sum();
    assert_eq!((months[0].income, months[0].spending), (Fen(income), Fen(spending)));
    assert_eq!((months[0].receipts, months[0].nothing, months[1].nothing), (300, false, true));
    assert_eq!(shelf.villages().unwrap()[0].receipts, 300);
    let page = shelf.receipt(7).unwrap().unwrap();
    assert_eq!(page.village_name, "新街村");
    assert_eq!(
        (page.signers[0].holder.as_str(), page.signers[0].post.as_str()),
        ("李秀英", "报账员")
    );
    assert_eq!(page.entry_hash, ledger::tree::leaf_hash(&town.entries[7]));
    let image = &page.content.unwrap().images[0];
    assert_eq!(shelf.image(image.sha256), Some(town.pictures[&image.sha256].clone()));
    let bulletin = shelf.bulletin(notice).unwrap().unwrap();
    assert_eq!(bulletin.content.unwrap().title, "停水通知");
    assert_eq!(bulletin.village_name, "新街镇");
    assert_eq!(shelf.bulletins(Some("tongzhi")).unwrap().len(), 1);
    assert!(shelf.bulletins(Some("other")).unwrap().is_empty());
    assert_eq!(shelf.receipt(notice).unwrap(), None);
    let freshness = shelf.freshness().unwrap();
    assert!(freshness.checked_at.is_some() && freshness.trouble.is_none());
}

#[test]
fn nothing_new_costs_one_request_and_at_most_512_bytes() {
    let kiosk = Kiosk::new(&town_of(20));
    kiosk.sync().unwrap();
    let cost = kiosk.sync().unwrap().cost;
    assert_eq!(cost.requests, 1);
    assert!(cost.sent + cost.received <= 512, "{cost:?}");
}

#[test]
fn one_new_receipt_costs_three_requests_and_at_most_24_kilobytes() {
    let mut town = town_of(200);
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    kiosk.mirror.asked();
    town.receipt(-5, "新的");
    kiosk.mirror.serve(town.files());
    let report = kiosk.sync().unwrap();
    assert_eq!((report.entries, report.contents, report.cost.requests), (1, 1, 3));
    let asked = kiosk.mirror.asked();
    assert!(asked[1].contains("/tile/entries/000.p/204 bytes="), "{asked:?}");
    assert!(report.cost.sent + report.cost.received < 3_000, "{report:?}");
}

#[test]
fn a_fresh_sync_of_ten_thousand_receipts_asks_once_for_each_bundle() {
    let town = town_of(10_000);
    let kiosk = Kiosk::new(&town);
    let report = kiosk.sync().unwrap();
    // The head, two tiles that prove the bundles, bundles of entries and of contents.
    assert_eq!(report.cost.requests, 1 + 2 + 40 + 40);
    assert_eq!(report.contents, 10_003);
    println!("{report:?}");
}

#[test]
fn a_lying_server_is_refused_by_name_and_the_last_good_shelf_stays() {
    let mut town = town_of(300);
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let old = town_of(299);
    kiosk.refuses(old.files(), TroubleKind::Rollback);
    let mut other = town_of(299);
    other.receipt(-999, "改过的");
    kiosk.refuses(other.files(), TroubleKind::Fork); // of the same size
    other.receipt(-1, "又一张");
    kiosk.refuses(other.files(), TroubleKind::Fork); // and of a larger one
    let evidence = fs::read_to_string(kiosk.dir.path().join("fork-evidence.txt")).unwrap();
    assert_eq!(evidence.matches("— test.example/log").count(), 2);
    let mut forged = Town::with_log_seed(77);
    forged.receipt(-1, "伪造");
    kiosk.refuses(forged.files(), TroubleKind::BadSignature);
    let mut garbage = town.files();
    garbage.insert("/checkpoint".into(), b"<html>".to_vec());
    kiosk.refuses(garbage, TroubleKind::BadSignature);
    town.receipt(-1, "新的");
    kiosk.refuses(flipped(&town, &town.bundle_path(1)), TroubleKind::BadHash);
    let mut short = town.files();
    short.get_mut(&town.bundle_path(1)).unwrap().pop();
    kiosk.refuses(short, TroubleKind::BadHash);
    let mut huge = town.files();
    huge.insert("/checkpoint".into(), town.head(1 << 63, sha256(b"")));
    kiosk.refuses(huge, TroubleKind::TooLarge);
    let mut large = town.files();
    large.insert("/checkpoint".into(), town.head(1 << 20, sha256(b"")));
    kiosk.refuses(large, TroubleKind::Unreachable);
    kiosk.mirror.serve(town.files());
    assert_eq!(kiosk.sync().unwrap().size, 304);
    assert_eq!(kiosk.shelf().freshness().unwrap().trouble, None);
}

#[test]
fn on_a_line_too_thin_for_a_bundle_contents_come_one_by_one() {
    let town = town_of(30);
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.patience = Duration::from_millis(700);
    kiosk.mirror.trick(&format!("/{}", content_bundle_path(0)), Trick::Drip);
    kiosk.sync().unwrap();
    assert_eq!(Shown::of(&kiosk.shelf()).receipts.len(), 30);
}

#[test]
fn endless_and_stalling_answers_end() {
    let mut town = town_of(3);
    let mut kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    town.receipt(-1, "新的");
    kiosk.options.patience = Duration::from_millis(700);
    for path in ["/checkpoint".to_owned(), town.bundle_path(0)] {
        for (trick, kind) in
            [(Trick::Endless, TroubleKind::TooLarge), (Trick::Stall, TroubleKind::Unreachable)]
        {
            kiosk.mirror.serve(town.files());
            kiosk.mirror.trick(&path, trick);
            let error = kiosk.sync().unwrap_err();
            assert!(error.kind() == kind || error.kind() == TroubleKind::Unreachable, "{error}");
            assert_eq!(kiosk.shelf().freshness().unwrap().size, 6);
        }
    }
    kiosk.options.servers = vec![DEAD.into()];
    assert_eq!(kiosk.sync().unwrap_err().kind(), TroubleKind::Unreachable);
    assert_eq!(Shown::of(&kiosk.shelf()).receipts.len(), 3);
}

#[test]
fn a_changed_content_is_never_shown_and_the_others_are() {
    let town = town_of(40);
    let kiosk = Kiosk::new(&town);
    let mut files = town.files();
    let bundle = files.get_mut("/content/bundle/000").unwrap();
    let place = bundle.windows("事由9".len()).position(|w| w == "事由9".as_bytes()).unwrap();
    bundle[place + "事由9".len() - 1] = b'8';
    files.remove(&town.content_path(12));
    kiosk.mirror.serve(files);
    assert_eq!(kiosk.sync().unwrap_err().kind(), TroubleKind::BadHash);
    let shelf = kiosk.shelf();
    assert_eq!(shelf.receipts(village(), month()).unwrap().len(), 39);
    assert_eq!(shelf.months(village()).unwrap()[0].waiting, 1);
    assert_eq!((shelf.receipt(12).unwrap(), shelf.is_waiting(12).unwrap()), (None, true));
    assert_eq!(shelf.freshness().unwrap().waiting, 1);
    kiosk.mirror.serve(town.files());
    assert_eq!(kiosk.sync().unwrap().contents, 1);
    assert_eq!(kiosk.shelf().receipts(village(), month()).unwrap().len(), 40);
}

#[test]
fn a_changed_picture_is_never_drawn() {
    let town = town_of(2);
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.images = Images::All;
    let hash = kiosk_picture(&kiosk);
    let path = format!("/blob/{hash}");
    kiosk.mirror.serve(flipped(&town, &path));
    assert_eq!(kiosk.sync().unwrap_err().kind(), TroubleKind::BadHash);
    assert_eq!(kiosk.shelf().image(hash), None);
    kiosk.mirror.serve(town.files());
    assert_eq!(kiosk.sync().unwrap().images, 1);
    assert!(kiosk.shelf().image(hash).is_some());
    // A bit that falls over on the disk is seen too, and the picture comes again.
    let file = kiosk.shelf().blob(hash);
    let mut bytes = fs::read(&file).unwrap();
    bytes[9] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_eq!(kiosk.shelf().image(hash), None);
    assert_eq!(kiosk.sync().unwrap().images, 1);
    assert!(kiosk.shelf().image(hash).is_some());
}

/// The first receipt's picture, read after a sync without pictures.
fn kiosk_picture(kiosk: &Kiosk) -> ledger::hash::Hash {
    run(&Options { images: Images::None, ..kiosk.options.clone() }).unwrap();
    kiosk.shelf().receipt(3).unwrap().unwrap().content.unwrap().images[0].sha256
}

#[test]
fn a_picture_that_was_cut_goes_on_where_it_stopped() {
    let town = town_of(1);
    let mut kiosk = Kiosk::new(&town);
    let hash = kiosk_picture(&kiosk);
    kiosk.options.images = Images::All;
    let path = format!("/blob/{hash}");
    kiosk.mirror.trick(&path, Trick::Cut(1234));
    assert_eq!(kiosk.sync().unwrap_err().kind(), TroubleKind::Unreachable);
    kiosk.mirror.serve(town.files());
    kiosk.mirror.asked();
    assert_eq!(kiosk.sync().unwrap().images, 1);
    assert!(kiosk.mirror.asked().contains(&format!("{path} bytes=1234-")));
    assert!(kiosk.shelf().image(hash).is_some());
}

#[test]
fn entries_that_were_cut_go_on_where_they_stopped() {
    let town = town_of(900);
    let kiosk = Kiosk::new(&town);
    kiosk.mirror.trick(&town.bundle_path(2), Trick::Cut(100));
    assert_eq!(kiosk.sync().unwrap_err().kind(), TroubleKind::Unreachable);
    assert_eq!(kiosk.shelf().freshness().unwrap().size, 0);
    kiosk.mirror.serve(town.files());
    kiosk.mirror.asked();
    assert_eq!(kiosk.sync().unwrap().size, 903);
    let asked = kiosk.mirror.asked();
    assert!(!asked.contains(&town.bundle_path(0)) && asked.contains(&town.bundle_path(2)));
}

#[test]
fn contents_that_were_cut_come_with_the_next_sync() {
    let town = town_of(600);
    let kiosk = Kiosk::new(&town);
    kiosk.mirror.trick("/content/bundle/001", Trick::Cut(100));
    assert_eq!(kiosk.sync().unwrap_err().kind(), TroubleKind::Unreachable);
    let freshness = kiosk.shelf().freshness().unwrap();
    assert_eq!((freshness.size, freshness.waiting), (603, 347));
    kiosk.mirror.serve(town.files());
    assert_eq!(kiosk.sync().unwrap().contents, 347);
}

#[test]
fn a_withdrawn_receipt_leaves_no_trace_on_the_disk() {
    let mut town = town_of(5);
    let secret = town.receipt(-777, "身份证号码泄露");
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.images = Images::All;
    kiosk.sync().unwrap();
    let content = kiosk.shelf().receipt(secret).unwrap().unwrap().content.unwrap();
    let (picture, thumb) = (content.images[0].sha256, content.images[0].thumb);
    assert!(traces(&kiosk, "身份证号码泄露") > 0);
    town.withdraw(secret);
    kiosk.mirror.serve(town.files());
    assert_eq!(kiosk.sync().unwrap().withdrawn, 1);
    let shelf = kiosk.shelf();
    let page = shelf.receipt(secret).unwrap().unwrap();
    assert!(matches!(page.state, State::Withdrawn { .. }) && page.content.is_none());
    let rows = shelf.receipts(village(), month()).unwrap();
    let row = rows.iter().find(|row| row.index == secret).unwrap();
    assert_eq!((row.amount, row.purpose.as_str(), row.thumb), (Fen(0), "", None));
    assert_eq!(shelf.months(village()).unwrap()[0].receipts, 5);
    for hash in [picture, thumb] {
        assert!(shelf.image(hash).is_none() && !shelf.blob(hash).exists());
    }
    assert_eq!(traces(&kiosk, "身份证号码泄露"), 0);
    assert_eq!(traces(&kiosk, &content.salt.to_string()), 0);
}

/// How many files of the kiosk hold the text.
fn traces(kiosk: &Kiosk, text: &str) -> usize {
    let holds = |path: &std::path::Path| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let files = fs::read_dir(kiosk.dir.path()).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.is_file() && holds(path)).count()
}

#[test]
fn a_correction_takes_the_place_of_what_it_corrects() {
    let mut town = Town::new();
    let first = town.receipt(-100, "错的");
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let second = town.correction(first, -200, "还是错的");
    let third = town.correction(first, -300, "对的");
    kiosk.mirror.serve(town.files());
    kiosk.sync().unwrap();
    let shelf = kiosk.shelf();
    let month = &shelf.months(village()).unwrap()[0];
    assert_eq!((month.spending, month.receipts), (Fen(300), 1));
    let state = |index| shelf.receipt(index).unwrap().unwrap().state;
    assert_eq!(state(first), State::Corrected { by: second });
    assert_eq!(state(second), State::Corrected { by: third });
    assert_eq!(state(third), State::Shown);
    assert_eq!(shelf.receipt(third).unwrap().unwrap().corrects, Some(first));
    // Withdrawn with all its corrections; one that follows stands.
    town.withdraw(first);
    let fourth = town.correction(first, -400, "遮盖后的");
    kiosk.mirror.serve(town.files());
    assert_eq!(kiosk.sync().unwrap().withdrawn, 3);
    let shelf = kiosk.shelf();
    assert!(matches!(shelf.receipt(third).unwrap().unwrap().state, State::Withdrawn { .. }));
    assert_eq!(shelf.receipt(fourth).unwrap().unwrap().state, State::Shown);
    assert_eq!(shelf.months(village()).unwrap()[0].spending, Fen(400));
}

#[test]
fn what_a_stranger_signed_is_counted_and_never_shown() {
    let mut town = town_of(2);
    let strange = town.strange_receipt();
    town.append_raw(b"not a note".to_vec(), None);
    let kiosk = Kiosk::new(&town);
    let report = kiosk.sync().unwrap();
    assert_eq!((report.refused, report.size), (2, 7));
    let shelf = kiosk.shelf();
    assert_eq!(shelf.freshness().unwrap().refused, 2);
    assert_eq!(shelf.receipt(strange).unwrap(), None);
    assert_eq!(shelf.receipts(village(), month()).unwrap().len(), 2);
}

#[test]
fn another_key_is_refused_and_the_first_needs_one() {
    let town = town_of(1);
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.vkey = None;
    assert!(matches!(kiosk.sync(), Err(SyncError::NoKey)));
    kiosk.options.vkey = Some(town.log.verifier());
    kiosk.sync().unwrap();
    kiosk.options.vkey = None;
    kiosk.sync().unwrap();
    kiosk.options.vkey = Some(Town::with_log_seed(9).log.verifier());
    let error = kiosk.sync().unwrap_err();
    assert_eq!(error.kind(), TroubleKind::WrongKey);
    assert_eq!(Shown::of(&kiosk.shelf()).receipts.len(), 1);
}

#[test]
fn a_log_that_grew_during_the_sync_is_read_to_the_head_that_was_verified() {
    let mut town = town_of(200);
    let kiosk = Kiosk::new(&town);
    let head = town.files()["/checkpoint"].clone();
    for n in 0..200 {
        town.receipt(-1, &format!("晚{n}"));
    }
    let mut files = town.files();
    files.insert("/checkpoint".into(), head);
    kiosk.mirror.serve(files);
    assert_eq!(kiosk.sync().unwrap().size, 203);
    kiosk.mirror.serve(town.files());
    assert_eq!(kiosk.sync().unwrap().size, 403);
}

#[test]
fn views_made_again_are_the_same() {
    let mut town = town_of(30);
    town.correction(5, -1, "改");
    town.withdraw(6);
    town.strange_receipt();
    town.bulletin("公告");
    town.nothing("2026-07");
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let before = Shown::of(&kiosk.shelf());
    kiosk.shelf().rebuild().unwrap();
    assert_eq!(Shown::of(&kiosk.shelf()), before);
    assert_eq!(kiosk.shelf().audit().unwrap(), crate::shelf::Audit::default());
}

#[test]
fn a_failing_disk_shows_no_wrong_amount_and_is_mended() {
    let town = town_of(60);
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    kiosk.shelf().rebuild().unwrap();
    // The last connection to close folds the write-ahead log into the file.
    let good = fs::read(kiosk.dir.path().join("kiosk.db")).unwrap();
    let right = Shown::of(&kiosk.shelf());
    let mut mended = 0;
    for n in 0..150usize {
        let mut bad = good.clone();
        let at = n * (bad.len() / 150) + n % 97;
        bad[at] ^= 1 << (n % 8);
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("kiosk.db"), bad).unwrap();
        if let Ok(receipts) =
            Shelf::open(dir.path()).and_then(|shelf| shelf.receipts(village(), month()))
        {
            for row in &receipts {
                let known = right.receipts.iter().find(|r| r.index == row.index);
                assert!(known.is_some_and(|k| k.amount == row.amount), "byte {at}: {row:?}");
            }
        }
        let Ok((shelf, _)) = Shelf::open_audited(dir.path()) else { continue };
        if let Some(month) = shelf.months(village()).unwrap().first()
            && (month.waiting, month.receipts) == (0, 60)
        {
            assert_eq!(month.spending, right.months[0].spending, "byte {at}");
        }
        drop(shelf);
        let options = Options { data: dir.path().to_owned(), ..kiosk.options.clone() };
        if run(&options).is_ok() {
            mended += 1;
            let shelf = Shelf::open(dir.path()).unwrap();
            assert_eq!(shelf.months(village()).unwrap(), right.months, "byte {at}");
        }
    }
    assert!(mended >= 140, "{mended}");
}

#[test]
fn entries_lost_on_the_disk_are_fetched_again_but_no_other_history() {
    let mut town = town_of(300);
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let spoil = || {
        let db = rusqlite::Connection::open(kiosk.dir.path().join("kiosk.db")).unwrap();
        db.execute("UPDATE entry SET bytes = x'00' WHERE id = 8", []).unwrap();
        drop(db);
        assert!(kiosk.shelf().audit().unwrap().entries_lost);
    };
    spoil();
    assert_eq!(kiosk.shelf().receipt(8).unwrap(), None);
    kiosk.mirror.serve(town_of(299).files());
    assert_eq!(kiosk.sync().unwrap_err().kind(), TroubleKind::Rollback);
    let mut other = town_of(299);
    other.receipt(-999, "改过的");
    other.receipt(-999, "又一张");
    kiosk.mirror.serve(other.files());
    assert_eq!(kiosk.sync().unwrap_err().kind(), TroubleKind::Fork);
    town.receipt(-1, "新的");
    kiosk.mirror.serve(town.files());
    assert_eq!(kiosk.sync().unwrap().size, 304);
    assert!(kiosk.shelf().receipt(8).unwrap().is_some());
    assert_eq!(kiosk.shelf().audit().unwrap(), crate::shelf::Audit::default());
}
