//! The public search: words, a village, a month; what it finds as lines.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use rusqlite::Connection;

use super::{Frame, Rendered, quoted};
use crate::app::App;
use crate::error::Error;
use crate::search::{self as library, QUESTION_CHARS_MAX, Question};
use crate::view::{self, Item};
use crate::web::words::Words;

/// What is looked for. What cannot be understood is passed over.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    village: String,
    month: String,
    page: u32,
}

impl Asked {
    fn question(&self) -> Question {
        Question {
            text: self.q.clone(),
            village: self.village.parse().ok(),
            period: self.month.parse().ok(),
            page: self.page,
        }
    }

    fn is_empty(&self) -> bool {
        self.q.trim().is_empty() && self.village.is_empty() && self.month.is_empty()
    }

    /// The address of another page of the same.
    fn path(&self, page: u32) -> String {
        let (q, village, month) = (quoted(&self.q), quoted(&self.village), quoted(&self.month));
        format!("/search?q={q}&village={village}&month={month}&page={page}")
    }
}

/// A line of what was found.
struct Hit {
    href: String,
    title: String,
    /// What the receipt comes to, with its sign.
    amount: String,
    income: bool,
    about: String,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    f: Frame,
    asked: Asked,
    q_max: usize,
    villages: Vec<(String, String)>,
    hits: Vec<Hit>,
    before: Option<String>,
    after: Option<String>,
}

/// The page. Made apart from the threads that answer everything else.
pub(super) async fn search(State(app): State<Arc<App>>, request: Request) -> Response {
    let uri = request.uri().clone();
    let Ok(Query(asked)) = Query::<Asked>::try_from_uri(&uri) else {
        return super::bad_address(&uri);
    };
    let made = tokio::task::spawn_blocking(move || {
        super::fresh(&app, &request, |db, frame| page(db, frame, asked))
    });
    made.await.unwrap_or_else(|_| super::failed(&uri, &Error::Busy))
}

fn page(db: &Connection, frame: Frame, asked: Asked) -> Rendered {
    let w = frame.w;
    let villages = view::villages(db)?;
    let found = library::disclosed(db, &asked.question())?;
    let hit = |item: &Item| hit(w, &villages, item);
    let link = |page| w.link(&asked.path(page));
    super::rendered(&SearchPage {
        hits: found.items.iter().filter_map(hit).collect(),
        before: asked.page.checked_sub(1).map(link),
        after: asked.page.checked_add(1).filter(|_| found.more).map(link),
        f: frame.titled(w.t("查找"), w.t("在公布的票据和公告里查找。")),
        q_max: QUESTION_CHARS_MAX,
        asked,
        villages,
    })
}

fn hit(w: Words, villages: &[(String, String)], item: &Item) -> Option<Hit> {
    let named = villages.iter().find(|(code, _)| *code == item.village);
    let village = named.map_or("", |(_, name)| name);
    if let Some(receipt) = item.receipt() {
        let income = receipt.direction == ledger::content::Direction::In;
        let sign = if income { '+' } else { '−' };
        return Some(Hit {
            href: w.link(&format!("/r/{}", item.n)),
            title: receipt.purpose,
            amount: format!("{sign}{}", w.money(&receipt.amount)),
            income,
            about: format!("{village} · {} · {}", w.day(&receipt.date), receipt.payee),
        });
    }
    let bulletin = item.bulletin()?;
    Some(Hit {
        href: w.link(&format!("/b/{}", item.n)),
        title: bulletin.title,
        amount: String::new(),
        income: false,
        about: format!("{} · {}", w.t("公告"), w.moment_day(&item.time)),
    })
}
