//! Places on a photo, in fractions of its upright width and height, so that they hold at every size.

use serde::{Deserialize, Serialize};

/// A point on the upright photo: (0, 0) is its upper left corner, (1, 1) its lower right one.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named for what they are")]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// Four corners, clockwise from the upper left as a reader of the paper sees them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quad(pub [Point; 4]);

impl Quad {
    /// The whole photo.
    pub const WHOLE: Quad = Quad::upright(0.0, 0.0, 1.0, 1.0);

    /// An upright rectangle from one corner to the other.
    pub const fn upright(left: f32, top: f32, right: f32, bottom: f32) -> Quad {
        Quad([
            Point { x: left, y: top },
            Point { x: right, y: top },
            Point { x: right, y: bottom },
            Point { x: left, y: bottom },
        ])
    }

    /// The upright rectangle around it: left, top, right, bottom.
    pub fn bounds(&self) -> (f32, f32, f32, f32) {
        let mut bounds = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
        for Point { x, y } in self.0 {
            bounds = (bounds.0.min(x), bounds.1.min(y), bounds.2.max(x), bounds.3.max(y));
        }
        bounds
    }
}
