//! Contents: the clear text that statements commit to. Each holds a salt, so that its hash says nothing to someone who
//! guesses, and so that it can be forgotten.

use crate::encoding::{from_hex, hex, serde_as_text};
use crate::hash::{Hash, sha256};
use crate::money::Fen;
use crate::place::Village;
use crate::statement::{LegalGround, Reason};
use crate::time::{Date, Timestamp};
use alloc::{string::String, vec::Vec};
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Bytes of the largest content object.
pub const CONTENT_BYTES_MAX: usize = 60_000;
/// The most pictures of one receipt or bulletin.
pub const IMAGES_MAX: usize = 12;
/// The most videos of one bulletin.
pub const VIDEOS_MAX: usize = 4;
/// Bytes of the largest video.
pub const VIDEO_BYTES_MAX: u64 = 64 << 20;
/// Seconds of the longest video.
pub const VIDEO_SECONDS_MAX: u32 = 3600;
/// Seconds for which an emergency notice may be shown.
pub const EMERGENCY_SECONDS_MAX: i64 = 7 * 24 * 60 * 60;
/// Characters of the longest question.
pub const QUESTION_CHARS_MAX: usize = 500;
/// Characters of the longest answer.
pub const ANSWER_CHARS_MAX: usize = 2_000;
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

/// A public video (MP4 with H.264), by hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoRef {
    /// The file.
    pub sha256: Hash,
    /// Its bytes.
    pub bytes: u64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// How long it plays, rounded up.
    pub seconds: u32,
}

/// Where a bulletin was taken from that others published first (转载).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repost {
    /// Who published it.
    pub name: String,
    /// Where: an address of `http` or `https`.
    pub url: String,
}

/// How important a bulletin is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Importance {
    /// As most are.
    #[default]
    Normal,
    /// 重大信息: the leader approves it.
    Important,
    /// 紧急通知: stands above everything else while it lasts, [`EMERGENCY_SECONDS_MAX`] at most.
    Emergency,
}

impl Importance {
    /// Whether it is as most are: then it is left out.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub fn is_normal(&self) -> bool {
        *self == Self::Normal
    }
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
    /// Markdown (CommonMark and tables, no HTML); plain text reads well as such.
    pub body: String,
    /// Pictures: those that the text does not place stand below it.
    pub images: Vec<ImageRef>,
    /// Videos, below the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub videos: Vec<VideoRef>,
    /// The unit that drafted it, and so explains it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Where it was taken from, when others published it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Repost>,
    /// How important it is.
    #[serde(default, skip_serializing_if = "Importance::is_normal")]
    pub importance: Importance,
    /// From when on it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until when it is shown; it stays readable afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The days of the week on which it is shown, 1 (Monday) to 7, each once, in order; empty: every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<u8>,
    /// The content hash of the policy that this one explains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explains: Option<Hash>,
    /// Why a policy needs no explanation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub no_explanation: String,
    /// How far it is to be disclosed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openness: Option<Openness>,
}

impl BulletinContent {
    /// A title and a text in a column, and nothing else.
    #[must_use]
    pub fn plain(salt: Salt, column: &str, title: &str, body: &str) -> Self {
        Self {
            salt,
            column: column.into(),
            title: title.into(),
            body: body.into(),
            images: Vec::new(),
            videos: Vec::new(),
            unit: String::new(),
            source: None,
            importance: Importance::Normal,
            from: None,
            until: None,
            weekdays: Vec::new(),
            explains: None,
            no_explanation: String::new(),
            openness: None,
        }
    }
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

/// Who answers a question, in the order in which it is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answerer {
    /// The villagers' committee (村民委员会).
    Village,
    /// The village's supervisors (村务监督委员会).
    Supervisors,
    /// The township.
    Township,
}

impl Answerer {
    /// Who is asked next by somebody whom this one's answer did not satisfy.
    #[must_use]
    pub fn next(self) -> Option<Answerer> {
        match self {
            Answerer::Village => Some(Answerer::Supervisors),
            Answerer::Supervisors => Some(Answerer::Township),
            Answerer::Township => None,
        }
    }
}

