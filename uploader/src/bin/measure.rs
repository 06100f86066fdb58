//! `mingbai-measure`: what reading and rendering photos takes on this machine, a JSON line a photo. For the bench.

use clap::Parser;

fn main() -> std::process::ExitCode {
    mingbai_uploader::guard::hush_decoders();
    let ask = mingbai_uploader::measure::Ask::parse();
    match mingbai_uploader::measure::run(&ask, &mut std::io::stdout().lock()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}
