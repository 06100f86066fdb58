//! A small township on a shelf, signed and logged like a real one, with drawn papers for pictures.

use std::path::Path;
use std::sync::LazyLock;

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use ledger::content::{
    AnswerContent, Answerer, BulletinContent, Channel, Column, ColumnKind, Content, Direction,
    DirectoryContent, ImageRef, Importance, Invoice, KeyContent, Openness, QuestionContent,
    ReceiptContent, Salt, Topic, VillageName,
};
use ledger::hash::{Hash, sha256};
use ledger::key::SigningKey;
use ledger::money::Fen;
use ledger::note::compose;
use ledger::place::Village;
use ledger::statement::{Act, Reason, Role, Source, Statement};
use ledger::time::Timestamp;
use mingbai_kiosk::shelf::{Batch, Head, Shelf};

pub const TOWNSHIP: &str = "341181107000";
pub const VILLAGES: [&str; 8] =
    ["新街村", "合心村", "大庙村", "清泉村", "石坝村", "柳塘村", "杨桥村", "龙岗村"];
/// Purposes of a month's receipts, the sum in fen (out when below 0) and who was paid or paid.
const RECEIPTS: [(&str, i64, &str); 7] = [
    ("修村部门前的路灯", -68_000, "新街五金店"),
    ("卫生保洁员工资（9人）", -1_350_000, "保洁员9人"),
    ("鱼塘承包款", 2_400_000, "周长河"),
    ("村道东段坑洼修补用的水泥、沙石和机械台班", -856_050, "县宏达建材有限公司新街经营部"),
    ("打印纸和硒鼓", -23_980, "文达办公"),
    ("防汛值班用油", -30_000, "中国石化新街加油站"),
    ("老年活动中心水电费", -41_263, "县供电公司"),
];

/// A text with everything that a text can have.
const MARKED: &str = "# 冬季用火用电安全

各位村民：**天冷了**，请注意下面几件事。

1. 人离开时关掉电热毯
2. 炉子旁边不要堆柴
   - 也不要晾衣服
   - 更不要放煤气罐

> 去年冬天全镇失火 3 起，都是电热毯引起的。

| 村 | 检查日期 | 联系人 |
|---|---|---|
| 新街村 | 11月25日 | 孙志明 |
| 合心村 | 11月26日 | 周桂英、吴小兰 |

---

![检查表](图2)

有事请打值班电话。";

/// Two papers, each with its thumbnail.
static PAPERS: LazyLock<[(Vec<u8>, Vec<u8>); 2]> =
    LazyLock::new(|| [0, 1].map(|n| (paper(1200, 1600, n), paper(240, 320, n))));

pub struct Town {
    office: SigningKey,
    accountants: Vec<SigningKey>,
    entries: Vec<Vec<u8>>,
    contents: Vec<(u64, Vec<u8>)>,
    pictures: Vec<(Hash, Vec<u8>)>,
    salt: u8,
}

pub fn village(number: usize) -> Village {
    format!("3411811072{:02}", number + 1).parse().unwrap()
}

fn time() -> Timestamp {
    "2026-11-03T09:12:00+08:00".parse().unwrap()
}

impl Town {
    /// The office, an accountant in each village, the directory.
    pub fn new() -> Self {
        let accountant = |n: usize| {
            let seed = u8::try_from(n).unwrap() + 3;
            SigningKey::from_seed(&format!("{}/accountant", village(n)), [seed; 32]).unwrap()
        };
        let mut town = Self {
            office: SigningKey::from_seed("341181107000/office", [2; 32]).unwrap(),
            accountants: (0..VILLAGES.len()).map(accountant).collect(),
            entries: Vec::new(),
            contents: Vec::new(),
            pictures: Vec::new(),
            salt: 0,
        };
        let office = town.office.verifier();
        town.enrol(TOWNSHIP.parse().unwrap(), Role::Office, office, "王建国", "党政办");
        for n in 0..VILLAGES.len() {
            let key = town.accountants[n].verifier();
            town.enrol(village(n), Role::Accountant, key, "李秀英", "报账员");
        }
        town.directory(&[
            ("cunwu", "村务公开", "Village affairs", ColumnKind::Notice),
            ("tongzhi", "通知公告", "Notices", ColumnKind::Notice),
            ("zhengce", "政策解读", "Policies", ColumnKind::Notice),
        ]);
        town
    }

