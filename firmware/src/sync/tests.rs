//! Feeds good and bad over a real socket, into flash whose current goes.

extern crate std;

use std::vec;
use std::vec::Vec;

use embassy_futures::block_on;
use ledger::board::{FEED_BYTES_MAX, Start, to_bytes};
use ledger::checkpoint::Checkpoint;
use ledger::content::{
    Content, Direction, DirectoryContent, ImageRef, ReceiptContent, Salt, VillageName,
};
use ledger::hash::sha256;
use ledger::key::SigningKey;
use ledger::note::compose;
use ledger::statement::{Act, Reason, Role, Source as ErrorSource};
use ledger::tree::{Frontier, leaf_hash, node_hash, prove_consistency, subtrees};
use miniz_oxide::deflate::compress_to_vec_zlib;

use super::*;
use crate::answers::serve;
use crate::host::Sockets;
use crate::nor::{Nor, SECTOR};
use crate::pages::Standing;
use crate::store::Layout;

const VILLAGE: &str = "341181107201";
const TOWN: &str = "341181107000";
pub(crate) const LAYOUT: Layout =
    Layout { records: 0..16 * SECTOR as u32, pictures: 16 * SECTOR as u32..20 * SECTOR as u32 };

pub(crate) type Log = Vec<(Vec<u8>, Vec<u8>)>;

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, [seed; 32]).unwrap()
}

fn log_key() -> SigningKey {
    key("log.example", 1)
}

fn note(statement: &Statement, by: &SigningKey) -> Vec<u8> {
    let text = statement.to_text();
    compose(&text, &[by.sign(&text)]).into_bytes()
}

fn receipt(n: u64) -> ReceiptContent {
    ReceiptContent {
        salt: Salt([n as u8; 16]),
        direction: Direction::Out,
        amount: ledger::money::Fen(100 * n as i64),
        date: "2026-05-12".parse().unwrap(),
        purpose: format!("路灯维修第{n}笔"),
        payee: "新街五金店".into(),
        category: "维修".into(),
        handler: String::new(),
        witness: String::new(),
        approver: String::new(),
        recipient: String::new(),
        supervisor: String::new(),
        payment: None,
        resolution: String::new(),
        invoice: None,
        openness: None,
        no_voucher: String::new(),
        images: Vec::new(),
    }
}

/// The office, its directory, the accountant, receipts; the last entry withdraws the first receipt.
pub(crate) fn log(receipts: u64, mark: u8) -> Log {
    let (office, accountant) = (key("town/office", 2), key(&format!("{VILLAGE}/accountant"), 3));
    let (town, village) = (TOWN.parse().unwrap(), VILLAGE.parse().unwrap());
    let time = || "2026-06-03T09:12:00+08:00".parse().unwrap();
    let enrol = |role, village, key: &SigningKey| Statement::Key {
        village,
        time: time(),
        act: Act::Enrol,
        role,
        key: key.verifier(),
        content: None,
    };
    let names = DirectoryContent {
        salt: Salt([mark; 16]),
        township: "新街镇".into(),
        villages: vec![VillageName { code: village, name: "新街村".into() }],
        columns: Vec::new(),
    };
    let names = names.to_bytes().0;
    let directory = Statement::Directory { village: town, time: time(), content: sha256(&names) };
    let mut log = vec![
        (note(&enrol(Role::Office, town, &office), &office), Vec::new()),
        (note(&directory, &office), names),
        (note(&enrol(Role::Accountant, village, &accountant), &office), Vec::new()),
    ];
    for n in 0..receipts {
        let content = receipt(n + 1).to_bytes().0;
        let (period, content_hash) = ("2026-05".parse().unwrap(), sha256(&content));
        let statement = Statement::Receipt { village, period, time: time(), content: content_hash };
        log.push((note(&statement, &accountant), content));
    }
    log
}

/// The accountant puts another receipt in the place of one.
fn correct(log: &mut Log, of: u64, content: &ReceiptContent) {
    let content = content.to_bytes().0;
    let correction = Statement::Correction {
        village: VILLAGE.parse().unwrap(),
        time: "2026-06-04T09:12:00+08:00".parse().unwrap(),
        of,
        source: ErrorSource::Original,
        content: sha256(&content),
    };
    log.push((note(&correction, &key(&format!("{VILLAGE}/accountant"), 3)), content));
}

