//! The firmware on the emulated board.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::{String, ToString};
use board::chance::Chance;
use board::clock::Clock;
use board::display::{self, Display};
use board::slots::Slots;
use board::touch::Touch;
use board::watchdog::Watchdog;
use board::{flash, heap, net, power, println};
use embassy_executor::Spawner;
use embassy_time::{Duration, Timer};
use firmware::config::Config as Told;
use firmware::http::Net;
use firmware::run::{Config, Parts};
use firmware::screen::Link;
use firmware::store::Layout;

/// Of the store: records, and what is left for pictures; bytes.
const RECORDS: u32 = 2 << 20;
const STORE: u32 = 8 << 20;

#[riscv_rt::entry]
fn main(_hart: usize, handed: usize, _: usize) -> ! {
    board::start(|spawner| live(spawner, handed))
}

#[embassy_executor::task]
async fn live(spawner: Spawner, handed: usize) {
    let Err(why) = start(spawner, handed).await;
    println!("board: {why}");
    power::exit(2)
}

/// Runs the board for ever, or says why it cannot.
async fn start(spawner: Spawner, handed: usize) -> Result<core::convert::Infallible, String> {
    static LINK: Link = Link::new();
    let parts = flash::parts();
    let mut slots = Slots::handed(parts.slots, parts.record, handed);
    let told = Told::new(parts.config);
    if let Some(every) = told.get("tell").and_then(|value| value.parse().ok()) {
        display::tell();
        spawner.spawn(tell(Duration::from_secs(every)).map_err(|_| "no room for a task")?);
    }
    let layout = Layout { records: 0..RECORDS, pictures: RECORDS..STORE };
    let config = Config::told(told, layout, "qemu", env!("CARGO_PKG_VERSION"), parts.glyphs);
    let config = config.map_err(|error| error.to_string())?;
    let mut chance = Chance::start().ok_or("no source of random bytes")?;
    let net = net::start(spawner, chance.number()).ok_or("no network")?;
    let mut display = Display::start().ok_or("no screen")?;
    let size = firmware::board::Display::size(&display);
    let mut touch = Touch::start(size).ok_or("no glass")?;
    println!("board: {} x {}, village {}", size.0, size.1, config.source.village);
    let parts = Parts {
        display: &mut display,
        touch: &mut touch,
        net: Net { tcp: &net, dns: &net },
        flash: parts.store,
        slots: &mut slots,
        clock: &mut Clock,
        chance: &mut chance,
        watchdog: &mut Watchdog::start(),
    };
    firmware::run::run(parts, &config, &LINK).await.map_err(|error| error.to_string())
}

/// Says on the serial line how much of the heaps is and was in use, for who measures that.
#[embassy_executor::task]
async fn tell(every: Duration) {
    loop {
        Timer::after(every).await;
        let [(small, most), (large, most_large)] = heap::used();
        println!("heap: {small} now, {most} at most; large: {large} now, {most_large} at most");
    }
}
