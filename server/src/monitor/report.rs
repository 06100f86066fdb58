//! The report: what was checked, when, and what is wrong, for people (HTML and text) and for programs (JSON).

use std::path::Path;

use askama::Template;
use ledger::time::Period;
use serde_json::json;

use super::alarm::Raised;
use super::book::{Book, Month};
use super::store::{Shown, Store};
use super::{Options, alarm::Kind};
use crate::clock;
use crate::durable::{self, Access};
use crate::error::{Error, Result};
use crate::rulebook::Rulebook;
use crate::web::words::Words;

/// Months that the table shows.
const MONTHS_SHOWN: usize = 12;
/// Heads that the report lists.
const HEADS_SHOWN: u32 = 50;
/// The style of the house, sent inside the report: it is one file.
const STYLE: &str = concat!(
    include_str!("../../../assets/style/tokens.css"),
    include_str!("../../../assets/style/site.css"),
);

/// All that a round found.
pub struct Status {
    pub(super) now: i64,
    pub(super) since: i64,
    pub(super) alarms: Vec<Raised>,
    pub(super) book: Book,
    pub(super) heads: u64,
    pub(super) history: Vec<Shown>,
    pub(super) evidence: Vec<(Kind, String)>,
    pub(super) head: Option<Head>,
}

/// The head that everything was verified against.
pub(super) struct Head {
    pub size: u64,
    pub root: String,
}

impl Status {
    pub(super) fn read(store: &Store, book: Book, alarms: Vec<Raised>, now: i64) -> Result<Self> {
        let view = store.view()?;
        let head = (!view.checkpoint().is_empty())
            .then(|| Head { size: view.size(), root: view.root().to_string() });
        let mut evidence = Vec::new();
        for kind in [Kind::Fork, Kind::Rollback, Kind::Signature] {
            let files = store.evidence_of(kind.code())?;
            evidence.extend(files.into_iter().map(|(_, file)| (kind, file)));
        }
        let (heads, history) = (store.heads()?, store.history(HEADS_SHOWN)?);
        Ok(Self { now, since: store.since()?, alarms, book, heads, history, evidence, head })
    }

    /// The alarms that somebody has to be woken for.
    #[must_use]
    pub fn urgent(&self) -> usize {
        self.alarms.iter().filter(|alarm| alarm.counts()).count()
    }

    /// One line for programs.
    #[must_use]
    pub fn json(&self, w: &Words) -> String {
        let alarms: Vec<_> = self
            .alarms
            .iter()
            .map(|raised| {
                json!({
                    "kind": raised.alarm.kind.code(),
                    "subject": raised.alarm.subject,
                    "text": raised.alarm.said.said(w),
                    "since": clock::text_of(raised.since),
                    "new": !raised.told,
                })
            })
            .collect();
        json!({
            "time": clock::text_of(self.now),
            "since": clock::text_of(self.since),
            "well": self.urgent() == 0,
            "size": self.head.as_ref().map(|head| head.size),
            "root": self.head.as_ref().map(|head| head.root.as_str()),
            "entries": self.book.entries,
            "contents": self.book.contents,
            "pictures": self.book.pictures,
            "heads": self.heads,
            "newest": self.book.newest.map(clock::text_of),
            "alarms": alarms,
            "evidence": self.evidence.iter().map(|(_, file)| file.as_str()).collect::<Vec<_>>(),
        })
        .to_string()
    }

    /// What is said on a terminal: the alarms, and what was checked.
    #[must_use]
    pub fn lines(&self, w: &Words) -> Vec<String> {
        let said = |raised: &Raised| {
            let (title, said) = (raised.alarm.kind.title(w), raised.alarm.said.said(w));
            w.fill("【{title}】{said}", &[("title", title), ("said", &said)])
        };
        let mut lines: Vec<String> = self.alarms.iter().map(said).collect();
        lines.push(self.checked(w));
        lines
    }

    /// What was checked, in one sentence.
    fn checked(&self, w: &Words) -> String {
        let [entries, contents, pictures] =
            [self.book.entries, self.book.contents, self.book.pictures]
                .map(|count| count.to_string());
        w.fill(
            "核对了 {entries} 条、{contents} 份内容、{pictures} 张图片",
            &[("entries", &entries), ("contents", &contents), ("pictures", &pictures)],
        )
    }
}

/// A row of the table of villages and months.
struct Row {
    name: String,
    cells: Vec<Cell>,
}

struct Cell {
    text: String,
    is_late: bool,
}

/// An alarm as the report says it.
struct Said {
    title: &'static str,
    text: String,
    meaning: &'static str,
    since: String,
}

#[derive(Template)]
#[template(path = "monitor.html")]
struct Page<'a> {
    w: Words,
    css: &'static str,
    township: &'a str,

    url: &'a str,
    vkey: String,
    title: String,
    /// When it was checked, and since when it is watched.
    time: String,
    urgent: usize,
    alarms: Vec<Said>,
    checked: String,
    head: Option<&'a Head>,
    months: Vec<String>,
    rows: Vec<Row>,
    heads: u64,
    history: Vec<(String, &'a str, u64)>,
    evidence: Vec<&'a str>,
    how: &'static str,
    /// How one checks oneself.
    command: String,
}

