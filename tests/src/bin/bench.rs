//! `make bench`: figures of speed as ratios, ours and the others' side by side in one run, three rounds, medians.

use mingbai_tests::bench::{board, kiosk, office, pages, report, submissions, sync, uploader};
use std::process::ExitCode;

fn main() -> ExitCode {
    // One part alone, or all.
    let only = std::env::args().nth(1);
    let run = || {
        match only.as_deref() {
            Some("uploader") => return uploader::run(),
            Some("office") => return office::run(),
            Some("kiosk") => return kiosk::run(),
            Some("board") => return board::run(),
            Some(other) => {
                return Err(format!(
                    "no part {other}: uploader, office, kiosk, board, or none for all"
                )
                .into());
            }
            None => report::heading(),
        }
        let bench = pages::run()?;
        let bench = submissions::run(bench)?;
        sync::run(bench)?;
        office::run()?;
        kiosk::run()?;
        board::run()?;
        uploader::run()
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
