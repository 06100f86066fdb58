//! Promises of what the shelf answers to the screens.

use ledger::content::Importance;
use ledger::statement::Source;

use super::*;
use crate::shelf::{Found, Kind, Question, Sums};
use town::{NAMES, village_no};

#[test]
fn a_month_at_a_glance_adds_up_to_what_stands() {
    let mut town = Town::with_villages(2);
    for (fen, category) in [(-500, "办公费"), (-9000, "维修费"), (-700, "办公费"), (3000, "拨款")]
    {
        let mut content = town.receipt_content(fen, "事由");
        content.category = category.into();
        town.receipt_of(0, MONTH, &content);
    }
    let wrong = town.receipt(-100_000, "多写了");
    town.correction(wrong, -100, "改对了");
    let gone = town.receipt(-200_000, "撤下的");
    town.withdraw(gone);
    for period in ["2026-04", "2025-05"] {
        let content = town.receipt_content(-250, "别的月");
        town.receipt_of(0, period, &content);
    }
    let content = town.receipt_content(-777, "别的村");
    town.receipt_of(1, MONTH, &content);
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let summary = kiosk.shelf().summary(village(), month()).unwrap();
    assert_eq!((summary.income, summary.spending), (Fen(3000), Fen(500 + 9000 + 700 + 100)));
    assert_eq!((summary.receipts, summary.waiting), (5, 0));
    let named = |sums: &[(&str, i64)]| -> Vec<(String, Fen)> {
        sums.iter().map(|(name, fen)| ((*name).to_owned(), Fen(*fen))).collect()
    };
    assert_eq!(summary.by_category, named(&[("维修费", 9100), ("办公费", 1200)]));
    assert_eq!(summary.income_by_category, named(&[("拨款", 3000)]));
    let other = Some(Sums { income: Fen(0), spending: Fen(250), receipts: 1 });
    assert_eq!((summary.month_before, summary.year_before), (other, other));
    let largest: Vec<i64> = summary.largest.iter().map(|row| row.amount.0).collect();
    assert_eq!(largest, [9000, 3000, 700, 500, 100]);
    assert!(summary.closed.is_none() && !summary.nothing);
    let before = kiosk.shelf().summary(village(), "2026-04".parse().unwrap()).unwrap();
    assert_eq!((before.month_before, before.spending), (None, Fen(250)));
    let shelf = kiosk.shelf();
    let villages = shelf.villages().unwrap();
    assert_eq!((villages[1].name.as_str(), villages[1].spending), (NAMES[1], Fen(777)));
    assert_eq!((villages[0].receipts, villages[0].latest), (7, Some(month())));
}

#[test]
fn a_closed_month_says_so_and_what_came_later() {
    let mut town = town_of(3);
    let first = town.closing(3, 100, 203);
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let closed = |kiosk: &Kiosk| kiosk.shelf().summary(village(), month()).unwrap().closed.unwrap();
    let now = closed(&kiosk);
    assert_eq!((now.index, now.added_later), (first, 0));
    assert_eq!(now.content.unwrap().spent, Fen(203));
    town.receipt(-1, "补上的");
    kiosk.mirror.serve(town.files());
    kiosk.sync().unwrap();
    assert_eq!(closed(&kiosk).added_later, 1);
    let second = town.closing(4, 100, 204);
    kiosk.mirror.serve(town.files());
    kiosk.sync().unwrap();
    assert_eq!((closed(&kiosk).index, closed(&kiosk).added_later), (second, 0));
    let mut town = Town::new();
    town.nothing("2026-05");
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let summary = kiosk.shelf().summary(village(), month()).unwrap();
    assert!(summary.nothing && summary.closed.is_none());
}

#[test]
fn every_version_is_told_from_any_of_them() {
    let mut town = Town::new();
    let receipt = town.receipt(-100, "错的");
    let second = town.correction(receipt, -200, "对的");
    let notice = town.bulletin("停水");
    let newer = town.bulletin_correction(notice, "停水（更正）");
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let shelf = kiosk.shelf();
    let versions = shelf.versions(receipt).unwrap();
    assert_eq!(versions, shelf.versions(second).unwrap());
    let told: Vec<_> = versions.iter().map(|v| (v.index, v.corrects, v.source)).collect();
    assert_eq!(told, [(receipt, None, None), (second, Some(receipt), Some(Source::Original))]);
    assert_eq!(versions[0].state, State::Corrected { by: second });
    assert_eq!(versions[1].state, State::Shown);
    let told: Vec<u64> = shelf.versions(newer).unwrap().iter().map(|v| v.index).collect();
    assert_eq!(told, [notice, newer]);
    assert!(shelf.versions(0).unwrap().is_empty());
    assert!(shelf.versions(999).unwrap().is_empty());
}

