//! Tries the board's parts, one after the other, and says on the serial line what came of it; or, by the configuration `try`,
//! does one thing that the board must not survive.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::String;
use board::chance::Chance;
use board::clock::Clock;
use board::display::Display;
use board::flash::{self, Part};
use board::slots::Slots;
use board::touch::Touch;
use board::watchdog::Watchdog;
use board::{heap, net, power, println, time};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use embassy_executor::Spawner;
use embassy_time::{Duration, Instant, Ticker};
use embedded_io_async::{Read, Write};
use embedded_nal_async::TcpConnect;
use firmware::board::{Chance as _, Clock as _, Display as _, Slots as _, Touch as _};
use firmware::board::{Finger, Watchdog as _};
use firmware::config::Config;
use firmware::screen::Xrgb;
use ledger::hash::Hash;
use ledger::key::SigningKey;
use ledger::note::{Note, compose};
use ledger::tree::{leaf_hash, verify_inclusion};

/// What the store's first word says once it was written.
const KEPT: u32 = 0x6b65_7074;

#[riscv_rt::entry]
fn main(_hart: usize, handed: usize, _: usize) -> ! {
    board::start(|spawner| parts(spawner, handed))
}

#[embassy_executor::task]
async fn parts(spawner: Spawner, handed: usize) {
    let parts = flash::parts();
    let mut slots = Slots::handed(parts.slots, parts.record, handed);
    let mut store = parts.store;
    println!("parts: slot {}", slots.running());
    let config = Config::new(parts.config);
    match config.get("try") {
        None => all(spawner, store, config).await,
        Some(update @ ("confirm" | "forget")) => {
            self::update(&mut slots, &mut store, update == "confirm").await;
        }
        Some(fault) => die(fault, &mut store),
    }
}

/// Every part in turn; then what the finger does, for ever.
async fn all(spawner: Spawner, store: Part, config: Config<'_>) {
    let watchdog = Watchdog::start();
    println!("watchdog: {}", if watchdog.present() { "there" } else { "none" });
    match feed(watchdog) {
        Ok(token) => spawner.spawn(token),
        Err(_) => panic!("no room for a task"),
    }
    keep(store);
    count();
    let mut ticker = Ticker::every(Duration::from_millis(50));
    for n in 0..3 {
        ticker.next().await;
        println!("tick: {n} at {} us", Instant::now().as_micros());
    }
    let Some(mut chance) = Chance::start() else { panic!("no random bytes") };
    let mut bytes = [0; 8];
    chance.fill(&mut bytes);
    println!("chance: {:016x} {:016x}", chance.number(), u64::from_le_bytes(bytes));
    println!("clock: {:?}", Clock.now());
    fetch(spawner, chance.number(), config.get("server")).await;
    let Some(mut display) = Display::start() else { panic!("no screen") };
    draw(&mut display).await;
    println!("heap: {:?} of {} and {}", heap::used(), heap::SIZE, heap::LARGE_SIZE);
    let Some(mut touch) = Touch::start(display.size()) else { panic!("no tablet") };
    println!("parts: ready");
    loop {
        let finger = touch.next().await;
        println!("touch: {finger:?}");
        if let Finger::At(x, y) = finger {
            mark(&mut display, x, y).await;
        }
    }
}

#[embassy_executor::task]
async fn feed(mut watchdog: Watchdog) {
    let mut ticker = Ticker::every(Duration::from_secs(2));
    loop {
        watchdog.feed();
        ticker.next().await;
    }
}

/// How many instructions it takes to verify a statement with its proof, in a log of 16,384 entries; the same each time where QEMU
/// counts them.
fn count() {
    let Ok(key) = SigningKey::from_seed("accountant", [7; 32]) else { panic!("no key") };
    let text = alloc::format!("{}\n", "x".repeat(400));
    let entry = compose(&text, &[key.sign(&text)]);
    let (proof, key) = ([Hash([1; 32]); 14], key.verifier());
    let before = time::instructions();
    let good = critical_section::with(|_| {
        let note = Note::parse(entry.as_bytes()).ok();
        let signed = note.is_some_and(|note| note.verify([&key].into_iter()).is_ok());
        let leaf = leaf_hash(entry.as_bytes());
        // It leads to another root, at its end.
        signed && verify_inclusion(&leaf, 1234, 1 << 14, &proof, &Hash([0; 32])).is_err()
    });
    println!("verified: {good}, {} instructions", time::instructions() - before);
}

/// What was kept from an earlier boot, or is now; then anew.
fn keep(mut store: Part) {
    if first_word(&store) == KEPT {
        println!("flash: kept");
        return;
    }
    println!("flash: empty");
    write_first(&mut store, KEPT);
    power::reset()
}

fn first_word(store: &Part) -> u32 {
    let mut word = [0; 4];
    match store.get(0, &mut word) {
        Ok(()) => u32::from_le_bytes(word),
        Err(error) => panic!("flash: {error}"),
    }
}

fn write_first(store: &mut Part, word: u32) {
    if let Err(error) = store.put(0, &word.to_le_bytes()) {
        panic!("flash: {error}");
    }
}

