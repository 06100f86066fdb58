//! Any bytes as a board's flash, and a good flash with any bytes in it spoiled: the board begins, reads, and writes on.
#![no_main]
use embassy_futures::block_on;
use firmware::book::Book;
use firmware::nor::{Nor, SECTOR};
use firmware::store::{Entry, Layout, Store, Word};
use ledger::board::Head;
use ledger::content::{Content, Direction, ReceiptContent, Salt};
use ledger::hash::sha256;
use ledger::key::SigningKey;
use ledger::note::compose;
use ledger::place::Village;
use ledger::statement::{Act, Role, Statement};
use ledger::tree::leaf_hash;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const VILLAGE: &str = "341181107201";
const TIME: &str = "2026-06-03T09:12:00+08:00";
const LAYOUT: Layout =
    Layout { records: 0..6 * SECTOR as u32, pictures: 6 * SECTOR as u32..8 * SECTOR as u32 };
const PICTURE: [u8; 900] = [7; 900];

/// A flash as a board leaves it: a key, two receipts, a picture, a word.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = SigningKey::from_seed("341181107201/accountant", [3; 32]).expect("a key");
    let (village, time) = (VILLAGE.parse().expect("a village"), || TIME.parse().expect("a time"));
    let enrol = Statement::Key {
        village,
        time: time(),
        act: Act::Enrol,
        role: Role::Accountant,
        key: key.verifier(),
        content: None,
    };
    let mut entries = vec![(enrol, Vec::new())];
    for n in 1..3u8 {
        let content = receipt(n).to_bytes().0;
        let period = "2026-05".parse().expect("a month");
        let hash = sha256(&content);
        entries
            .push((Statement::Receipt { village, period, time: time(), content: hash }, content));
    }
    let (mut store, mut head) = (Store::new(Nor::new(8), LAYOUT), Head::default());
    let written = block_on(async {
        for (index, (statement, content)) in (0..).zip(entries) {
            let text = statement.to_text();
            let note = compose(&text, &[key.sign(&text)]).into_bytes();
            head.frontier.push(leaf_hash(&note));
            store.put_entry(index, &Entry { note, content }).await?;
        }
        store.commit(&head).await?;
        store.put_picture(&sha256(&PICTURE), &PICTURE).await?;
        store.put_word(Word::Synced, &[1; 8]).await
    });
    written.expect("an erased flash takes it");
    store.flash().bytes().clone()
});

fn receipt(n: u8) -> ReceiptContent {
    ReceiptContent {
        salt: Salt([n; 16]),
        direction: Direction::Out,
        amount: ledger::money::Fen(100),
        date: "2026-05-12".parse().expect("a day"),
        purpose: "路灯维修".into(),
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

/// Writes the bytes into a flash: as they are, or three by three as a place and what is there instead.
fn spoil(flash: &mut [u8], bytes: &[u8]) {
    let Some((mode, bytes)) = bytes.split_first() else { return };
    if mode % 2 == 0 {
        flash.fill(0xFF);
        let start = usize::from(*mode) * 16 % flash.len();
        for (place, byte) in flash.iter_mut().skip(start).zip(bytes) {
            *place = *byte;
        }
        return;
    }
    for [high, low, byte] in bytes.as_chunks().0 {
        let at = usize::from(u16::from_be_bytes([*high, *low]));
        let length = flash.len();
        flash[at % length] = *byte;
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut nor = Nor::new(8);
    nor.bytes().copy_from_slice(&GOOD);
    spoil(nor.bytes(), bytes);
    let village: Village = VILLAGE.parse().expect("a village");
    let mut store = Store::new(nor, LAYOUT);
    block_on(async {
        let book = Book::open(village, "http://town.example", &mut store).await;
        let book = book.expect("a flash that can be erased is of use again");
        let size = store.head().await.expect("it was just read").frontier.size();
        for n in 0..4 {
            let _ = book.receipt_page(&mut store, n).await;
            let _ = store.entry(n).await;
        }
        let _ = (store.word(Word::Key).await, store.word(Word::Synced).await, store.glyphs().await);
        let _ = store.picture(&sha256(&PICTURE)).await;
        let entry = Entry { note: vec![b'n'; 700], content: vec![b'c'; 2_000] };
        let written = store.put_entry(size, &entry).await;
        if written.is_ok() {
            assert_eq!(store.entry(size).await, Ok(Some(entry)));
            let _ = store.drop_content(size).await;
            let _ = store.drop_entry(size).await;
        }
        let _ = store.commit(&Head::default()).await;
        let kept = store.put_picture(&sha256(&[1; 500]), &[1; 500]).await;
        kept.expect("there is room, and what cannot be written is erased");
        assert!(store.picture(&sha256(&[1; 500])).await.is_some());
    });
});
