//! Reading aloud, offline: what a paper says, turned into sentences, into sounds, into a voice.

mod aloud;
mod numbers;
mod pinyin;
pub mod voice;
pub mod words;
