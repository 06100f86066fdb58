//! `make bench`: figures of speed as ratios, ours and the others' side by side in one run, three rounds, medians.

use mingbai_tests::bench::{pages, report, submissions, sync};
use std::process::ExitCode;

fn main() -> ExitCode {
    let run = || {
        report::heading();
        let bench = pages::run()?;
        let bench = submissions::run(bench)?;
        sync::run(bench)
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
