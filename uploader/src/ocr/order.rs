//! Reading order: rows from the top, within a row from the left, on a paper that may lie askew.

use super::detect::Strip;

/// Two lines are in one row if their middles are less than this part of the lower one's height apart.
const APART: f32 = 0.5;

/// A thing and where its middle is, along and across a row.
struct Placed<T> {
    along: f32,
    across: f32,
    height: f32,
    thing: T,
}

/// Sorts things by the strips they stand in; each with the number of its row.
pub fn rows<T>(things: Vec<T>, strip: impl Fn(&T) -> &Strip) -> Vec<(usize, T)> {
    let lean = lean(things.iter().map(&strip));
    // Along and across a row of the paper.
    let turned = |strip: &Strip| {
        let (x, y) = strip.middle;
        (x * lean.0 + y * lean.1, y * lean.0 - x * lean.1)
    };
    let mut placed: Vec<Placed<T>> = things
        .into_iter()
        .map(|thing| {
            let ((along, across), height) = (turned(strip(&thing)), strip(&thing).size.1);
            Placed { along, across, height, thing }
        })
        .collect();
    placed.sort_by(|a, b| a.across.total_cmp(&b.across));
    let mut rows: Vec<Vec<Placed<T>>> = Vec::new();
    for one in placed {
        let near = |row: &&mut Vec<Placed<T>>| {
            // The nearest on either side: a fold bends long rows.
            let away = |other: &Placed<T>| (other.along - one.along).abs();
            let nearest = row.iter().min_by(|a, b| away(a).total_cmp(&away(b)));
            nearest
                .is_some_and(|n| (n.across - one.across).abs() < APART * n.height.min(one.height))
        };
        match rows.iter_mut().rev().take(3).find(near) {
            Some(row) => row.push(one),
            None => rows.push(vec![one]),
        }
    }
    let mut ordered = Vec::new();
    for (number, mut row) in rows.into_iter().enumerate() {
        row.sort_by(|a, b| a.along.total_cmp(&b.along));
        ordered.extend(row.into_iter().map(|placed| (number, placed.thing)));
    }
    ordered
}

/// The way that most of the print runs: the longer a line, the more its lean counts.
fn lean<'a>(strips: impl Iterator<Item = &'a Strip>) -> (f32, f32) {
    let long = strips.filter(|strip| strip.size.0 > 2.0 * strip.size.1);
    let mut leans: Vec<(f32, f32)> =
        long.map(|strip| (strip.along.1.atan2(strip.along.0), strip.size.0)).collect();
    leans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = leans.iter().map(|(_, length)| length).sum::<f32>() / 2.0;
    let mut passed = 0.0;
    let middle = leans.iter().find(|(_, length)| {
        passed += length;
        passed >= half
    });
    let (sin, cos) = middle.map_or(0.0, |(lean, _)| *lean).sin_cos();
    (cos, sin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A page of three rows with three lines each, turned by `turn` radians.
    fn page(turn: f32) -> Vec<(Strip, usize)> {
        let (sin, cos) = turn.sin_cos();
        (0..9)
            .map(|n| {
                let (x, y) = (300.0 + (n % 3) as f32 * 500.0, 200.0 + (n / 3) as f32 * 45.0);
                let middle = (x * cos - y * sin, x * sin + y * cos);
                (Strip { middle, along: (cos, sin), size: (300.0, 36.0) }, n)
            })
            .collect()
    }

    proptest! {
        #[test]
        fn a_page_askew_is_read_row_by_row(turn in -0.3f32..0.3, shuffle in any::<u64>()) {
            let mut page = page(turn);
            for n in 0..page.len() {
                page.swap(n, ((shuffle >> (n * 4)) % 9) as usize);
            }
            let read = rows(page, |(strip, _)| strip);
            let order: Vec<(usize, usize)> = read.iter().map(|(row, (_, n))| (*row, *n)).collect();
            let wanted: Vec<(usize, usize)> = (0..9).map(|n| (n / 3, n)).collect();
            prop_assert_eq!(order, wanted);
        }
    }
}
