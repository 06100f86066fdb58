//! The second step of signing in: codes that a phone makes from a secret and the time (RFC 6238), and the codes on paper
//! for whoever lost the phone.

use hmac::{Hmac, KeyInit, Mac};
use ledger::hash::sha256;
use rusqlite::{Connection, OptionalExtension, params};
use sha1::Sha1;

use super::{Actor, Who, end_sessions, open_account};
use crate::audit::{self, Change};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::random;

/// Seconds that a code is shown (RFC 6238 section 4.1, and what every app on a phone expects).
const STEP_SECONDS: i64 = 30;
/// Steps that the phone's clock may be off, either way.
const STEPS_OFF: i64 = 1;
/// Digits of a code.
const DIGITS: usize = 6;
/// Recovery codes that are given out.
const RECOVERY_CODES: usize = 8;
/// Bytes of a recovery code: 80 bits, so that a plain hash of it cannot be searched through.
const RECOVERY_BYTES: usize = 10;
/// Characters that a recovery code is written in, without its hyphens.
const RECOVERY_CHARS: usize = RECOVERY_BYTES * 8 / 5;

/// What the phone and the office share: 160 bits, as many as SHA-1 has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub [u8; 20]);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new() -> Result<Self> {
        random::bytes().map(Self)
    }

    /// As a person types it into a phone: Base32 (RFC 4648).
    #[must_use]
    pub fn text(&self) -> String {
        base32(&self.0)
    }

    /// The address in the QR code, as apps on phones read it (`otpauth:` is their convention, no standard).
    #[must_use]
    pub fn address(&self, login: &str) -> String {
        let label: String = login
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect();
        format!("otpauth://totp/Mingbai:{label}?secret={}&issuer=Mingbai", self.text())
    }

    /// The code of one step (RFC 4226 section 5.3).
    fn code(&self, step: i64) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&self.0) else { return String::new() };
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let at = usize::from(hash[19] & 15);
        let word = u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]);
        format!("{:0DIGITS$}", (word & 0x7fff_ffff) % 1_000_000)
    }

    /// The step that this code is of, if it is one of those around `now` and newer than `used`.
    fn step_of(&self, code: &str, now: i64, used: i64) -> Option<i64> {
        let middle = now / STEP_SECONDS;
        let mut steps = (middle - STEPS_OFF..=middle + STEPS_OFF).filter(|step| *step > used);
        // Compared as hashes: how long it takes then says nothing about the code.
        let given = sha256(code.as_bytes());
        steps.find(|step| sha256(self.code(*step).as_bytes()) == given)
    }
}

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Base32 without padding, of a length that needs none (a multiple of 5 bytes).
fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for five in bytes.chunks(5) {
        let word = five.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        for at in (0..8).rev() {
            let five_bits = usize::try_from(word >> (5 * at) & 31).unwrap_or(0);
            text.push(char::from(ALPHABET[five_bits]));
        }
    }
    text
}

/// What was typed, without what people put between the characters.
fn plain(code: &str) -> String {
    let kept = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
    kept.map(|c| c.to_ascii_uppercase()).collect()
}

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether signing in takes a code.
    pub on: bool,
    /// Whether it has to.
    pub required: bool,
    /// Recovery codes that are left.
    pub recovery: usize,
}

/// How this account stands.
///
/// # Errors
/// When the database cannot be read.
pub fn standing(c: &Connection, user: i64) -> Result<Standing> {
    let mut query = c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM totp WHERE user = ?1), totp_required,
         (SELECT count(*) FROM recovery WHERE user = ?1) FROM user WHERE id = ?1",
    )?;
    Ok(query.query_row([user], |row| {
        Ok(Standing { on: row.get(0)?, required: row.get(1)?, recovery: row.get(2)? })
    })?)
}

