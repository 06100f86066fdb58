//! Bulletins: an editor writes, somebody else publishes.

pub mod drafts;
pub mod files;
pub mod media;
pub mod pair;
pub mod written;

use std::sync::Arc;

use ledger::content::{BadContent, BulletinContent, Content, Importance, Salt};
use ledger::hash::sha256;
use ledger::statement::{Source, Statement};
use rusqlite::Connection;

use crate::app::{App, read_keys};
use crate::audit::{self, Change};
use crate::clock;
use crate::error::{Error, Result};
use crate::intake::{self, Checked};
use crate::people::{Actor, Deed, Who};
use crate::publish;
use crate::random;
use crate::rules::Rules;
use drafts::{Draft, Saved};
pub use pair::must_be_paired;
pub use written::Written;

/// Hours for which an emergency is shown where nothing else is said.
pub const EMERGENCY_HOURS: i64 = 24;
/// Hours for which an emergency is shown at most.
pub const EMERGENCY_HOURS_MAX: i64 = 7 * 24;

/// Does something with the drafts of this person, in one transaction.
///
/// # Errors
/// When this person may not write bulletins, nothing can be written now, and whatever `deed` refuses.
pub async fn change<T, F>(app: &App, who: &Who, deed: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Connection, &Actor) -> Result<T> + Send + 'static,
{
    let by = who.acting(Deed::Write)?;
    app.publisher.must_run()?;
    app.db.write(move |c| deed(c, &by)).await
}

/// What became of a draft that was to be reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is the submission of this id; with it the policy that it explains, if that was a draft.
    As(String),
    /// A newer version stood: what was written is kept aside, and nothing was sent.
    Aside,
}

/// Saves a draft and sends it for review, with the policy that it explains if that is a draft still.
///
/// # Errors
/// As [`drafts::save`], and when a field is not right.
pub async fn send(
    app: &Arc<App>,
    who: &Who,
    id: &str,
    base: i64,
    written: Written,
) -> Result<Sent> {
    // Saved first and by itself: a field that is not right must not lose the others.
    let saved = {
        let (id, written) = (id.to_owned(), written.clone());
        change(app, who, move |c, by| drafts::save(c, by, &id, base, &written)).await?
    };
    if saved == Saved::Aside {
        return Ok(Sent::Aside);
    }
    let (app, id, by) = (Arc::clone(app), id.to_owned(), who.acting(Deed::Write)?);
    let sent = tokio::task::spawn_blocking(move || freeze(&app, &by, &id));
    let sent =
        sent.await.unwrap_or_else(|_| Err(Error::Corrupt("送审时出错（程序内部错误）".into())));
    sent.map(Sent::As)
}

/// Writes an emergency notice and sends it for review at once.
///
/// # Errors
/// When a field is not right.
pub async fn emergency(
    app: &Arc<App>,
    who: &Who,
    mut written: Written,
    hours: i64,
) -> Result<String> {
    if !(1..=EMERGENCY_HOURS_MAX).contains(&hours) {
        let message = format!("紧急通知的展示时间是 1 到 {EMERGENCY_HOURS_MAX} 小时。");
        return Err(Error::refused("bad-content", message));
    }
    written.importance = Importance::Emergency;
    written.from = clock::timestamp()?.as_str().to_owned();
    written.until = clock::in_hours(hours)?.as_str().to_owned();
    written.openness = "open".to_owned();
    // What is not right leaves no draft behind.
    let book = app.rulebook.now();
    let rules = &book.rules;
    app.db.read(|c| written.content(c, rules).and(written.place(c, &app.township)))?;
    let draft = written.clone();
    let id = change(app, who, move |c, by| drafts::create(c, by, &draft, None)).await?;
    match send(app, who, &id, 1, written).await? {
        Sent::As(submission) => Ok(submission),
        Sent::Aside => Err(Error::Busy),
    }
}

/// Opens a published bulletin as a draft of its correction; answers the draft's id.
///
/// # Errors
/// `not-found` when it is no bulletin, or withdrawn, or corrected already.
pub async fn correct(app: &App, who: &Who, n: u64, source: Source) -> Result<String> {
    change(app, who, move |c, by| {
        let gone = || Error::refused("not-found", "没有可以更正的这一篇公告");
        let item =
            crate::view::item(c, n)?.filter(|item| item.corrected.is_none()).ok_or_else(gone)?;
        let content = item.bulletin().ok_or_else(gone)?;
        let of = item.corrects.unwrap_or(item.n);
        drafts::create(c, by, &Written::of(content, &item.village), Some((of, source)))
    })
    .await
}

