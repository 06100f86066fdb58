//! Contents: the clear text that statements commit to. Each holds a salt, so that its hash says nothing to someone who
//! guesses, and so that it can be forgotten.

use crate::encoding::{from_hex, hex, serde_as_text};
use crate::hash::{Hash, sha256};
use crate::money::Fen;
use crate::place::Village;
use crate::statement::{LegalGround, Reason};
use crate::time::Date;
use alloc::{string::String, vec::Vec};
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Bytes of the largest content object.
pub const CONTENT_BYTES_MAX: usize = 60_000;
/// The most pictures of one receipt or bulletin.
pub const IMAGES_MAX: usize = 12;
/// The most covered places of one picture.
pub const COVERED_MAX: usize = 40;

/// 128 random bits; as text, 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

/// The text is not 32 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a salt of 32 hex digits")]
pub struct BadSalt;

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

impl FromStr for Salt {
    type Err = BadSalt;
    fn from_str(text: &str) -> Result<Self, BadSalt> {
        from_hex(text).map(Salt).ok_or(BadSalt)
    }
}

serde_as_text!(Salt);

/// Which way the money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Income of the village.
    In,
    /// Spending of the village.
    Out,
}

/// A tax invoice's numbers, as printed or as in its QR code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// The two-digit type, such as `32`.
    #[serde(rename = "type", default, skip_serializing_if = "String::is_empty")]
    pub type_code: String,
    /// 10 or 12 digits; empty for fully digital invoices.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// 8 or 20 digits.
    pub number: String,
    /// The check code, where there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub check: String,
}

/// A public picture and its thumbnail, both JPEG, by hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRef {
    /// The picture.
    pub sha256: Hash,
    /// Its thumbnail, long edge 320 pixels.
    pub thumb: Hash,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Bytes of the picture.
    pub bytes: u64,
    /// What of it is covered, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covered: Vec<Covered>,
}

/// A rectangle of a picture that was painted over before anyone saw it, in the picture's pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// From the left.
    pub x: u32,
    /// From the top.
    pub y: u32,
    /// More than 0.
    pub width: u32,
    /// More than 0.
    pub height: u32,
    /// Why.
    pub ground: Ground,
}

/// Why something is covered: the kinds of personal information that a village's papers hold (PIPL, articles 4 and 28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// Number of an identity card.
    Identity,
    /// Telephone number.
    Phone,
    /// Number of a bank card or account.
    Bank,
    /// Where a person lives.
    Address,
    /// A person's health.
    Health,
    /// A person under age.
    Minor,
    /// Anything else about a person.
    Other,
}

/// How far a record is disclosed (公开属性). All but the first name the law's ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "attribute", rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the ground is what its type says")]
pub enum Openness {
    /// 主动公开: everyone sees all of it.
    Open {},
    /// 部分公开: everyone sees it, but for what is covered.
    Partial { ground: LegalGround },
    /// 依申请公开: shown to whoever applies for it.
    OnRequest { ground: LegalGround },
    /// 不予公开: not shown.
    Withheld { ground: LegalGround },
}

impl Openness {
    /// The reason and ground of the statement that says so in the log; none where the content is disclosed.
    #[must_use]
    pub fn withholding(self) -> Option<(Reason, LegalGround)> {
        match self {
            Openness::Open {} | Openness::Partial { .. } => None,
            Openness::OnRequest { ground } => Some((Reason::OnRequest, ground)),
            Openness::Withheld { ground } => Some((Reason::Withheld, ground)),
        }
    }
}

/// How money changed hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payment {
    /// From account to account.
    Transfer,
    /// In notes and coins.
    Cash,
}

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptContent {
    /// Makes the hash unguessable.
    pub salt: Salt,
    /// In or out.
    pub direction: Direction,
    /// In fen, more than 0.
    pub amount: Fen,
    /// The day on the paper.
    pub date: Date,
    /// What it was for (事由).
    pub purpose: String,
    /// Who was paid; who paid, when it is income.
    pub payee: String,
    /// Such as 办公费.
    pub category: String,
    /// 经手人.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub handler: String,
    /// 证明人.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub witness: String,
    /// 审批人.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub approver: String,
    /// 领款人: who received the money, on vouchers that the village writes itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub recipient: String,
    /// 审核人: who of the supervision committee checked it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub supervisor: String,
    /// How it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment>,
    /// The meeting that resolved it, such as 2026-05-08 村民代表会议.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resolution: String,
    /// The tax invoice, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<Invoice>,
    /// How far it is to be disclosed; the office sends back what does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openness: Option<Openness>,
    /// Why there is no paper, where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub no_voucher: String,
    /// Its pages.
    pub images: Vec<ImageRef>,
}

