//! Tokens: what a program acts with in a person's name. A token may do some of what the person's post allows, ends by
//! itself, and is shown once: only its hash is kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ledger::hash::sha256;
use rusqlite::{Connection, OptionalExtension, params};

use crate::app::App;
use crate::audit::{self, Change};
use crate::clock;
use crate::error::{Error, Result};
use crate::people::{self, Deed, Who};
use crate::random;

/// What every token begins with, so that one is known for what it is wherever it turns up.
pub const PREFIX: &str = "mb_";
/// Days that a token counts where nothing else is said.
pub const DAYS: i64 = 90;
/// Days that a token counts at most.
pub const DAYS_MAX: i64 = 365;
/// Tokens of one person that count at the same time.
const TOKENS_MAX: i64 = 20;
/// Characters of the longest name.
const NAME_CHARS_MAX: usize = 40;
/// Characters of a token: the prefix and 256 bits in hex.
const TOKEN_CHARS: usize = PREFIX.len() + 64;
/// Seconds in which requests are counted together.
pub const WINDOW_SECONDS: i64 = 60;
/// Requests of one token in that time.
pub const WINDOW_REQUESTS: u32 = 600;

/// A token, as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Names it.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Deed>,
    /// When it was made, RFC 3339.
    pub made: String,
    /// The last day it counts, `YYYY-MM-DD`.
    pub until: String,
    /// The last day it was used.
    pub used: Option<String>,
}

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Deed>,
    /// How many days it counts.
    pub days: i64,
}

/// Whoever a token that counts belongs to.
#[derive(Clone, Debug)]
pub struct Held {
    /// Names the token.
    pub id: i64,
    /// The person, as they stand now.
    pub who: Who,
    /// What the token may do.
    pub scopes: Vec<Deed>,
}

/// Makes a token; answers it, and nothing will ever answer it again.
///
/// # Errors
/// When a scope is more than the person's post allows, none is chosen, the name or the days are out of range, or there
/// are too many.
pub async fn make(app: &App, who: &Who, new: NewToken) -> Result<String> {
    let actor = who.acting(Deed::Read)?;
    let name = new.name.trim().to_owned();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if !fits || name.chars().any(char::is_control) {
        let message = format!("请写明令牌做什么用（1 到 {NAME_CHARS_MAX} 个字符）");
        return Err(Error::refused("bad-name", message));
    }
    if !(1..=DAYS_MAX).contains(&new.days) {
        return Err(Error::refused("bad-days", format!("有效期是 1 到 {DAYS_MAX} 天")));
    }
    let scopes: Vec<Deed> =
        Deed::ALL.into_iter().filter(|deed| new.scopes.contains(deed)).collect();
    if scopes.is_empty() {
        return Err(Error::refused("bad-scope", "请选择令牌可以做什么"));
    }
    // Their own post: what they do for somebody who is away ends with that.
    if !scopes.iter().all(|deed| who.role.may(*deed)) {
        return Err(Error::refused("not-allowed", "令牌不能做您的岗位不能做的事"));
    }
    let until = clock::day_after(new.days)?.to_string();
    let (token, id) = (secret()?, who.id);
    let hash = sha256(token.as_bytes()).0;
    app.db
        .write(move |c| {
            if count(c, id)? >= TOKENS_MAX {
                let message = format!("令牌太多（{TOKENS_MAX} 个）：请先注销不用的");
                return Err(Error::refused("too-many", message));
            }
            let scopes = words(&scopes);
            c.execute(
                "INSERT INTO token (user, name, sha256, scopes, made, until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![id, name, hash, scopes, clock::now(), until],
            )?;
            let what = format!("{name}: {scopes}, {until}");
            audit::record(c, &actor, "token-add", &actor.login, Change::to(&what))
        })
        .await?;
    Ok(token)
}

