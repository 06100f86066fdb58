//! An invented village with months, receipts and bulletins, as a board's store would give them.

use firmware::pages::{
    Bulletin, BulletinLine, Enrol, Home, Month, MonthLine, Page, Picture, Place, Receipt,
    ReceiptLine, Seal, SignedBy, Standing, Status, Trouble,
};
use ledger::content::Ground;
use ledger::glyph::Pack;
use ledger::hash::sha256;
use ledger::statement::{LegalGround, Reason, Role};
use ledger::time::{Period, Timestamp};
use std::path::PathBuf;

/// 5 July 2026, 10:30 in China.
pub const NOW: i64 = 1_783_218_600;
/// Where the phone pages are.
const SITE: &str = "https://xinjie.example";
/// Receipts of the month that is shown: what for, to or from whom, fen, the day.
const RECEIPTS: [(&str, &str, i64, &str); 11] = [
    ("修东头水渠的水泥和沙子", "新街建材店", 368_000, "2026-06-03"),
    ("村委会六月电费", "国网新街供电所", 42_135, "2026-06-05"),
    ("上级拨付的公益林补偿", "县林业局", 2_350_000, "2026-06-06"),
    ("端午慰问老人的粽子和鸡蛋", "王家副食店", 128_650, "2026-06-08"),
    ("清理河道垃圾的人工", "赵长福等六人", 180_000, "2026-06-10"),
    ("路灯维修", "明亮电器维修部", 65_000, "2026-06-12"),
    ("鱼塘承包费", "张䶮", 1_200_000, "2026-06-15"),
    ("打印会议材料", "新街文印社", 8_600, "2026-06-18"),
    ("防汛沙袋三百个", "安澜劳保用品店", 75_000, "2026-06-20"),
    ("会计培训的交通费", "李桂兰", 9_400, "2026-06-24"),
    ("村卫生室门窗更换", "老周铝合金门窗加工部", 212_000, "2026-06-26"),
];

/// The village.
pub struct Sample {
    pack: Option<Pack<'static>>,
}

/// Makes one page.
pub type Make = fn(&Sample) -> Page;

/// The pages that can be looked at.
pub const PAGES: &[(&str, Make)] = &[
    ("empty", |_| Page::Empty(Status { trouble: Some(Trouble::Offline), ..status(None) })),
    ("home", |s| s.load(Place::Home)),
    ("home-trouble", |_| Page::Home(Home { status: status(Some(Trouble::Forked)), ..home() })),
    ("home-new", |_| Page::Home(Home { newest: None, receipts: 0, bulletins: 0, ..home() })),
    ("months", |s| s.load(Place::Months)),
    ("month", |s| s.load(Place::Month(june()))),
    ("month-nothing", |s| s.load(Place::Month(june().later(-3)))),
    ("month-one", |_| {
        Page::Month(Month { line: month_line(0), receipts: receipts()[..2].to_vec() })
    }),
    ("receipt", |s| s.load(Place::Receipt(101))),
    ("receipt-waiting-picture", |s| s.load(Place::Receipt(104))),
    ("receipt-rare", |s| s.load(Place::Receipt(107))),
    ("receipt-no-picture", |s| s.load(Place::Receipt(110))),
    ("receipt-corrected", |s| s.load(Place::Receipt(112))),
    ("receipt-withdrawn", |s| s.load(Place::Receipt(113))),
    ("receipt-withheld", |s| s.load(Place::Receipt(114))),
    ("receipt-waiting", |s| s.load(Place::Receipt(115))),
    ("bulletins", |s| s.load(Place::Bulletins)),
    ("bulletin", |s| s.load(Place::Bulletin(201))),
    ("bulletin-long", |s| s.load(Place::Bulletin(202))),
    ("bulletin-withdrawn", |s| s.load(Place::Bulletin(203))),
    ("seal", |s| s.load(Place::Seal(101))),
    ("status", |s| s.load(Place::Status)),
    ("status-offline", |_| Page::Status(status(Some(Trouble::Offline)))),
    ("status-forged", |_| Page::Status(status(Some(Trouble::Forged)))),
    ("status-rolled-back", |_| Page::Status(status(Some(Trouble::RolledBack)))),
    ("status-forked", |_| Page::Status(status(Some(Trouble::Forked)))),
    ("status-full", |_| Page::Status(status(Some(Trouble::Full)))),
    ("enrol", |s| s.load(Place::Enrol)),
    ("enrol-waiting", |_| Page::Enrol(Enrol { code: None, ..enrol() })),
    ("enrol-done", |_| Page::Enrol(Enrol { name: Some("新街村口".into()), ..enrol() })),
];

/// Where the glyph pack lies unless somebody says otherwise: `MINGBAI_GLYPH_PACK`, or `target/glyphs.bin` of the house.
#[must_use]
pub fn pack_path() -> PathBuf {
    let usual = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target/glyphs.bin");
    std::env::var_os("MINGBAI_GLYPH_PACK").map_or_else(|| usual.into(), PathBuf::from)
}

