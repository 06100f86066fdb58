//! Promises against a server that means harm: the last good state stays, the reason is told, and memory stays small.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use ledger::tile::join_bundle;

use super::*;

/// The most memory that a hostile sync may take, in KiB.
const MEMORY_KIB_MAX: u64 = 64 * 1024;

#[test]
fn a_hostile_server_changes_nothing_and_is_called_what_it_is() {
    let mut town = town_of(30);
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.patience = Duration::from_secs(2);
    kiosk.sync().unwrap();
    town.receipt(-1, "新的");
    let entries = town.bundle_path(0);
    let refuses = |path: &str, trick, kinds: &[TroubleKind]| {
        let before = Shown::of(&kiosk.shelf());
        kiosk.mirror.serve(town.files());
        kiosk.mirror.trick(path, trick);
        kiosk.mirror.asked();
        let error = kiosk.sync().unwrap_err();
        assert!(kinds.contains(&error.kind()), "{path} {trick:?}: {error}");
        assert_eq!(Shown::of(&kiosk.shelf()), before, "{path} {trick:?}");
        assert_eq!(kiosk.shelf().freshness().unwrap().trouble.unwrap().kind, error.kind());
        kiosk.mirror.asked().len()
    };
    use TroubleKind::{BadFormat, BadHash, BadSignature, TooLarge, Unreachable};
    for path in ["/checkpoint", entries.as_str()] {
        // A redirect is no answer: the first of 10,000 is the last that is asked for.
        assert!(refuses(path, Trick::Redirect, &[Unreachable]) <= 2);
        refuses(path, Trick::Promise(10), &[Unreachable, BadFormat]);
        refuses(path, Trick::Promise(-10), &[BadSignature, BadHash, BadFormat, Unreachable]);
        refuses(path, Trick::Drip, &[Unreachable]);
        refuses(path, Trick::Headers, &[BadFormat, Unreachable]);
        refuses(path, Trick::Bomb, &[TooLarge, BadFormat]);
        refuses(path, Trick::Error, &[Unreachable]);
        refuses(path, Trick::Garbage, &[BadSignature, BadHash, BadFormat, Unreachable]);
    }
    kiosk.mirror.serve(town.files());
    assert_eq!(kiosk.sync().unwrap().entries, 1);
}

#[test]
fn two_logs_mixed_are_neither() {
    let town = town_of(30);
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    // The head of one log that is honest, and the entries of another by the same keys.
    let mut longer = town_of(30);
    longer.receipt(-1, "真的");
    let mut other = town_of(30);
    other.receipt(-999, "假的");
    let mut mixed = other.files();
    mixed.insert("/checkpoint".into(), longer.files()["/checkpoint"].clone());
    kiosk.refuses(mixed, TroubleKind::BadHash);
    let mut mixed = longer.files();
    for (path, bytes) in other.files() {
        if path.starts_with("/tile/entries") {
            mixed.insert(path, bytes);
        }
    }
    kiosk.refuses(mixed, TroubleKind::BadHash);
}

#[test]
fn swapped_pictures_are_never_drawn() {
    let town = town_of(3);
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.images = Images::All;
    let mut files = town.files();
    let paths: Vec<String> = files.keys().filter(|p| p.starts_with("/blob/")).cloned().collect();
    let first = files[&paths[0]].clone();
    for pair in paths.windows(2) {
        let next = files[&pair[1]].clone();
        files.insert(pair[0].clone(), next);
    }
    files.insert(paths.last().unwrap().clone(), first);
    kiosk.mirror.serve(files);
    let kind = kiosk.sync().unwrap_err().kind();
    assert!(matches!(kind, TroubleKind::BadHash | TroubleKind::TooLarge), "{kind:?}");
    for path in &paths {
        let hash = path.trim_start_matches("/blob/").parse().unwrap();
        assert!(kiosk.shelf().image(hash).is_none() && !kiosk.shelf().blob(hash).exists());
    }
    assert_eq!(kiosk.shelf().receipts(village(), month()).unwrap().len(), 3);
    kiosk.mirror.serve(town.files());
    assert_eq!(kiosk.sync().unwrap().images, 6);
}

