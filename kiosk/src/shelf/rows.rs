//! What the shelf answers with: plain rows and pages, ready to be drawn.

use ledger::content::{BulletinContent, ClosingContent, Direction, ReceiptContent};
pub use ledger::content::{Column, Importance};
use ledger::hash::Hash;
use ledger::money::Fen;
use ledger::place::Village;
use ledger::statement::{Reason, Role, Source};
use ledger::time::{Date, Period, Timestamp};

/// The township as its newest directory statement describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Township {
    /// Name as people write it, such as 新街镇.
    pub name: String,
    /// The township's own statistical code.
    pub code: Village,
    /// How many villages the directory lists.
    pub villages: u64,
    /// The bulletin columns, in the directory's order.
    pub columns: Vec<Column>,
}

/// A village on the home screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VillageRow {
    /// Statistical code.
    pub code: Village,
    /// Name as people write it.
    pub name: String,
    /// The newest month with anything published for it.
    pub latest: Option<Period>,
    /// Receipts published in all months (withdrawn and superseded ones not counted).
    pub receipts: u64,
    /// Money that came in, in the newest month.
    pub income: Fen,
    /// Money that went out, in the newest month.
    pub spending: Fen,
}

/// A month of a village.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthRow {
    /// Which month.
    pub period: Period,
    /// Money that came in.
    pub income: Fen,
    /// Money that went out.
    pub spending: Fen,
    /// Receipts that the sums are of.
    pub receipts: u64,
    /// The village stated that this month had no receipts.
    pub nothing: bool,
    /// Receipts of this month that are signed and logged but whose details have not arrived yet: the sums lack them.
    pub waiting: u64,
}

/// Whether a published paper still stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It stands.
    Shown,
    /// A newer statement took its place.
    Corrected {
        /// Log index of the newer one.
        by: u64,
    },
    /// It was withdrawn; its details are gone from this machine.
    Withdrawn {
        /// Why.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
}

/// A receipt in the list of a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRow {
    /// Log index.
    pub index: u64,
    /// Date on the paper. The day of the statement, when withdrawn.
    pub date: Date,
    /// What for. Empty when withdrawn, like the texts below.
    pub purpose: String,
    /// Who was paid, or who paid.
    pub payee: String,
    /// The office's category.
    pub category: String,
    /// In or out; `None` when withdrawn.
    pub direction: Option<Direction>,
    /// How much; zero when withdrawn.
    pub amount: Fen,
    /// The first picture's thumbnail.
    pub thumb: Option<Hash>,
    /// Whether it stands.
    pub state: State,
}

/// What a month comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Money that came in.
    pub income: Fen,
    /// Money that went out.
    pub spending: Fen,
    /// Receipts that the sums are of.
    pub receipts: u64,
}

/// A month of a village at a glance: of receipts that stand and whose details are here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Whose month.
    pub village: Village,
    /// Which.
    pub period: Period,
    /// Money that came in.
    pub income: Fen,
    /// Money that went out.
    pub spending: Fen,
    /// Receipts that the sums are of.
    pub receipts: u64,
    /// Receipts that are signed and logged but whose details have not arrived yet.
    pub waiting: u64,
    /// Spending by category, the largest first.
    pub by_category: Vec<(String, Fen)>,
    /// Income by category, the largest first.
    pub income_by_category: Vec<(String, Fen)>,
    /// The month before; `None` where nothing was published for it.
    pub month_before: Option<Sums>,
    /// The same month a year before, as above.
    pub year_before: Option<Sums>,
    /// The ten largest receipts, of income or spending, the largest first.
    pub largest: Vec<ReceiptRow>,
    /// The village stated that this month had no receipts.
    pub nothing: bool,
    /// The newest statement that closes the month; `None` while it is open.
    pub closed: Option<Closed>,
}

/// The office's statement that a month is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Log index of the statement.
    pub index: u64,
    /// When it was signed.
    pub at: Timestamp,
    /// What it says; `None` until that has arrived.
    pub content: Option<ClosingContent>,
    /// Receipts of the month, corrections not counted, that were published afterwards and stand.
    pub added_later: u64,
}

/// One version of a receipt or bulletin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Log index.
    pub index: u64,
    /// Day of the statement.
    pub date: Date,
    /// Whether it stands.
    pub state: State,
    /// The first version, whose place it takes; `None` for the first itself.
    pub corrects: Option<u64>,
    /// Where the error came from that it corrects.
    pub source: Option<Source>,
}

/// Someone who signed, as the log's key statements introduce them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The person; empty when the key's details have not arrived or were withdrawn.
    pub holder: String,
    /// The person's post; may be empty as above.
    pub post: String,
    /// What the key may sign.
    pub role: Role,
    /// The key's name, such as `341181107201/accountant`.
    pub key: String,
}

/// Everything about one receipt.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiptPage {
    /// Log index.
    pub index: u64,
    /// Whose receipt.
    pub village: Village,
    /// The village's name; its code when the directory does not list it.
    pub village_name: String,
    /// The month that it belongs to.
    pub period: Period,
    /// The details; `None` when withdrawn.
    pub content: Option<ReceiptContent>,
    /// Whose signatures were verified, again just now.
    pub signers: Vec<Signer>,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// Whether it stands.
    pub state: State,
    /// The statement that this one corrects.
    pub corrects: Option<u64>,
    /// Size of the log that was verified, in entries.
    pub log_size: u64,
    /// Root hash of that log.
    pub root: Hash,
    /// RFC 6962 leaf hash of the entry: what stands in the log's tile.
    pub entry_hash: Hash,
}