/// Lets the phone with this secret count from now on, if `code` is the one it shows; gives the recovery codes, which are
/// kept nowhere.
///
/// # Errors
/// `wrong-code`.
pub fn enable(
    c: &Connection,
    who: &Who,
    secret: Secret,
    code: &str,
    now: i64,
    by: &Actor,
) -> Result<Vec<String>> {
    let step = secret.step_of(&plain(code), now, 0).ok_or_else(wrong)?;
    c.execute(
        "INSERT INTO totp VALUES (?1, ?2, ?3)
         ON CONFLICT (user) DO UPDATE SET secret = excluded.secret, step = excluded.step",
        params![who.id, secret.0, step],
    )?;
    c.execute("DELETE FROM recovery WHERE user = ?1", [who.id])?;
    let mut codes = Vec::new();
    for _ in 0..RECOVERY_CODES {
        let code = base32(&random::bytes::<RECOVERY_BYTES>()?);
        let hash = sha256(code.as_bytes()).0;
        c.execute("INSERT INTO recovery VALUES (?1, ?2)", params![who.id, hash])?;
        codes.push(format!("{}-{}-{}-{}", &code[..4], &code[4..8], &code[8..12], &code[12..]));
    }
    audit::record(c, by, "totp-on", &who.login, Change::default())?;
    Ok(codes)
}

/// What a code that is not right is answered.
#[must_use]
pub fn wrong() -> Error {
    Error::refused("wrong-code", "动态码不对：请看手机时间是否准确，等下一个码再试")
}

/// Whether this code lets the person in: the phone's of now, or one of the recovery codes. Either is used up by it.
///
/// # Errors
/// When the database cannot be written.
pub fn accept(c: &Connection, who: &Who, code: &str, now: i64, by: &Actor) -> Result<bool> {
    let code = plain(code);
    if code.len() == RECOVERY_CHARS {
        let hash = sha256(code.as_bytes()).0;
        let sql = "DELETE FROM recovery WHERE user = ?1 AND code = ?2";
        let found = c.execute(sql, params![who.id, hash])? > 0;
        if found {
            let left = standing(c, who.id)?.recovery.to_string();
            audit::record(c, by, "recovery-code", &who.login, Change::to(&left))?;
        }
        return Ok(found);
    }
    let sql = "SELECT secret, step FROM totp WHERE user = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok((Secret(row.get(0)?), row.get::<_, i64>(1)?));
    let Some((secret, used)) = c.query_row(sql, [who.id], row).optional()? else {
        return Ok(false);
    };
    let Some(step) = secret.step_of(&code, now, used) else { return Ok(false) };
    c.execute("UPDATE totp SET step = ?2 WHERE user = ?1", params![who.id, step])?;
    Ok(true)
}

/// Turns the second step off for oneself.
///
/// # Errors
/// `required` when this account has to have it.
pub fn disable(c: &Connection, who: &Who, by: &Actor) -> Result<()> {
    if standing(c, who.id)?.required {
        return Err(Error::refused("required", "管理员要求您的账户使用动态码，不能关闭"));
    }
    forget(c, who.id)?;
    audit::record(c, by, "totp-off", &who.login, Change::default())
}

fn forget(c: &Connection, user: i64) -> Result<()> {
    c.execute("DELETE FROM totp WHERE user = ?1", [user])?;
    c.execute("DELETE FROM recovery WHERE user = ?1", [user])?;
    Ok(())
}

/// Takes the lost phone off somebody's account, and ends its sessions.
///
/// # Errors
/// When there is no such open account.
pub fn reset(db: &Db, login: &str, by: &Actor) -> Result<()> {
    let (login, by) = (login.to_owned(), by.clone());
    db.write_blocking(move |c| {
        let who = open_account(c, &login)?;
        forget(c, who.id)?;
        end_sessions(c, who.id)?;
        audit::record(c, &by, "totp-reset", &who.login, Change::default())
    })
}

/// Says whether an account has to have the second step.
///
/// # Errors
/// When there is no such open account.
pub fn require(db: &Db, login: &str, required: bool, by: &Actor) -> Result<()> {
    let (login, by) = (login.to_owned(), by.clone());
    db.write_blocking(move |c| {
        let who = open_account(c, &login)?;
        let sql = "UPDATE user SET totp_required = ?2 WHERE id = ?1";
        c.execute(sql, params![who.id, required])?;
        let now = if required { "required" } else { "optional" };
        audit::record(c, &by, "totp-rule", &who.login, Change::to(now))
    })
}

