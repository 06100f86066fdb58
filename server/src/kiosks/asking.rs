//! Enrolment: a kiosk shows a code, and a person of the office who stands before it types that.

use ledger::key::VerifierKey;
use ledger::kiosk::{Word, id as key_id, is_kiosk_key};
use rusqlite::{Connection, OptionalExtension, params};

use super::{check, said};
use crate::audit::{self, Change};
use crate::clock;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::people::Actor;
use crate::random;
use crate::view;

/// Minutes for which a code counts.
pub const CODE_MINUTES: i64 = 15;
/// Characters of a code.
pub const CODE_CHARS: usize = 8;
/// Characters of a code: none that is taken for another one.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Kiosks that may wait at the same time.
pub(super) const ASKING_MAX: i64 = 100;
/// Wrong codes that one person may type before they have to wait.
pub(super) const GUESSES_MAX: i64 = 10;
/// Seconds that they then wait.
const GUESS_PAUSE_SECONDS: i64 = 15 * 60;
/// Bytes of the longest key that is looked at.
const VKEY_BYTES_MAX: usize = 200;

/// Where a kiosk's enrolment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nobody has typed its code yet.
    Waiting,
    /// Its reports count.
    Enrolled,
    /// They do so no more.
    Revoked,
}

/// What a kiosk is told of its enrolment.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Enrolment {
    /// SHA-256 (hex) of the kiosk's key text; its first 8 digits are the check digits.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// The code to show, while waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Until when the code counts, RFC 3339, while waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// What the office calls the kiosk, once enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 12-digit code of its village, or of the township, once enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub village: Option<String>,
    /// The number of its newest report; the next one has to be larger.
    pub number: u64,
    /// The server's time, RFC 3339.
    pub time: String,
}

/// A kiosk that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// SHA-256 (hex) of its key's text.
    pub id: String,
    /// Its key (C2SP vkey).
    pub vkey: String,
    /// The version of its program.
    pub app: String,
}

/// A kiosk that is to be enrolled.
#[derive(Clone, Debug)]
pub struct NewKiosk {
    /// The id of one that waits.
    pub id: String,
    /// What the office calls it.
    pub name: String,
    /// Where it stands: a village's code, or the township's.
    pub village: String,
}

/// Takes up a kiosk that wants to be enrolled, or tells it where it stands already. The same key is given the same code
/// until that expires.
///
/// # Errors
/// `malformed` when the key is no kiosk's; `too-many-kiosks` while too many wait.
pub async fn ask(db: &Db, vkey: &str, app: &Word, now: i64) -> Result<Enrolment> {
    let bad = || {
        Error::refused("malformed", "钥匙不对：应为 Ed25519，名称为 kiosk/ 加 16 位十六进制数字")
    };
    let key = Some(vkey).filter(|text| text.len() <= VKEY_BYTES_MAX);
    let key: VerifierKey = key.and_then(|text| text.parse().ok()).ok_or_else(bad)?;
    if !is_kiosk_key(&key) {
        return Err(bad());
    }
    let app = app.clone();
    db.write(move |c| {
        let id = key_id(&key).to_string();
        c.execute("DELETE FROM kiosk_asking WHERE expires <= ?1", [now])?;
        if let Some(standing) = standing(c, &id, now)? {
            return Ok(standing);
        }
        let waiting: i64 =
            c.query_row("SELECT count(*) FROM kiosk_asking", [], |row| row.get(0))?;
        if waiting >= ASKING_MAX {
            let message = "等着登记的屏太多，请十几分钟后再试";
            return Err(Error::refused("too-many-kiosks", message));
        }
        let sql = "INSERT INTO kiosk_asking VALUES (?1, ?2, ?3, ?4, ?5)";
        let expires = now + CODE_MINUTES * 60;
        c.execute(sql, params![id, key.to_string(), app.as_str(), fresh_code(c)?, expires])?;
        standing(c, &id, now)?.ok_or_else(|| Error::Corrupt("登记码没有存下".into()))
    })
    .await
}

/// A code that no other kiosk shows.
fn fresh_code(c: &Connection) -> Result<String> {
    loop {
        let bytes: [u8; CODE_CHARS] = random::bytes()?;
        // 32 characters: every one is as likely.
        let code: String =
            bytes.iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect();
        let sql = "SELECT count(*) FROM kiosk_asking WHERE code = ?1";
        if c.query_row(sql, [&code], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(code);
        }
    }
}

