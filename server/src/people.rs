//! The office's people: who they are, what they may do, how they prove it; and what they did.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::clock;
use crate::db::Db;
use crate::error::{Error, Result};

/// Characters of the shortest password.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Bytes of the longest password: argon2 reads all of it.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Characters of the longest login or name.
const NAME_CHARS_MAX: usize = 40;

/// What a person of the office may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Role {
    /// Keeps accounts; may also do what a reviewer does.
    Admin,
    /// Writes bulletins (编).
    Editor,
    /// Checks, returns, publishes, withdraws (审).
    Reviewer,
}

impl Role {
    /// The word in the database and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Reviewer => "reviewer",
        }
    }

    /// The role that `word` names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Admin, Self::Editor, Self::Reviewer].into_iter().find(|role| role.as_str() == word)
    }

    /// Whether this role decides on what others wrote or sent.
    #[must_use]
    pub fn reviews(self) -> bool {
        matches!(self, Self::Admin | Self::Reviewer)
    }

    /// Whether this role writes bulletins.
    #[must_use]
    pub fn edits(self) -> bool {
        matches!(self, Self::Admin | Self::Editor)
    }
}

/// A person of the office who was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Row in `user`; 0 for the command line.
    pub id: i64,
    /// The name they sign in with.
    pub login: String,
    /// Their own name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Who {
    /// Whoever has the data directory in their hands: the command line.
    #[must_use]
    pub fn operator() -> Self {
        Self { id: 0, login: "(命令行)".into(), name: "(命令行)".into(), role: Role::Admin }
    }

    /// # Errors
    /// `not-allowed` unless this person may review.
    pub fn must_review(&self) -> Result<()> {
        if self.role.reviews() {
            Ok(())
        } else {
            Err(not_allowed("只有审核人员可以这样做"))
        }
    }

    /// # Errors
    /// `not-allowed` unless this person may write bulletins.
    pub fn must_edit(&self) -> Result<()> {
        if self.role.edits() {
            Ok(())
        } else {
            Err(not_allowed("只有编辑人员可以这样做"))
        }
    }
}

fn not_allowed(message: &str) -> Error {
    Error::refused("not-allowed", message)
}

/// One account, as listed.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Account {
    /// The name they sign in with.
    pub login: String,
    /// Their own name.
    pub name: String,
    /// `admin`, `editor` or `reviewer`.
    pub role: String,
    /// When the account was closed, RFC 3339.
    pub revoked: Option<String>,
}

/// Opens an account.
///
/// # Errors
/// When the login is taken, a name is empty or too long, or the password too short.
pub fn add(db: &Db, login: &str, name: &str, role: Role, password: &str, by: &Who) -> Result<()> {
    check_name("login", login)?;
    check_name("name", name)?;
    let password = hash_password(password)?;
    let (login, name, by) = (login.to_owned(), name.to_owned(), by.clone());
    db.write_blocking(move |c| {
        let added = c.execute(
            "INSERT INTO user (login, name, role, password) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (login) DO NOTHING",
            params![login, name, role.as_str(), password],
        )?;
        if added == 0 {
            return Err(Error::refused("login-taken", format!("登录名 {login} 已被使用")));
        }
        record(c, &by, "user-add", &login, Some(role.as_str()))
    })
}

/// Closes an account: its password and its sessions no longer count.
///
/// # Errors
/// When there is no such open account.
pub fn revoke(db: &Db, login: &str, by: &Who) -> Result<()> {
    let (login, by) = (login.to_owned(), by.clone());
    db.write_blocking(move |c| {
        let revoked = c.execute(
            "UPDATE user SET revoked = ?2 WHERE login = ?1 AND revoked IS NULL",
            params![login, clock::now()],
        )?;
        if revoked == 0 {
            return Err(Error::refused("no-such-user", format!("没有登录名为 {login} 的有效账户")));
        }
        record(c, &by, "user-revoke", &login, None)
    })
}

