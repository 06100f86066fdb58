//! The command `mingbai-uploader`.

use clap::Parser;
use mingbai_uploader::cli::Cli;
use mingbai_uploader::error::Error;
use std::io::ErrorKind;
use std::process::ExitCode;

fn main() -> ExitCode {
    match mingbai_uploader::run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(Error::Terminal(why)) if why.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