/// What a bulletin says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulletinContent {
    /// Makes the hash unguessable.
    pub salt: Salt,
    /// The id of a column of the directory.
    pub column: String,
    /// One line.
    pub title: String,
    /// Plain text; an empty line parts paragraphs.
    pub body: String,
    /// Pictures below the text.
    pub images: Vec<ImageRef>,
}

/// What a village's month comes to when it is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingContent {
    /// Makes the hash unguessable.
    pub salt: Salt,
    /// Receipts that stand, those that are not disclosed among them; none when the village stated that there were none.
    pub receipts: u64,
    /// Money that came in, in fen, of the receipts that are disclosed.
    pub received: Fen,
    /// Money that went out, in fen, of the receipts that are disclosed.
    pub spent: Fen,
    /// Receipts without any paper, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unvouched: Vec<Unvouched>,
}

/// A receipt of a closed month that has no paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unvouched {
    /// Its log index.
    pub of: u64,
    /// Why.
    pub reason: String,
}

/// Who holds a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyContent {
    /// Makes the hash unguessable.
    pub salt: Salt,
    /// The person's name.
    pub holder: String,
    /// Such as 报账员.
    pub post: String,
}

/// A village of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VillageName {
    /// Its code.
    pub code: Village,
    /// Its name, in Chinese.
    pub name: String,
}

/// A column that bulletins stand in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Never reused: lower-case letters, digits and `-`.
    pub id: String,
    /// In Chinese.
    pub name: String,
    /// In English.
    pub name_en: String,
}

/// The township's villages and columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryContent {
    /// Makes the hash unguessable.
    pub salt: Salt,
    /// The township's name, in Chinese.
    pub township: String,
    /// In the order shown.
    pub villages: Vec<VillageName>,
    /// In the order shown.
    pub columns: Vec<Column>,
}

/// Why a content was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadContent {
    /// Longer than [`CONTENT_BYTES_MAX`].
    #[error("the content is longer than {CONTENT_BYTES_MAX} bytes")]
    TooLong,
    /// Not the JSON of this kind of content.
    #[error("not a content of this kind: {0}")]
    Form(String),
    /// A field is empty, too long, or out of range; its name.
    #[error("the field {0} is empty, too long, or out of range")]
    Field(&'static str),
}

/// A kind of content: read from bytes, written to bytes, with limits on its fields.
pub trait Content: Serialize + DeserializeOwned {
    /// Checks the fields against the limits of docs/FORMATS.md.
    ///
    /// # Errors
    /// [`BadContent::Field`].
    fn check(&self) -> Result<(), BadContent>;

    /// Reads and checks a content.
    ///
    /// # Errors
    /// [`BadContent`].
    fn parse(bytes: &[u8]) -> Result<Self, BadContent> {
        if bytes.len() > CONTENT_BYTES_MAX {
            return Err(BadContent::TooLong);
        }
        let content: Self = serde_json::from_slice(bytes)
            .map_err(|error| BadContent::Form(alloc::format!("{error}")))?;
        content.check()?;
        Ok(content)
    }

    /// The bytes that are hashed, stored and sent, and their hash.
    fn to_bytes(&self) -> (Vec<u8>, Hash) {
        // Serialising strings, numbers and lists of them cannot fail.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        let hash = sha256(&bytes);
        (bytes, hash)
    }
}

/// One line: not empty unless `empty_too`, at most `max` characters, no control characters.
fn line(field: &'static str, text: &str, max: usize, empty_too: bool) -> Result<(), BadContent> {
    let fits = text.chars().count() <= max && !text.chars().any(char::is_control);
    let filled = empty_too || !text.trim().is_empty();
    (fits && filled).then_some(()).ok_or(BadContent::Field(field))
}

fn id(field: &'static str, text: &str) -> Result<(), BadContent> {
    let right = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (1..=32).contains(&text.len()) && text.chars().all(right);
    fits.then_some(()).ok_or(BadContent::Field(field))
}

fn pictures(images: &[ImageRef]) -> Result<(), BadContent> {
    let fits = |i: &ImageRef| (1..=20_000).contains(&i.width) && (1..=20_000).contains(&i.height);
    let covered = |i: &ImageRef| {
        let inside = |from: u32, size: u32, of: u32| size > 0 && from < of && size <= of - from;
        i.covered.len() <= COVERED_MAX
            && i.covered
                .iter()
                .all(|c| inside(c.x, c.width, i.width) && inside(c.y, c.height, i.height))
    };
    let right = images.len() <= IMAGES_MAX && images.iter().all(|i| fits(i) && covered(i));
    right.then_some(()).ok_or(BadContent::Field("images"))
}