fn count(c: &Connection, user: i64) -> Result<i64> {
    let sql = "SELECT count(*) FROM token WHERE user = ?1 AND revoked IS NULL AND until >= ?2";
    Ok(c.query_row(sql, params![user, today()], |row| row.get(0))?)
}

fn secret() -> Result<String> {
    Ok(format!("{PREFIX}{}", random::secret()?))
}

fn words(scopes: &[Deed]) -> String {
    scopes.iter().map(|deed| deed.as_str()).collect::<Vec<_>>().join(" ")
}

fn scopes_of(words: &str) -> Vec<Deed> {
    words.split(' ').filter_map(Deed::parse).collect()
}

fn today() -> String {
    clock::today().to_string()
}

/// A person's tokens that count, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(c: &Connection, who: &Who) -> Result<Vec<Token>> {
    let mut query = c.prepare_cached(
        "SELECT id, name, scopes, made, until, used FROM token
         WHERE user = ?1 AND revoked IS NULL AND until >= ?2 ORDER BY id DESC",
    )?;
    let rows = query.query_map(params![who.id, today()], |row| {
        let scopes: String = row.get(2)?;
        Ok(Token {
            id: row.get(0)?,
            name: row.get(1)?,
            scopes: scopes_of(&scopes),
            made: row.get(3)?,
            until: row.get(4)?,
            used: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ends a token of this person.
///
/// # Errors
/// `not-found` when this person has no such token that counts.
pub async fn revoke(app: &App, who: &Who, id: i64) -> Result<()> {
    let (actor, user) = (who.acting(Deed::Read)?, who.id);
    app.db
        .write(move |c| {
            let name: Option<String> = c
                .query_row(
                    "UPDATE token SET revoked = ?3 WHERE id = ?1 AND user = ?2 AND revoked IS NULL
                     RETURNING name",
                    params![id, user, clock::now()],
                    |row| row.get(0),
                )
                .optional()?;
            let name = name.ok_or_else(|| Error::refused("not-found", "没有这个令牌"))?;
            audit::record(c, &actor, "token-revoke", &actor.login, Change::to(&name))
        })
        .await
}

/// Whose token this is, if it counts today; the day is written down.
///
/// # Errors
/// When the database fails.
pub async fn recognise(app: &App, token: &str) -> Result<Option<Held>> {
    if token.len() != TOKEN_CHARS || !token.starts_with(PREFIX) {
        return Ok(None);
    }
    let (hash, day) = (sha256(token.as_bytes()).0, today());
    let Some((held, used)) = app.db.read(|c| find(c, &hash, &day))? else { return Ok(None) };
    if used.as_deref() != Some(&day) {
        let id = held.id;
        app.db
            .write(move |c| {
                c.execute("UPDATE token SET used = ?2 WHERE id = ?1", params![id, day])?;
                Ok(())
            })
            .await?;
    }
    Ok(Some(held))
}

fn find(c: &Connection, hash: &[u8; 32], day: &str) -> Result<Option<(Held, Option<String>)>> {
    let found = c
        .prepare_cached(
            "SELECT id, user, scopes, used FROM token
             WHERE sha256 = ?1 AND revoked IS NULL AND until >= ?2",
        )?
        .query_row(params![hash, day], |row| {
            let scopes: String = row.get(2)?;
            Ok((row.get(0)?, row.get::<_, i64>(1)?, scopes_of(&scopes), row.get(3)?))
        })
        .optional()?;
    let Some((id, user, scopes, used)) = found else { return Ok(None) };
    let who = people::by_id(c, user)?;
    Ok(who.map(|who| (Held { id, who, scopes }, used)))
}

/// How often each token asked in the window that runs. A restart begins at nothing.
#[derive(Debug, Default)]
pub struct Rates(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    number: i64,
    counts: HashMap<i64, u32>,
}

impl Rates {
    /// Counts a request of a token at a time (seconds).
    ///
    /// # Errors
    /// The seconds after which it may ask again.
    pub fn count(&self, token: i64, now: i64) -> std::result::Result<(), i64> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.div_euclid(WINDOW_SECONDS);
        if window.number != number {
            *window = Window { number, counts: HashMap::new() };
        }
        let count = window.counts.entry(token).or_default();
        *count = count.saturating_add(1);
        if *count > WINDOW_REQUESTS {
            Err(WINDOW_SECONDS - now.rem_euclid(WINDOW_SECONDS))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Actor, NewAccount, Role};
    use crate::testing::{Office, wait};
    use std::sync::Arc;

    fn with(role: Role) -> (Office, Arc<App>, Who) {
        let office = Office::new();
        let app = office.open();
        let (login, password) = ("li".to_owned(), "correct horse".to_owned());
        let new = NewAccount { name: "李".into(), login, role, village: None, password };
        people::add(&app.db, &new, &Actor::operator()).unwrap();
        let who = people::recognise(&app.db, "li", "correct horse").unwrap().unwrap();
        (office, app, who)
    }

    fn new(scopes: &[Deed], days: i64) -> NewToken {
        NewToken { name: "对账程序".into(), scopes: scopes.to_vec(), days }
    }

    #[test]
    fn a_token_counts_until_its_day_or_until_it_or_its_account_is_revoked() {
        let (_office, app, who) = with(Role::Reviewer);
        let make = || wait(make(&app, &who, new(&[Deed::Read], 1))).unwrap();
        let (one, two) = (make(), make());
        let hash = sha256(one.as_bytes()).0;
        let on = |days| clock::day_after(days).unwrap().to_string();
        let counts = |days| app.db.read(|c| find(c, &hash, &on(days))).unwrap().is_some();
        assert!(counts(0) && counts(1) && !counts(2));
        let known = |token: &str| wait(recognise(&app, token)).unwrap().is_some();
        assert!(known(&one) && known(&two) && !known("mb_") && !known(&one.to_uppercase()));
        let listed = app.db.read(|c| list(c, &who)).unwrap();
        assert_eq!(listed[1].used, Some(today()));
        wait(revoke(&app, &who, listed[1].id)).unwrap();
        assert!(!known(&one) && known(&two));
        assert_eq!(wait(revoke(&app, &who, listed[1].id)).unwrap_err().code(), "not-found");
        people::revoke(&app.db, "li", &Actor::operator()).unwrap();
        assert!(!known(&two));
    }

    #[test]
    fn a_token_never_does_more_than_the_post_and_is_kept_nowhere() {
        let (office, app, who) = with(Role::Editor);
        let code = |new| wait(make(&app, &who, new)).map_or_else(|e| e.code(), |_| "");
        assert_eq!(code(new(&[Deed::Read, Deed::Review], 90)), "not-allowed");
        assert_eq!(code(new(&[], 90)), "bad-scope");
        assert_eq!(code(new(&[Deed::Read], DAYS_MAX + 1)), "bad-days");
        assert_eq!(code(new(&[Deed::Read], 0)), "bad-days");
        let token = wait(make(&app, &who, new(&[Deed::Write, Deed::Read], 90))).unwrap();
        let held = wait(recognise(&app, &token)).unwrap().unwrap();
        assert_eq!(held.scopes, [Deed::Read, Deed::Write]);
        app.db.forget_deleted().unwrap();
        let kept = std::fs::read(office.data().database()).unwrap();
        let within = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(within("对账程序") && !within(&token));
    }

    #[test]
    fn a_window_has_room_for_so_many_requests_of_each_token() {
        let rates = Rates::default();
        for _ in 0..WINDOW_REQUESTS {
            assert_eq!(rates.count(1, WINDOW_SECONDS), Ok(()));
        }
        assert_eq!(rates.count(1, WINDOW_SECONDS + 10), Err(WINDOW_SECONDS - 10));
        assert_eq!(rates.count(2, WINDOW_SECONDS), Ok(()));
        assert_eq!(rates.count(1, 2 * WINDOW_SECONDS), Ok(()));
    }
}
