//! Asking on a phone: a form, a look before it is sent, and a slip to find it again by. Complete without a script.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use ledger::content::{Channel, QUESTION_CHARS_MAX, Topic};
use ledger::question::{AskId, Asking, Pin, Slip};
use ledger::statement::word;
use rusqlite::Connection;
use serde::Deserialize;

use super::{Frame, POLICY, not_there};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::questions::follow::{self, Followed, Opened};
use crate::questions::{State as Became, receive, similar};
use crate::random;
use crate::view::{self, Head};
use crate::web::questions::{Shown, Typed, about, broken, place, places, topic, who};
use crate::web::words::{Lang, Words};
use crate::web::{answer, guard, qr};

/// What somebody is asking, as the form carries it from page to page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// 32 hex digits, drawn when the form was opened: a second press counts once.
    id: String,
    pin: String,
    village: String,
    of: String,
    topic: String,
    text: String,
    /// A field that no person sees; programs fill it in.
    website: String,
}

/// What a link to the form names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    r: Option<u64>,
    v: Option<String>,
}

/// A choice of the form: value, words, and whether it is chosen.
type Choice = (String, String, bool);

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage {
    f: Frame,
    draft: Draft,
    /// What it is about: words and address.
    about: Option<(String, String)>,
    villages: Vec<Choice>,
    topics: Vec<Choice>,
    chars_max: usize,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "ask_confirm.html")]
struct Confirm {
    f: Frame,
    draft: Draft,
    about: Option<(String, String)>,
    village: String,
    topic: &'static str,
    /// Personal data that the text seems to hold.
    personal: Vec<String>,
    similar: Vec<Shown>,
}

#[derive(Template)]
#[template(path = "ask_done.html")]
struct Done {
    f: Frame,
    slip: Slip,
    pin: String,
    /// Whether the township's account in WeChat tells who asks for it.
    notices: bool,
}

#[derive(Template)]
#[template(path = "slip.html")]
struct SlipPage {
    f: Frame,
    slip: String,
    problem: Option<String>,
}

/// One question of a slip, in words.
struct Step {
    said: String,
    text: String,
    shown: Option<Shown>,
    page: Option<u64>,
}

