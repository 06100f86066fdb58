//! The emulated board's parts, each as the firmware uses it, and what it does where a real one would break.

use image::Rgb;
use mingbai_tests::emulated::{Emulated, Flash, SCREEN, address, program};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

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
