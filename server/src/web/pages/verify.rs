//! Checking a record: the button's panel, its script, the page that explains, and the material to check with.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use ledger::hash::sha256;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{Frame, Rendered};
use crate::app::App;
use crate::bundle::{self, Bundle};
use crate::error::{Error, Result};
use crate::view::{self, Item};
use crate::web::page_cache::Page;

/// Bundles that are put together at the same time; each is held in memory whole.
const BUNDLES_AT_ONCE: usize = 2;

static TURNS: Semaphore = Semaphore::const_new(BUNDLES_AT_ONCE);

/// The script by its name, and what it falls back on where a browser has no Ed25519 of its own.
const SCRIPTS: [(&str, &str); 6] = [
    ("verify.js", include_str!("../../../../assets/script/verify.js")),
    ("ed25519.js", include_str!("../../../../assets/script/noble/ed25519.js")),
    ("sha2.js", include_str!("../../../../assets/script/noble/sha2.js")),
    ("_md.js", include_str!("../../../../assets/script/noble/_md.js")),
    ("_u64.js", include_str!("../../../../assets/script/noble/_u64.js")),
    ("utils.js", include_str!("../../../../assets/script/noble/utils.js")),
];

/// Where they lie: named by their bytes, so that a browser keeps them for ever and never has old ones.
static FOLDER: LazyLock<String> = LazyLock::new(|| {
    let hashes = SCRIPTS.iter().fold(String::new(), |mut all, (_, text)| {
        let _infallible = write!(all, "{}", sha256(text.as_bytes()));
        all
    });
    let mut name = sha256(hashes.as_bytes()).to_string();
    name.truncate(16);
    name
});

/// What the panel of a record's page starts from.
pub(super) struct Check {
    /// Log indices of the entries to check, between blanks.
    pub entries: String,
    /// The address of the script.
    pub script: String,
    /// The page that explains, which the button leads to where no script runs.
    pub page: String,
    /// Whether there is content to check.
    pub content: bool,
}

impl Check {
    pub(super) fn of(db: &Connection, item: &Item) -> Result<Self> {
        let entries = bundle::entries_needed(db, item)?;
        let entries: Vec<String> = entries.iter().map(u64::to_string).collect();
        Ok(Self {
            entries: entries.join(" "),
            script: format!("/script/{}/verify.js", *FOLDER),
            page: format!("{}/verify", item.path()),
            content: item.content.is_some(),
        })
    }
}

/// A file of the script.
pub(super) async fn script(request: Request) -> Response {
    let uri = request.uri();
    let (folder, name) = (super::part(uri, 2), super::part(uri, 3));
    let text = SCRIPTS.iter().find(|(known, _)| *known == name && folder == *FOLDER);
    match text {
        Some((_, text)) => Page::script(text).answer(request.headers()),
        None => super::not_there(uri),
    }
}

/// The entry of a log index as it stands in the log.
pub(super) async fn note(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let Some(n) = super::log_index(&uri) else {
        return super::bad_address(&uri);
    };
    let made = tokio::task::spawn_blocking(move || app.publisher.note(n)).await;
    match made.unwrap_or(Err(Error::Busy)) {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, text).into_response()
        }
        Err(Error::Refused { .. }) => super::not_there(&uri),
        Err(error) => super::failed(&uri, &error),
    }
}

/// The bundle of a record.
pub(super) async fn download(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let Some(n) = super::log_index(&uri) else {
        return super::bad_address(&uri);
    };
    let Ok(_turn) = TURNS.acquire().await else {
        return super::failed(&uri, &Error::Busy);
    };
    let made = tokio::task::spawn_blocking(move || {
        let gathered = bundle::gather(&app, n)?;
        gathered.map(|bundle: Bundle| bundle::write(&bundle)).transpose()
    });
    match made.await.unwrap_or(Err(Error::Busy)) {
        Ok(Some(bytes)) => {
            let name = format!("attachment; filename=\"{}.tar\"", bundle::folder(n));
            let headers = [
                (header::CONTENT_TYPE, "application/x-tar".to_owned()),
                (header::CACHE_CONTROL, "no-cache".to_owned()),
                (header::CONTENT_DISPOSITION, name),
            ];
            (headers, bytes).into_response()
        }
        Ok(None) => super::not_there(&uri),
        Err(error @ Error::Refused { .. }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, format!("{error}\n")).into_response()
        }
        Err(error) => super::failed(&uri, &error),
    }
}

#[derive(Template)]
#[template(path = "verify.html")]
struct Explained {
    f: Frame,
    n: u64,
    /// The record's page.
    of: String,
    leaf: String,
    root: String,
    file: String,
}

/// How a record is checked, in words.
pub(super) fn explained(db: &Connection, frame: Frame, n: u64) -> Rendered {
    let Some(item) = view::item(db, n)? else {
        return Ok(None);
    };
    let (w, of) = (frame.w, item.path());
    let about = w.t("从登记册的公钥查到每一张图片，不用相信任何人。");
    super::rendered(&Explained {
        root: frame.root.to_string(),
        f: frame
            .titled(&w.one("核验第 {n} 号记录", &n), about)
            .shown_as(&format!("{of}/verify"), None),
        n,
        of,
        leaf: item.leaf.to_string(),
        file: bundle::folder(n),
    })
}

/// The policy of a page with a script of this server.
pub(super) static SCRIPTED: LazyLock<HeaderValue> =
    LazyLock::new(|| super::policy(super::frame::STYLE, super::Scripts::Own));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_elsewhere_is_as_pinned() {
        let pinned = include_str!("../../../../assets/LICENSES.md");
        for (name, text) in &SCRIPTS[1..] {
            let line = format!("`{name}` {}", sha256(text.as_bytes()));
            assert!(pinned.contains(&line), "assets/LICENSES.md: {line}");
        }
    }
}
