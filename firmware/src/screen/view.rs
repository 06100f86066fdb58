//! What a page says, word by word and in the order of the screen, before Slint is told: the one place where a page's
//! data turns into its text.

use super::fonts::Fonts;
use super::picture::{self, Code};
use super::words;
use crate::pages::{
    Bulletin, BulletinLine, Enrol, Home, Month, MonthLine, Page, Picture, Place, Receipt,
    ReceiptLine, Seal, Status,
};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use ledger::hash::Hash;
use slint::{Image, ModelRc, SharedString, VecModel};
use ui::{Api, Fact, Newest, Row, Scan, Tone};

/// Pixels of the box beside a receipt's words that its picture fits into, and of its frame.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Width and height of the frame.
    pub frame: (u32, u32),
}

impl Room {
    /// On a screen of this size.
    pub fn of((width, height): (u32, u32)) -> Room {
        let (wide, code) = if width < 900 { (248, 148) } else { (330, 188) };
        Room { frame: (wide, height.saturating_sub(84 + 12 + 12 + 8 + code).max(120)) }
    }

    /// The picture in it, above its line of words.
    fn picture(self) -> (u32, u32) {
        (self.frame.0 - 12, self.frame.1 - 48)
    }
}

/// Everything that changes from page to page; what a page does not say is empty.
#[derive(Default)]
pub struct View {
    page: ui::Page,
    title: SharedString,
    subtitle: SharedString,
    rows: Vec<Row>,
    sheets: Vec<SharedString>,
    sentence: SharedString,
    notice: SharedString,
    facts: Vec<Fact>,
    scans: Vec<Scan>,
    newest: Option<Newest>,
    receipts: SharedString,
    bulletins: SharedString,
    none: SharedString,
    caption: SharedString,
    qr_caption: SharedString,
    age: SharedString,
    trouble: SharedString,
    /// The address that the code leads to; empty where there is none.
    qr: String,
    code: (SharedString, Option<Image>),
    check: (SharedString, Option<Image>),
    enrolled: bool,
    /// Where a row leads to, if it does.
    pub places: Vec<Option<Place>>,
    /// Where the newest month is.
    pub newest_place: Option<Place>,
    /// Whose seal there is to see.
    pub seal: Option<u64>,
}

impl View {
    /// The view of a page; the fonts say what can be shown of it.
    pub fn of(page: Page, fonts: &mut Fonts, room: Room) -> View {
        fonts.begin();
        match page {
            Page::Empty(status) => empty(&status, fonts),
            Page::Home(home) => first(&home, fonts),
            Page::Months(months) => all_months(&months, fonts),
            Page::Month(month) => one_month(&month, fonts),
            Page::Receipt(receipt) => one_receipt(receipt, fonts, room),
            Page::Bulletins(lines) => all_bulletins(&lines, fonts),
            Page::Bulletin(bulletin) => one_bulletin(bulletin, fonts, room),
            Page::Seal(seal) => one_seal(&seal, fonts),
            Page::Status(status) => state(&status, fonts),
            Page::Enrol(enrol) => enrolment(&enrol, fonts),
        }
    }

    /// Tells Slint; `code` is what was drawn for the page before.
    pub fn tell(self, api: &Api<'_>, code: &mut Code) {
        let qr = code.of(&self.qr);
        api.set_title(self.title);
        api.set_subtitle(self.subtitle);
        api.set_rows(model(self.rows));
        api.set_sheets(model(self.sheets));
        api.set_sentence(self.sentence);
        api.set_notice(self.notice);
        api.set_facts(model(self.facts));
        api.set_scans(model(self.scans));
        api.set_has_newest(self.newest.is_some());
        api.set_newest(self.newest.unwrap_or_default());
        api.set_receipts(self.receipts);
        api.set_bulletins(self.bulletins);
        api.set_none(self.none);
        api.set_caption(self.caption);
        api.set_qr_caption(self.qr_caption);
        api.set_age(self.age);
        api.set_trouble(self.trouble);
        api.set_has_qr(qr.is_some());
        api.set_qr(qr.unwrap_or_default());
        api.set_has_seal(self.seal.is_some());
        api.set_code_text(self.code.0);
        api.set_code(self.code.1.unwrap_or_default());
        api.set_check_text(self.check.0);
        api.set_check(self.check.1.unwrap_or_default());
        api.set_enrolled(self.enrolled);
        api.set_page(self.page);
    }
}

