//! A long life in little time: page after page as people open them, syncs meanwhile, and what is left of it in memory.

use std::collections::HashSet;
use std::fs;

use ledger::place::Village;
use serde::Serialize;
use slint::Rgb8Pixel;

use super::{Nothing, Stage};
use crate::cli::Failure;
use crate::screens::{Columns, Comfort, Paper, Place, TextSize};
use crate::sync;

/// Memory is looked at so often in a run, on the first page.
const LOOKS: u32 = 50;
/// Every how many pixels one is looked at.
const SAMPLE: usize = 997;
/// A page has more colours than this.
const COLOURS_MIN: usize = 4;

/// What was seen.
#[derive(Debug, Serialize)]
pub(super) struct Soak {
    changes: u32,
    syncs: u32,
    /// Syncs that brought something.
    news: u32,
    /// Syncs that failed.
    failed: u32,
    /// Frames without anything on them.
    blank: u32,
    /// MiB of memory at every look (proportional set size).
    memory: Vec<f64>,
}

/// Opens `changes` pages with `syncs` spread among them.
pub(super) fn run(
    stage: &Stage,
    options: &sync::Options,
    changes: u32,
    syncs: u32,
) -> Result<Soak, Failure> {
    let (width, height) = stage.display.size();
    let mut pixels = vec![Rgb8Pixel::default(); width as usize * height as usize];
    let mut soak = Soak { changes, syncs, news: 0, failed: 0, blank: 0, memory: Vec::new() };
    let (mut way, mut due) = (Vec::new(), false);
    for change in 0..changes {
        due |= is_due(change, LOOKS, changes);
        if is_due(change, syncs, changes) {
            match sync::run(options) {
                Ok(report) => soak.news += u32::from(report.is_news()),
                Err(_) => soak.failed += 1,
            }
            stage.screens.refresh();
        }
        if way.is_empty() {
            way = visit(stage, change)?;
            come(stage, change);
            // Always on the same page: a scan is large, and goes with its page.
            if std::mem::take(&mut due) {
                stage.hurry();
                soak.memory.push(proportional_mib()?);
            }
        }
        if let Some(place) = way.pop() {
            stage.screens.go(place);
        }
        stage.hurry();
        stage.display.draw(&mut pixels);
        soak.blank += u32::from(is_blank(&pixels));
    }
    Ok(soak)
}

/// Whether one of `times` things spread evenly over `of` steps happens at this step.
fn is_due(step: u32, times: u32, of: u32) -> bool {
    let done = |step: u32| u64::from(step) * u64::from(times) / u64::from(of.max(1));
    done(step + 1) > done(step)
}

/// Somebody comes: the one before is forgotten, and this one may like other letters or English.
fn come(stage: &Stage, who: u32) {
    let sizes = [TextSize::Standard, TextSize::Large, TextSize::Largest];
    stage.screens.forget();
    stage.screens.set_english(who.is_multiple_of(5));
    let text = sizes[who as usize % sizes.len()];
    let (contrast, low) = (who.is_multiple_of(7), who.is_multiple_of(11));
    stage.screens.set_comfort(Comfort { text, contrast, low });
}

/// The pages that somebody opens, the last first.
fn visit(stage: &Stage, who: u32) -> Result<Vec<Place>, Failure> {
    let shelf = stage.screens.shelf();
    let villages: Vec<Village> =
        shelf.villages()?.iter().filter(|row| row.receipts > 0).map(|row| row.code).collect();
    let village = *pick(&villages, who).ok_or(Nothing)?;
    let months = shelf.months(village)?;
    let period = pick(&months, who / 3).ok_or(Nothing)?.period;
    let receipts = shelf.receipts(village, period)?;
    let mut way = vec![Place::Attract, Place::Home, Place::Villages, Place::Village(village)];
    way.extend([Place::Month(village, period), Place::Summary(village, period)]);
    if let Some(receipt) = pick(&receipts, who / 2) {
        let paper = Paper::Receipt(receipt.index);
        way.extend([Place::Receipt(receipt.index), Place::Picture(paper, 0), Place::Seal(paper)]);
    }
    way.push(Place::Bulletins(Columns::All));
    let bulletins = shelf.bulletins(None)?;
    way.extend(pick(&bulletins, who).map(|bulletin| Place::Bulletin(bulletin.index)));
    way.extend([Place::Search, Place::Comfort, Place::Status]);
    way.reverse();
    Ok(way)
}

fn pick<T>(rows: &[T], which: u32) -> Option<&T> {
    rows.get(which as usize % rows.len().max(1))
}

fn is_blank(pixels: &[Rgb8Pixel]) -> bool {
    let colour = |pixel: &Rgb8Pixel| (pixel.r, pixel.g, pixel.b);
    let colours: HashSet<_> = pixels.iter().step_by(SAMPLE).map(colour).collect();
    colours.len() < COLOURS_MIN
}

/// Memory of this process, shared parts by their share (proc(5), `Pss`).
fn proportional_mib() -> Result<f64, Failure> {
    let told = fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = told.lines().find_map(|line| line.strip_prefix("Pss:")).ok_or("no Pss")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}