impl Content for ReceiptContent {
    fn check(&self) -> Result<(), BadContent> {
        if self.amount <= Fen(0) || self.amount > Fen::MAX {
            return Err(BadContent::Field("amount"));
        }
        line("purpose", &self.purpose, 200, false)?;
        line("payee", &self.payee, 100, false)?;
        line("category", &self.category, 20, false)?;
        line("handler", &self.handler, 40, true)?;
        line("witness", &self.witness, 40, true)?;
        line("approver", &self.approver, 40, true)?;
        line("recipient", &self.recipient, 40, true)?;
        line("supervisor", &self.supervisor, 40, true)?;
        line("resolution", &self.resolution, 100, true)?;
        line("no_voucher", &self.no_voucher, 200, true)?;
        if let Some(invoice) = &self.invoice {
            line("invoice", &invoice.type_code, 8, true)?;
            line("invoice", &invoice.code, 20, true)?;
            line("invoice", &invoice.number, 40, false)?;
            line("invoice", &invoice.check, 40, true)?;
        }
        pictures(&self.images)
    }
}

impl Content for BulletinContent {
    fn check(&self) -> Result<(), BadContent> {
        id("column", &self.column)?;
        line("title", &self.title, 100, false)?;
        let control = |c: char| c.is_control() && c != '\n';
        if self.body.chars().count() > 20_000 || self.body.contains(control) {
            return Err(BadContent::Field("body"));
        }
        pictures(&self.images)
    }
}

impl Content for ClosingContent {
    fn check(&self) -> Result<(), BadContent> {
        if self.received < Fen(0) || self.spent < Fen(0) {
            return Err(BadContent::Field("received, spent"));
        }
        self.unvouched.iter().try_for_each(|one| line("unvouched", &one.reason, 200, false))
    }
}

impl Content for KeyContent {
    fn check(&self) -> Result<(), BadContent> {
        line("holder", &self.holder, 40, false)?;
        line("post", &self.post, 40, true)
    }
}

impl Content for DirectoryContent {
    fn check(&self) -> Result<(), BadContent> {
        line("township", &self.township, 40, false)?;
        for village in &self.villages {
            line("villages", &village.name, 40, false)?;
        }
        for column in &self.columns {
            id("columns", &column.id)?;
            line("columns", &column.name, 40, false)?;
            line("columns", &column.name_en, 40, false)?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn receipt() -> ReceiptContent {
        ReceiptContent {
            salt: Salt([7; 16]),
            direction: Direction::Out,
            amount: Fen(123_456),
            date: "2026-05-12".parse().unwrap(),
            purpose: "路灯维修".into(),
            payee: "新街五金店".into(),
            category: "维修费".into(),
            handler: String::new(),
            witness: String::new(),
            approver: String::new(),
            recipient: String::new(),
            supervisor: String::new(),
            payment: None,
            resolution: String::new(),
            invoice: None,
            openness: None,
            no_voucher: String::new(),
            images: Vec::new(),
        }
    }

    #[test]
    fn a_receipt_reads_back_and_keeps_its_limits() {
        let good = receipt();
        let (bytes, hash) = good.to_bytes();
        assert_eq!(ReceiptContent::parse(&bytes), Ok(good.clone()));
        assert_eq!(hash, sha256(&bytes));
        assert!(!core::str::from_utf8(&bytes).unwrap().contains("handler"));
        let bad = |change: fn(&mut ReceiptContent), field| {
            let mut content = good.clone();
            change(&mut content);
            assert_eq!(ReceiptContent::parse(&content.to_bytes().0), Err(BadContent::Field(field)));
        };
        bad(|c| c.amount = Fen(0), "amount");
        bad(|c| c.amount = Fen(-1), "amount");
        bad(|c| c.purpose = " ".into(), "purpose");
        bad(|c| c.purpose = "长".repeat(201), "purpose");
        bad(|c| c.payee = "a\nb".into(), "payee");
        assert!(matches!(ReceiptContent::parse(b"{}"), Err(BadContent::Form(_))));
        assert_eq!(ReceiptContent::parse(&alloc::vec![b' '; 60_001]), Err(BadContent::TooLong));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_readers(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = ReceiptContent::parse(&bytes);
            let _ = BulletinContent::parse(&bytes);
            let _ = DirectoryContent::parse(&bytes);
            let _ = KeyContent::parse(&bytes);
            let _ = ClosingContent::parse(&bytes);
        }
    }
}
