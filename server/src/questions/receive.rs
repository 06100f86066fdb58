//! Receiving a question: kept once, however often it is sent.

use std::sync::Arc;

use argon2::{Argon2, PasswordHasher};
use ledger::content::{Answerer, Channel, QUESTION_CHARS_MAX};
use ledger::hash::{Hash, sha256};
use ledger::question::{AskId, Asking, Pin, Slip};
use ledger::statement::{Statement, word};
use rusqlite::{Connection, OptionalExtension, params};

use super::suspect;
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::{publish, view};

/// The most questions that wait to be looked at; then no more are taken.
pub const WAITING_MAX: u64 = 10_000;
/// Seconds within which the same text counts as a flood.
const FLOOD_SECONDS: i64 = 24 * 60 * 60;

/// Takes a question that came from a phone or a kiosk.
///
/// # Errors
/// `malformed`, `bad-village`, `no-target`, `full`, or when nothing can be written.
pub async fn receive(app: &Arc<App>, asking: Asking) -> Result<Slip> {
    if asking.channel == Channel::Paper {
        return Err(Error::refused("malformed", "纸上的提问由镇里录入"));
    }
    keep(app, asking).await
}

/// Whether a question can be kept as it is.
///
/// # Errors
/// `malformed`: there is no text, or too much of it, or it cannot be shown.
pub fn check(asking: &Asking) -> Result<()> {
    asking.check().map_err(|_| {
        let message = format!("请写下要问的话，不超过 {QUESTION_CHARS_MAX} 字");
        Error::refused("malformed", message)
    })
}

/// Keeps a question under its slip.
pub(super) async fn keep(app: &Arc<App>, asking: Asking) -> Result<Slip> {
    check(&asking)?;
    let slip = asking.id.slip();
    // Before the PIN's slow hash: a kiosk sends again whatever it heard no answer to.
    if app.db.read(|c| held(c, asking.id))? {
        return Ok(slip);
    }
    let pin = asking.pin.clone();
    let pin = tokio::task::spawn_blocking(move || hash_pin(&pin)).await;
    let pin = pin.unwrap_or(Err(Error::Busy))?;
    let (township, kept) = (app.township.clone(), slip.clone());
    app.db
        .write(move |c| {
            if held(c, asking.id)? {
                return Ok(());
            }
            let to = addressee_of(c, &asking, &township)?;
            insert_slip(c, &kept, &pin)?;
            insert(c, &asking, &kept, to)
        })
        .await?;
    Ok(slip)
}

/// Whether a question with this ID came before.
pub(super) fn held(c: &Connection, id: AskId) -> Result<bool> {
    let sql = "SELECT 1 FROM question WHERE id = ?1";
    let found: Option<i64> =
        c.prepare_cached(sql)?.query_row([id.to_string()], |row| row.get(0)).optional()?;
    Ok(found.is_some())
}

fn hash_pin(pin: &Pin) -> Result<String> {
    let hash = Argon2::default()
        .hash_password(pin.as_str().as_bytes())
        .map_err(|error| Error::Corrupt(format!("查询码无法加密：{error}")))?;
    Ok(hash.to_string())
}

/// Who has to answer: the township what is asked of it, the village everything else.
fn addressee_of(c: &Connection, asking: &Asking, township: &str) -> Result<Answerer> {
    let code = asking.village.as_str();
    if code != township && view::village_name(c, code)?.is_none() {
        return Err(Error::refused("bad-village", "没有这个村"));
    }
    if let Some(of) = asking.of {
        let target = publish::earlier(c, of).filter(|target| {
            target.village() == asking.village
                && matches!(
                    target,
                    Statement::Receipt { .. }
                        | Statement::Nothing { .. }
                        | Statement::Bulletin { .. }
                        | Statement::Correction { .. }
                )
        });
        if target.is_none() {
            return Err(Error::refused("no-target", "要问的那一条不存在，或不是这个村的"));
        }
    }
    Ok(if code == township { Answerer::Township } else { Answerer::Village })
}

fn insert_slip(c: &Connection, slip: &Slip, pin: &str) -> Result<()> {
    let added = c
        .prepare_cached("INSERT INTO slip (number, pin) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![slip.as_str(), pin])?;
    if added == 0 {
        // One in ten thousand million: the asker's device draws another number.
        return Err(Error::refused("slip-taken", "请再提交一次"));
    }
    Ok(())
}

/// What makes two questions the same text about the same thing.
fn same(asking: &Asking) -> Hash {
    let of = asking.of.map(|n| n.to_string()).unwrap_or_default();
    sha256(format!("{}\n{of}\n{}", asking.village, suspect::plain(&asking.text)).as_bytes())
}

/// Adds the row of a question that is not held yet.
pub(super) fn insert(c: &Connection, asking: &Asking, slip: &Slip, to: Answerer) -> Result<()> {
    let waiting: u64 = c
        .prepare_cached("SELECT count(*) FROM question WHERE state = 'waiting'")?
        .query_row([], |row| row.get(0))?;
    if waiting >= WAITING_MAX {
        let message = "等着登记的提问太多，暂时收不下了：请过一天再来，或打电话到镇里";
        return Err(Error::refused("full", message));
    }
    let (now, same) = (clock::unix_now(), same(asking));
    let before: u64 = c
        .prepare_cached("SELECT count(*) FROM question WHERE same = ?1 AND received > ?2")?
        .query_row(params![same.0, now - FLOOD_SECONDS], |row| row.get(0))?;
    let suspect = match asking.channel {
        // The office itself typed it in.
        Channel::Paper => None,
        _ => suspect::look(&asking.text, before),
    };
    c.prepare_cached(
        "INSERT INTO question (id, slip, village, of, topic, text, channel, addressee, asked,
             received, same, suspect, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'waiting')",
    )?
    .execute(params![
        asking.id.to_string(),
        slip.as_str(),
        asking.village.as_str(),
        asking.of,
        word(&asking.topic),
        asking.text.trim(),
        word(&asking.channel),
        word(&to),
        clock::day_of(now).to_string(),
        now,
        same.0,
        suspect.map(suspect::Suspicion::as_str),
    ])?;
    Ok(())
}
