//! The bench: what is measured, against what, and how it is told.

pub mod board;
pub mod cost;
pub mod kiosk;
pub mod load;
pub mod office;
pub mod pages;
pub mod report;
pub mod submissions;
pub mod sync;
pub mod uploader;

use crate::Result;
use crate::sample::{Place, Sample, SampleColumn, SampleVillage};
use crate::server::Server;
use crate::town::Town;

/// Rounds of each measurement; the median is told.
pub const ROUNDS: usize = 3;

/// A township with one village, nothing published yet, and its server.
pub struct Bench {
    /// The township.
    pub town: Town,
    /// Its server.
    pub server: Server,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// Founds the township in a folder that goes with it.
    pub fn found() -> Result<Bench> {
        Bench::with_villages(1)
    }

    /// The same with so many villages.
    pub fn with_villages(count: usize) -> Result<Bench> {
        let village = |n| SampleVillage {
            code: format!("341181107{}", 201 + n),
            name: format!("新街{}村", n + 1),
            accountant: "王建国".into(),
        };
        let folder = tempfile::tempdir()?;
        let sample = Sample {
            folder: folder.path().into(),
            township: Place { code: "341181107000".into(), name: "新街镇".into() },
            villages: (0..count).map(village).collect(),
            columns: vec![SampleColumn {
                id: "cunwu".into(),
                name: "村务公开".into(),
                name_en: "Village affairs".into(),
            }],
            receipts: Vec::new(),
            bulletins: Vec::new(),
            nothing: Vec::new(),
        };
        let town = Town::found(folder.path(), sample, "correct horse battery")?;
        let server = town.serve()?;
        Ok(Bench { town, server, _folder: folder })
    }
}

/// The middle of some figures.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
