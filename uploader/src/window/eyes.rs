//! The eyes beside the window: they decode photos and draw them as they are edited, the newest wish first.

use super::line::beside;
use super::news::{News, Tell};
use crate::edit::Edit;
use crate::error::Result;
use crate::images::Images;
use crate::photo::{PhotoFile, shrink};
use crate::picture;
use image::RgbImage;
use ledger::hash::Hash;
use slint::{Rgb8Pixel, SharedPixelBuffer};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Pixels of the long edge of what is shown.
const EDGE: u32 = 1400;
/// Photos that are kept decoded: the one on the screen, its neighbours, and one that was left.
const KEPT: usize = 4;

/// What the window wants to see.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// Of what photo.
    pub original: Hash,
    /// How it is edited; nothing of it for the photo as it is.
    pub edit: Edit,
}

/// A picture for a [`Wish`]; none if the photo is gone or damaged.
pub struct Sight {
    /// What was wanted.
    pub wish: Wish,
    /// What it looks like.
    pub picture: Option<SharedPixelBuffer<Rgb8Pixel>>,
}

enum Ask {
    See(Wish),
    /// This photo may be wanted next.
    Soon(Hash),
}

/// The eyes of one desk; they stop when dropped.
pub struct Eyes(Sender<Ask>);

impl Eyes {
    /// Starts them. `originals` is the desk's folder of them.
    ///
    /// # Errors
    /// [`crate::error::Error::Thread`].
    pub fn start(originals: Images, tell: Tell) -> Result<Eyes> {
        let (ask, asks) = channel();
        let work = move || work(&originals, &asks, &tell);
        beside("eyes", work)?;
        Ok(Eyes(ask))
    }

    /// Asks for a picture; earlier wishes are forgotten.
    pub fn see(&self, wish: Wish) {
        let _ = self.0.send(Ask::See(wish));
    }

    /// Says which photo may be wanted next.
    pub fn soon(&self, original: Hash) {
        let _ = self.0.send(Ask::Soon(original));
    }
}

fn work(originals: &Images, asks: &Receiver<Ask>, tell: &Tell) {
    let mut decoded: VecDeque<(Hash, RgbImage)> = VecDeque::new();
    let mut photo = |original: Hash| {
        if let Some(at) = decoded.iter().position(|(hash, _)| *hash == original) {
            return decoded.get(at).map(|(_, photo)| photo.clone());
        }
        let photo = decode(originals, original)?;
        decoded.push_back((original, photo.clone()));
        if decoded.len() > KEPT {
            decoded.pop_front();
        }
        Some(photo)
    };
    while let Ok(first) = asks.recv() {
        let (mut wish, mut soon) = (None, Vec::new());
        for ask in std::iter::once(first).chain(asks.try_iter()) {
            match ask {
                Ask::See(newer) => (wish, soon) = (Some(newer), Vec::new()),
                Ask::Soon(original) => soon.push(original),
            }
        }
        if let Some(wish) = wish {
            let picture = photo(wish.original)
                .and_then(|photo| picture::preview(photo, &wish.edit).ok())
                .map(|picture| pixels(&picture));
            tell.news(News::Sight(Sight { wish, picture }));
        }
        for original in soon {
            photo(original);
        }
    }
}

fn decode(originals: &Images, original: Hash) -> Option<RgbImage> {
    let photo = PhotoFile::of(originals.load(original)?).ok()?.decode().ok()?;
    shrink(&photo.upright(), EDGE)
}

/// A picture as the window shows it.
pub fn pixels(picture: &RgbImage) -> SharedPixelBuffer<Rgb8Pixel> {
    SharedPixelBuffer::clone_from_slice(picture.as_raw(), picture.width(), picture.height())
}
