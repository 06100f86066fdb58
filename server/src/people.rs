//! The people of office and villages: their accounts, how they prove who they are, and who stands in for whom.

mod post;
pub mod totp;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use rusqlite::{Connection, OptionalExtension, Row, params};

use ledger::place::{BadVillage, Village};
use rusqlite::types::Type;

use crate::audit::{self, Change};
use crate::clock;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::view;
pub use post::{Absent, Actor, Deed, Role, Who};

/// Characters of the shortest password.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Bytes of the longest password: argon2 reads all of it.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Characters of the longest login or name.
const NAME_CHARS_MAX: usize = 40;

/// One account, as listed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Account {
    /// The name they sign in with.
    pub login: String,
    /// Their own name.
    pub name: String,
    /// Their post: `admin`, `editor`, `reviewer`, `leader`, `assessor`, `supervisor`, `accountant`.
    pub role: String,
    /// 12-digit code of their village; none for the township's people.
    pub village: Option<String>,
    /// The login of whoever acts for them while they are away.
    pub deputy: Option<String>,
    /// Since when they are away, RFC 3339.
    pub away: Option<String>,
    /// When the account was closed, RFC 3339.
    pub revoked: Option<String>,
    /// Whether signing in takes a code from the phone too.
    pub totp: bool,
    /// Whether it has to.
    pub totp_required: bool,
}

/// An account that is to be opened.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The name they will sign in with.
    pub login: String,
    /// Their own name.
    pub name: String,
    /// Their post.
    pub role: Role,
    /// Their village, exactly where the post is a village's.
    pub village: Option<Village>,
    /// Their password, until they change it.
    pub password: String,
}

/// Opens an account.
///
/// # Errors
/// When the login is taken, a name is empty or too long, the password too short, or the village missing or unknown.
pub fn add(db: &Db, new: &NewAccount, by: &Actor) -> Result<()> {
    check_name("登录名", &new.login)?;
    check_name("姓名", &new.name)?;
    if new.role.is_of_village() != new.village.is_some() {
        let message = format!("{}要写明是哪个村的，镇里的岗位不写村", new.role.name());
        return Err(Error::refused("bad-village", message));
    }
    let password = hash_password(&new.password)?;
    let (new, by) = (new.clone(), by.clone());
    db.write_blocking(move |c| {
        let village = new.village.map(|village| village.to_string());
        if let Some(code) = &village
            && view::village_name(c, code)?.is_none()
        {
            return Err(Error::refused("bad-village", format!("村名录里没有 {code}")));
        }
        let added = c.execute(
            "INSERT INTO user (login, name, role, village, password) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (login) DO NOTHING",
            params![new.login, new.name, new.role.as_str(), village, password],
        )?;
        if added == 0 {
            return Err(Error::refused("login-taken", format!("登录名 {} 已被使用", new.login)));
        }
        audit::record(c, &by, "user-add", &new.login, Change::to(new.role.as_str()))
    })
}

/// Closes an account: its password, its sessions and its tokens no longer count.
///
/// # Errors
/// When there is no such open account.
pub fn revoke(db: &Db, login: &str, by: &Actor) -> Result<()> {
    let (login, by) = (login.to_owned(), by.clone());
    db.write_blocking(move |c| {
        let id = open_account(c, &login)?.id;
        c.execute("UPDATE user SET revoked = ?2 WHERE id = ?1", params![id, clock::now()])?;
        c.execute("UPDATE user SET deputy = NULL WHERE deputy = ?1", [id])?;
        end_sessions(c, id)?;
        c.execute(
            "UPDATE token SET revoked = ?2 WHERE user = ?1 AND revoked IS NULL",
            params![id, clock::now()],
        )?;
        audit::record(c, &by, "user-revoke", &login, Change::default())
    })
}

