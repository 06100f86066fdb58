//! The office's look at questions: each is shown or withheld, and either way it stands in the log.

use std::sync::Arc;

use ledger::content::{Content, QuestionContent};
use ledger::statement::{Reason, Source, Statement, word};
use rusqlite::{Connection, params};

use super::{Held, State, ledger_date, new_salt, one};
use crate::app::App;
use crate::audit::{self, Change};
use crate::clock;
use crate::error::{Error, Result};
use crate::people::{Deed, Who};
use crate::publish::{self, Keys, NewEntry};
use crate::rulebook::Rulebook;

/// The most questions that one form decides.
pub const DECIDED_MAX: usize = 500;

/// What the office decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Everyone sees it.
    Show,
    /// It holds personal data.
    Personal,
    /// It insults, threatens, or is no question at all: advertising, a flood.
    Abuse,
}

impl Decision {
    /// The one that a form's word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Show, Self::Personal, Self::Abuse].into_iter().find(|one| one.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Show => "show",
            Self::Personal => "personal",
            Self::Abuse => "abuse",
        }
    }

    fn reason(self) -> Option<Reason> {
        match self {
            Self::Show => None,
            Self::Personal => Some(Reason::Personal),
            Self::Abuse => Some(Reason::Abuse),
        }
    }
}

/// Decides on questions that wait. Those that were decided meanwhile stay as they are; answers how many were not.
///
/// # Errors
/// When this person may not, there are too many, or nothing can be published now.
pub async fn decide(app: &Arc<App>, seqs: &[i64], how: Decision, who: &Who) -> Result<usize> {
    let actor = who.acting(Deed::Review)?;
    if seqs.is_empty() || seqs.len() > DECIDED_MAX {
        let message = format!("请勾选 1 到 {DECIDED_MAX} 条");
        return Err(Error::refused("batch", message));
    }
    let (app, seqs, book) = (Arc::clone(app), seqs.to_vec(), app.rulebook.now());
    let decided = tokio::task::spawn_blocking(move || {
        app.append(move |c, keys| {
            let mut waiting = Vec::new();
            for seq in seqs {
                let held = one(c, seq)?;
                if held.state == State::Waiting {
                    audit::record(c, &actor, "question", &held.slip, Change::to(how.word()))?;
                    waiting.push(held);
                }
            }
            entries(c, keys, &book, &waiting, how)
        })
    });
    let published = decided.await.unwrap_or(Err(Error::Busy))?;
    // A withheld one has two entries.
    Ok(if how == Decision::Show { published.len() } else { published.len() / 2 })
}

/// The entries for questions, and after them what withholds them.
fn entries(
    c: &Connection,
    keys: &Keys,
    book: &Rulebook,
    waiting: &[Held],
    how: Decision,
) -> Result<Vec<NewEntry>> {
    let (size, _) = publish::head(c)?;
    let (mut entries, mut withheld) = (Vec::new(), Vec::new());
    for (index, held) in (size..).zip(waiting) {
        let content = content(book, held)?;
        let (body, hash) = content.to_bytes();
        let (village, time) = (held.village, clock::timestamp()?);
        let asked = Statement::Question { village, time: time.clone(), of: held.of, content: hash };
        let body = String::from_utf8(body).map_err(|e| Error::Corrupt(e.to_string()))?;
        let note = publish::office_note(keys, &asked);
        let disclosed = how == Decision::Show;
        entries.push(NewEntry { note, body: Some(body), submission: None, disclosed });
        if let Some(reason) = how.reason() {
            let (of, source) = (index, Source::Original);
            let gone = Statement::Withdrawal { village, time, of, reason, source, ground: None };
            withheld.push(NewEntry::stated(publish::office_note(keys, &gone), None));
        }
        let state = if disclosed { "shown" } else { "withheld" };
        c.prepare_cached("UPDATE question SET state = ?2, idx = ?3 WHERE seq = ?1")?
            .execute(params![held.seq, state, index])?;
    }
    entries.extend(withheld);
    Ok(entries)
}

fn content(book: &Rulebook, held: &Held) -> Result<QuestionContent> {
    let due = book.answer_due(held.asked, held.to).on;
    let content = QuestionContent {
        salt: new_salt()?,
        topic: held.topic,
        text: held.text.clone(),
        channel: held.channel,
        asked: ledger_date(held.asked)?,
        to: held.to,
        due: ledger_date(due)?,
    };
    content.check().map_err(|error| {
        Error::Corrupt(format!("提问 {}（{}）：{error}", held.slip, word(&held.topic)))
    })?;
    Ok(content)
}
