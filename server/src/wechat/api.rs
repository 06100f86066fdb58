//! Asking WeChat: one agent with limits of time and size, the access token, and what is tried again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use super::lent::{Lent, Loan};
use super::refusal::Refusal;
use super::settings::Settings;
use crate::error::{Error, Result};

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(4);
/// Bytes of the longest answer.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
/// Bytes of the largest picture of a code.
const PICTURE_BYTES_MAX: u64 = 1 << 20;
/// Characters of the longest token or ticket (WeChat asks for room for 512).
const WORD_CHARS_MAX: usize = 1_024;
/// What is waited before each further try.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// Whether something may be asked again when it is not known whether it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Doing it twice is as doing it once.
    Safe,
    /// Somebody would be told twice.
    Never,
}

/// Why there is no answer.
enum Failure {
    /// WeChat said no.
    Refused(Refusal),
    /// It is not known what became of it.
    Lost(String),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Lost(why) => Error::refused("wechat-away", format!("微信接口没有应答：{why}")),
        }
    }
}

/// WeChat's interface as one account may use it. All of it blocks.
pub struct Api {
    agent: Agent,
    base: String,
    pictures: String,
    app_id: String,
    app_secret: String,
    token: Lent,
    ticket: Lent,
}

impl Api {
    /// The interface for these settings; nothing is asked yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT_WITHIN))
            .timeout_global(Some(ANSWER_WITHIN))
            .build();
        Self {
            agent: agent.into(),
            base: settings.api_base.clone(),
            pictures: settings.pictures_base().to_owned(),
            app_id: settings.app_id.clone(),
            app_secret: settings.app_secret.clone(),
            token: Lent::default(),
            ticket: Lent::default(),
        }
    }

    /// The access token: what every other question carries.
    ///
    /// # Errors
    /// One of the codes `wechat…`: refused, or no answer.
    pub fn token(&self) -> Result<String> {
        self.token.get(Instant::now(), || self.borrow_token(false))
    }

    /// The JS-SDK's ticket, if it is at hand. Never waits.
    #[must_use]
    pub fn ticket_at_hand(&self) -> Option<String> {
        self.ticket.at_hand(Instant::now())
    }

    /// The JS-SDK's ticket.
    ///
    /// # Errors
    /// As [`Api::token`].
    pub fn ticket(&self) -> Result<String> {
        self.ticket.get(Instant::now(), || {
            let path = "/cgi-bin/ticket/getticket";
            loan(&self.ask(path, &[("type", "jsapi")], None, Again::Safe)?, "ticket")
        })
    }

    /// Posts something that needs the token.
    ///
    /// # Errors
    /// As [`Api::token`].
    pub fn post(&self, path: &str, body: &Value, again: Again) -> Result<Value> {
        self.ask(path, &[], Some(body), again)
    }

    /// The picture of a code.
    ///
    /// # Errors
    /// As [`Api::token`].
    pub fn picture(&self, path: &str, ticket: &str) -> Result<Vec<u8>> {
        let url = format!("{}{path}", self.pictures);
        let answer = self.agent.get(url).query("ticket", ticket).call().map_err(lost)?;
        let status = answer.status().as_u16();
        let is_picture = answer.headers().get("content-type");
        let is_picture = is_picture.is_some_and(|kind| kind.as_bytes().starts_with(b"image/"));
        if status != 200 || !is_picture {
            let why = format!("微信没有给出二维码图片（HTTP {status}）");
            return Err(Error::refused("wechat", why));
        }
        let mut body = answer.into_body();
        Ok(body.with_config().limit(PICTURE_BYTES_MAX).read_to_vec().map_err(lost)?)
    }

    /// Asks, renews a token that does not count any more once, and tries again what may be tried again.
    fn ask(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
        again: Again,
    ) -> Result<Value> {
        let mut token = self.token()?;
        let (mut renewed, mut pauses) = (false, PAUSES.into_iter());
        loop {
            let query = [&[("access_token", token.as_str())], query].concat();
            let failure = match self.send(path, &query, body) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            match &failure {
                Failure::Refused(refusal) if refusal.is_stale_token() && !renewed => {
                    renewed = true;
                    token = self.renew(&token)?;
                    continue;
                }
                Failure::Refused(refusal) if refusal.is_busy() => {}
                Failure::Lost(_) if again == Again::Safe => {}
                _ => return Err(failure.into()),
            }
            let Some(pause) = pauses.next() else { return Err(failure.into()) };
            std::thread::sleep(pause);
        }
    }

    /// Another token than the refused one. Usually asking for it is enough; only where WeChat gives the same one again it
    /// is told to make a new one, which it does 20 times a day.
    fn renew(&self, refused: &str) -> Result<String> {
        self.token.replace(refused, Instant::now(), || {
            let given = self.borrow_token(false)?;
            if given.word == refused { self.borrow_token(true) } else { Ok(given) }
        })
    }

    fn borrow_token(&self, force: bool) -> Result<Loan> {
        let asked = json!({
            "grant_type": "client_credential",
            "appid": self.app_id,
            "secret": self.app_secret,
            "force_refresh": force,
        });
        let mut pauses = PAUSES.into_iter();
        loop {
            let failure = match self.send("/cgi-bin/stable_token", &[], Some(&asked)) {
                Ok(answer) => return loan(&answer, "access_token"),
                Err(failure) => failure,
            };
            let helps = match &failure {
                Failure::Refused(refusal) => refusal.is_busy(),
                // A token that was made and lost on the way counts against the day's twenty.
                Failure::Lost(_) => !force,
            };
            match pauses.next() {
                Some(pause) if helps => std::thread::sleep(pause),
                _ => return Err(failure.into()),
            }
        }
    }

    /// One question over the line. The token stands in the address, as the protocol wants it; no error repeats that.
    fn send(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> std::result::Result<Value, Failure> {
        let url = format!("{}{path}", self.base);
        let query = query.iter().copied();
        let answer = match body {
            None => self.agent.get(url).query_pairs(query).call(),
            Some(body) => {
                let request = self.agent.post(url).query_pairs(query);
                request.header("content-type", "application/json").send(body.to_string())
            }
        };
        let answer = answer.map_err(lost)?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(Failure::Lost(format!("HTTP {status}")));
        }
        let mut body = answer.into_body();
        let text = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(lost)?;
        let answer: Value =
            serde_json::from_slice(&text).map_err(|_| Failure::Lost("应答不是 JSON".into()))?;
        match answer["errcode"].as_i64() {
            None | Some(0) => Ok(answer),
            Some(errcode) => {
                let errmsg = answer["errmsg"].as_str().unwrap_or_default().to_owned();
                Err(Failure::Refused(Refusal { errcode, errmsg }))
            }
        }
    }
}

/// What an answer lends.
fn loan(answer: &Value, name: &str) -> Result<Loan> {
    let word =
        answer[name].as_str().filter(|word| !word.is_empty() && word.len() <= WORD_CHARS_MAX);
    match (word, answer["expires_in"].as_u64()) {
        (Some(word), Some(seconds)) => {
            Ok(Loan { word: word.to_owned(), lasts: Duration::from_secs(seconds.min(7_200)) })
        }
        _ => Err(Error::refused("wechat", "微信的应答里没有凭证")),
    }
}

/// A failure on the line, without the address that was asked: the token stands there.
fn lost(error: ureq::Error) -> Failure {
    Failure::Lost(match error {
        ureq::Error::Timeout(_) => "超时".into(),
        ureq::Error::HostNotFound => "找不到主机".into(),
        ureq::Error::Io(error) => format!("连接失败（{}）", error.kind()),
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => "证书或加密连接有问题".into(),
        ureq::Error::BodyExceedsLimit(_) => "应答太大".into(),
        _ => "连接失败".into(),
    })
}
