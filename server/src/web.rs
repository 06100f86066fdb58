//! The office over HTTP.

pub mod answer;
pub mod api;
pub mod ask;
pub mod board;
pub mod covers;
pub mod guard;
pub mod kiosks;
pub mod limit;
pub mod login;
pub mod office;
pub mod page_cache;
pub mod pages;
pub mod programs;
pub mod qr;
pub mod questions;
pub mod read;
pub mod router;
pub mod sessions;
pub mod stream;
pub mod wechat;
pub mod words;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
