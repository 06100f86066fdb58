//! The rules that an office goes by: one plain TOML file that an officer can read, complete and strict. Nothing in it can
//! hold a wrong value: what cannot be right is refused with its line.

mod kinds;
#[cfg(test)]
mod tests;

use std::path::Path;

use ledger::content::Payment;
use ledger::money::Fen;
use serde::Deserialize;

pub use self::kinds::{
    Approval, Approvals, Indicator, Level, Levels, Source, Sources, Text, Weights, Whole,
};
use self::kinds::{GROUNDS, Grounds, Reminders};
use crate::data::DataDir;
use crate::durable::{self, Access};
use crate::error::{Error, Result};
use crate::workdays::WORKING_DAYS_MAX;

/// Bytes of the largest file of rules.
pub const RULES_BYTES_MAX: usize = 64 << 10;
/// The rules that the program came with.
pub const SHIPPED: &str = include_str!("../../assets/rules/chongqing.toml");

/// The rules of one office.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// What these rules are called.
    pub name: Text,
    /// By when something is published, and for how long.
    pub publication: Publication,
    /// By when somebody answers.
    pub answers: Answers,
    questions: Questions,
    approval: Approving,
    payment: Paying,
    grounds: Grounds,
    bulletin: Bulletin,
    kiosk: Kiosk,
    /// What an assessment's points are given for; 100 in all.
    pub assessment: Weights,
}

/// By when something is published, and for how long (L4, L26).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// A month's accounts: a day of the next month.
    pub monthly: MonthDay,
    /// What is published each quarter: a day of the next quarter's first month.
    pub quarterly: MonthDay,
    /// What is published when it happens.
    pub ad_hoc: Term,
    /// How long it stays, at least.
    pub display: Term,
    /// What a township publishes without being asked.
    pub proactive: Term,
}

/// By when a question is answered (L4).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The villagers' committee.
    pub village: Term,
    /// The township, when it is asked or appealed to.
    pub township: Term,
}

/// A day of a month.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonthDay {
    /// The last day that is in time. Every month has it.
    pub day: Whole<1, 28>,
    /// When that is a day off.
    pub if_off: IfOff,
    /// The article that says so.
    pub basis: Text,
}

/// A number of days, the day after the beginning being the first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// How many.
    pub days: Whole<1, WORKING_DAYS_MAX>,
    /// Of which kind.
    pub unit: Unit,
    /// When the last is a day off; of working days it never is.
    pub if_off: IfOff,
    /// The article that says so.
    pub basis: Text,
}

/// Which days count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// All of them.
    Day,
    /// Those of the working-day calendar.
    WorkingDay,
}

