//! Strokes as the reader wants them: the character fills its square, and each stroke is its few telling points.

/// A stroke in the order it was drawn: x to the right and y downwards, in any unit.
pub type Stroke = Vec<(f32, f32)>;

/// Side of the square that the character is brought to.
const SIDE: f32 = 1_000.0;
/// White around it.
const MARGIN: f32 = 50.0;
/// Strokes of a character, more than any has that people write.
const STROKES_MAX: usize = 40;
/// Points kept of a stroke. The reader's memory doubles with each, so this is a limit and not a taste.
const POINTS_MAX: usize = 16;
/// A point that lies closer to the line between its neighbours tells nothing, by the square's side.
const BEND_MIN: f32 = SIDE / 100.0;

/// The drawing as the reader's line: `(character (value N) (width …) (height …) (strokes ((x y) …) …))`. `None` when
/// there is nothing to read: no stroke, too many, or numbers that are none.
pub(super) fn line(serial: u64, strokes: &[Stroke]) -> Option<String> {
    let strokes: Vec<Stroke> = strokes.iter().filter(|s| !s.is_empty()).map(telling).collect();
    let points = || strokes.iter().flatten();
    if strokes.is_empty()
        || strokes.len() > STROKES_MAX
        || !points().all(|(x, y)| x.is_finite() && y.is_finite())
    {
        return None;
    }
    let span = |values: Vec<f32>| {
        let low = values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        (low, high - low)
    };
    let (left, width) = span(points().map(|point| point.0).collect());
    let (top, height) = span(points().map(|point| point.1).collect());
    let scale = (SIDE - 2.0 * MARGIN) / width.max(height).max(f32::EPSILON);
    let place = |at: f32, low: f32, size: f32| {
        ((SIDE - size * scale) / 2.0 + (at - low) * scale).clamp(0.0, SIDE).round()
    };
    let mut line = format!("(character (value {serial}) (width {SIDE}) (height {SIDE}) (strokes");
    for stroke in &strokes {
        line += " (";
        for (x, y) in stroke {
            line += &format!("({} {})", place(*x, left, width), place(*y, top, height));
        }
        line += ")";
    }
    Some(line + "))\n")
}

/// The first and last point of a stroke and those between that bend it most.
fn telling(stroke: &Stroke) -> Stroke {
    let Some(last) = stroke.len().checked_sub(1) else { return Stroke::new() };
    let size = stroke.iter().fold(0.0_f32, |size, point| size.max(gap(stroke[0], *point)));
    let mut kept = vec![0, last];
    kept.dedup();
    while kept.len() < POINTS_MAX.min(stroke.len()) {
        let bends = kept.windows(2).flat_map(|pair| (pair[0] + 1..pair[1]).map(move |i| (i, pair)));
        let bends = bends.map(|(i, pair)| (away(stroke[i], stroke[pair[0]], stroke[pair[1]]), i));
        let Some((bend, place)) = bends.max_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        if bend <= size * BEND_MIN / SIDE {
            break;
        }
        kept.push(place);
        kept.sort_unstable();
    }
    kept.into_iter().map(|place| stroke[place]).collect()
}

fn gap(a: (f32, f32), b: (f32, f32)) -> f32 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// How far `point` lies from the line through `a` and `b`.
fn away(point: (f32, f32), a: (f32, f32), b: (f32, f32)) -> f32 {
    let length = gap(a, b);
    if length == 0.0 {
        return gap(point, a);
    }
    ((b.0 - a.0) * (a.1 - point.1) - (a.0 - point.0) * (b.1 - a.1)).abs() / length
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_character_fills_its_square_wherever_it_was_drawn() {
        let cross = [vec![(10.0, 15.0), (20.0, 15.0)], vec![(15.0, 10.0), (15.0, 20.0)]];
        assert_eq!(
            line(7, &cross).unwrap(),
            "(character (value 7) (width 1000) (height 1000) \
             (strokes ((50 500)(950 500)) ((500 50)(500 950))))\n"
        );
        let dot = [vec![(3.0, 3.0)]];
        assert!(line(1, &dot).unwrap().contains("((500 500))"));
    }

    #[test]
    fn a_stroke_keeps_its_corners_and_loses_what_lies_on_its_way() {
        let corner: Stroke = (0..=50)
            .map(|n| if n <= 25 { (n as f32, 0.0) } else { (25.0, n as f32 - 25.0) })
            .collect();
        assert_eq!(telling(&corner), [(0.0, 0.0), (25.0, 0.0), (25.0, 25.0)]);
        let circle: Stroke = (0..500).map(|n| (n as f32 / 20.0).sin_cos()).collect();
        assert_eq!(telling(&circle).len(), POINTS_MAX);
    }

    #[test]
    fn nothing_too_much_and_no_numbers_are_not_read() {
        assert_eq!(line(0, &[]), None);
        assert_eq!(line(0, &[vec![]]), None);
        assert_eq!(line(0, &vec![vec![(0.0, 0.0)]; STROKES_MAX + 1]), None);
        assert_eq!(line(0, &[vec![(f32::NAN, 0.0)]]), None);
        assert_eq!(line(0, &[vec![(0.0, f32::INFINITY)]]), None);
    }

    proptest! {
        #[test]
        fn any_drawing_is_one_short_line_of_numbers_within_the_square(
            strokes in prop::collection::vec(
                prop::collection::vec((any::<f32>(), -1e4f32..1e4), 0..60), 0..45),
        ) {
            if let Some(line) = line(3, &strokes) {
                prop_assert_eq!(line.matches('\n').count(), 1);
                prop_assert!(line.len() < 12_000);
                let (_, numbers) = line.split_once("(strokes").unwrap();
                let numbers = numbers.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty());
                for number in numbers {
                    prop_assert!(number.parse::<u32>().unwrap() <= 1_000);
                }
            }
        }
    }
}
