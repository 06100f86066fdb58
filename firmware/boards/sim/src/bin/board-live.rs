//! `board-live`: the board on the host against a real office: real network, flash in a file, a finger that is told on
//! standard input. It takes no updates: its firmware is this program.
//!
//! ```text
//! board-live --flash FILE --pack FILE [--size 800x480] NAME=VALUE …
//! ```
//! What it is told are the lines of firmware/README.md. On standard input, a line each: `at X Y`, `up`, `shot FILE.png`, each
//! answered on standard output when it is done; and `find WORDS`, answered with `at X Y`, a place on the first of these words
//! that can be read on the screen, or `nowhere`.

use embassy_executor::Spawner;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use firmware::board::{Chance, Clock, Display, Finger, Touch, Watchdog};
use firmware::config::Config as Told;
use firmware::host::Sockets;
use firmware::http::Net;
use firmware::nor::SECTOR;
use firmware::run::{Config, Parts, run};
use firmware::screen::{Link, Xrgb};
use firmware::slots::Memory;
use firmware::store::Layout;
use ledger::glyph::{Pack, SIZES};
use sim::flash::FileFlash;
use sim::glass::Glass;
use sim::reading;
use std::io::{BufRead as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

const USAGE: &str = "board-live --flash FILE --pack FILE [--size 800x480] NAME=VALUE …";
/// From the left end of a base line to a place on the first character.
const ON: (i32, i32) = (10, -8);
/// Sectors for records, and for pictures.
const SECTORS: (u32, u32) = (512, 1_024);

static LINK: Link = Link::new();
static FINGERS: Channel<CriticalSectionRawMutex, Finger, 64> = Channel::new();

/// What was asked for.
struct Asked {
    config: Config,
    flash: PathBuf,
    size: (u32, u32),
}

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let asked = match read(&asked) {
        Ok(asked) => asked,
        Err(why) => {
            eprintln!("{why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let asked: &'static Asked = Box::leak(Box::new(asked));
    let executor: &'static mut embassy_executor::Executor =
        Box::leak(Box::new(embassy_executor::Executor::new()));
    executor.run(|spawner: Spawner| match live(asked) {
        Ok(task) => spawner.spawn(task),
        Err(why) => {
            eprintln!("{why}");
            std::process::exit(1);
        }
    })
}

fn read(words: &[String]) -> Result<Asked, String> {
    let (mut told, mut flash, mut pack, mut size) = (String::new(), None, None, (800, 480));
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word.contains('=') {
            told += &format!("{word}\n");
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} what?"))?;
        match word.as_str() {
            "--flash" => flash = Some(PathBuf::from(value)),
            "--pack" => pack = Some(std::fs::read(value).map_err(|why| format!("{value}: {why}"))?),
            "--size" => {
                let sides = value.split_once('x').ok_or("a size is such as 800x480")?;
                let side = |side: &str| side.parse().map_err(|_| format!("{side} is no size"));
                size = (side(sides.0)?, side(sides.1)?);
            }
            _ => return Err(format!("there is no {word}")),
        }
    }
    let (records, all) = (SECTORS.0 * SECTOR as u32, (SECTORS.0 + SECTORS.1) * SECTOR as u32);
    let layout = Layout { records: 0..records, pictures: records..all };
    let pack = Vec::leak(pack.ok_or("no --pack")?);
    let told = Told::new(told.leak().as_bytes());
    let config = Config::told(told, layout, "sim", env!("CARGO_PKG_VERSION"), pack);
    let config = config.map_err(|why| why.to_string())?;
    Ok(Asked { config, flash: flash.ok_or("no --flash")?, size })
}

/// What is on the glass, for whoever looks at it from another thread.
type Seen = Arc<Mutex<Glass>>;

/// A display that others look at.
struct Shown {
    frame: Glass,
    seen: Seen,
}

impl Display for Shown {
    type Pixel = Xrgb;

    fn size(&self) -> (u32, u32) {
        self.frame.size()
    }

    fn frame(&mut self) -> &mut [Xrgb] {
        self.frame.frame()
    }

    async fn present(&mut self, _: (u32, u32, u32, u32)) {
        glass(&self.seen).frame().copy_from_slice(self.frame.pixels());
    }
}

fn glass(seen: &Seen) -> MutexGuard<'_, Glass> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Hand;

impl Touch for Hand {
    async fn next(&mut self) -> Finger {
        FINGERS.receive().await
    }
}

struct Machine;

impl Clock for Machine {
    fn now(&self) -> Option<i64> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_secs()).ok()
    }

    /// The machine's clock is not a board's to set.
    fn set(&mut self, _: i64) {}
}

impl Watchdog for Machine {
    fn feed(&mut self) {}
}

struct Random(std::fs::File);

impl Chance for Random {
    fn fill(&mut self, bytes: &mut [u8]) {
        if self.0.read_exact(bytes).is_err() {
            // A key from nothing is worse than none.
            std::process::abort();
        }
    }
}

fn live(asked: &'static Asked) -> Result<embassy_executor::SpawnToken<impl Sized>, String> {
    let flash = FileFlash::open(&asked.flash, (SECTORS.0 + SECTORS.1) as usize)
        .map_err(|why| format!("{}: {why}", asked.flash.display()))?;
    let chance = std::fs::File::open("/dev/urandom").map_err(|why| why.to_string())?;
    let seen: Seen = Arc::new(Mutex::new(Glass::new(asked.size)));
    let glass = Shown { frame: Glass::new(asked.size), seen: seen.clone() };
    std::thread::spawn(move || listen(asked, &seen));
    board(&asked.config, glass, flash, Random(chance)).map_err(|why| format!("{why:?}"))
}

#[embassy_executor::task]
async fn board(config: &'static Config, mut glass: Shown, flash: FileFlash, mut chance: Random) {
    let parts = Parts {
        display: &mut glass,
        touch: &mut Hand,
        net: Net { tcp: &Sockets, dns: &Sockets },
        flash,
        slots: &mut Memory::new(|| std::process::exit(0)),
        clock: &mut Machine,
        chance: &mut chance,
        watchdog: &mut Machine,
    };
    let Err(why) = run(parts, config, &LINK).await;
    eprintln!("{why}");
    std::process::exit(1);
}

/// Does what is told on standard input, until that ends.
fn listen(asked: &Asked, seen: &Seen) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let done = match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["at", x, y] => match (x.parse(), y.parse()) {
                (Ok(x), Ok(y)) => FINGERS.try_send(Finger::At(x, y)).is_ok(),
                _ => false,
            },
            ["up"] => FINGERS.try_send(Finger::Up).is_ok(),
            ["shot", file] => glass(seen).save(Path::new(file)).is_ok(),
            ["find", ..] => {
                match find(&line["find ".len()..], asked, seen) {
                    Some((x, y)) => println!("at {x} {y}"),
                    None => println!("nowhere"),
                }
                continue;
            }
            _ => false,
        };
        println!("{} {line}", if done { "done" } else { "refused" });
    }
    std::process::exit(0);
}

/// A place on the first character of these words.
fn find(words: &str, asked: &Asked, seen: &Seen) -> Option<(i32, i32)> {
    let pack = Pack::read(asked.config.pack).ok()?;
    let shown = glass(seen).clone();
    let mut places = SIZES.iter().flat_map(|px| reading::find(&shown, &pack, words, *px));
    places.next().map(|(x, y)| (x + ON.0, y + ON.1))
}
