//! The emulated board's parts, each as the firmware uses it, and what it does where a real one would break; and the firmware on it.

use crate::fixture::{Copy, town};
use image::{Rgb, RgbImage};
use ledger::hash::sha256;
use ledger::key::SigningKey;
use ledger::note::compose;
use mingbai_tests::emulated::{Emulated, Flash, SCREEN, address, program};
use mingbai_tests::server::Server;
use mingbai_tests::{codes, programs};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread::JoinHandle;

const FIRMWARE: &str = "board-qemu";
const PARTS: &str = "board-qemu-parts";

/// A flash with the trial of the parts, told what to do; nothing where the board was not built.
fn flash(folder: &tempfile::TempDir, config: &[(&str, &str)]) -> Option<Flash> {
    if program(PARTS).is_none() {
        eprintln!("{PARTS} is not built, skipped: firmware/README.md says how it is");
        return None;
    }
    let flash = Flash::new(&folder.path().join("flash"), PARTS).unwrap();
    flash.configure(config).unwrap();
    Some(flash)
}

/// Runs a trial to its end: what the board said.
fn trial(name: &str) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let flash = flash(&folder, &[("try", name)])?;
    let mut board = Emulated::start(&flash, &[]).unwrap();
    assert_eq!(board.end().unwrap(), Some(0), "{name}: {:#?}", board.said);
    Some(board.said.clone())
}

/// A server that answers one request with so many bytes under a head of 19: its address, and in the end what was asked.
fn answering_once(length: usize) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answers = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 1024];
        let count = stream.read(&mut asked).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        stream.write_all(&vec![b'c'; length]).unwrap();
        String::from_utf8_lossy(&asked[..count]).into_owned()
    });
    (address, answers)
}

#[test]
fn every_part_works() {
    let folder = tempfile::tempdir().unwrap();
    let (server, answers) = answering_once(20_000);
    let Some(flash) = flash(&folder, &[("server", &address(&server))]) else { return };
    let mut board = Emulated::start(&flash, &["-rtc", "base=2031-05-06T07:08:09"]).unwrap();
    board.wait_for("watchdog: there").unwrap();
    board.wait_for("flash: empty").unwrap();
    board.wait_for("flash: kept").unwrap();
    board.wait_for("tick: 2 at").unwrap();
    let clock = board.wait_for("clock: Some(").unwrap();
    assert!(clock.starts_with("clock: Some(19358176"), "{clock}");
    board.wait_for("net: Some(Cidr { address: 10.0.2.15").unwrap();
    let answer = board.wait_for("net: HTTP/1.1 200 OK, 20019 bytes").unwrap();
    assert!(answers.join().unwrap().starts_with("GET /checkpoint HTTP/1.1\r\n"), "{answer}");
    board.wait_for("parts: ready").unwrap();
    board.network(false).unwrap();
    board.network(true).unwrap();

    let (white, red, blue) = (Rgb([255; 3]), Rgb([255, 0, 0]), Rgb([0, 0, 255]));
    let screen = board.screen().unwrap();
    assert_eq!(screen.dimensions(), SCREEN);
    assert_eq!(
        [(0, 0), (1, 1), (798, 478), (799, 479)].map(|(x, y)| *screen.get_pixel(x, y)),
        [white, red, blue, white]
    );

    board.tap(400, 240).unwrap();
    board.wait_for("touch: At(400, 240)").unwrap();
    board.wait_for("touch: Up").unwrap();
    board.until("a mark", |screen| screen.get_pixel(407, 247) == &Rgb([0; 3])).unwrap();
    board.drag((799, 479), (0, 0), 3).unwrap();
    for line in ["At(799, 479)", "At(533, 320)", "At(267, 160)", "At(0, 0)", "Up"] {
        board.wait_for(&format!("touch: {line}")).unwrap();
    }
}

#[test]
fn two_runs_with_counted_instructions_are_the_same() {
    let mut counts = Vec::new();
    for _ in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let Some(flash) = flash(&folder, &[]) else { return };
        let mut board = Emulated::start(&flash, &["-icount", "shift=0"]).unwrap();
        counts.push(board.wait_for("verified: true, ").unwrap());
    }
    assert_eq!(counts[0], counts[1]);
}

#[test]
fn it_starts_anew_where_it_cannot_go_on() {
    for (name, why) in [
        ("trap", "trap: cause 2 "),
        ("heap", "panic: memory allocation of "),
        ("rise", "panic: flash: 0x23800000 holds 0x6b657074, written with 0xeb657074"),
        ("thrice", "panic: flash: 0x23800000 written for the third time"),
        ("half", "panic: flash: written to half a word"),
        // These two say nothing any more: the watchdog alone notices.
        ("hang", "boot: slot 0"),
        ("stack", "boot: slot 0"),
    ] {
        let Some(said) = trial(name) else { return };
        assert!(said.iter().any(|line| line.starts_with(why)), "{name}: {said:#?}");
        assert_eq!(said.iter().filter(|line| *line == "boot: slot 0").count(), 2, "{said:#?}");
        assert_eq!(said.last().unwrap(), &format!("{name}: started anew"));
    }
}

#[test]
fn an_update_that_does_not_confirm_itself_is_gone_at_the_next_start() {
    let Some(said) = trial("forget") else { return };
    let boots = said.iter().filter(|line| line.starts_with("boot: "));
    assert!(boots.eq(["boot: slot 0", "boot: slot 1", "boot: slot 0"]), "{said:#?}");
    assert_eq!(said.last().unwrap(), "update: back in slot 0");
}