#[test]
fn what_is_shown_follows_its_schedule_and_emergencies_come_first() {
    let mut town = Town::new();
    let at = |text: &str| Some(text.parse().unwrap());
    let plain = town.bulletin("平常");
    let past = town.bulletin_with("过去", |b| b.until = at("2026-06-01T00:00:00+08:00"));
    let mondays = town.bulletin_with("周一", |b| b.weekdays = vec![1]);
    let important = town.bulletin_with("重大", |b| b.importance = Importance::Important);
    let emergency = town.bulletin_with("紧急", |b| {
        b.importance = Importance::Emergency;
        b.from = at("2026-06-08T00:00:00+08:00");
        b.until = at("2026-06-09T00:00:00+08:00");
    });
    let newest = town.bulletin("最新");
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let shelf = kiosk.shelf();
    let showing = |text: &str| -> Vec<u64> {
        let rows = shelf.showing(&text.parse().unwrap()).unwrap();
        rows.iter().map(|row| row.index).collect()
    };
    let monday = "2026-06-08T10:00:00+08:00";
    assert_eq!(showing(monday), [emergency, important, newest, mondays, plain]);
    assert_eq!(showing("2026-06-09T00:00:01+08:00"), [important, newest, plain]);
    assert_eq!(showing("2026-05-30T10:00:00+08:00"), [important, newest, past, plain]);
    let emergency_at = |text: &str| shelf.emergency(&text.parse().unwrap()).unwrap();
    assert_eq!(emergency_at(monday), Some(emergency));
    assert_eq!(emergency_at("2026-06-09T00:00:00+08:00"), Some(emergency));
    assert_eq!(emergency_at("2026-06-09T00:00:01+08:00"), None);
    let rows = shelf.showing(&monday.parse().unwrap()).unwrap();
    assert_eq!(rows[0].importance, Importance::Emergency);
    assert_eq!(
        (rows[0].village_name.as_str(), rows[0].column_name.as_str()),
        ("新街镇", "通知公告")
    );
    assert_eq!(shelf.bulletin_counts().unwrap().into_values().sum::<u64>(), 6);
    town.withdraw(emergency);
    kiosk.mirror.serve(town.files());
    kiosk.sync().unwrap();
    assert_eq!(kiosk.shelf().emergency(&monday.parse().unwrap()).unwrap(), None);
}

#[test]
fn a_policy_and_its_explanation_find_each_other_through_corrections() {
    let mut town = Town::new();
    let policy = town.bulletin("政策");
    let hash = town.content_hash(policy);
    let explanation = town.bulletin_with("解读", |b| b.explains = Some(hash));
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let page = |kiosk: &Kiosk, index| kiosk.shelf().bulletin(index).unwrap().unwrap();
    assert_eq!(page(&kiosk, policy).explained_by[0].index, explanation);
    assert_eq!(page(&kiosk, explanation).explains.unwrap().index, policy);
    let newer = town.bulletin_correction(policy, "政策（更正）");
    kiosk.mirror.serve(town.files());
    kiosk.sync().unwrap();
    assert_eq!(page(&kiosk, newer).explained_by[0].index, explanation);
    let found = page(&kiosk, explanation).explains.unwrap();
    assert_eq!((found.index, found.title.as_str()), (newer, "政策（更正）"));
    town.withdraw(explanation);
    kiosk.mirror.serve(town.files());
    kiosk.sync().unwrap();
    assert!(page(&kiosk, newer).explained_by.is_empty());
}

#[test]
fn views_of_another_shape_are_made_again() {
    let mut town = town_of(5);
    town.closing(5, 100, 410);
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let before = Shown::of(&kiosk.shelf());
    let db = rusqlite::Connection::open(kiosk.dir.path().join("kiosk.db")).unwrap();
    db.execute_batch("UPDATE shape SET digest = zeroblob(32); DROP TABLE closing").unwrap();
    drop(db);
    assert_eq!(Shown::of(&kiosk.shelf()), before);
    assert!(kiosk.shelf().summary(village(), month()).unwrap().closed.is_some());
    assert_eq!(kiosk.shelf().audit().unwrap(), crate::shelf::Audit::default());
}

