//! The command line: `mingbai-kiosk` opens the screen, `sync` fetches once, `shot` draws one screen to a file.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use ledger::key::VerifierKey;

use crate::shelf::{Images, Shelf};
use crate::sync::{self, Options, Report, SyncError};

/// Any failure, as the one line that is printed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// 村务公开触摸屏：先核对，再显示 / the villager's screen: verified before it is shown
#[derive(Debug, Parser)]
#[command(name = "mingbai-kiosk", version)]
pub struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command needs to know.
#[derive(Debug, clap::Args)]
struct Place {
    /// 本机数据目录 / directory of this kiosk's data
    #[arg(long, global = true, env = "MINGBAI_DATA", default_value = "kiosk-data", value_name = "DIR")]
    data: PathBuf,
    /// 服务器地址，如 http://192.168.1.10:8080 / the server; without it nothing is fetched
    #[arg(long, global = true, env = "MINGBAI_SERVER", value_name = "URL")]
    server: Option<String>,
    /// 账本的公钥，第一次要给 / the log's verifier key, needed once
    #[arg(long, global = true, env = "MINGBAI_VKEY", value_name = "VKEY")]
    vkey: Option<VerifierKey>,
    /// 下载哪些图片 / which pictures to fetch
    #[arg(long, global = true, env = "MINGBAI_IMAGES", value_enum, default_value = "all")]
    images: Images,
    /// 等一个回答最多几秒 / seconds to wait for one answer
    #[arg(long, global = true, env = "MINGBAI_PATIENCE", default_value = "60", value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    patience: u64,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 同步一次，不开屏幕 / one sync, no screen
    Sync {
        /// 打印 JSON / print JSON
        #[arg(long, env = "MINGBAI_JSON")]
        json: bool,
    },
}

impl Place {
    fn options(&self) -> Option<Options> {
        self.server.clone().map(|server| Options {
            data: self.data.clone(),
            server,
            vkey: self.vkey.clone(),
            images: self.images,
            patience: Duration::from_secs(self.patience),
            now: sync::clock,
        })
    }
}

impl Cli {
    /// Does what the command line says.
    ///
    /// # Errors
    /// [`Failure`], one line for a person.
    pub fn run(self) -> Result<(), Failure> {
        match &self.command {
            Some(Command::Sync { json }) => self.sync(*json),
            None => Ok(()),
        }
    }

    fn sync(&self, json: bool) -> Result<(), Failure> {
        let options = self.place.options().ok_or("同步要用 --server 给出服务器地址 / sync needs --server")?;
        let audit = Shelf::open(&options.data)?.audit()?;
        if audit.entries_lost || audit.contents_lost > 0 {
            eprintln!("本机数据有损坏，正在重新下载 / damaged data is fetched again");
        }
        let report = sync::run(&options).map_err(|error: SyncError| Failure::from(error))?;
        println!("{}", if json { serde_json::to_string(&report)? } else { in_words(&report) });
        Ok(())
    }
}

fn in_words(report: &Report) -> String {
    let Report { size, entries, contents, images, cost, ms, .. } = report;
    let mut words = if report.is_news() {
        format!("已同步：新增 {entries} 条记录、{contents} 份内容、{images} 张图片")
    } else {
        "没有新内容".to_owned()
    };
    if report.withdrawn > 0 {
        words += &format!("，撤下 {} 份", report.withdrawn);
    }
    if report.refused > 0 {
        words += &format!("，{} 条签名无效不显示", report.refused);
    }
    if report.waiting + report.images_missing > 0 {
        words += &format!("，还缺 {} 份", report.waiting + report.images_missing);
    }
    words + &format!(
        "；账本共 {size} 条，已全部核对（{} 次请求，收 {} 字节，发 {} 字节，{ms} 毫秒）",
        cost.requests, cost.received, cost.sent
    )
}
