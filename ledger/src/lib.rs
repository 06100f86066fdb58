//! What every Mingbai program agrees on: statements and their signatures, the transparency log that holds them, and
//! the proofs that it was never changed. No I/O, no clock, no randomness: the caller brings those.
//!
//! Data flows one way: [`content`] → [`statement`] → [`note`] → [`tree`], [`tile`], [`checkpoint`] → [`client`] →
//! [`roster`] → what a reader shows. The formats are listed in `docs/FORMATS.md`.
#![no_std]

extern crate alloc;

#[cfg(test)]
extern crate std;

pub mod board;
pub mod checkpoint;
pub mod client;
pub mod content;
pub mod encoding;
pub mod glyph;
pub mod hash;
pub mod key;
pub mod kiosk;
pub mod money;
pub mod note;
pub mod place;
pub mod policy;
pub mod proof;
pub mod question;
pub mod roster;
pub mod statement;
pub mod surface;
pub mod tile;
pub mod time;
pub mod tree;
pub mod witness;
