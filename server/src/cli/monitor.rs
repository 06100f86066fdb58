//! `monitor`: watching a township's log from outside, and cosigning it as a witness.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use jiff::SignedDuration;
use ledger::key::VerifierKey;

use super::serving;
use crate::error::{Error, Result};
use crate::monitor::{Depth, Monitor, Options, Status, witness};
use crate::rulebook::Rulebook;
use crate::rules::Rules;
use crate::serve;
use crate::web::words::{Lang, Words};
use crate::workdays::Workdays;

/// The shortest pause between two rounds.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// `monitor …` watches; `monitor key …` makes a witness's key.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Watching {
    #[command(subcommand)]
    command: Option<Tool>,
    #[command(flatten)]
    watch: Option<Watch>,
}

#[derive(Subcommand)]
enum Tool {
    /// 生成见证方的密钥文件（权限 0600），打印公钥
    Key {
        /// 见证方的名称：不带 https:// 的网址，如 dangan.county.example
        #[arg(long, env = "MINGBAI_NAME")]
        name: String,
        /// 写到哪个文件；不会覆盖
        #[arg(long, value_name = "FILE", env = "MINGBAI_OUT")]
        out: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Tongue {
    /// 中文
    Zh,
    /// English
    En,
}

#[derive(Args)]
struct Watch {
    /// 镇政府服务器的网址
    #[arg(long, env = "MINGBAI_URL")]
    url: String,
    /// 别处的同一本账，用来对照：镜像、共享的大屏；可给多个
    #[arg(long, value_name = "URL", env = "MINGBAI_ALSO", value_delimiter = ',')]
    also: Vec<String>,
    /// 账本的验证公钥
    #[arg(long, env = "MINGBAI_VKEY")]
    vkey: VerifierKey,
    /// 存放所见证据的目录
    #[arg(long = "data", value_name = "DIR", env = "MINGBAI_DATA")]
    data: PathBuf,
    /// 报告写到哪个目录；默认为 --data 的目录
    #[arg(long, value_name = "DIR", env = "MINGBAI_REPORT")]
    report: Option<PathBuf>,
    /// 多久核对一次，如 10m、1h
    #[arg(long, env = "MINGBAI_EVERY", default_value = "10m", value_parser = parse_pause)]
    every: Duration,
    /// 只核对一次：没有问题退出码为 0，有问题为 1
    #[arg(long, env = "MINGBAI_ONCE")]
    once: bool,
    /// 核对全部图片；不给则每次抽查一部分
    #[arg(long, env = "MINGBAI_IMAGES")]
    images: bool,
    /// 多少天没有新内容就报警
    #[arg(long, env = "MINGBAI_SILENT_DAYS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    silent_days: u32,
    /// 规则文件（期限）；不给则用自带的
    #[arg(long, value_name = "FILE", env = "MINGBAI_RULES")]
    rules: Option<PathBuf>,
    /// 报告和提示用的语言
    #[arg(long, env = "MINGBAI_LANG", default_value = "zh")]
    lang: Tongue,
    /// 每次以一行 JSON 打印结果
    #[arg(long, env = "MINGBAI_JSON")]
    json: bool,
    /// 同时做见证方：密钥文件（monitor key 生成的）
    #[arg(long, value_name = "KEYFILE", env = "MINGBAI_WITNESS", conflicts_with = "once")]
    witness: Option<PathBuf>,
    /// 见证方的监听地址；端口 0 由系统选定
    #[arg(long, env = "MINGBAI_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
}

fn parse_pause(text: &str) -> std::result::Result<Duration, String> {
    let pause: SignedDuration = text.parse().map_err(|_| "应写作 10m、1h、30s")?;
    let pause = Duration::try_from(pause).map_err(|_| "不能是负的")?;
    if pause < PAUSE_MIN { Err("至少 1s".into()) } else { Ok(pause) }
}

pub(super) fn run(watching: Watching) -> Result<()> {
    if let Some(Tool::Key { name, out }) = watching.command {
        println!("{}", witness::make_key(&name, &out)?);
        return Ok(());
    }
    let Some(watch) = watching.watch else {
        return Err(Error::refused("usage", "请给出 --url、--vkey 和 --data"));
    };
    watch.run()
}

impl Watch {
    fn options(&self) -> Result<Options> {
        let rules = match &self.rules {
            Some(file) => Rules::load_file(file)?,
            None => Rules::shipped()?,
        };
        let depth = match (self.images, self.once) {
            (true, _) => Depth::All,
            (false, true) => Depth::Contents,
            (false, false) => Depth::New,
        };
        let lang = match self.lang {
            Tongue::Zh => Lang::Zh,
            Tongue::En => Lang::En,
        };
        Ok(Options {
            url: self.url.clone(),
            also: self.also.clone(),
            log: self.vkey.clone(),
            data: self.data.clone(),
            report: self.report.clone().unwrap_or_else(|| self.data.clone()),
            depth,
            silent_days: self.silent_days,
            rules: Rulebook { rules, workdays: Workdays::shipped()? },
            words: Words::new(lang),
        })
    }

    fn run(self) -> Result<()> {
        let options = self.options()?;
        let (words, folder) = (options.words, Monitor::witness_folder(&options));
        let mut monitor = Monitor::open(options)?;
        if self.once {
            let status = monitor.round()?;
            self.say(&status, &words)?;
            return match status.urgent() {
                0 => Ok(()),
                n => Err(Error::refused("alarm", words.one("有 {n} 个问题，请看下面。", &n))),
            };
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(Error::file("tokio"))?;
        let watched = runtime.block_on(self.watch(monitor, &words, &folder));
        // A round under way is cut off: what it had adopted stays, the next start goes on.
        runtime.shutdown_background();
        watched
    }

    async fn watch(&self, monitor: Monitor, words: &Words, folder: &std::path::Path) -> Result<()> {
        let stop = serve::stop_signal().map_err(Error::file("signals"))?;
        let mut stop = std::pin::pin!(stop);
        if let Some(key) = &self.witness {
            let witness = witness::Witness::open(key, self.vkey.clone(), folder)?;
            let listener = serving::open(self.listen)?;
            let address = listener.local_addr().map_err(Error::file("listen"))?;
            println!("listening on http://{address} as {}", witness.vkey());
            std::io::stdout().flush().map_err(Error::file("stdout"))?;
            let router = witness::router(Arc::new(witness));
            tokio::spawn(serve::serve(listener, None, router, std::future::pending()));
        }
        let monitor = Arc::new(Mutex::new(monitor));
        loop {
            let own = Arc::clone(&monitor);
            let round = tokio::task::spawn_blocking(move || {
                own.lock().unwrap_or_else(PoisonError::into_inner).round()
            });
            let status = tokio::select! {
                status = round => status.unwrap_or(Err(Error::Busy)),
                () = &mut stop => return Ok(()),
            };
            match status {
                // Nobody may be listening any more; the report is what counts.
                Ok(status) => _ = self.say(&status, words),
                Err(error) => eprintln!("{error}"),
            }
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = &mut stop => return Ok(()),
            }
        }
    }

    fn say(&self, status: &Status, words: &Words) -> Result<()> {
        let mut out = std::io::stdout().lock();
        let lines = if self.json { vec![status.json(words)] } else { status.lines(words) };
        let said = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
        said.and_then(|()| out.flush()).map_err(Error::file("stdout"))
    }
}
