//! The office's questions: looked at, answered, typed in from paper.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use ledger::content::{ANSWER_CHARS_MAX, Channel, QUESTION_CHARS_MAX, Topic};
use ledger::question::{AskId, Asking, Pin, Slip};
use ledger::statement::word;
use rusqlite::Connection;

use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::people::Deed;
use crate::questions::decide::{self, Decision};
use crate::questions::{Held, Suspicion, answer, list, paper, similar};
use crate::random;
use crate::view::questions::{self, Question};
use crate::web::guard::Act;
use crate::web::questions::{Shown, Typed, about, channel, place, places, topic, who};
use crate::web::sessions::Session;
use crate::web::words::Words;

/// What was just done.
#[derive(serde::Deserialize)]
pub struct Asked {
    decided: Option<usize>,
    answered: Option<u64>,
}

/// A question that waits to be looked at.
struct Waiting {
    seq: i64,
    text: String,
    said: String,
    about: Option<(String, String)>,
    why: Option<&'static str>,
}

/// A question that waits for an answer.
struct Open {
    shown: Shown,
    place: String,
    href: String,
}

#[derive(Template)]
#[template(path = "office/questions.html")]
struct Questions {
    f: Frame,
    said: Option<String>,
    reviews: bool,
    waiting: Vec<Waiting>,
    waiting_count: u64,
    suspects: Vec<Waiting>,
    suspects_count: u64,
    open: Vec<Open>,
    token: String,
}