/// Says who acts for somebody while they are away; nobody where `deputy` is none.
///
/// # Errors
/// When one of them has no open account, or their posts do not go together.
pub fn set_deputy(db: &Db, login: &str, deputy: Option<&str>, by: &Actor) -> Result<()> {
    let (login, deputy, by) = (login.to_owned(), deputy.map(str::to_owned), by.clone());
    db.write_blocking(move |c| {
        let holder = open_account(c, &login)?;
        let before = deputy_of(c, holder.id)?;
        let second = deputy.as_deref().map(|deputy| open_account(c, deputy)).transpose()?;
        if let Some(second) = &second {
            must_deputise(second, &holder)?;
        }
        c.execute(
            "UPDATE user SET deputy = ?2 WHERE id = ?1",
            params![holder.id, second.map(|second| second.id)],
        )?;
        let change = Change { old: before.as_deref(), new: deputy.as_deref() };
        audit::record(c, &by, "deputy", &holder.login, change)
    })
}

fn must_deputise(second: &Who, holder: &Who) -> Result<()> {
    if second.id == holder.id {
        return Err(Error::refused("bad-deputy", "自己不能代自己"));
    }
    if !second.role.may_deputise(holder.role) || second.village != holder.village {
        let message = format!("{}不能代{}：请另选一人", second.role.name(), holder.role.name());
        return Err(Error::refused("bad-deputy", message));
    }
    Ok(())
}

/// Marks somebody away (their deputy may act for them) or back.
///
/// # Errors
/// When there is no such open account, or nobody is there to stand in.
pub fn set_away(db: &Db, login: &str, away: bool, by: &Actor) -> Result<()> {
    let (login, by) = (login.to_owned(), by.clone());
    db.write_blocking(move |c| {
        let holder = open_account(c, &login)?;
        if away && deputy_of(c, holder.id)?.is_none() {
            let message = format!("{}还没有 B 岗：请先定好由谁代办", holder.name);
            return Err(Error::refused("no-deputy", message));
        }
        let since = away.then(clock::now);
        c.execute("UPDATE user SET away = ?2 WHERE id = ?1", params![holder.id, since])?;
        let act = if away { "away" } else { "back" };
        audit::record(c, &by, act, &holder.login, Change::default())
    })
}

/// Gives an account another password; every session of it ends.
///
/// # Errors
/// When there is no such open account, or the password is too short or too long.
pub fn set_password(db: &Db, login: &str, password: &str, by: &Actor) -> Result<()> {
    let password = hash_password(password)?;
    let (login, by) = (login.to_owned(), by.clone());
    db.write_blocking(move |c| {
        let id = open_account(c, &login)?.id;
        c.execute("UPDATE user SET password = ?2 WHERE id = ?1", params![id, password])?;
        end_sessions(c, id)?;
        audit::record(c, &by, "password", &login, Change::default())
    })
}

/// Ends every session of an account.
///
/// # Errors
/// When there is no such open account.
pub fn sign_out(db: &Db, login: &str, by: &Actor) -> Result<()> {
    let (login, by) = (login.to_owned(), by.clone());
    db.write_blocking(move |c| {
        let who = open_account(c, &login)?;
        end_sessions(c, who.id)?;
        audit::record(c, &by, "sign-out", &who.login, Change::default())
    })
}

/// Ends what an account opened, also what still waits for a code.
fn end_sessions(c: &Connection, id: i64) -> Result<()> {
    c.execute("DELETE FROM session WHERE user = ?1", [id])?;
    c.execute("DELETE FROM half_session WHERE user = ?1", [id])?;
    Ok(())
}

fn deputy_of(c: &Connection, id: i64) -> Result<Option<String>> {
    let sql = "SELECT second.login FROM user JOIN user second ON second.id = user.deputy
               WHERE user.id = ?1";
    Ok(c.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?)
}

fn open_account(c: &Connection, login: &str) -> Result<Who> {
    let sql = "SELECT id, login, name, role, village, away FROM user
               WHERE login = ?1 AND revoked IS NULL";
    let found = c.prepare_cached(sql)?.query_row([login], who).optional()?;
    found.ok_or_else(|| Error::refused("no-such-user", format!("没有登录名为 {login} 的有效账户")))
}

