//! `township.json`: what the sample township says about itself, for whoever plays it through.

use serde::{Deserialize, Serialize};

/// What it was made from; equal parameters give equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Grows with every change of the drawing, so that old output is not taken for new.
    pub edition: u32,
    /// The seed.
    pub seed: u64,
    /// How many receipts.
    pub receipts: usize,
    /// How many months, from 2026-05.
    pub months: usize,
    /// How many villages.
    pub villages: usize,
}

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Township {
    /// What it was made from.
    pub made: Made,
    /// The township itself.
    pub township: Place,
    /// Its villages.
    pub villages: Vec<VillageEntry>,
    /// Columns of the bulletins.
    pub columns: Vec<Column>,
    /// People of the township office.
    pub staff: Vec<Staff>,
    /// Everything spent and taken in, by village, period and date.
    pub receipts: Vec<Receipt>,
    /// What the office has to say.
    pub bulletins: Vec<Bulletin>,
    /// Months in which a village had nothing.
    pub nothing: Vec<Nothing>,
}

/// A code and a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Twelve-digit statistical code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A village.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VillageEntry {
    /// Twelve-digit statistical code.
    pub code: String,
    /// Name.
    pub name: String,
    /// The accountant's name.
    pub accountant: String,
}

/// A column of bulletins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Short id.
    pub id: String,
    /// Chinese name.
    pub name: String,
    /// English name.
    pub name_en: String,
}

/// Someone in the office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// `editor` or `reviewer`.
    pub role: String,
    /// The person's name.
    pub name: String,
    /// Login name.
    pub login: String,
}

/// Which way money went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Taken in.
    In,
    /// Spent.
    Out,
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The photo, relative to the file's folder.
    pub photo: String,
    /// `invoice`, `slip`, `fuel`, `payroll` or `income`.
    pub kind: String,
    /// The village's code.
    pub village: String,
    /// `YYYY-MM`.
    pub period: String,
    /// Which way.
    pub direction: Direction,
    /// Fen, tax included.
    pub amount: i64,
    /// `YYYY-MM-DD`.
    pub date: String,
    /// What for.
    pub purpose: String,
    /// Who was paid; who paid, when `in`.
    pub payee: String,
    /// Heading in the books.
    pub category: String,
    /// 经手人.
    pub handler: String,
    /// 证明人.
    pub witness: String,
    /// 审批人.
    pub approver: String,
    /// The invoice's identity, when the paper is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub invoice: Option<InvoiceId>,
    /// Whether the paper carries an invoice QR code.
    pub has_qr: bool,
    /// The text of that code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub qr: Option<String>,
    /// The other village's receipt whose invoice this one uses again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duplicate_of: Option<String>,
}

/// What identifies an invoice. Empty parts are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceId {
    /// Type code (`32`, `10`, `04`).
    #[serde(rename = "type")]
    pub kind: String,
    /// Invoice code.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub code: String,
    /// Invoice number.
    pub number: String,
    /// Check code.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub check: String,
}

/// A bulletin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulletin {
    /// Id of its column.
    pub column: String,
    /// Title.
    pub title: String,
    /// Plain text; a blank line parts paragraphs.
    pub body: String,
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Pictures, relative to the file's folder.
    pub images: Vec<String>,
}

/// A month without receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {
    /// The village's code.
    pub village: String,
    /// `YYYY-MM`.
    pub period: String,
}
