//! The asker's way: a slip number and a PIN show what became of a question, and let its asker ask on.

use std::sync::Arc;

use argon2::{Argon2, PasswordVerifier};
use ledger::content::{Answerer, QUESTION_CHARS_MAX};
use ledger::question::{AskId, Asking, Pin, Slip};
use rusqlite::{Connection, OptionalExtension, params};

use super::receive::insert;
use super::{COLUMNS, Held, State};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::view::questions::{self, Question};

/// Wrong PINs in a row after which none is tried for a while.
const WRONG_MAX: u32 = 5;
/// Seconds of that while.
const REST_SECONDS: i64 = 15 * 60;

/// What became of one question of a slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// As the office holds it.
    pub held: Held,
    /// As everyone sees it, when it is shown.
    pub public: Option<Question>,
}

impl Followed {
    /// Whom its asker may ask on, being not satisfied with the answer.
    #[must_use]
    pub fn next(&self) -> Option<Answerer> {
        let public = self.public.as_ref()?;
        (!public.answers.is_empty() && !public.went_on).then(|| self.held.to.next()).flatten()
    }
}

/// The questions of a slip, the first one first.
///
/// # Errors
/// `not-found` when number and PIN do not belong together, `wait` after too many wrong ones.
pub async fn follow(app: &Arc<App>, slip: &Slip, pin: &Pin) -> Result<Vec<Followed>> {
    must_open(app, slip, pin).await?;
    app.db.read(|c| questions_of(c, slip))
}

fn unknown() -> Error {
    Error::refused("not-found", "编号或查询码不对，请照着回执再输一遍")
}

async fn must_open(app: &Arc<App>, slip: &Slip, pin: &Pin) -> Result<()> {
    let stored: Option<(String, i64)> = app.db.read(|c| {
        let sql = "SELECT pin, until FROM slip WHERE number = ?1";
        let row =
            c.prepare_cached(sql)?.query_row([slip.as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(row.optional()?)
    })?;
    let (stored, until) = stored.ok_or_else(unknown)?;
    if clock::unix_now() < until {
        return Err(Error::refused("wait", "查询码输错太多次，请过一刻钟再试"));
    }
    let given = pin.clone();
    let right = tokio::task::spawn_blocking(move || {
        Argon2::default().verify_password(given.as_str().as_bytes(), stored.as_str()).is_ok()
    });
    let right = right.await.map_err(|_| Error::Busy)?;
    let number = slip.clone();
    app.db.write(move |c| count(c, &number, right)).await?;
    if right { Ok(()) } else { Err(unknown()) }
}

/// Counts wrong PINs; a right one ends the count.
fn count(c: &Connection, slip: &Slip, right: bool) -> Result<()> {
    let sql = if right {
        "UPDATE slip SET wrong = 0, until = 0 WHERE number = ?1 AND wrong > 0 AND ?2 > 0 AND ?3 > 0"
    } else {
        "UPDATE slip SET until = iif(wrong + 1 >= ?2, ?3, 0), wrong = (wrong + 1) % ?2
         WHERE number = ?1"
    };
    let until = clock::unix_now() + REST_SECONDS;
    c.prepare_cached(sql)?.execute(params![slip.as_str(), WRONG_MAX, until])?;
    Ok(())
}

fn questions_of(c: &Connection, slip: &Slip) -> Result<Vec<Followed>> {
    let sql = format!("SELECT {COLUMNS} FROM question WHERE slip = ?1 ORDER BY seq");
    let mut query = c.prepare_cached(&sql)?;
    let held = query.query_map([slip.as_str()], Held::read)?;
    held.map(|held| {
        let held = held?;
        let public = match held.state {
            State::Shown(n) => questions::one(c, n)?,
            _ => None,
        };
        Ok(Followed { held, public })
    })
    .collect()
}

/// Asks on, because the answer does not satisfy. `id` makes the same press count once.
///
/// # Errors
/// As [`follow`]; `wrong-state` when there is no answer yet, or nobody above who could be asked.
pub async fn ask_on(app: &Arc<App>, slip: &Slip, pin: &Pin, id: AskId, text: &str) -> Result<()> {
    let followed = follow(app, slip, pin).await?;
    let text = text.replace("\r\n", "\n").trim().to_owned();
    if text.is_empty() || text.chars().count() > QUESTION_CHARS_MAX {
        let message = format!("请写下哪里不满意，不超过 {QUESTION_CHARS_MAX} 字");
        return Err(Error::refused("malformed", message));
    }
    let (pin, slip) = (pin.clone(), slip.clone());
    app.db
        .write(move |c| {
            let sql = "SELECT 1 FROM question WHERE id = ?1";
            let again: Option<i64> =
                c.query_row(sql, [id.to_string()], |row| row.get(0)).optional()?;
            if again.is_some() {
                return Ok(());
            }
            let refused = || Error::refused("wrong-state", "现在不能追问：要等答复公布以后");
            let last = followed.last().ok_or_else(refused)?;
            let to = last.next().ok_or_else(refused)?;
            let State::Shown(n) = last.held.state else { return Err(refused()) };
            let Held { village, topic, channel, .. } = last.held.clone();
            let asking = Asking { id, pin, village, of: Some(n), topic, text, channel };
            insert(c, &asking, &slip, to)
        })
        .await
}
