//! Founding: the keys, the database and the first two entries of a new office.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ledger::key::{SigningKey, VerifierKey};
use ledger::place::Village;

use crate::data::DataDir;
use crate::db::Db;
use crate::directory;
use crate::durable::{self, Access};
use crate::error::{Error, Result};
use crate::objects::Objects;
use crate::publish::{self, Crash, Keys, Publisher};
use crate::random;

/// Makes a new office in an empty directory; answers the key that its log is verified with. An
/// interrupted try is taken up again.
///
/// # Errors
/// When there is an office already, a name is not allowed, or nothing can be written.
pub fn found(data: &DataDir, name: &str, origin: &str, township: Village) -> Result<VerifierKey> {
    if !township.is_township() {
        let message = format!("{township} 不是乡镇代码（末三位应为 000）");
        return Err(Error::refused("bad-village", message));
    }
    // Whatever may be refused is refused before anything is made.
    check_name(name, origin)?;
    data.create()?;
    let _lock = data.lock()?;
    let db = Arc::new(Db::open(&data.database())?);
    let size = db.read(|c| Ok(c.query_row("SELECT max(size) FROM log", [], |row| row.get(0))?))?;
    let size: Option<u64> = size;
    if size.is_some_and(|size| size > 0) {
        let message = format!("{} 已经初始化过", data.path().display());
        return Err(Error::refused("exists", message));
    }
    // A key that an interrupted first try made is kept: it signed nothing yet, but may be noted.
    let keys = Keys {
        log: make_key(&data.log_key(), origin)?,
        office: make_key(&data.office_key(), &format!("{origin}/office"))?,
    };
    if size.is_none() {
        publish::found(&db, &keys, township.as_str())?;
    }
    let entries = directory::first_entries(&keys, township, name)?;
    let objects = Arc::new(Objects::at(data.public()));
    let publisher = Publisher::open(db, data.clone(), keys, objects, Crash::Never)?;
    publisher.append(move |_, _| Ok(entries))?;
    Ok(publisher.vkey())
}

fn check_name(name: &str, origin: &str) -> Result<()> {
    let township_fits = (1..=40).contains(&name.chars().count()) && !name.trim().is_empty();
    if !township_fits || name.chars().any(char::is_control) {
        return Err(Error::refused("bad-name", "乡镇名称应为 1 到 40 个字符"));
    }
    let key = SigningKey::from_seed(origin, [0; 32]);
    key.map(drop)
        .map_err(|e| Error::refused("bad-name", format!("日志名称 {origin} 不合规定：{e}")))
}

fn make_key(path: &Path, name: &str) -> Result<SigningKey> {
    if path.exists() {
        let text = fs::read_to_string(path).map_err(Error::file(path))?;
        let kept: Option<SigningKey> = text.parse().ok();
        return kept
            .filter(|key| key.verifier().name() == name)
            .ok_or_else(|| Error::refused("exists", format!("{} 已有另一把密钥", path.display())));
    }
    let key = SigningKey::from_seed(name, random::bytes()?)
        .map_err(|e| Error::refused("bad-name", format!("日志名称 {name} 不合规定：{e}")))?;
    durable::replace(path, format!("{}\n", key.to_secret_text()).as_bytes(), Access::Private)?;
    Ok(key)
}
