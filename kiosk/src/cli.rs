//! The command line: `mingbai-kiosk` opens the screen, `sync` fetches once, `export` and `import` carry the log on a
//! stick, `share` gives it to other kiosks, `shot` draws one screen to a file.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use ledger::key::VerifierKey;
use ledger::place::Village;
use ledger::time::Period;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::appliance::{self, Appliance};
use crate::diary::Event;
use crate::drawer::Drawer;
use crate::fleet::{self, Fleet, News};
use crate::headless::{self, Screen, Shot};
use crate::hours::Hours;
use crate::screens::{self, Comfort, Refresh, TextSize};
use crate::settings::{Setting, Settings, set_pin};
use crate::share::{self, CannotShare, Limits, Share};
use crate::shelf::{Images, Shelf};
use crate::sync::{
    self, Background, BadPolicy, Options, POLICY_BYTES_MAX, Policy, Report, SyncError,
};

/// Bytes of the longest line with a PIN that is read.
const PIN_LINE_MAX: u64 = 64;

/// Any failure, as the one line that is printed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// 村务公开触摸屏：先核对，再显示 / the villager's screen: verified before it is shown
#[derive(Debug, Parser)]
#[command(name = "mingbai-kiosk", version)]
pub struct Cli {
    #[command(flatten)]
    place: Place,
    /// 全屏 / fill the display
    #[arg(long, env = "MINGBAI_FULLSCREEN")]
    fullscreen: bool,
    /// 每隔多少秒同步一次 / seconds between syncs
    #[arg(long, global = true, env = "MINGBAI_EVERY", default_value = "300", value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
    /// 开着屏的同时把核对过的账本分享给别的屏，在这个地址，如 0.0.0.0:8080 / serve what is verified here to other kiosks
    #[arg(long, env = "MINGBAI_SHARE", value_name = "ADDRESS")]
    share: Option<SocketAddr>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command needs to know.
#[derive(Clone, Debug, clap::Args)]
struct Place {
    /// 本机数据目录 / directory of this kiosk's data
    #[arg(
        long,
        global = true,
        env = "MINGBAI_DATA",
        default_value = "kiosk-data",
        value_name = "DIR"
    )]
    data: PathBuf,
    /// 服务器或镜像的地址，如 http://192.168.1.10:8080；可写多个，依次尝试 / the server and mirrors of it, tried in turn
    #[arg(long, global = true, env = "MINGBAI_SERVER", value_name = "URL", value_delimiter = ',')]
    server: Vec<String>,
    /// 账本的公钥，第一次要给 / the log's verifier key, needed once
    #[arg(long, global = true, env = "MINGBAI_VKEY", value_name = "VKEY")]
    vkey: Option<VerifierKey>,
    /// 手机打开同一页的网址；不给就用服务器地址 / where phones find the pages; the server when not given
    #[arg(long, global = true, env = "MINGBAI_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// 下载哪些图片 / which pictures to fetch
    #[arg(long, global = true, env = "MINGBAI_IMAGES", value_enum, default_value = "all")]
    images: Images,
    /// 哪个村（12 位代码）：它的图片先下载、最后清理；画图时画它 / the own village: its pictures come first and go last
    #[arg(long, global = true, env = "MINGBAI_VILLAGE", value_name = "CODE")]
    village: Option<Village>,
    /// 图片最多占多少字节，超出的先清理别村旧月份的原图 / bytes that pictures may take on the disk
    #[arg(long, global = true, env = "MINGBAI_BUDGET", value_name = "BYTES",
          value_parser = clap::value_parser!(u64).range(1..))]
    budget: Option<u64>,
    /// 每秒最多收多少字节 / the most bytes a second
    #[arg(long, global = true, env = "MINGBAI_RATE", value_name = "BYTES",
          value_parser = clap::value_parser!(u64).range(1000..))]
    rate: Option<u64>,
    /// 只在这段时间下载图片，如 22:00-06:00；文字随时都收 / when pictures are fetched; text always comes
    #[arg(long, global = true, env = "MINGBAI_HOURS", value_name = "HH:MM-HH:MM")]
    hours: Option<Hours>,
    /// 见证规则文件（C2SP tlog-policy）：见证人签够了才采用账本 / which witnesses must have cosigned the log
    #[arg(long, global = true, env = "MINGBAI_WITNESSES", value_name = "FILE",
          value_parser = policy)]
    witnesses: Option<Policy>,
    /// 多少天没有新的签名就说账本旧了 / days without anything newly signed after which the log counts as stale
    #[arg(long, global = true, env = "MINGBAI_STALE_DAYS", default_value_t = screens::STALE_DAYS,
          value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3660))]
    stale_days: u32,
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
    /// 把核对过的账本导出成一个文件，用 U 盘带给没有网的屏幕 / what is verified here as one file, for a stick
    Export {
        /// 写到哪个文件 / the file to write
        #[arg(long, env = "MINGBAI_OUT", value_name = "FILE")]
        out: PathBuf,
    },
    /// 从文件收进账本，核对和联网时一样 / takes in such a file, verified as from a server
    Import {
        /// 哪个文件 / the file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// 不开屏幕，只把核对过的账本分享给别的屏；给了 --server 就不断同步 / serves it to other kiosks, no screen; follows the servers
    Share {
        /// 在哪个地址，如 0.0.0.0:8080 / the address to listen at
        #[arg(long, env = "MINGBAI_LISTEN", value_name = "ADDRESS")]
        listen: SocketAddr,
    },
    /// 向镇里报告一次，打印 JSON / ask and report to the office once; prints JSON
    Report,
    /// 打印这块屏的日记 / print this kiosk's diary
    Diary {
        /// 打印 JSON，一行一条 / print JSON, one object a line
        #[arg(long, env = "MINGBAI_JSON")]
        json: bool,
    },
    /// 列出设置 / list the settings
    Settings,
    /// 改一个设置，如 set night 22:00-06:00 / change a setting
    Set {
        /// 设置的名字 / its name
        name: String,
        /// 新的值 / its value
        value: String,
    },
    /// 设进入设置的密码，从标准输入读 / set the PIN before the settings, read from standard input
    Pin,
    /// 把一个屏幕画成 PNG，不用显示器 / draw one screen to a PNG file, without a display
    Shot(ShotArgs),
}