/// Every account, open or closed, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(c: &Connection) -> Result<Vec<Account>> {
    let mut query = c.prepare("SELECT login, name, role, revoked FROM user ORDER BY id")?;
    let rows = query.query_map([], |row| {
        Ok(Account {
            login: row.get(0)?,
            name: row.get(1)?,
            role: row.get(2)?,
            revoked: row.get(3)?,
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
        "SELECT id, login, name, role FROM user WHERE id = ?1 AND revoked IS NULL",
    )?;
    Ok(query.query_row([id], who).optional()?)
}

/// Who signs in with this login and password. Takes about 20 ms of CPU whether the login exists or
/// not, so call it on a thread that may block.
///
/// # Errors
/// When the database cannot be read.
pub fn recognise(db: &Db, login: &str, password: &str) -> Result<Option<Who>> {
    let found = db.read(|c| {
        let mut query = c.prepare_cached(
            "SELECT id, login, name, role, password FROM user
             WHERE login = ?1 AND revoked IS NULL",
        )?;
        let row = |row: &Row<'_>| Ok((who(row)?, row.get::<_, String>(4)?));
        Ok(query.query_row([login], row).optional()?)
    })?;
    // An unknown login costs the same time as a wrong password: it cannot be told apart.
    let stored = found.as_ref().map_or(NOBODY, |(_, stored)| stored.as_str());
    let right = password.len() <= PASSWORD_BYTES_MAX
        && Argon2::default().verify_password(password.as_bytes(), stored).is_ok();
    Ok(found.filter(|_| right).map(|(who, _)| who))
}

/// A well-formed hash that no known password has (its bytes were drawn, not computed).
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$\
                      Y2hvc2VuIGJ5IGxvdA$TGxM8Sjq0n3d4pQ2rYv9yWm1bS7kUeXh5oZcRfJtA0g";

fn who(row: &Row<'_>) -> rusqlite::Result<Who> {
    let role: String = row.get(3)?;
    Ok(Who {
        id: row.get(0)?,
        login: row.get(1)?,
        name: row.get(2)?,
        // The table allows no other word; the least powerful role if it ever did.
        role: Role::parse(&role).unwrap_or(Role::Editor),
    })
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

fn check_name(field: &str, text: &str) -> Result<()> {
    let fits = (1..=NAME_CHARS_MAX).contains(&text.chars().count());
    if fits && text.trim() == text && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Error::refused("bad-name", format!("--{field} 应为 1 到 {NAME_CHARS_MAX} 个字符")))
    }
}

/// Writes down who did what, in the transaction that does it.
///
/// # Errors
/// When the database cannot be written.
pub fn record(
    c: &Connection,
    who: &Who,
    act: &str,
    subject: &str,
    detail: Option<&str>,
) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO audit (time, login, name, role, act, subject, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        clock::now(),
        who.login,
        who.name,
        who.role.as_str(),
        act,
        subject,
        detail
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> (tempfile::TempDir, Db) {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open(&directory.path().join("db")).unwrap();
        (directory, db)
    }

    #[test]
    fn only_the_right_password_of_an_open_account_is_recognised() {
        let (_directory, db) = office();
        let operator = Who::operator();
        add(&db, "li", "李", Role::Reviewer, "correct horse", &operator).unwrap();
        assert_eq!(recognise(&db, "li", "correct horse").unwrap().unwrap().role, Role::Reviewer);
        assert_eq!(recognise(&db, "li", "wrong horse").unwrap(), None);
        assert_eq!(recognise(&db, "wang", "correct horse").unwrap(), None);
        let again = add(&db, "LI", "李二", Role::Admin, "another one", &operator);
        assert_eq!(again.unwrap_err().code(), "login-taken");
        revoke(&db, "li", &operator).unwrap();
        assert_eq!(recognise(&db, "li", "correct horse").unwrap(), None);
    }

    #[test]
    fn a_short_password_and_an_empty_name_are_refused() {
        let (_directory, db) = office();
        let add = |login: &str, password: &str| {
            add(&db, login, "x", Role::Editor, password, &Who::operator()).map_err(|e| e.code())
        };
        assert_eq!(add("li", "short"), Err("bad-password"));
        assert_eq!(add(" ", "long enough"), Err("bad-name"));
    }

    #[test]
    fn the_hash_of_nobody_is_well_formed() {
        let wrong = Argon2::default().verify_password(b"x", NOBODY).unwrap_err();
        assert_eq!(wrong.to_string(), argon2::password_hash::Error::PasswordInvalid.to_string());
    }

    #[test]
    fn nobody_can_change_or_delete_what_was_done() {
        let (_directory, db) = office();
        add(&db, "li", "李", Role::Admin, "correct horse", &Who::operator()).unwrap();
        for statement in ["UPDATE audit SET login = 'x'", "DELETE FROM audit"] {
            assert!(db.write_blocking(move |c| Ok(c.execute(statement, [])?)).is_err());
        }
        let rows = db.read(|c| {
            Ok(c.query_row("SELECT count(*) FROM audit", [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(rows.unwrap(), 1);
    }
}
