//! What the whole-system tests, the demo and the bench share: the real programs, run on this machine's loopback.

pub mod accountant;
pub mod bench;
pub mod browser;
pub mod codes;
pub mod emulated;
pub mod kiosk;
pub mod meddler;
pub mod mirror;
pub mod office;
pub mod pen;
pub mod programs;
pub mod request;
pub mod sample;
pub mod server;
pub mod simulated;
pub mod supervisors;
pub mod town;
pub mod wechat;
pub mod wire;
pub mod xvfb;

/// What goes wrong here is told to a person and ends the run.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
