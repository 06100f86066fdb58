//! A stand-in for WeChat's interface: a real HTTP server on this machine that speaks the documented protocol, and refuses
//! what the real one refuses.

mod caller;
mod menu;

use crate::Result;
use crate::request::Request;
pub use caller::{Caller, TOKEN, message, now, said, sha1};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The account's number.
pub const APP_ID: &str = "wx5823bf96d3bd56c7";
/// Its secret.
pub const APP_SECRET: &str = "0123456789abcdef0123456789abcdef";
/// Its only template of notices.
pub const TEMPLATE: &str = "TM00015";
/// Tokens that may be forced in a day.
const FORCED_MAX: u32 = 20;

/// What the stand-in knows. A test may change it.
pub struct State {
    /// Whether this machine's address is on the account's list.
    pub listed: bool,
    /// Seconds that a token is lent for.
    pub token_lasts: u64,
    /// Seconds that a ticket is lent for.
    pub ticket_lasts: u64,
    /// The newest ticket.
    pub ticket: String,
    /// How often it says that it is busy before it does anything.
    pub busy: u32,
    /// How often each path was asked.
    pub calls: BTreeMap<String, u32>,
    /// The menu as published.
    pub menu: Option<Value>,
    /// Who subscribed to the template.
    pub subscribed: BTreeSet<String>,
    /// The notices that were sent.
    pub sent: Vec<Value>,
    token: Option<String>,
    expired: BTreeSet<String>,
    made: u32,
    forced: u32,
    scenes: BTreeMap<String, String>,
}

/// A running stand-in; it ends with the test's process.
#[derive(Clone)]
pub struct WeChat {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl WeChat {
    /// Starts it.
    pub fn start() -> Result<WeChat> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = State {
            listed: true,
            token_lasts: 7_200,
            ticket_lasts: 7_200,
            ticket: String::new(),
            busy: 0,
            calls: BTreeMap::new(),
            menu: None,
            subscribed: BTreeSet::new(),
            sent: Vec::new(),
            token: None,
            expired: BTreeSet::new(),
            made: 0,
            forced: 0,
            scenes: BTreeMap::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Ok(WeChat { url, state })
    }

    /// What it knows now.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a path was asked.
    pub fn calls(&self, path: &str) -> u32 {
        self.state().calls.get(path).copied().unwrap_or(0)
    }

    /// The token's two hours are over.
    pub fn expire_token(&self) {
        let mut state = self.state();
        let token = state.token.take();
        state.expired.extend(token);
    }
}

/// A question as it came over the line.
struct Asked {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    while let Some(asked) = read(&mut reader)? {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        *state.calls.entry(asked.path.clone()).or_default() += 1;
        let (status, kind, body) = if asked.path == "/cgi-bin/showqrcode" {
            match asked.query.get("ticket").and_then(|ticket| state.scenes.get(ticket)) {
                Some(scene) => {
                    let picture = [b"\xff\xd8\xff\xe0 code of ", scene.as_bytes()].concat();
                    ("200 OK", "image/jpg", picture)
                }
                None => ("404 Not Found", "text/html", Vec::new()),
            }
        } else {
            let answer = state.answer(&asked).unwrap_or_else(
                |(errcode, errmsg)| json!({ "errcode": errcode, "errmsg": errmsg }),
            );
            ("200 OK", "application/json; encoding=utf-8", answer.to_string().into_bytes())
        };
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        )?;
        stream.write_all(&body)?;
    }
    Ok(())
}

fn read(reader: &mut impl BufRead) -> Result<Option<Asked>> {
    let Some(request) = Request::read(reader)? else { return Ok(None) };
    let (path, query) = request.parts();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(name, value)| (name.into(), decoded(value))).collect();
    let path = path.into();
    Ok(Some(Asked { method: request.method, path, query, body: request.body }))
}

/// A value of an address, each `%XX` read.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = (*first == b'%').then(|| after.get(..2)).flatten();
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer, or its `errcode` and `errmsg`.
type Answer = std::result::Result<Value, (i64, String)>;

