//! `mingbai-kiosk`: parses the command line and runs it.

use std::process::ExitCode;

use clap::Parser;
use mingbai_kiosk::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