/// The month that is shown.
#[must_use]
pub fn june() -> Period {
    Period::FIRST.later((2026 - 1900) * 12 + 5)
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn status(trouble: Option<Trouble>) -> Status {
    let hours = if trouble.is_some() { 50 } else { 3 };
    Status {
        synced: Some(NOW - hours * 3600),
        now: Some(NOW),
        newest: time("2026-07-04T16:05:00+08:00"),
        size: 2_318,
        trouble,
        url: format!("{SITE}/v/341181107201"),
    }
}

fn home() -> Home {
    Home {
        township: "新街镇".into(),
        village: "新街村".into(),
        newest: Some(month_line(0)),
        receipts: 327,
        bulletins: 58,
        status: status(None),
    }
}

/// A month so many before June.
fn month_line(back: i32) -> MonthLine {
    let nothing = back == 3;
    let (income, spending) =
        (3_550_000 - i64::from(back) * 91_300, 1_088_785 + i64::from(back) * 47_050);
    let receipts = if nothing { 0 } else { 15 + back.unsigned_abs() % 7 };
    MonthLine {
        period: june().later(-back),
        income: if nothing { 0 } else { income },
        spending: if nothing { 0 } else { spending },
        receipts,
        nothing,
        closed: (back > 0).then_some(if back == 2 { receipts + 1 } else { receipts }),
    }
}

fn receipts() -> Vec<ReceiptLine> {
    let mut lines: Vec<ReceiptLine> = (101..)
        .zip(RECEIPTS)
        .map(|(n, (purpose, payee, amount, date))| ReceiptLine {
            n,
            purpose: purpose.into(),
            payee: payee.into(),
            amount,
            income: n == 103 || n == 107,
            date: date.parse().ok(),
            standing: Standing::Stands,
        })
        .collect();
    let standings = [
        Standing::Corrected,
        Standing::Withdrawn(Reason::Personal),
        Standing::Withheld(LegalGround::Privacy),
        Standing::Waiting,
    ];
    for (n, standing) in (112..).zip(standings) {
        let told = standing == Standing::Corrected;
        let said = |text: &str| if told { text.to_owned() } else { String::new() };
        lines.push(ReceiptLine {
            n,
            purpose: said("办公室茶叶"),
            payee: said("清风茶庄"),
            amount: if told { 36_000 } else { 0 },
            income: false,
            date: "2026-06-28".parse().ok().filter(|_| told),
            standing,
        });
    }
    lines
}

fn signed() -> Vec<SignedBy> {
    let by = |role, name: &str, post: &str, key: &str| SignedBy {
        role,
        who: Some((name.into(), post.into())),
        key: key.into(),
    };
    vec![
        by(Role::Accountant, "李桂兰", "报账员", "xinjie.example/v/341181107201/1"),
        by(Role::Supervisor, "赵长福", "监委会主任", "xinjie.example/v/341181107201/s1"),
    ]
}

fn enrol() -> Enrol {
    Enrol { code: Some("K7QM4XHB".into()), check: "40829316".into(), name: None }
}

const NOTICE: &str = "各位村民：\n\
    经村民代表会议表决通过，本村决定对东头水渠进行清淤和加固，现将有关事项公告如下。\n\
    一、施工时间为七月十日至七月二十五日，每天早六时至晚七时。施工期间东头机耕路半幅通行，请大家绕行或慢行，注意安全。\n\
    二、工程总价三万六千八百元，其中县水利局补助两万元，其余从村集体收入中支出。全部票据按月在本屏公布，人人可以查看。\n\
    三、需要用水灌溉的农户，请在七月八日前到村委会登记，由村里统一安排放水时间。\n\
    四、对工程质量和花费有意见的，可以向村务监督委员会反映，也可以用手机扫码提问，答复同样公开。\n\
    特此公告。\n新街村村民委员会\n二〇二六年七月一日";

const TITLES: [(&str, &str); 6] = [
    ("关于东头水渠清淤加固的公告", "村务公告"),
    ("新街村村规民约（全文）", "村规民约"),
    ("低保名单公示", "公示"),
    ("二〇二六年度城乡居民医保缴费通知", "通知"),
    ("村民代表会议决议", "决议"),
    ("秸秆禁烧政策问答", "政策解读"),
];

fn bulletin_lines() -> Vec<BulletinLine> {
    let line = |(n, (title, column)): (u64, (&str, &str))| {
        let day = 205_u64.saturating_sub(n) + 1;
        Some(BulletinLine {
            n,
            title: title.into(),
            column: column.into(),
            time: time(&format!("2026-07-{day:02}T09:00:00+08:00"))?,
            standing: if n == 203 {
                Standing::Withdrawn(Reason::Personal)
            } else {
                Standing::Stands
            },
        })
    };
    (201..).zip(TITLES).filter_map(line).collect()
}

impl Sample {
    /// The village; its papers are written with the pack's glyphs.
    #[must_use]
    pub fn new(pack: &'static [u8]) -> Sample {
        Sample { pack: Pack::read(pack).ok() }
    }

    /// The page of a place.
    #[must_use]
    pub fn load(&self, place: Place) -> Page {
        match place {
            Place::Home => Page::Home(home()),
            Place::Months => Page::Months((0..14).map(month_line).collect()),
            Place::Month(period) => {
                let line = month_line(june().months_since(period));
                let receipts = if line.nothing { Vec::new() } else { receipts() };
                Page::Month(Month { line, receipts })
            }
            Place::Receipt(n) => self.receipt(n),
            Place::Bulletins => Page::Bulletins(bulletin_lines()),
            Place::Bulletin(n) => bulletin(n),
            Place::Seal(n) => Page::Seal(Seal {
                n,
                size: 2_318,
                origin: "xinjie.example/log".into(),
                fingerprint: "4f2a90c177de03b8".into(),
                signed: signed(),
                url: format!("{SITE}/r/{n}"),
            }),
            Place::Status => Page::Status(status(None)),
            Place::Enrol => Page::Enrol(enrol()),
        }
    }

    fn receipt(&self, n: u64) -> Page {
        let Some(line) = receipts().into_iter().find(|line| line.n == n) else {
            return Page::Empty(status(None));
        };
        let no_voucher = if n == 110 { "零星支出，没有取得发票" } else { "" };
        let count = match n {
            101 => 2,
            110 => 0,
            _ => 1,
        };
        let picture = |at| {
            let hash = sha256(format!("{n} {at}").as_bytes());
            (hash, self.paper(&line).filter(|_| n != 104))
        };
        Page::Receipt(Receipt {
            category: if line.income { "其他收入" } else { "公益事业支出" }.into(),
            no_voucher: no_voucher.into(),
            signed: signed(),
            pictures: (0..count).map(picture).collect(),
            covered: if n == 101 {
                vec![Ground::Identity, Ground::Phone, Ground::Phone]
            } else {
                vec![]
            },
            url: format!("{SITE}/r/{n}"),
            line,
        })
    }

    /// A paper that says what the receipt says, 480 by 640 pixels, in the four greys of a dithered scan.
    fn paper(&self, line: &ReceiptLine) -> Option<Picture> {
        const SIZE: (u32, u32) = (480, 640);
        let pack = self.pack.as_ref()?;
        let mut grey = vec![0xee_u8; (SIZE.0 * SIZE.1) as usize];
        let said = [
            ("收  款  收  据".to_owned(), 130, 60, 32),
            (
                format!("日期：{}", line.date.map(|d| d.to_string()).unwrap_or_default()),
                40,
                130,
                24,
            ),
            (format!("交款：{}", "新街村村民委员会"), 40, 190, 24),
            (format!("收款：{}", line.payee), 40, 250, 24),
            (format!("事由：{}", line.purpose), 40, 310, 24),
            (format!("金额：￥{}", ledger::money::Fen(line.amount)), 40, 380, 32),
            ("经手：李桂兰    验收：赵长福".to_owned(), 40, 460, 24),
            ("身份证：■■■■■■■■■■".to_owned(), 40, 520, 24),
        ];
        for (text, x, y, px) in said {
            let mut pen = x;
            for ch in text.chars() {
                let Some(glyph) = pack.glyph(ch, px) else { continue };
                let top = y - i32::from(glyph.y) - i32::from(glyph.height);
                let width = usize::from(glyph.width).max(1);
                for (row, line) in (top..).zip(glyph.alpha.chunks(width)) {
                    for (column, alpha) in (pen + i32::from(glyph.x)..).zip(line) {
                        let at = row * 480 + column;
                        let place = usize::try_from(at).ok().filter(|_| column < 480);
                        if let Some(grey) = place.and_then(|at| grey.get_mut(at)) {
                            *grey = (*grey).min(0xee - alpha / 64 * 70);
                        }
                    }
                }
                pen += i32::from(glyph.advance);
            }
        }
        let rgb: Vec<u8> = grey.into_iter().flat_map(|g| [g, g, g]).collect();
        Some(Picture::clone_from_slice(&rgb, SIZE.0, SIZE.1))
    }
}

fn bulletin(n: u64) -> Page {
    let Some(line) = bulletin_lines().into_iter().find(|line| line.n == n) else {
        return Page::Empty(status(None));
    };
    let rules = |article: usize| {
        format!(
            "第{article}条　本村村民应当爱护公共财物，维护村容整洁，不得在道路、沟渠和公共场地乱倒垃圾、乱堆杂物；违反的，由村民委员会劝其改正。\n"
        )
    };
    let text = if n == 202 { (1..=60).map(rules).collect() } else { NOTICE.to_owned() };
    let office = SignedBy { role: Role::Office, who: None, key: "xinjie.example/office".into() };
    Page::Bulletin(Bulletin {
        line,
        text,
        pictures: Vec::new(),
        signed: vec![office],
        url: format!("{SITE}/b/{n}"),
    })
}