fn model<T: Clone + 'static>(rows: Vec<T>) -> ModelRc<T> {
    ModelRc::new(VecModel::from(rows))
}

fn fact(name: &str, value: &str, fonts: &mut Fonts) -> Fact {
    Fact { name: fonts.line(name), value: fonts.line(value) }
}

fn empty(status: &Status, fonts: &mut Fonts) -> View {
    View {
        page: ui::Page::Empty,
        qr_caption: fonts.line("手机扫码"),
        title: fonts.line("明白账"),
        sentence: fonts.line("这块屏还没有收到账本。收到并且核验以后，这里会自己显示出来。"),
        notice: fonts.line(&words::trouble(status).map(|said| said + "。").unwrap_or_default()),
        qr: status.url.clone(),
        ..View::default()
    }
}

fn first(home: &Home, fonts: &mut Fonts) -> View {
    let newest = home.newest.as_ref().map(|line| {
        let (count, short) = words::counted(line);
        let detail =
            if line.nothing { "这个月没有收支".into() } else { short.unwrap_or(count) };
        Newest {
            month: fonts.line(&words::month(line.period)),
            income: fonts.line(&words::yuan(line.income)),
            spending: fonts.line(&words::yuan(line.spending)),
            detail: fonts.line(&detail),
        }
    });
    let trouble = words::trouble(&home.status).unwrap_or_default();
    let trouble_before = if trouble.is_empty() { String::new() } else { format!("{trouble}。") };
    View {
        page: ui::Page::Home,
        title: fonts.line(&format!("{} · 明白账", home.village)),
        subtitle: fonts.line(&home.township),
        newest,
        newest_place: home.newest.as_ref().map(|line| Place::Month(line.period)),
        receipts: fonts.line(&format!("共 {} 张", home.receipts)),
        bulletins: fonts.line(&format!("共 {} 篇", home.bulletins)),
        age: fonts.line(&format!("{}{} ›", trouble_before, words::age(&home.status))),
        trouble: fonts.line(&trouble),
        qr_caption: fonts.line("手机扫码看"),
        qr: home.status.url.clone(),
        ..View::default()
    }
}

fn all_months(months: &[MonthLine], fonts: &mut Fonts) -> View {
    let row = |line: &MonthLine| {
        let (count, short) = words::counted(line);
        let sums =
            format!("收入 {}，支出 {}", words::yuan(line.income), words::yuan(line.spending));
        let detail =
            if line.nothing { "村里声明：这个月没有收支".into() } else { sums };
        Row {
            title: fonts.line(&words::month(line.period)),
            detail: fonts.line(&detail),
            aside: fonts.line(&count),
            tone: if short.is_some() { Tone::Warn } else { Tone::Plain },
            note: fonts.line(&short.unwrap_or_default()),
            opens: true,
        }
    };
    let rows = months.iter().map(row).collect();
    View {
        page: ui::Page::Months,
        title: fonts.line("小发票 · 按月看"),
        none: fonts.line("还没有公布过票据"),
        rows,
        places: months.iter().map(|line| Some(Place::Month(line.period))).collect(),
        ..View::default()
    }
}

fn one_month(month: &Month, fonts: &mut Fonts) -> View {
    let line = &month.line;
    let (count, short) = words::counted(line);
    let sums = format!(
        "收入 {}　支出 {}　共 {count}",
        words::yuan(line.income),
        words::yuan(line.spending)
    );
    let subtitle = match short {
        _ if line.nothing => "村里声明：这个月没有收支".into(),
        Some(short) => format!("{sums}（{short}）"),
        None => sums,
    };
    let rows = month.receipts.iter().map(|receipt| receipt_row(receipt, fonts)).collect();
    View {
        page: ui::Page::Month,
        title: fonts.line(&words::month(line.period)),
        subtitle: fonts.line(&subtitle),
        none: fonts.line("这个月没有票据"),
        rows,
        places: month.receipts.iter().map(|receipt| Some(Place::Receipt(receipt.n))).collect(),
        ..View::default()
    }
}

