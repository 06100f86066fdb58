//! Decisions: return, pass on, approve, publish, withdraw. Each is written down in the transaction that does it.

use std::sync::Arc;

use ledger::content::Openness;
use ledger::place::Village;
use ledger::roster::Roster;
use ledger::statement::{Reason, Source, Statement, word};
use rusqlite::{Connection, params};

use super::Submission;
use super::way::{self, Needs, Opinion, Stage, Voice};
use crate::app::App;
use crate::audit::{self, Change};
use crate::bulletin;
use crate::clock;
use crate::error::{Error, Result};
use crate::people::{Actor, Deed, Who};
use crate::publish::{self, BATCH_MAX, Keys, NewEntry, Published};

/// Characters of the longest reason.
pub const REASON_CHARS_MAX: usize = 500;

/// Sends a submission back with a reason and where the error came from.
///
/// # Errors
/// When this person may not, it is decided already, or there is no reason.
pub async fn return_to(app: &App, id: &str, reason: &str, source: Source, who: &Who) -> Result<()> {
    let actor = who.acting(Deed::Review)?;
    app.publisher.must_run()?;
    let reason = reason.trim().to_owned();
    if !(1..=REASON_CHARS_MAX).contains(&reason.chars().count()) {
        let message = format!("请写明退回原因（至多 {REASON_CHARS_MAX} 字）");
        return Err(Error::refused("no-reason", message));
    }
    let id = id.to_owned();
    app.db
        .write(move |c| {
            let found = super::one(c, &id)?.ok_or_else(|| not_found(&id))?;
            must_not_be_own(&found, &actor)?;
            if !give_back(c, &id, &reason, &source)? {
                return Err(Error::refused("wrong-state", "没有这份提交，或它已经办结"));
            }
            let why = format!("{}: {reason}", word(&source));
            audit::record(c, &actor, "return", &id, Change::to(&why))
        })
        .await
}

/// Sends back what does not say how far it is to be disclosed, without anyone having to look.
pub(crate) fn bounce(c: &Connection, id: &str) -> Result<()> {
    let reason = "没有写明公开属性（主动公开、部分公开、依申请公开、不予公开）：请更新报账程序，重新签名再送";
    give_back(c, id, reason, &Source::Attribute)?;
    audit::record(c, &Actor::operator(), "bounce", id, Change::to(reason))
}

/// Whether there was something to be sent back.
fn give_back(c: &Connection, id: &str, reason: &str, source: &Source) -> Result<bool> {
    let returned = c
        .prepare_cached(
            "UPDATE submission SET state = 'returned', reason = ?2, source = ?3, changed = ?4
             WHERE id = ?1 AND state = 'received'",
        )?
        .execute(params![id, reason, word(source), clock::now()])?;
    Ok(returned > 0)
}

/// Passes a submission that the leader has to approve on to the leader.
///
/// # Errors
/// When this person may not, or the submission does not wait for a reviewer, or needs no leader.
pub async fn pass(app: &App, id: &str, who: &Who) -> Result<()> {
    let actor = who.acting(Deed::Review)?;
    speak(app, id, actor, Voice::Reviewer, |found, needs, actor| {
        must_not_be_own(found, actor)?;
        match way::stage(found, needs) {
            Stage::Review if needs.leader => Ok(()),
            other => Err(not_now(other)),
        }
    })
    .await
}

/// Approves a submission in the leader's name.
///
/// # Errors
/// When this person may not, wrote or passed it themselves, or it does not wait for the leader.
pub async fn approve(app: &App, id: &str, who: &Who) -> Result<()> {
    let actor = who.acting(Deed::Approve)?;
    speak(app, id, actor, Voice::Leader, |found, needs, actor| {
        must_not_be_own(found, actor)?;
        let passed = found.opinions.iter().find(|opinion| opinion.voice == Voice::Reviewer);
        if passed.is_some_and(|by| actor.is_either(Some(&by.whose), by.for_login.as_deref())) {
            return Err(Error::refused("own-work", "自己审核的，要由另一个人签批"));
        }
        match way::stage(found, needs) {
            Stage::Approval => Ok(()),
            other => Err(not_now(other)),
        }
    })
    .await
}

async fn speak<F>(app: &App, id: &str, actor: Actor, voice: Voice, may: F) -> Result<()>
where
    F: FnOnce(&Submission, Needs, &Actor) -> Result<()> + Send + 'static,
{
    app.publisher.must_run()?;
    let (id, book) = (id.to_owned(), app.rulebook.now());
    app.db
        .write(move |c| {
            let found = super::one(c, &id)?.ok_or_else(|| not_found(&id))?;
            may(&found, way::needs(&found, &book.rules), &actor)?;
            let opinion = Opinion {
                voice,
                whose: actor.login.clone(),
                name: actor.name.clone(),
                for_login: actor.for_login().map(str::to_owned),
                objection: None,
                signature: None,
                time: clock::now(),
            };
            way::say(c, &id, &opinion)?;
            let act = if voice == Voice::Leader { "approve" } else { "pass" };
            audit::record(c, &actor, act, &id, Change::default())
        })
        .await
}

