//! Smooth unevenness (value noise): wood, worn stamps, blotchy light.

use crate::dice::Dice;

/// Side of the repeating square of values; a power of two.
const SIDE: usize = 64;

/// A repeating field of values between -1 and 1.
#[derive(Clone, Debug)]
pub struct Grain(Vec<f32>);

impl Grain {
    /// A field drawn from `dice`.
    #[must_use]
    pub fn new(dice: &mut Dice) -> Self {
        Self((0..SIDE * SIDE).map(|_| dice.real(-1.0, 1.0)).collect())
    }

    /// The value at a place; whole numbers are the knots, between them it is smooth.
    #[must_use]
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let whole = |t: f32| t as i32 - i32::from(t < 0.0);
        let (left, top) = (whole(x), whole(y));
        let ease = |t: f32| t * t * (3.0 - 2.0 * t);
        let (u, v) = (ease(x - left as f32), ease(y - top as f32));
        let wrap = |n: i32| (n & (SIDE as i32 - 1)) as usize;
        let (x0, x1) = (wrap(left), wrap(left + 1));
        let (y0, y1) = (wrap(top) * SIDE, wrap(top + 1) * SIDE);
        let upper = self.0[y0 + x0] * (1.0 - u) + self.0[y0 + x1] * u;
        let lower = self.0[y1 + x0] * (1.0 - u) + self.0[y1 + x1] * u;
        upper * (1.0 - v) + lower * v
    }
}