/// Makes drafts into submissions: no more is written on them. Blocks.
fn freeze(app: &App, by: &Actor, id: &str) -> Result<String> {
    let keys = read_keys(&app.data)?;
    let book = app.rulebook.now();
    let rules = &book.rules;
    let office = Office { township: &app.township, keys: &keys, rules };
    let present = |content: &BulletinContent| media::must_be_present(app, content);
    let ready = app.db.read(|c| {
        let draft = drafts::open(c, by, id)?;
        let mut ready = Vec::new();
        let mut written = draft.written.clone();
        if let Some(policy) = written.explains.strip_prefix(written::DRAFT) {
            let (hash, policy) = policy_of(c, by, policy, office)?;
            written.explains = hash;
            ready.extend(policy);
        }
        ready.push(ready_to_send(c, draft, &written, office)?);
        Ok(ready)
    })?;
    ready.iter().try_for_each(|(_, _, content)| present(content))?;
    let by = by.clone();
    app.db.write_blocking(move |c| {
        let mut newest = String::new();
        for (draft, checked, content) in &ready {
            media::keep_again(c, content)?;
            intake::keep(c, checked, Some(&by))?;
            drafts::sent(c, draft, &checked.id)?;
            audit::record(c, &by, "draft", &checked.id, Change::to(&content.title))?;
            newest.clone_from(&checked.id);
        }
        Ok(newest)
    })
}

/// What a draft is checked against and signed with.
#[derive(Clone, Copy)]
struct Office<'a> {
    township: &'a str,
    keys: &'a publish::Keys,
    rules: &'a Rules,
}

/// A draft with the submission that it becomes.
type Ready = (Draft, Checked, BulletinContent);

/// The content hash of a draft that another one explains; and itself, unless it was sent already.
fn policy_of(
    c: &Connection,
    by: &Actor,
    id: &str,
    office: Office<'_>,
) -> Result<(String, Option<Ready>)> {
    let policy = drafts::one(c, by, id)?;
    let hash_of = |checked: &Checked| {
        checked.statement.content().map(|hash| hash.to_string()).unwrap_or_default()
    };
    match &policy.standing {
        drafts::Standing::Deleted => {
            Err(Error::refused("bad-content", "这份解读对应的政策文件草稿已经删除：请重新选择。"))
        }
        standing if standing.is_open() => {
            let written = policy.written.clone();
            let ready = ready_to_send(c, policy, &written, office).map_err(|error| {
                let title = &written.title;
                Error::refused("bad-content", format!("政策文件《{title}》还不能送审：{error}"))
            })?;
            Ok((hash_of(&ready.1), Some(ready)))
        }
        _ => {
            let id = policy.submission.unwrap_or_default();
            let hash =
                c.query_row("SELECT content FROM submission WHERE id = ?1", [id], |row| {
                    row.get::<_, Option<String>>(0)
                })?;
            Ok((hash.unwrap_or_default(), None))
        }
    }
}

fn ready_to_send(
    c: &Connection,
    draft: Draft,
    written: &Written,
    office: Office<'_>,
) -> Result<Ready> {
    let content = written.content(c, office.rules)?;
    let (body, hash) = content.to_bytes();
    let time = clock::timestamp()?;
    let statement = match &draft.of {
        None => {
            Statement::Bulletin { village: written.place(c, office.township)?, time, content: hash }
        }
        Some((of, source)) => {
            let target = publish::earlier(c, *of)
                .ok_or_else(|| Error::refused("not-found", format!("没有第 {of} 条记录")))?;
            let source = serde_json::from_value(serde_json::Value::String(source.clone()))
                .map_err(|e| Error::Corrupt(format!("草稿：{e}")))?;
            let village = target.village();
            Statement::Correction { village, time, of: *of, source, content: hash }
        }
    };
    let checked = Checked {
        id: sha256(statement.to_text().as_bytes()).to_string(),
        note: publish::office_note(office.keys, &statement),
        body: Some(String::from_utf8_lossy(&body).into_owned()),
        signer: office.keys.office.verifier().name().to_owned(),
        images: content.images.clone(),
        videos: content.videos.clone(),
        invoice: None,
        statement,
        says_openness: true,
    };
    Ok((draft, checked, content))
}

/// Which field is wrong, in words.
pub(crate) fn wrong_field(error: &BadContent) -> Error {
    let message = match error {
        BadContent::Field("title") => "标题要写，而且只能是一行、至多 100 字。",
        BadContent::Field("body") => "正文至多 20000 字，不能有特殊控制字符。",
        BadContent::Field("unit") => "起草单位只能是一行、至多 40 字。",
        BadContent::Field("no_explanation") => "不需要解读的原因只能是一行、至多 200 字。",
        BadContent::Field("source") => {
            "转载的网址应以 http:// 或 https:// 开头、没有空格、至多 300 字。"
        }
        BadContent::Field("weekdays") => "每周哪几天展示：请重新选择。",
        BadContent::Field("until") => "展示的起止时间不对。",
        BadContent::Field("images") => "图片太多，或有图片不合规定。",
        BadContent::Field("videos") => "视频太多，或有视频不合规定。",
        BadContent::TooLong => "正文太长：请删短，或分成两篇。",
        other => return Error::refused("bad-content", format!("公告不合规定：{other}")),
    };
    Error::refused("bad-content", message)
}

/// 128 fresh random bits.
pub(crate) fn salt() -> Result<Salt> {
    random::bytes().map(Salt)
}