/// What becomes of a last day that is a day off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IfOff {
    /// It stays the last day.
    SameDay,
    /// The next working day is the last one.
    NextWorkingDay,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Questions {
    reminders: Reminders,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approving {
    basis: Text,
    steps: Approvals,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paying {
    transfer_above_yuan: Whole<0, 1_000_000_000>,
    basis: Text,
}

/// A ground for not publishing something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ground {
    /// What people call it, in Chinese.
    pub label: Text,
    /// The article that allows it.
    pub basis: Text,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bulletin {
    leader_columns: Vec<Text>,
    importance: Levels,
    sources: Sources,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kiosk {
    silent_hours: Whole<1, 720>,
}

/// What is wrong with a file of rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRules {
    /// Not UTF-8.
    #[error("不是 UTF-8 编码：请用记事本另存为 UTF-8")]
    Encoding,
    /// Larger than [`RULES_BYTES_MAX`].
    #[error("太大：至多 64 KiB")]
    TooLarge,
    /// Something is missing, unknown, or wrong.
    #[error("第 {line} 行：{why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// In Chinese, as far as it can be told.
        why: String,
    },
}

impl Rules {
    /// The rules that the program came with.
    ///
    /// # Errors
    /// `Corrupt` when the program was built with a broken file.
    pub fn shipped() -> Result<Self> {
        Self::read(SHIPPED.as_bytes()).map_err(|e| Error::Corrupt(format!("随程序的规则文件{e}")))
    }

    /// The office's own rules, or those that the program came with if it has none.
    ///
    /// # Errors
    /// `bad-rules` when its file is not right.
    pub fn load(data: &DataDir) -> Result<Self> {
        let path = data.rules();
        if path.exists() { Self::load_file(&path) } else { Self::shipped() }
    }

    /// The rules of a file.
    ///
    /// # Errors
    /// `bad-rules`, with the line and what to do.
    pub fn load_file(path: &Path) -> Result<Self> {
        Ok(read_file(path)?.0)
    }

    /// The office's rules as they stand in their file, as JSON.
    ///
    /// # Errors
    /// As [`Rules::load`].
    pub fn as_json(data: &DataDir) -> Result<serde_json::Value> {
        let path = data.rules();
        let bytes = if path.exists() { read_file(&path)?.1 } else { SHIPPED.into() };
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        toml::from_str(text).map_err(|e| Error::Corrupt(format!("规则文件：{e}")))
    }

    /// Reads a file of rules.
    ///
    /// # Errors
    /// [`BadRules`].
    pub fn read(bytes: &[u8]) -> std::result::Result<Self, BadRules> {
        if bytes.len() > RULES_BYTES_MAX {
            return Err(BadRules::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BadRules::Encoding)?;
        // Windows' editor may put this in front.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(text.len(), |span| span.start);
            let before = text.get(..at).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            BadRules::Line { line, why: kinds::in_chinese(error.message()) }
        })
    }

    /// Who must have agreed to a receipt of this amount before it is published (2.2 of the facts).
    #[must_use]
    pub fn approval(&self, amount: Fen) -> Approval {
        self.approval.steps.of(amount)
    }

    /// The rule that [`Rules::approval`] follows.
    #[must_use]
    pub fn approval_basis(&self) -> &Text {
        &self.approval.basis
    }

    /// Whether so much should not have been paid this way: above a limit, money goes from account to account.
    #[must_use]
    pub fn should_be_transferred(&self, amount: Fen, payment: Option<Payment>) -> bool {
        let limit = yuan(self.payment.transfer_above_yuan.get());
        payment == Some(Payment::Cash) && amount > limit
    }

    /// The rule that [`Rules::should_be_transferred`] follows.
    #[must_use]
    pub fn payment_basis(&self) -> &Text {
        &self.payment.basis
    }

    /// A ground for not publishing something, by its id.
    #[must_use]
    pub fn ground(&self, id: &str) -> Option<&Ground> {
        self.grounds.get(id)
    }

    /// All grounds for not publishing something, with their ids, in the order of the law.
    pub fn grounds(&self) -> impl Iterator<Item = (&'static str, &Ground)> {
        GROUNDS.into_iter().filter_map(|id| Some((id, self.grounds.get(id)?)))
    }

    /// The levels of importance that a bulletin may have, the lowest first.
    #[must_use]
    pub fn importance(&self) -> &[Level] {
        self.bulletin.importance.as_slice()
    }

    /// Whether a bulletin needs a leader's signature: for its column, or its importance (S58). One of unknown importance
    /// does.
    #[must_use]
    pub fn needs_leader(&self, column: &str, importance: &str) -> bool {
        let level = self.importance().iter().find(|level| level.id.as_str() == importance);
        self.bulletin.leader_columns.iter().any(|known| known.as_str() == column)
            || level.is_none_or(|level| level.leader)
    }

    /// Whose words a web address holds, if they may be repeated here (S59).
    #[must_use]
    pub fn source_of(&self, url: &str) -> Option<&Source> {
        self.bulletin.sources.of(url)
    }

    /// All whose words may be repeated.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        self.bulletin.sources.as_slice()
    }

    /// Days for which a bulletin is shown at least; emergencies are not (L4).
    #[must_use]
    pub fn display_days(&self) -> u32 {
        self.publication.display.days.get()
    }

    /// Hours of silence after which a kiosk is reported.
    #[must_use]
    pub fn kiosk_silent_hours(&self) -> u32 {
        self.kiosk.silent_hours.get()
    }

    /// How many working days before the last day the one who answers is reminded, the first reminder first (S42).
    #[must_use]
    pub fn reminders(&self) -> &[u32] {
        self.questions.reminders.as_slice()
    }
}

/// The rules of a file, and its bytes.
fn read_file(path: &Path) -> Result<(Rules, Vec<u8>)> {
    let bytes = durable::read_at_most(path, RULES_BYTES_MAX)?;
    let rules = Rules::read(&bytes).map_err(|bad| {
        Error::refused("bad-rules", format!("规则文件 {} {bad}。请改正后再试", path.display()))
    })?;
    Ok((rules, bytes))
}

/// Keeps a file of rules in the data directory, durably. A running server follows.
///
/// # Errors
/// `bad-rules` when it is not right; then what was there stays.
pub fn import(data: &DataDir, file: &Path) -> Result<Rules> {
    let (rules, bytes) = read_file(file)?;
    durable::replace(&data.rules(), &bytes, Access::Public)?;
    Ok(rules)
}

fn yuan(yuan: u32) -> Fen {
    Fen(i64::from(yuan) * 100)
}
