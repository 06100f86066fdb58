use std::sync::Arc;
use std::time::Instant;

use ledger::content::{Invoice, Salt};
use ledger::statement::{Reason, Source, Statement};
use proptest::prelude::*;

use super::*;
use crate::app::App;
use crate::intake::{self, Checked};
use crate::people::Role;
use crate::testing::{Office, content, signed, village, wait};

fn send(app: &Arc<App>, (note, body): (String, String)) -> String {
    wait(intake::receive(app, note, Some(body))).unwrap().id
}

fn asked(text: &str) -> Question {
    Question { text: text.into(), ..Question::default() }
}

fn ids(app: &App, who: &Who, asked: &Question) -> Vec<String> {
    let found = app.db.read(|c| find(c, who, asked)).unwrap();
    found.rows.into_iter().map(|one| one.id).collect()
}

fn receipt() -> ReceiptContent {
    let invoice = Invoice {
        type_code: "32".into(),
        code: "037002000311".into(),
        number: "26447000001243494438".into(),
        check: String::new(),
    };
    ReceiptContent {
        amount: Fen(12_850),
        purpose: "村部至李家湾LED路灯维修，3盏".into(),
        handler: "王秀英".into(),
        invoice: Some(invoice),
        ..content(1, &[])
    }
}

#[test]
fn two_characters_in_the_middle_of_a_word_are_found_and_amounts_numbers_and_names() {
    let office = Office::new();
    let app = office.open();
    let one = send(&app, signed(village(), &office.accountant, &receipt()));
    let other = ReceiptContent { purpose: "办公用纸".into(), ..content(2, &[]) };
    let two = send(&app, signed(village(), &office.accountant, &other));
    for text in [
        "家湾",
        "灯维",
        "路灯维修",
        "李家湾led",
        "LED路灯",
        "ｌｅｄ",
        "3盏",
        "修",
        "湾",
        "盏",
        "英",
        "秀英",
        "王秀英 路灯",
        "128.50",
        "128.5",
        "¥128.50",
        "１２８．５元",
        "2026-05-12 家湾",
        "26447000001243494438",
        "037002000311",
        "五金店 128.50",
        "  家湾　路灯 ",
    ] {
        assert!(ids(&app, &office.reviewer, &asked(text)).contains(&one), "{text}");
    }
    for text in ["家路", "灯路", "12850", "128", "秀英 用纸", "！？", "\"", "2644700000124349443"]
    {
        assert!(!ids(&app, &office.reviewer, &asked(text)).contains(&one), "{text}");
    }
    assert_eq!(ids(&app, &office.reviewer, &asked("五金")), [two.as_str(), one.as_str()]);
    assert_eq!(ids(&app, &office.reviewer, &asked("1.02")), [two]);
    let done = wait(review::publish(&app, std::slice::from_ref(&one), &office.reviewer)).unwrap();
    let n = done[0].index;
    for text in [format!("{n}"), format!("第{n}号"), format!("第 {n} 条"), format!(" {n} 号")]
    {
        assert_eq!(ids(&app, &office.reviewer, &asked(&text)), [one.as_str()], "{text}");
    }
    assert_eq!(ids(&app, &office.reviewer, &asked("99999999999999999999")), [""; 0]);
    assert_eq!(ids(&app, &office.reviewer, &asked("18446744073709551615")), [""; 0]);
}

#[test]
fn villages_and_months_narrow_it_and_a_village_finds_only_its_own() {
    let office = Office::new();
    let app = office.open();
    let (neighbour, key) = office.neighbour(&app);
    let own = send(&app, signed(village(), &office.accountant, &content(1, &[])));
    let theirs = send(&app, signed(neighbour, &key, &content(2, &[])));
    let narrowed = |village: Option<Village>, period: Option<&str>, text: &str| Question {
        village,
        period: period.map(|text| text.parse().unwrap()),
        ..asked(text)
    };
    let (own, wang) = (own.as_str(), &office.reviewer);
    assert_eq!(ids(&app, wang, &asked("路灯")), [theirs.as_str(), own]);
    assert_eq!(ids(&app, wang, &narrowed(Some(neighbour), None, "路灯")), [theirs.as_str()]);
    assert_eq!(ids(&app, wang, &narrowed(Some(neighbour), None, "")), [theirs.as_str()]);
    assert_eq!(ids(&app, wang, &narrowed(None, Some("2026-05"), "路灯")).len(), 2);
    assert_eq!(ids(&app, wang, &narrowed(None, Some("2026-06"), "路灯")), [""; 0]);
    assert_eq!(ids(&app, wang, &asked("")), [""; 0]);
    let published = wait(review::publish(&app, &[theirs], wang)).unwrap();
    let supervisor = Who { role: Role::Supervisor, village: Some(village()), ..wang.clone() };
    assert_eq!(ids(&app, &supervisor, &asked("路灯")), [own]);
    assert_eq!(ids(&app, &supervisor, &narrowed(Some(neighbour), None, "路灯")), [own]);
    let number = asked(&published[0].index.to_string());
    assert_eq!(ids(&app, wang, &number).len(), 1);
    assert_eq!(ids(&app, &supervisor, &number), [""; 0]);
}

