//! Notices: somebody who asked for it is told in WeChat that their question was answered, once. Their number is kept until
//! then, or until they leave the account.

use rusqlite::{Connection, params};
use serde_json::json;

use super::WeChat;
use super::api::Again;
use super::refusal;
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};

/// Slips that one person may wait for.
const SLIPS_MAX: u32 = 20;
/// Wishes that are kept in all.
const WISHES_MAX: u32 = 20_000;
/// How often a notice is tried before it is given up.
const TRIES_MAX: u32 = 12;
/// Notices that are sent in one go.
const ROUND_MAX: u32 = 200;

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Who answered: the village's name or the township's.
    pub place: String,
    /// The day, as people write it: 2026年10月2日.
    pub day: String,
    /// Where the answer is read, such as `/ask/A1B2C3`.
    pub path: String,
}

/// Remembers who wants to be told of a slip's answer. Asking twice is asking once.
///
/// # Errors
/// `too-many-wishes` when they wait for too many, or everybody does; when the database fails.
pub fn want(c: &Connection, slip: &str, openid: &str) -> Result<()> {
    let own = "SELECT count(*) FROM wechat_notice WHERE openid = ?1 AND slip <> ?2";
    let own: u32 = c.query_row(own, params![openid, spelt(slip)], |row| row.get(0))?;
    let all: u32 = c.query_row("SELECT count(*) FROM wechat_notice", [], |row| row.get(0))?;
    if own >= SLIPS_MAX || all >= WISHES_MAX {
        return Err(Error::refused("too-many-wishes", "等着提醒的太多了"));
    }
    let sql = "INSERT OR IGNORE INTO wechat_notice (slip, openid, asked) VALUES (?1, ?2, ?3)";
    c.execute(sql, params![spelt(slip), openid, clock::now()])?;
    Ok(())
}

/// Forgets somebody who left the account.
///
/// # Errors
/// When the database fails.
pub fn forget(c: &Connection, openid: &str) -> Result<()> {
    c.execute("DELETE FROM wechat_notice WHERE openid = ?1", [openid])?;
    Ok(())
}

/// A slip's question was answered: tells whoever wanted to hear. What cannot be sent now is sent later, also after the
/// program ended meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn notify_answered(app: &App, slip: &str, answered: Answered) -> Result<()> {
    if app.wechat.is_none() {
        return Ok(());
    }
    let slip = spelt(slip);
    let due = app.db.write(move |c| {
        let sql = "UPDATE wechat_notice SET place = ?2, day = ?3, path = ?4 WHERE slip = ?1";
        Ok(c.execute(sql, params![slip, answered.place, answered.day, answered.path])?)
    });
    if due.await? > 0 {
        send_due(app).await;
    }
    Ok(())
}

/// A notice that waits to be sent.
#[derive(Clone)]
struct Due {
    slip: String,
    openid: String,
    answered: Answered,
}

/// Sends what is due; what fails stays for the next time. A restored copy of the office tells nobody anything.
pub async fn send_due(app: &App) {
    let Some(wechat) = app.wechat.as_ref().filter(|_| app.publisher.must_run().is_ok()) else {
        return;
    };
    let due = match app.db.read(read_due) {
        Ok(due) => due,
        Err(error) => return tracing::error!(%error, "notices cannot be read"),
    };
    for due in due {
        let sent = wechat.send(due.clone()).await;
        if let Err(error) = app.db.write(move |c| settle(c, &due, sent)).await {
            tracing::error!(%error, "a notice was not settled");
        }
    }
}

fn read_due(c: &Connection) -> Result<Vec<Due>> {
    let sql = "SELECT slip, openid, place, day, path FROM wechat_notice WHERE place IS NOT NULL
               ORDER BY tries, slip LIMIT ?1";
    let mut query = c.prepare_cached(sql)?;
    let due = query.query_map([ROUND_MAX], |row| {
        let answered = Answered { place: row.get(2)?, day: row.get(3)?, path: row.get(4)? };
        Ok(Due { slip: row.get(0)?, openid: row.get(1)?, answered })
    })?;
    Ok(due.collect::<rusqlite::Result<_>>()?)
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// It was told, or that person cannot be told: the row goes.
    Over,
    /// Not yet.
    Later,
}

