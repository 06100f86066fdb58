//! `mingbai-kiosk-measure`: what the screens cost on this machine, as one JSON line. For the bench.

use std::process::ExitCode;

use clap::Parser;
use mingbai_kiosk::measure::Ask;

fn main() -> ExitCode {
    match Ask::parse().run() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