#[test]
fn an_update_that_confirms_itself_stays() {
    let Some(said) = trial("confirm") else { return };
    let boots = said.iter().filter(|line| line.starts_with("boot: "));
    assert!(boots.eq(["boot: slot 0", "boot: slot 1", "boot: slot 1"]), "{said:#?}");
    assert_eq!(said.last().unwrap(), "update: still in slot 1");
}

#[test]
fn a_flash_without_firmware_ends_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let Some(flash) = flash(&folder, &[]) else { return };
    std::fs::write(&flash.path, vec![0xff; 32 << 20]).unwrap();
    let mut board = Emulated::start(&flash, &[]).unwrap();
    assert_eq!(board.end().unwrap(), Some(1));
    assert_eq!(board.said, ["boot: no firmware"]);
}

/// Whether the screen is the village's first page: its code, and the doors to what was verified, which an empty board lacks.
fn is_home(screen: &RgbImage, address: &str) -> bool {
    let grey = image::DynamicImage::ImageRgb8(screen.clone()).into_luma8();
    let [red, green, blue] = screen.get_pixel(150, 385).0;
    red > 100 && green < 64 && blue < 64 && codes::read(&grey).iter().any(|code| code == address)
}

/// A flash with the firmware, that follows this server; nothing where it was not built.
fn board(folder: &tempfile::TempDir, server: &Server, more: &[(&str, &str)]) -> Option<Flash> {
    if program(FIRMWARE).is_none() {
        eprintln!("{FIRMWARE} is not built, skipped: firmware/README.md says how it is");
        return None;
    }
    let packs = folder.path().join("glyphs");
    programs::run("mingbai-server", &["glyph-pack", "--out", programs::text(&packs)]).unwrap();
    let flash = Flash::new(&folder.path().join("flash"), FIRMWARE).unwrap();
    flash.glyphs(&std::fs::read(packs).unwrap()).unwrap();
    let (village, office) = (&town().sample.villages[0].code, address(&server.url));
    let mut told = vec![("server", &*office), ("village", village), ("log", &town().vkey)];
    told.push(("public", &server.url));
    told.extend(more);
    flash.configure(&told).unwrap();
    Some(flash)
}

/// Lays newer firmware at the office, as its maker hands it over.
fn lay_firmware(data: &Path, version: u32, image: &[u8], maker: &SigningKey) {
    let text = format!("mingbai firmware 1\nqemu\n{version}\n{}\n{}\n", image.len(), sha256(image));
    let folder = data.join("firmware");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("qemu.bin"), image).unwrap();
    std::fs::write(folder.join("qemu.note"), compose(&text, &[maker.sign(&text)])).unwrap();
}

#[test]
fn newer_firmware_from_the_office_stays_if_it_is_good() {
    let (copy, folder) = (Copy::new(), tempfile::tempdir().unwrap());
    let server = copy.serve();
    let maker = SigningKey::from_seed("maker.example", [8; 32]).unwrap();
    let vkey = maker.verifier().to_string();
    // The parts, where they run, end at once without a word to the boot loader.
    let told = [("maker", &*vkey), ("good", "1"), ("alone", "1"), ("every", "1"), ("try", "no")];
    let Some(flash) = board(&folder, &server, &told) else { return };
    let home = format!("{}/v/{}", server.url, town().sample.villages[0].code);
    // The same firmware, a little longer.
    let mut image = std::fs::read(program(FIRMWARE).unwrap()).unwrap();
    image.push(0);
    lay_firmware(&copy.server_data(), 2_000_000, &image, &maker);

    let mut board = Emulated::start(&flash, &[]).unwrap();
    board.wait_for("boot: slot 0").unwrap();
    board.wait_for("boot: slot 1").unwrap();
    board.until("firmware that is good", |_| flash.confirmed().unwrap()).unwrap();
    board.until("the first page", |screen| is_home(screen, &home)).unwrap();
    board.kill().unwrap();

    let image = std::fs::read(program(PARTS).unwrap()).unwrap();
    lay_firmware(&copy.server_data(), 3_000_000, &image, &maker);
    let mut board = Emulated::start(&flash, &[]).unwrap();
    board.wait_for("boot: slot 1").unwrap();
    board.wait_for("boot: slot 0").unwrap();
    board.wait_for("parts: slot 0").unwrap();
    assert_eq!(board.end().unwrap(), Some(0), "{:#?}", board.said);

    let mut board = Emulated::start(&flash, &[]).unwrap();
    board.wait_for("boot: slot 1").unwrap();
    board.until("the first page again", |screen| is_home(screen, &home)).unwrap();
}

#[test]
fn the_board_shows_what_the_office_published_and_keeps_it() {
    let (copy, folder) = (Copy::new(), tempfile::tempdir().unwrap());
    let mut server = copy.serve();
    let Some(flash) = board(&folder, &server, &[]) else { return };
    let village = &town().sample.villages[0];
    let path = format!("/v/{}", village.code);
    let home = format!("{}{path}", server.url);
    let mut board = Emulated::start(&flash, &[]).unwrap();
    let first = board.until("the first page", |screen| is_home(screen, &home)).unwrap();
    first.save(Path::new(env!("CARGO_TARGET_TMPDIR")).join("board-home.png")).unwrap();
    let page = String::from_utf8(server.get(&path).unwrap()).unwrap();
    assert!(page.contains(&village.name), "{page}");
    board.tap(150, 320).unwrap();
    let months = board.until("the months", |screen| screen != &first).unwrap();
    months.save(Path::new(env!("CARGO_TARGET_TMPDIR")).join("board-months.png")).unwrap();

    board.kill().unwrap();
    server.kill().unwrap();
    let mut board = Emulated::start(&flash, &[]).unwrap();
    board.until("the first page, alone", |screen| is_home(screen, &home)).unwrap();
    assert!(!board.said.iter().any(|line| line.starts_with("panic")), "{:#?}", board.said);
}