    /// The villages, and these columns: id, name, English name, what stands in them.
    fn directory(&mut self, columns: &[(&str, &str, &str, ColumnKind)]) {
        let villages = VILLAGES.iter().enumerate();
        let columns = columns.iter().map(|(id, name, name_en, kind)| Column {
            id: (*id).into(),
            name: (*name).into(),
            name_en: (*name_en).into(),
            kind: *kind,
        });
        let directory = DirectoryContent {
            salt: self.salt(),
            township: "新街镇".into(),
            villages: villages
                .map(|(n, name)| VillageName { code: village(n), name: (*name).into() })
                .collect(),
            columns: columns.collect(),
        };
        let (bytes, content) = directory.to_bytes();
        let statement =
            Statement::Directory { village: TOWNSHIP.parse().unwrap(), time: time(), content };
        self.append(&statement, Some(bytes), None);
    }

    /// Three months of the first village, one of the others, and bulletins.
    pub fn busy() -> Self {
        let mut town = Self::new();
        for period in ["2026-08", "2026-09", "2026-10"] {
            for _ in 0..2 {
                for (purpose, fen, payee) in RECEIPTS {
                    town.receipt(0, period, purpose, fen, payee);
                }
            }
        }
        town.nothing(0, "2026-07");
        // The first receipt of the newest month, by its day.
        let asked_about = town.first_of_october();
        town.doubted(asked_about);
        for n in 1..VILLAGES.len() - 1 {
            town.receipt(n, "2026-10", "办公用品", -12_345, "文达办公");
        }
        town.bulletin("cunwu", "关于2026年第三季度村级财务公开的说明");
        town.bulletin("tongzhi", "停水通知：11月5日上午8时至下午5时");
        town.bulletin("zhengce", "城乡居民医保缴费怎么缴、缴多少");
        town.written("tongzhi", "冬季用火用电安全告知书", MARKED, Importance::Important);
        town
    }

    /// Somebody asks about a paper of the first village; it is answered, or withheld.
    pub fn asked(&mut self, of: u64, text: &str, to: Answerer) -> u64 {
        let content = QuestionContent {
            salt: self.salt(),
            topic: Topic::Amount,
            text: text.into(),
            channel: Channel::Kiosk,
            asked: "2026-11-04".parse().unwrap(),
            to,
            due: "2026-11-07".parse().unwrap(),
        };
        let ((bytes, content), of) = (content.to_bytes(), Some(of));
        let statement = Statement::Question { village: village(0), time: time(), of, content };
        self.append(&statement, Some(bytes), None)
    }

    pub fn answered(&mut self, of: u64, text: &str, by: Answerer) -> u64 {
        let content = AnswerContent { salt: self.salt(), by, text: text.into() };
        let (bytes, content) = content.to_bytes();
        let statement = Statement::Answer { village: village(0), time: time(), of, content };
        self.append(&statement, Some(bytes), None)
    }

    /// Everything that can become of a question, about the receipt at this index.
    pub fn doubted(&mut self, receipt: u64) {
        let first = self.asked(receipt, "路灯修了两次吗？我只看到修过一次。", Answerer::Village);
        self.answered(first, "村部门前和老戏台各修了一盏，合在一张票上。", Answerer::Village);
        let more = "老戏台的灯还是不亮，请查一查是不是真的修过。";
        let second = self.asked(first, more, Answerer::Supervisors);
        let withheld = self.asked(receipt, "某某的电话是……", Answerer::Village);
        self.withdraw(0, withheld);
        assert!(second < withheld);
    }

    /// The same, with every kind of door on the home page.
    pub fn with_every_door() -> Self {
        let mut town = Self::busy();
        town.directory(&[
            ("cunwu", "村务公开", "Village affairs", ColumnKind::Notice),
            ("tongzhi", "通知公告", "Notices", ColumnKind::Notice),
            ("zhengce", "政策文件", "Policies", ColumnKind::Policy),
            ("bangong", "办事指南", "Guides", ColumnKind::Notice),
            ("cangwu", "财务公开", "Finances", ColumnKind::Notice),
            ("huodong", "活动预告", "Events", ColumnKind::Notice),
        ]);
        town
    }

