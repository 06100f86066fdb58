//! The light in a photo: brighter on one side, a soft shadow across, darker corners.

use crate::dice::Dice;
use crate::grain::Grain;

/// Pixels between two knots of the grid that the light is worked out on.
const STEP: usize = 16;

/// How bright every place of a picture is, 1 being plain.
#[derive(Clone, Debug)]
pub struct Light {
    columns: usize,
    knots: Vec<f32>,
    /// The lamp's colour.
    pub tint: [f32; 3],
}

impl Light {
    /// Light for a picture of this many pixels.
    #[must_use]
    pub fn new(width: u32, height: u32, dice: &mut Dice) -> Self {
        let (w, h) = (width as f32, height as f32);
        let angle = dice.real(0.0, std::f32::consts::TAU);
        let slope = dice.real(0.05, 0.2);
        let edge = dice.real(-0.25, 0.3);
        let (soft, depth) = (dice.real(0.08, 0.25), dice.real(0.08, 0.34));
        let side = dice.real(0.0, std::f32::consts::TAU);
        let shaded = dice.chance(0.55);
        let (bx, by, reach) = (dice.real(0.1, 0.9), dice.real(0.1, 0.9), dice.real(0.2, 0.4));
        let level = dice.real(0.9, 1.04);
        let warm = dice.real(-0.045, 0.06);
        let columns = width as usize / STEP + 2;
        let rows = height as usize / STEP + 2;
        let waves = Grain::new(dice);
        let value = |place: usize| {
            let x = (place % columns * STEP) as f32 / w - 0.5;
            let y = (place / columns * STEP) as f32 / h - 0.5;
            let mut light = level + slope * (x * angle.cos() + y * angle.sin());
            light -= 0.26 * (x * x + y * y);
            if shaded {
                let along = x * side.cos() + y * side.sin() - edge;
                let t = (along / soft + 0.5).clamp(0.0, 1.0);
                light *= 1.0 - depth * t * t * (3.0 - 2.0 * t);
            }
            let near = ((x + 0.5 - bx).powi(2) + (y + 0.5 - by).powi(2)) / (reach * reach);
            light + 0.07 * (-near).exp() + 0.02 * waves.at(x * 7.0 + 9.0, y * 7.0 + 9.0)
        };
        let knots = (0..columns * rows).map(value).collect();
        Self { columns, knots, tint: [1.0 + warm, 1.0 + warm * 0.25, 1.0 - warm] }
    }

    /// Works out the light along one row of pixels, smooth between the knots.
    pub fn row(&self, y: usize, row: &mut [f32]) {
        let start = y / STEP * self.columns;
        let v = (y % STEP) as f32 / STEP as f32;
        let knot = |n: usize| {
            let (above, below) = (self.knots[start + n], self.knots[start + n + self.columns]);
            above * (1.0 - v) + below * v
        };
        for (n, span) in row.chunks_mut(STEP).enumerate() {
            let (left, right) = (knot(n), knot(n + 1));
            for (x, light) in span.iter_mut().enumerate() {
                *light = left + (right - left) * (x as f32 / STEP as f32);
            }
        }
    }
}
