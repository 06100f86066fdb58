//! `mingbai-server`: the township office on the command line.

use std::process::ExitCode;

use clap::Parser;
use mingbai_server::cli::Cli;
use mingbai_server::log::{Form, subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // A command answers with one line; only a running server has a log to keep.
    let usual = if cli.serves() { "warn,mingbai_server=info" } else { "off" };
    let filter = EnvFilter::try_from_env("MINGBAI_LOG").unwrap_or_else(|_| usual.into());
    let form = std::env::var("MINGBAI_LOG_FORMAT").unwrap_or_default();
    let Some(form) = Form::parse(&form) else {
        eprintln!("MINGBAI_LOG_FORMAT 应为 text 或 json，不是 {form}");
        return ExitCode::from(2);
    };
    if let Err(error) = subscriber(form, filter, std::io::stderr).try_init() {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    match mingbai_server::cli::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