/// Publishes submissions, all or none, in the order they came; answers their proofs.
///
/// # Errors
/// When this person may not, one is decided, incomplete, lacks a signature or approval, or is this person's own work,
/// or as [`App::append`].
pub async fn publish(app: &Arc<App>, ids: &[String], who: &Who) -> Result<Vec<Published>> {
    let actor = who.acting(Deed::Review)?;
    if ids.is_empty() || ids.len() > BATCH_MAX {
        return Err(Error::refused("batch", format!("每次发布 1 到 {BATCH_MAX} 条")));
    }
    let mut ids = ids.to_vec();
    let (book, roster) = (app.rulebook.now(), app.publisher.roster());
    append(app, move |c, keys| {
        ids.sort();
        ids.dedup();
        let mut chosen = Vec::with_capacity(ids.len());
        for id in &ids {
            let found = super::one(c, id)?.ok_or_else(|| not_found(id))?;
            may_publish(&found, way::needs(&found, &book.rules), &roster, &actor)?;
            audit::record(c, &actor, "publish", id, Change::default())?;
            chosen.push((seq(c, id)?, found));
        }
        chosen.sort_by_key(|(seq, _)| *seq);
        bulletin::must_be_paired(c, chosen.iter().map(|(_, found)| found))?;
        let (size, _) = publish::head(c)?;
        entries(keys, size, &chosen, &roster)
    })
    .await
}

/// The entries of a batch. What is not disclosed comes with the statement that says why, so that nobody finds a gap
/// without its ground.
fn entries(
    keys: &Keys,
    size: u64,
    chosen: &[(i64, Submission)],
    roster: &Roster,
) -> Result<Vec<NewEntry>> {
    let mut entries = Vec::with_capacity(chosen.len());
    let mut withheld = Vec::new();
    for (index, (seq, found)) in (size..).zip(chosen) {
        let (note, _) = way::signed_note(found, roster);
        let withholding = found.openness().and_then(Openness::withholding);
        if let Some((reason, ground)) = withholding {
            withheld.push(Statement::Withdrawal {
                village: parsed(&found.village)?,
                time: clock::timestamp()?,
                // What a correction withholds is the record, with every version of it.
                of: found.of.unwrap_or(index),
                reason,
                source: Source::Attribute,
                ground: Some(ground),
            });
        }
        entries.push(NewEntry {
            note,
            body: found.body.clone(),
            submission: Some(*seq),
            disclosed: withholding.is_none(),
        });
    }
    let withheld = withheld.iter().map(|s| NewEntry::stated(publish::office_note(keys, s), None));
    entries.extend(withheld);
    Ok(entries)
}

fn parsed(village: &str) -> Result<Village> {
    village.parse().map_err(|_| Error::Corrupt("数据库中的村代码".into()))
}

fn seq(c: &Connection, id: &str) -> Result<i64> {
    let mut query = c.prepare_cached("SELECT seq FROM submission WHERE id = ?1")?;
    Ok(query.query_row([id], |row| row.get(0))?)
}

fn may_publish(found: &Submission, needs: Needs, roster: &Roster, actor: &Actor) -> Result<()> {
    must_not_be_own(found, actor)?;
    let (_, supervisors) = way::signed_note(found, roster);
    match way::stage(found, needs) {
        // A key may have been revoked since it signed.
        Stage::Review | Stage::Approved if supervisors < needs.supervisors => {
            Err(not_now(Stage::Countersign(needs.supervisors - supervisors)))
        }
        Stage::Approved => Ok(()),
        Stage::Review if !needs.leader => Ok(()),
        Stage::Review => Err(not_now(Stage::Approval)),
        other => Err(not_now(other)),
    }
}

fn must_not_be_own(found: &Submission, actor: &Actor) -> Result<()> {
    if actor.is_either(found.author.as_deref(), found.author_for.as_deref()) {
        return Err(Error::refused("own-work", "不能审核、公布自己编写的内容：编审分离"));
    }
    Ok(())
}

fn not_found(id: &str) -> Error {
    Error::refused("not-found", format!("没有提交 {id}"))
}

/// Why something is not to be done at this stage.
fn not_now(stage: Stage) -> Error {
    let message = match stage {
        Stage::Incomplete => "图片还没有传完".to_owned(),
        Stage::Countersign(missing) => format!("还差 {missing} 位监督委员会签"),
        Stage::Objected => "监督委员不同意：请退回，或等他改为会签".to_owned(),
        Stage::Review => "要先由审核人员审核通过".to_owned(),
        Stage::Approval => "要先由领导签批".to_owned(),
        Stage::Approved => "领导已经签批，可以公布".to_owned(),
        Stage::Returned | Stage::Published => "已经办结".to_owned(),
    };
    Error::refused("wrong-state", message)
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
    let actor = who.acting(Deed::Review)?;
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
            ground: None,
        };
        let detail = format!("{}, {}", word(&reason), word(&source));
        audit::record(c, &actor, "withdraw", &index.to_string(), Change::to(&detail))?;
        let note = publish::office_note(keys, &statement);
        Ok(vec![NewEntry::stated(note, None)])
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
