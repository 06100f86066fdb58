//! Decisions: return, publish, withdraw. Each is written down in the transaction that does it.

use std::sync::Arc;

use ledger::statement::{Reason, Source, Statement};
use rusqlite::{Connection, params};

use super::{State, Submission};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::people::{Who, record};
use crate::publish::{self, BATCH_MAX, Keys, NewEntry, Published};

/// Characters of the longest reason.
pub const REASON_CHARS_MAX: usize = 500;

/// Sends a submission back with a reason and where the error came from.
///
/// # Errors
/// When this person may not, it is decided already, or there is no reason.
pub async fn return_to(app: &App, id: &str, reason: &str, source: Source, who: &Who) -> Result<()> {
    who.must_review()?;
    app.publisher.must_run()?;
    let reason = reason.trim().to_owned();
    if !(1..=REASON_CHARS_MAX).contains(&reason.chars().count()) {
        let message = format!("请写明退回原因（至多 {REASON_CHARS_MAX} 字）");
        return Err(Error::refused("no-reason", message));
    }
    let (id, who) = (id.to_owned(), who.clone());
    app.db
        .write(move |c| {
            let returned = c.execute(
                "UPDATE submission SET state = 'returned', reason = ?2, source = ?3, changed = ?4
                 WHERE id = ?1 AND state = 'received'",
                params![id, reason, word(&source), clock::now()],
            )?;
            if returned == 0 {
                return Err(Error::refused("wrong-state", "没有这份提交，或它已经办结"));
            }
            record(c, &who, "return", &id, Some(&format!("{}: {reason}", word(&source))))
        })
        .await
}

/// Publishes submissions, all or none, in the order they came; answers their proofs.
///
/// # Errors
/// When this person may not, one is decided, incomplete or this person's own work, or as
/// [`App::append`].
pub async fn publish(app: &Arc<App>, ids: &[String], who: &Who) -> Result<Vec<Published>> {
    who.must_review()?;
    if ids.is_empty() || ids.len() > BATCH_MAX {
        return Err(Error::refused("batch", format!("每次发布 1 到 {BATCH_MAX} 条")));
    }
    let (ids, who) = (ids.to_vec(), who.clone());
    append(app, move |c, _keys| {
        let mut chosen = Vec::with_capacity(ids.len());
        for id in &ids {
            chosen.push(choose(c, id, &who)?);
        }
        chosen.sort_by_key(|entry: &NewEntry| entry.submission);
        chosen.dedup_by_key(|entry| entry.submission);
        Ok(chosen)
    })
    .await
}

fn choose(c: &Connection, id: &str, who: &Who) -> Result<NewEntry> {
    let found = super::one(c, id)?;
    let found = found.ok_or_else(|| Error::refused("not-found", format!("没有提交 {id}")))?;
    may_publish(&found, who)?;
    record(c, who, "publish", id, None)?;
    let seq = c
        .prepare_cached("SELECT seq FROM submission WHERE id = ?1")?
        .query_row([id], |row| row.get(0))?;
    Ok(NewEntry { note: found.note, body: found.body, submission: Some(seq) })
}

fn may_publish(found: &Submission, who: &Who) -> Result<()> {
    if found.author.as_deref() == Some(who.login.as_str()) {
        return Err(Error::refused("own-work", "不能发布自己编写的内容：编审分离"));
    }
    match found.state {
        State::Received => Ok(()),
        State::Incomplete => Err(Error::refused("wrong-state", "图片还没有传完")),
        State::Returned | State::Published => Err(Error::refused("wrong-state", "已经办结")),
    }
}

/// Withdraws the content of a published record (and of its corrections): a statement in the log
/// says so, and content, salt and images leave every place they are served or kept.
///
/// # Errors
/// When this person may not, there is no such record, or it is withdrawn already.
pub async fn withdraw(
    app: &Arc<App>,
    index: u64,
    reason: Reason,
    source: Source,
    who: &Who,
) -> Result<Published> {
    who.must_review()?;
    let who = who.clone();
    let published = append(app, move |c, keys: &Keys| {
        let target = publish::earlier(c, index);
        let target =
            target.ok_or_else(|| Error::refused("not-found", format!("没有第 {index} 条记录")))?;
        if target.content().is_none() {
            return Err(Error::refused("no-target", "这条记录没有可撤回的内容"));
        }
        let statement = Statement::Withdrawal {
            village: target.village(),
            time: clock::timestamp()?,
            of: index,
            reason,
            source,
        };
        let detail = format!("{}, {}", word(&reason), word(&source));
        record(c, &who, "withdraw", &index.to_string(), Some(&detail))?;
        let note = publish::office_note(keys, &statement);
        Ok(vec![NewEntry { note, body: None, submission: None }])
    })
    .await?;
    published.into_iter().next().ok_or_else(|| Error::Corrupt("撤回没有结果".into()))
}

/// Publishes on a thread that may block.
async fn append<F>(app: &Arc<App>, choose: F) -> Result<Vec<Published>>
where
    F: FnOnce(&Connection, &Keys) -> Result<Vec<NewEntry>> + Send + 'static,
{
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || app.append(choose))
        .await
        .unwrap_or_else(|_| Err(Error::Corrupt("发布中途出错（程序内部错误）".into())))
}

/// The word that a value has in the log's formats.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