/// What `shot` draws.
#[derive(Debug, clap::Args)]
struct ShotArgs {
    /// 列出屏幕的名字 / list the screens' names
    #[arg(long)]
    list: bool,
    /// 哪个屏幕 / which screen
    #[arg(long, env = "MINGBAI_SCREEN", value_enum, required_unless_present = "list")]
    screen: Option<Screen>,
    /// 写到哪个文件 / the file to write
    #[arg(long, env = "MINGBAI_OUT", value_name = "FILE", required_unless_present = "list")]
    out: Option<PathBuf>,
    /// 宽x高，像素 / width x height in pixels
    #[arg(long, env = "MINGBAI_SIZE", default_value = "1080x1920", value_parser = size, value_name = "WxH")]
    size: (u32, u32),
    /// 语言 / language
    #[arg(long, env = "MINGBAI_LANG", value_enum, default_value = "zh")]
    lang: Language,
    /// 字的大小 / how large
    #[arg(long, env = "MINGBAI_TEXT_SIZE", value_enum, default_value = "standard")]
    text_size: TextSize,
    /// 黑底白字 / white on black
    #[arg(long, env = "MINGBAI_CONTRAST")]
    contrast: bool,
    /// 按钮都在下半屏 / what is touched lies in the lower half
    #[arg(long, env = "MINGBAI_LOW")]
    low: bool,
    /// 哪个月 / which month
    #[arg(long, env = "MINGBAI_PERIOD", value_name = "YYYY-MM")]
    period: Option<Period>,
    /// 哪张票据或哪条公告（账本序号） / which receipt or bulletin, by log index
    #[arg(long, env = "MINGBAI_INDEX", value_name = "N")]
    index: Option<u64>,
}

/// The languages of the screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let side = |text: &str| text.parse().ok().filter(|side| (200..=8192).contains(side));
    let size = text.split_once('x').and_then(|(w, h)| Some((side(w)?, side(h)?)));
    size.ok_or_else(|| {
        "像 1080x1920，每边 200 到 8192 / like 1080x1920, 200 to 8192 a side".to_owned()
    })
}

