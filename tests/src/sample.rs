//! The sample township, as `mingbai-sample make` describes it.

use crate::{Result, programs};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A sample township on disk.
#[derive(Debug, Deserialize)]
pub struct Sample {
    /// Where its photos are.
    #[serde(skip)]
    pub folder: PathBuf,
    /// The township itself.
    pub township: Place,
    /// Its villages, each with an accountant.
    pub villages: Vec<SampleVillage>,
    /// Its bulletin columns.
    pub columns: Vec<SampleColumn>,
    /// Photographed receipts.
    pub receipts: Vec<SampleReceipt>,
    /// Bulletins.
    pub bulletins: Vec<SampleBulletin>,
    /// Months without receipts.
    pub nothing: Vec<Nothing>,
}

/// A code and a name.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Place {
    pub code: String,
    pub name: String,
}

#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct SampleVillage {
    pub code: String,
    pub name: String,
    pub accountant: String,
}

#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct SampleColumn {
    pub id: String,
    pub name: String,
    pub name_en: String,
}

#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct SampleReceipt {
    pub photo: String,
    /// The kind of paper.
    pub kind: String,
    pub village: String,
    pub period: String,
    pub direction: String,
    pub amount: i64,
    pub date: String,
    pub purpose: String,
    pub payee: String,
    pub category: String,
    #[serde(default)]
    pub handler: String,
    #[serde(default)]
    pub witness: String,
    #[serde(default)]
    pub approver: String,
    #[serde(default)]
    pub has_qr: bool,
    /// The text of its code.
    #[serde(default)]
    pub qr: String,
}

#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct SampleBulletin {
    pub column: String,
    pub title: String,
    pub body: String,
    #[serde(default)]
    pub images: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Nothing {
    pub village: String,
    pub period: String,
}

/// Makes (or finds, if it is whole already) a sample of this size.
pub fn make(folder: &Path, receipts: u32, months: u32, villages: u32) -> Result<Sample> {
    let number = |n: u32| n.to_string();
    let (receipts, months, villages) = (number(receipts), number(months), number(villages));
    let out = programs::text(folder);
    let size = ["--receipts", &receipts, "--months", &months, "--villages", &villages];
    let status = programs::command("mingbai-sample")?
        .args(["make", "--out", out])
        .args(size)
        .stdout(std::process::Stdio::null())
        .status()?;
    if !status.success() {
        return Err("mingbai-sample failed".into());
    }
    let mut sample: Sample = serde_json::from_slice(&std::fs::read(folder.join("township.json"))?)?;
    sample.folder = folder.to_path_buf();
    Ok(sample)
}