/// Eight villages with 100,000 receipts and 3,000 bulletins in all.
fn large_town() -> Town {
    let mut town = Town::with_villages(8);
    let what = ["路灯维修", "购买办公用品", "清理河道垃圾", "卫生室药品", "困难户慰问", "水渠清淤"];
    let who = ["新街五金店", "张建国", "红星商店", "县供电公司", "李桂兰", "村卫生室"];
    for n in 0..100_000usize {
        let mut content = town.receipt_content(-(100 + (n as i64 * 37) % 900_000), "");
        content.purpose = format!("{}第{}批", what[n % 6], n % 97);
        content.payee = who[n % 5].into();
        content.category = ["办公费", "维修费", "慰问费"][n % 3].into();
        let month = n / 8 % 60;
        content.date = format!("{}-{:02}-{:02}", 2022 + month / 12, month % 12 + 1, n % 28 + 1)
            .parse()
            .unwrap();
        let period = content.date.period().to_string();
        town.receipt_of(n % 8, &period, &content);
    }
    for n in 0..3_000 {
        let body = "村民代表会议决定的事情和大家说一说。".repeat(30);
        town.bulletin_with(&format!("公告第{n}期"), |b| b.body = body);
    }
    town
}

#[test]
#[ignore = "takes a minute: prints what reads cost with 100,000 receipts"]
fn reads_of_a_large_town_are_quick() {
    let town = large_town();
    let kiosk = Kiosk::new(&town);
    let report = kiosk.sync().unwrap();
    println!("sync: {} ms", report.ms);
    let shelf = kiosk.shelf();
    let period: Period = "2025-03".parse().unwrap();
    let clock = |name: &str, limit: u128, read: &dyn Fn()| {
        let mut times: Vec<u128> = (0..20)
            .map(|_| {
                let start = std::time::Instant::now();
                read();
                start.elapsed().as_micros()
            })
            .collect();
        times.sort_unstable();
        println!("{name}: median {} us, worst {} us", times[10], times[19]);
        assert!(times[19] < limit * 1000, "{name}");
    };
    clock("home", 50, &|| {
        assert_eq!(shelf.villages().unwrap().len(), 8);
        shelf.township().unwrap();
        shelf.bulletin_counts().unwrap();
        shelf.freshness().unwrap();
    });
    clock("month", 50, &|| assert!(shelf.receipts(village_no(3), period).unwrap().len() > 200));
    clock("summary", 50, &|| {
        assert_eq!(shelf.summary(village_no(3), period).unwrap().largest.len(), 10)
    });
    clock("receipt", 50, &|| assert!(shelf.receipt(50_000).unwrap().is_some()));
    clock("versions", 50, &|| assert_eq!(shelf.versions(50_000).unwrap().len(), 1));
    clock("bulletins", 500, &|| assert_eq!(shelf.bulletins(None).unwrap().len(), 2000));
    clock("plan of pictures", 5_000, &|| {
        let wishes = crate::shelf::Wishes { images: Images::All, ..Default::default() };
        assert_eq!(shelf.plan(&wishes).unwrap().wanted.len(), 200_000);
    });
    let now = super::clock();
    clock("emergency", 50, &|| assert_eq!(shelf.emergency(&now).unwrap(), None));
    let mut shelf = kiosk.shelf();
    let start = std::time::Instant::now();
    assert_eq!(shelf.audit().unwrap(), crate::shelf::Audit::default());
    println!("audit: {} ms", start.elapsed().as_millis());
    let mut town = town;
    town.receipt(-1, "再来一张");
    kiosk.mirror.serve(town.files());
    println!("one more: {:?}", kiosk.sync().unwrap());
    println!("nothing new: {:?}", kiosk.sync().unwrap());
}

/// What is found by these words, by log index.
fn found(kiosk: &Kiosk, text: &str) -> Vec<u64> {
    asked(kiosk, &Question { text: text.into(), ..Question::default() })
}

fn asked(kiosk: &Kiosk, question: &Question) -> Vec<u64> {
    kiosk.shelf().search(question, 50).unwrap().iter().map(Found::index).collect()
}