    /// Three months and an emergency.
    pub fn alarmed() -> Self {
        let mut town = Self::busy();
        town.alarm();
        town
    }

    /// An emergency comes up.
    pub fn alarm(&mut self) -> u64 {
        let body = "受强降雨影响，柳塘水库**今晚八点**开闸泄洪。\n\n- 沿河各户立即撤到村部\n- 不要下河，不要过桥";
        self.written("tongzhi", "柳塘水库泄洪，沿河村民马上转移", body, Importance::Emergency)
    }

    /// The receipt of the first village's October that its list begins with.
    fn first_of_october(&self) -> u64 {
        let days = self.contents.iter().filter_map(|(index, bytes)| {
            let content = ReceiptContent::parse(bytes).ok()?;
            let day = content.date.to_string();
            day.starts_with("2026-10").then_some((day, *index))
        });
        days.min().unwrap().1
    }

    fn salt(&mut self) -> Salt {
        self.salt = self.salt.wrapping_add(1);
        Salt([self.salt; 16])
    }

    fn enrol(
        &mut self,
        village: Village,
        role: Role,
        key: ledger::key::VerifierKey,
        holder: &str,
        post: &str,
    ) {
        let content = KeyContent { salt: self.salt(), holder: holder.into(), post: post.into() };
        let (bytes, hash) = content.to_bytes();
        let (act, content) = (Act::Enrol, Some(hash));
        let statement = Statement::Key { village, time: time(), act, role, key, content };
        self.append(&statement, Some(bytes), None);
    }

    /// Signed by the accountant of a village, or by the office.
    fn append(
        &mut self,
        statement: &Statement,
        content: Option<Vec<u8>>,
        by: Option<usize>,
    ) -> u64 {
        let key = by.map_or(&self.office, |n| &self.accountants[n]);
        let text = statement.to_text();
        let index = self.entries.len() as u64;
        self.entries.push(compose(&text, &[key.sign(&text)]).into_bytes());
        self.contents.extend(content.map(|bytes| (index, bytes)));
        index
    }

    fn picture(&mut self) -> ImageRef {
        let n = self.pictures.len() / 2 % PAPERS.len();
        let (big, small) = PAPERS[n].clone();
        let image = ImageRef {
            sha256: sha256(&big),
            thumb: sha256(&small),
            width: 1200,
            height: 1600,
            bytes: big.len() as u64,
            covered: Vec::new(),
        };
        self.pictures.extend([(image.sha256, big), (image.thumb, small)]);
        image
    }

    fn receipt_content(&mut self, period: &str, what: &str, fen: i64, who: &str) -> ReceiptContent {
        let day = self.entries.len() % 28 + 1;
        let invoice = (fen < 0).then(|| Invoice {
            type_code: String::new(),
            code: "034001900111".into(),
            number: "24312000000012345678".into(),
            check: String::new(),
        });
        ReceiptContent {
            salt: self.salt(),
            direction: if fen < 0 { Direction::Out } else { Direction::In },
            amount: Fen(fen.abs()),
            date: format!("{period}-{day:02}").parse().unwrap(),
            purpose: what.into(),
            payee: who.into(),
            category: "公益设施".into(),
            handler: "陈志强".into(),
            witness: "吴桂花".into(),
            approver: "赵德明".into(),
            recipient: String::new(),
            supervisor: String::new(),
            payment: None,
            resolution: String::new(),
            invoice,
            openness: Some(Openness::Open {}),
            no_voucher: String::new(),
            images: vec![self.picture(), self.picture()],
        }
    }

    pub fn receipt(&mut self, n: usize, period: &str, what: &str, fen: i64, who: &str) -> u64 {
        let (bytes, content) = self.receipt_content(period, what, fen, who).to_bytes();
        let (village, period) = (village(n), period.parse().unwrap());
        let statement = Statement::Receipt { village, period, time: time(), content };
        self.append(&statement, Some(bytes), Some(n))
    }

    pub fn nothing(&mut self, n: usize, period: &str) -> u64 {
        let (village, period) = (village(n), period.parse().unwrap());
        self.append(&Statement::Nothing { village, period, time: time() }, None, Some(n))
    }