/// The policy of witnesses in a file.
fn policy(path: &str) -> Result<Policy, String> {
    let mut text = String::new();
    let read =
        File::open(path).and_then(|file| file.take(POLICY_BYTES_MAX + 1).read_to_string(&mut text));
    read.map_err(|error| format!("读不了这个文件（{error}）/ cannot read the file"))?;
    text.parse().map_err(|bad: BadPolicy| bad.to_string())
}

impl Place {
    fn options(&self) -> Options {
        Options {
            images: self.images,
            village: self.village,
            budget: self.budget,
            hours: self.hours,
            rate: self.rate,
            policy: self.witnesses.clone(),
            patience: Duration::from_secs(self.patience),
            ..Options::new(self.data.clone(), self.server.clone(), self.vkey.clone())
        }
    }

    fn fleet(&self) -> fleet::Options {
        fleet::Options {
            data: self.data.clone(),
            server: self.server.first().cloned(),
            patience: Duration::from_secs(self.patience),
            now: sync::clock,
        }
    }

    fn screens(&self) -> screens::Options {
        let public = self.public_url.as_ref().or(self.server.first());
        let public = public.map(|url| url.trim_end_matches('/').to_owned()).unwrap_or_default();
        let stale_days = self.stale_days;
        let options = screens::Options::new(self.data.clone(), public, sync::clock);
        screens::Options { stale_days, ..options }
    }

    /// The same, but where the settings name servers and a village it is those.
    fn with(&self, settings: &Settings) -> Self {
        let named = !settings.servers.is_empty();
        let server = if named { &settings.servers } else { &self.server }.clone();
        let village = settings.station.or(self.village);
        Self { server, village, ..self.clone() }
    }

    /// Makes this kiosk one of the fleet. What is wrong with that is no reason to show nothing.
    fn join(&self, idle: Duration, refresh: Arc<OnceLock<Refresh>>) -> Option<Fleet> {
        let sync = self.options();
        let tell = move |news| {
            if news == News::SyncNow {
                // What is wrong with it stands on the shelf, and so on the screen.
                let _ = sync::run(&sync);
            }
            if let Some(refresh) = refresh.get() {
                refresh.now();
            }
        };
        let joined = Fleet::start(&self.fleet(), idle, tell);
        joined.map_err(|error| eprintln!("{error}")).ok()
    }
}

/// The office hears of a sync, and the diary of one that brought or broke something.
fn tell_fleet(fleet: Option<&Fleet>, ended: &Result<Report, SyncError>) {
    let Some(fleet) = fleet else { return };
    match ended {
        Ok(report) if report.is_news() => fleet.note(Event::Synced(report.size)),
        Ok(_) => {}
        Err(error) => fleet.note(Event::Trouble(error.kind())),
    }
    fleet.synced();
}

impl Cli {
    /// Does what the command line says.
    ///
    /// # Errors
    /// [`Failure`], one line for a person.
    pub fn run(self) -> Result<(), Failure> {
        match &self.command {
            None => self.window(),
            Some(Command::Sync { json }) => self.sync(*json),
            Some(Command::Export { out }) => self.export(out),
            Some(Command::Import { file }) => self.import(file),
            Some(Command::Share { listen }) => self.share(*listen),
            Some(Command::Report) => self.report(),
            Some(Command::Diary { json }) => self.diary(*json),
            Some(Command::Settings) => self.settings(),
            Some(Command::Set { name, value }) => self.set(name, value),
            Some(Command::Pin) => self.pin(),
            Some(Command::Shot(shot)) => self.shot(shot),
        }
    }