fn receipt_row(line: &ReceiptLine, fonts: &mut Fonts) -> Row {
    if let Some((title, detail)) = words::untold(line.standing) {
        return untold_row(line.n, title, &detail, fonts);
    }
    let date = line.date.map(|date| format!("{}月{}日  ", date.period().month(), date.day()));
    let (note, tone) = match (words::told(line.standing), line.income) {
        (true, _) if line.standing == crate::pages::Standing::Corrected => ("已更正", Tone::Soft),
        (_, true) => ("收入", Tone::Income),
        (_, false) => ("支出", Tone::Spending),
    };
    Row {
        title: fonts.line(&line.purpose),
        detail: fonts.line(&format!("{}{}", date.unwrap_or_default(), line.payee)),
        aside: fonts.line(&words::yuan(line.amount)),
        note: fonts.line(note),
        tone,
        opens: true,
    }
}

fn untold_row(n: u64, title: &str, detail: &str, fonts: &mut Fonts) -> Row {
    Row {
        title: fonts.line(&format!("第 {n} 号：{title}")),
        detail: fonts.line(detail),
        tone: Tone::Soft,
        opens: true,
        ..Row::default()
    }
}

/// The pictures as they are shown, and how many came.
fn scans(pictures: Vec<(Hash, Option<Picture>)>, room: Room) -> Vec<Scan> {
    let scan = |(_, picture): (Hash, Option<Picture>)| {
        let made = picture.as_ref().and_then(|picture| {
            picture::full(picture).map(|full| (full, picture::small(picture, room.picture())))
        });
        let (full, small) = made.clone().unwrap_or_default();
        Scan { here: made.is_some(), full, small }
    };
    pictures.into_iter().map(scan).collect()
}

fn one_receipt(receipt: Receipt, fonts: &mut Fonts, room: Room) -> View {
    let line = &receipt.line;
    let told = words::told(line.standing);
    let mut facts = Vec::new();
    let mut say = |name: &str, value: &str| {
        if told && !value.is_empty() {
            facts.push(fact(name, value, fonts));
        }
    };
    say("类别", &receipt.category);
    say("签名", &words::signers(&receipt.signed));
    say("无票据", &receipt.no_voucher);
    let mut grounds: Vec<&str> = receipt.covered.iter().map(|g| words::ground(*g)).collect();
    grounds.dedup();
    if !grounds.is_empty() {
        let places = receipt.covered.len();
        say("遮住", &format!("照片上有 {places} 处遮住：{}", grounds.join("、")));
    }
    say("编号", &format!("第 {} 号", line.n));
    let title = if told { line.purpose.clone() } else { format!("第 {} 号票据", line.n) };
    let sentence = if told { words::sentence(line) } else { String::new() };
    let caption = match receipt.pictures.len() {
        0 | 1 => "点一下放大".into(),
        pictures => format!("点开，共 {pictures} 张"),
    };
    View {
        page: ui::Page::Receipt,
        title: fonts.line(&title),
        sentence: fonts.line(&sentence),
        notice: fonts.line(&words::standing(line.standing, "张票据").unwrap_or_default()),
        facts,
        seal: (!receipt.signed.is_empty()).then_some(line.n),
        qr: receipt.url.clone(),
        caption: fonts.line(&caption),
        scans: if told { scans(receipt.pictures, room) } else { Vec::new() },
        ..View::default()
    }
}

fn all_bulletins(lines: &[BulletinLine], fonts: &mut Fonts) -> View {
    let row = |line: &BulletinLine| match words::untold(line.standing) {
        Some((title, detail)) => untold_row(line.n, title, &detail, fonts),
        None => Row {
            title: fonts.line(&line.title),
            detail: fonts.line(&format!("{}  {}", line.column, words::day(line.time.date()))),
            tone: Tone::Plain,
            opens: true,
            ..Row::default()
        },
    };
    let rows = lines.iter().map(row).collect();
    View {
        page: ui::Page::Bulletins,
        title: fonts.line("村务公开"),
        none: fonts.line("还没有公告"),
        rows,
        places: lines.iter().map(|line| Some(Place::Bulletin(line.n))).collect(),
        ..View::default()
    }
}

