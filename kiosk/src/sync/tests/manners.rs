//! Promises of how a sync treats a thin line, a small disk and several sources.

use std::sync::mpsc::channel;
use std::time::Instant;

use ledger::hash::Hash;
use ledger::tile::{join_bundle, split_bundle};
use ledger::time::Timestamp;

use super::*;
use crate::sync::{Background, orders};
use town::village_no;

/// Two villages with five receipts each, and a kiosk of the second.
fn two_villages() -> (Town, Kiosk) {
    let mut town = Town::with_villages(2);
    for n in 0..10 {
        let content = town.receipt_content(-100 - n, &format!("事由{n}"));
        let month = if n < 4 { "2026-04" } else { MONTH };
        town.receipt_of(usize::try_from(n % 2).unwrap(), month, &content);
    }
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.images = Images::All;
    kiosk.options.village = Some(village_no(1));
    (town, kiosk)
}

/// The first pictures of a village's receipts, or their thumbnails.
fn pictures(kiosk: &Kiosk, n: usize, thumbs: bool) -> Vec<Hash> {
    let shelf = kiosk.shelf();
    let mut hashes = Vec::new();
    for period in ["2026-04", MONTH] {
        for row in shelf.receipts(village_no(n), period.parse().unwrap()).unwrap() {
            let image = &shelf.receipt(row.index).unwrap().unwrap().content.unwrap().images[0];
            hashes.push(if thumbs { image.thumb } else { image.sha256 });
        }
    }
    hashes
}

fn here(kiosk: &Kiosk, hashes: &[Hash]) -> usize {
    hashes.iter().filter(|hash| kiosk.shelf().blob(**hash).exists()).count()
}

#[test]
fn the_own_village_comes_first_thumbnails_before_pictures_newest_first() {
    let (_, kiosk) = two_villages();
    assert_eq!(kiosk.sync().unwrap().images, 20);
    let asked = kiosk.mirror.asked();
    let order: Vec<&str> = asked.iter().filter_map(|path| path.strip_prefix("/blob/")).collect();
    let mut expected = Vec::new();
    for (village, thumbs) in [(1, true), (1, false), (0, true), (0, false)] {
        expected.extend(pictures(&kiosk, village, thumbs).into_iter().rev());
    }
    let expected: Vec<String> = expected.iter().map(Hash::to_string).collect();
    assert_eq!(order, expected);
}

#[test]
fn pictures_wait_for_their_hours_and_text_does_not() {
    fn noon() -> Timestamp {
        "2026-06-03T12:00:00+08:00".parse().unwrap()
    }
    fn night() -> Timestamp {
        "2026-06-03T23:00:00+08:00".parse().unwrap()
    }
    let (_, mut kiosk) = two_villages();
    kiosk.options.hours = Some("22:00-06:00".parse().unwrap());
    kiosk.options.now = noon;
    let report = kiosk.sync().unwrap();
    assert_eq!((report.images, report.waiting, report.contents), (0, 0, 14));
    kiosk.options.now = night;
    assert_eq!(kiosk.sync().unwrap().images, 20);
}

#[test]
fn what_is_worth_least_goes_when_the_disk_is_small_and_comes_back_when_opened() {
    let (_, mut kiosk) = two_villages();
    kiosk.sync().unwrap();
    let (own, own_thumbs) = (pictures(&kiosk, 1, false), pictures(&kiosk, 1, true));
    let (other, other_thumbs) = (pictures(&kiosk, 0, false), pictures(&kiosk, 0, true));
    let mut held = |budget, opened: &[Hash]| {
        kiosk.options.budget = Some(budget);
        kiosk.options.opened = opened.to_vec();
        let report = kiosk.sync().unwrap();
        let held = [&own_thumbs, &own, &other_thumbs, &other].map(|set| here(&kiosk, set));
        (report.evicted, report.images, held)
    };
    // A picture has 3,000 bytes, a thumbnail 400: all of it 34,000.
    assert_eq!(held(35_000, &[]), (0, 0, [5, 5, 5, 5]));
    assert_eq!(held(26_000, &[]), (3, 0, [5, 5, 5, 2]));
    assert_eq!(held(26_000, &[]), (0, 0, [5, 5, 5, 2]));
    assert_eq!(held(20_000, &[]), (2, 0, [5, 5, 5, 0]));
    assert_eq!(held(20_000, &other[..1]), (5, 1, [5, 5, 0, 1]));
    assert_eq!(held(9_000, &[]), (4, 0, [5, 2, 0, 0]));
    assert_eq!(held(10, &[]), (2, 0, [5, 0, 0, 0]));
    assert_eq!(held(1_000_000, &[]), (0, 15, [5, 5, 5, 5]));
}

#[test]
fn the_oldest_months_go_first() {
    let (_, mut kiosk) = two_villages();
    kiosk.sync().unwrap();
    let other = pictures(&kiosk, 0, false);
    kiosk.options.budget = Some(26_000);
    kiosk.sync().unwrap();
    // The two of April and the earliest of May.
    assert_eq!((here(&kiosk, &other[..3]), here(&kiosk, &other[3..])), (0, 2));
}

