//! The pages as Slint made them, and the one global by which Rust fills them.
#![no_std]
#![allow(missing_docs, clippy::unwrap_used, clippy::too_many_lines, reason = "Slint generates it")]

slint::include_modules!();