    /// The screen, with a sync now and then behind it that it never waits for, as one of the office's fleet.
    fn window(&self) -> Result<(), Failure> {
        let drawer = Drawer::open(&self.place.data)?;
        let settings = Settings::load(&drawer)?;
        appliance::turn_screen(settings.turn)?;
        let place = self.place.with(&settings);
        let mut options = place.screens();
        (options.fullscreen, options.attract) = (self.fullscreen, settings.attract);
        options.idle = settings.idle_time();
        (options.sound.clicks, options.sound.volume) = (settings.sound, settings.volume);
        let every = Duration::from_secs(self.every);
        let sync = place.options();
        let queue = (!sync.servers.is_empty()).then(sync::orders);
        options.orders = queue.as_ref().map(|(orders, _)| orders.clone()).unwrap_or_default();
        let refresh = Arc::new(OnceLock::new());
        let fleet = place.join(options.idle, refresh.clone());
        let share = settings.share.or(self.share);
        let mut kept = None;
        screens::run(&options, |screens| {
            let refresh = refresh.get_or_init(|| screens.refresher()).clone();
            let told = fleet.clone();
            let tell = move |ended: &Result<Report, SyncError>| {
                refresh.now();
                tell_fleet(told.as_ref(), ended);
            };
            let background = queue.map(|queue| Background::start(sync, every, queue, tell));
            // What is wrong with that is no reason to show nothing.
            let share = share.map(|at| share_at(&self.place.data, at));
            let share = share.and_then(|share| share.map_err(|error| eprintln!("{error}")).ok());
            kept = Some((Appliance::open(screens, fleet, drawer, settings), (background, share)));
        })?;
        let Some((appliance, _)) = kept else { return Ok(()) };
        let appliance = appliance?;
        appliance.end();
        if appliance.wants_restart() { Err(appliance::start_again().into()) } else { Ok(()) }
    }

    /// Shares without a screen, and follows the servers where there are any, until it is told to stop.
    fn share(&self, listen: SocketAddr) -> Result<(), Failure> {
        let options = self.place.options();
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        let every = Duration::from_secs(self.every);
        let background = if options.servers.is_empty() {
            Shelf::open_audited(&options.data)?;
            None
        } else {
            Shelf::open(&options.data)?;
            let tell = |ended: &Result<Report, SyncError>| match ended {
                Ok(report) if report.is_news() => eprintln!("{}", in_words(report)),
                Ok(_) => {}
                Err(error) => eprintln!("{error}"),
            };
            Some(Background::start(options, every, sync::orders(), tell))
        };
        let _share = share_at(&self.place.data, listen)?;
        signals.forever().next();
        drop(background);
        Ok(())
    }

    fn sync(&self, json: bool) -> Result<(), Failure> {
        let options = self.place.options();
        if options.servers.is_empty() {
            return Err("同步要用 --server 给出服务器地址 / sync needs --server".into());
        }
        let (_, audit) = Shelf::open_audited(&options.data)?;
        if audit.entries_lost || audit.contents_lost > 0 {
            eprintln!("本机数据有损坏，正在重新下载 / damaged data is fetched again");
        }
        let report = sync::run(&options)?;
        println!("{}", if json { serde_json::to_string(&report)? } else { in_words(&report) });
        Ok(())
    }

    fn export(&self, out: &Path) -> Result<(), Failure> {
        let done = share::export(&self.place.data, out, self.place.images)?;
        println!(
            "已导出到 {}：账本 {} 条、{} 份内容、{} 张图片，{} 字节",
            out.display(),
            done.size,
            done.contents,
            done.images,
            done.bytes
        );
        Ok(())
    }

    fn import(&self, file: &Path) -> Result<(), Failure> {
        let options = self.place.options();
        Shelf::open_audited(&options.data)?;
        println!("{}", in_words(&sync::import(&options, file)?));
        Ok(())
    }

    fn report(&self) -> Result<(), Failure> {
        let options = self.place.fleet();
        if options.server.is_none() {
            return Err("报告要用 --server 给出服务器地址 / report needs --server".into());
        }
        println!("{}", serde_json::to_string(&fleet::report_once(&options)?)?);
        Ok(())
    }

    fn diary(&self, json: bool) -> Result<(), Failure> {
        for line in Drawer::open(&self.place.data)?.diary()? {
            println!("{}", if json { serde_json::to_string(&line)? } else { line.to_string() });
        }
        Ok(())
    }

    fn settings(&self) -> Result<(), Failure> {
        for setting in Settings::load(&Drawer::open(&self.place.data)?)?.list() {
            println!("{} {setting}", setting.name());
        }
        Ok(())
    }

    fn set(&self, name: &str, value: &str) -> Result<(), Failure> {
        let setting = Setting::parse(name, value)?;
        let mut drawer = Drawer::open(&self.place.data)?;
        let at = sync::clock().unix_seconds();
        Ok(Settings::load(&drawer)?.change(&mut drawer, setting, at)?)
    }

