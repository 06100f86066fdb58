//! The list of items: aligned columns for people, JSON lines for scripts.

use crate::desk::{Desk, tell, tell_json};
use crate::draft::Field;
use crate::error::Result;
use crate::item::{Item, Kind, State};
use crate::openness::Choice;
use crate::say;
use ledger::content::{Direction, Invoice, Openness};
use ledger::hash::Hash;
use ledger::money::Fen;
use ledger::statement::Source;
use ledger::time::{Date, Period};
use serde::Serialize;
use std::io::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of the terminal that a purpose may take.
const PURPOSE_WIDTH: usize = 32;

/// An item as scripts see it. Amounts in fen.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    id: i64,
    kind: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<Period>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Fen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Date>,
    purpose: &'a str,
    payee: &'a str,
    category: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<&'a Invoice>,
    /// As in the content; none while its ground is missing, and for a month without receipts.
    #[serde(skip_serializing_if = "Option::is_none")]
    openness: Option<Openness>,
    /// The log index of what it corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrects: Option<u64>,
    missing: Vec<&'static str>,
    images: Vec<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    submission: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    flags: Vec<&'a crate::send::Flag>,
}

impl Item {
    /// Whether it is to be counted: not removed and not replaced.
    pub fn in_work(&self) -> bool {
        !matches!(self.state, State::Removed | State::Revised)
    }

    /// The required fields that are not filled in.
    pub fn missing(&self) -> Vec<Field> {
        match self.kind {
            Kind::Receipt => self.draft.missing(),
            Kind::Nothing => Vec::new(),
        }
    }

    /// As scripts see it.
    pub fn line(&self) -> Line<'_> {
        let status = self.status.as_ref();
        let receipt = self.kind == Kind::Receipt;
        Line {
            id: self.id,
            kind: if receipt { "receipt" } else { "nothing" },
            state: self.state.word(),
            period: self.draft.period,
            direction: receipt.then(|| self.draft.direction()),
            amount: self.draft.amount,
            date: self.draft.date,
            purpose: &self.draft.purpose,
            payee: &self.draft.payee,
            category: &self.draft.category,
            invoice: self.draft.invoice.as_ref(),
            openness: self.openness().filter(|_| receipt),
            corrects: self.draft.corrects,
            missing: self.missing().iter().map(|field| field.name()).collect(),
            images: self.images().map(|image| image.sha256).collect(),
            submission: self.signed.as_ref().map(|signed| signed.submission),
            index: status.and_then(|status| status.index),
            reason: status.and_then(|status| status.reason.as_deref()),
            source: status.and_then(|status| status.source),
            flags: status.map(|status| status.flags.iter().collect()).unwrap_or_default(),
        }
    }

    /// What became of it, in words.
    pub fn state_text(&self) -> String {
        let status = self.status.clone().unwrap_or_default();
        let mut text = match (self.state, status.index) {
            (State::Draft, _) if !self.missing().is_empty() => {
                say!("未填完，缺{fields}", fields = Field::list(&self.missing()))
            }
            (State::Published, Some(index)) => say!("已公布 {index}", index = index),
            (State::Returned, _) => say!(
                "已退回：{why}（{source}）",
                why = status.reason.unwrap_or_default(),
                source = source_label(status.source)
            ),
            (state, _) => state.label(),
        };
        if let Some(of) = self.draft.corrects {
            text += &say!("（更正登记册第 {of} 号）", of = of);
        }
        if status.flags.iter().any(|flag| flag.code == "invoice-used") {
            text += &say!("，发票号与别的票据重复");
        }
        text
    }
}

/// What kind of fault the office found, in its words.
pub fn source_label(source: Option<Source>) -> String {
    match source {
        Some(source) => source.label(),
        None => say!("未说明环节"),
    }
}

/// Prints the items.
///
/// # Errors
/// [`crate::error::Error::Outbox`], [`crate::error::Error::Terminal`].
pub fn list(desk: &Desk, all: bool, json: bool, out: &mut dyn Write) -> Result<()> {
    let items = desk.outbox.items()?;
    let shown: Vec<&Item> = items.iter().filter(|item| all || item.in_work()).collect();
    if json {
        return shown.iter().try_for_each(|item| tell_json(out, &item.line()));
    }
    if shown.is_empty() {
        return tell(out, say!("发件箱是空的；用 add 加入票据照片"));
    }
    table(&shown, out)
}

/// Prints items as a table.
///
/// # Errors
/// [`crate::error::Error::Terminal`].
pub fn table(items: &[&Item], out: &mut dyn Write) -> Result<()> {
    let heads =
        [say!("编号"), say!("月份"), say!("日期"), say!("金额"), say!("事由"), say!("状态")];
    let rows: Vec<[String; 6]> = items.iter().map(|item| cells(item)).collect();
    let mut widths = [0; 6];
    for row in rows.iter().chain([&heads]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    for row in [&heads].into_iter().chain(&rows) {
        let cells = row.iter().zip(widths).enumerate().map(|(n, (cell, width))| {
            let blanks = " ".repeat(width - cell.width());
            // Numbers stand to the right.
            if n == 0 || n == 3 { format!("{blanks}{cell}") } else { format!("{cell}{blanks}") }
        });
        tell(out, cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

fn cells(item: &Item) -> [String; 6] {
    let draft = &item.draft;
    let sign = if draft.direction() == Direction::In { "+" } else { "-" };
    let purpose = match item.kind {
        Kind::Receipt => cut(&draft.purpose, PURPOSE_WIDTH),
        Kind::Nothing => say!("本月没有票据"),
    };
    [
        item.id.to_string(),
        draft.period.map(|period| period.to_string()).unwrap_or_default(),
        draft.date.map(|date| date.to_string()).unwrap_or_default(),
        draft.amount.map(|amount| format!("{sign}{amount}")).unwrap_or_default(),
        purpose,
        item.state_text(),
    ]
}

/// The text within so many columns, with a mark where it was cut.
fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.into();
    }
    let mut used = 1;
    let fits = text.chars().take_while(|c| {
        used += c.width().unwrap_or_default();
        used <= columns
    });
    fits.collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::draft::Draft;

    fn item(id: i64, purpose: &str, amount: i64) -> Item {
        let draft =
            Draft { purpose: purpose.into(), amount: Some(Fen(amount)), ..Draft::default() };
        Item {
            id,
            kind: Kind::Receipt,
            state: State::Received,
            draft,
            pages: Vec::new(),
            signed: None,
            status: None,
            offered: true,
        }
    }

    #[test]
    fn columns_line_up_under_chinese_text() {
        let (a, b) = (item(1, "路灯维修", 123_456), item(12, &"长".repeat(50), 5));
        let mut out = Vec::new();
        table(&[&a, &b], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let starts: Vec<usize> = text
            .lines()
            .map(|line| line.split("状态").next().unwrap().split("已收到").next().unwrap().width())
            .collect();
        assert_eq!(starts.len(), 3);
        assert!(starts.iter().all(|start| *start == starts[0]), "{text}");
        assert!(text.contains("-1,234.56") && text.contains('…'));
    }

    #[test]
    fn a_cut_text_keeps_to_its_columns() {
        assert_eq!(cut("路灯维修", 8), "路灯维修");
        assert_eq!(cut("路灯维修", 7), "路灯维…");
        assert_eq!(cut("abc", 2), "a…");
    }
}
