//! What the firmware costs on the emulated board, counted in instructions: verifying a statement, frames, memory, flash.

use crate::Result;
use crate::bench::{Bench, report};
use crate::emulated::{Emulated, FIRMWARE, Flash, address, program};
use crate::programs;

const PARTS: &str = "board-qemu-parts";
/// A server that there is not.
const NOBODY: &str = "http://10.0.2.2:1";
/// An instruction takes a nanosecond, and is counted.
const COUNTED: [&str; 2] = ["-icount", "shift=0"];
/// It tells its heap so many times without a frame, a second apart: nothing moves any more.
const STILL: usize = 2;
/// A board that its watchdog would start anew for something it does at the start has done so after this many seconds.
const RESTARTED: usize = 20;
/// Where a finger goes from the first page on, and where that leads.
const WALK: [((u32, u32), &str); 9] = [
    ((150, 320), "months"),
    ((300, 130), "month"),
    ((300, 200), "receipt"),
    ((218, 400), "seal"),
    ((730, 40), "home"),
    ((440, 320), "bulletins"),
    ((300, 130), "bulletin"),
    ((730, 40), "home again"),
    ((300, 440), "status"),
];
/// The page with rows to move, and a drag by a row's height there: from, to, and in how many steps.
const LIST: &str = "month";
const DRAG: ((u32, u32), (u32, u32), u32) = ((300, 340), (300, 254), 4);

/// Measures a board of this village, with what its office has published.
pub fn run(bench: &Bench, village: &str) -> Result<()> {
    let (Some(firmware), Some(_)) = (program(FIRMWARE), program(PARTS)) else {
        println!("board: instructions, heap and image left out: the board is not built");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let flash = Flash::new(&folder.path().join("parts"), PARTS)?;
    flash.configure(&[])?;
    let mut parts = Emulated::start(&flash, &COUNTED)?;
    let verified = number(&parts.wait_for("verified: true, ")?)?;
    report::alone("board: verifying a statement, instructions", verified, "≤ 5,000,000");
    parts.kill()?;

    let packs = folder.path().join("glyphs");
    programs::run("mingbai-server", &["glyph-pack", "--out", programs::text(&packs)])?;
    let (log, long) = (bench.town.vkey.as_str(), "100000");
    let told = |server| {
        let seldom = [("every", long), ("alone", long), ("tell", "1")];
        [[("server", server), ("village", village), ("log", log)], seldom].concat()
    };
    let office = address(&bench.server.url);
    let flash = Flash::of_board(&folder.path().join("flash"), &packs, &told(&office))?;
    let synced = sync(&flash)?;
    restart(&flash)?;
    // Alone with what it keeps: nothing comes in between.
    flash.configure(&told(NOBODY))?;
    let walked = walk(&flash)?;
    let [heap, large] = [0, 1].map(|which| f64::max(synced[which], walked[which]));
    report::alone("board: heap at most, bytes", heap, "≤ 524,288");
    report::alone("board: glyph tables and pictures, bytes", large, "");
    let image = std::fs::metadata(firmware)?.len();
    report::alone("board: image without glyphs, bytes", image as f64, "≤ 1,048,576");
    Ok(())
}

/// A new board takes all there is: the most that was in use of its heaps.
fn sync(flash: &Flash) -> Result<[f64; 2]> {
    let mut board = Emulated::start(flash, &COUNTED)?;
    // The page of a board that holds nothing, then the first page.
    board.wait_for("drawn: ")?;
    board.wait_for("drawn: ")?;
    let mut before = Vec::new();
    loop {
        still(&mut board)?;
        let held = flash.store()?;
        if held == before {
            return heap(&mut board);
        }
        before = held;
    }
}

/// A board that starts with all of it looks what is still to be fetched, and its watchdog has nothing to say to that.
fn restart(flash: &Flash) -> Result<()> {
    let mut board = Emulated::start(flash, &COUNTED)?;
    for _ in 0..RESTARTED {
        board.wait_for("heap: ")?;
    }
    match board.said.iter().filter(|line| line.starts_with("boot: ")).count() {
        1 => Ok(()),
        starts => Err(format!("{starts} starts instead of one: {:#?}", board.said).into()),
    }
}

/// A finger goes through the pages of what the board kept: the same.
fn walk(flash: &Flash) -> Result<[f64; 2]> {
    let mut board = Emulated::start(flash, &COUNTED)?;
    let first = number(&board.wait_for("drawn: ")?)?;
    println!("to lay out and draw a page when it comes, after its words and pictures were made:");
    report::alone("board: first frame, home, instructions", first, "≤ 6,000,000");
    still(&mut board)?;
    for (place, page) in WALK {
        let before = board.screen()?;
        board.tap(place.0, place.1)?;
        let frames = still(&mut board)?;
        if board.screen()? == before {
            return Err(format!("a finger at {place:?} led to no {page}").into());
        }
        let most = frames.into_iter().fold(0.0, f64::max);
        report::alone(&format!("board: frame of {page}, instructions"), most, "≤ 6,000,000");
        if page == LIST {
            move_list(&mut board)?;
        }
    }
    heap(&mut board)
}

/// A finger moves the list by a row.
fn move_list(board: &mut Emulated) -> Result<()> {
    let (from, to, steps) = DRAG;
    board.drag(from, to, steps)?;
    let frames = still(board)?;
    let (count, sum) = (frames.len() as f64, frames.iter().sum::<f64>());
    report::alone("board: a row's move by a finger, frames", count, "");
    report::alone("board: a row's move, instructions in all", sum, "");
    report::alone("board: a row's move, instructions a frame", sum / count, "≤ 6,000,000");
    Ok(())
}

/// The instructions of each frame that comes until nothing moves any more.
fn still(board: &mut Emulated) -> Result<Vec<f64>> {
    let (mut frames, mut told) = (Vec::new(), 0);
    while told < STILL {
        let line = board.wait_for(": ")?;
        if line.starts_with("drawn: ") {
            frames.push(number(&line)?);
            told = 0;
        } else if line.starts_with("heap: ") {
            told += 1;
        }
    }
    Ok(frames)
}

/// The most that was in use of the heap, and of the one for what is large.
fn heap(board: &mut Emulated) -> Result<[f64; 2]> {
    let line = board.wait_for("heap: ")?;
    let mut most = line.split(" now, ").skip(1).map(number);
    let mut next = || most.next().ok_or("no heap is told")?;
    Ok([next()?, next()?])
}

/// The first number in a text.
fn number(text: &str) -> Result<f64> {
    let digits = text.trim_start_matches(|ch: char| !ch.is_ascii_digit());
    let end = digits.find(|ch: char| !ch.is_ascii_digit()).unwrap_or(digits.len());
    Ok(digits[..end].parse()?)
}
