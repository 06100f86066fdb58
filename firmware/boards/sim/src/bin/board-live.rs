//! `board-live`: the board on the host against a real office: real network, flash in a file, a finger that is told on
//! standard input. It takes no updates: its firmware is this program.
//!
//! ```text
//! board-live --server URL --village CODE --vkey VKEY --flash FILE --pack FILE [--size 800x480] [--every SECONDS]
//! ```
//! On standard input, a line each: `at X Y`, `up`, `shot FILE.png`, each answered on standard output when it is done.

use embassy_executor::Spawner;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_time::Duration;
use firmware::board::{Chance, Clock, Display, Finger, Touch, Watchdog};
use firmware::host::Sockets;
use firmware::http::Net;
use firmware::nor::SECTOR;
use firmware::run::{Config, Parts, run};
use firmware::screen::{Link, Xrgb};
use firmware::slots::Memory;
use firmware::store::Layout;
use firmware::sync::Source;
use sim::flash::FileFlash;
use std::io::{BufRead as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

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
    let Some(asked) = read(&asked) else {
        eprintln!(
            "board-live --server URL --village CODE --vkey VKEY --flash FILE --pack FILE [--size 800x480] [--every SECONDS]"
        );
        return ExitCode::from(2);
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

fn read(words: &[String]) -> Option<Asked> {
    let (mut server, mut village, mut vkey, mut flash, mut pack) = (None, None, None, None, None);
    let (mut size, mut every) = ((800, 480), 60);
    for pair in words.chunks(2) {
        let [name, value] = pair else { return None };
        match name.as_str() {
            "--server" => server = Some(value.clone()),
            "--village" => village = Some(value.parse().ok()?),
            "--vkey" => vkey = Some(value.parse().ok()?),
            "--flash" => flash = Some(PathBuf::from(value)),
            "--pack" => pack = Some(std::fs::read(value).ok()?),
            "--size" => {
                let (width, height) = value.split_once('x')?;
                size = (width.parse().ok()?, height.parse().ok()?);
            }
            "--every" => every = value.parse().ok()?,
            _ => return None,
        }
    }
    let (records, all) = (SECTORS.0 * SECTOR as u32, (SECTORS.0 + SECTORS.1) * SECTOR as u32);
    let server = server?;
    let config = Config {
        public: server.clone(),
        source: Source { server, village: village?, log: vkey? },
        layout: Layout { records: 0..records, pictures: records..all },
        every: Duration::from_secs(every),
        alone: firmware::screen::ALONE,
        good: Duration::MIN,
        version: env!("CARGO_PKG_VERSION"),
        running: None,
        pack: Vec::leak(pack?),
    };
    Some(Asked { config, flash: flash?, size })
}

/// What is on the glass, for whoever looks at it from another thread.
type Seen = Arc<Mutex<Vec<Xrgb>>>;

/// A display that others look at.
struct Glass {
    size: (u32, u32),
    frame: Vec<Xrgb>,
    seen: Seen,
}

impl Display for Glass {
    type Pixel = Xrgb;

    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn frame(&mut self) -> &mut [Xrgb] {
        &mut self.frame
    }

    async fn present(&mut self, _: (u32, u32, u32, u32)) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&self.frame);
    }
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
    let pixels = asked.size.0 as usize * asked.size.1 as usize;
    let seen: Seen = Arc::new(Mutex::new(vec![Xrgb::default(); pixels]));
    let glass =
        Glass { size: asked.size, frame: vec![Xrgb::default(); pixels], seen: seen.clone() };
    std::thread::spawn(move || listen(asked.size, &seen));
    board(&asked.config, glass, flash, Random(chance)).map_err(|why| format!("{why:?}"))
}

#[embassy_executor::task]
async fn board(config: &'static Config, mut glass: Glass, flash: FileFlash, mut chance: Random) {
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
fn listen(size: (u32, u32), seen: &Seen) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let done = match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["at", x, y] => match (x.parse(), y.parse()) {
                (Ok(x), Ok(y)) => FINGERS.try_send(Finger::At(x, y)).is_ok(),
                _ => false,
            },
            ["up"] => FINGERS.try_send(Finger::Up).is_ok(),
            ["shot", file] => save(Path::new(file), size, seen),
            _ => false,
        };
        println!("{} {line}", if done { "done" } else { "refused" });
    }
    std::process::exit(0);
}

fn save(path: &Path, size: (u32, u32), seen: &Seen) -> bool {
    let frame = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let rgb: Vec<u8> = frame.iter().flat_map(|pixel| pixel.rgb()).collect();
    image::save_buffer(path, &rgb, size.0, size.1, image::ColorType::Rgb8).is_ok()
}