#[test]
fn what_stands_is_found_by_words_sounds_amounts_and_months() {
    let mut town = Town::with_villages(2);
    let mut receipt = |n, fen, purpose: &str, payee: &str| {
        let mut content = town.receipt_content(fen, purpose);
        content.payee = payee.into();
        town.receipt_of(n, MONTH, &content)
    };
    let lamp = receipt(0, -32_000, "路灯维修", "红星五金店");
    let paper = receipt(1, -45_050, "购买办公用品", "张建国");
    let bank = receipt(1, 99_900, "银行利息", "农商银行");
    let notice = town.bulletin_with("停水通知", |b| b.body = "因管网检修，路灯也会停电".into());
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    for (text, expected) in [
        ("路灯", vec![notice, lamp]),
        ("灯维", vec![lamp]),
        ("ludeng", vec![lamp]),
        ("ldwx", vec![lamp]),
        ("zjg", vec![paper]),
        ("yinhang", vec![bank]),
        ("yh", vec![bank]),
        ("tstz", vec![notice]),
        ("管网", vec![notice]),
        ("320", vec![lamp]),
        ("450.5", vec![paper]),
        ("300-500元", vec![paper, lamp]),
        ("500元以上", vec![bank]),
        ("新街村", vec![lamp]),
        ("hdc", vec![bank, paper]),
        ("河东 银行", vec![bank]),
        ("新街村路灯", vec![lamp]),
        ("2026-05 路灯", vec![lamp]),
        ("6月", vec![notice]),
        ("5月12日 办公", vec![paper]),
        (&format!("第{bank}号"), vec![bank]),
        ("维修费 320元", vec![lamp]),
        ("路灯 银行", vec![]),
        ("xjz", vec![notice]),
        ("", vec![]),
        ("，。", vec![]),
    ] {
        assert_eq!(found(&kiosk, text), expected, "{text}");
    }
    let question = Question { text: "路灯".into(), ..Question::default() };
    let shelf = kiosk.shelf();
    let Found::Bulletin(row) = &shelf.search(&question, 1).unwrap()[0] else { panic!() };
    assert_eq!(row.title, "停水通知");
    let all = shelf.search(&question, 2).unwrap();
    let Found::Receipt { row, village_name, period, .. } = &all[1] else { panic!() };
    assert_eq!((row.amount, village_name.as_str(), *period), (Fen(32_000), NAMES[0], month()));
}

#[test]
fn what_is_asked_beside_the_words_must_be_true_too() {
    let mut town = Town::with_villages(2);
    let lamp = town.receipt(-32_000, "路灯维修");
    let mut receipt = |fen, purpose: &str| {
        let content = town.receipt_content(fen, purpose);
        town.receipt_of(1, MONTH, &content)
    };
    let (paper, bank) = (receipt(-45_050, "办公用品"), receipt(99_900, "银行利息"));
    town.bulletin("路灯也会停电");
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let second = Question { village: Some(village_no(1)), ..Question::default() };
    assert_eq!(asked(&kiosk, &second), [bank, paper]);
    let kind = Question { text: "路灯".into(), kind: Kind::Receipt, ..Question::default() };
    assert_eq!(asked(&kiosk, &kind), [lamp]);
    let amount = Question { amount: Some(Fen(40_000)..=Fen(50_000)), ..second.clone() };
    assert_eq!(asked(&kiosk, &amount), [paper]);
    let day = |text: &str| text.parse().unwrap();
    let dates = Question { dates: Some(day("2026-05-12")..=day("2026-05-12")), ..second.clone() };
    assert_eq!(asked(&kiosk, &dates), [bank, paper]);
    let dates = Question { dates: Some(day("2026-05-13")..=day("2026-06-02")), ..second.clone() };
    assert!(asked(&kiosk, &dates).is_empty());
    let category = Question { category: Some("维修费".into()), ..second.clone() };
    assert_eq!(asked(&kiosk, &category), [bank, paper]);
    let category = Question { category: Some("维修".into()), ..second };
    assert!(asked(&kiosk, &category).is_empty());
    let nothing = Question { text: "银行 lamp".into(), ..Question::default() };
    assert!(asked(&kiosk, &nothing).is_empty());
}

