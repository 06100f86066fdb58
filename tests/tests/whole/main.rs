//! The whole house at work: real programs, real server, real database, real browser, on loopback.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod arrows;
mod asked;
mod camera;
mod corrected;
mod crash;
mod desk;
mod display;
mod emulated;
mod emulated_village;
mod enrolled;
mod fixture;
mod fleet;
mod full;
mod hostile;
mod in_hand;
mod interop;
mod journey;
mod killed;
mod looked_at;
mod monitor;
mod pages;
mod person;
mod published;
mod restored;
mod returned;
mod schema;
mod screens;
mod shared;
mod touched;
mod township;
mod verify;
mod wechat;
mod window;
