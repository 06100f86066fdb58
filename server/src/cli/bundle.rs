//! `verify-bundle`: what somebody was given, checked on any computer.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use ledger::key::VerifierKey;

use crate::bundle::{self, BUNDLE_BYTES_MAX};
use crate::error::{Error, Result};

#[derive(Args)]
pub(super) struct VerifyBundle {
    /// 核验包：网页上下载的 .tar 文件
    file: PathBuf,
    /// 登记册的公钥，从别处得来的那一把
    #[arg(long, value_name = "VKEY", env = "MINGBAI_VKEY")]
    vkey: VerifierKey,
}

pub(super) fn verify(asked: &VerifyBundle) -> Result<()> {
    let VerifyBundle { file: path, vkey } = asked;
    let file = File::open(path).map_err(Error::file(path))?;
    let mut bytes = Vec::new();
    // One byte more tells that it is too large.
    let limit = BUNDLE_BYTES_MAX as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(Error::file(path))?;
    let bundle = bundle::read(&bytes)?;
    println!("✓ 包是完整的");
    bundle::check(&bundle, vkey, |step| println!("✓ {step}"))?;
    println!("核验通过：第 {} 号", bundle.index);
    Ok(())
}
