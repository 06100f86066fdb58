//! How a picture looks, in 575 bits: the signs of its low frequencies (a perceptual hash by the cosine transform).
//! Brightness and contrast do not change them, and a quarter turn only moves them about.

use crate::photo::{Pixels, resize};
use image::GrayImage;
use serde::{Deserialize, Serialize};
use std::f32::consts::PI;

/// The picture is made this wide and high before it is looked at.
const EDGE: usize = 64;
/// Frequencies across and down that count.
const WAVES: usize = 24;
const WORDS: usize = WAVES * WAVES / 64;
/// All bits but the first, which is the brightness.
const BITS: f32 = (WAVES * WAVES - 1) as f32;

/// How a picture looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Looks([u64; WORDS]);

/// How a picture looks at each of its four quarter turns.
#[derive(Debug, Clone, Copy)]
pub struct Turns([Looks; 4]);

impl Looks {
    /// Looks at a picture, best one whose paper was cut out straight; `None` if it has no pixels.
    pub fn of(picture: &GrayImage) -> Option<Looks> {
        let edge = u32::try_from(EDGE).ok()?;
        let (width, height) = picture.dimensions();
        if width == 0 || height == 0 {
            return None;
        }
        let pixels = picture.as_raw().clone();
        let cells = resize(&pixels, (width, height), (edge, edge), Pixels::Gray)?;
        let waves: Vec<[f32; EDGE]> = (0..WAVES).map(wave).collect();
        let lines = cells.chunks_exact(EDGE);
        let across: Vec<Vec<f32>> = lines.map(|line| strengths(&waves, line)).collect();
        let mut looks = Looks([0; WORDS]);
        for u in 0..WAVES {
            let column: Vec<f32> = across.iter().map(|line| line[u]).collect();
            for (v, wave) in waves.iter().enumerate() {
                let strength: f32 = wave.iter().zip(&column).map(|(a, b)| a * b).sum();
                looks.set(v, u, strength > 0.0 && (u, v) != (0, 0));
            }
        }
        Some(looks)
    }

    /// How far two pictures are apart at the best of their four quarter turns: the share of signs that differ, 0 for the
    /// same picture, about 0.45 for unrelated ones.
    pub fn distance(&self, other: &Looks) -> f32 {
        Turns::of(self).distance(other)
    }

    /// For keeping in a file.
    pub fn to_bytes(&self) -> [u8; WORDS * 8] {
        let mut bytes = [0; WORDS * 8];
        for (place, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`Looks::to_bytes`] wrote; `None` if it is something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Looks> {
        let bytes: &[u8; WORDS * 8] = bytes.try_into().ok()?;
        let mut words = [0; WORDS];
        for (word, place) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_le_bytes(place.try_into().ok()?);
        }
        Some(Looks(words))
    }

    fn get(&self, v: usize, u: usize) -> bool {
        let at = v * WAVES + u;
        self.0[at / 64] >> (at % 64) & 1 == 1
    }

    fn set(&mut self, v: usize, u: usize, value: bool) {
        let at = v * WAVES + u;
        self.0[at / 64] |= u64::from(value) << (at % 64);
    }

    /// The picture after a quarter turn: rows become columns, and what is odd across changes its sign.
    fn turned(&self) -> Looks {
        let mut turned = Looks([0; WORDS]);
        for v in 0..WAVES {
            for u in 0..WAVES {
                turned.set(v, u, self.get(u, v) ^ (u % 2 == 1));
            }
        }
        turned
    }

    fn differing(&self, other: &Looks) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

impl Turns {
    /// The four turns of a picture.
    pub fn of(looks: &Looks) -> Turns {
        let once = looks.turned();
        let twice = once.turned();
        Turns([*looks, once, twice, twice.turned()])
    }

    /// As [`Looks::distance`].
    pub fn distance(&self, other: &Looks) -> f32 {
        let least = self.0.iter().map(|turn| turn.differing(other)).min().unwrap_or(0);
        least as f32 / BITS
    }
}

/// The cosine wave of a frequency over the picture's edge (DCT-II).
fn wave(frequency: usize) -> [f32; EDGE] {
    let step = PI * frequency as f32 / (2 * EDGE) as f32;
    std::array::from_fn(|place| (step * (2 * place + 1) as f32).cos())
}

/// How strong each wave is in a line of cells.
fn strengths(waves: &[[f32; EDGE]], line: &[u8]) -> Vec<f32> {
    let strength = |wave: &[f32; EDGE]| wave.iter().zip(line).map(|(a, b)| a * f32::from(*b)).sum();
    waves.iter().map(strength).collect()
}