#[test]
fn a_picture_that_somebody_opens_is_fetched_at_once() {
    let (_, mut kiosk) = two_villages();
    kiosk.sync().unwrap();
    let other = pictures(&kiosk, 0, false);
    kiosk.options.budget = Some(20_000);
    kiosk.sync().unwrap();
    assert_eq!(here(&kiosk, &other), 0);
    let (order, queue) = orders();
    let (send, told) = channel();
    let day = Duration::from_secs(86_400);
    let background =
        Background::start(kiosk.options.clone(), day, (order.clone(), queue), move |result| {
            let _ = send.send(result.as_ref().map(|report| report.images).ok());
        });
    let patience = Duration::from_secs(20);
    assert_eq!(told.recv_timeout(patience), Ok(Some(0)));
    order.picture(other[0]);
    assert_eq!(told.recv_timeout(patience), Ok(Some(1)));
    assert!(kiosk.shelf().image(other[0]).is_some());
    drop(background);
    // The thread ends and lets go of its end.
    assert!(
        told.recv_timeout(patience)
            .is_err_and(|e| e == std::sync::mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn no_more_bytes_come_a_second_than_were_allowed() {
    let (_, mut kiosk) = two_villages();
    kiosk.options.rate = Some(50_000);
    let start = Instant::now();
    let report = kiosk.sync().unwrap();
    let shortest = report.cost.received as f64 / 50_000.0;
    assert!(shortest > 0.7, "{report:?}");
    assert!(start.elapsed().as_secs_f64() > shortest * 0.95, "{:?} {report:?}", start.elapsed());
}

#[test]
fn a_slow_line_is_no_reason_to_give_up_on_a_large_picture() {
    let town = town_of(1);
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.images = Images::All;
    kiosk.options.patience = Duration::from_millis(300);
    kiosk.options.rate = Some(4_000);
    assert_eq!(kiosk.sync().unwrap().images, 2);
}

#[test]
fn what_one_source_cannot_serve_the_next_does() {
    let town = town_of(40);
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.images = Images::All;
    let spare = Mirror::new(town.files());
    kiosk.options.servers = vec![DEAD.into(), kiosk.mirror.url.clone(), spare.url.clone()];
    let mut files = town.files();
    let picture = town.pictures.keys().next().unwrap();
    files.remove(&format!("/blob/{picture}"));
    for n in [5, 6, 7] {
        files.remove(&town.content_path(n));
    }
    files.remove("/content/bundle/000");
    kiosk.mirror.serve(files);
    let report = kiosk.sync().unwrap();
    assert_eq!((report.size, report.waiting, report.images_missing), (43, 0, 0));
    assert_eq!((report.contents, report.images), (43, 80));
    assert!(!spare.asked().iter().any(|path| path.starts_with("/tile")));
    assert_eq!(kiosk.shelf().freshness().unwrap().trouble, None);
}

#[test]
fn a_source_that_lies_or_lags_is_passed_over_but_a_fork_is_told() {
    let town = town_of(30);
    let mut kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let other = |files| Mirror::new(files);
    let mut newer = town_of(30);
    newer.receipt(-1, "新的");
    let good = other(newer.files());
    let mut size = 34;
    let mut sync_with = |first: &Mirror, size: u64| {
        kiosk.options.servers = vec![first.url.clone(), good.url.clone()];
        let result = kiosk.sync();
        let freshness = kiosk.shelf().freshness().unwrap();
        assert_eq!(freshness.size, size);
        (result.map(|_| ()).map_err(|error| error.kind()), freshness.trouble.map(|t| t.kind))
    };
    assert_eq!(sync_with(&other(town_of(20).files()), size), (Ok(()), None));
    // One that holds back the newest is no obstacle either.
    let mut newest = town_of(30);
    newest.receipt(-1, "新的");
    let same = other(newest.files());
    newest.receipt(-2, "更新的");
    good.serve(newest.files());
    size += 1;
    assert_eq!(sync_with(&same, size), (Ok(()), None));
    let stranger = other(Town::with_log_seed(77).files());
    assert_eq!(sync_with(&stranger, size), (Ok(()), None));
    let mut forked = town_of(29);
    forked.receipt(-999, "改过的");
    forked.receipt(-999, "又一张");
    forked.receipt(-999, "再一张");
    forked.receipt(-999, "第四张");
    let fork = Some(TroubleKind::Fork);
    assert_eq!(sync_with(&other(forked.files()), size), (Err(TroubleKind::Fork), fork));
}

#[test]
fn an_older_mirror_still_serves_what_lacks() {
    let mut town = town_of(20);
    let older = Mirror::new(town.files());
    town.receipt(-1, "新的");
    let mut kiosk = Kiosk::new(&town);
    let mut files = town.files();
    files.remove(&town.content_path(9));
    let bundle = files.get_mut("/content/bundle/000").unwrap();
    let mut items = split_bundle(bundle).unwrap();
    items[9] = &[];
    *bundle = join_bundle(items).unwrap();
    kiosk.mirror.serve(files);
    kiosk.options.servers.push(older.url.clone());
    let report = kiosk.sync().unwrap();
    assert_eq!((report.size, report.waiting), (24, 0));
}

#[test]
fn a_picture_whose_paper_was_withdrawn_before_a_crash_goes_with_the_next_audit() {
    let (_, kiosk) = two_villages();
    kiosk.sync().unwrap();
    let left = kiosk.shelf().blob(ledger::hash::sha256(b"withdrawn"));
    let part = left.with_extension("part");
    fs::write(&left, b"withdrawn").unwrap();
    fs::write(&part, b"withd").unwrap();
    kiosk.shelf().audit().unwrap();
    assert!(!left.exists() && !part.exists());
    assert_eq!(fs::read_dir(kiosk.shelf().blobs()).unwrap().count(), 20);
}