/// A bulletin in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulletinRow {
    /// Log index.
    pub index: u64,
    /// Column id.
    pub column: String,
    /// The column's name in Chinese; its id when the directory does not list it.
    pub column_name: String,
    /// The column's name in English; empty when the directory does not list it.
    pub column_name_en: String,
    /// Title.
    pub title: String,
    /// Whose bulletin: a village's code or the township's.
    pub village: Village,
    /// That place's name.
    pub village_name: String,
    /// Day of the statement.
    pub date: Date,
    /// The first picture's thumbnail.
    pub thumb: Option<Hash>,
    /// How important it is.
    pub importance: Importance,
}

/// Everything about one bulletin.
#[derive(Clone, Debug, PartialEq)]
pub struct BulletinPage {
    /// Log index.
    pub index: u64,
    /// Whose bulletin.
    pub village: Village,
    /// That place's name.
    pub village_name: String,
    /// The text, pictures, videos, unit and source; `None` when withdrawn.
    pub content: Option<BulletinContent>,
    /// How important it is; normal when withdrawn.
    pub importance: Importance,
    /// The policy that it explains, in the version that stands.
    pub explains: Option<BulletinRow>,
    /// What explains it or another version of it, and stands; oldest first.
    pub explained_by: Vec<BulletinRow>,
    /// Whose signatures were verified, again just now.
    pub signers: Vec<Signer>,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// Whether it stands.
    pub state: State,
    /// Size of the log that was verified, in entries.
    pub log_size: u64,
    /// Root hash of that log.
    pub root: Hash,
    /// RFC 6962 leaf hash of the entry: what stands in the log's tile.
    pub entry_hash: Hash,
}

/// How old, and how sound, what is shown is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// When the server last answered and all that it said was verified.
    pub checked_at: Option<Timestamp>,
    /// Entries of the verified log.
    pub size: u64,
    /// Time of the newest statement.
    pub newest: Option<Timestamp>,
    /// The newest time that anybody signed into the log or, as a witness, under its head: what is shown was the newest
    /// there was at that time. An office that works signs every day.
    pub signed_at: Option<Timestamp>,
    /// Statements in the log that nobody was allowed to make; kept, never shown.
    pub refused: u64,
    /// Papers whose details have not arrived yet.
    pub waiting: u64,
    /// What went wrong at the last try; `None` when it went well.
    pub trouble: Option<Trouble>,
}

impl Freshness {
    /// For how many whole days nobody has signed anything newer, by the newest time that this machine is sure of: a clock
    /// that was set back makes nothing young. `None` before the first sync.
    #[must_use]
    pub fn silent_days(&self, now: &Timestamp) -> Option<i64> {
        let seconds = |at: &Option<Timestamp>| at.as_ref().map(Timestamp::unix_seconds);
        let signed = seconds(&self.signed_at)?;
        let sure = [Some(now.unix_seconds()), seconds(&self.checked_at), Some(signed)];
        Some((sure.into_iter().flatten().max()? - signed) / (24 * 60 * 60))
    }

    /// True when what is shown is too old to be the newest, whatever the server says: somebody may hold back the rest.
    #[must_use]
    pub fn is_stale(&self, now: &Timestamp, days: u32) -> bool {
        self.silent_days(now).is_some_and(|silent| silent >= i64::from(days))
    }
}

/// A witness who cosigned the head that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// Its name in the policy of this machine, such as 县档案馆.
    pub name: String,
    /// Its key.
    pub key: String,
    /// When it saw that head.
    pub at: Timestamp,
}

/// Why the last sync brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// One line that says more, for whoever looks after the machine.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// The kinds of trouble that a sync can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// The server offered an older log than the one verified here.
    Rollback,
    /// The server's log does not contain the one verified here.
    Fork,
    /// The log's head is not signed by the key that this machine was given.
    BadSignature,
    /// Too few of the witnesses that this machine was told of cosigned the log's head.
    Unwitnessed,
    /// Bytes that do not match the hash they were promised under.
    BadHash,
    /// An answer that is not in the format.
    BadFormat,
    /// No answer, or one too slow or cut off.
    Unreachable,
    /// An answer larger than any right one.
    TooLarge,
    /// The machine was started with another key than it was set up with.
    WrongKey,
    /// This machine's own disk or database.
    Disk,
}

impl TroubleKind {
    /// Every kind with the word it is stored and printed as.
    const WORDS: [(TroubleKind, &'static str); 10] = [
        (TroubleKind::Rollback, "rollback"),
        (TroubleKind::Fork, "fork"),
        (TroubleKind::BadSignature, "bad-signature"),
        (TroubleKind::Unwitnessed, "unwitnessed"),
        (TroubleKind::BadHash, "bad-hash"),
        (TroubleKind::BadFormat, "bad-format"),
        (TroubleKind::Unreachable, "unreachable"),
        (TroubleKind::TooLarge, "too-large"),
        (TroubleKind::WrongKey, "wrong-key"),
        (TroubleKind::Disk, "disk"),
    ];

    /// The word it is stored and printed as.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(kind, _)| *kind == self).map_or("disk", |(_, word)| word)
    }

    /// The kind that a stored word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }

    /// True when the server or someone between lied, false when it was merely not reached or read.
    #[must_use]
    pub fn is_dishonest(self) -> bool {
        matches!(self, Self::Rollback | Self::Fork | Self::BadSignature | Self::BadHash)
    }
}