    pub fn correct(&mut self, n: usize, of: u64, fen: i64) -> u64 {
        let content = self.receipt_content("2026-10", "打印纸（更正后）", fen, "文达办公");
        let ((bytes, content), source) = (content.to_bytes(), Source::Original);
        let statement =
            Statement::Correction { village: village(n), time: time(), of, source, content };
        self.append(&statement, Some(bytes), Some(n))
    }

    pub fn withdraw(&mut self, n: usize, of: u64) -> u64 {
        let (reason, source) = (Reason::Personal, Source::Original);
        let statement = Statement::Withdrawal {
            village: village(n),
            time: time(),
            of,
            reason,
            source,
            ground: None,
        };
        self.append(&statement, None, None)
    }

    /// A bulletin with this text and two pictures.
    pub fn written(&mut self, column: &str, title: &str, body: &str, how: Importance) -> u64 {
        let images = vec![self.picture(), self.picture()];
        let plain = BulletinContent::plain(self.salt(), column, title, body);
        let unit = "镇应急管理站".to_owned();
        // An emergency says how long it lasts.
        let hours = (how == Importance::Emergency).then_some(("08:00", "20:00"));
        let at = |clock: &str| format!("2026-11-22T{clock}:00+08:00").parse().unwrap();
        let (from, until) = (hours.map(|(from, _)| at(from)), hours.map(|(_, until)| at(until)));
        self.publish(&BulletinContent { images, unit, importance: how, from, until, ..plain })
    }

    fn publish(&mut self, content: &BulletinContent) -> u64 {
        let (bytes, content) = content.to_bytes();
        let statement =
            Statement::Bulletin { village: TOWNSHIP.parse().unwrap(), time: time(), content };
        self.append(&statement, Some(bytes), None)
    }

    pub fn bulletin(&mut self, column: &str, title: &str) -> u64 {
        let body = "各位村民：\n\n本季度的收支已经逐笔公开，每一张票据都可以在这台机器上、在手机上看到。\
                    有疑问的，可以向村务监督委员会提出，七日内答复。\n\n新街镇人民政府";
        let images = vec![self.picture()];
        let plain = BulletinContent::plain(self.salt(), column, title, body);
        self.publish(&BulletinContent { images, ..plain })
    }

    /// Puts everything that is not there yet on the shelf in `dir`.
    pub fn stock(&self, dir: &Path) {
        let mut shelf = Shelf::open(dir).unwrap();
        let old = shelf.head().unwrap();
        let held = old.as_ref().map_or(0, |head| head.size);
        let entries = self.entries[usize::try_from(held).unwrap()..].to_vec();
        let verdicts = shelf.judge(held, &entries).unwrap();
        let size = self.entries.len() as u64;
        let root = sha256(&size.to_be_bytes());
        let head = Head { checkpoint: size.to_string().into_bytes(), size, root, etag: None };
        let at = Some("2026-11-22T08:30:00+08:00".parse().unwrap());
        let contents: Vec<_> = self.contents.iter().filter(|(n, _)| *n >= held).cloned().collect();
        shelf.adopt(&Batch { old, held, head, entries, verdicts, at }, &contents).unwrap();
        // All papers look like the first two.
        for (hash, bytes) in self.pictures.iter().take(4) {
            std::fs::write(shelf.blob(*hash), bytes).unwrap();
        }
    }
}

/// A white paper with a red frame and lines of small print.
fn paper(width: u32, height: u32, n: u32) -> Vec<u8> {
    let unit = width / 60;
    let mut picture = RgbImage::from_pixel(width, height, Rgb([250, 248, 240]));
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (column, row) = (x / unit, y / unit);
        if column == 3 || column == 56 || row == 3 || row == 70 {
            *pixel = Rgb([170, 40, 40]);
        } else if (8..52).contains(&column) && (8..66).contains(&row) && row % 4 == 0 {
            let ink = (x / unit.div_ceil(3) * 7 + row * 13 + n * 5) % 4 < 2 && x % 3 > 0;
            if ink {
                *pixel = Rgb([30, 30, 60]);
            }
        }
    }
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 85).encode_image(&picture).unwrap();
    bytes
}