/// Where a kiosk's enrolment stands; none when it never asked, or its code expired.
///
/// # Errors
/// When the database cannot be read.
pub fn standing(c: &Connection, id: &str, now: i64) -> Result<Option<Enrolment>> {
    let blank = Enrolment {
        id: id.to_owned(),
        state: State::Waiting,
        code: None,
        expires: None,
        name: None,
        village: None,
        number: 0,
        time: clock::text_of(now),
    };
    let sql = "SELECT name, village, revoked IS NOT NULL, ifnull(number, 0)
               FROM kiosk LEFT JOIN kiosk_report ON kiosk = id WHERE id = ?1";
    let enrolled = c.prepare_cached(sql)?.query_row([id], |row| {
        let state = if row.get(2)? { State::Revoked } else { State::Enrolled };
        let (name, village) = (row.get(0)?, row.get(1)?);
        Ok(Enrolment { state, name, village, number: row.get(3)?, ..blank.clone() })
    });
    if let Some(enrolled) = enrolled.optional()? {
        return Ok(Some(enrolled));
    }
    let sql = "SELECT code, expires FROM kiosk_asking WHERE id = ?1 AND expires > ?2";
    let waiting = c.prepare_cached(sql)?.query_row(params![id, now], |row| {
        let expires = Some(clock::text_of(row.get(1)?));
        Ok(Enrolment { code: row.get(0)?, expires, ..blank })
    });
    Ok(waiting.optional()?)
}

/// A code as it was typed: spaces and dashes do not count, nor does the case.
fn normal(typed: &str) -> String {
    let marks = |c: &char| !c.is_whitespace() && *c != '-';
    typed.chars().filter(marks).take(CODE_CHARS + 1).collect::<String>().to_ascii_uppercase()
}

/// The kiosk that shows this code. Wrong codes are counted: whoever typed too many has to wait.
///
/// # Errors
/// `wrong-code` when no kiosk shows it (any more), `too-many-guesses`.
pub fn look_up(db: &Db, typed: &str, by: &Actor, now: i64) -> Result<Asking> {
    let (code, login) = (normal(typed), by.login.clone());
    // The answer is no error inside: the count has to be kept when the code is wrong.
    let found = db.write_blocking(move |c| {
        c.execute("DELETE FROM kiosk_guess WHERE until <= ?1", [now])?;
        let sql = "SELECT wrong FROM kiosk_guess WHERE login = ?1";
        let wrong: Option<i64> = c.query_row(sql, [&login], |row| row.get(0)).optional()?;
        if wrong.unwrap_or(0) >= GUESSES_MAX {
            return Err(Error::refused("too-many-guesses", "输错的次数太多，请 15 分钟后再试"));
        }
        let sql = "SELECT id, vkey, app FROM kiosk_asking WHERE code = ?1 AND expires > ?2";
        let found = c.query_row(sql, params![code, now], read).optional()?;
        if found.is_none() {
            c.execute(
                "INSERT INTO kiosk_guess VALUES (?1, 1, ?2)
                 ON CONFLICT (login) DO UPDATE SET wrong = wrong + 1, until = excluded.until",
                params![login, now + GUESS_PAUSE_SECONDS],
            )?;
        }
        Ok(found)
    })?;
    let message = "没有屏显示这个登记码：请看着屏再输一次；过了 15 分钟，屏上会换一个";
    found.ok_or_else(|| Error::refused("wrong-code", message))
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Asking> {
    Ok(Asking { id: row.get(0)?, vkey: row.get(1)?, app: row.get(2)? })
}

/// The kiosk with this id, while it waits.
///
/// # Errors
/// `not-found` when it does not (any more).
pub fn asking(c: &Connection, id: &str, now: i64) -> Result<Asking> {
    let sql = "SELECT id, vkey, app FROM kiosk_asking WHERE id = ?1 AND expires > ?2";
    let found = c.prepare_cached(sql)?.query_row(params![id, now], read).optional()?;
    let gone = "登记码过期了：请重新输入屏上现在的登记码";
    found.ok_or_else(|| Error::refused("not-found", gone))
}

/// Enrols a kiosk that waits: its reports count from now on.
///
/// # Errors
/// `not-found` when its code expired; when the name or the place is wrong.
pub fn enrol(db: &Db, new: &NewKiosk, by: &Actor, now: i64) -> Result<()> {
    let (new, by) = (new.clone(), by.clone());
    db.write_blocking(move |c| {
        asking(c, &new.id, now)?;
        check(c, &new.name, &new.village)?;
        c.execute(
            "INSERT INTO kiosk (id, vkey, name, village, enrolled)
             SELECT id, vkey, ?2, ?3, ?4 FROM kiosk_asking WHERE id = ?1",
            params![new.id, new.name, new.village, now],
        )?;
        c.execute("DELETE FROM kiosk_asking WHERE id = ?1", [&new.id])?;
        let text = said(&new.name, &new.village);
        audit::record(c, &by, "kiosk-enrol", &new.id, Change::to(&text))
    })
}

/// Where kiosks may stand: the township's hall first, then every village; code and name.
///
/// # Errors
/// When the database cannot be read.
pub fn places(c: &Connection) -> Result<Vec<(String, String)>> {
    let sql = "SELECT log.township, view_state.township FROM log, view_state";
    let mut places = vec![c.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?];
    places.extend(view::villages(c)?);
    Ok(places)
}
