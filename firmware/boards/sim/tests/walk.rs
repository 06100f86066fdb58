//! A finger goes through all pages and back.

mod common;

use common::Seen;
use firmware::pages::Place;
use sim::sample::june;

const BACK: &str = "返回";
const HOME: &str = "首页";

#[test]
fn a_finger_reaches_every_page_and_comes_back() {
    let mut seen = Seen::new((800, 480));
    let site = "https://xinjie.example";
    assert_eq!(seen.qr().as_deref(), Some(&*format!("{site}/v/341181107201")));

    // The newest month, a receipt, its seal, and back step by step.
    assert!(seen.tap("2026年6月"));
    assert_eq!(seen.stage.screen.place(), Place::Month(june()));
    assert!(seen.tap("村委会六月电费"));
    assert_eq!(seen.stage.screen.place(), Place::Receipt(102));
    assert_eq!(seen.qr().as_deref(), Some(&*format!("{site}/r/102")));
    assert!(seen.tap("核验"));
    assert_eq!(seen.stage.screen.place(), Place::Seal(102));
    assert_eq!(seen.qr().as_deref(), Some(&*format!("{site}/r/102")));
    for place in [Place::Receipt(102), Place::Month(june()), Place::Home] {
        assert!(seen.tap(BACK));
        assert_eq!(seen.stage.screen.place(), place);
    }

    // All months; further down; a month; home at once.
    assert!(seen.tap("小发票"));
    assert_eq!(seen.stage.screen.place(), Place::Months);
    assert!(!seen.says("2026年1月", 32));
    assert!(!seen.tap("▼"), "an arrow leads to no other page");
    seen.expect("2026年1月", 32);
    assert!(seen.tap("2026年1月"));
    assert_eq!(seen.stage.screen.place(), Place::Month(june().later(-5)));
    assert!(seen.tap(BACK));
    seen.expect("2026年1月", 32);
    assert!(seen.tap(HOME));
    assert_eq!(seen.stage.screen.place(), Place::Home);

    // Bulletins, one of them page by page, its seal.
    assert!(seen.tap("村务公开"));
    assert_eq!(seen.stage.screen.place(), Place::Bulletins);
    assert!(seen.tap("关于东头水渠清淤加固的公告"));
    assert_eq!(seen.stage.screen.place(), Place::Bulletin(201));
    assert_eq!(seen.qr().as_deref(), Some(&*format!("{site}/b/201")));
    seen.expect("各位村民：", 32);
    seen.expect("1/4", 24);
    for page in ["2/4", "3/4", "4/4"] {
        assert!(!seen.tap("▼"));
        seen.expect(page, 24);
    }
    assert!(!seen.says("各位村民：", 32));
    seen.expect("二〇二六年七月一日", 32);
    assert!(seen.tap("核验"));
    assert_eq!(seen.stage.screen.place(), Place::Seal(201));
    assert!(seen.tap(BACK));
    seen.expect("4/4", 24);
    assert!(seen.tap(HOME));

    // How old it is; enrolment.
    assert!(seen.tap("3 小时前更新"));
    assert_eq!(seen.stage.screen.place(), Place::Status);
    assert_eq!(seen.qr().as_deref(), Some(&*format!("{site}/v/341181107201")));
    assert!(seen.tap("登记这块屏"));
    assert_eq!(seen.stage.screen.place(), Place::Enrol);
    assert!(seen.tap(BACK));
    assert!(seen.tap(BACK));
    assert_eq!(seen.stage.screen.place(), Place::Home);

    lists_are_dragged(&mut seen);
    long_texts_go_on(&mut seen);
    pictures_are_opened(&mut seen);
}

fn lists_are_dragged(seen: &mut Seen) {
    seen.stage.go(Place::Month(june()));
    seen.expect("修东头水渠的水泥和沙子", 32);
    seen.stage.drag((300, 440), (300, 200));
    assert!(!seen.says("修东头水渠的水泥和沙子", 32), "the list moved");
    assert_eq!(seen.stage.screen.place(), Place::Month(june()), "a drag is no tap");
    for _ in 0..6 {
        seen.stage.drag((300, 440), (300, 150));
    }
    // To its end, and no further: the last row stands at the bottom.
    seen.expect("第 115 号：内容还在路上", 32);
    assert!(seen.tap("第 114 号：不公开"));
    assert_eq!(seen.stage.screen.place(), Place::Receipt(114));
    seen.expect("个人隐私", 32);
    assert!(seen.tap(BACK));
    seen.expect("第 115 号：内容还在路上", 32);
    assert!(seen.tap(HOME));
}

fn long_texts_go_on(seen: &mut Seen) {
    seen.stage.go(Place::Bulletin(202));
    let mut articles = 0;
    for _ in 0..200 {
        while seen.says(&format!("第{}条", articles + 1), 32) {
            articles += 1;
        }
        if articles == 60 {
            break;
        }
        assert!(!seen.tap("▼"));
    }
    assert_eq!(articles, 60, "every article came by, in order");
    for _ in 0..200 {
        if seen.says("第1条", 32) {
            break;
        }
        assert!(!seen.tap("▲"));
    }
    seen.expect("第1条", 32);
    assert!(seen.tap(HOME));
}

fn pictures_are_opened(seen: &mut Seen) {
    seen.stage.go(Place::Receipt(101));
    seen.expect("点开，共 2 张", 24);
    assert!(!seen.tap("点开，共 2 张"));
    seen.expect("收  款  收  据", 32);
    assert!(!seen.says(BACK, 32), "nothing beside the picture");
    assert!(!seen.tap("下一张"));
    seen.stage.drag((400, 350), (400, 100));
    seen.expect("经手：李桂兰", 24);
    assert!(!seen.tap("关上"));
    seen.expect(BACK, 32);
    assert!(seen.tap(HOME));
}
