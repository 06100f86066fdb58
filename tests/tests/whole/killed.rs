//! The uploader killed at random moments while it takes in, signs and sends: no photo is lost, none is sent twice.

use crate::fixture;
use mingbai_tests::accountant::Accountant;
use mingbai_tests::programs;
use mingbai_tests::town::Town;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

const KILLS: u64 = 100;
/// Photos that each round of taking in is given.
const PHOTOS: usize = 2;

/// The fields of every paper.
const FIELDS: [&str; 14] = [
    "--json",
    // Reading print takes seconds, and what it finds is written as what a look finds.
    "--no-text",
    "--direction",
    "out",
    "--purpose",
    "办公用纸",
    "--payee",
    "文具店",
    "--category",
    "办公费",
    "--amount",
    "12.50",
    "--date",
    "2026-05-12",
];

/// What one killed command had printed, and whether it was killed before its end.
struct Killed {
    lines: Vec<serde_json::Value>,
    before_its_end: bool,
}

/// How long a command takes that nobody kills.
fn whole_time(data: &Path, args: &[&str]) -> Duration {
    let start = Instant::now();
    let mut command = programs::command("mingbai-uploader").unwrap();
    let status = command.args(args).args(["--data", programs::text(data)]).output().unwrap().status;
    assert!(status.success(), "{args:?}");
    start.elapsed()
}

/// Runs a command and pulls the plug after `moment`, or at its end if that comes first.
fn killed(data: &Path, args: &[&str], moment: Duration) -> Killed {
    let mut command = programs::command("mingbai-uploader").unwrap();
    command.args(args).args(["--data", programs::text(data)]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(moment);
    let before_its_end = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    let mut told = String::new();
    child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    child.wait().unwrap();
    let lines = told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    Killed { lines, before_its_end }
}

/// As many different files as asked for: photos of the sample, each with another tail, which decoders leave unread.
fn photos(folder: &Path, count: usize) -> Vec<PathBuf> {
    let sample = fixture::small_sample();
    let whole: Vec<Vec<u8>> = sample
        .receipts
        .iter()
        .map(|r| std::fs::read(sample.folder.join(&r.photo)).unwrap())
        .collect();
    let made = (0..count).map(|n| {
        let path = folder.join(format!("{n}.jpg"));
        let tail = format!("{n}");
        std::fs::write(&path, [&*whole[n % whole.len()], tail.as_bytes()].concat()).unwrap();
        path
    });
    made.collect()
}

/// The rounds of killing; the items that were acknowledged by a command that was then cut, and how many commands were.
fn kill_again_and_again(data: &Path, photos: &[PathBuf], server: &str) -> (BTreeSet<i64>, u64) {
    let (mut acknowledged, mut cut) = (BTreeSet::new(), 0);
    let add = |from: usize| -> Vec<&str> {
        let some = photos[from..from + PHOTOS].iter().map(|path| programs::text(path));
        ["add"].into_iter().chain(some).chain(FIELDS).collect()
    };
    let sign = ["sign", "--all", "--anyway"];
    let push = ["push", "--server", server];
    // Each is let run to its end once, for the time that it takes on this machine.
    let last = photos.len() - PHOTOS;
    let times = [whole_time(data, &add(last)), whole_time(data, &sign), whole_time(data, &push)];
    for round in 0..KILLS {
        // A different moment each round, spread over that time and a little more.
        let part = f64::from(u32::try_from(round * 37 % 100).unwrap()) / 90.0;
        let moment = times[usize::try_from(round % 3).unwrap()].mul_f64(part);
        let killed = match round % 3 {
            0 => killed(data, &add(usize::try_from(round).unwrap() / 3 * PHOTOS), moment),
            1 => killed(data, &sign, moment),
            _ => killed(data, &push, moment),
        };
        if killed.before_its_end {
            cut += 1;
            acknowledged.extend(killed.lines.iter().filter_map(|line| line["id"].as_i64()));
        }
    }
    (acknowledged, cut)
}

/// The numbers of all items in the outbox.
fn ids(accountant: &Accountant) -> BTreeSet<i64> {
    let listed = accountant.run(&["list", "--all", "--json"]).unwrap();
    let line = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    listed.lines().map(|text| line(text)["id"].as_i64().unwrap()).collect()
}

#[test]
fn a_hundred_kills_while_taking_in_signing_and_sending_lose_no_photo_and_double_none() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("killed");
    let _ = std::fs::remove_dir_all(&folder);
    let town = Town::found(&folder, fixture::small_sample(), fixture::PASSWORD).unwrap();
    let server = town.serve().unwrap();
    let accountant = &town.accountants[0];
    let data = &accountant.data;
    let rounds = usize::try_from(KILLS).unwrap();
    let photos = photos(&folder, (rounds.div_ceil(3) + 1) * PHOTOS);
    let (acknowledged, cut) = kill_again_and_again(data, &photos, &server.url);
    assert!(acknowledged.is_subset(&ids(accountant)), "what was said to be taken in is there");
    let originals = fixture::files(&data.join("originals"));
    assert!(originals.len() >= ids(accountant).len(), "with its photo");

    // The accountant goes on as if nothing had happened: all photos again, then sign and send, twice.
    let args: Vec<&str> = ["add"]
        .into_iter()
        .chain(photos.iter().map(|path| programs::text(path)))
        .chain(FIELDS)
        .collect();
    accountant.run(&args).unwrap();
    for _ in 0..2 {
        accountant.run(&["sign", "--all", "--anyway"]).unwrap();
        accountant.run(&["push", "--server", &server.url]).unwrap();
    }
    let lines = accountant.items().unwrap();
    assert_eq!(lines.len(), photos.len(), "every photo once");
    assert!(lines.iter().all(|line| line["state"] == "received"));
    let office = town.office(&server, "reviewer").unwrap();
    assert_eq!(
        office.waiting().unwrap().len(),
        photos.len(),
        "every paper reached the office once"
    );
    println!(
        "{KILLS} kills, {cut} before the command's end; {} papers, {} acknowledged before a kill",
        photos.len(),
        acknowledged.len()
    );
    assert!(cut > KILLS / 2, "the kills hit the work");
    assert!(acknowledged.len() > 5, "some hit it after a paper was said to be taken in");
}