fn no<T>(errcode: i64, errmsg: &str) -> std::result::Result<T, (i64, String)> {
    Err((errcode, errmsg.to_owned()))
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        if self.busy > 0 {
            self.busy -= 1;
            return no(-1, "system error");
        }
        if !self.listed {
            let seen = "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 6";
            return no(40_164, seen);
        }
        let reads = asked.path == "/cgi-bin/ticket/getticket";
        if (asked.method == "GET") != reads {
            return no(if reads { 43_001 } else { 43_002 }, "wrong method");
        }
        let body =
            || serde_json::from_slice(&asked.body).or_else(|_| no(47_001, "data format error"));
        if asked.path == "/cgi-bin/stable_token" {
            return self.lend(&body()?);
        }
        let Some(token) = asked.query.get("access_token") else {
            return no(41_001, "access_token missing");
        };
        if self.expired.contains(token) {
            return no(42_001, "access_token expired");
        }
        if self.token.as_ref() != Some(token) {
            return no(40_001, "invalid credential, access_token is invalid or not latest");
        }
        match asked.path.as_str() {
            "/cgi-bin/ticket/getticket"
                if asked.query.get("type").is_some_and(|kind| kind == "jsapi") =>
            {
                self.made += 1;
                self.ticket = format!("kgt8ON7yVITDhtdwci0qefticket{}", self.made);
                let (ticket, lasts) = (&self.ticket, self.ticket_lasts);
                Ok(json!({ "errcode": 0, "errmsg": "ok", "ticket": ticket, "expires_in": lasts }))
            }
            "/cgi-bin/ticket/getticket" => no(40_097, "invalid args"),
            "/cgi-bin/menu/create" => {
                let menu = body()?;
                menu::check(&menu)?;
                self.menu = Some(menu);
                Ok(json!({ "errcode": 0, "errmsg": "ok" }))
            }
            "/cgi-bin/qrcode/create" => self.code(&body()?),
            "/cgi-bin/message/subscribe/bizsend" => self.tell(body()?),
            _ => no(40_066, "invalid url"),
        }
    }

    /// `stable_token`: the same one until it ends, unless another is forced.
    fn lend(&mut self, asked: &Value) -> Answer {
        if asked["grant_type"] != "client_credential" {
            return no(40_002, "invalid grant_type");
        }
        if asked["appid"] != APP_ID {
            return no(40_013, "invalid appid");
        }
        if asked["secret"] != APP_SECRET {
            return no(40_125, "invalid appsecret");
        }
        if asked["force_refresh"] == true {
            if self.forced >= FORCED_MAX {
                return no(45_009, "reach max api daily quota limit");
            }
            self.forced += 1;
            self.token = None;
        }
        if self.token.is_none() {
            self.made += 1;
            self.token = Some(format!("61_W3mAzJ-token{}_-", self.made));
        }
        Ok(json!({ "access_token": self.token, "expires_in": self.token_lasts }))
    }

    /// A code for a scene. Without the level `scene` there is none in it, and the code's scene is 0.
    fn code(&mut self, asked: &Value) -> Answer {
        if asked["action_name"] != "QR_LIMIT_STR_SCENE" {
            return no(40_053, "invalid action info");
        }
        let scene = match &asked["action_info"]["scene"] {
            Value::Null => "0",
            scene => scene["scene_str"].as_str().unwrap_or_default(),
        };
        if !(1..=64).contains(&scene.len()) {
            return no(40_053, "invalid action info");
        }
        let ticket = format!("gQH47joAAAAAAAAAASxodHRwOi8v+{scene}/A==");
        self.scenes.insert(ticket.clone(), scene.to_owned());
        Ok(json!({ "ticket": ticket, "url": format!("http://weixin.qq.com/q/{scene}") }))
    }

    /// A notice, to whoever subscribed, once.
    fn tell(&mut self, notice: Value) -> Answer {
        let person = notice["touser"].as_str().unwrap_or_default();
        if !person.starts_with('o') {
            return no(40_003, "invalid openid");
        }
        if notice["template_id"] != TEMPLATE {
            return no(40_037, "invalid template_id");
        }
        let fields = notice["data"].as_object().into_iter().flatten();
        let known = ["character_string1", "thing2", "date3"];
        let long =
            |value: &Value| value["value"].as_str().is_none_or(|text| text.chars().count() > 32);
        if fields.clone().count() == 0
            || fields.clone().any(|(name, value)| !known.contains(&name.as_str()) || long(value))
        {
            return no(47_003, "argument invalid! data.thing2.value is emtpy");
        }
        if !self.subscribed.remove(person) {
            return no(43_101, "user refuse to accept the msg");
        }
        self.sent.push(notice);
        Ok(json!({ "errcode": 0, "errmsg": "ok" }))
    }
}
