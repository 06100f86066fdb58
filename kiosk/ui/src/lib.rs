//! The villager's screens: what Slint makes of `ui/app.slint`, in a crate of its own so that it is compiled once.
#![allow(missing_docs, reason = "generated")]

slint::include_modules!();
