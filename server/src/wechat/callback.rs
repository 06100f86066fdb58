//! The callback: what WeChat sends is checked, opened, understood, answered and sealed again, well within its five seconds.

use std::sync::Arc;
use std::time::Duration;

use ledger::encoding::hex;

use super::asked::{self, Asked};
use super::message::{self, Kind, Message};
use super::reply::Speaker;
use super::{WeChat, notice, signature};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::random;
use crate::web::words::{Lang, Words};

/// Seconds that a request may be old, or ahead of this machine's clock.
const AGE_SECONDS_MAX: u64 = 300;
/// How long an answer may take: WeChat waits for five seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// What says that there is nothing to say.
pub const NOTHING: &str = "success";
/// The word for sealed messages.
const AES: &str = "aes";

/// What stands in the address of a request.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct Envelope {
    #[serde(default)]
    signature: String,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    echostr: String,
    #[serde(default)]
    encrypt_type: String,
    #[serde(default)]
    msg_signature: String,
}

impl WeChat {
    /// The answer to WeChat's first question, which it asks when somebody writes our address into the account.
    ///
    /// # Errors
    /// `not-signed`.
    pub fn echo(&self, envelope: Envelope, now: i64) -> Result<String> {
        self.check(&envelope, now)?;
        Ok(envelope.echostr)
    }

    /// That the request is WeChat's, and new.
    fn check(&self, envelope: &Envelope, now: i64) -> Result<()> {
        let parts = [self.settings.token.as_str(), &envelope.timestamp, &envelope.nonce];
        if !signature::is_same(&envelope.signature, &signature::callback(&parts)) {
            return Err(not_signed("签名不对"));
        }
        let sent: i64 = envelope.timestamp.parse().map_err(|_| not_signed("时间不对"))?;
        if now.abs_diff(sent) > AGE_SECONDS_MAX {
            return Err(not_signed("请求太旧，或者本机时钟不对"));
        }
        Ok(())
    }

    /// The message of a request. An account in safe mode takes nothing in the clear.
    fn unwrapped(&self, envelope: &Envelope, body: &str, now: i64) -> Result<Message> {
        self.check(envelope, now)?;
        let is_sealed = envelope.encrypt_type == AES;
        match &self.settings.seal {
            None if is_sealed => Err(not_signed("消息是加密的，而 wechat.toml 里没有 aes_key")),
            None => Message::parse(body),
            Some(_) if !is_sealed => Err(not_signed("消息没有加密")),
            Some(seal) => {
                let sealed = message::sealed(body)?;
                let parts =
                    [self.settings.token.as_str(), &envelope.timestamp, &envelope.nonce, &sealed];
                if !signature::is_same(&envelope.msg_signature, &signature::callback(&parts)) {
                    return Err(not_signed("消息的签名不对"));
                }
                let opened = seal.open(&sealed).ok_or_else(|| not_signed("消息解不开"))?;
                Message::parse(&opened)
            }
        }
    }

    /// An answer as WeChat wants it: sealed where the account is in safe mode.
    fn wrapped(&self, answer: String, now: i64) -> Result<String> {
        let Some(seal) = self.settings.seal.as_ref().filter(|_| answer != NOTHING) else {
            return Ok(answer);
        };
        let sealed = seal.close(&answer, random::bytes()?);
        let (nonce, timestamp) = (hex(&random::bytes::<8>()?), now.to_string());
        let signed = signature::callback(&[&self.settings.token, &timestamp, &nonce, &sealed]);
        Ok(message::envelope(&sealed, &signed, now, &nonce))
    }
}

/// Answers a request. The same message again gets the same answer.
///
/// # Errors
/// `not-signed`, `malformed`; when there are no random numbers.
pub async fn answer(app: &Arc<App>, envelope: Envelope, body: String) -> Result<String> {
    let (now, wechat) = (clock::unix_now(), super::account(app)?);
    let message = wechat.unwrapped(&envelope, &body, now)?;
    if let Some(answer) = wechat.once.answered(&message.identity) {
        return wechat.wrapped(answer, now);
    }
    let (office, asked) = (Arc::clone(app), message.clone());
    let made = tokio::task::spawn_blocking(move || say(&office, &asked, now));
    let answer = match tokio::time::timeout(ANSWER_WITHIN, made).await {
        Ok(Ok(Ok(answer))) => wechat.once.keep(&message.identity, answer),
        Ok(Ok(Err(error))) => {
            tracing::error!(%error, "a message was not answered");
            NOTHING.to_owned()
        }
        Ok(Err(_)) | Err(_) => {
            tracing::error!("a message was not answered in time");
            NOTHING.to_owned()
        }
    };
    wechat.wrapped(answer, now)
}

/// What is said to a message, as XML, or that there is nothing to say.
fn say(app: &App, message: &Message, now: i64) -> Result<String> {
    let wechat = super::account(app)?;
    let lang = match &message.kind {
        Kind::Text(text) => asked::language(text),
        _ => Lang::Zh,
    };
    let (w, base) = (Words::new(lang), wechat.settings.public_url.as_str());
    let speak = |say: &dyn Fn(&Speaker<'_>) -> Result<String>| {
        app.db.read(|db| say(&Speaker { db, w, base })).map(Some)
    };
    let said = match &message.kind {
        Kind::Text(text) => match wish(text) {
            Some(slip) => Some(grant(app, w, slip, message.from.clone())?),
            None => speak(&|speaker| speaker.to_text(text))?,
        },
        Kind::Click(words) => speak(&|speaker| speaker.to_text(words))?,
        Kind::Subscribe(scene) => speak(&|speaker| speaker.welcome(scene.as_deref()))?,
        Kind::Scan(scene) => speak(&|speaker| speaker.scanned(scene))?,
        Kind::Unsubscribe => {
            let from = message.from.clone();
            app.db.write_blocking(move |c| notice::forget(c, &from))?;
            None
        }
        Kind::Other => None,
    };
    Ok(said.map_or_else(|| NOTHING.to_owned(), |text| message.reply(&text, now)))
}

/// The slip of whose answer somebody wants to be told.
fn wish(text: &str) -> Option<String> {
    match asked::read(text, &[], ledger::time::Period::FIRST) {
        Asked::Notice(slip) => Some(slip),
        _ => None,
    }
}

/// Remembers the wish, and says so; or says where to look instead.
fn grant(app: &App, w: Words, slip: String, from: String) -> Result<String> {
    let wechat = super::account(app)?;
    let page = format!("{}{}", wechat.settings.public_url, w.link("/ask"));
    if wechat.settings.notice.is_none() {
        let said = w.t("这个公众号还没有开通答复提醒。查进度在这里：");
        return Ok(format!("{said}\n{page}"));
    }
    let told = w.one(
        "记下了：回执 {n} 有了答复，就在这里告诉您一次。取消关注就不再保留。",
        &slip.to_uppercase(),
    );
    match app.db.write_blocking(move |c| notice::want(c, &slip, &from)) {
        Ok(()) => Ok(told),
        Err(Error::Refused { .. }) => {
            let said = w.t("等着提醒的太多了，没有记下。查进度在这里：");
            Ok(format!("{said}\n{page}"))
        }
        Err(error) => Err(error),
    }
}

fn not_signed(why: &str) -> Error {
    Error::refused("not-signed", format!("微信回调：{why}"))
}