#[test]
fn pages_follow_each_other_newest_first() {
    let office = Office::new();
    let app = office.open();
    let mut sent: Vec<String> = (0..45)
        .map(|n| send(&app, signed(village(), &office.accountant, &content(n, &[]))))
        .collect();
    sent.reverse();
    let mut seen = Vec::new();
    for page in 0..3 {
        let question = Question { page, ..asked("路灯") };
        let found = app.db.read(|c| find(c, &office.reviewer, &question)).unwrap();
        assert_eq!(found.more, page < 2);
        seen.extend(found.rows.into_iter().map(|one| one.id));
    }
    assert_eq!(seen, sent);
    let last = Question { page: u32::MAX, ..asked("路灯") };
    assert_eq!(ids(&app, &office.reviewer, &last), [""; 0]);
}

/// Every byte that the database keeps.
fn kept(app: &App) -> Vec<u8> {
    app.db.forget_deleted().unwrap();
    let database = app.data.database();
    let mut bytes = std::fs::read(&database).unwrap();
    let log = database.with_file_name("mingbai.db-wal");
    bytes.extend(std::fs::read(log).unwrap_or_default());
    bytes
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn what_was_withdrawn_is_in_no_table_of_the_search_and_nowhere_in_the_file() {
    let office = Office::new();
    let app = office.open();
    let secret =
        ReceiptContent {
            payee: "龘靐某某".into(), purpose: "爨镬费zyxwv".into(), ..receipt()
        };
    for n in 10..60 {
        send(&app, signed(village(), &office.accountant, &content(n, &[])));
    }
    let id = send(&app, signed(village(), &office.accountant, &secret));
    for n in 60..110 {
        send(&app, signed(village(), &office.accountant, &content(n, &[])));
    }
    let rare = ["龘", "靐", "爨", "镬", "zyxwv", "26447000001243494438", "12850"];
    let before = kept(&app);
    for text in rare {
        assert!(holds(&before, text), "{text}");
    }
    assert_eq!(ids(&app, &office.reviewer, &asked("龘靐")), [id.as_str()]);
    let done = wait(review::publish(&app, &[id], &office.reviewer)).unwrap();
    let (reason, source) = (Reason::Personal, Source::Original);
    wait(review::withdraw(&app, done[0].index, reason, source, &office.reviewer)).unwrap();
    assert_eq!(ids(&app, &office.reviewer, &asked("龘靐")), [""; 0]);
    assert_eq!(ids(&app, &office.reviewer, &asked("128.50")), [""; 0]);
    let after = kept(&app);
    for text in rare {
        assert!(!holds(&after, text), "{text} is still in the file");
    }
    // Terms are kept without the bytes they share with the one before: the vocabulary says them whole.
    let sound = |c: &Connection| -> crate::Result<Vec<String>> {
        c.execute("INSERT INTO search (search) VALUES ('integrity-check')", [])?;
        c.execute_batch("CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, search, row)")?;
        let mut query = c.prepare("SELECT term FROM temp.words")?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    let terms = app.db.write_blocking(sound).unwrap();
    assert!(terms.iter().any(|term| term == "五金"), "{terms:?}");
    let rows = |c: &Connection| {
        Ok(c.query_row("SELECT count(*) FROM search_content", [], |row| row.get::<_, u64>(0))?)
    };
    assert_eq!(app.db.read(rows).unwrap(), 100);
    for text in rare {
        assert!(!terms.iter().any(|term| term.contains(text)), "{text} in {terms:?}");
    }
}

#[test]
fn no_question_is_an_error_or_a_command() {
    let office = Office::new();
    let app = office.open();
    let id = send(&app, signed(village(), &office.accountant, &receipt()));
    for text in [
        "\"",
        "\"\"",
        "*",
        "家湾*",
        "^家湾",
        "terms:家湾",
        "家湾 NOT 路灯",
        "NEAR(家湾 路灯)",
        "NOT",
        "AND OR",
        "(",
        ")",
        "{terms}",
        "家湾\" OR \"x",
        "家湾' --",
        "\0",
        "家湾\0",
        "-家湾",
        "+",
        "村341181107201",
        "分12850",
        "0.",
        "-1",
        &"家 ".repeat(90),
        &"1 ".repeat(90),
    ] {
        app.db.read(|c| find(c, &office.reviewer, &asked(text))).unwrap();
    }
    // Operators are words like any other.
    assert_eq!(ids(&app, &office.reviewer, &asked("家湾 NOT 路灯")), [""; 0]);
    assert_eq!(ids(&app, &office.reviewer, &asked("村341181107201")), [""; 0]);
    let config =
        ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    let text = prop_oneof![
        "\\PC{0,120}",
        "[\"*^:(){}+' 家湾路灯NOTEARD0-9.,¥-]{0,60}",
        proptest::collection::vec(any::<char>(), 0..110).prop_map(String::from_iter),
    ];
    proptest!(config, |(text in text)| {
        let found = app.db.read(|c| find(c, &office.reviewer, &asked(&text)));
        prop_assert!(found.is_ok(), "{:?}", found.err());
    });
    let purpose: Vec<char> = receipt().purpose.chars().collect();
    proptest!(|(start in 0..purpose.len(), length in 1usize..12)| {
        let part: String = purpose.iter().skip(start).take(length).collect();
        // Words of letters are found whole.
        let whole = |c: Option<&char>| !c.is_some_and(char::is_ascii_alphanumeric);
        let cut = start > 0 && !whole(purpose.get(start - 1)) && !whole(purpose.get(start))
            || !whole(purpose.get(start + length)) && !whole(purpose.get(start + length - 1));
        prop_assume!(!cut && part.chars().any(char::is_alphanumeric));
        prop_assert_eq!(ids(&app, &office.reviewer, &asked(&part)), vec![id.clone()], "{}", part);
    });
}

const WORDS: [&str; 24] = [
    "路灯", "维修", "办公", "用纸", "垃圾", "清运", "护林", "工资", "村部", "电费", "水费", "道路",
    "硬化", "会议", "误餐", "宣传", "标语", "水渠", "清淤", "慰问", "困难", "党员", "文化", "广场",
];
const NAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "秀", "英", "伟", "芳", "军", "敏",
    "静", "强", "磊", "洋",
];

/// Chance that comes out the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn pick(&mut self, list: &[&str], count: usize) -> String {
        (0..count).map(|_| list[self.below(list.len())]).collect()
    }

    /// What somebody may ask.
    fn question(&mut self, kind: &str) -> Question {
        let text = match kind {
            "two words" => format!("{} {}", self.pick(&WORDS, 1), self.pick(&WORDS, 1)),
            "a name" => self.pick(&NAMES, 3),
            "one character" => self.pick(&NAMES, 1),
            "an amount" => Fen(i64::try_from(self.below(100_000)).unwrap() * 7 + 1).plain(),
            "nothing" => "龘靐".into(),
            _ => self.pick(&WORDS, 1),
        };
        let page = if kind.starts_with("page") { 100 } else { 0 };
        Question { text, page, ..Question::default() }
    }
}

