//! What was asked, by everyone, and how it was answered; what waits, what is overdue, and how many are withheld.

use askama::Template;
use rusqlite::Connection;

use super::{Frame, Rendered};
use crate::clock;
use crate::questions::list::backlog;
use crate::view::questions::{self, Counts, PAGE};
use crate::web::questions::{Shown, about, place, places};

/// A question with the place it belongs to.
struct Line {
    shown: Shown,
    place: String,
    /// What it is about: words and address.
    about: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "questions.html")]
struct Questions {
    f: Frame,
    counts: Counts,
    /// How many wait to be looked at, and since when the oldest does.
    waiting: (u64, Option<String>),
    villages: Vec<(String, String)>,
    chosen: String,
    lines: Vec<Line>,
    older: Option<String>,
}

/// The newest questions, of one village or of all.
pub fn list(
    db: &Connection,
    frame: Frame,
    township: &str,
    village: Option<&str>,
    before: Option<u64>,
) -> Rendered {
    let w = frame.w;
    let villages = places(db, w, township)?;
    if village.is_some_and(|code| villages.iter().all(|(known, _)| known != code)) {
        return Ok(None);
    }
    let today = clock::today();
    let found = questions::newest(db, village, before)?;
    let chosen = village.unwrap_or_default().to_owned();
    let older = found.last().filter(|_| found.len() == PAGE).map(|last| {
        let of = if chosen.is_empty() { String::new() } else { format!("v={chosen}&") };
        w.link(&format!("/q?{of}before={}", last.n))
    });
    let mut lines = Vec::new();
    for question in &found {
        let place = villages.iter().find(|(code, _)| *code == question.village);
        lines.push(Line {
            shown: Shown::of(w, question, today),
            place: place.map(|(_, name)| name.clone()).unwrap_or_default(),
            about: about(db, w, question.about)?,
        });
    }
    let waiting = backlog(db)?;
    let waiting = (waiting.0, waiting.1.and_then(|day| Some(w.day(&day.parse().ok()?))));
    super::rendered(&Questions {
        f: frame.titled(w.t("大家问的"), w.t("村民的提问和公开的答复。")).shown_as("/q", None),
        counts: questions::counts(db, village, today)?,
        waiting,
        villages,
        chosen,
        lines,
        older,
    })
}

#[derive(Template)]
#[template(path = "question.html")]
struct One {
    f: Frame,
    place: String,
    village: String,
    about: Option<(String, String)>,
    questions: Vec<Shown>,
}

/// One question, with what went before it and what came after.
pub fn one(db: &Connection, frame: Frame, n: u64) -> Rendered {
    let w = frame.w;
    let Some(first) = root(db, n)? else { return Ok(None) };
    let mut thread = vec![first];
    while let Some(next) = questions::going_on(db, thread[thread.len() - 1].n)? {
        thread.push(next);
    }
    let today = clock::today();
    let village = thread[0].village.clone();
    super::rendered(&One {
        f: frame
            .titled(w.t("提问和答复"), w.t("村民的提问和公开的答复。"))
            .shown_as(&format!("/q/{n}"), None),
        about: about(db, w, thread[0].about)?,
        place: place(db, w, &village)?,
        village,
        questions: thread.iter().map(|one| Shown::of(w, one, today)).collect(),
    })
}

/// The question that a thread began with.
fn root(db: &Connection, n: u64) -> crate::Result<Option<questions::Question>> {
    let mut found = questions::one(db, n)?;
    while let Some(before) = found.as_ref().and_then(|question| question.goes_on_from) {
        found = questions::one(db, before)?;
    }
    Ok(found)
}
