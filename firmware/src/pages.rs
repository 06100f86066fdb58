//! What the pages show, as plain data: made from the store by `book`, drawn by `screen`.

use alloc::string::String;
use alloc::vec::Vec;
use ledger::hash::Hash;
use ledger::time::{Date, Period, Timestamp};
use slint::{Rgb8Pixel, SharedPixelBuffer};

/// A place that a finger leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The first page.
    #[default]
    Home,
    /// The months of the village, the newest first.
    Months,
    /// The receipts of a month.
    Month(Period),
    /// A receipt, by log index.
    Receipt(u64),
    /// The bulletins, the newest first.
    Bulletins,
    /// A bulletin, by log index.
    Bulletin(u64),
    /// How it is known that a receipt or bulletin is what was signed.
    Seal(u64),
    /// How old all this is, and what is wrong.
    Status,
    /// The code by which the office enrols this board.
    Enrol,
}

/// A page with what is on it.
#[derive(Clone, Debug)]
pub enum Page {
    /// Nothing was verified yet.
    Empty(Status),
    /// The first page.
    Home(Home),
    /// The months.
    Months(Vec<MonthLine>),
    /// A month.
    Month(Month),
    /// A receipt.
    Receipt(Receipt),
    /// The bulletins.
    Bulletins(Vec<BulletinLine>),
    /// A bulletin.
    Bulletin(Bulletin),
    /// The seal of a receipt or bulletin.
    Seal(Seal),
    /// How old all this is.
    Status(Status),
    /// Enrolment.
    Enrol(Enrol),
}

/// The first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Name of the township.
    pub township: String,
    /// Name of the village.
    pub village: String,
    /// The newest month, if there is one.
    pub newest: Option<MonthLine>,
    /// How many receipts and bulletins can be read.
    pub receipts: u32,
    /// See above.
    pub bulletins: u32,
    /// How old all this is.
    pub status: Status,
}

/// What a month comes to; money in fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthLine {
    /// Which month.
    pub period: Period,
    /// What came in.
    pub income: i64,
    /// What was spent.
    pub spending: i64,
    /// Receipts that stand.
    pub receipts: u32,
    /// The village states that there was nothing.
    pub nothing: bool,
    /// How many the office said there are, if it closed the month.
    pub closed: Option<u32>,
}

/// A month with its receipts, in order of date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// What it comes to.
    pub line: MonthLine,
    /// Its receipts.
    pub receipts: Vec<ReceiptLine>,
}

/// Why something is shown, or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It stands as it was published.
    Stands,
    /// A newer version of it stands.
    Corrected,
    /// It was taken back; why.
    Withdrawn(ledger::statement::Reason),
    /// The law has it not disclosed.
    Withheld(ledger::statement::LegalGround),
    /// It was announced, and its content has not come yet.
    Waiting,
}

/// A receipt as a list shows it. Where nothing may be shown, only `n` and `standing` mean something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptLine {
    /// Log index of its first version.
    pub n: u64,
    /// What for.
    pub purpose: String,
    /// Who was paid; who paid, when it came in.
    pub payee: String,
    /// Fen.
    pub amount: i64,
    /// Whether it came in.
    pub income: bool,
    /// The day on it.
    pub date: Option<Date>,
    /// Why it is shown, or is not.
    pub standing: Standing,
}

/// Who signed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBy {
    /// What for.
    pub role: ledger::statement::Role,
    /// The person's name and post, where they are disclosed.
    pub who: Option<(String, String)>,
    /// The key's name.
    pub key: String,
}

/// A picture in the pages, as the screen draws it: a board has not the memory for a copy.
pub type Picture = SharedPixelBuffer<Rgb8Pixel>;

/// A receipt.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// As in a list.
    pub line: ReceiptLine,
    /// Its category.
    pub category: String,
    /// Why there is no paper, if there is none.
    pub no_voucher: String,
    /// Who signed.
    pub signed: Vec<SignedBy>,
    /// Its pictures: the hash that was signed, and the picture once it is here and is that.
    pub pictures: Vec<(Hash, Option<Picture>)>,
    /// Places on the pictures that were painted over, and for what.
    pub covered: Vec<ledger::content::Ground>,
    /// The address of its page for phones.
    pub url: String,
}

/// A bulletin as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulletinLine {
    /// Log index of its first version.
    pub n: u64,
    /// Its title.
    pub title: String,
    /// Name of its column.
    pub column: String,
    /// When it was signed.
    pub time: Timestamp,
    /// Why it is shown, or is not.
    pub standing: Standing,
}

/// A bulletin.
#[derive(Clone, Debug)]
pub struct Bulletin {
    /// As in a list.
    pub line: BulletinLine,
    /// Its text, without marks.
    pub text: String,
    /// Its pictures.
    pub pictures: Vec<(Hash, Option<Picture>)>,
    /// Who signed.
    pub signed: Vec<SignedBy>,
    /// The address of its page for phones.
    pub url: String,
}

/// How it is known that something is what was signed: all of it was checked on this board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Log index.
    pub n: u64,
    /// Entries of the log that it is one of.
    pub size: u64,
    /// The log's name.
    pub origin: String,
    /// The first digits of the statement's hash, as phones show them.
    pub fingerprint: String,
    /// Who signed.
    pub signed: Vec<SignedBy>,
    /// The address of its page for phones.
    pub url: String,
}

/// What keeps the newest from being shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no network, or nobody answers.
    Offline,
    /// The log's key did not sign, or something was changed on its way.
    Forged,
    /// What came is older than what is here.
    RolledBack,
    /// What came is another history than the one that is here.
    Forked,
    /// The flash is full: older months went.
    Full,
}

/// How old all this is, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// When the log was last followed to its end, seconds since 1970 by this board's clock.
    pub synced: Option<i64>,
    /// Now, by this board's clock.
    pub now: Option<i64>,
    /// The newest signed time.
    pub newest: Option<Timestamp>,
    /// Entries of the log that were verified.
    pub size: u64,
    /// What is wrong.
    pub trouble: Option<Trouble>,
    /// The address of the first page for phones.
    pub url: String,
}

/// Enrolment: a code that the office types, and digits that it compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrol {
    /// Eight characters, once the office gave one.
    pub code: Option<String>,
    /// Eight digits of this board's own id.
    pub check: String,
    /// What the office called it, once it did.
    pub name: Option<String>,
}
