//! The click under a finger: a short, soft tone that dies away.

/// Samples a second.
const RATE: u32 = 22_050;
/// Samples: 30 ms.
const LENGTH: u16 = 660;
/// Hertz.
const PITCH: f32 = 1_100.0;
/// Of the loudest that a sample can be, at full volume.
const LOUDNESS: f32 = 0.4;

/// The click as a WAV file of 16 bits, one channel. `volume`: per cent.
pub(super) fn wav(volume: u8) -> Vec<u8> {
    let loudness = LOUDNESS * f32::from(volume.min(100)) / 100.0;
    let bytes = u32::from(LENGTH) * 2;
    let mut wav = Vec::with_capacity(44 + bytes as usize);
    wav.extend(b"RIFF");
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend(1_u16.to_le_bytes()); // plain samples
    wav.extend(1_u16.to_le_bytes()); // one channel
    wav.extend(RATE.to_le_bytes());
    wav.extend((RATE * 2).to_le_bytes());
    wav.extend(2_u16.to_le_bytes());
    wav.extend(16_u16.to_le_bytes());
    wav.extend(b"data");
    wav.extend(bytes.to_le_bytes());
    for place in 0..LENGTH {
        let time = f32::from(place) / RATE as f32;
        let fading = (-time * 180.0).exp();
        let wave = (time * PITCH * std::f32::consts::TAU).sin();
        let sample = wave * fading * loudness * f32::from(i16::MAX);
        wav.extend((sample as i16).to_le_bytes());
    }
    wav
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_click_is_soft_and_begins_and_ends_in_silence() {
        let wav = wav(60);
        assert_eq!(wav.len(), 44 + 2 * usize::from(LENGTH));
        let samples: Vec<i16> =
            wav[44..].as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
        let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        assert!((4_000..10_000).contains(&loudest), "{loudest}");
        assert_eq!(samples[0], 0);
        assert!(samples[samples.len() - 20..].iter().all(|sample| sample.unsigned_abs() < 100));
    }
}