/// What somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// The amount looks wrong.
    Amount,
    /// The asker knows nothing of such a thing.
    Unknown,
    /// The picture or the words cannot be understood.
    Unclear,
    /// Something else about it.
    Other,
    /// A word to the office (意见箱).
    Opinion,
}

impl Topic {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Topic; 5] =
        [Topic::Amount, Topic::Unknown, Topic::Unclear, Topic::Other, Topic::Opinion];
}

/// Where somebody asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// On a phone.
    Phone,
    /// At a kiosk.
    Kiosk,
    /// On paper, typed in by the office.
    Paper,
}

/// What somebody asks. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionContent {
    /// Makes the hash unguessable.
    pub salt: Salt,
    /// What for.
    pub topic: Topic,
    /// In the asker's words; a newline is allowed.
    pub text: String,
    /// Where it was asked.
    pub channel: Channel,
    /// The day it came to the office.
    pub asked: Date,
    /// Who has to answer.
    pub to: Answerer,
    /// The last day for the answer.
    pub due: Date,
}

/// What is answered, in public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerContent {
    /// Makes the hash unguessable.
    pub salt: Salt,
    /// Whose answer it is.
    pub by: Answerer,
    /// The answer; a newline is allowed.
    pub text: String,
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

/// What the bulletins of a column are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// Anything.
    #[default]
    Notice,
    /// Policies (政策性文件): each is published with what explains it, or with the reason why nothing does.
    Policy,
    /// What explains policies (解读).
    Explanation,
}

impl ColumnKind {
    /// Whether anything stands in it: then it is left out.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub fn is_notice(&self) -> bool {
        *self == Self::Notice
    }
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
    /// What its bulletins are.
    #[serde(default, skip_serializing_if = "ColumnKind::is_notice")]
    pub kind: ColumnKind,
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

/// An address of `http` or `https`: at most 300 characters, no space, no control character.
fn address(field: &'static str, url: &str) -> Result<(), BadContent> {
    let host = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let host = host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    let plain = url.chars().all(|c| !c.is_control() && !c.is_whitespace() && !"<>\"\\".contains(c));
    let fits = host && plain && url.chars().count() <= 300;
    fits.then_some(()).ok_or(BadContent::Field(field))
}

fn videos(videos: &[VideoRef]) -> Result<(), BadContent> {
    let fits = |v: &VideoRef| {
        (1..=VIDEO_BYTES_MAX).contains(&v.bytes)
            && (1..=8192).contains(&v.width)
            && (1..=8192).contains(&v.height)
            && (1..=VIDEO_SECONDS_MAX).contains(&v.seconds)
    };
    let right = videos.len() <= VIDEOS_MAX && videos.iter().all(fits);
    right.then_some(()).ok_or(BadContent::Field("videos"))
}