/// An entry or content bundle in the right form, as large as that allows, that nobody committed to.
fn stuffing(length: usize) -> Vec<u8> {
    join_bundle(std::iter::repeat_n(&vec![b'x'; length][..], 256)).unwrap()
}

#[test]
fn a_hostile_sync_stays_within_64_mebibytes() {
    let mut town = town_of(20);
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    for n in 0..5000 {
        town.receipt(-1, &format!("新{n}"));
    }
    let honest = town.files();
    let paths = |prefix: &str| -> Vec<String> {
        honest.keys().filter(|path| path.starts_with(prefix)).cloned().collect()
    };
    let checkpoint = vec!["/checkpoint".to_owned()];
    let (entries, tiles) = (paths("/tile/entries/"), paths("/tile/1"));
    let (contents, blobs) = (paths("/content/bundle/"), paths("/blob/"));
    // Contents that come in too large a bundle are asked for one by one, and those are right.
    for (tricked, result) in [
        (&checkpoint, "Err("),
        (&entries, "Err("),
        (&tiles, "Err("),
        (&contents, "Ok("),
        (&blobs, "Err("),
    ] {
        for trick in [Trick::Endless, Trick::Bomb] {
            kiosk.mirror.serve(honest.clone());
            tricked.iter().for_each(|path| kiosk.mirror.trick(path, trick));
            child_stays_small(&kiosk, &format!("{} {trick:?}", tricked[0]), result);
        }
    }
    for (replaced, length, result) in [
        (&entries, 16_000, "Err(BadHash)"),
        (&entries, 65_535, "Err(TooLarge)"),
        (&contents, 16_000, "Err(BadHash)"),
        (&contents, 60_000, "Ok("),
    ] {
        let mut files = honest.clone();
        // The first bundle continues what is held, and would be seen to be wrong at once.
        for path in &replaced[1..] {
            files.insert(path.clone(), stuffing(length));
        }
        kiosk.mirror.serve(files);
        child_stays_small(&kiosk, &format!("{} of {length} each", replaced[0]), result);
    }
}

/// Syncs in a process of its own, into a copy of the shelf, and reads off how much memory that took at most.
fn child_stays_small(kiosk: &Kiosk, what: &str, result: &str) {
    let copy = TempDir::new().unwrap();
    for file in fs::read_dir(kiosk.dir.path()).unwrap().map(Result::unwrap) {
        if file.file_type().unwrap().is_file() {
            fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "sync::tests::hostile::child"])
        .env("MINGBAI_TEST_SHELF", copy.path())
        .env("MINGBAI_TEST_SERVER", &kiosk.mirror.url)
        .env("MINGBAI_TEST_IMAGES", if what.starts_with("/blob") { "all" } else { "none" })
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stdout);
    let peak = told.split("VmHWM:").nth(1).and_then(|rest| rest.split_whitespace().next());
    let kib: u64 = peak.and_then(|kib| kib.parse().ok()).unwrap_or_else(|| panic!("{told}"));
    println!("{what}: {kib} KiB");
    assert!(kib < MEMORY_KIB_MAX, "{what}: {kib} KiB");
    assert!(told.contains(result), "{what}: {told}");
}

#[test]
#[ignore = "runs within another process for a_hostile_sync_stays_within_64_mebibytes"]
fn child() {
    let Some(data) = std::env::var_os("MINGBAI_TEST_SHELF") else { return };
    let text = |name: &str| std::env::var(name).unwrap();
    let options = Options {
        images: clap::ValueEnum::from_str(&text("MINGBAI_TEST_IMAGES"), false).unwrap(),
        patience: Duration::from_secs(5),
        ..options(Path::new(&data), &text("MINGBAI_TEST_SERVER"))
    };
    let result = run(&options).map_err(|error| error.kind());
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    std::io::stdout().write_all(format!("{result:?} {peak}\n").as_bytes()).unwrap();
}

/// 64 MiB of nothing, packed.
pub fn bomb() -> &'static [u8] {
    static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        for _ in 0..64 {
            packed.write_all(&vec![0; 1 << 20]).unwrap();
        }
        packed.finish().unwrap()
    });
    &BOMB
}
