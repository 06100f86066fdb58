//! `make demo`: a sample township from photographs to the kiosk's screen and the phone page, by the real programs.

use clap::Parser;
use mingbai_tests::emulated::{Emulated, Flash, address};
use mingbai_tests::server::{Server, verify};
use mingbai_tests::town::{ORIGIN, STAFF, Town};
use mingbai_tests::{Result, programs, sample};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A place on the board's door to its months and the colour there: what has nothing yet has no doors.
const DOOR: (u32, u32) = (150, 385);
const DOOR_IS: [u8; 3] = [0x9b, 0x1c, 0x1c];
/// The board's pages, one after the other, and where a finger goes on from the one before.
const PAGES: [(&str, Option<(u32, u32)>); 8] = [
    ("home", None),
    ("months", Some(DOOR)),
    ("month", Some((300, 110))),
    ("receipt", Some((300, 180))),
    ("seal", Some((216, 430))),
    ("home", Some((725, 40))),
    ("bulletins", Some((440, 385))),
    ("bulletin", Some((300, 110))),
];
/// So long nothing may change before a picture is taken.
const STILL: Duration = Duration::from_secs(1);

/// Shows the main job on a sample township.
#[derive(Parser)]
struct Options {
    /// Write the screens' pictures and end, instead of staying up.
    #[arg(long, env = "MINGBAI_ONCE")]
    once: bool,
    /// Show a village's emulated board instead of the kiosk, in a window or in pictures.
    #[arg(long, env = "MINGBAI_BOARD")]
    board: bool,
    /// Where everything is kept.
    #[arg(long, env = "MINGBAI_DATA", default_value = "demo-data")]
    data: PathBuf,
    /// The server's address; another port is taken if this one is in use.
    #[arg(long, env = "MINGBAI_LISTEN", default_value = "127.0.0.1:8686")]
    listen: String,
    /// How many receipts the sample has.
    #[arg(long, env = "MINGBAI_RECEIPTS", default_value_t = 200)]
    receipts: u32,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let data = std::path::absolute(&options.data)?;
    let finished = data.join("finished");
    let ready = finished.exists();
    if !ready && data.exists() {
        println!("An earlier demo was cut short; starting it afresh.");
        for part in ["server", "uploader", "kiosk"] {
            remove(&data.join(part))?;
        }
    }
    let server = if ready { serve(&data, &options.listen)? } else { build(&data, options)? };
    let vkey = programs::run("mingbai-server", &["vkey", "--data", programs::text(&server.data)])?;
    sync(&data, &server, vkey.trim())?;
    if !ready {
        let counted = verify(&server.data)?.map_err(|bad| format!("verify: {bad}"))?;
        println!("verified  {}", counted.lines().last().unwrap_or_default());
        std::fs::write(&finished, "")?;
    }
    tell(&data, &server)?;
    let display =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if options.board {
        return board(&data, options, &server, vkey.trim(), display && !options.once);
    }
    if options.once || !display {
        shots(&data, &server)?;
    }
    if options.once {
        return Ok(());
    }
    if display {
        window(&data, &server, vkey.trim())
    } else {
        println!("\nThe server stays up; stop it with Ctrl-C.");
        loop {
            std::thread::park();
        }
    }
}

/// Everything from nothing: sample, keys, photographs, review, publication.
fn build(data: &Path, options: &Options) -> Result<Server> {
    println!("drawing   a sample township and photographing its papers");
    let sample = sample_of(data, options)?;
    let password = password(data)?;
    println!("founding  {} ({ORIGIN})", sample.township.name);
    let mut town = Town::found(data, sample, &password)?;
    town.appoint()?;
    let server = serve(data, &options.listen)?;
    let (done, all) = (AtomicUsize::new(0), town.sample.receipts.len());
    town.send_all(&server.url, || {
        let now = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress(&format!("adding    photographed receipts {now}/{all}"));
    })?;
    println!("\nsigned    and sent by {} accountants", town.accountants.len());
    town.write_bulletins(&server)?;
    town.agree_all(&server)?;
    println!("agreed    by the villages' supervisors, and by the leader where it is much money");
    let reviewer = town.office(&server, "reviewer")?;
    reviewer.publish_all(|count| progress(&format!("published {count} after review")))?;
    println!();
    Ok(server)
}

/// The papers, drawn if they are not yet.
fn sample_of(data: &Path, options: &Options) -> Result<sample::Sample> {
    sample::make(&data.join("sample"), options.receipts, 6, 8)
}

fn serve(data: &Path, listen: &str) -> Result<Server> {
    let folder = data.join("server");
    let url = format!("http://{listen}");
    match Server::start(&folder, listen, Some(&url)) {
        Err(error) if std::net::TcpListener::bind(listen).is_err() => {
            println!("{listen} is taken ({error}); taking another port");
            Server::start(&folder, "127.0.0.1:0", None)
        }
        started => started,
    }
}

