//! Signing: a draft becomes a content and a statement that commits to it, signed, and kept word for word.

use crate::chores;
use crate::cli;
use crate::concerns::{self, Concern, Others};
use crate::desk::{Desk, tell};
use crate::error::{Error, Result};
use crate::item::{Item, Kind, Signed, State};
use crate::keys;
use crate::say;
use ledger::content::Content;
use ledger::hash::sha256;
use ledger::key::SigningKey;
use ledger::note;
use ledger::place::Village;
use ledger::statement::Statement;
use ledger::time::Timestamp;
use std::io::Write;

/// Signs the items that are asked for.
///
/// # Errors
/// [`Error::Missing`] for a draft that lacks fields; [`Error::Several`] if several were asked for: the others are signed.
pub fn sign(desk: &mut Desk, sign: &cli::Sign, out: &mut dyn Write) -> Result<()> {
    let (key, village) = (desk.key()?, desk.village()?);
    let ids = match sign.all {
        true => drafts(desk)?,
        false => sign.ids.clone(),
    };
    let others = Others::of(desk)?;
    let mut failed = 0;
    for id in &ids {
        match sign_one(desk, *id, &others, (&key, village), sign.anyway) {
            Ok(()) => tell(out, say!("第 {id} 号已签名", id = id))?,
            Err(error) if ids.len() == 1 => return Err(error),
            Err(error) => {
                failed += 1;
                eprintln!("{error}");
            }
        }
    }
    match (failed, ids.is_empty()) {
        (0, true) => tell(out, say!("没有要签名的票据")),
        (0, false) => tell(out, say!("已签名 {count} 项；用 push 发送", count = ids.len())),
        _ => Err(Error::Several { failed, of: ids.len() }),
    }
}

fn drafts(desk: &Desk) -> Result<Vec<i64>> {
    let drafts = desk.outbox.items()?.into_iter().filter(|item| item.state == State::Draft);
    Ok(drafts.map(|item| item.id).collect())
}

/// Signs one item. `anyway` says that a person has confirmed what is grave.
///
/// # Errors
/// [`Error::State`], [`Error::Missing`], [`Error::Concerns`], [`Error::Image`].
pub fn sign_one(
    desk: &mut Desk,
    id: i64,
    others: &Others,
    (key, village): (&SigningKey, Village),
    anyway: bool,
) -> Result<()> {
    let item = desk.outbox.item(id)?;
    if item.state != State::Draft {
        return Err(Error::State { id, state: item.state, why: say!("只能签未签名的") });
    }
    let item = chores::finish(desk, id, None)?;
    let missing = item.missing();
    if !missing.is_empty() {
        return Err(Error::Missing { id, fields: missing });
    }
    let grave = concerns::of(others, &item)?.into_iter().filter(Concern::grave);
    let grave: Vec<String> = grave.map(|concern| concern.said()).collect();
    if !anyway && !grave.is_empty() {
        return Err(Error::Concerns { id, said: grave });
    }
    // What is signed must be there to be sent.
    for image in item.images() {
        for hash in [image.sha256, image.thumb] {
            if desk.pictures.load(hash).is_none() {
                return Err(Error::Image { id, file: desk.pictures.path(hash) });
            }
        }
    }
    let (statement, content) = statement(&item, village, now()?)?;
    let text = statement.to_text();
    let note = note::compose(&text, &[key.sign(&text)]);
    desk.outbox.sign(id, &Signed { submission: sha256(text.as_bytes()), note, content })
}

/// The statement, and the text of the content that it commits to.
fn statement(
    item: &Item,
    village: Village,
    time: Timestamp,
) -> Result<(Statement, Option<String>)> {
    let id = item.id;
    let lacking = || Error::Missing { id, fields: item.missing() };
    if item.kind == Kind::Nothing {
        let period = item.draft.period.ok_or_else(lacking)?;
        return Ok((Statement::Nothing { village, period, time }, None));
    }
    let images = item.images().cloned().collect();
    let (period, content) = item.draft.content(keys::salt()?, images).ok_or_else(lacking)?;
    content.check().map_err(|why| Error::Content { id, why })?;
    let (bytes, content) = content.to_bytes();
    let text = String::from_utf8(bytes).map_err(|why| Error::Record(why.to_string()))?;
    let statement = match item.draft.corrects.zip(item.draft.source) {
        // The month is that of what it corrects.
        Some((of, source)) => Statement::Correction { village, time, of, source, content },
        None => Statement::Receipt { village, period, time, content },
    };
    Ok((statement, Some(text)))
}

/// The time on this machine's clock, whole seconds.
fn now() -> Result<Timestamp> {
    let now = jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    now.parse().map_err(|_| Error::Record(now))
}
