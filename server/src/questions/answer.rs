//! Answering in public: a signed statement under the question.

use std::sync::Arc;

use ledger::content::{ANSWER_CHARS_MAX, AnswerContent, Answerer, Content};
use ledger::statement::{Statement, word};
use rusqlite::OptionalExtension;

use super::{ledger_date, new_salt, tidy};
use crate::app::App;
use crate::audit::{self, Change};
use crate::clock;
use crate::error::{Error, Result};
use crate::people::{Deed, Role, Who};
use crate::publish::{self, NewEntry};
use crate::view::questions;
use crate::web::questions::place;
use crate::web::words::{Lang, Words};
use crate::wechat::{self, Answered};

/// Answers the question at a log index. The same answer again changes nothing.
///
/// # Errors
/// `not-found`, `not-allowed`, `malformed`, or when nothing can be published now.
pub async fn answer(app: &Arc<App>, n: u64, text: &str, who: &Who) -> Result<()> {
    let actor = who.acting(Deed::Answer)?;
    let text = tidy(text);
    let question = app.db.read(|c| questions::one(c, n))?;
    let asked = question.as_ref().and_then(|question| question.content.as_ref());
    let (Some(question), Some(asked)) = (&question, asked) else {
        return Err(Error::refused("not-found", "没有这条提问，或者它没有公开"));
    };
    who.must_see(&question.village)?;
    let by = asked.to;
    if !may_speak(actor.role, by) {
        return Err(Error::refused("not-allowed", "这条提问不由您的岗位答复"));
    }
    let said = |answer: &questions::Answer| answer.content.as_ref().is_some_and(|c| c.text == text);
    if question.answers.iter().any(said) {
        return Ok(());
    }
    let content = AnswerContent { salt: new_salt()?, by, text };
    content.check().map_err(|_| {
        Error::refused("malformed", format!("请写下答复，不超过 {ANSWER_CHARS_MAX} 字"))
    })?;
    let (body, hash) = content.to_bytes();
    let body = String::from_utf8(body).map_err(|e| Error::Corrupt(e.to_string()))?;
    let village = question.village.parse().map_err(|_| Error::Corrupt("村代码".into()))?;
    let publisher = Arc::clone(app);
    let answered = tokio::task::spawn_blocking(move || {
        publisher.append(move |c, keys| {
            let time = clock::timestamp()?;
            let statement = Statement::Answer { village, time, of: n, content: hash };
            audit::record(c, &actor, "answer", &n.to_string(), Change::to(&word(&by)))?;
            Ok(vec![NewEntry::stated(publish::office_note(keys, &statement), Some(body))])
        })
    });
    answered.await.unwrap_or(Err(Error::Busy))?;
    tell(app, n, &question.village).await;
    Ok(())
}

/// Whoever asked for it hears in WeChat that there is an answer. That it cannot be told changes nothing about the answer.
async fn tell(app: &Arc<App>, n: u64, village: &str) {
    let w = Words::new(Lang::Zh);
    let slip = "SELECT slip FROM question WHERE idx = ?1";
    let found = app.db.read(|c| {
        let slip: Option<String> = c.query_row(slip, [n], |row| row.get(0)).optional()?;
        Ok((slip, place(c, w, village)?))
    });
    let told = match found {
        Ok((Some(slip), place)) => {
            let day = ledger_date(clock::today()).map(|day| w.day(&day)).unwrap_or_default();
            let path = format!("/q/{n}");
            wechat::notify_answered(app, &slip, Answered { place, day, path }).await
        }
        Ok((None, _)) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = told {
        tracing::error!(%error, "nobody was told of an answer");
    }
}

/// Whether somebody of this post may speak for that one. The township's office also types in what a village or its
/// supervisors answer on paper; the record says who did.
#[must_use]
pub fn may_speak(role: Role, by: Answerer) -> bool {
    match role {
        Role::Accountant => by == Answerer::Village,
        Role::Supervisor => by == Answerer::Supervisors,
        Role::Reviewer | Role::Leader => true,
        Role::Admin | Role::Editor | Role::Assessor => false,
    }
}
