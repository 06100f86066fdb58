//! The accountant's window: what Slint shows, fed from the desk.
