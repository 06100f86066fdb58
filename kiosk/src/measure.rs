//! What the screens cost on this machine: how long a frame takes under a finger, and whether a long run leaves anything
//! behind. The bench runs it as a program.

mod frames;
mod soak;

use std::path::PathBuf;
use std::rc::Rc;

use clap::{Parser, Subcommand};
use ledger::key::VerifierKey;
use ledger::place::Village;
use ledger::time::Period;

use crate::cli::Failure;
use crate::headless::Display;
use crate::screens::{Options, Screens};
use crate::sync;

/// What is measured.
#[derive(Debug, Parser)]
#[command(name = "mingbai-kiosk-measure")]
pub struct Ask {
    /// The directory of a kiosk's data.
    #[arg(long)]
    data: PathBuf,
    /// Width of the screen in pixels.
    #[arg(long, default_value_t = 1920)]
    width: u32,
    /// Its height.
    #[arg(long, default_value_t = 1080)]
    height: u32,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one is made in the life of the program")]
enum What {
    /// Milliseconds a frame: a month scrolled, its largest scan moved and enlarged.
    Frames,
    /// Page after page, sync after sync: memory early and late, and frames without anything on them.
    Soak {
        /// Where to sync from.
        #[arg(long)]
        server: String,
        /// The log's key.
        #[arg(long)]
        vkey: Option<VerifierKey>,
        /// Pages that are opened.
        #[arg(long, default_value_t = 10_000)]
        changes: u32,
        /// Syncs meanwhile.
        #[arg(long, default_value_t = 1_000)]
        syncs: u32,
    },
}

/// Nothing was published yet.
#[derive(Debug, thiserror::Error)]
#[error("there is no month with receipts to measure with")]
struct Nothing;

impl Ask {
    /// Measures; the answer is a line of JSON.
    ///
    /// # Errors
    /// [`Failure`], one line for a person.
    pub fn run(&self) -> Result<String, Failure> {
        let display = Display::install()?;
        let options = Options::new(self.data.clone(), "http://127.0.0.1".into(), sync::clock);
        let screens = Screens::open(&options)?;
        display.show(&screens, self.width, self.height)?;
        display.settle(|| screens.is_busy());
        let stage = Stage { display, screens };
        Ok(match &self.what {
            What::Frames => serde_json::to_string(&frames::measure(&stage)?)?,
            What::Soak { server, vkey, changes, syncs } => {
                let sync =
                    sync::Options::new(self.data.clone(), vec![server.clone()], vkey.clone());
                serde_json::to_string(&soak::run(&stage, &sync, *changes, *syncs)?)?
            }
        })
    }
}

/// The screens on a display in memory.
struct Stage {
    display: Display,
    screens: Rc<Screens>,
}

impl Stage {
    fn settle(&self) {
        self.display.settle(|| self.screens.is_busy());
    }

    /// Waits for pictures only, in no more time than they take.
    fn hurry(&self) {
        self.display.hurry(|| self.screens.is_busy());
    }

    /// The month with the most receipts.
    fn largest_month(&self) -> Result<(Village, Period), Failure> {
        let shelf = self.screens.shelf();
        let mut months = Vec::new();
        for village in shelf.villages()? {
            let found = shelf.months(village.code)?;
            months.extend(found.iter().map(|row| (row.receipts, village.code, row.period)));
        }
        let (_, village, period) = months.into_iter().max().ok_or(Nothing)?;
        Ok((village, period))
    }
}