impl BulletinContent {
    /// It ends after it begins; an emergency says when, and ends soon.
    fn check_times(&self) -> Result<(), BadContent> {
        let seconds = match (&self.from, &self.until) {
            (Some(from), Some(until)) => Some(until.unix_seconds() - from.unix_seconds()),
            _ => None,
        };
        let fits = match self.importance {
            Importance::Emergency => {
                seconds.is_some_and(|seconds| (1..=EMERGENCY_SECONDS_MAX).contains(&seconds))
            }
            _ => seconds.is_none_or(|seconds| seconds > 0),
        };
        fits.then_some(()).ok_or(BadContent::Field("until"))
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
        pictures(&self.images)?;
        videos(&self.videos)?;
        line("unit", &self.unit, 40, true)?;
        line("no_explanation", &self.no_explanation, 200, true)?;
        if let Some(source) = &self.source {
            line("source", &source.name, 40, false)?;
            address("source", &source.url)?;
        }
        let in_order = self.weekdays.is_sorted_by(|a, b| a < b);
        if !in_order || !self.weekdays.iter().all(|day| (1..=7).contains(day)) {
            return Err(BadContent::Field("weekdays"));
        }
        if self.explains.is_some() && !self.no_explanation.is_empty() {
            return Err(BadContent::Field("no_explanation"));
        }
        self.check_times()
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

/// A few lines: not empty, at most `max` characters, no control character but the newline.
fn lines(field: &'static str, text: &str, max: usize) -> Result<(), BadContent> {
    let control = |c: char| c.is_control() && c != '\n';
    let fits = text.chars().count() <= max && !text.trim().is_empty() && !text.contains(control);
    fits.then_some(()).ok_or(BadContent::Field(field))
}

impl Content for QuestionContent {
    fn check(&self) -> Result<(), BadContent> {
        if self.due < self.asked {
            return Err(BadContent::Field("due"));
        }
        lines("text", &self.text, QUESTION_CHARS_MAX)
    }
}

impl Content for AnswerContent {
    fn check(&self) -> Result<(), BadContent> {
        lines("text", &self.text, ANSWER_CHARS_MAX)
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

    fn bulletin() -> BulletinContent {
        BulletinContent::plain(Salt([7; 16]), "tongzhi", "停水通知", "明天停水。")
    }

    /// A time of June 2026.
    fn at(day: u8, hour: u8) -> Option<Timestamp> {
        alloc::format!("2026-06-{day:02}T{hour:02}:00:00+08:00").parse().ok()
    }

    #[test]
    fn a_bulletin_of_before_reads_the_same_and_writes_the_same() {
        let salt = Salt([7; 16]);
        let old = alloc::format!(
            "{{\"salt\":\"{salt}\",\"column\":\"tongzhi\",\"title\":\"停水通知\",\
             \"body\":\"明天停水。\",\"images\":[]}}"
        );
        let read = BulletinContent::parse(old.as_bytes()).unwrap();
        assert_eq!(read, bulletin());
        assert_eq!(read.to_bytes().0, old.as_bytes());
    }

    #[test]
    fn a_bulletin_reads_back_and_keeps_its_limits() {
        let url = "https://www.gov.cn/x";
        let full = BulletinContent {
            unit: "党政办".into(),
            source: Some(Repost { name: "中国政府网".into(), url: url.into() }),
            importance: Importance::Emergency,
            from: at(1, 8),
            until: at(8, 8),
            weekdays: [1, 5].into(),
            explains: Some(sha256(b"policy")),
            openness: Some(Openness::Open {}),
            videos: [video()].into(),
            ..bulletin()
        };
        assert_eq!(BulletinContent::parse(&full.to_bytes().0), Ok(full.clone()));
        let bad = |change: fn(&mut BulletinContent), field| {
            let mut content = full.clone();
            change(&mut content);
            assert_eq!(content.check(), Err(BadContent::Field(field)));
        };
        bad(|c| c.until = at(8, 9), "until");
        bad(|c| c.until = at(1, 8), "until");
        bad(|c| c.until = None, "until");
        bad(|c| c.from = None, "until");
        bad(|c| (c.importance, c.from) = (Importance::Normal, at(9, 8)), "until");
        bad(|c| c.weekdays = [0].into(), "weekdays");
        bad(|c| c.weekdays = [8].into(), "weekdays");
        bad(|c| c.weekdays = [5, 1].into(), "weekdays");
        bad(|c| c.weekdays = [1, 1].into(), "weekdays");
        bad(|c| c.no_explanation = "不需要".into(), "no_explanation");
        bad(|c| c.unit = "a\nb".into(), "unit");
        bad(|c| c.videos = alloc::vec![video(); VIDEOS_MAX + 1], "videos");
        bad(|c| c.videos[0].bytes = VIDEO_BYTES_MAX + 1, "videos");
        bad(|c| c.videos[0].seconds = 0, "videos");
        for wrong in ["javascript:alert(1)", "//a.b", "https://", "https:///x", "http://a b", ""] {
            let source = Some(Repost { name: "x".into(), url: wrong.into() });
            let content = BulletinContent { source, ..full.clone() };
            assert_eq!(content.check(), Err(BadContent::Field("source")), "{wrong}");
        }
    }

    fn video() -> VideoRef {
        VideoRef { sha256: sha256(b"v"), bytes: 1, width: 640, height: 360, seconds: 9 }
    }

    #[test]
    fn a_column_of_notices_is_written_as_before() {
        let column = Column {
            id: "a".into(),
            name: "甲".into(),
            name_en: "A".into(),
            kind: ColumnKind::Notice,
        };
        let text = serde_json::to_string(&column).unwrap();
        assert_eq!(text, "{\"id\":\"a\",\"name\":\"甲\",\"name_en\":\"A\"}");
        let policy = Column { kind: ColumnKind::Policy, ..column };
        let text = serde_json::to_string(&policy).unwrap();
        assert!(text.ends_with("\"kind\":\"policy\"}"), "{text}");
        assert_eq!(serde_json::from_str::<Column>(&text).unwrap(), policy);
    }

    #[test]
    fn a_question_says_something_and_is_due_after_it_was_asked() {
        let good = QuestionContent {
            salt: Salt([7; 16]),
            topic: Topic::Amount,
            text: "路灯修了两次吗？\n我只见过一次。".into(),
            channel: Channel::Kiosk,
            asked: "2026-06-03".parse().unwrap(),
            to: Answerer::Village,
            due: "2026-06-06".parse().unwrap(),
        };
        assert_eq!(QuestionContent::parse(&good.to_bytes().0), Ok(good.clone()));
        let refused = |field, bad: QuestionContent| {
            let read = QuestionContent::parse(&bad.to_bytes().0);
            assert_eq!(read, Err(BadContent::Field(field)));
        };
        refused("due", QuestionContent { due: "2026-06-02".parse().unwrap(), ..good.clone() });
        refused("text", QuestionContent { text: " \n".into(), ..good.clone() });
        refused("text", QuestionContent { text: "a\u{7}".into(), ..good.clone() });
        refused("text", QuestionContent { text: "字".repeat(QUESTION_CHARS_MAX + 1), ..good });
        let answer =
            AnswerContent { salt: Salt([8; 16]), by: Answerer::Village, text: String::new() };
        let read = AnswerContent::parse(&answer.to_bytes().0);
        assert_eq!(read, Err(BadContent::Field("text")));
        let way = core::iter::successors(Some(Answerer::Village), |to| to.next());
        assert_eq!(way.count(), 3);
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_bulletin_says_it_is_refused_or_reads_back(
            (unit, url, why) in ("\\PC{0,45}", "(https?://)?\\PC{0,20}", "\\PC{0,210}"),
            weekdays in proptest::collection::vec(0u8..9, 0..8),
            (from, until) in (0u8..24, 0u8..24),
            seconds: u32, bytes: u64,
        ) {
            let content = BulletinContent {
                unit,
                source: Some(Repost { name: "某报".into(), url }),
                no_explanation: why,
                weekdays,
                from: at(1, from),
                until: at(1, until),
                videos: [VideoRef { bytes, seconds, ..video() }].into(),
                ..bulletin()
            };
            match BulletinContent::parse(&content.to_bytes().0) {
                Ok(read) => {
                    proptest::prop_assert!(until > from && seconds <= VIDEO_SECONDS_MAX);
                    proptest::prop_assert_eq!(read, content);
                }
                Err(error) => proptest::prop_assert!(matches!(error, BadContent::Field(_))),
            }
        }

        #[test]
        fn no_bytes_panic_the_readers(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = ReceiptContent::parse(&bytes);
            let _ = BulletinContent::parse(&bytes);
            let _ = DirectoryContent::parse(&bytes);
            let _ = KeyContent::parse(&bytes);
            let _ = ClosingContent::parse(&bytes);
            let _ = QuestionContent::parse(&bytes);
            let _ = AnswerContent::parse(&bytes);
        }
    }
}