/// Writes `report.html` and `report.txt` into a directory, each whole or not at all.
///
/// # Errors
/// When they cannot be written.
pub(super) fn write(
    into: &Path,
    options: &Options,
    rules: &Rulebook,
    status: &Status,
) -> Result<()> {
    let page = page(options, rules, status);
    let html = page.render().map_err(|error| Error::Corrupt(format!("模板：{error}")))?;
    durable::replace(&into.join("report.html"), html.as_bytes(), Access::Public)?;
    durable::replace(&into.join("report.txt"), text(&page).as_bytes(), Access::Public)
}

/// A village's months, each with what it holds and whether it is late.
type Months = Vec<(Period, Month, bool)>;

#[allow(clippy::too_many_lines, reason = "one part of the report after the other")]
fn page<'a>(options: &'a Options, rules: &Rulebook, status: &'a Status) -> Page<'a> {
    let w = options.words;
    let moment = |unix| clock::moment(unix).map(|time| w.moment(&time)).unwrap_or_default();
    let today = clock::day_of(status.now);
    let said = |raised: &Raised| Said {
        title: raised.alarm.kind.title(&w),
        text: raised.alarm.said.said(&w),
        meaning: raised.alarm.kind.meaning(&w),
        since: w.fill("从 {since} 起。", &[("since", &moment(raised.since))]),
    };
    let tables: Vec<(String, Months)> = status
        .book
        .villages
        .iter()
        .map(|(code, accounts)| {
            let name =
                if accounts.name.is_empty() { code.to_string() } else { accounts.name.clone() };
            (name, status.book.months(*code, rules, today))
        })
        .collect();
    let mut months: Vec<Period> =
        tables.iter().flat_map(|(_, months)| months.iter().map(|(period, ..)| *period)).collect();
    months.sort_unstable();
    months.dedup();
    months.drain(..months.len().saturating_sub(MONTHS_SHOWN));
    let cell = |months: &[(Period, Month, bool)], period: &Period| {
        let found = months.iter().find(|(one, ..)| one == period);
        let is_late = found.is_some_and(|(_, _, late)| *late);
        Cell {
            text: found.map(|(_, month, _)| said_of(w, month, is_late)).unwrap_or_default(),
            is_late,
        }
    };
    let row = |(name, own): &(String, Vec<_>)| Row {
        name: name.clone(),
        cells: months.iter().map(|period| cell(own, period)).collect(),
    };
    Page {
        w,
        css: STYLE,
        township: &status.book.township,

        url: &options.url,
        title: w.fill("{origin} 监督报告", &[("origin", options.log.name())]),
        time: w.fill(
            "{time} 核对；从 {since} 开始监督",
            &[("time", &moment(status.now)), ("since", &moment(status.since))],
        ),
        urgent: status.urgent(),
        alarms: status.alarms.iter().map(said).collect(),
        checked: status.checked(&w),
        head: status.head.as_ref(),
        rows: tables.iter().map(row).collect(),
        months: months.iter().map(|period| w.month(period)).collect(),
        heads: status.heads,
        history: status
            .history
            .iter()
            .map(|shown| (moment(shown.time), shown.source.as_str(), shown.size))
            .collect(),
        evidence: status.evidence.iter().map(|(_, file)| file.as_str()).collect(),
        how: w.t("不必相信这份报告，您可以自己核对，任何电脑都行："),
        command: format!(
            "mingbai-server monitor --once --url {} --vkey {} --data ./jiandu",
            options.url, options.log
        ),
        vkey: options.log.to_string(),
    }
}

fn said_of(w: Words, month: &Month, is_late: bool) -> String {
    let said = match month {
        _ if is_late => w.t("缺，已过期").to_owned(),
        Month { receipts: 1.., .. } => w.one("{n} 条", &month.receipts),
        Month { nothing: true, .. } => w.t("没有收支").to_owned(),
        _ => String::new(),
    };
    if month.closed { w.fill("{said} 已结账", &[("said", &said)]) } else { said }
}

/// The same for a terminal or a letter.
fn text(page: &Page<'_>) -> String {
    let w = page.w;
    let mut lines = vec![
        page.title.clone(),
        page.time.clone(),
        match page.urgent {
            0 => w.t("没有发现问题。").to_owned(),
            n => w.one("有 {n} 个问题，请看下面。", &n),
        },
        page.checked.clone(),
        String::new(),
    ];
    for alarm in &page.alarms {
        lines.push(w.fill("【{title}】{said}", &[("title", alarm.title), ("said", &alarm.text)]));
        lines.push(format!("  {}", alarm.meaning));
    }
    if let Some(head) = page.head {
        let size = head.size.to_string();
        lines.push(String::new());
        lines.push(
            w.fill("账本首页：{size} 条，树根 {root}", &[("size", &size), ("root", &head.root)]),
        );
    }
    for row in &page.rows {
        lines.push(String::new());
        lines.push(row.name.clone());
        for (month, cell) in page.months.iter().zip(&row.cells).filter(|(_, c)| !c.text.is_empty())
        {
            lines.push(format!("  {month}  {}", cell.text));
        }
    }
    lines.push(String::new());
    lines.push(w.one("见过 {n} 份签了名的账本首页，新的在前：", &page.heads));
    for (time, source, size) in &page.history {
        lines.push(format!("  {time}  {source}  {size}"));
    }
    if !page.evidence.is_empty() {
        lines.push(w.t("证据文件（在 evidence 目录里）：").to_owned());
        lines.extend(page.evidence.iter().map(|file| format!("  {file}")));
    }
    lines.push(String::new());
    lines.push(page.how.to_owned());
    lines.push(format!("  {}", page.command));
    lines.join("\n") + "\n"
}