#[derive(Template)]
#[template(path = "slip_shown.html")]
struct Following {
    f: Frame,
    slip: Slip,
    pin: String,
    steps: Vec<Step>,
    /// Who can be asked next by somebody who is not satisfied, with the number for that question.
    next: Option<(&'static str, String)>,
    problem: Option<String>,
}

/// The form.
pub async fn form(State(app): State<Arc<App>>, Query(asked): Query<Asked>, uri: Uri) -> Response {
    let made = || -> Result<Option<String>> {
        let mut draft = Draft { village: asked.v.clone().unwrap_or_default(), ..Draft::default() };
        draft.id = AskId(random::bytes()?).to_string();
        draft.pin = Pin::of(random::bytes()?).to_string();
        if let Some(n) = asked.r {
            let item = app.db.read(|c| view::item(c, n))?;
            let Some(item) = item else { return Ok(None) };
            draft.village = item.village;
            draft.of = n.to_string();
        }
        form_page(&app, &uri, draft, None).map(Some)
    };
    shown(&uri, StatusCode::OK, made())
}

fn form_page(app: &App, uri: &Uri, draft: Draft, problem: Option<&Error>) -> Result<String> {
    let w = words(uri);
    let (f, about, villages) = app.db.read(|c| {
        let title =
            if draft.of.is_empty() { w.t("我要问、提意见") } else { w.t("问这一笔") };
        let f = frame(app, w, uri, c)?.titled(title, w.t("不用登记姓名，答复公开给所有人看。"));
        Ok((f, about(c, w, draft.of.parse().ok())?, places(c, w, &app.township)?))
    })?;
    let villages = villages.into_iter().map(|(code, name)| {
        let chosen = code == draft.village;
        (code, name, chosen)
    });
    let topics = Topic::ALL.into_iter().map(|one| {
        let value = word(&one);
        let chosen = draft.topic == value;
        (value, topic(w, one).to_owned(), chosen)
    });
    let page = AskPage {
        f,
        about,
        villages: villages.collect(),
        topics: topics.collect(),
        chars_max: QUESTION_CHARS_MAX,
        problem: problem.map(ToString::to_string),
        draft,
    };
    rendered(&page)
}

/// Back from the look to the form, with everything that was typed.
pub async fn edit(State(app): State<Arc<App>>, uri: Uri, Form(draft): Form<Draft>) -> Response {
    let at = uri_of_form(&uri);
    shown(&uri, StatusCode::OK, form_page(&app, &at, draft, None).map(Some))
}

/// The look before it is sent: what others asked already, and who will see it.
pub async fn look(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    Form(draft): Form<Draft>,
) -> Response {
    if let Some(foreign) = foreign(&app, &uri, &headers) {
        return foreign;
    }
    let asking = match asking(&draft) {
        Ok(asking) => asking,
        Err(error) => return again(&app, &uri, draft, &error),
    };
    let w = words(&uri);
    let made = app.db.read(|c| {
        let today = clock::today();
        let similar = similar::similar(c, &asking.text, asking.of)?;
        let page = Confirm {
            f: frame(&app, w, &uri, c)?.titled(w.t("看一遍再发出"), w.t("看一遍再发出")),
            about: about(c, w, asking.of)?,
            village: place(c, w, asking.village.as_str())?,
            topic: topic(w, asking.topic),
            personal: personal(w, &asking.text),
            similar: similar.iter().map(|one| Shown::of(w, one, today)).collect(),
            draft,
        };
        rendered(&page)
    });
    shown(&uri, StatusCode::OK, made.map(Some))
}

/// What the text tells of a person, each as it stands there.
fn personal(w: Words, text: &str) -> Vec<String> {
    marks::personal::find(text)
        .into_iter()
        .map(|found| {
            let there: String =
                text.chars().skip(found.range.start).take(found.range.len()).collect();
            w.fill("“{text}”像是个人信息", &[("text", &there)])
        })
        .collect()
}

/// Sends it.
pub async fn send(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    Form(draft): Form<Draft>,
) -> Response {
    if let Some(foreign) = foreign(&app, &uri, &headers) {
        return foreign;
    }
    let w = words(&uri);
    let taken = match asking(&draft) {
        // A program that fills in every field is answered as a person is, and nothing is kept.
        Ok(asking) if !draft.website.is_empty() => Ok(asking.id.slip()),
        Ok(asking) => receive::receive(&app, asking).await,
        Err(error) => Err(error),
    };
    match taken {
        Ok(slip) => {
            let made = app.db.read(|c| {
                let f = frame(&app, w, &uri, c)?.titled(w.t("收到了"), w.t("收到了"));
                let wechat = app.wechat.as_ref();
                let notices = wechat.is_some_and(|wechat| wechat.settings.notice.is_some());
                rendered(&Done { f, slip, pin: draft.pin, notices })
            });
            shown(&uri, StatusCode::OK, made.map(Some))
        }
        Err(error) => again(&app, &uri, draft, &error),
    }
}

fn asking(draft: &Draft) -> Result<Asking> {
    let of = match draft.of.as_str() {
        "" => None,
        n => Some(n.parse().map_err(|_| broken())?),
    };
    let Draft { id, pin, village, topic, text, .. } = draft;
    let asking = Typed { id, pin, village, of, topic, text }.asking(Channel::Phone)?;
    receive::check(&asking)?;
    Ok(asking)
}

/// The form again with everything that was typed, and what is wrong.
fn again(app: &App, uri: &Uri, draft: Draft, error: &Error) -> Response {
    let status = answer::status(error);
    let at = uri_of_form(uri);
    match error {
        Error::Refused { .. } | Error::Busy => {
            shown(uri, status, form_page(app, &at, draft, Some(error)).map(Some))
        }
        _ => super::failed(uri, error),
    }
}

/// The form's own address in the language of this one.
fn uri_of_form(uri: &Uri) -> Uri {
    let path = words(uri).link("/ask");
    path.parse().unwrap_or_default()
}

/// Where to look a question up.
pub async fn slip(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let number = super::part(&uri, 2);
    let slip = number.parse::<Slip>().map(|slip| slip.spaced()).unwrap_or_default();
    shown(&uri, StatusCode::OK, slip_page(&app, &uri, slip, None).map(Some))
}

fn slip_page(app: &App, uri: &Uri, slip: String, problem: Option<&Error>) -> Result<String> {
    let w = words(uri);
    app.db.read(|c| {
        let f = frame(app, w, uri, c)?.titled(w.t("查我问的"), w.t("查我问的"));
        rendered(&SlipPage { f, slip, problem: problem.map(ToString::to_string) })
    })
}

/// The code on a slip: the address to look it up at.
pub async fn slip_code(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let Ok(slip) = super::part(&uri, 2).parse::<Slip>() else { return not_there(&uri) };
    let address = words(&uri).link(&format!("{}/slip/{slip}", app.public_url));
    match qr::png(&address) {
        Some(picture) => {
            let headers =
                [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-store")];
            (headers, picture).into_response()
        }
        None => not_there(&uri),
    }
}

/// What opens a slip.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Opening {
    slip: String,
    pin: String,
    /// For a question that goes on.
    id: String,
    text: String,
}

/// What became of the questions of a slip.
pub async fn follow(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    Form(given): Form<Opening>,
) -> Response {
    if let Some(foreign) = foreign(&app, &uri, &headers) {
        return foreign;
    }
    match open(&app, &given).await {
        Ok(opened) => following(&app, &uri, &opened, None),
        Err(error) => slip_again(&app, &uri, &given, &error),
    }
}

/// Asks on.
pub async fn ask_on(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    Form(given): Form<Opening>,
) -> Response {
    if let Some(foreign) = foreign(&app, &uri, &headers) {
        return foreign;
    }
    let opened = match open(&app, &given).await {
        Ok(opened) => opened,
        Err(error) => return slip_again(&app, &uri, &given, &error),
    };
    let asked = match given.id.parse::<AskId>() {
        Ok(id) => opened.ask_on(&app, id, &given.text).await,
        Err(_) => Err(broken()),
    };
    following(&app, &uri, &opened, asked.err().as_ref())
}

async fn open(app: &Arc<App>, given: &Opening) -> Result<Opened> {
    let slip = given.slip.parse();
    let slip = slip.map_err(|_| Error::refused("malformed", "回执编号是 10 位数字"))?;
    let pin = given.pin.trim().parse();
    let pin = pin.map_err(|_| Error::refused("malformed", "查询码是 4 位数字"))?;
    follow::open(app, slip, pin).await
}

fn slip_again(app: &App, uri: &Uri, given: &Opening, error: &Error) -> Response {
    let status = answer::status(error);
    match error {
        Error::Refused { .. } | Error::Busy => {
            let slip = given.slip.chars().take(20).collect();
            shown(uri, status, slip_page(app, uri, slip, Some(error)).map(Some))
        }
        _ => super::failed(uri, error),
    }
}

fn following(app: &App, uri: &Uri, opened: &Opened, problem: Option<&Error>) -> Response {
    let w = words(uri);
    let today = clock::today();
    let made = || -> Result<String> {
        let followed = opened.questions(app)?;
        let next = followed.last().and_then(Followed::next);
        let next = match next {
            Some(next) => Some((who(w, next), AskId(random::bytes()?).to_string())),
            None => None,
        };
        let f = app.db.read(|c| frame(app, w, uri, c))?;
        rendered(&Following {
            f: f.titled(w.t("查我问的"), w.t("查我问的")),
            slip: opened.slip().clone(),
            pin: opened.pin().to_string(),
            steps: followed.iter().map(|one| step(w, one, today)).collect(),
            next,
            problem: problem.map(ToString::to_string),
        })
    };
    let status = problem.map_or(StatusCode::OK, answer::status);
    shown(uri, status, made().map(Some))
}

fn step(w: Words, one: &Followed, today: jiff::civil::Date) -> Step {
    let said = match one.held.state {
        Became::Waiting => w.t("镇里收到了，还没有登记。登记以后，大家都能看到这条提问。"),
        Became::Shown(_) => w.t("已经登记公开："),
        Became::Withheld(_) => {
            w.t("没有公开：写了个人信息，或是辱骂、威胁、广告、刷屏。登记册里记下了这件事。")
        }
    };
    let shown = one.public.as_ref().map(|public| Shown::of(w, public, today));
    let page = shown.as_ref().map(|shown| shown.n);
    Step { said: said.to_owned(), text: one.held.text.clone(), shown, page }
}

fn words(uri: &Uri) -> Words {
    Words::new(Lang::of_query(uri.query()))
}

/// A frame whose other language leads back to a page that can be opened by its address.
fn frame(app: &App, w: Words, uri: &Uri, c: &Connection) -> Result<Frame> {
    let head: Option<Head> = view::head(c)?;
    Ok(Frame::new(w, uri, head, &app.public_url))
}

/// A form that another site's page sent.
fn foreign(app: &App, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    if guard::from_here(headers, &app.public_url) {
        return None;
    }
    let w = words(uri);
    Some(super::said(uri, w, StatusCode::FORBIDDEN, w.t("没有做成"), w.t(guard::FOREIGN)))
}

fn rendered(page: &impl Template) -> Result<String> {
    page.render().map_err(|error| Error::Corrupt(format!("模板：{error}")))
}

/// A page that is nobody else's to keep: it holds what somebody typed.
fn shown(uri: &Uri, status: StatusCode, made: Result<Option<String>>) -> Response {
    match made {
        Ok(Some(html)) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
                (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
                (header::CACHE_CONTROL, guard::PRIVATE),
                (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
                (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            ];
            (status, headers, html).into_response()
        }
        Ok(None) => not_there(uri),
        Err(error) => super::failed(uri, &error),
    }
}
