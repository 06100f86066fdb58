//! The asker's way: a slip number and a PIN show what became of a question, and let its asker ask on.

use std::sync::Arc;

use argon2::{Argon2, PasswordVerifier};
use ledger::content::{Answerer, QUESTION_CHARS_MAX};
use ledger::question::{AskId, Asking, Pin, Slip};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::receive::{held, insert};
use super::{COLUMNS, Held, State, tidy};
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

/// A slip whose PIN was given.
#[derive(Clone)]
pub struct Opened {
    slip: Slip,
    pin: Pin,
}

/// Opens a slip with its PIN.
///
/// # Errors
/// `not-found` when number and PIN do not belong together, `wait` after too many wrong ones.
pub async fn open(app: &Arc<App>, slip: Slip, pin: Pin) -> Result<Opened> {
    let stored: Option<(String, i64, u32)> = app.db.read(|c| {
        let sql = "SELECT pin, until, wrong FROM slip WHERE number = ?1";
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        Ok(c.prepare_cached(sql)?.query_row([slip.as_str()], read).optional()?)
    })?;
    let (stored, until, wrong) = stored.ok_or_else(unknown)?;
    if clock::unix_now() < until {
        return Err(Error::refused("wait", "查询码输错太多次，请过一刻钟再试"));
    }
    let given = pin.clone();
    let right = tokio::task::spawn_blocking(move || {
        Argon2::default().verify_password(given.as_str().as_bytes(), stored.as_str()).is_ok()
    });
    let right = right.await.map_err(|_| Error::Busy)?;
    if !right || wrong > 0 {
        let number = slip.clone();
        app.db.write(move |c| count(c, &number, right)).await?;
    }
    if right { Ok(Opened { slip, pin }) } else { Err(unknown()) }
}

fn unknown() -> Error {
    Error::refused("not-found", "编号或查询码不对，请照着回执再输一遍")
}

/// Counts wrong PINs; a right one ends the count.
fn count(c: &Connection, slip: &Slip, right: bool) -> Result<()> {
    if right {
        let sql = "UPDATE slip SET wrong = 0, until = 0 WHERE number = ?1";
        c.prepare_cached(sql)?.execute([slip.as_str()])?;
        return Ok(());
    }
    let sql = "UPDATE slip SET until = iif(wrong + 1 >= ?2, ?3, 0), wrong = (wrong + 1) % ?2
               WHERE number = ?1";
    let until = clock::unix_now() + REST_SECONDS;
    c.prepare_cached(sql)?.execute(params![slip.as_str(), WRONG_MAX, until])?;
    Ok(())
}

impl Opened {
    /// Its number.
    #[must_use]
    pub fn slip(&self) -> &Slip {
        &self.slip
    }

    /// Its PIN.
    #[must_use]
    pub fn pin(&self) -> &Pin {
        &self.pin
    }

    /// Its questions, the first one first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn questions(&self, app: &App) -> Result<Vec<Followed>> {
        app.db.read(|c| questions_of(c, &self.slip))
    }

    /// Asks on, because the answer does not satisfy. `id` makes the same press count once.
    ///
    /// # Errors
    /// `malformed`; `wrong-state` when there is no answer yet, or nobody above who could be asked.
    pub async fn ask_on(&self, app: &App, id: AskId, text: &str) -> Result<()> {
        let text = tidy(text);
        if text.is_empty() || text.chars().count() > QUESTION_CHARS_MAX {
            let message = format!("请写下哪里不满意，不超过 {QUESTION_CHARS_MAX} 字");
            return Err(Error::refused("malformed", message));
        }
        let Self { slip, pin } = self.clone();
        app.db
            .write(move |c| {
                if held(c, id)? {
                    return Ok(());
                }
                let refused = || Error::refused("wrong-state", "现在不能追问：要等答复公布以后");
                let last = questions_of(c, &slip)?.pop().ok_or_else(refused)?;
                let to = last.next().ok_or_else(refused)?;
                let State::Shown(n) = last.held.state else { return Err(refused()) };
                let Held { village, topic, channel, .. } = last.held;
                let asking = Asking { id, pin, village, of: Some(n), topic, text, channel };
                insert(c, &asking, &slip, to)
            })
            .await
    }
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
