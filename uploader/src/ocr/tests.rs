#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

#[test]
fn some_characters_of_a_line_have_their_place() {
    let mut line = Line::even("编号12", Quad::upright(0.2, 0.1, 0.6, 0.2), 0);
    line.stops = vec![0.0, 0.3, 0.6, 0.8, 1.0];
    let [a, _, c, _] = line.part(2..4).0;
    assert!((a.x - 0.44).abs() < 1e-6 && (c.x - 0.6).abs() < 1e-6);
    assert!((a.y - 0.1).abs() < 1e-6 && (c.y - 0.2).abs() < 1e-6);
    assert_eq!(line.part(3..9), line.place, "there are only four characters");
}

#[test]
fn files_that_are_not_the_models_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Reader::load(folder.path()), Err(OcrError::Missing(..))));
    std::fs::write(folder.path().join(DETECTOR.0), b"something else").unwrap();
    assert!(matches!(Reader::load(folder.path()), Err(OcrError::Altered(_))));
    assert_eq!(find_models(Some(folder.path())).unwrap(), folder.path());
}

proptest! {
    #[test]
    fn a_part_is_within_its_line(text in "[0-9甲乙]{0,12}", from in 0usize..14, to in 0usize..14) {
        let line = Line::even(&text, Quad::upright(0.1, 0.1, 0.9, 0.2), 0);
        for corner in line.part(from..to).0 {
            prop_assert!((0.0999..0.9001).contains(&corner.x) && (0.0999..0.2001).contains(&corner.y));
        }
    }
}