    fn pin(&self) -> Result<(), Failure> {
        let mut typed = String::new();
        io::stdin().lock().take(PIN_LINE_MAX).read_line(&mut typed)?;
        let mut drawer = Drawer::open(&self.place.data)?;
        set_pin(&mut drawer, typed.trim_end(), sync::clock().unix_seconds())?;
        println!("密码已设好 / the PIN is set");
        Ok(())
    }

    fn shot(&self, args: &ShotArgs) -> Result<(), Failure> {
        let (Some(screen), Some(out), false) = (args.screen, &args.out, args.list) else {
            for screen in Screen::value_variants() {
                println!(
                    "{}",
                    screen
                        .to_possible_value()
                        .map_or_else(String::new, |v| v.get_name().to_owned())
                );
            }
            return Ok(());
        };
        headless::shot(&Shot {
            screen,
            out: out.clone(),
            options: self.place.screens(),
            size: args.size,
            english: args.lang == Language::En,
            comfort: Comfort { text: args.text_size, contrast: args.contrast, low: args.low },
            village: self.place.village,
            period: args.period,
            index: args.index,
        })?;
        println!("{}", out.display());
        Ok(())
    }
}

/// Shares what is on a shelf, and says where.
fn share_at(data: &Path, at: SocketAddr) -> Result<Share, CannotShare> {
    Share::start(data, at, Limits::default(), |at| {
        // Nobody may be reading it.
        let _ = writeln!(io::stdout(), "sharing on http://{at}");
    })
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
    words
        + &format!(
            "；账本共 {size} 条，已全部核对（{} 次请求，收 {} 字节，发 {} 字节，{ms} 毫秒）",
            cost.requests, cost.received, cost.sent
        )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_options_may_stand_on_either_side() {
        Cli::command().debug_assert();
        for line in ["--data d --server http://x sync --json", "sync --server http://x --data d"] {
            let words = std::iter::once("mingbai-kiosk").chain(line.split(' '));
            let cli = Cli::try_parse_from(words).unwrap();
            let options = cli.place.options();
            assert_eq!((options.data, options.servers), ("d".into(), vec!["http://x".to_owned()]));
        }
        let line = "sync --server http://a --server http://b,http://c --village 341181107201 \
                    --rate 20000 --budget 1000000 --hours 22:00-06:00";
        let words = std::iter::once("mingbai-kiosk").chain(line.split_whitespace());
        let options = Cli::try_parse_from(words).unwrap().place.options();
        assert_eq!(options.servers, ["http://a", "http://b", "http://c"]);
        assert!(options.hours.is_some() && options.village.is_some());
        let dir = tempfile::TempDir::new().unwrap();
        let file = dir.path().join("policy");
        let with = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Cli::try_parse_from(["mingbai-kiosk", "sync", "--witnesses", file.to_str().unwrap()])
        };
        assert!(with("quorum none\n").unwrap().place.options().policy.is_some());
        assert!(with("quorum X\n").unwrap_err().to_string().contains("第 1 行"));
        let parsed = |words: &str| Cli::try_parse_from(words.split(' ')).map(|cli| cli.share);
        let at: SocketAddr = "[::]:8080".parse().unwrap();
        assert_eq!(parsed("mingbai-kiosk --share [::]:8080").unwrap(), Some(at));
        assert!(parsed("mingbai-kiosk --share 8080").is_err());
        assert!(parsed("mingbai-kiosk share").is_err());
        assert!(parsed("mingbai-kiosk share --listen 0.0.0.0:8080 --every 60").is_ok());
        assert!(Cli::try_parse_from(["mingbai-kiosk", "shot"]).is_err());
        assert!(Cli::try_parse_from(["mingbai-kiosk", "shot", "--list"]).is_ok());
        assert!(Cli::try_parse_from(["mingbai-kiosk", "--vkey", "rubbish"]).is_err());
    }

    #[test]
    fn a_size_is_two_sides_in_pixels() {
        assert_eq!(size("1920x1080"), Ok((1920, 1080)));
        for bad in ["", "1920", "x", "0x9", "1920x99999", "-1x5", "1920X1080"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
