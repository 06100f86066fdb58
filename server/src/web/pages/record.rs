//! The record: one receipt or bulletin, who signed it, and where it stands in the log.

use askama::Template;
use ledger::content::{BulletinContent, Direction, ImageRef, Payment, ReceiptContent};
use ledger::time::Period;
use rusqlite::Connection;

use super::shown::{Link, Shown};
use super::verify::Check;
use super::{Frame, Rendered};
use crate::clock;
use crate::error::Result;
use crate::view::{self, BulletinLine, Item, Place, Signer, Which};
use crate::web::questions::Shown as Question;
use crate::web::words::Words;

/// Hex digits of the log's root that the page shows: enough to compare by eye.
const ROOT_DIGITS: usize = 16;

/// What the office says above a record that was changed since.
struct Said {
    title: &'static str,
    text: String,
    link: Option<(u64, String)>,
}

#[derive(Template)]
#[template(path = "record.html")]
struct Record {
    f: Frame,
    item: Item,
    village: String,
    content: Option<ReceiptContent>,
    sentence: String,
    plain: Option<String>,
    rows: Vec<(&'static str, String)>,
    standing: Option<Said>,
    signers: Vec<String>,
    place: String,
    root: String,
    questions: Vec<Question>,
    check: Check,
}

/// The longest side of the small picture, as uploaders make it, pixels: a page keeps its place before it is there.
const SMALL: u32 = 320;

impl Record {
    /// Width and height of a picture's small copy.
    fn small(&self, picture: &ImageRef) -> (u32, u32) {
        let longest = picture.width.max(picture.height).max(1);
        let side = |side: u32| {
            (u64::from(side) * u64::from(SMALL.min(longest)) / u64::from(longest)) as u32
        };
        (side(picture.width), side(picture.height))
    }
}

/// A receipt, or the statement that a month had none.
pub fn record(db: &Connection, frame: Frame, n: u64) -> Rendered {
    let Some(item) = view::item(db, n)?.filter(|item| item.kind != "bulletin") else {
        return Ok(None);
    };
    let w = frame.w;
    let village = village_of(db, &item)?;
    let content = item.receipt();
    let sentence = content.as_ref().map(|c| sentence(w, &village, c)).unwrap_or_default();
    let plain = (item.kind == "nothing").then(|| {
        let month = item.period.as_ref().map(|period| w.month(period)).unwrap_or_default();
        w.fill("{village}申报：{month}没有收支。", &[("village", &village), ("month", &month)])
    });
    let title = match &content {
        Some(content) => content.purpose.clone(),
        None => w.one("第 {n} 号记录", &n),
    };
    let about =
        if sentence.is_empty() { plain.clone().unwrap_or_default() } else { sentence.clone() };
    let picture = content.as_ref().and_then(|c| c.images.first()).map(|image| image.thumb);
    let rows = content.as_ref().map(|c| receipt_rows(w, &village, item.period, c));
    super::rendered(&Record {
        questions: asked_about(db, w, &item)?,
        standing: standing(w, &item),
        signers: signers(&frame, &item.signers),
        place: place(&frame, n),
        root: root(&frame),
        check: Check::of(db, &item)?,
        f: frame.titled(&title, &about).shown_as(&format!("/r/{n}"), picture.as_ref()),
        item,
        village,
        content,
        sentence,
        plain,
        rows: rows.unwrap_or_default(),
    })
}

#[derive(Template)]
#[template(path = "bulletin.html")]
struct Bulletin {
    f: Frame,
    item: Item,
    column: Option<(String, String)>,
    shown: Option<Shown>,
    past: bool,
    standing: Option<Said>,
    signers: Vec<String>,
    place: String,
    root: String,
    questions: Vec<Question>,
    check: Check,
}

/// A bulletin.
pub fn bulletin(db: &Connection, frame: Frame, n: u64) -> Rendered {
    let Some(item) = view::item(db, n)?.filter(|item| item.kind == "bulletin") else {
        return Ok(None);
    };
    let w = frame.w;
    let content = item.bulletin();
    let columns = view::columns(db)?;
    let column = content.as_ref().and_then(|content| {
        let column = columns.into_iter().find(|column| column.id == content.column)?;
        let name = if w.zh() { column.name } else { column.name_en };
        Some((column.id, name))
    });
    let picture = content.as_ref().and_then(|c| c.images.first()).map(|image| image.thumb);
    let until = content.as_ref().and_then(|content| content.until.clone());
    let shown = match content {
        Some(content) => Some(shown(db, w, &item, content)?),
        None => None,
    };
    let (title, about) = match &shown {
        Some(shown) => (shown.title.clone(), shown.about.clone()),
        None => (w.one("第 {n} 号公告", &n), String::new()),
    };
    super::rendered(&Bulletin {
        questions: asked_about(db, w, &item)?,
        past: until.is_some_and(|until| until.unix_seconds() < frame.now),
        standing: standing(w, &item),
        signers: signers(&frame, &item.signers),
        place: place(&frame, n),
        root: root(&frame),
        check: Check::of(db, &item)?,
        f: frame.titled(&title, &about).shown_as(&format!("/b/{n}"), picture.as_ref()),
        item,
        column,
        shown,
    })
}

/// A published bulletin with the links between policies and what explains them.
fn shown(db: &Connection, w: Words, item: &Item, content: BulletinContent) -> Result<Shown> {
    let explained = content.explains;
    let mut shown = Shown::of(w, content, village_of(db, item)?, w.moment(&item.time), "/blob/");
    let link = |label, (n, title)| Link { label, href: w.link(&format!("/b/{n}")), title };
    if let Some(policy) = explained {
        let policy = view::policy(db, &policy)?;
        shown.links.extend(policy.map(|policy| link(w.t("解读的文件："), policy)));
    }
    let explanations = view::explanations(db, item.n)?.into_iter();
    shown.links.extend(explanations.map(|one| link(w.t("解读："), one)));
    Ok(shown)
}

#[derive(Template)]
#[template(path = "bulletins.html")]
struct Bulletins {
    f: Frame,
    bulletins: Vec<BulletinLine>,
    columns: Vec<(String, String)>,
    chosen: String,
    newer: Option<String>,
    older: Option<String>,
}

/// Bulletins of one column, or of all when `chosen` is empty.
pub fn bulletins(db: &Connection, frame: Frame, chosen: &str, after: Option<Place>) -> Rendered {
    let w = frame.w;
    let columns: Vec<_> = view::columns(db)?
        .into_iter()
        .map(|column| (column.id, if w.zh() { column.name } else { column.name_en }))
        .collect();
    let name = columns.iter().find(|(id, _)| id == chosen).map(|(_, name)| name.clone());
    if !chosen.is_empty() && name.is_none() {
        return Ok(None);
    }
    let limit = view::BULLETINS_PAGE + 1; // one more tells whether there is an older page
    let column = (!chosen.is_empty()).then_some(chosen);
    let which = Which { column, after, limit, village: None, now: frame.now };
    let mut bulletins = view::bulletins(db, which)?;
    let more = bulletins.len() == limit;
    bulletins.truncate(view::BULLETINS_PAGE);
    let last = bulletins.last().filter(|_| more).map(|line| (line.n, line.shown));
    let path = if chosen.is_empty() { "/b".to_owned() } else { format!("/b?column={chosen}") };
    let joint = if chosen.is_empty() { '?' } else { '&' };
    let older = last.map(|(n, shown)| {
        let past = if shown { "" } else { "&past=1" };
        format!("{path}{joint}before={n}{past}")
    });
    super::rendered(&Bulletins {
        f: frame
            .titled(name.as_deref().unwrap_or(w.t("公告")), w.t("镇里和各村的公告。"))
            .shown_as(&path, None)
            .with_feed(path.replacen("/b", "/b/feed.atom", 1)),
        bulletins,
        columns,
        chosen: chosen.to_owned(),
        newer: after.map(|_| path.clone()),
        older,
    })
}

/// What was asked about a record, in any of its versions.
fn asked_about(db: &Connection, w: Words, item: &Item) -> Result<Vec<Question>> {
    let asked = view::questions::about(db, item.corrects.unwrap_or(item.n))?;
    Ok(asked.iter().map(|one| Question::of(w, one, clock::today())).collect())
}

fn village_of(db: &Connection, item: &Item) -> Result<String> {
    Ok(view::village_name(db, &item.village)?.unwrap_or_else(|| item.village.clone()))
}

/// The receipt as a sentence that can be read aloud.
fn sentence(w: Words, village: &str, content: &ReceiptContent) -> String {
    let (day, amount) = (w.day(&content.date), w.money(&content.amount));
    let values = [
        ("day", day.as_str()),
        ("village", village),
        ("amount", amount.as_str()),
        ("purpose", content.purpose.as_str()),
        ("payee", content.payee.as_str()),
    ];
    match content.direction {
        Direction::Out => {
            w.fill("{day}，{village}支出 {amount}，用于{purpose}，付给{payee}。", &values)
        }
        Direction::In => {
            w.fill("{day}，{village}收入 {amount}，来自{payee}，是{purpose}。", &values)
        }
    }
}

/// The fields of a receipt with their names; empty ones are left out.
pub fn receipt_rows(
    w: Words,
    village: &str,
    month: Option<Period>,
    content: &ReceiptContent,
) -> Vec<(&'static str, String)> {
    let income = content.direction == Direction::In;
    let invoice = content.invoice.as_ref();
    let payment = match content.payment {
        Some(Payment::Transfer) => w.t("转账"),
        Some(Payment::Cash) => w.t("现金"),
        None => "",
    };
    let mut rows = vec![
        (if income { w.t("收入") } else { w.t("支出") }, w.money(&content.amount)),
        (w.t("日期"), w.day(&content.date)),
        (w.t("用途"), content.purpose.clone()),
        (if income { w.t("付款人") } else { w.t("收款人") }, content.payee.clone()),
        (w.t("类别"), content.category.clone()),
        (w.t("经手人"), content.handler.clone()),
        (w.t("证明人"), content.witness.clone()),
        (w.t("审核人"), content.supervisor.clone()),
        (w.t("审批人"), content.approver.clone()),
        (w.t("领款人"), content.recipient.clone()),
        (w.t("付款方式"), payment.to_owned()),
        (w.t("会议记录"), content.resolution.clone()),
        (w.t("发票代码"), invoice.map(|invoice| invoice.code.clone()).unwrap_or_default()),
        (w.t("发票号码"), invoice.map(|invoice| invoice.number.clone()).unwrap_or_default()),
        (w.t("村"), village.to_owned()),
        (w.t("记账月份"), month.map(|month| w.month(&month)).unwrap_or_default()),
    ];
    rows.retain(|(_, value)| !value.is_empty());
    rows
}

fn standing(w: Words, item: &Item) -> Option<Said> {
    if let Some((by, reason)) = &item.withdrawn {
        let why = reason_words(w, reason, item.ground.as_deref());
        if item.ground.is_some() {
            return Some(Said { title: w.t("这一条没有公开。"), text: why, link: None });
        }
        let text = w.fill(
            "{why}撤回记在登记册第 {n} 号。内容和图片不再公开，这一条在登记册里的位置还在。",
            &[("why", &why), ("n", &by.to_string())],
        );
        return Some(Said { title: w.t("这一条已撤回。"), text, link: None });
    }
    if let Some(newer) = item.corrected {
        let text = w.t("下面是更正以前的内容。").to_owned();
        let link = Some((newer, w.one("看更正后的第 {n} 号", &newer)));
        return Some(Said { title: w.t("这一条已更正。"), text, link });
    }
    let older = item.corrects?;
    let link = Some((older, w.one("看更正前的第 {n} 号", &older)));
    Some(Said { title: w.t("这一条是更正后的。"), text: String::new(), link })
}

/// A reason's code in words, as a sentence, with the law's ground where there is one.
pub fn reason_words(w: Words, code: &str, ground: Option<&str>) -> String {
    let reason = match code {
        "personal" => w.t("原因：含有个人信息。"),
        "mistaken" => w.t("原因：内容有误。"),
        "duplicate" => w.t("原因：重复公布。"),
        "abuse" => w.t("原因：辱骂、威胁、广告或刷屏。"),
        "ordered" => w.t("原因：上级机关或法院要求。"),
        "on-request" => w.t("依申请公开，可以向镇政府申请查看。"),
        "withheld" => w.t("依法不予公开。"),
        _ => "",
    };
    let ground =
        ground.map(|ground| w.fill("理由：{ground}。", &[("ground", ground_words(w, ground))]));
    format!("{reason}{}", ground.unwrap_or_default())
}

/// A legal ground's word as a phrase.
pub fn ground_words(w: Words, ground: &str) -> &'static str {
    match ground {
        "state-secret" => w.t("国家秘密"),
        "safety" => w.t("危及国家安全、公共安全、经济安全、社会稳定"),
        "trade-secret" => w.t("商业秘密"),
        "privacy" => w.t("个人隐私"),
        "internal" => w.t("内部事务"),
        "process" => w.t("过程性信息"),
        "enforcement" => w.t("行政执法案卷"),
        _ => "",
    }
}