/// Every account, open or closed, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(c: &Connection) -> Result<Vec<Account>> {
    let mut query = c.prepare_cached(
        "SELECT user.login, user.name, user.role, user.village, second.login, user.away,
         user.revoked, totp.user IS NOT NULL, user.totp_required
         FROM user LEFT JOIN user second ON second.id = user.deputy
         LEFT JOIN totp ON totp.user = user.id ORDER BY user.id",
    )?;
    let rows = query.query_map([], |row| {
        Ok(Account {
            login: row.get(0)?,
            name: row.get(1)?,
            role: row.get(2)?,
            village: row.get(3)?,
            deputy: row.get(4)?,
            away: row.get(5)?,
            revoked: row.get(6)?,
            totp: row.get(7)?,
            totp_required: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// The person of an open account, by its row id: whether a session still counts.
///
/// # Errors
/// When the database cannot be read.
pub fn by_id(c: &Connection, id: i64) -> Result<Option<Who>> {
    let mut query = c.prepare_cached(
        "SELECT id, login, name, role, village, away FROM user
         WHERE id = ?1 AND revoked IS NULL",
    )?;
    let Some(mut found) = query.query_row([id], who).optional()? else { return Ok(None) };
    found.absent = absent(c, id)?;
    Ok(Some(found))
}

/// Those who are away and whose deputy this person is.
fn absent(c: &Connection, id: i64) -> Result<Vec<Absent>> {
    let mut query = c.prepare_cached(
        "SELECT login, name, role FROM user
         WHERE deputy = ?1 AND away IS NOT NULL AND revoked IS NULL ORDER BY id",
    )?;
    let rows = query.query_map([id], |row| {
        Ok(Absent { login: row.get(0)?, name: row.get(1)?, role: role_of(row, 2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Who signs in with this login and password. Takes about 20 ms of CPU whether the login exists or
/// not, so call it on a thread that may block.
///
/// # Errors
/// When the database cannot be read.
pub fn recognise(db: &Db, login: &str, password: &str) -> Result<Option<Who>> {
    let found = db.read(|c| {
        let mut query = c.prepare_cached(
            "SELECT id, login, name, role, village, away, password FROM user
             WHERE login = ?1 AND revoked IS NULL",
        )?;
        let row = |row: &Row<'_>| Ok((who(row)?, row.get::<_, String>(6)?));
        Ok(query.query_row([login], row).optional()?)
    })?;
    // An unknown login costs the same time as a wrong password: it cannot be told apart.
    let stored = found.as_ref().map_or(NOBODY, |(_, stored)| stored.as_str());
    #[cfg(test)]
    CHECKED.lock().unwrap().push(password.to_owned());
    let right = password.len() <= PASSWORD_BYTES_MAX
        && Argon2::default().verify_password(password.as_bytes(), stored).is_ok();
    Ok(found.filter(|_| right).map(|(who, _)| who))
}

/// Every password that was put to argon2, so that tests can count the work.
#[cfg(test)]
pub(crate) static CHECKED: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

/// A well-formed hash that no known password has (its bytes were drawn, not computed).
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$\
                      Y2hvc2VuIGJ5IGxvdA$TGxM8Sjq0n3d4pQ2rYv9yWm1bS7kUeXh5oZcRfJtA0g";

fn who(row: &Row<'_>) -> rusqlite::Result<Who> {
    let village: Option<String> = row.get(4)?;
    Ok(Who {
        id: row.get(0)?,
        login: row.get(1)?,
        name: row.get(2)?,
        role: role_of(row, 3)?,
        village: village.map(|code| code.parse()).transpose().map_err(|error: BadVillage| {
            rusqlite::Error::FromSqlConversionFailure(4, Type::Text, Box::new(error))
        })?,
        away: row.get::<_, Option<String>>(5)?.is_some(),
        absent: Vec::new(),
    })
}

fn role_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let word: String = row.get(column)?;
    // The table allows no other word.
    Role::parse(&word).ok_or(rusqlite::Error::InvalidQuery)
}

fn hash_password(password: &str) -> Result<String> {
    let long_enough = password.chars().count() >= PASSWORD_CHARS_MIN;
    if !long_enough || password.len() > PASSWORD_BYTES_MAX {
        return Err(Error::refused(
            "bad-password",
            format!("密码至少 {PASSWORD_CHARS_MIN} 个字符，至多 {PASSWORD_BYTES_MAX} 字节"),
        ));
    }
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|e| Error::Corrupt(format!("密码无法加密：{e}")))?;
    Ok(hash.to_string())
}

pub(crate) fn check_name(field: &str, text: &str) -> Result<()> {
    let fits = (1..=NAME_CHARS_MAX).contains(&text.chars().count());
    if fits && text.trim() == text && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Error::refused("bad-name", format!("{field}应为 1 到 {NAME_CHARS_MAX} 个字符")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> (tempfile::TempDir, Db) {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open(&directory.path().join("db")).unwrap();
        (directory, db)
    }

    fn account(login: &str, role: Role, password: &str) -> NewAccount {
        let (login, password) = (login.to_owned(), password.to_owned());
        NewAccount { name: format!("{login}某"), login, role, village: None, password }
    }

    fn code<T>(result: Result<T>) -> &'static str {
        result.map_or_else(|error| error.code(), |_| "")
    }

    #[test]
    fn only_the_right_password_of_an_open_account_is_recognised() {
        let (_directory, db) = office();
        let by = Actor::operator();
        add(&db, &account("li", Role::Reviewer, "correct horse"), &by).unwrap();
        assert_eq!(recognise(&db, "li", "correct horse").unwrap().unwrap().role, Role::Reviewer);
        assert_eq!(recognise(&db, "li", "wrong horse").unwrap(), None);
        assert_eq!(recognise(&db, "wang", "correct horse").unwrap(), None);
        let again = account("LI", Role::Admin, "another one");
        assert_eq!(code(add(&db, &again, &by)), "login-taken");
        set_password(&db, "li", "another horse", &by).unwrap();
        assert_eq!(recognise(&db, "li", "correct horse").unwrap(), None);
        revoke(&db, "li", &by).unwrap();
        assert_eq!(recognise(&db, "li", "another horse").unwrap(), None);
        assert_eq!(code(set_password(&db, "li", "another horse", &by)), "no-such-user");
    }

    #[test]
    fn a_short_password_an_empty_name_and_a_village_out_of_place_are_refused() {
        let (_directory, db) = office();
        let add = |new: &NewAccount| code(add(&db, new, &Actor::operator()));
        assert_eq!(add(&account("li", Role::Editor, "short")), "bad-password");
        assert_eq!(add(&account(" ", Role::Editor, "long enough")), "bad-name");
        let mut new = account("li", Role::Supervisor, "long enough");
        assert_eq!(add(&new), "bad-village");
        new.village = "341181107201".parse().ok();
        assert_eq!(add(&new), "bad-village", "not in the directory");
        new.role = Role::Leader;
        assert_eq!(add(&new), "bad-village");
    }

    #[test]
    fn a_deputy_stands_in_only_while_the_holder_is_away() {
        let (_directory, db) = office();
        let by = Actor::operator();
        for (login, role) in [("a", Role::Reviewer), ("b", Role::Editor), ("c", Role::Assessor)] {
            add(&db, &account(login, role, "long enough"), &by).unwrap();
        }
        let second = || db.read(|c| by_id(c, 2)).unwrap().unwrap();
        assert_eq!(code(set_away(&db, "a", true, &by)), "no-deputy");
        assert_eq!(code(set_deputy(&db, "a", Some("c"), &by)), "bad-deputy");
        assert_eq!(code(set_deputy(&db, "a", Some("a"), &by)), "bad-deputy");
        set_deputy(&db, "a", Some("b"), &by).unwrap();
        assert!(!second().may(Deed::Review));
        set_away(&db, "a", true, &by).unwrap();
        assert_eq!(second().acting(Deed::Review).unwrap().for_login(), Some("a"));
        set_away(&db, "a", false, &by).unwrap();
        assert!(!second().may(Deed::Review));
        set_away(&db, "a", true, &by).unwrap();
        revoke(&db, "b", &by).unwrap();
        assert_eq!(db.read(list).unwrap()[0].deputy, None);
    }

    #[test]
    fn the_hash_of_nobody_is_well_formed() {
        let wrong = Argon2::default().verify_password(b"x", NOBODY).unwrap_err();
        assert_eq!(wrong.to_string(), argon2::password_hash::Error::PasswordInvalid.to_string());
    }
}
