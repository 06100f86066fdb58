//! The frame of a page: its head, the bar above and the line below.

use std::sync::LazyLock;

use askama::Template;
use axum::http::{HeaderValue, Uri};
use ledger::encoding::base64;
use ledger::hash::{Hash, sha256};
use ledger::key::VerifierKey;
use ledger::policy::Cosigned;

use crate::clock;
use crate::view::Head;
use crate::web::words::{Lang, Words};

/// The style of the phone pages, sent inside every page: one answer paints it on a slow link.
pub(super) const STYLE: &str = concat!(
    include_str!("../../../../assets/style/tokens.css"),
    include_str!("../../../../assets/style/site.css"),
);
/// The mark of the house as a picture for whoever shows a link: chat programs take no SVG.
pub const LOGO_PNG: &[u8] = include_bytes!("../../../../assets/style/logo.png");
/// The mark of the house, SVG.
pub const LOGO: &str = include_str!("../../../../assets/style/logo.svg");

/// What a phone page may do: show its own style and this server's pictures.
pub static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(STYLE, Scripts::None));

/// The same where pages are shared in WeChat with a card of their own.
pub static SHARED: LazyLock<HeaderValue> = LazyLock::new(|| policy(STYLE, Scripts::Shared));

/// Which scripts run on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// None.
    None,
    /// The server's own files, which may ask the server only.
    Own,
    /// Those, and WeChat's, which the server's own loads inside of WeChat.
    Shared,
}

