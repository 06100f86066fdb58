//! The board on the host: glass in memory, a hand that follows a script, and invented pages. Slint runs without its `std` feature,
//! as on a board, so that frames are the same pixel by pixel.

pub mod flash;
pub mod glass;
pub mod reading;
pub mod sample;
pub mod spare;
pub mod stage;