#[test]
fn what_was_corrected_is_found_as_it_stands_and_what_was_withdrawn_not_at_all() {
    let mut town = Town::new();
    let wrong = town.receipt(-100, "写错的路灯");
    let gone = town.receipt(-200, "身份证号码泄露");
    let notice = town.bulletin("停水通知");
    let kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    assert_eq!(found(&kiosk, "写错的"), [wrong]);
    assert_eq!(found(&kiosk, "sfz"), [gone]);
    let right = town.correction(wrong, -300, "改对的路灯");
    town.withdraw(gone);
    let newer = town.bulletin_correction(notice, "停水时间改了");
    kiosk.mirror.serve(town.files());
    kiosk.sync().unwrap();
    for _ in 0..2 {
        assert!(found(&kiosk, "写错的").is_empty() && found(&kiosk, "sfz").is_empty());
        assert_eq!((found(&kiosk, "路灯"), found(&kiosk, "停水")), (vec![right], vec![newer]));
        assert_eq!(traces(&kiosk, "身份证号码泄露"), 0);
        assert_eq!(traces(&kiosk, "shen fen"), 0);
        assert_eq!(kiosk.shelf().audit().unwrap(), crate::shelf::Audit::default());
        kiosk.shelf().rebuild().unwrap();
    }
    // A correction whose text has not come yet takes the old one's place all the same.
    let last = town.correction(wrong, -400, "又改了的路灯");
    let mut files = town.files();
    files.remove(&town.content_path(last));
    kiosk.mirror.serve(files);
    kiosk.sync().unwrap();
    assert!(found(&kiosk, "路灯").is_empty());
    kiosk.mirror.serve(town.files());
    kiosk.sync().unwrap();
    assert_eq!(found(&kiosk, "路灯"), [last]);
}

#[test]
fn what_was_published_twice_word_for_word_is_withdrawn_with_either() {
    let mut town = Town::new();
    let content = town.receipt_content(-100, "身份证号码泄露");
    let first = town.receipt_of(0, MONTH, &content);
    town.receipt_of(0, MONTH, &content);
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.images = Images::All;
    kiosk.sync().unwrap();
    assert_eq!(found(&kiosk, "身份证").len(), 2);
    town.withdraw(first);
    let mut files = town.files();
    files.insert("/content/bundle/000".into(), Vec::new());
    kiosk.mirror.serve(files);
    kiosk.sync().unwrap();
    assert!(found(&kiosk, "身份证").is_empty());
    assert_eq!(traces(&kiosk, "身份证号码泄露"), 0);
    assert!(!kiosk.shelf().blob(content.images[0].sha256).exists());
    assert_eq!(kiosk.shelf().audit().unwrap(), crate::shelf::Audit::default());
}

#[test]
#[ignore = "takes a minute: prints what searches cost with 100,000 records"]
fn searches_of_a_large_town_are_quick() {
    let kiosk = Kiosk::new(&large_town());
    kiosk.sync().unwrap();
    let shelf = kiosk.shelf();
    let mut times = Vec::new();
    let words = [
        "路灯",
        "药品",
        "ludeng",
        "ld",
        "zjg",
        "320",
        "100-500元",
        "2025-03",
        "5月",
        "第777号",
        "河东村",
        "hdc 路灯",
        "没有的词",
        "meiyoudeci",
        "zxwqb",
        "村民代表",
        "维修费 李桂兰",
        "公告第17期",
        "王",
        "qyx",
        "新街五金店 2024年3月 路灯",
        "99999999元以上",
        "柳树湾 水渠 2023年",
        "决定的事情和大家说一说村",
    ];
    for n in 0..240 {
        let mut question = Question { text: words[n % words.len()].into(), ..Question::default() };
        question.village = (n % 5 == 0).then(|| village_no(n % 8));
        question.kind = [Kind::Any, Kind::Receipt, Kind::Bulletin][n % 3];
        let start = std::time::Instant::now();
        let found = shelf.search(&question, 50).unwrap();
        times.push((start.elapsed().as_micros(), words[n % words.len()], found.len()));
    }
    times.sort_unstable();
    let at = |share: usize| times[times.len() * share / 100];
    println!("median {:?}, p95 {:?}, p99 {:?}, worst {:?}", at(50), at(95), at(99), times[239]);
    assert!(at(99).0 < 300_000);
}
