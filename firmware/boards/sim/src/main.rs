//! `board-sim`: a picture of any page of the board's screen, from invented data.
//!
//! ```text
//! board-sim shot --page NAME --out FILE.png [--size 800x480] [--pack FILE] [--tap X,Y …]
//! board-sim list
//! board-sim spare --pack FILE --out FILE
//! ```
//!
//! `spare` makes the pack that lies in every firmware (src/screen/fonts/spare).

use sim::sample::{self, Sample};
use sim::stage::Stage;
use std::path::PathBuf;
use std::process::ExitCode;

/// What was asked for.
struct Shot {
    page: String,
    out: PathBuf,
    size: (u32, u32),
    pack: PathBuf,
    taps: Vec<(i32, i32)>,
}

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    match asked.as_slice() {
        ["list"] => {
            for (name, _) in sample::PAGES {
                println!("{name}");
            }
            ExitCode::SUCCESS
        }
        ["shot", options @ ..] => match read(options) {
            None => usage(),
            Some(asked) => done(shot(&asked)),
        },
        ["spare", "--pack", pack, "--out", out] => done(spare(pack, out)),
        _ => usage(),
    }
}

fn done(what: Result<(), String>) -> ExitCode {
    match what {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "board-sim shot --page NAME --out FILE.png [--size 800x480] [--pack FILE] [--tap X,Y …] | \
         board-sim list | board-sim spare --pack FILE --out FILE"
    );
    ExitCode::from(2)
}

fn read(options: &[&str]) -> Option<Shot> {
    let (mut page, mut out, mut size, mut pack) = (None, None, (800, 480), sample::pack_path());
    let mut taps = Vec::new();
    let mut options = options.iter();
    while let Some(name) = options.next() {
        let value = *options.next()?;
        match *name {
            "--page" => page = Some(value.to_owned()),
            "--out" => out = Some(PathBuf::from(value)),
            "--size" => {
                let (width, height) = value.split_once('x')?;
                size = (width.parse().ok()?, height.parse().ok()?);
            }
            "--tap" => {
                let (x, y) = value.split_once(',')?;
                taps.push((x.parse().ok()?, y.parse().ok()?));
            }
            "--pack" => pack = PathBuf::from(value),
            _ => return None,
        }
    }
    Some(Shot { page: page?, out: out?, size, pack, taps })
}

fn shot(asked: &Shot) -> Result<(), String> {
    let pages = sample::PAGES;
    let Some((_, page)) = pages.iter().find(|(name, _)| *name == asked.page) else {
        return Err(format!("no page is called {}", asked.page));
    };
    let pack = std::fs::read(&asked.pack)
        .map_err(|why| format!("{}: {why} (mingbai-server glyph-pack)", asked.pack.display()))?;
    let pack: &'static [u8] = Box::leak(pack.into_boxed_slice());
    let sample = Sample::new(pack);
    let shown = page(&sample);
    let mut stage =
        Stage::new(asked.size, pack, Vec::new(), Box::new(move |place| sample.load(place)))
            .map_err(|why| why.to_string())?;
    if let Some(why) = stage.screen.damage() {
        eprintln!("{}: {why}", asked.pack.display());
    }
    stage.show(shown);
    for (x, y) in &asked.taps {
        stage.tap(*x, *y);
    }
    stage.glass.save(&asked.out).map_err(|why| format!("{}: {why}", asked.out.display()))
}

fn spare(pack: &str, out: &str) -> Result<(), String> {
    let whole = std::fs::read(pack).map_err(|why| format!("{pack}: {why}"))?;
    let spare = sim::spare::spare(&whole).map_err(|why| format!("{pack}: {why}"))?;
    std::fs::write(out, spare).map_err(|why| format!("{out}: {why}"))
}
