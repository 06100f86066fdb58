//! What one line says: cut out, laid flat at the height the recogniser knows, and its answers, one for every few pixels,
//! put together (connectionist temporal classification: repeats and blanks fall away).

use super::OcrError;
use super::detect::Strip;
use super::net::{Net, planes};
use image::{Rgb, RgbImage};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

/// Pixels of a line's height.
const HEIGHT: u32 = 48;
/// Pixels of the shortest and longest line.
const WIDTHS: (f32, f32) = (16.0, 3200.0);
/// Widths are rounded up to this, so that few shapes occur.
const STEP: usize = 32;

/// What was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Text {
    /// The characters.
    pub text: String,
    /// Mean certainty of the characters.
    pub score: f32,
    /// Where each character begins and the last one ends, in fractions of the line.
    pub stops: Vec<f32>,
}

/// Reads the line in a strip of the picture.
///
/// # Errors
/// [`OcrError::Broken`].
pub fn read(
    net: &Net,
    letters: &[String],
    picture: &RgbImage,
    strip: &Strip,
) -> Result<Text, OcrError> {
    let flat = flat(picture, strip);
    let used = flat.width() as usize;
    let width = (used + STEP / 2).next_multiple_of(STEP);
    let answers: NdTensor<f32, 3> = net.run(planes(&flat, width, HEIGHT as usize))?;
    Ok(spell(answers.slice(0), letters, width as f32 / used as f32))
}

/// The strip laid flat.
fn flat(picture: &RgbImage, strip: &Strip) -> RgbImage {
    let width = (strip.size.0 * HEIGHT as f32 / strip.size.1.max(1.0)).clamp(WIDTHS.0, WIDTHS.1);
    let width = width.round() as u32;
    RgbImage::from_fn(width, HEIGHT, |x, y| {
        let (along, down) = ((x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / HEIGHT as f32);
        let (x, y) = strip.at(along, down);
        between(picture, x - 0.5, y - 0.5)
    })
}

/// The colour between four pixels; beyond the edge it is the edge's.
fn between(picture: &RgbImage, x: f32, y: f32) -> Rgb<u8> {
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let (x, y) = (x.clamp(0.0, right as f32), y.clamp(0.0, bottom as f32));
    let (left, top) = (x as u32, y as u32);
    let (s, t) = (x - left as f32, y - top as f32);
    let at = |x: u32, y: u32| picture.get_pixel(x.min(right), y.min(bottom)).0;
    let corners = [at(left, top), at(left + 1, top), at(left, top + 1), at(left + 1, top + 1)];
    let parts = [(1.0 - s) * (1.0 - t), s * (1.0 - t), (1.0 - s) * t, s * t];
    Rgb(std::array::from_fn(|plane| {
        let sum: f32 =
            corners.iter().zip(parts).map(|(corner, part)| f32::from(corner[plane]) * part).sum();
        // The cast keeps within 0 and 255.
        (sum + 0.5) as u8
    }))
}

/// Puts the answers together. `stretch`: by how much the input was longer than the line.
fn spell(answers: NdTensorView<f32, 2>, letters: &[String], stretch: f32) -> Text {
    let [steps, classes] = answers.shape();
    let mut middles: Vec<f32> = Vec::new();
    let mut read = Text::default();
    let (mut before, mut from) = (0, 0);
    for step in 0..steps {
        let (best, sure) = (0..classes)
            .map(|class| (class, answers[[step, class]]))
            .fold((0, f32::MIN), |best, one| if one.1 > best.1 { one } else { best });
        if best != before {
            from = step;
        }
        let letter = letters.get(best).filter(|letter| !letter.is_empty());
        if let Some(letter) = letter {
            let middle = (from + step + 1) as f32 / 2.0 / steps as f32 * stretch;
            if best == before {
                middles.pop();
            } else {
                read.text.push_str(letter);
                read.score += sure;
            }
            // A letter of several characters has as many places.
            let new = letter.chars().count() - usize::from(best == before);
            middles.extend(std::iter::repeat_n(middle.min(1.0), new.max(1)));
        }
        before = best;
    }
    read.score /= middles.len().max(1) as f32;
    read.stops = stops(&middles);
    read
}

/// Half way between the characters' middles; the outer two are the line's ends.
fn stops(middles: &[f32]) -> Vec<f32> {
    if middles.is_empty() {
        return vec![0.0];
    }
    let inner = middles.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
    [0.0].into_iter().chain(inner).chain([1.0]).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn letters() -> Vec<String> {
        ["", "甲", "1", "2"].map(String::from).to_vec()
    }

    fn answers(classes: &[usize]) -> NdTensor<f32, 2> {
        NdTensor::from_fn(
            [classes.len(), 4],
            |[step, class]| {
                if classes[step] == class { 0.9 } else { 0.01 }
            },
        )
    }

    #[test]
    fn repeats_and_blanks_fall_away_and_doubles_stay() {
        let read = spell(answers(&[0, 1, 1, 0, 2, 0, 2, 3, 0, 0]).view(), &letters(), 1.0);
        assert_eq!(read.text, "甲112");
        assert!((read.score - 0.9).abs() < 1e-3);
        assert_eq!(read.stops.len(), 5);
        for (stop, wanted) in read.stops.iter().zip([0.0, 0.325, 0.55, 0.7, 1.0]) {
            assert!((stop - wanted).abs() < 1e-5, "{:?}", read.stops);
        }
    }

    #[test]
    fn a_leaning_strip_is_laid_flat() {
        let strip = Strip { middle: (100.0, 60.0), along: (0.8, 0.6), size: (96.0, 48.0) };
        let picture = RgbImage::from_fn(200, 120, |x, y| {
            let (x, y) = (x as f32 + 0.5 - 100.0, y as f32 + 0.5 - 60.0);
            if x * 0.8 + y * 0.6 < 0.0 { Rgb([10; 3]) } else { Rgb([240; 3]) }
        });
        let flat = flat(&picture, &strip);
        assert_eq!(flat.dimensions(), (96, 48));
        for y in [2, 24, 45] {
            assert!(flat.get_pixel(44, y).0[0] < 30 && flat.get_pixel(52, y).0[0] > 220);
        }
    }

    proptest! {
        #[test]
        fn every_character_has_a_place(classes in prop::collection::vec(0usize..4, 0..60), stretch in 1f32..1.5) {
            let read = spell(answers(&classes).view(), &letters(), stretch);
            prop_assert_eq!(read.stops.len(), read.text.chars().count() + 1);
            prop_assert!(read.stops.is_sorted());
        }
    }
}
