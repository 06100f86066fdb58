#![allow(clippy::unwrap_used)]
mod town;

use super::*;
use crate::likeness::{Looks, Why};
use ledger::hash::sha256;
use ledger::money::Fen;
use town::{OTHER, OWN, Town, Web};

struct Desk {
    _folder: tempfile::TempDir,
    published: Published,
}

fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let published = Published::open(folder.path()).unwrap();
    Desk { published, _folder: folder }
}

impl Desk {
    fn follow(&mut self, town: &Town, web: &Web) -> Result<Progress> {
        follow(&mut self.published, &web.url, &town.log.verifier(), OWN.parse().unwrap())
    }

    fn indexes(&self) -> Vec<u64> {
        self.published.papers().unwrap().iter().map(|paper| paper.index).collect()
    }
}

#[test]
fn a_growing_log_is_followed_and_nothing_is_asked_for_twice() {
    let mut town = Town::new();
    for n in 0..20 {
        town.receipt(if n % 2 == 0 { OWN } else { OTHER }, None);
    }
    let web = Web::start(town.files());
    let mut desk = desk();
    let progress = desk.follow(&town, &web).unwrap();
    let done = Progress { size: 23, entries: 23, papers: 20, waiting: 0, looks: 10 };
    assert_eq!(progress, done);
    let asked = web.asked();
    assert_eq!(asked.iter().filter(|path| path.starts_with("blob/")).count(), 10, "own thumbs");
    assert_eq!(asked.iter().filter(|path| path.starts_with("content/")).count(), 1, "a bundle");
    assert_eq!(desk.follow(&town, &web).unwrap(), Progress { size: 23, ..Progress::default() });
    assert_eq!(web.asked(), ["checkpoint"]);
    for _ in 0..300 {
        town.receipt(OTHER, None);
    }
    town.receipt(OWN, None);
    web.hold(town.files());
    let progress = desk.follow(&town, &web).unwrap();
    assert_eq!((progress.size, progress.entries, progress.papers), (324, 301, 301));
    assert_eq!(desk.indexes(), (3..324).collect::<Vec<_>>());
    let public = ["checkpoint", "tile/", "content/", "blob/"];
    assert!(web.asked().iter().all(|path| public.iter().any(|open| path.starts_with(open))));
}

#[test]
fn papers_that_were_published_before_are_found_by_each_reason() {
    let mut town = Town::new();
    let (a, b) = (town.receipt(OWN, Some("12345678")), town.receipt(OTHER, Some("87654321")));
    let c = town.receipt(OWN, None);
    let web = Web::start(town.files());
    let mut desk = desk();
    desk.follow(&town, &web).unwrap();
    let like = |paper: &Paper| -> Vec<(u64, Why)> {
        let found = desk.published.like(paper, None).unwrap();
        found.into_iter().map(|(paper, why)| (paper.index, why)).collect()
    };
    let number = |number: &str| Some((String::new(), number.to_string()));
    let invoice = |text| Paper { invoice: number(text), ..Paper::default() };
    assert_eq!(like(&invoice("87654321")), [(b, Why::SameInvoice)]);
    assert_eq!(like(&invoice("11111111")), []);
    let file = Paper { files: vec![sha256(&a.to_le_bytes())], ..Paper::default() };
    assert_eq!(like(&file), [(a, Why::SameFile)]);
    let payment = Paper {
        amount: Some(Fen(1_000 + c as i64)),
        date: Some("2026-05-12".parse().unwrap()),
        payee: "新街 五金店".into(),
        ..Paper::default()
    };
    assert_eq!(like(&payment), [(c, Why::SamePayment)]);
    let seen = |n| Looks::of(&image::load_from_memory(&town::thumb(n)).unwrap().into_luma8());
    let looks = |n| Paper { looks: seen(n).into_iter().collect(), ..Paper::default() };
    assert_eq!(like(&looks(c)), [(c, Why::SameLooks)]);
    assert_eq!(like(&looks(b)), [], "small pictures of other villages are not fetched");
    let both = Paper { invoice: number("87654321"), ..looks(c) };
    assert_eq!(like(&both), [(b, Why::SameInvoice), (c, Why::SameLooks)]);
    let own = desk.published.papers().unwrap()[0].statement;
    assert_eq!(desk.published.like(&invoice("12345678"), Some(own)).unwrap(), []);
}

