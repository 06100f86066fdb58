//! The command line: what an operator types, and what is printed.

mod backup;
mod bundle;
mod monitor;
mod people;
mod rules;
mod serving;
mod wechat;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use ledger::content::{Column, ColumnKind, VillageName};
use ledger::place::Village;

use crate::app::{App, read_keys};
use crate::data::DataDir;
use crate::db;
use crate::error::{Error, Result};
use crate::people::Actor;
use crate::publish::Published;
use crate::{directory, found, glyphs, verify};

/// 明白：镇政府服务器。接收、审核、公布、答复。
#[derive(Parser)]
#[command(name = "mingbai-server", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

impl Cli {
    /// Whether this runs the server, and so keeps a log on standard error (`MINGBAI_LOG` sets how
    /// much, as for `tracing_subscriber::EnvFilter`).
    #[must_use]
    pub fn serves(&self) -> bool {
        matches!(self.command, Command::Serve { .. })
    }
}

/// Which data directory is meant.
#[derive(Args)]
struct Data {
    /// 数据目录
    #[arg(long = "data", value_name = "DIR", env = "MINGBAI_DATA")]
    dir: PathBuf,
}

impl Data {
    fn at(&self) -> DataDir {
        DataDir::at(&self.dir)
    }

    /// Opens the office to change it: nobody else may have it open.
    fn open(&self) -> Result<App> {
        App::open(self.at(), String::new())
    }

    fn read<T>(&self, f: impl FnOnce(&rusqlite::Connection) -> Result<T>) -> Result<T> {
        let path = self.at().database();
        if !path.exists() {
            let message = format!("{} 还没有初始化：请先运行 init", self.dir.display());
            return Err(Error::refused("no-data", message));
        }
        f(&db::open_reader(&path)?)
    }
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one is made, once")]
enum Command {
    /// 新建：生成密钥和数据库，打印日志的验证公钥
    Init {
        #[command(flatten)]
        data: Data,
        /// 乡镇名称
        #[arg(long, env = "MINGBAI_NAME")]
        name: String,
        /// 日志名称：不带 https:// 的网址，如 xinjie.example/log
        #[arg(long, env = "MINGBAI_ORIGIN")]
        origin: String,
        /// 乡镇的 12 位代码（末三位为 000）
        #[arg(long, env = "MINGBAI_TOWNSHIP", default_value = "000000000000")]
        township: Village,
    },
    /// 运行服务器
    Serve {
        #[command(flatten)]
        data: Data,
        /// 监听地址；端口 0 由系统选定
        #[arg(long, env = "MINGBAI_LISTEN", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// 群众访问的网址（写进二维码）；默认为监听地址
        #[arg(long, env = "MINGBAI_PUBLIC_URL")]
        public_url: Option<String>,
        #[command(flatten)]
        extra: serving::Extra,
    },
    /// 打印日志的验证公钥
    Vkey {
        #[command(flatten)]
        data: Data,
    },
    /// 办公人员账户和报账员密钥
    #[command(subcommand)]
    User(people::User),
    /// 村名录
    #[command(subcommand)]
    Village(VillageCommand),
    /// 公告栏目
    #[command(subcommand)]
    Column(ColumnCommand),
    /// 规则：期限、签批、理由、权重
    Rules(rules::RulesCommand),
    /// 放假安排：哪些天放假，哪些周末调休上班
    Holidays(rules::HolidaysCommand),
    /// 微信公众号：检查设置、发布菜单、取各村二维码
    #[command(subcommand, name = "wechat")]
    WeChat(wechat::WeChatCommand),
    #[command(flatten)]
    Keeping(backup::Keeping),
    /// 从外面监督一个镇的账本：记者、县里、村民的亲戚，任何人都可以
    Monitor(monitor::Watching),
    /// 核对全部数据：树、条目、内容、图片
    Verify {
        #[command(flatten)]
        data: Data,
        /// 以 JSON 打印结果
        #[arg(long, env = "MINGBAI_JSON")]
        json: bool,
    },
    /// 字库：国标 2312 的全部字形，烧进开发板的闪存
    GlyphPack {
        /// 写到哪个文件
        #[arg(long, value_name = "FILE", env = "MINGBAI_OUT")]
        out: PathBuf,
    },
    /// 核验一个核验包：不用网络，不用数据目录，只要登记册的公钥
    VerifyBundle(bundle::VerifyBundle),
}

#[derive(Subcommand)]
enum VillageCommand {
    /// 增加或改名，一次可加多个：village add --data DIR 341181107201=新街村 …
    Add {
        #[command(flatten)]
        data: Data,
        /// 12 位代码=村名
        #[arg(value_name = "CODE=NAME", value_parser = parse_village)]
        villages: Vec<VillageName>,
        /// 12 位代码
        #[arg(long, env = "MINGBAI_CODE", requires = "name")]
        code: Option<Village>,
        /// 村名
        #[arg(long, env = "MINGBAI_NAME", requires = "code")]
        name: Option<String>,
    },
    /// 列出
    List {
        #[command(flatten)]
        data: Data,
        /// 以 JSON 打印
        #[arg(long, env = "MINGBAI_JSON")]
        json: bool,
    },
}

/// What stands in a column.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// 公告、通知
    Notice,
    /// 政策性文件：要和解读一起公布
    Policy,
    /// 政策解读
    Explanation,
}