fn settle(c: &Connection, due: &Due, sent: Sent) -> Result<()> {
    let key = params![due.slip, due.openid];
    if sent == Sent::Later {
        let sql = "UPDATE wechat_notice SET tries = tries + 1 WHERE slip = ?1 AND openid = ?2";
        c.execute(sql, key)?;
    }
    let sql = "DELETE FROM wechat_notice WHERE slip = ?1 AND openid = ?2 AND (?3 OR tries >= ?4)";
    c.execute(sql, params![due.slip, due.openid, sent == Sent::Over, TRIES_MAX])?;
    Ok(())
}

impl WeChat {
    /// Sends one notice (订阅通知, `subscribe/bizsend`).
    async fn send(&self, due: Due) -> Sent {
        let Some(template) = &self.settings.notice else { return Sent::Over };
        let Due { slip, openid, answered } = due;
        let fields = template.fields(&slip.to_uppercase(), &answered.place, &answered.day);
        let fields: serde_json::Map<_, _> = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), json!({ "value": value })))
            .collect();
        let body = json!({
            "touser": openid,
            "template_id": template.template,
            "page": format!("{}{}", self.settings.public_url, answered.path),
            "data": fields,
        });
        let told = self
            .ask(move |api| api.post("/cgi-bin/message/subscribe/bizsend", &body, Again::Never));
        match told.await {
            Ok(_) => Sent::Over,
            Err(error) if error.code() == refusal::UNREACHABLE => Sent::Over,
            Err(error) => {
                tracing::warn!(%error, "a notice was not sent");
                Sent::Later
            }
        }
    }
}

/// A slip's number is the same in capital and small letters.
fn spelt(slip: &str) -> String {
    slip.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Office, wait};

    fn waiting(app: &App) -> Vec<(String, u32)> {
        let sql = "SELECT slip || ' ' || openid, tries FROM wechat_notice ORDER BY 1";
        let read = |c: &Connection| -> Result<Vec<(String, u32)>> {
            let mut query = c.prepare(sql)?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        };
        app.db.read(read).unwrap()
    }

    fn wish(app: &App, slip: &str, openid: &str) -> Result<()> {
        let (slip, openid) = (slip.to_owned(), openid.to_owned());
        wait(app.db.write(move |c| want(c, &slip, &openid)))
    }

    #[test]
    fn wishes_are_kept_once_within_bounds_and_go_with_the_person() {
        let office = Office::new();
        let app = office.open();
        wish(&app, "A1", "o1").unwrap();
        wish(&app, "a1", "o1").unwrap();
        assert_eq!(waiting(&app), [("a1 o1".to_owned(), 0)]);
        for n in 1..SLIPS_MAX {
            wish(&app, &format!("b{n}"), "o1").unwrap();
        }
        assert_eq!(wish(&app, "c", "o1").unwrap_err().code(), "too-many-wishes");
        wish(&app, "a1", "o1").unwrap();
        wish(&app, "c", "o2").unwrap();
        wait(app.db.write(|c| forget(c, "o1"))).unwrap();
        assert_eq!(waiting(&app), [("c o2".to_owned(), 0)]);
    }

    #[test]
    fn a_notice_that_fails_stays_for_later_but_not_for_ever() {
        let office = Office::new();
        let app = office.open();
        wish(&app, "a1", "o1").unwrap();
        let answered =
            Answered { place: "新街村".into(), day: "今天".into(), path: "/ask/a1".into() };
        let due = Due { slip: "a1".into(), openid: "o1".into(), answered };
        for n in 1..TRIES_MAX {
            let due = due.clone();
            wait(app.db.write(move |c| settle(c, &due, Sent::Later))).unwrap();
            assert_eq!(waiting(&app), [("a1 o1".to_owned(), n)]);
        }
        wait(app.db.write(move |c| settle(c, &due, Sent::Later))).unwrap();
        assert!(waiting(&app).is_empty());
    }
}
