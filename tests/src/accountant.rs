//! A village accountant at work with the real uploader.

use crate::sample::SampleReceipt;
use crate::{Result, programs};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;

/// One accountant: a village and a data folder.
#[derive(Debug, Clone)]
pub struct Accountant {
    /// The village's code.
    pub village: String,
    /// The uploader's data folder.
    pub data: PathBuf,
}

impl Accountant {
    /// `mingbai-uploader init`; answers the accountant and their verifier key.
    pub fn init(data: &Path, village: &str, name: &str) -> Result<(Accountant, String)> {
        let folder = programs::text(data);
        let told = programs::run(
            "mingbai-uploader",
            &["init", "--data", folder, "--village", village, "--name", name],
        )?;
        let vkey = told
            .split_whitespace()
            .find(|word| word.parse::<ledger::key::VerifierKey>().is_ok())
            .ok_or("init printed no key")?;
        let accountant = Accountant { village: village.into(), data: data.to_path_buf() };
        Ok((accountant, vkey.into()))
    }

    /// Runs the uploader on this folder, whatever comes of it.
    pub fn try_run(&self, args: &[&str]) -> Result<Output> {
        let (command, rest) = args.split_first().ok_or("no command")?;
        let mut all = vec![*command, "--data", programs::text(&self.data)];
        all.extend(rest);
        programs::output("mingbai-uploader", &all)
    }

    /// Runs the uploader on this folder; it must succeed.
    pub fn run(&self, args: &[&str]) -> Result<String> {
        let output = self.try_run(args)?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!("mingbai-uploader {}: {errors}", args.join(" ")).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// `add` one photographed receipt with the fields that its paper says; those in its QR code are left to the reader.
    pub fn add(&self, folder: &Path, receipt: &SampleReceipt) -> Result<()> {
        let photo = folder.join(&receipt.photo);
        let amount = ledger::money::Fen(receipt.amount).plain();
        // Printed words take some seconds a photo; the fields are given.
        let mut args =
            vec!["add", programs::text(&photo), "--no-text", "--period", &receipt.period];
        args.extend(["--direction", &receipt.direction, "--purpose", &receipt.purpose]);
        args.extend(["--payee", &receipt.payee, "--category", &receipt.category]);
        args.extend(["--amount", &amount, "--date", &receipt.date]);
        for (flag, value) in [
            ("--handler", &receipt.handler),
            ("--witness", &receipt.witness),
            ("--approver", &receipt.approver),
        ] {
            if !value.is_empty() {
                args.extend([flag, value.as_str()]);
            }
        }
        self.run(&args).map(|_| ())
    }

    /// The items, as scripts see them.
    pub fn items(&self) -> Result<Vec<Value>> {
        let listed = self.run(&["list", "--json"])?;
        Ok(listed.lines().map(serde_json::from_str).collect::<std::result::Result<_, _>>()?)
    }

    /// The first receipt in this state.
    pub fn item(&self, state: &str) -> Result<Value> {
        let mut items = self.items()?.into_iter();
        let found = items.find(|item| item["kind"] == "receipt" && item["state"] == state);
        Ok(found.ok_or_else(|| format!("no receipt is {state}"))?)
    }

    /// `sign --all` and `push`.
    pub fn send(&self, server: &str) -> Result<()> {
        self.run(&["sign", "--all"])?;
        self.run(&["push", "--server", server])?;
        Ok(())
    }
}