/// An address by DHCP, and the log's checkpoint from a server that the configuration names, such as `10.0.2.2:8080`.
async fn fetch(spawner: Spawner, seed: u64, server: Option<&str>) {
    let Some(client) = net::start(spawner, seed) else { panic!("no network") };
    client.stack.wait_config_up().await;
    println!("net: {:?}", client.stack.config_v4().map(|config| config.address));
    let Some(server) = server else { return };
    let name = server.strip_prefix("http://").unwrap_or(server);
    let (host, port) = name.split_once(':').unwrap_or((name, "80"));
    let host = host.parse().unwrap_or(Ipv4Addr::UNSPECIFIED);
    let address = SocketAddr::new(IpAddr::V4(host), port.parse().unwrap_or(80));
    let answer = match client.connect(address).await {
        Ok(mut line) => ask(&mut line, name).await,
        Err(error) => panic!("net: {error:?}"),
    };
    let first = answer.lines().next().unwrap_or_default();
    println!("net: {first}, {} bytes, at {} us", answer.len(), Instant::now().as_micros());
}

/// Asks for the checkpoint; all that comes until the server closes.
async fn ask(line: &mut (impl Read + Write), host: &str) -> String {
    let request =
        alloc::format!("GET /checkpoint HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let (mut answer, mut bytes) = (String::new(), [0; 512]);
    if line.write_all(request.as_bytes()).await.is_err() || line.flush().await.is_err() {
        return answer;
    }
    while let Ok(count @ 1..) = line.read(&mut bytes).await {
        answer += &String::from_utf8_lossy(&bytes[..count]);
    }
    answer
}

/// Three fields of the colours, and a white frame one pixel wide.
async fn draw(display: &mut Display) {
    let (width, height) = display.size();
    for (n, pixel) in display.frame().iter_mut().enumerate() {
        let (x, y) = (n as u32 % width, n as u32 / width);
        let edge = x == 0 || y == 0 || x == width - 1 || y == height - 1;
        let field = [0xff_0000, 0x00_ff00, 0x00_00ff][(3 * x / width) as usize];
        *pixel = Xrgb(if edge { 0xff_ffff } else { field });
    }
    display.present((0, 0, width, height)).await;
    println!("screen: {width} x {height}");
}

/// A black square where the finger is.
async fn mark(display: &mut Display, x: i32, y: i32) {
    let (width, height) = display.size();
    let (x, y) = (x.max(0) as u32, y.max(0) as u32);
    for row in y.saturating_sub(8)..(y + 8).min(height) {
        let from = (row * width + x.saturating_sub(8)) as usize;
        let to = (row * width + (x + 8).min(width)) as usize;
        display.frame()[from..to].fill(Xrgb(0));
    }
    display.present((x.saturating_sub(8), y.saturating_sub(8), 16, 16)).await;
}

/// Copies the firmware that runs to the other slot and has that tried, once; the second slot confirms itself, or does not.
async fn update(slots: &mut Slots, store: &mut Part, confirms: bool) {
    match (slots.running(), first_word(store)) {
        (0, u32::MAX) => {
            write_first(store, KEPT);
            println!("update: {:?}", copy(slots).await);
        }
        (1, KEPT) if confirms => {
            println!("update: confirmed {:?}", slots.confirm().await);
            write_first(store, 0);
        }
        (1, KEPT) => println!("update: not confirmed"),
        (0, KEPT) => end("back in slot 0"),
        (slot, _) => end(&alloc::format!("still in slot {slot}")),
    }
    power::reset()
}

fn end(words: &str) -> ! {
    println!("update: {words}");
    power::exit(0)
}

/// Copies the slot that runs to the other.
async fn copy(slots: &mut Slots) -> Result<(), flash::Error> {
    let mut bytes = [0; 4096];
    slots.begin().await?;
    for at in (0..slots.capacity()).step_by(bytes.len()) {
        slots.get(at, &mut bytes)?;
        slots.write(at, &bytes).await?;
    }
    slots.try_other().await
}

/// Does what the board must not survive, once; an earlier boot has marked that it was done.
fn die(fault: &str, store: &mut Part) {
    let first = first_word(store);
    if first != u32::MAX {
        println!("{fault}: started anew");
        power::exit(0);
    }
    write_first(store, KEPT);
    match fault {
        "hang" => critical_section::with(|_| {
            loop {
                core::hint::spin_loop();
            }
        }),
        // SAFETY: nothing comes after an instruction that there is not.
        "trap" => unsafe { core::arch::asm!("unimp") },
        "stack" => println!("{}", deep(0)),
        "rise" => write_first(store, KEPT | 1 << 31),
        "thrice" => {
            [0x6b65_0000, 0x6b00_0000].into_iter().for_each(|word| write_first(store, word))
        }
        "half" => println!("{:?}", store.put(6, &[0; 4])),
        "outside" => println!("{:?}", store.put(8 << 20, &[0; 4])),
        "heap" => drop(core::hint::black_box(alloc::vec![1u8; heap::LARGE_SIZE + 1])),
        other => println!("no such trial: {other}"),
    }
    println!("{fault}: survived");
    power::exit(1)
}

/// Goes deeper than the stack is.
fn deep(n: u64) -> u64 {
    let here = core::hint::black_box([n; 64]);
    if n == u64::MAX {
        return here[0];
    }
    deep(n + 1) + here[63]
}
