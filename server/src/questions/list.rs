//! What the office has to do with questions: look at them, answer them.

use ledger::content::Answerer;
use rusqlite::Connection;

use super::answer::may_speak;
use super::{COLUMNS, Held};
use crate::error::Result;
use crate::people::{Deed, Who};
use crate::view::questions::{self, Question};

/// The most questions that the list shows at once.
pub const LIST_MAX: usize = 200;

/// The questions that nobody has looked at, the oldest first: those that look like one, or those that do not. With how
/// many there are.
///
/// # Errors
/// When the database fails.
pub fn waiting(c: &Connection, suspect: bool) -> Result<(Vec<Held>, u64)> {
    let which = "state = 'waiting' AND (suspect IS NOT NULL) = ?1";
    let sql = format!("SELECT {COLUMNS} FROM question WHERE {which} ORDER BY seq LIMIT {LIST_MAX}");
    let mut query = c.prepare_cached(&sql)?;
    let held = query.query_map([suspect], Held::read)?.collect::<rusqlite::Result<_>>()?;
    let sql = format!("SELECT count(*) FROM question WHERE {which}");
    let count = c.prepare_cached(&sql)?.query_row([suspect], |row| row.get(0))?;
    Ok((held, count))
}

/// How many wait to be looked at, and since which day (YYYY-MM-DD) the oldest of them does.
///
/// # Errors
/// When the database fails.
pub fn backlog(c: &Connection) -> Result<(u64, Option<String>)> {
    let sql = "SELECT count(*), min(asked) FROM question WHERE state = 'waiting'";
    Ok(c.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// The questions that this person may answer now, the first to be due first.
///
/// # Errors
/// When the database fails.
pub fn to_answer(c: &Connection, who: &Who) -> Result<Vec<Question>> {
    let Ok(actor) = who.acting(Deed::Answer) else { return Ok(Vec::new()) };
    let village = who.village.map(|village| village.to_string());
    let mut open = questions::open(c, village.as_deref())?;
    open.retain(|question| {
        let to = question.content.as_ref().map_or(Answerer::Township, |content| content.to);
        may_speak(actor.role, to)
    });
    Ok(open)
}
