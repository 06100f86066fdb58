//! The village's screen on an Embassy board, without the board: it follows the log, keeps what it verified in flash, and
//! shows it. A board package brings what [`board`] names and starts it.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(test)]
mod answers;
pub mod board;
pub mod book;
pub mod config;
pub mod enrol;
#[cfg(any(test, feature = "host"))]
pub mod host;
pub mod http;
#[cfg(any(test, feature = "host"))]
pub mod nor;
pub mod onlooker;
pub mod pages;
pub mod picture;
mod plain;
pub mod run;
pub mod screen;
#[cfg(any(test, feature = "host"))]
pub mod slots;
pub mod stack;
pub mod store;
pub mod sync;
pub mod update;