/// A receipt of one of 40 villages and 72 months.
fn any_receipt(office: &Office, dice: &mut Dice, n: u32) -> Checked {
    let mut salt = [0; 16];
    salt[..4].copy_from_slice(&n.to_le_bytes());
    let receipt = ReceiptContent {
        salt: Salt(salt),
        purpose: dice.pick(&WORDS, 4),
        payee: dice.pick(&NAMES, 3),
        handler: dice.pick(&NAMES, 3),
        amount: Fen(i64::from(n) * 7 + 1),
        ..receipt()
    };
    let (body, content) = receipt.to_bytes();
    let code = 341_181_107_201 + u64::from(n % 40);
    let statement = Statement::Receipt {
        village: code.to_string().parse().unwrap(),
        period: format!("20{}-{:02}", 20 + n % 6, 1 + n % 12).parse().unwrap(),
        time: "2026-06-03T09:12:00+08:00".parse().unwrap(),
        content,
    };
    Checked {
        id: content.to_string(),
        note: office.sign(&statement),
        body: Some(String::from_utf8(body).unwrap()),
        signer: "x".into(),
        images: Vec::new(),
        videos: Vec::new(),
        invoice: None,
        says_openness: true,
        statement,
    }
}

/// Run by hand: `cargo test --release -p mingbai-server how_fast -- --ignored --nocapture`.
#[test]
#[ignore = "takes a minute; prints how long questions take"]
fn how_fast_100_000_receipts_are_searched() {
    const RECEIPTS: u32 = 100_000;
    let office = Office::new();
    let app = office.open();
    let mut dice = Dice(7);
    let all: Vec<_> = (0..RECEIPTS).map(|n| any_receipt(&office, &mut dice, n)).collect();
    let start = Instant::now();
    wait(app.db.write(move |c| all.iter().try_for_each(|one| intake::keep(c, one, None)))).unwrap();
    println!("kept {RECEIPTS} in {:?}", start.elapsed());
    let start = Instant::now();
    wait(app.db.write(|c| Ok(c.execute("DELETE FROM search WHERE rowid = 50000", [])?))).unwrap();
    println!("forgot one in {:?}", start.elapsed());
    let all = &office.reviewer;
    let own = Who { village: Some(village()), role: Role::Supervisor, ..all.clone() };
    for kind in
        ["one word", "two words", "a name", "one character", "an amount", "nothing", "page 100"]
    {
        for (whose, who) in [("all", all), ("own village", &own)] {
            let mut times = Vec::new();
            for _ in 0..200 {
                let question = dice.question(kind);
                let start = Instant::now();
                app.db.read(|c| find(c, who, &question)).unwrap();
                times.push(start.elapsed());
            }
            times.sort();
            println!("{kind}, {whose}: p50 {:?}, p99 {:?}", times[100], times[198]);
        }
    }
}
