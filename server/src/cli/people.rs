//! `user`: office accounts, and the keys of the villages' accountants.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use ledger::key::VerifierKey;
use ledger::place::Village;
use ledger::statement::Role as KeyRole;

use super::{Data, print_json, tell};
use crate::app::App;
use crate::directory::{self, Holder};
use crate::error::{Error, Result};
use crate::people::{self, Actor, NewAccount, PASSWORD_BYTES_MAX, Role};

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one is made, once")]
pub(super) enum User {
    /// 开立账户，或登记报账员的密钥
    Add {
        #[command(flatten)]
        data: Data,
        /// 角色
        #[arg(long, env = "MINGBAI_ROLE")]
        role: Role,
        /// 姓名
        #[arg(long, env = "MINGBAI_NAME")]
        name: String,
        /// 登录名；开立账户时要给
        #[arg(long, env = "MINGBAI_LOGIN")]
        login: Option<String>,
        /// 密码文件；不给则从标准输入读一行
        #[arg(long, env = "MINGBAI_PASSWORD_FILE")]
        password_file: Option<PathBuf>,
        /// 村代码（监督委员、报账员）
        #[arg(long, env = "MINGBAI_VILLAGE")]
        village: Option<Village>,
        /// 验证公钥（监督委员、报账员）：mingbai-uploader init 打印的那一行；给了就登记密钥
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
    /// 定由谁代办（B 岗）；不给 --deputy 就是取消
    Deputy {
        #[command(flatten)]
        data: Data,
        /// 登录名
        #[arg(long, env = "MINGBAI_LOGIN")]
        login: String,
        /// 代办人的登录名
        #[arg(long, env = "MINGBAI_DEPUTY")]
        deputy: Option<String>,
    },
    /// 标记离岗（由 B 岗代办），或用 --back 标记回岗
    Away {
        #[command(flatten)]
        data: Data,
        /// 登录名
        #[arg(long, env = "MINGBAI_LOGIN")]
        login: String,
        /// 回岗
        #[arg(long, env = "MINGBAI_BACK")]
        back: bool,
    },
    /// 换密码；所有登录随即失效
    Password {
        #[command(flatten)]
        data: Data,
        /// 登录名
        #[arg(long, env = "MINGBAI_LOGIN")]
        login: String,
        /// 密码文件；不给则从标准输入读一行
        #[arg(long, env = "MINGBAI_PASSWORD_FILE")]
        password_file: Option<PathBuf>,
    },
    /// 手机丢了：取消动态码，所有登录随即失效
    ResetTotp {
        #[command(flatten)]
        data: Data,
        /// 登录名
        #[arg(long, env = "MINGBAI_LOGIN")]
        login: String,
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

pub(super) fn run(command: User) -> Result<()> {
    match command {
        User::Add { data, role, name, login, password_file, village, vkey } => {
            let app = data.open()?;
            if role.is_of_village() && (vkey.is_some() || login.is_none()) {
                enrol(&app, &name, role, village, vkey)?;
                if login.is_none() {
                    return Ok(());
                }
            }
            let login = login.ok_or_else(|| missing("--login"))?;
            let password = read_password(password_file.as_deref())?;
            let new = NewAccount { login, name, role, village, password };
            people::add(&app.db, &new, &Actor::operator())?;
            println!("已开立账户 {}", new.login);
            Ok(())
        }
        User::List { data, json } => list(&data, json),
        User::Deputy { data, login, deputy } => {
            people::set_deputy(&data.open()?.db, &login, deputy.as_deref(), &Actor::operator())
        }
        User::Away { data, login, back } => {
            people::set_away(&data.open()?.db, &login, !back, &Actor::operator())
        }
        User::Password { data, login, password_file } => {
            let password = read_password(password_file.as_deref())?;
            people::set_password(&data.open()?.db, &login, &password, &Actor::operator())
        }
        User::ResetTotp { data, login } => {
            people::totp::reset(&data.open()?.db, &login, &Actor::operator())
        }
        User::Revoke { data, login, key } => {
            let app = data.open()?;
            match (login, key) {
                (Some(login), _) => people::revoke(&app.db, &login, &Actor::operator()),
                (None, Some(key)) => {
                    tell(Some(directory::revoke(&app, &key, &Actor::operator())?));
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
    app: &App,
    name: &str,
    role: Role,
    village: Option<Village>,
    vkey: Option<VerifierKey>,
) -> Result<()> {
    let village = village.ok_or_else(|| missing("--village"))?;
    let vkey = vkey.ok_or_else(|| missing("--vkey"))?;
    let holder = Holder { name: name.to_owned(), post: role.name().to_owned() };
    let key_role = match role {
        Role::Supervisor => KeyRole::Supervisor,
        _ => KeyRole::Accountant,
    };
    tell(Some(directory::enrol(app, village, key_role, vkey, holder, &Actor::operator())?));
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