fn signers(frame: &Frame, signers: &[Signer]) -> Vec<String> {
    let w = frame.w;
    let said = |signer: &Signer| {
        let role = match signer.role.as_str() {
            "office" => w.t("镇政府"),
            "accountant" => w.t("村报账员"),
            "supervisor" => w.t("村务监督委员会"),
            _ => w.t("其他签名"),
        };
        let post = signer.post.as_deref().filter(|post| !post.is_empty()).unwrap_or(role);
        let office = (signer.role == "office").then_some(frame.township.as_str());
        let who = signer.holder.as_deref().or(office).unwrap_or(&signer.key);
        w.fill("{who}（{post}）", &[("who", who), ("post", post)])
    };
    signers.iter().map(said).collect()
}

fn place(frame: &Frame, n: u64) -> String {
    let size = frame.size.to_string();
    frame.w.fill("第 {n} 号（登记册共 {size} 条）", &[("n", &n.to_string()), ("size", &size)])
}

/// The beginning of the log's root, in groups that can be read aloud.
fn root(frame: &Frame) -> String {
    let text = frame.root.to_string();
    let digits: Vec<char> = text.chars().take(ROOT_DIGITS).collect();
    let groups: Vec<String> = digits.chunks(4).map(|group| group.iter().collect()).collect();
    format!("{} …", groups.join(" "))
}