/// A Content-Security-Policy under which only `style` styles the page.
#[must_use]
pub fn policy(style: &str, scripts: Scripts) -> HeaderValue {
    let scripts = match scripts {
        // Browsers fetch robots.txt in a page's name when somebody has it audited.
        Scripts::None => "connect-src 'self'; ",
        Scripts::Own => "script-src 'self'; connect-src 'self'; ",
        Scripts::Shared => "script-src 'self' https://res.wx.qq.com; connect-src 'self'; ",
    };
    let text = format!(
        "default-src 'none'; img-src 'self'; media-src 'self'; {scripts}style-src 'sha256-{}'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
        base64(&sha256(style.as_bytes()).0)
    );
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

/// What a page says of itself to whoever shows a link to it.
pub struct Social {
    /// The page's full address.
    pub address: String,
    /// The same in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// The full address of a picture for it.
    pub picture: String,
}

/// What every page has around its content.
pub struct Frame {
    /// The words of the page.
    pub w: Words,
    /// The title.
    pub title: String,
    /// One sentence about the page.
    pub about: String,
    /// A link to this page in the other language.
    pub other: String,
    /// The township's name.
    pub township: String,
    /// Entries in the log.
    pub size: u64,
    /// Root of the log.
    pub root: Hash,
    /// Who has witnessed the log's head, each with the time.
    pub witnesses: Vec<String>,
    /// What to say to whoever shows a link to the page.
    pub social: Option<Social>,
    /// The page's own path, without the language; empty where the page is not for showing around.
    pub path: String,
    /// A feed of what the page lists.
    pub feed: Option<String>,
    /// The log's verifier key.
    pub vkey: String,
    /// The style inside the page.
    pub css: &'static str,
    /// The mark inside the page.
    pub logo: &'static str,
    /// Whether WeChat shows a card of the page to whom it is sent.
    pub shared: bool,
    /// When the page is made, Unix seconds.
    pub now: i64,
    base: String,
}

impl Frame {
    /// The frame of the page at `uri`, without a title yet.
    #[must_use]
    pub fn new(w: Words, uri: &Uri, head: Option<Head>, base: &str) -> Self {
        let head = head.unwrap_or(Head { size: 0, root: Hash([0; 32]), township: String::new() });
        Self {
            w,
            title: String::new(),
            about: String::new(),
            other: other_language(w, uri),
            township: head.township,
            size: head.size,
            root: head.root,
            witnesses: Vec::new(),
            social: None,
            path: String::new(),
            feed: None,
            vkey: String::new(),
            css: STYLE,
            shared: false,
            logo: LOGO,
            now: clock::unix_now(),
            base: base.to_owned(),
        }
    }

    /// The same frame, whose page WeChat may show a card of.
    #[must_use]
    pub fn in_wechat(self, shared: bool) -> Self {
        Self { shared, ..self }
    }

    /// The same frame for a page of this title and this sentence about it.
    #[must_use]
    pub fn titled(mut self, title: &str, about: &str) -> Self {
        self.title = match self.township.as_str() {
            "" => title.to_owned(),
            township => format!("{title} · {township}"),
        };
        self.about = about.to_owned();
        self
    }

    /// The same frame, which can say who has witnessed the head.
    #[must_use]
    pub fn witnessed_by(mut self, witnesses: &[Cosigned]) -> Self {
        let w = self.w;
        let said = |one: &Cosigned| {
            let time = clock::moment(one.at).map(|time| w.moment(&time)).unwrap_or_default();
            w.fill("{name}，{time}看过", &[("name", &one.name), ("time", &time)])
        };
        self.witnesses = witnesses.iter().map(said).collect();
        self
    }

    /// The same frame, with a full address and a picture for whoever shows a link.
    #[must_use]
    pub fn shown_as(mut self, path: &str, picture: Option<&Hash>) -> Self {
        let picture =
            picture.map_or_else(|| "/logo.png".to_owned(), |hash| format!("/blob/{hash}"));
        self.path = path.to_owned();
        self.social = Some(Social {
            address: format!("{}{}", self.base, self.w.link(path)),
            zh: format!("{}{path}", self.base),
            en: format!("{}{}", self.base, Words::new(Lang::En).link(path)),
            picture: format!("{}{picture}", self.base),
        });
        self
    }
}

impl Frame {
    /// The same frame with the log's key, for pages that name it.
    #[must_use]
    pub fn of_log(mut self, vkey: &VerifierKey) -> Self {
        self.vkey = vkey.to_string();
        self
    }

    /// The same frame with a feed of what the page lists.
    #[must_use]
    pub fn with_feed(mut self, path: String) -> Self {
        self.feed = Some(path);
        self
    }

    /// The picture of the code that leads to this page.
    #[must_use]
    pub fn qr(&self) -> String {
        self.w.link(&format!("{}/qr.png", self.path.trim_end_matches('/')))
    }
}

/// The address of `uri` in the other language, with the rest of the query kept.
#[must_use]
pub fn other_language(w: Words, uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default().split('&');
    let kept: Vec<_> =
        query.filter(|pair| !pair.is_empty() && !pair.starts_with("lang=")).collect();
    let path = match kept.is_empty() {
        true => uri.path().to_owned(),
        false => format!("{}?{}", uri.path(), kept.join("&")),
    };
    match w.lang {
        Lang::Zh => Words::new(Lang::En).link(&path),
        Lang::En => path,
    }
}

/// Percent-encoded (RFC 3986, section 2.1).
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                quoted.push(char::from(byte));
            }
            _ => quoted.push_str(&format!("%{byte:02X}")),
        }
    }
    quoted
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing<'a> {
    f: Frame,
    heading: &'a str,
    text: &'a str,
}

/// The page that stands where another one does not.
pub fn missing(words: Words, uri: &Uri, heading: &str, text: &str) -> String {
    let mut f = Frame::new(words, uri, None, "").titled(heading, text);
    f.other = words.link("/");
    let page = Missing { f, heading, text };
    page.render().unwrap_or_else(|_| heading.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_language_is_one_tap_away_and_the_choice_of_column_is_kept() {
        let link = |lang, uri: &str| other_language(Words::new(lang), &uri.parse().unwrap());
        assert_eq!(link(Lang::Zh, "/r/7"), "/r/7?lang=en");
        assert_eq!(link(Lang::En, "/r/7?lang=en"), "/r/7");
        assert_eq!(link(Lang::Zh, "/b?column=cunwu"), "/b?column=cunwu&lang=en");
        assert_eq!(link(Lang::En, "/b?column=cunwu&lang=en"), "/b?column=cunwu");
    }
}
