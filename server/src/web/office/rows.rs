//! A submission as a line of a list.

use std::collections::HashMap;

use ledger::content::{BulletinContent, Content, Direction, ReceiptContent};
use rusqlite::Connection;

use crate::error::Result;
use crate::review::{State, Submission};
use crate::view;
use crate::web::words::Words;

/// What a submission holds.
pub enum Held {
    /// A receipt, new or as a correction.
    Receipt(Box<ReceiptContent>),
    /// A bulletin, new or as a correction.
    Bulletin(Box<BulletinContent>),
    /// The statement that a month had no receipts, or content that was withdrawn since.
    Nothing,
}

impl Held {
    /// What this submission holds.
    pub fn of(submission: &Submission) -> Self {
        let body = submission.body.as_deref().unwrap_or_default().as_bytes();
        if let Ok(receipt) = ReceiptContent::parse(body) {
            return Self::Receipt(Box::new(receipt));
        }
        match BulletinContent::parse(body) {
            Ok(bulletin) => Self::Bulletin(Box::new(bulletin)),
            Err(_) => Self::Nothing,
        }
    }
}

/// A line of a list.
pub struct Row {
    /// The submission's id.
    pub id: String,
    /// The village's name.
    pub place: String,
    /// What for, or the title.
    pub title: String,
    /// With currency; empty where there is none.
    pub amount: String,
    /// Whether the money came in.
    pub income: bool,
    /// The paper's date.
    pub date: String,
    /// Who signed or wrote it.
    pub signer: String,
    /// What to look at.
    pub flags: Vec<&'static str>,
    /// When it was decided.
    pub changed: String,
    /// Why it was returned, or its number.
    pub note: String,
    /// Where to open it.
    pub link: Option<String>,
    /// Where to withdraw it.
    pub withdraw: Option<String>,
    /// Whether whoever looks may go on with it now.
    pub open: bool,
    /// The text that a supervisor signs.
    pub text: String,
}

/// Names of villages by code, for a whole list.
pub struct Names(HashMap<String, String>);

impl Names {
    /// The names that these submissions need.
    pub fn of(db: &Connection, submissions: &[Submission]) -> Result<Self> {
        let mut names = HashMap::new();
        for submission in submissions {
            if !names.contains_key(&submission.village) {
                let name = view::village_name(db, &submission.village)?;
                let name = name.unwrap_or_else(|| submission.village.clone());
                names.insert(submission.village.clone(), name);
            }
        }
        Ok(Self(names))
    }

    /// The name of a village.
    pub fn get(&self, code: &str) -> &str {
        self.0.get(code).map_or("", String::as_str)
    }
}

/// The line of a submission.
pub fn row(w: Words, names: &Names, submission: &Submission) -> Row {
    let mut row = Row {
        id: submission.id.clone(),
        place: names.get(&submission.village).to_owned(),
        title: w.t("本月没有收支").to_owned(),
        amount: String::new(),
        income: false,
        date: String::new(),
        signer: submission.author.clone().unwrap_or_else(|| submission.signer.clone()),
        flags: submission.flags.iter().map(|flag| flag_words(w, flag.code)).collect(),
        changed: when(&submission.changed),
        note: note(w, submission),
        link: Some(w.link(&format!("/office/s/{}", submission.id))),
        withdraw: None,
        open: false,
        text: String::new(),
    };
    match Held::of(submission) {
        Held::Receipt(receipt) => {
            row.title = receipt.purpose;
            row.amount = w.money(&receipt.amount);
            row.income = receipt.direction == Direction::In;
            row.date = receipt.date.to_string();
        }
        Held::Bulletin(bulletin) => row.title = bulletin.title,
        Held::Nothing if submission.kind == "nothing" => {}
        Held::Nothing => row.title = w.t("内容已撤回").to_owned(),
    }
    if submission.kind == "correction" {
        row.title = w.fill("更正：{title}", &[("title", &row.title)]);
    }
    row
}

fn note(w: Words, submission: &Submission) -> String {
    match (submission.state, submission.index) {
        (State::Published, Some(n)) => w.one("第 {n} 号", &n),
        (State::Returned, _) => submission.reason.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

/// A flag in words.
pub fn flag_words(w: Words, code: &str) -> &'static str {
    match code {
        "invoice-used" => w.t("发票号码已用过"),
        "image-used" => w.t("图片已用过"),
        _ => w.t("另有一件收款人、金额、日期都相同"),
    }
}

/// An RFC 3339 time to the minute, without its offset: all of the office is in one zone.
pub fn when(time: &str) -> String {
    time.get(..16).unwrap_or(time).replace('T', " ")
}