#[test]
fn what_is_corrected_withdrawn_or_forged_is_not_there() {
    let mut town = Town::new();
    let (a, b) = (town.receipt(OWN, Some("111")), town.receipt(OWN, Some("222")));
    let web = Web::start(town.files());
    let mut desk = desk();
    desk.follow(&town, &web).unwrap();
    assert_eq!(desk.indexes(), [a, b]);
    let (first, forged) = (town.correction(a, Some("333")), town.forged());
    web.hold(town.files());
    desk.follow(&town, &web).unwrap();
    assert_eq!(desk.indexes(), [b, first], "{forged} does not count");
    let second = town.correction(a, None);
    town.withdraw(b);
    web.hold(town.files());
    desk.follow(&town, &web).unwrap();
    assert_eq!(desk.indexes(), [second]);
    assert_eq!(desk.published.papers().unwrap()[0].period.to_string(), "2026-05");
    town.withdraw(a);
    web.hold(town.files());
    let progress = desk.follow(&town, &web).unwrap();
    assert_eq!((desk.indexes(), progress.waiting), (Vec::new(), 0));
    let late = town.receipt(OWN, None);
    town.withdraw(late);
    web.hold(town.files());
    assert_eq!(desk.follow(&town, &web).unwrap().waiting, 0, "gone before it was seen");
}

#[test]
fn a_head_that_is_not_the_logs_or_goes_back_is_refused_and_what_is_held_stays() {
    let mut town = Town::new();
    let a = town.receipt(OWN, None);
    let web = Web::start(town.files());
    let mut desk = desk();
    desk.follow(&town, &web).unwrap();
    let lie = |head: Vec<u8>| {
        let mut files = town.files();
        files.insert("checkpoint".into(), head);
        web.hold(files);
    };
    lie(town.head(2, sha256(b"")));
    assert!(matches!(desk.follow(&town, &web), Err(FollowError::Rollback(4, 2))));
    lie(town.head(4, sha256(b"")));
    assert!(matches!(desk.follow(&town, &web), Err(FollowError::Fork { .. })));
    lie(town.head(u64::MAX, sha256(b"")));
    assert!(matches!(desk.follow(&town, &web), Err(FollowError::TooLarge(_))));
    lie(b"nonsense".to_vec());
    assert!(matches!(desk.follow(&town, &web), Err(FollowError::BadSignature)));
    lie(vec![b'x'; 100_000]);
    assert!(matches!(desk.follow(&town, &web), Err(FollowError::TooLarge(_))));
    web.hold(town::Files::new());
    assert!(desk.follow(&town, &web).is_err());
    let stranger = ledger::key::SigningKey::from_seed("log.example/town", [7; 32]).unwrap();
    let other = follow(&mut desk.published, &web.url, &stranger.verifier(), OWN.parse().unwrap());
    assert!(matches!(other, Err(FollowError::OtherKey)));
    web.hold(town.files());
    assert_eq!(desk.follow(&town, &web).unwrap().size, 4);
    assert_eq!(desk.indexes(), [a]);
}

#[test]
fn changed_bytes_are_refused_and_the_rest_goes_on() {
    let mut town = Town::new();
    for _ in 0..20 {
        town.receipt(OWN, None);
    }
    let honest = town.files();
    for prefix in ["tile/entries", "content/bundle", "blob/"] {
        let mut files = honest.clone();
        let spoilt = files.iter_mut().find(|(path, _)| path.starts_with(prefix)).unwrap().1;
        let middle = spoilt.len() / 2;
        spoilt[middle] ^= 1;
        let web = Web::start(files);
        let mut desk = desk();
        let refused = desk.follow(&town, &web).unwrap_err();
        assert!(matches!(refused, FollowError::BadHash(_)), "{prefix}: {refused}");
        let kept = desk.indexes().len();
        let right = match prefix {
            "tile/entries" => kept == 0,
            "content/bundle" => kept == 19,
            _ => kept == 20,
        };
        assert!(right, "{prefix}: {kept} kept");
        web.hold(honest.clone());
        let progress = desk.follow(&town, &web).unwrap();
        assert_eq!((progress.size, desk.indexes().len()), (23, 20), "mended: {prefix}");
    }
}

#[test]
fn contents_that_are_not_there_yet_are_asked_for_again() {
    let mut town = Town::new();
    for _ in 0..20 {
        town.receipt(OWN, None);
    }
    let mut files = town.files();
    files.retain(|path, _| !path.starts_with("content/") && !path.starts_with("blob/"));
    let web = Web::start(files);
    let mut desk = desk();
    let progress = desk.follow(&town, &web).unwrap();
    assert_eq!((progress.size, progress.papers, progress.waiting), (23, 0, 20));
    web.hold(town.files());
    let progress = desk.follow(&town, &web).unwrap();
    assert_eq!((progress.entries, progress.papers, progress.looks), (0, 20, 20));
}

#[test]
fn nobody_there_is_told_and_the_database_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::new();
    let web = Web::start(town.files());
    let own = OWN.parse().unwrap();
    let mut published = Published::open(folder.path()).unwrap();
    follow(&mut published, &web.url, &town.log.verifier(), own).unwrap();
    drop(published);
    let mut published = Published::open(folder.path()).unwrap();
    assert_eq!(published.size().unwrap(), 3);
    let nobody = follow(&mut published, "http://127.0.0.1:1", &town.log.verifier(), own);
    let told = nobody.unwrap_err().to_string();
    assert!(told.starts_with("连不上乡镇服务器"), "{told}");
}