/// The list.
pub async fn show(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let reviews = session.who.may(Deed::Review);
    let found = app.db.read(|c| {
        let places = places(c, w, &app.township)?;
        let (waiting, waiting_count) =
            if reviews { list::waiting(c, false)? } else { (Vec::new(), 0) };
        let (suspects, suspects_count) =
            if reviews { list::waiting(c, true)? } else { (Vec::new(), 0) };
        let lines = |held: &[Held]| -> Result<Vec<Waiting>> {
            held.iter().map(|held| line(c, w, held, &places)).collect()
        };
        let open = list::to_answer(c, &session.who)?;
        let today = clock::today();
        let open = open.iter().map(|question| Open {
            shown: Shown::of(w, question, today),
            place: name_of(&places, &question.village),
            href: w.link(&format!("/office/questions/{}", question.n)),
        });
        Ok(((lines(&waiting)?, waiting_count), (lines(&suspects)?, suspects_count), open.collect()))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok(((waiting, waiting_count), (suspects, suspects_count), open)) => {
            let said = asked.decided.map(|n| w.one("{n} 条已经办好。", &n));
            let said =
                said.or_else(|| asked.answered.map(|n| w.one("第 {n} 号的答复已经公布。", &n)));
            let token = session.form.clone();
            let f = Frame::new(&uri, w.t("提问"), Some(session));
            let page = Questions {
                f,
                said,
                reviews,
                waiting,
                waiting_count,
                suspects,
                suspects_count,
                open,
                token,
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

fn name_of(places: &[(String, String)], code: &str) -> String {
    let known = places.iter().find(|(known, _)| known == code);
    known.map_or_else(|| code.to_owned(), |(_, name)| name.clone())
}

fn line(c: &Connection, w: Words, held: &Held, places: &[(String, String)]) -> Result<Waiting> {
    let day = held.asked.to_string().parse().map(|day| w.day(&day)).unwrap_or_default();
    let said = [
        name_of(places, held.village.as_str()).as_str(),
        day.as_str(),
        topic(w, held.topic),
        channel(w, held.channel),
        who(w, held.to),
    ]
    .join(" · ");
    let why = held.suspect.map(|suspect| match suspect {
        Suspicion::Link => w.t("像是广告"),
        Suspicion::Flood => w.t("同样的话来了很多遍"),
        Suspicion::Noise => w.t("没有内容"),
    });
    let about = about(c, w, held.of)?;
    Ok(Waiting { seq: held.seq, text: held.text.clone(), said, about, why })
}

/// Shows or withholds what was chosen.
pub async fn decide(State(app): State<Arc<App>>, act: Act) -> Response {
    let how = Decision::parse(act.field("how"))
        .ok_or_else(|| Error::refused("malformed", "请选择公开还是不公开"));
    let seqs: Vec<i64> = act.all("seq").iter().filter_map(|seq| seq.parse().ok()).collect();
    let decided = match how {
        Ok(how) => decide::decide(&app, &seqs, how, &act.session.who).await,
        Err(error) => Err(error),
    };
    match decided {
        Ok(count) => done(&act.uri, &format!("/office/questions?decided={count}")),
        Err(error) => failed(&act.uri, &error),
    }
}

#[derive(Template)]
#[template(path = "office/question.html")]
struct One {
    f: Frame,
    shown: Shown,
    place: String,
    about: Option<(String, String)>,
    similar: Vec<Shown>,
    may_answer: bool,
    chars_max: usize,
    token: String,
}

/// One question, with a place for the answer.
pub async fn one(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Path(id): Path<String>,
) -> Response {
    let w = words(&uri);
    let found = app.db.read(|c| {
        let n = number(&id)?;
        let question = questions::one(c, n)?.filter(|q| q.content.is_some()).ok_or_else(gone)?;
        session.who.must_see(&question.village)?;
        let place = place(c, w, &question.village)?;
        let about = about(c, w, question.about)?;
        let text = question.content.as_ref().map(|c| c.text.clone()).unwrap_or_default();
        let mut alike = similar::similar(c, &text, question.about)?;
        alike.retain(|one| one.n != n);
        Ok((question, place, about, alike))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((question, place, about, alike)) => {
            let today = clock::today();
            let may_answer = may_answer(&session, &question);
            let token = session.form.clone();
            let page = One {
                f: Frame::new(&uri, w.t("提问"), Some(session)),
                shown: Shown::of(w, &question, today),
                place,
                about,
                similar: alike.iter().map(|one| Shown::of(w, one, today)).collect(),
                may_answer,
                chars_max: ANSWER_CHARS_MAX,
                token,
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

/// The log index in an address; who may open it was asked before.
fn number(id: &str) -> Result<u64> {
    id.parse().map_err(|_| gone())
}

fn gone() -> Error {
    Error::refused("not-found", "没有这条提问，或者它没有公开")
}

fn may_answer(session: &Session, question: &Question) -> bool {
    let Ok(actor) = session.who.acting(Deed::Answer) else { return false };
    question.content.as_ref().is_some_and(|content| answer::may_speak(actor.role, content.to))
}

/// Publishes an answer.
pub async fn answer(State(app): State<Arc<App>>, Path(id): Path<String>, act: Act) -> Response {
    let answered = match number(&id) {
        Ok(n) => answer::answer(&app, n, act.typed("text"), &act.session.who).await,
        Err(error) => Err(error),
    };
    match answered {
        Ok(()) => done(&act.uri, &format!("/office/questions?answered={id}")),
        Err(error) => failed(&act.uri, &error),
    }
}

#[derive(Template)]
#[template(path = "office/paper.html")]
struct Paper {
    f: Frame,
    /// What was just kept: its slip and PIN, to be given to the asker.
    kept: Option<(String, String)>,
    id: String,
    pin: String,
    villages: Vec<(String, String)>,
    topics: Vec<(String, &'static str)>,
    chars_max: usize,
    token: String,
}

/// The form for what came on paper.
pub async fn paper_form(State(app): State<Arc<App>>, session: Session, uri: Uri) -> Response {
    paper_page(&app, session, &uri, None)
}

fn paper_page(app: &App, session: Session, uri: &Uri, kept: Option<(Slip, Pin)>) -> Response {
    let w = words(uri);
    let made = || -> Result<Paper> {
        let token = session.form.clone();
        Ok(Paper {
            kept: kept.map(|(slip, pin)| (slip.spaced(), pin.to_string())),
            id: AskId(random::bytes()?).to_string(),
            pin: Pin::of(random::bytes()?).to_string(),
            villages: app.db.read(|c| places(c, w, &app.township))?,
            topics: Topic::ALL.into_iter().map(|one| (word(&one), topic(w, one))).collect(),
            chars_max: QUESTION_CHARS_MAX,
            token,
            f: Frame::new(uri, w.t("录入纸上的提问"), Some(session)),
        })
    };
    match made() {
        Ok(page) => html(uri, StatusCode::OK, &page),
        Err(error) => failed(uri, &error),
    }
}

/// Keeps what came on paper.
pub async fn paper(State(app): State<Arc<App>>, act: Act) -> Response {
    let asking = match from_paper(&act) {
        Ok(asking) => asking,
        Err(error) => return failed(&act.uri, &error),
    };
    let pin = asking.pin.clone();
    match paper::keep(&app, asking, &act.session.who).await {
        Ok(slip) => paper_page(&app, act.session, &act.uri, Some((slip, pin))),
        Err(error) => failed(&act.uri, &error),
    }
}

fn from_paper(act: &Act) -> Result<Asking> {
    let of = match act.field("of") {
        "" => None,
        n => {
            let number = n.parse().map_err(|_| {
                Error::refused("malformed", "登记号是页面上“第几号”的数字，不写也可以")
            })?;
            Some(number)
        }
    };
    let typed = Typed {
        id: act.field("id"),
        pin: act.field("pin"),
        village: act.field("village"),
        of,
        topic: act.field("topic"),
        text: act.typed("text"),
    };
    typed.asking(Channel::Paper)
}
