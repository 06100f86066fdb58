//! The way to the papers: receipts with their pictures, seals and versions; bulletins; what is urgent.

use mingbai_kiosk::screens::{Columns, Paper, Place};
use slint::Model;

use super::{Papers, Walk};
use crate::town::{Town, village};

const LAMP: &str = "修村部门前的路灯";
/// What a paper's photograph is called.
const FRAME: &str = "票据的照片";
/// What is to be pressed for a bulletin's picture.
const FIGURE: &str = "放大看这张图";
const SEAL: &str = "已核验，没有被改动";

impl Walk<'_> {
    /// From home to a month of the first village.
    fn month(&self) -> Place {
        let month = Place::Month(village(0), "2026-10".parse().unwrap());
        self.go("小发票", &Place::Villages);
        self.go("新街村", &Place::Village(village(0)));
        self.go("2026年10月", &month);
        month
    }

    pub(super) fn receipts(&self) {
        let period = "2026-10".parse().unwrap();
        let rows = self.kiosk.shelf().receipts(village(0), period).unwrap();
        let receipt = rows.iter().find(|row| row.purpose == LAMP).unwrap().index;
        let here = Place::Receipt(receipt);
        let month = self.month();
        self.go(LAMP, &here);
        self.reads("680.00");
        self.go(SEAL, &Place::Seal(Paper::Receipt(receipt)));
        self.reads("为什么说它没被改过？");
        self.back(&here);
        self.go("全屏看照片", &Place::Picture(Paper::Receipt(receipt), 0));
        self.look_closely();
        self.back(&here);
        self.back(&month);
        self.go("本月汇总 ▶", &Place::Summary(village(0), period));
        self.reads("钱花在哪里");
        let largest = self.kiosk.api().get_receipts().row_data(0).unwrap();
        self.go(&largest.purpose, &Place::Receipt(u64::try_from(largest.number).unwrap()));
        self.reads(&largest.amount);
        self.home();
    }

    /// Buttons, two fingers, one finger, and two quick taps.
    fn look_closely(&self) {
        let kiosk = self.kiosk;
        let whole = kiosk.picture_in(FRAME);
        let times = || kiosk.picture_in(FRAME).width() / whole.width();
        let is_whole = || kiosk.picture_in(FRAME) == whole;
        kiosk.press("＋");
        assert!((times() - 1.5).abs() < 0.01, "enlarged by its button: {}", times());
        kiosk.press("－");
        assert!(is_whole(), "made smaller by its button");
        kiosk.pinch(FRAME, 3.0);
        assert!((2.4..3.0).contains(&times()), "enlarged with two fingers: {}", times());
        let before = kiosk.picture_in(FRAME);
        kiosk.draw(FRAME, (0.5, 0.5), (0.4, 0.45));
        let moved = kiosk.picture_in(FRAME).origin - before.origin;
        assert!(moved.x < -50.0 && moved.y < -20.0, "moved by a finger: {moved:?}");
        kiosk.press("全图");
        assert!(is_whole(), "fitted by its button");
        kiosk.press_twice(FRAME);
        assert!(times() > 1.2, "enlarged by two taps: {}", times());
        kiosk.press_twice(FRAME);
        assert!(is_whole(), "fitted by two taps");
        kiosk.pinch(FRAME, 3.0);
        kiosk.pinch(FRAME, 0.2);
        assert!(is_whole(), "fitted by two fingers: {}", times());
        for (arrow, picture) in [("▶", 1), ("◀", 0)] {
            kiosk.press(arrow);
            assert_eq!(kiosk.api().get_scan_picture(), picture);
            assert!(kiosk.api().get_scan().ready);
        }
    }

    /// From a corrected receipt to the newer one and back, and to one that was withdrawn.
    pub(super) fn versions(&self, papers: &Papers) {
        let month = self.month();
        self.go("打印纸", &Place::Receipt(papers.wrong));
        self.reads("这一张已经更正");
        self.go("看更正后的", &Place::Receipt(papers.right));
        self.reads("打印纸（更正后）");
        self.go(&format!("第 {} 号，", papers.wrong), &Place::Receipt(papers.wrong));
        for place in [Place::Receipt(papers.right), Place::Receipt(papers.wrong), month] {
            self.back(&place);
        }
        self.go("已撤下的票据", &Place::Receipt(papers.gone));
        self.reads("这张票据已撤下");
        self.home();
    }

    pub(super) fn bulletins(&self) {
        let rows = self.kiosk.shelf().bulletins(None).unwrap();
        let number = |title: &str| rows.iter().find(|row| row.title == title).unwrap().index;
        self.go("村务公开", &Place::Bulletins(Columns::One("cunwu".into())));
        self.go("全部", &Place::Bulletins(Columns::All));
        let safety = number("冬季用火用电安全告知书");
        let here = Place::Bulletin(safety);
        self.go("冬季用火用电安全告知书", &here);
        self.reads("各位村民：天冷了，请注意下面几件事。");
        // Its text places its second picture first.
        self.go(FIGURE, &Place::Picture(Paper::Bulletin(safety), 1));
        self.back(&here);
        self.go(SEAL, &Place::Seal(Paper::Bulletin(safety)));
        self.home();
        self.go("政策解读", &Place::Bulletins(Columns::Policies));
        let insurance = "城乡居民医保缴费怎么缴、缴多少";
        self.go(insurance, &Place::Bulletin(number(insurance)));
        self.home();
        self.go("全部公告", &Place::Bulletins(Columns::All));
        self.home();
    }

    /// From a receipt to what was asked about it, and to a slip of one's own.
    pub(super) fn ask(&self) {
        let shelf = self.kiosk.shelf();
        let rows = shelf.receipts(village(0), "2026-10".parse().unwrap()).unwrap();
        let asked = rows.iter().find(|row| shelf.count_asked(row.index).unwrap() > 0).unwrap();
        let paper = Paper::Receipt(asked.index);
        self.month();
        self.go(&asked.purpose, &Place::Receipt(asked.index));
        self.go("大家问的（3）", &Place::Questions(paper));
        self.reads("村部门前和老戏台各修了一盏，合在一张票上。");
        self.go("我要问这一条", &Place::Ask(Some(paper)));
        self.press("没听说过这件事");
        self.kiosk.types("ludeng");
        self.press("路灯");
        self.press("发出");
        assert!(matches!(self.kiosk.screens.place(), Place::Slip(_)));
        self.reads("查询码");
        self.home();
    }

    /// It comes up over whatever is read, and goes when somebody has read it.
    pub(super) fn emergency(&self, town: &Town, urgent: u64) {
        self.go("小发票", &Place::Villages);
        self.news(town);
        let here = Place::Emergency(urgent);
        assert_eq!(self.kiosk.screens.place(), here);
        self.reads("柳塘水库泄洪，沿河村民马上转移");
        self.go(FIGURE, &Place::Picture(Paper::Bulletin(urgent), 0));
        self.back(&here);
        self.go("知道了，看别的", &Place::Home);
    }
}