fn one_bulletin(bulletin: Bulletin, fonts: &mut Fonts, room: Room) -> View {
    let line = &bulletin.line;
    let told = words::told(line.standing);
    let title = if told { line.title.clone() } else { format!("第 {} 号公告", line.n) };
    let signed = words::signers(&bulletin.signed);
    let subtitle = format!("{}  {}  {signed}签", line.column, words::day(line.time.date()));
    let standing = words::standing(line.standing, "篇公告");
    // An older version is read all the same: what is to be said of it stands before its text.
    let (notice, text) = match standing {
        Some(said) if told => (None, format!("（{said}）\n{}", bulletin.text)),
        said => (said, bulletin.text.clone()),
    };
    View {
        page: ui::Page::Bulletin,
        qr_caption: fonts.line("手机扫码"),
        title: fonts.line(&title),
        subtitle: fonts.line(&subtitle),
        sheets: if told { fonts.sheets(&text) } else { Vec::new() },
        notice: fonts.line(&notice.unwrap_or_default()),
        seal: (!bulletin.signed.is_empty()).then_some(line.n),
        qr: bulletin.url.clone(),
        scans: if told { scans(bulletin.pictures, room) } else { Vec::new() },
        ..View::default()
    }
}

fn one_seal(seal: &Seal, fonts: &mut Fonts) -> View {
    let said = [
        format!("{}用只有本人才有的电子印章签了名。", words::signers(&seal.signed)),
        format!("它在全镇的账本里排第 {} 号，谁改一个字、抽掉一张，后面就全对不上。", seal.n),
        "这块屏自己把签名和编号都核对过，对得上才给您看。".into(),
    ];
    let mut facts = Vec::new();
    let mut say = |said: String| facts.push(fact("", &said, fonts));
    say(format!("这一条的指纹：{}", words::in_fours(&seal.fingerprint)));
    say(format!("账本：{}，共 {} 条", seal.origin, seal.size));
    for by in &seal.signed {
        say(format!("{}的印章：{}", words::signer(by), by.key));
    }
    View {
        page: ui::Page::Seal,
        title: fonts.line("为什么说它没被改过？"),
        sheets: said.iter().map(|said| fonts.line(said)).collect(),
        qr_caption: fonts.line("手机再核"),
        facts,
        qr: seal.url.clone(),
        ..View::default()
    }
}

fn state(status: &Status, fonts: &mut Fonts) -> View {
    let trouble = words::trouble_told(status);
    let well = match (&trouble, status.synced) {
        (None, Some(_)) => "一切正常：最近一次收到的内容，全部核验通过。",
        _ => "",
    };
    let unknown = || String::from("不明");
    let newest = status.newest.as_ref();
    let newest =
        newest.map_or_else(unknown, |at| format!("{} {}", words::day(at.date()), at.clock()));
    let facts = [
        ("最近一次更新", words::age(status)),
        ("最新一条签于", newest),
        ("核验过的", format!("{} 条", status.size)),
        ("现在", status.now.and_then(words::moment).unwrap_or_else(unknown)),
    ];
    View {
        page: ui::Page::Status,
        qr_caption: fonts.line("手机扫码"),
        title: fonts.line("这块屏上的账本"),
        sentence: fonts.line(well),
        trouble: fonts.line(&words::trouble(status).unwrap_or_default()),
        facts: facts.iter().map(|(name, value)| fact(name, value, fonts)).collect(),
        notice: fonts.line(&trouble.unwrap_or_default()),
        qr: status.url.clone(),
        ..View::default()
    }
}

fn enrolment(enrol: &Enrol, fonts: &mut Fonts) -> View {
    let characters =
        |code: &str, fonts: &mut Fonts| (fonts.line(code), picture::large(code, fonts));
    let name = enrol.name.as_deref();
    View {
        page: ui::Page::Enrol,
        title: fonts.line("到镇里登记这块屏"),
        sentence: fonts.line(&name.map(|n| format!("已经登记，名字是：{n}")).unwrap_or_default()),
        enrolled: name.is_some(),
        code: characters(enrol.code.as_deref().unwrap_or_default(), fonts),
        check: characters(&enrol.check, fonts),
        ..View::default()
    }
}