#[derive(Subcommand)]
enum ColumnCommand {
    /// 增加或改名
    Add {
        #[command(flatten)]
        data: Data,
        /// 编号：小写字母、数字、连字符
        #[arg(long, env = "MINGBAI_ID")]
        id: String,
        /// 中文名
        #[arg(long, env = "MINGBAI_NAME")]
        name: String,
        /// 英文名
        #[arg(long, env = "MINGBAI_NAME_EN")]
        name_en: String,
        /// 栏目里是什么；不写则不变，新栏目为 notice
        #[arg(long, env = "MINGBAI_KIND")]
        kind: Option<Kind>,
    },
    /// 列出
    List {
        #[command(flatten)]
        data: Data,
        /// 以 JSON 打印
        #[arg(long, env = "MINGBAI_JSON")]
        json: bool,
    },
}

fn parse_village(text: &str) -> std::result::Result<VillageName, String> {
    let (code, name) = text.split_once('=').ok_or("应写作 代码=村名")?;
    let code = code.parse().map_err(|_| "代码应为 12 位数字")?;
    Ok(VillageName { code, name: name.to_owned() })
}

/// Does what was asked for.
///
/// # Errors
/// One line for the person who asked.
pub fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Init { data, name, origin, township } => {
            println!("{}", found::found(&data.at(), &name, &origin, township)?);
            Ok(())
        }
        Command::Serve { data, listen, public_url, extra } => {
            serving::run(&data, listen, public_url, extra)
        }
        Command::Vkey { data } => {
            let keys = read_keys(&data.at())?;
            println!("{}", keys.log.verifier());
            Ok(())
        }
        Command::User(command) => people::run(command),
        Command::Village(command) => village(command),
        Command::Column(command) => column(command),
        Command::Rules(command) => rules::rules(command),
        Command::Holidays(command) => rules::holidays(command),
        Command::WeChat(command) => wechat::run(command),
        Command::Keeping(command) => backup::run(command),
        Command::Monitor(command) => monitor::run(command),
        Command::Verify { data, json } => check(&data.at(), json),
        Command::GlyphPack { out } => glyph_pack(&out),
        Command::VerifyBundle(asked) => bundle::verify(&asked),
    }
}

fn glyph_pack(out: &Path) -> Result<()> {
    let pack = glyphs::pack()?;
    std::fs::write(out, &pack).map_err(Error::file(out))?;
    println!("字库已写入 {}：{} 字节", out.display(), pack.len());
    Ok(())
}

fn village(command: VillageCommand) -> Result<()> {
    match command {
        VillageCommand::Add { data, mut villages, code, name } => {
            villages.extend(code.zip(name).map(|(code, name)| VillageName { code, name }));
            if villages.is_empty() {
                return Err(Error::refused("bad-village", "请给出 代码=村名，或 --code 和 --name"));
            }
            tell(directory::add_villages(&data.open()?, &villages, &Actor::operator())?);
        }
        VillageCommand::List { data, json } => {
            let villages = data.read(directory::current)?.villages;
            if json {
                print_json(&villages)?;
            } else {
                villages.iter().for_each(|village| println!("{}\t{}", village.code, village.name));
            }
        }
    }
    Ok(())
}

fn column(command: ColumnCommand) -> Result<()> {
    match command {
        ColumnCommand::Add { data, id, name, name_en, kind } => {
            let app = data.open()?;
            let known = app.db.read(directory::current)?.columns;
            let known = known.iter().find(|known| known.id == id).map(|known| known.kind);
            let kind = match kind {
                Some(Kind::Notice) => ColumnKind::Notice,
                Some(Kind::Policy) => ColumnKind::Policy,
                Some(Kind::Explanation) => ColumnKind::Explanation,
                None => known.unwrap_or_default(),
            };
            let column = Column { id, name, name_en, kind };
            tell(directory::add_column(&app, &column, &Actor::operator())?);
        }
        ColumnCommand::List { data, json } => {
            let columns = data.read(directory::current)?.columns;
            if json {
                print_json(&columns)?;
            } else {
                for column in columns {
                    println!("{}\t{}\t{}", column.id, column.name, column.name_en);
                }
            }
        }
    }
    Ok(())
}

fn tell(published: Option<Published>) {
    match published {
        Some(published) => println!("已公布：第 {} 条", published.index),
        None => println!("没有变化"),
    }
}

fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string(value).map_err(|e| Error::Corrupt(e.to_string()))?;
    println!("{text}");
    Ok(())
}

fn check(data: &DataDir, json: bool) -> Result<()> {
    let report = verify::verify(data)?;
    if json {
        print_json(&report)?;
    }
    match &report.problem {
        None if json => Ok(()),
        None => {
            println!(
                "核对无误：{} 条，{} 份内容，{} 张图片，{} 个文件",
                report.entries, report.contents, report.images, report.files
            );
            Ok(())
        }
        Some(problem) => Err(Error::Corrupt(format!("{}：{}", problem.what, problem.why))),
    }
}
