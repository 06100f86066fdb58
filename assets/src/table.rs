//! The table that a paper lies on.

use crate::dice::Dice;
use crate::grain::Grain;

#[derive(Clone, Copy, Debug)]
enum Top {
    Wood,
    Laminate,
    Cloth,
    Stone,
}

/// A table top with a colour and a pattern of its own.
#[derive(Clone, Debug)]
pub struct Table {
    top: Top,
    base: [f32; 3],
    scale: f32,
    across: bool,
    grain: Grain,
}

impl Table {
    /// A table that chance chose.
    #[must_use]
    pub fn new(dice: &mut Dice) -> Self {
        let kinds: [(Top, [f32; 3]); 6] = [
            (Top::Wood, [148.0, 104.0, 66.0]),
            (Top::Wood, [112.0, 70.0, 44.0]),
            (Top::Wood, [176.0, 138.0, 92.0]),
            (Top::Laminate, [128.0, 132.0, 134.0]),
            (Top::Cloth, [58.0, 88.0, 74.0]),
            (Top::Stone, [104.0, 100.0, 96.0]),
        ];
        let (top, base) = *dice.pick(&kinds);
        let scale = dice.real(0.8, 1.25);
        Self { top, base, scale, across: dice.chance(0.7), grain: Grain::new(dice) }
    }

    /// The colour at a place of the picture, each part 0 to 255.
    #[must_use]
    pub fn colour(&self, x: f32, y: f32) -> [f32; 3] {
        let (x, y) = if self.across { (x, y) } else { (y, x) };
        let (x, y) = (x * self.scale, y * self.scale);
        let n = |fx: f32, fy: f32| self.grain.at(x * fx, y * fy);
        let light = match self.top {
            Top::Wood => {
                let bend = 9.0 * n(0.002, 0.006);
                let streak = self.grain.at(x * 0.004, y * 0.11 + bend);
                let fine = self.grain.at(x * 0.012 + 7.0, y * 0.5 + bend * 3.0);
                let plank = if (y / 310.0).fract() < 0.012 { -0.45 } else { 0.0 };
                1.0 + 0.16 * streak + 0.08 * fine + 0.06 * n(0.3, 0.9) + plank
            }
            Top::Laminate => 1.0 + 0.05 * n(0.9, 0.9) + 0.04 * n(0.01, 0.01),
            Top::Cloth => {
                let weave = (x * 1.1).sin() * (y * 1.1).sin();
                1.0 + 0.10 * weave + 0.08 * n(0.02, 0.02) + 0.08 * n(0.7, 0.7)
            }
            Top::Stone => 1.0 + 0.16 * n(0.35, 0.35) + 0.1 * n(0.05, 0.05) + 0.06 * n(0.9, 0.9),
        };
        self.base.map(|part| part * light)
    }
}
