//! Chance that comes out the same every time: a stream of numbers named by a seed and a word.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of `seed` for the thing called `name`; other names give unrelated streams.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        // FNV-1a, only to spread names over the seeds: nothing here is a secret.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&hash.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A whole number from `low` to `high`, both included.
    pub fn whole(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).unsigned_abs().saturating_add(1);
        low + (self.0.next_u64() % span) as i64
    }

    /// A place in a list of `len` things (0 when the list is empty).
    pub fn index(&mut self, len: usize) -> usize {
        (self.0.next_u64() % len.max(1) as u64) as usize
    }

    /// A number in `[low, high)`.
    pub fn real(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32;
        low + unit * (high - low)
    }

    /// About a normal deviate with mean 0 and deviation 1 (the sum of twelve even ones).
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.real(0.0, 1.0)).sum::<f32>() - 6.0
    }

    /// True in `share` of the cases.
    pub fn chance(&mut self, share: f32) -> bool {
        self.real(0.0, 1.0) < share
    }

    /// One of `list`, which must not be empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.index(list.len())]
    }

    /// `count` different places of a list of `len` things, in random order.
    pub fn sample(&mut self, len: usize, count: usize) -> Vec<usize> {
        let mut places: Vec<usize> = (0..len).collect();
        for at in 0..count.min(len) {
            let other = at + self.index(len - at);
            places.swap(at, other);
        }
        places.truncate(count);
        places
    }

    /// `len` random decimal digits.
    pub fn digits(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from(b'0' + self.whole(0, 9) as u8)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_same_name_gives_the_same_stream_and_another_name_another() {
        let draw = |seed, name| Dice::new(seed, name).digits(20);
        assert_eq!(draw(1, "photo"), draw(1, "photo"));
        assert_ne!(draw(1, "photo"), draw(1, "paper"));
        assert_ne!(draw(1, "photo"), draw(2, "photo"));
    }

    #[test]
    fn whole_numbers_stay_within_both_ends() {
        let mut dice = Dice::new(7, "ends");
        let drawn: Vec<i64> = (0..500).map(|_| dice.whole(-2, 2)).collect();
        assert_eq!(drawn.iter().min(), Some(&-2));
        assert_eq!(drawn.iter().max(), Some(&2));
    }
}
