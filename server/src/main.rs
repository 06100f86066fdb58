//! `mingbai-server`: the township office on the command line.

use std::process::ExitCode;

use clap::Parser;
use mingbai_server::cli::Cli;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // A command answers with one line; only a running server has a log to keep.
    let usual = if cli.serves() { "warn,mingbai_server=info" } else { "off" };
    let filter = EnvFilter::try_from_env("MINGBAI_LOG").unwrap_or_else(|_| usual.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    match mingbai_server::cli::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
