//! The command line: `mingbai-kiosk` opens the screen, `sync` fetches once, `shot` draws one screen to a file.

use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use ledger::key::VerifierKey;
use ledger::place::Village;
use ledger::time::Period;

use crate::appliance::{self, Appliance};
use crate::diary::Event;
use crate::drawer::Drawer;
use crate::fleet::{self, Fleet, News};
use crate::headless::{self, Screen, Shot};
use crate::screens::{self, Comfort, Refresh, TextSize};
use crate::settings::{Setting, Settings, set_pin};
use crate::shelf::{Images, Shelf};
use crate::sync::{self, Background, Options, Report, SyncError};

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
    #[arg(long, env = "MINGBAI_EVERY", default_value = "300", value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
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
    /// 服务器地址，如 http://192.168.1.10:8080 / the server; without it nothing is fetched
    #[arg(long, global = true, env = "MINGBAI_SERVER", value_name = "URL")]
    server: Option<String>,
    /// 账本的公钥，第一次要给 / the log's verifier key, needed once
    #[arg(long, global = true, env = "MINGBAI_VKEY", value_name = "VKEY")]
    vkey: Option<VerifierKey>,
    /// 手机打开同一页的网址；不给就用服务器地址 / where phones find the pages; the server when not given
    #[arg(long, global = true, env = "MINGBAI_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
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
    /// 哪个村（12 位代码） / which village (12 digits)
    #[arg(long, env = "MINGBAI_VILLAGE", value_name = "CODE")]
    village: Option<Village>,
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

    fn fleet(&self) -> fleet::Options {
        fleet::Options {
            data: self.data.clone(),
            server: self.server.clone(),
            patience: Duration::from_secs(self.patience),
            now: sync::clock,
        }
    }

    fn screens(&self) -> screens::Options {
        let public = self.public_url.as_ref().or(self.server.as_ref());
        let public = public.map(|url| url.trim_end_matches('/').to_owned()).unwrap_or_default();
        screens::Options::new(self.data.clone(), public, sync::clock)
    }
}

impl Place {
    /// The same, but where the settings name the servers those are asked.
    fn with(&self, settings: &Settings) -> Self {
        let server = settings.servers.first().or(self.server.as_ref()).cloned();
        Self { server, ..self.clone() }
    }

    /// Makes this kiosk one of the fleet. What is wrong with that is no reason to show nothing.
    fn join(&self, idle: Duration, refresh: Arc<OnceLock<Refresh>>) -> Option<Fleet> {
        let sync = self.options();
        let tell = move |news| {
            let (News::SyncNow, Some(options)) = (news, &sync) else { return };
            // What is wrong with it stands on the shelf, and so on the screen.
            let _ = sync::run(options);
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
        options.sound.clicks = settings.sound;
        let every = Duration::from_secs(self.every);
        let refresh = Arc::new(OnceLock::new());
        let fleet = place.join(options.idle, refresh.clone());
        let mut kept = None;
        screens::run(&options, |screens| {
            let refresh = refresh.get_or_init(|| screens.refresher()).clone();
            let told = fleet.clone();
            let tell = move |ended: &Result<Report, SyncError>| {
                refresh.now();
                tell_fleet(told.as_ref(), ended);
            };
            let background = place.options().map(|sync| Background::start(sync, every, tell));
            kept = Some((Appliance::open(screens, fleet, drawer, settings), background));
        })?;
        let Some((appliance, _)) = kept else { return Ok(()) };
        let appliance = appliance?;
        appliance.end();
        if appliance.wants_restart() { Err(appliance::start_again().into()) } else { Ok(()) }
    }

    fn sync(&self, json: bool) -> Result<(), Failure> {
        let options =
            self.place.options().ok_or("同步要用 --server 给出服务器地址 / sync needs --server")?;
        let (_, audit) = Shelf::open_audited(&options.data)?;
        if audit.entries_lost || audit.contents_lost > 0 {
            eprintln!("本机数据有损坏，正在重新下载 / damaged data is fetched again");
        }
        let report = sync::run(&options)?;
        println!("{}", if json { serde_json::to_string(&report)? } else { in_words(&report) });
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
            village: args.village,
            period: args.period,
            index: args.index,
        })?;
        println!("{}", out.display());
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
            assert_eq!(cli.place.options().unwrap().data, PathBuf::from("d"));
        }
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
