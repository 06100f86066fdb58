//! Questions: asked by anyone, looked at by the office, answered in public by the village, its supervisors or the township.
//! `receive` → `decide` (shown or withheld, both in the log) → `answer`; `follow` is the asker's own way to them.

pub mod answer;
pub mod decide;
pub mod follow;
pub mod list;
pub mod paper;
pub mod receive;
pub mod similar;
pub mod suspect;

#[cfg(test)]
mod tests;

use jiff::civil::Date;
use ledger::content::{Answerer, Channel, Salt, Topic};
use ledger::place::Village;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::random;
pub use suspect::Suspicion;

/// What the office holds of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its row.
    pub seq: i64,
    /// The slip it was given.
    pub slip: String,
    /// The village that is asked, or the township.
    pub village: Village,
    /// Log index of what it is about.
    pub of: Option<u64>,
    /// What for.
    pub topic: Topic,
    /// In the asker's words.
    pub text: String,
    /// Where it was asked.
    pub channel: Channel,
    /// Who has to answer.
    pub to: Answerer,
    /// The day it came.
    pub asked: Date,
    /// Why it looks like no question.
    pub suspect: Option<Suspicion>,
    /// What became of it.
    pub state: State,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The office has yet to look at it.
    Waiting,
    /// Everyone sees it, at this log index.
    Shown(u64),
    /// Nobody sees it; that it is so stands in the log, at this index.
    Withheld(u64),
}

const COLUMNS: &str =
    "seq, slip, village, of, topic, text, channel, addressee, asked, suspect, state, idx";

impl Held {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let state: String = row.get(10)?;
        let idx: Option<u64> = row.get(11)?;
        let state = match (state.as_str(), idx) {
            ("shown", Some(n)) => State::Shown(n),
            ("withheld", Some(n)) => State::Withheld(n),
            _ => State::Waiting,
        };
        let suspect: Option<String> = row.get(9)?;
        Ok(Self {
            seq: row.get(0)?,
            slip: row.get(1)?,
            village: known(row, 2)?,
            of: row.get(3)?,
            topic: known(row, 4)?,
            text: row.get(5)?,
            channel: known(row, 6)?,
            to: known(row, 7)?,
            asked: day(row, 8)?,
            suspect: suspect.and_then(|word| Suspicion::parse(&word)),
            state,
        })
    }
}

/// A column that holds the one word of a value.
fn known<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    // The tables allow no other word.
    serde_json::from_value(serde_json::Value::String(text))
        .map_err(|_| rusqlite::Error::InvalidQuery)
}

fn day(row: &Row<'_>, column: usize) -> rusqlite::Result<Date> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| rusqlite::Error::InvalidQuery)
}

fn one(c: &Connection, seq: i64) -> Result<Held> {
    let sql = format!("SELECT {COLUMNS} FROM question WHERE seq = ?1");
    let held = c.prepare_cached(&sql)?.query_row([seq], Held::read).optional()?;
    held.ok_or_else(|| Error::refused("not-found", "没有这条提问"))
}

fn new_salt() -> Result<Salt> {
    Ok(Salt(random::bytes()?))
}

fn ledger_date(day: Date) -> Result<ledger::time::Date> {
    day.to_string().parse().map_err(|_| Error::Corrupt(format!("本机时钟不对：{day}")))
}

/// A text as it is kept: one kind of line end, and no space around it.
#[must_use]
pub fn tidy(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}
