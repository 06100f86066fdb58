//! `user`: office accounts, and the keys of the villages' accountants.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use ledger::key::VerifierKey;
use ledger::place::Village;
use ledger::statement::Role as KeyRole;

use super::{Data, print_json, tell};
use crate::directory::{self, Holder};
use crate::error::{Error, Result};
use crate::people::{self, PASSWORD_BYTES_MAX, Role, Who};

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one is made, once")]
pub(super) enum User {
    /// 开立账户，或登记报账员的密钥
    Add {
        #[command(flatten)]
        data: Data,
        /// 角色
        #[arg(long, env = "MINGBAI_ROLE")]
        role: AnyRole,
        /// 姓名
        #[arg(long, env = "MINGBAI_NAME")]
        name: String,
        /// 登录名（办公人员）
        #[arg(long, env = "MINGBAI_LOGIN")]
        login: Option<String>,
        /// 密码文件；不给则从标准输入读一行
        #[arg(long, env = "MINGBAI_PASSWORD_FILE")]
        password_file: Option<PathBuf>,
        /// 村代码（报账员）
        #[arg(long, env = "MINGBAI_VILLAGE")]
        village: Option<Village>,
        /// 验证公钥（报账员）：mingbai-uploader init 打印的那一行
        #[arg(long, env = "MINGBAI_VKEY")]
        vkey: Option<VerifierKey>,
    },
    /// 列出账户和密钥
    List {
        #[command(flatten)]
        data: Data,
        /// 以 JSON 打印
        #[arg(long, env = "MINGBAI_JSON")]
        json: bool,
    },
    /// 注销账户（--login）或密钥（--key）
    Revoke {
        #[command(flatten)]
        data: Data,
        /// 登录名
        #[arg(long, env = "MINGBAI_LOGIN", required_unless_present = "key")]
        login: Option<String>,
        /// 密钥名称，如 341181107201/accountant
        #[arg(long, env = "MINGBAI_KEY", conflicts_with = "login")]
        key: Option<String>,
    },
}

/// Everyone that can be added.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum AnyRole {
    /// 管理员
    Admin,
    /// 编辑
    Editor,
    /// 审核
    Reviewer,
    /// 村报账员
    Accountant,
}

pub(super) fn run(command: User) -> Result<()> {
    match command {
        User::Add { data, role, name, login, password_file, village, vkey } => {
            let role = match role {
                AnyRole::Admin => Role::Admin,
                AnyRole::Editor => Role::Editor,
                AnyRole::Reviewer => Role::Reviewer,
                AnyRole::Accountant => return enrol(&data, name, village, vkey),
            };
            let login = login.ok_or_else(|| missing("--login"))?;
            let password = read_password(password_file.as_deref())?;
            let app = data.open()?;
            people::add(&app.db, &login, &name, role, &password, &Who::operator())?;
            println!("已开立账户 {login}");
            Ok(())
        }
        User::List { data, json } => list(&data, json),
        User::Revoke { data, login, key } => {
            let app = data.open()?;
            match (login, key) {
                (Some(login), _) => people::revoke(&app.db, &login, &Who::operator()),
                (None, Some(key)) => {
                    tell(Some(directory::revoke(&app, &key, &Who::operator())?));
                    Ok(())
                }
                (None, None) => Err(missing("--login 或 --key")),
            }
        }
    }
}

fn missing(what: &str) -> Error {
    Error::refused("missing-option", format!("缺少 {what}"))
}

fn enrol(
    data: &Data,
    name: String,
    village: Option<Village>,
    vkey: Option<VerifierKey>,
) -> Result<()> {
    let village = village.ok_or_else(|| missing("--village"))?;
    let vkey = vkey.ok_or_else(|| missing("--vkey"))?;
    let holder = Holder { name, post: "报账员".into() };
    let app = data.open()?;
    let by = Who::operator();
    tell(Some(directory::enrol(&app, village, KeyRole::Accountant, vkey, holder, &by)?));
    Ok(())
}

/// The first line of the file or of standard input.
fn read_password(file: Option<&Path>) -> Result<String> {
    let mut text = String::new();
    // One byte more than allowed, so that a longer one is refused instead of cut.
    let max = PASSWORD_BYTES_MAX as u64 + 3;
    match file {
        Some(path) => {
            let file = std::fs::File::open(path).map_err(Error::file(path))?;
            file.take(max).read_to_string(&mut text).map_err(Error::file(path))?;
        }
        None => {
            std::io::stdin().take(max).read_to_string(&mut text).map_err(Error::file("stdin"))?;
        }
    }
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[derive(serde::Serialize)]
struct Everyone {
    accounts: Vec<people::Account>,
    keys: Vec<Key>,
}

#[derive(serde::Serialize)]
struct Key {
    key: String,
    role: String,
    village: String,
    holder: Option<String>,
    revoked: bool,
}

fn list(data: &Data, json: bool) -> Result<()> {
    let everyone = data.read(|c| Ok(Everyone { accounts: people::list(c)?, keys: keys(c)? }))?;
    if json {
        return print_json(&everyone);
    }
    for account in everyone.accounts {
        let state = if account.revoked.is_some() { "已注销" } else { "有效" };
        println!("{}\t{}\t{}\t{state}", account.role, account.login, account.name);
    }
    for key in everyone.keys {
        let state = if key.revoked { "已注销" } else { "有效" };
        let holder = key.holder.unwrap_or_default();
        println!("{}\t{}\t{holder}\t{state}", key.role, key.key);
    }
    Ok(())
}

/// The keys that the log enrolled, oldest first.
fn keys(c: &rusqlite::Connection) -> Result<Vec<Key>> {
    let mut query = c.prepare(
        "SELECT name, role, village, holder, revoked IS NOT NULL FROM view_key ORDER BY n",
    )?;
    let rows = query.query_map([], |row| {
        Ok(Key {
            key: row.get(0)?,
            role: row.get(1)?,
            village: row.get(2)?,
            holder: row.get(3)?,
            revoked: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}