fn withdraw(log: &mut Log, of: u64) {
    let withdrawal = Statement::Withdrawal {
        village: VILLAGE.parse().unwrap(),
        time: "2026-06-04T09:12:00+08:00".parse().unwrap(),
        of,
        reason: Reason::Personal,
        ground: None,
        source: ErrorSource::Original,
    };
    log.push((note(&withdrawal, &key("town/office", 2)), Vec::new()));
}

fn node(log: &Log, level: u8, index: u64) -> Hash {
    let at = (index << level) as usize;
    let mut row: Vec<Hash> =
        log[at..at + (1 << level)].iter().map(|(note, _)| leaf_hash(note)).collect();
    while row.len() > 1 {
        row = row.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    row[0]
}

/// What a server sends to a board that holds `from` entries; those not `wanted` as hashes.
pub(crate) fn feed(log: &Log, from: u64, wanted: impl Fn(u64) -> bool) -> Vec<u8> {
    let size = log.len() as u64;
    let mut frontier = Frontier::default();
    log.iter().for_each(|(note, _)| frontier.push(leaf_hash(note)));
    let head = Checkpoint { origin: "log.example".into(), size, root: frontier.root() };
    let node_of = |level, index| Ok::<_, core::convert::Infallible>(node(log, level, index));
    let proof = match from {
        0 => Vec::new(),
        _ => prove_consistency(from, size, node_of).unwrap(),
    };
    let start = Start { from, checkpoint: head.sign(&log_key()), proof };
    let mut parts = vec![Part::Start(start)];
    let mut at = from;
    for n in (from..size).filter(|n| wanted(*n)).chain([size]) {
        parts.extend(
            subtrees(at, n)
                .map(|(level, index)| Part::Subtree { level, root: node(log, level, index) }),
        );
        if let Some((note, content)) = log.get(n as usize) {
            parts.push(Part::Entry { note: note.clone(), content: content.clone() });
        }
        at = n + 1;
    }
    parts.push(Part::End);
    parts.iter().flat_map(|part| to_bytes(part).unwrap()).collect()
}

pub(crate) fn pack(feed: &[u8]) -> Vec<u8> {
    compress_to_vec_zlib(feed, 9)
}

pub(crate) fn library(nor: Nor) -> Shared<Nor> {
    let mut store = Store::new(nor, LAYOUT);
    let mut book = Book::new(VILLAGE.parse().unwrap(), "http://town.example");
    block_on(book.load(&mut store)).unwrap();
    Mutex::new(Library { store, book })
}

pub(crate) fn source(server: String) -> Source {
    Source { server, village: VILLAGE.parse().unwrap(), log: log_key().verifier() }
}

const NET: Net<'_, Sockets, Sockets> = Net { tcp: &Sockets, dns: &Sockets };

fn sync(library: &Shared<Nor>, body: Vec<u8>) -> Result<u64, SyncError> {
    let (server, thread) = serve(vec![body]);
    let done = block_on(follow(&NET, &source(server), library));
    thread.join().unwrap();
    done
}

/// Asks for contents, of an office that answers so: what came of it, and what was asked for.
fn contents(
    library: &Shared<Nor>,
    next: &mut u64,
    bodies: &[&[u8]],
) -> (Result<bool, SyncError>, Vec<String>) {
    let (server, asked) = serve(bodies.iter().map(|body| body.to_vec()).collect());
    let done = block_on(fetch_contents(&NET, &source(server), library, next));
    (done, asked.join().unwrap())
}

/// What pages show, and what is kept beneath them.
fn seen(library: &Shared<Nor>) -> (u64, Vec<(u64, String, Standing)>) {
    block_on(async {
        let mut library = library.lock().await;
        let size = library.store.head().await.unwrap().frontier.size();
        let month = library.book.month("2026-05".parse().unwrap());
        let rows = month.receipts.into_iter().map(|row| (row.n, row.purpose, row.standing));
        (size, rows.collect())
    })
}

fn restarted(library: Shared<Nor>) -> Shared<Nor> {
    let mut nor = library.into_inner().store.flash().clone();
    nor.left = None;
    self::library(nor)
}

pub(crate) const ALL: fn(u64) -> bool = |_| true;

#[test]
fn a_board_follows_restarts_and_follows_on() {
    let library = library(Nor::new(20));
    let mut log = log(5, 0);
    assert_eq!(sync(&library, pack(&feed(&log, 0, |n| n != 4))), Ok(8));
    let (size, rows) = seen(&library);
    assert_eq!((size, rows.len()), (8, 4), "one was somebody else's");
    assert_eq!(rows[0], (3, "路灯维修第1笔".into(), Standing::Stands));
    let library = restarted(library);
    assert_eq!(seen(&library), (size, rows));
    withdraw(&mut log, 3);
    assert_eq!(sync(&library, pack(&feed(&log, 8, ALL))), Ok(1));
    let gone = (3, String::new(), Standing::Withdrawn(Reason::Personal));
    assert!(seen(&library).1.contains(&gone));
    block_on(async {
        let kept = library.lock().await.store.entry(3).await.unwrap().unwrap();
        assert!(kept.content.is_empty(), "the content went from the flash");
    });
    assert_eq!(sync(&library, pack(&feed(&log, 9, ALL))), Ok(0));
    let again = seen(&library);
    assert_eq!(seen(&restarted(library)), again);
}

#[test]
fn nothing_that_was_changed_on_its_way_is_shown_or_kept() {
    let library = library(Nor::new(20));
    let log = log(2, 0);
    sync(&library, pack(&feed(&log[..4].to_vec(), 0, ALL))).unwrap();
    let before = seen(&library);
    let (good, packed) = (feed(&log, 4, ALL), pack(&feed(&log, 4, ALL)));
    let mut library = library;
    let bad = |bytes: &[u8], at: usize| {
        let mut bad = bytes.to_vec();
        bad[at] ^= 1 << (at % 8);
        bad
    };
    let unpacked = (0..good.len()).map(|at| pack(&bad(&good, at)));
    let wrapped = (0..packed.len()).map(|at| bad(&packed, at));
    let cut = (0..packed.len()).step_by(7).map(|at| packed[..at].to_vec());
    for (n, body) in unpacked.chain(wrapped).chain(cut).enumerate() {
        let said = sync(&library, body);
        assert!(said.is_err(), "{n}: {said:?}");
        assert_eq!(seen(&library), before, "{n}: {said:?}");
        if n % 100 == 0 {
            library = restarted(library);
            assert_eq!(seen(&library), before, "{n}: {said:?}");
        }
    }
    assert_eq!(sync(&library, packed), Ok(1));
}

#[test]
fn a_fork_a_rollback_and_a_bomb_are_told_apart() {
    let library = library(Nor::new(20));
    let (log, other) = (log(4, 0), log(6, 1));
    sync(&library, pack(&feed(&log, 0, ALL))).unwrap();
    let before = seen(&library);
    let said = |body: Vec<u8>| sync(&library, body).unwrap_err().trouble();
    assert_eq!(said(pack(&feed(&other, 7, ALL))), Trouble::Forked);
    let evidence = block_on(async { library.lock().await.store.word(Word::Evidence).await });
    assert!(evidence.unwrap().unwrap().starts_with(b"log.example\n9\n"));
    assert_eq!(said(pack(&feed(&log[..5].to_vec(), 0, ALL))), Trouble::RolledBack);
    let bomb = vec![0; FEED_BYTES_MAX + 1];
    assert_eq!(said(pack(&bomb)), Trouble::Forged);
    assert_eq!(said(b"<html>".to_vec()), Trouble::Forged);
    assert_eq!(said(Vec::new()), Trouble::Offline);
    assert_eq!(seen(&library), before);
}

#[test]
fn a_cut_at_any_write_of_a_sync_leaves_a_verified_page() {
    let mut log = log(3, 0);
    let first = pack(&feed(&log, 0, ALL));
    withdraw(&mut log, 3);
    let second = pack(&feed(&log, 6, ALL));
    let whole = library(Nor::new(20));
    sync(&whole, first.clone()).unwrap();
    let old = seen(&whole);
    let held = whole.into_inner().store.flash().clone();
    let library_of = |left| {
        let mut nor = held.clone();
        nor.left = left;
        library(nor)
    };
    let done = library_of(None);
    sync(&done, second.clone()).unwrap();
    let new = seen(&done);
    let steps = done.into_inner().store.flash().steps - held.steps;
    assert!(steps > 200, "{steps}");
    for cut in 0..steps {
        let library = library_of(Some(cut));
        assert!(sync(&library, second.clone()).is_err(), "cut after {cut} of {steps}");
        let library = restarted(library);
        let now = seen(&library);
        assert!(now == old || now == new, "cut after {cut} of {steps}: {now:?}");
        let (size, _) = now;
        if size == 6 {
            sync(&library, second.clone()).unwrap();
        }
        assert_eq!(seen(&library), new, "cut after {cut} of {steps}");
        block_on(async {
            let kept = library.lock().await.store.entry(3).await.unwrap().unwrap();
            assert!(kept.content.is_empty(), "cut after {cut} of {steps}");
        });
    }
}

#[test]
fn contents_that_come_later_are_asked_for_and_compared() {
    let library = library(Nor::new(20));
    let mut log = log(4, 0);
    let whole = log.clone();
    // None of the first three receipts' contents is there yet, and one of them never will be.
    log[3..6].iter_mut().for_each(|(_, content)| content.clear());
    withdraw(&mut log, 5);
    assert_eq!(sync(&library, pack(&feed(&log, 0, ALL))), Ok(8));
    let waiting = seen(&library).1.into_iter().filter(|row| row.2 == Standing::Waiting);
    assert!(waiting.map(|row| row.0).eq([3, 4]));
    let asks = |n: usize| format!("GET /content/{} HTTP/1.1", sha256(&whole[n].1));

    let mut next = 0;
    let (done, asked) = contents(&library, &mut next, &[&whole[4].1]);
    assert_eq!((done, asked), (Err(BadFeed::Content(3).into()), vec![asks(3)]), "it is another's");
    let (done, asked) = contents(&library, &mut next, &[&whole[4].1, &[]]);
    assert_eq!((done, asked), (Ok(true), vec![asks(4), asks(3)]));
    let library = restarted(library);
    let row = |n| seen(&library).1.into_iter().find(|row| row.0 == n).unwrap();
    assert_eq!(row(4), (4, "路灯维修第2笔".into(), Standing::Stands));
    assert_eq!(row(3).2, Standing::Waiting);
    let (done, asked) = contents(&library, &mut next, &[&whole[3].1]);
    assert_eq!((done, asked), (Ok(true), vec![asks(3)]));
    assert_eq!(row(3), (3, "路灯维修第1笔".into(), Standing::Stands));
    assert_eq!(row(5).2, Standing::Withdrawn(Reason::Personal));
    assert_eq!(contents(&library, &mut next, &[]), (Ok(false), Vec::new()));

    // One that came late goes like any other when it is withdrawn, and is not asked for again.
    withdraw(&mut log, 3);
    sync(&library, pack(&feed(&log, 8, ALL))).unwrap();
    let library = restarted(library);
    assert_eq!(contents(&library, &mut next, &[]), (Ok(false), Vec::new()));
    let entry = block_on(async { library.lock().await.store.entry(3).await });
    assert!(entry.unwrap().unwrap().content.is_empty());
}

#[test]
fn a_newer_version_that_comes_later_takes_its_place() {
    let library = library(Nor::new(20));
    let mut log = log(1, 0);
    correct(&mut log, 3, &receipt(7));
    let newer = core::mem::take(&mut log[4].1);
    sync(&library, pack(&feed(&log, 0, ALL))).unwrap();
    assert_eq!(seen(&library).1, [(3, String::new(), Standing::Waiting)]);
    let (done, _) = contents(&library, &mut 0, &[&newer]);
    assert_eq!(done, Ok(true));
    let library = restarted(library);
    assert_eq!(seen(&library).1, [(3, "路灯维修第7笔".into(), Standing::Corrected)]);
    let page = block_on(async {
        let mut library = library.lock().await;
        let Library { store, book } = &mut *library;
        book.receipt_page(store, 3).await.unwrap().unwrap()
    });
    assert_eq!((page.line.amount, page.category.as_str()), (700, "维修"));
    // Of the older version nothing is kept, and nobody asks for it.
    assert_eq!(contents(&library, &mut 0, &[]), (Ok(false), Vec::new()));
    let entry = block_on(async { library.lock().await.store.entry(3).await });
    assert!(entry.unwrap().unwrap().content.is_empty());
}

/// Glyphs of a character, at every size.
fn glyphs(ch: char) -> Vec<Glyph> {
    let glyph =
        |px| Glyph { ch, px, width: 2, height: 2, x: 0, y: 0, advance: px, alpha: vec![px; 4] };
    glyph::SIZES.map(glyph).to_vec()
}

#[test]
fn extra_glyphs_stay_beside_those_that_came_before() {
    let library = library(Nor::new(20));
    sync(&library, pack(&feed(&log(1, 0), 0, ALL))).unwrap();
    let ask = |ch: char, by: &SigningKey| {
        let text = glyph::to_text(&glyphs(ch)).unwrap();
        let note = compose(&text, &[by.sign(&text)]).into_bytes();
        let (server, asked) = serve(vec![note]);
        let came = block_on(fetch_glyphs(&NET, &source(server), &library, &[ch]));
        (came, asked.join().unwrap().remove(0))
    };
    let (office, stranger) = (key("town/office", 2), key("town/office", 9));
    let (came, asked) = ask('䶮', &office);
    assert_eq!(came, Ok(glyphs('䶮')));
    assert_eq!(asked, "GET /board/glyphs?chars=4dae HTTP/1.1");
    assert_eq!(ask('㐂', &stranger).0, Err(BadFeed::Damaged.into()));
    assert_eq!(ask('龘', &office).0, Ok(glyphs('龘')));
    let steps = block_on(async { library.lock().await.store.flash().steps });
    assert_eq!(ask('龘', &office).0, Ok(glyphs('龘')));
    assert_eq!(block_on(async { library.lock().await.store.flash().steps }), steps, "kept already");
    let kept = block_on(async { restarted(library).lock().await.store.glyphs().await.unwrap() });
    assert_eq!(kept, [glyphs('䶮'), glyphs('龘')].concat());
}

#[test]
fn a_fork_that_is_told_every_minute_is_written_down_once() {
    let library = library(Nor::new(20));
    sync(&library, pack(&feed(&log(4, 0), 0, ALL))).unwrap();
    let told = || {
        let said = sync(&library, pack(&feed(&log(6, 1), 7, |_| false)));
        assert_eq!(said, Err(BadFeed::Forked.into()));
        block_on(async { library.lock().await.store.flash().steps })
    };
    assert_eq!(told(), told());
}

/// A receipt with a picture.
fn pictured(log: &mut Log, n: u8) -> Vec<u8> {
    let picture = vec![n; 4_500];
    let hash = sha256(&picture);
    let image = ImageRef {
        sha256: hash,
        thumb: hash,
        width: 100,
        height: 100,
        bytes: 4_500,
        covered: Vec::new(),
    };
    let mut content = receipt(n.into());
    content.images = vec![image];
    let content = content.to_bytes().0;
    let statement = Statement::Receipt {
        village: VILLAGE.parse().unwrap(),
        period: "2026-05".parse().unwrap(),
        time: "2026-06-03T09:12:00+08:00".parse().unwrap(),
        content: sha256(&content),
    };
    log.push((note(&statement, &key(&format!("{VILLAGE}/accountant"), 3)), content));
    picture
}

#[test]
fn the_newest_pictures_have_the_room_and_those_of_what_was_withdrawn_go() {
    let library = library(Nor::new(20));
    let mut log = log(0, 0);
    let mut pictures: Vec<Vec<u8>> = (1..5).map(|n| pictured(&mut log, n)).collect();
    sync(&library, pack(&feed(&log, 0, ALL))).unwrap();
    let mut settled = Vec::new();
    let mut fetch = |library: &Shared<Nor>, bodies: &[&[u8]]| {
        let (server, asked) = serve(bodies.iter().map(|body| body.to_vec()).collect());
        let came = core::cell::Cell::new(0);
        let news = || came.set(came.get() + 1);
        let source = source(server);
        let done = block_on(fetch_pictures(&NET, &source, library, &mut settled, news));
        (done, came.get(), asked.join().unwrap().len())
    };
    let here = |pictures: &[Vec<u8>]| {
        let kept = |picture: &Vec<u8>| {
            block_on(async { library.lock().await.store.picture(&sha256(picture)).await.is_some() })
        };
        pictures.iter().map(kept).collect::<Vec<_>>()
    };
    // One that is not there yet keeps none of the others away; for the oldest there is no room.
    let bodies = [&[], pictures[2].as_slice(), &pictures[1], &pictures[0]];
    assert_eq!(fetch(&library, &bodies), (Ok(()), 2, 4));
    assert_eq!(here(&pictures), [false, true, true, false]);
    // When it comes, it does in place of the oldest that is here, which is not asked for again.
    assert_eq!(fetch(&library, &[&pictures[3]]), (Ok(()), 1, 1));
    assert_eq!(here(&pictures), [false, false, true, true]);
    pictures.push(pictured(&mut log, 5));
    sync(&library, pack(&feed(&log, 7, ALL))).unwrap();
    let wrong = Err(BadFeed::Damaged.into());
    assert_eq!(fetch(&library, &[&pictures[3]]), (wrong, 0, 1), "it is another's");
    assert_eq!(fetch(&library, &[&pictures[4]]), (Ok(()), 1, 1));
    assert_eq!(here(&pictures), [false, false, false, true, true]);
    withdraw(&mut log, 7);
    sync(&library, pack(&feed(&log, 8, ALL))).unwrap();
    block_on(tidy_pictures(&library)).unwrap();
    assert_eq!(here(&pictures), [false, false, false, true, false]);
}
