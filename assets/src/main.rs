//! `mingbai-sample`: draws the sample township.

use clap::{Parser, Subcommand, value_parser};
use mingbai_sample::make::{EDITION, make};
use mingbai_sample::township::Made;
use std::path::PathBuf;
use std::process::ExitCode;

/// 从一个种子画出样例乡镇：票据照片、公告和清单 / draws a sample township from a seed
#[derive(Parser)]
#[command(name = "mingbai-sample", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 生成样例；已有同样参数的样例时立即返回 / make the sample; returns at once if it is there
    Make {
        /// 输出目录 / folder to write into
        #[arg(long, env = "MINGBAI_OUT")]
        out: PathBuf,
        /// 种子 / seed: the same seed gives the same bytes
        #[arg(long, env = "MINGBAI_SEED", default_value_t = 1)]
        seed: u64,
        /// 票据张数 / number of receipts
        #[arg(long, env = "MINGBAI_RECEIPTS", default_value_t = 200,
              value_parser = value_parser!(u64).range(1..=5000))]
        receipts: u64,
        /// 月数，从 2026-05 起 / number of months, from 2026-05
        #[arg(long, env = "MINGBAI_MONTHS", default_value_t = 6,
              value_parser = value_parser!(u64).range(1..=24))]
        months: u64,
        /// 村数 / number of villages
        #[arg(long, env = "MINGBAI_VILLAGES", default_value_t = 8,
              value_parser = value_parser!(u64).range(1..=8))]
        villages: u64,
    },
}

fn main() -> ExitCode {
    let Command::Make { out, seed, receipts, months, villages } = Cli::parse().command;
    let made = Made {
        edition: EDITION,
        seed,
        receipts: receipts as usize,
        months: months as usize,
        villages: villages as usize,
    };
    match make(&out, &made, &|text| eprintln!("{text}")) {
        Ok(()) => {
            eprintln!("样例在 {}", out.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