fn sync(data: &Path, server: &Server, vkey: &str) -> Result<()> {
    let kiosk = data.join("kiosk");
    let kiosk = programs::text(&kiosk);
    let told = programs::run(
        "mingbai-kiosk",
        &["sync", "--data", kiosk, "--server", &server.url, "--vkey", vkey, "--images", "all"],
    )?;
    println!("kiosk     {}", told.trim().replace('\n', "\n          "));
    Ok(())
}

fn tell(data: &Path, server: &Server) -> Result<()> {
    let url = &server.url;
    let (_, login, name) = STAFF[1];
    println!("\nphone     {url}/");
    println!(
        "office    {url}/office  {name}: {login}, password in {}",
        data.join("password").display()
    );
    Ok(())
}

/// Every screen in both orientations, as files.
fn shots(data: &Path, server: &Server) -> Result<()> {
    let (kiosk, folder) = (data.join("kiosk"), data.join("shots"));
    std::fs::create_dir_all(&folder)?;
    let names = programs::run("mingbai-kiosk", &["shot", "--list"])?;
    println!("screens");
    for name in names.split_whitespace() {
        for size in ["1080x1920", "1920x1080"] {
            let out = folder.join(format!("{name}-{size}.png"));
            let data = ["shot", "--data", programs::text(&kiosk), "--public-url", &server.url];
            let mut args = data.to_vec();
            args.extend(["--screen", name, "--size", size, "--out", programs::text(&out)]);
            programs::run("mingbai-kiosk", &args)?;
            println!("          {}", out.display());
        }
    }
    Ok(())
}

/// The kiosk's window, until it is closed.
fn window(data: &Path, server: &Server, vkey: &str) -> Result<()> {
    println!("\nThe kiosk's window is open; close it to end the demo.");
    let kiosk = data.join("kiosk");
    let status = programs::command("mingbai-kiosk")?
        .args(["--data", programs::text(&kiosk), "--server", &server.url])
        .args(["--vkey", vkey, "--public-url", &server.url])
        .status()?;
    if status.success() { Ok(()) } else { Err("the kiosk ended with an error".into()) }
}

/// The emulated board of the village with the newest receipt: in a window, until that is closed, or as pictures of its pages.
fn board(
    data: &Path,
    options: &Options,
    server: &Server,
    vkey: &str,
    in_window: bool,
) -> Result<()> {
    let sample = sample_of(data, options)?;
    let newest = sample.receipts.iter().max_by_key(|one| &one.date);
    let newest = newest.ok_or("the sample has no receipts")?;
    let village = sample.villages.iter().find(|one| one.code == newest.village);
    let village = village.ok_or("the sample has no village")?;
    let packs = data.join("board-glyphs");
    programs::run("mingbai-server", &["glyph-pack", "--out", programs::text(&packs)])?;
    let told = [
        ("server", address(&server.url)),
        ("village", village.code.clone()),
        ("log", vkey.into()),
        ("public", server.url.clone()),
    ];
    let told = told.each_ref().map(|(name, value)| (*name, value.as_str()));
    let flash = Flash::of_board(&data.join("board-flash"), &packs, &told)?;
    println!("board     {}, with nothing yet but the log's key and glyphs", village.name);
    if in_window {
        let mut board =
            Emulated::start(&flash, &["-name", "明白", "-display", "gtk,zoom-to-fit=off"])?;
        println!("\nThe board's window is open; close it to end the demo.");
        return board.closed();
    }
    let folder = data.join("shots");
    std::fs::create_dir_all(&folder)?;
    let mut board = Emulated::start(&flash, &[])?;
    board.until("what was published", |screen| screen.get_pixel(DOOR.0, DOOR.1).0 == DOOR_IS)?;
    for (name, tapped) in PAGES {
        if let Some((x, y)) = tapped {
            board.tap(x, y)?;
        }
        let out = folder.join(format!("board-{name}.png"));
        board.still(STILL)?.save(&out)?;
        println!("          {}", out.display());
    }
    Ok(())
}

/// The office's password in the demo: made once, kept in a file that only this user reads.
fn password(data: &Path) -> Result<String> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = data.join("password");
    if let Ok(password) = std::fs::read_to_string(&path) {
        return Ok(password.trim().into());
    }
    let mut random = [0u8; 12];
    getrandom::fill(&mut random)?;
    let password = ledger::encoding::hex(&random);
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&path)?;
    writeln!(file, "{password}")?;
    Ok(password)
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn progress(line: &str) {
    print!("\r{line}");
    let _ = std::io::stdout().flush();
}
