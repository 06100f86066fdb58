//! Input without a keyboard: Chinese by the letters of its sounds, or drawn with a finger.

pub mod handwriting;
pub mod pinyin;
