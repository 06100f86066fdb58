//! For programs that read along: Atom feeds (RFC 4287), a map of the site (sitemaps.org), and what robots leave alone.

use std::fmt::Write as _;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ledger::content::Direction;
use rusqlite::{Connection, params};

use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::view::{self, Item, Which};
use crate::web::page_cache::{FOR_EVER, Page};
use crate::web::words::{Lang, Words};

/// Entries of a feed: the newest.
const ENTRIES_MAX: usize = 50;
/// Records in the map: the newest. The format's own limit is 50,000 addresses.
const RECORDS_MAX: usize = 20_000;

const ATOM: &str = "application/atom+xml; charset=utf-8";

struct Entry {
    /// The path of its page.
    path: String,
    title: String,
    about: String,
    /// RFC 3339.
    time: String,
}

#[derive(Template)]
#[template(path = "feed.xml", escape = "html")]
struct Feed {
    w: Words,
    /// The server's address.
    base: String,
    /// What every id begins with: the log's name, not the address, so that they stay when the server moves.
    tag: String,
    title: String,
    /// The path of the page that lists the same.
    page: String,
    /// The feed's own path.
    own: String,
    entries: Vec<Entry>,
}

impl Feed {
    fn updated(&self) -> &str {
        self.entries.iter().map(|entry| entry.time.as_str()).max().unwrap_or("2026-01-01T00:00:00Z")
    }
}

/// A tag URI (RFC 4151) for a log's name, to which a path is added.
fn tag(origin: &str) -> String {
    let (host, rest) = origin.split_once('/').unwrap_or((origin, ""));
    format!("tag:{host},2026:{rest}")
}

fn answer(request: &Request, feed: Result<Option<Feed>>) -> Response {
    let uri = request.uri();
    let broken = |error: askama::Error| Error::Corrupt(format!("模板：{error}"));
    match feed.and_then(|feed| feed.map(|feed| feed.render().map_err(broken)).transpose()) {
        Ok(Some(text)) => Page::xml(text, ATOM).answer(request.headers()),
        Ok(None) => super::not_there(uri),
        Err(error) => super::failed(uri, &error),
    }
}

/// What a village published.
pub(super) async fn of_village(State(app): State<Arc<App>>, request: Request) -> Response {
    let w = Words::new(Lang::of_query(request.uri().query()));
    let code = super::part(request.uri(), 2);
    let feed = app.db.read(|db| {
        let Some(name) = view::village_name(db, code)? else { return Ok(None) };
        let entries = newest(db, code)?.iter().map(|item| entry(w, &name, item)).collect();
        Ok(Some(Feed {
            w,
            base: app.public_url.clone(),
            tag: tag(app.vkey.name()),
            title: name,
            page: format!("/v/{code}"),
            own: format!("/v/{code}/feed.atom"),
            entries,
        }))
    });
    answer(&request, feed)
}

