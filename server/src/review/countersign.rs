//! What supervisors say of a submission: they sign beside the accountant with a key that is theirs alone, or object.

use ledger::note::Note;
use ledger::roster::{Roster, Signer};
use ledger::statement::Role;

use super::way::{Opinion, Voice, say};
use super::{REASON_CHARS_MAX, State, Submission, one};
use crate::app::App;
use crate::audit::{self, Change};
use crate::clock;
use crate::error::{Error, Result};
use crate::people::{Absent, Actor, Deed, Role as Post, Who};
use crate::view;

/// Bytes of the longest line of a signature.
const LINE_BYTES_MAX: usize = 400;

/// Keeps a supervisor's signature of a submission. The signature is the permission: whoever holds the enrolled key may
/// send it, through a page or with a program.
///
/// # Errors
/// When the submission does not wait, or the line is not a good signature by a supervisor's key of that village.
pub async fn countersign(app: &App, id: &str, line: &str) -> Result<()> {
    app.publisher.must_run()?;
    let (id, roster) = (id.to_owned(), app.publisher.roster());
    let line = format!("{}\n", line.trim());
    app.db
        .write(move |c| {
            let found = one(c, &id)?.ok_or_else(unknown)?;
            must_wait(&found)?;
            let key = signer(&roster, &found, &line)?.key.name().to_owned();
            let name = view::holder(c, &key)?.unwrap_or_else(|| key.clone());
            let opinion = Opinion {
                voice: Voice::Supervisor,
                whose: key.clone(),
                name: name.clone(),
                for_login: None,
                objection: None,
                signature: Some(line),
                time: clock::now(),
            };
            say(c, &id, &opinion)?;
            let actor = Actor { login: key, name, role: Post::Supervisor, stands_for: None };
            audit::record(c, &actor, "countersign", &id, Change::default())
        })
        .await
}

/// The supervisor whose good signature of this submission's text `line` is.
fn signer<'r>(roster: &'r Roster, found: &Submission, line: &str) -> Result<&'r Signer> {
    let bad = || Error::refused("bad-signature", "签名不对：请用在镇政府登记过的那把钥匙再签一次");
    if line.len() > LINE_BYTES_MAX || line.matches('\n').count() != 1 {
        return Err(bad());
    }
    let text = Note::parse(found.note.as_bytes()).map_err(|_| bad())?.text().to_owned();
    let note = Note::parse(format!("{text}\n{line}").as_bytes()).map_err(|_| bad())?;
    let supervisors = roster.signers().iter().filter(|signer| {
        signer.role == Role::Supervisor && signer.village.as_str() == found.village
    });
    let keys = supervisors.clone().map(|signer| &signer.key);
    let signed = note.verify(keys).map_err(|_| bad())?;
    let mut signer = supervisors.filter(|signer| signed.contains(&&signer.key));
    signer.next().ok_or_else(bad)
}

/// Keeps a supervisor's objection: the submission cannot be published until they sign after all.
///
/// # Errors
/// When this person may not, there is no reason, or the submission does not wait or is another village's.
pub async fn object(app: &App, id: &str, reason: &str, who: &Who) -> Result<()> {
    let actor = who.acting(Deed::Countersign)?;
    let reason = reason.trim().to_owned();
    if !(1..=REASON_CHARS_MAX).contains(&reason.chars().count()) {
        return Err(Error::refused("no-reason", "请写明为什么不同意"));
    }
    let (id, who) = (id.to_owned(), who.clone());
    app.db
        .write(move |c| {
            let found = one(c, &id)?.ok_or_else(unknown)?;
            who.must_see(&found.village)?;
            must_wait(&found)?;
            let opinion = Opinion {
                voice: Voice::Supervisor,
                whose: key_name(&found.village, &who.login),
                name: who.name.clone(),
                for_login: actor.stands_for.as_ref().map(|Absent { login, .. }| login.clone()),
                objection: Some(reason.clone()),
                signature: None,
                time: clock::now(),
            };
            say(c, &id, &opinion)?;
            audit::record(c, &actor, "object", &id, Change::to(&reason))
        })
        .await
}

/// The name of the key that a supervisor makes in their browser: an objection and a signature by the same person are
/// kept under it, so that the newer one counts.
#[must_use]
pub fn key_name(village: &str, login: &str) -> String {
    format!("{village}/supervisor-{}", login.to_lowercase())
}

fn unknown() -> Error {
    Error::refused("not-found", "没有这份提交")
}

fn must_wait(found: &Submission) -> Result<()> {
    match found.state {
        State::Received | State::Incomplete if found.author.is_none() => Ok(()),
        _ => Err(Error::refused("wrong-state", "这份提交不等会签，或已经办结")),
    }
}