#[cfg(test)]
impl Secret {
    /// The code that a phone shows at this time.
    pub(crate) fn shown(&self, now: i64) -> String {
        self.code(now / STEP_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{NewAccount, Role, add, recognise};

    /// The secret of RFC 6238's appendix B and RFC 4226's appendix D.
    const RFC: Secret = Secret(*b"12345678901234567890");

    #[test]
    fn codes_are_those_of_the_standards() {
        // RFC 6238 appendix B, SHA-1: the last six of its eight digits.
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(RFC.shown(time), code, "{time}");
        }
        let first = ["755224", "287082", "359152", "969429", "338314"];
        for (step, code) in (0..).zip(first) {
            assert_eq!(RFC.code(step), code, "RFC 4226, {step}");
        }
        // RFC 4648 section 10.
        assert_eq!(base32(b"fooba"), "MZXW6YTB");
        assert_eq!(RFC.text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(
            RFC.address("李 li").starts_with("otpauth://totp/Mingbai:%E6%9D%8E%20li?secret=GEZD")
        );
    }

    #[test]
    fn a_code_counts_one_step_early_or_late_and_only_once() {
        let now = 1_000_000 * STEP_SECONDS;
        let at = |step: i64| RFC.code(1_000_000 + step);
        for step in -1..=1 {
            assert_eq!(RFC.step_of(&at(step), now, 0), Some(1_000_000 + step));
        }
        for step in [-2, 2] {
            assert_eq!(RFC.step_of(&at(step), now, 0), None);
        }
        assert_eq!(RFC.step_of(&at(0), now, 1_000_000), None, "used");
        assert_eq!(RFC.step_of(&at(-1), now, 1_000_000), None, "older than one that was used");
        assert_eq!(RFC.step_of("", now, 0), None);
    }

    #[test]
    fn phones_and_recovery_codes_are_kept_used_up_and_taken_away() {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open(&directory.path().join("db")).unwrap();
        let by = Actor::operator();
        let (login, password) = ("li".to_owned(), "correct horse".to_owned());
        let new =
            NewAccount { name: "李".into(), login, role: Role::Editor, village: None, password };
        add(&db, &new, &by).unwrap();
        let who = recognise(&db, "li", "correct horse").unwrap().unwrap();
        let now = 90_000_000;
        let (person, actor) = (who.clone(), by.clone());
        let turn_on = move |code: String| enabling(person.clone(), actor.clone(), code, now);
        let bad = db.write_blocking(turn_on("000000".into())).unwrap_err();
        assert_eq!(bad.code(), "wrong-code");
        let codes = db.write_blocking(turn_on(RFC.shown(now))).unwrap();
        let (person, actor) = (who.clone(), by.clone());
        let enters = |code: String, now: i64| {
            let (person, actor) = (person.clone(), actor.clone());
            db.write_blocking(move |c| accept(c, &person, &code, now, &actor)).unwrap()
        };
        assert!(!enters(RFC.shown(now), now), "used to turn it on");
        assert!(enters(RFC.shown(now + 30), now + 30));
        assert!(!enters(RFC.shown(now + 30), now + 30));
        assert!(enters(codes[3].to_lowercase().replace('-', " "), now));
        assert!(!enters(codes[3].clone(), now), "used");
        assert_eq!(db.read(|c| standing(c, who.id)).unwrap().recovery, RECOVERY_CODES - 1);
        require(&db, "li", true, &by).unwrap();
        let (person, actor) = (who.clone(), by.clone());
        let off = db.write_blocking(move |c| disable(c, &person, &actor));
        assert_eq!(off.unwrap_err().code(), "required");
        reset(&db, "li", &by).unwrap();
        let after = db.read(|c| standing(c, who.id)).unwrap();
        assert_eq!(after, Standing { on: false, required: true, recovery: 0 });
        assert!(!enters(codes[4].clone(), now), "gone with the phone");
    }

    fn enabling(
        who: Who,
        by: Actor,
        code: String,
        now: i64,
    ) -> impl FnOnce(&Connection) -> Result<Vec<String>> + Send + 'static {
        move |c| enable(c, &who, RFC, &code, now, &by)
    }
}