fn newest(db: &Connection, village: &str) -> Result<Vec<Item>> {
    let sql = "SELECT n FROM view_item WHERE village = ?1 AND kind <> 'bulletin'
               AND withdrawn IS NULL AND corrected IS NULL ORDER BY n DESC LIMIT ?2";
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map(params![village, ENTRIES_MAX], |row| row.get::<_, u64>(0))?;
    let indices = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let items = indices.into_iter().map(|n| view::item(db, n));
    Ok(items.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn entry(w: Words, village: &str, item: &Item) -> Entry {
    let month = item.period.as_ref().map(|period| w.month(period)).unwrap_or_default();
    let (title, about) = match item.receipt() {
        Some(receipt) => {
            let way =
                if receipt.direction == Direction::In { w.t("收入") } else { w.t("支出") };
            let title = format!("{way} {} · {}", w.money(&receipt.amount), receipt.purpose);
            (title, format!("{village} · {} · {}", w.day(&receipt.date), receipt.payee))
        }
        None => {
            let values = [("village", village), ("month", month.as_str())];
            (w.fill("{village}申报：{month}没有收支。", &values), month.clone())
        }
    };
    Entry { path: format!("/r/{}", item.n), title, about, time: item.time.to_string() }
}

#[derive(serde::Deserialize)]
struct Chosen {
    column: Option<String>,
}

/// The bulletins of one column, or all of them.
pub(super) async fn of_column(State(app): State<Arc<App>>, request: Request) -> Response {
    let uri = request.uri();
    let w = Words::new(Lang::of_query(uri.query()));
    let Ok(Query(Chosen { column })) = Query::<Chosen>::try_from_uri(uri) else {
        return super::bad_address(uri);
    };
    let column = column.filter(|id| !id.is_empty());
    let feed = app.db.read(|db| {
        let known = view::columns(db)?;
        let known = known.into_iter().find(|one| Some(&one.id) == column.as_ref());
        let title = match (&column, known) {
            (None, _) => w.t("公告").to_owned(),
            (Some(_), Some(known)) if w.zh() => known.name,
            (Some(_), Some(known)) => known.name_en,
            (Some(_), None) => return Ok(None),
        };
        let chosen = column.as_ref().map(|id| format!("?column={id}")).unwrap_or_default();
        let now = clock::unix_now();
        let column = column.as_deref();
        let which = Which { column, limit: ENTRIES_MAX, now, ..Which::default() };
        let entry = |line: view::BulletinLine| Entry {
            path: format!("/b/{}", line.n),
            title: line.title,
            about: line.text,
            time: line.time.to_string(),
        };
        Ok(Some(Feed {
            w,
            base: app.public_url.clone(),
            tag: tag(app.vkey.name()),
            title,
            page: format!("/b{chosen}"),
            own: format!("/b/feed.atom{chosen}"),
            entries: view::bulletins(db, which)?.into_iter().map(entry).collect(),
        }))
    });
    answer(&request, feed)
}

/// Every page worth finding.
pub(super) async fn sitemap(State(app): State<Arc<App>>, request: Request) -> Response {
    let uri = request.uri();
    let head = match app.pages.find(uri.path(), Lang::Zh) {
        Ok(page) => return page.answer(request.headers()),
        Err(head) => head,
    };
    match app.db.read(|db| map(db, &app.public_url)) {
        Ok(text) => {
            let page = Arc::new(Page::xml(text, "application/xml; charset=utf-8"));
            app.pages.keep(head, uri.path(), Lang::Zh, &page, FOR_EVER);
            page.answer(request.headers())
        }
        Err(error) => super::failed(uri, &error),
    }
}

fn map(db: &Connection, base: &str) -> Result<String> {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    let mut add = |path: &str| {
        let _infallible = writeln!(text, "<url><loc>{base}{path}</loc></url>");
    };
    ["/", "/b"].into_iter().for_each(&mut add);
    for (code, _) in view::villages(db)? {
        add(&format!("/v/{code}"));
        let spoken = view::months(db, &code)?.into_iter();
        for month in spoken.filter(|month| month.state != view::MonthState::Silent) {
            add(&format!("/v/{code}/{}", month.period));
        }
    }
    let sql = "SELECT n, kind = 'bulletin' FROM view_item WHERE withdrawn IS NULL
               AND corrected IS NULL ORDER BY n DESC LIMIT ?1";
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query([RECORDS_MAX])?;
    while let Some(row) = rows.next()? {
        let (n, bulletin): (u64, bool) = (row.get(0)?, row.get(1)?);
        add(&format!("/{}/{n}", if bulletin { 'b' } else { 'r' }));
    }
    text.push_str("</urlset>\n");
    Ok(text)
}

/// What robots leave alone.
pub(super) async fn robots(State(app): State<Arc<App>>) -> Response {
    let base = &app.public_url;
    let text = format!(
        "User-agent: *\nDisallow: /office\nDisallow: /api/\nDisallow: /search\n\
         Sitemap: {base}/sitemap.xml\n"
    );
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_the_log_and_not_of_the_address() {
        assert_eq!(tag("xinjie.example/mingbai"), "tag:xinjie.example,2026:mingbai");
        assert_eq!(tag("xinjie.example"), "tag:xinjie.example,2026:");
    }
}
