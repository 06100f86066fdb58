//! `mingbai-server`: the township office on the command line.

use std::process::ExitCode;

use clap::Parser;
use mingbai_server::cli::Cli;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("MINGBAI_LOG")
                .unwrap_or_else(|_| "warn,mingbai_server=info".into()),
        )
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    match mingbai_server::cli::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
