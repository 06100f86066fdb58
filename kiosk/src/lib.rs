//! The villager's screen: what was published, verified before it is shown.
//!
//! `sync` fetches and verifies, `shelf` keeps, `screens` show, `share` gives on. Nothing on a screen comes from anywhere but
//! the shelf.
//! `input` is how people write without a keyboard, `speech` how the screen reads to them.

pub mod appliance;
pub mod asking;
pub mod cli;
pub mod clock;
pub mod diary;
pub mod drawer;
pub mod fetch;
pub mod fleet;
pub mod headless;
pub mod hours;
pub mod idle;
pub mod input;
pub mod markdown;
pub mod measure;
pub mod night;
pub mod qr;
pub mod scan;
pub mod screens;
pub mod settings;
pub mod share;
pub mod shelf;
pub mod speech;
pub mod sync;
pub mod watchdog;
mod worker;
