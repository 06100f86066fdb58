//! The township office: takes signed receipts in, lets people review them, publishes them in a
//! verifiable log, and answers whoever asks.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod app;
pub mod assess;
pub mod audit;
pub mod backup;
pub mod blobs;
pub mod board;
pub mod bulletin;
pub mod bundle;
pub mod cli;
pub mod clock;
pub mod codes;
pub mod daily;
pub mod data;
pub mod db;
pub mod deadlines;
pub mod directory;
pub mod durable;
pub mod error;
pub mod found;
pub mod glyphs;
pub mod intake;
pub mod keys;
pub mod kiosks;
pub mod log;
pub mod markdown;
pub mod metrics;
pub mod monitor;
pub mod month;
pub mod objects;
pub mod outbound;
pub mod pdf;
pub mod people;
pub mod photo;
pub mod publish;
pub mod questions;
pub mod random;
pub mod review;
pub mod rulebook;
pub mod rules;
pub mod search;
pub mod seen;
pub mod serve;
pub mod signoff;
pub mod tokens;
pub mod verify;
pub mod video;
pub mod view;
pub mod web;
pub mod wechat;
pub mod why;
pub mod witnesses;
pub mod workdays;
pub mod worklist;

#[cfg(test)]
mod testing;

pub use app::App;
pub use error::{Error, Result};
