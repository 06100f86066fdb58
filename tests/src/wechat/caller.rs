//! WeChat's side of the callback: signs, seals and sends what people write, and opens what comes back. Its cryptography is
//! that of the `openssl` program, so that it shares nothing with the server's.

use super::APP_ID;
use crate::Result;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long WeChat waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The account's own number.
const ACCOUNT: &str = "gh_a1b2c3d4e5f6";
/// What its messages are signed with.
pub const TOKEN: &str = "QDG6eK";
/// What they are sealed with, in hex.
const KEY: &str = "8d699899abaabe673280140519467463018991b372d0b5021ff72928ebaaf607";

/// One account's callback.
pub struct Caller {
    agent: ureq::Agent,
    url: String,
    sealed: bool,
}

/// An answer: its status and, opened, its text.
pub type Answered = (u16, String);

impl Caller {
    /// Calls the server at this address, in safe mode or in the clear.
    pub fn to(server: &str, sealed: bool) -> Caller {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        Caller { agent, url: format!("{server}/wechat/callback"), sealed }
    }

    /// The EncodingAESKey of the account.
    pub fn aes_key() -> Result<String> {
        let bytes = KEY
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(&String::from_utf8_lossy(pair), 16).map_err(Into::into));
        let bytes = bytes.collect::<Result<Vec<u8>>>()?;
        Ok(ledger::encoding::base64(&bytes).trim_end_matches('=').to_owned())
    }

    /// Asks whether the address is ours, as it does when somebody enters it.
    pub fn greet(&self, token: &str) -> Result<Answered> {
        let query = self.query(token, now()?, None)?;
        let mut answer = self.agent.get(format!("{}?{query}&echostr=583749", self.url)).call()?;
        Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?))
    }

    /// Sends what somebody wrote.
    pub fn write(&self, person: &str, id: u64, words: &str) -> Result<Answered> {
        let rest = format!(
            "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content><MsgId>{id}</MsgId>"
        );
        self.send(&message(person, id, &rest), now()?)
    }

    /// Sends what somebody did.
    pub fn event(&self, person: &str, id: u64, event: &str, key: &str) -> Result<Answered> {
        let rest = format!(
            "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>\
             <EventKey><![CDATA[{key}]]></EventKey>"
        );
        self.send(&message(person, id, &rest), now()?)
    }

    /// Sends a message, signed at this Unix second.
    pub fn send(&self, message: &str, at: u64) -> Result<Answered> {
        let sealed = if self.sealed { Some(seal(message)?) } else { None };
        let query = self.query(TOKEN, at, sealed.as_deref())?;
        let body = sealed.map(|sealed| {
            format!("<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>")
        });
        let body = body.unwrap_or_else(|| message.to_owned());
        let mut answer = self.agent.post(format!("{}?{query}", self.url)).send(body)?;
        let (status, text) = (answer.status().as_u16(), answer.body_mut().read_to_string()?);
        if !self.sealed || status != 200 || text == "success" {
            return Ok((status, text));
        }
        let (sealed, time, nonce) =
            (field(&text, "Encrypt")?, field(&text, "TimeStamp")?, field(&text, "Nonce")?);
        if field(&text, "MsgSignature")? != sign(&[TOKEN, time, nonce, sealed])? {
            return Err("the answer's signature is wrong".into());
        }
        Ok((status, open(sealed)?))
    }

    fn query(&self, token: &str, at: u64, sealed: Option<&str>) -> Result<String> {
        let (time, nonce) = (at.to_string(), "1320562132");
        let signature = sign(&[token, &time, nonce])?;
        let query = format!("signature={signature}&timestamp={time}&nonce={nonce}");
        match sealed {
            None => Ok(query),
            Some(sealed) => {
                let signature = sign(&[token, &time, nonce, sealed])?;
                Ok(format!("{query}&openid=o&encrypt_type=aes&msg_signature={signature}"))
            }
        }
    }
}

/// The text of an answer.
pub fn said(answer: &str) -> Result<&str> {
    field(answer, "Content")
}

/// Now, Unix seconds.
pub fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// A message of somebody to the account.
pub fn message(person: &str, time: u64, rest: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>\n<FromUserName><![CDATA[{person}]]></FromUserName>\n\
         <CreateTime>{time}</CreateTime>\n{rest}</xml>"
    )
}

fn field<'a>(xml: &'a str, name: &str) -> Result<&'a str> {
    let found = xml.split_once(&format!("<{name}>"));
    let found = found.and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    let (value, _) = found.ok_or_else(|| format!("no {name} in {xml}"))?;
    Ok(value.trim_start_matches("<![CDATA[").trim_end_matches("]]>"))
}

fn sign(parts: &[&str]) -> Result<String> {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    sha1(&parts.concat())
}

/// SHA-1 in hex, by `openssl`.
pub fn sha1(text: &str) -> Result<String> {
    let told = openssl(&["dgst", "-sha1", "-r"], text.as_bytes())?;
    Ok(String::from_utf8(told)?.split(' ').next().unwrap_or_default().to_owned())
}

fn seal(message: &str) -> Result<String> {
    let length = u32::try_from(message.len())?.to_be_bytes();
    let mut plain =
        [b"0123456789abcdef", &length[..], message.as_bytes(), APP_ID.as_bytes()].concat();
    let padding = 32 - plain.len() % 32;
    plain.resize(plain.len() + padding, u8::try_from(padding)?);
    Ok(ledger::encoding::base64(&aes("-e", &plain)?))
}

fn open(sealed: &str) -> Result<String> {
    let bytes = ledger::encoding::from_base64(sealed).ok_or("not base64")?;
    let plain = aes("-d", &bytes)?;
    let length = plain.get(16..20).ok_or("too short")?.try_into().map(u32::from_be_bytes)?;
    let end = 20 + usize::try_from(length)?;
    let (message, rest) =
        (plain.get(20..end).ok_or("too short")?, plain.get(end..).ok_or("too short")?);
    let padding = plain.last().copied().unwrap_or(0);
    let right = [APP_ID.as_bytes(), &vec![padding; usize::from(padding)]].concat();
    if rest != right || !(1..=32).contains(&padding) || plain.len() % 32 != 0 {
        return Err("the answer is padded wrongly, or for another account".into());
    }
    Ok(String::from_utf8(message.to_vec())?)
}

fn aes(way: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let args = ["enc", "-aes-256-cbc", way, "-nopad", "-K", KEY, "-iv", &KEY[..32]];
    openssl(&args, bytes)
}

fn openssl(args: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let mut child =
        Command::new("openssl").args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(input)?;
    let output = child.wait_with_output()?;
    if output.status.success() { Ok(output.stdout) } else { Err("openssl failed".into()) }
}
