//! Against the real program and model, of Debian's zinnia-utils and tegaki-zinnia-simplified-chinese.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use std::sync::mpsc::channel;
use std::thread;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

/// A straight stroke as a finger draws it: many points, a little unsteady.
fn drawn(corners: &[(f32, f32)]) -> Stroke {
    let mut stroke = Stroke::new();
    for pair in corners.windows(2) {
        for step in 0..=12_u8 {
            let part = f32::from(step) / 12.0;
            let shake = (f32::from(step) * 2.3).sin();
            let between = |a: f32, b: f32| a + (b - a) * part + shake;
            stroke.push((between(pair[0].0, pair[1].0), between(pair[0].1, pair[1].1)));
        }
    }
    stroke
}

fn character(strokes: &[&[(f32, f32)]]) -> Vec<Stroke> {
    strokes.iter().map(|corners| drawn(corners)).collect()
}

fn characters() -> Vec<(&'static str, Vec<Stroke>)> {
    vec![
        ("一", character(&[&[(60.0, 200.0), (340.0, 196.0)]])),
        (
            "人",
            character(&[
                &[(205.0, 50.0), (190.0, 150.0), (150.0, 240.0), (60.0, 340.0)],
                &[(198.0, 130.0), (250.0, 240.0), (350.0, 340.0)],
            ]),
        ),
        (
            "大",
            character(&[
                &[(60.0, 150.0), (340.0, 140.0)],
                &[(200.0, 40.0), (195.0, 150.0), (160.0, 240.0), (50.0, 350.0)],
                &[(200.0, 150.0), (260.0, 260.0), (350.0, 345.0)],
            ]),
        ),
        (
            "田",
            character(&[
                &[(80.0, 80.0), (82.0, 330.0)],
                &[(80.0, 80.0), (320.0, 78.0), (318.0, 330.0)],
                &[(82.0, 200.0), (318.0, 198.0)],
                &[(200.0, 80.0), (200.0, 325.0)],
                &[(82.0, 326.0), (318.0, 324.0)],
            ]),
        ),
        (
            "村",
            character(&[
                &[(40.0, 130.0), (180.0, 122.0)],
                &[(112.0, 40.0), (112.0, 360.0)],
                &[(110.0, 135.0), (80.0, 210.0), (35.0, 270.0)],
                &[(114.0, 150.0), (165.0, 210.0)],
                &[(195.0, 135.0), (365.0, 128.0)],
                &[(300.0, 40.0), (302.0, 345.0), (260.0, 320.0)],
                &[(215.0, 190.0), (250.0, 245.0)],
            ]),
        ),
    ]
}

fn reading() -> (Handwriting, Receiver<(i32, Vec<String>)>) {
    let (sender, answers) = channel();
    let hand = Handwriting::open(move |turn, found| drop(sender.send((turn, found))));
    (hand.expect("zinnia-utils and tegaki-zinnia-simplified-chinese are installed"), answers)
}

#[test]
fn characters_drawn_by_a_finger_are_read() {
    let (hand, answers) = reading();
    for (turn, (wanted, strokes)) in (0..).zip(characters()) {
        hand.read(turn, strokes);
        let (answered, found) = answers.recv_timeout(PATIENCE).unwrap();
        assert_eq!(answered, turn);
        assert_eq!(found.len(), CANDIDATES_MAX);
        assert!(found.iter().any(|read| read == wanted), "{wanted}: {found:?}");
        println!("{wanted}: {found:?}");
    }
}

#[test]
fn a_small_drawing_in_a_corner_is_read_like_a_large_one() {
    let (hand, answers) = reading();
    let strokes = characters().remove(3).1;
    let small = |stroke: Stroke| stroke.iter().map(|(x, y)| (x / 9.0 + 700.0, y / 9.0)).collect();
    hand.read(1, strokes.into_iter().map(small).collect());
    let (_, found) = answers.recv_timeout(PATIENCE).unwrap();
    assert_eq!(found[0], "田", "{found:?}");
}

#[test]
fn a_character_takes_under_100_ms() {
    let (hand, answers) = reading();
    let strokes = characters().remove(4).1;
    let mut quickest = PATIENCE;
    for turn in 0..5 {
        let begun = Instant::now();
        hand.read(turn, strokes.clone());
        let _ = answers.recv_timeout(PATIENCE).unwrap();
        quickest = quickest.min(begun.elapsed());
    }
    println!("a character takes {quickest:?}");
    assert!(quickest < Duration::from_millis(100), "{quickest:?}");
}

#[test]
fn scribble_does_not_hurt_and_only_the_newest_drawing_must_be_answered() {
    let (hand, answers) = reading();
    let scribble: Stroke = (0..20_000)
        .map(|n| ((n as f32 * 0.7).sin() * 400.0, (n as f32 * 1.3).cos() * 400.0))
        .collect();
    hand.read(0, vec![scribble; 30]);
    hand.read(1, vec![]);
    hand.read(2, characters().remove(1).1);
    let newest = answers.iter().find(|(turn, _)| *turn == 2).unwrap();
    assert!(newest.1.contains(&"人".to_owned()), "{newest:?}");
    let begun = Instant::now();
    while hand.is_busy() {
        assert!(begun.elapsed() < PATIENCE);
        thread::yield_now();
    }
}

#[test]
fn a_machine_without_program_or_model_is_not_offered_the_pad() {
    let nowhere = PathBuf::from("/nowhere");
    for reader in [
        Reader { program: nowhere.clone(), ..Reader::default() },
        Reader { model: nowhere, ..Reader::default() },
    ] {
        assert!(Handwriting::with(reader, |_, _| ()).is_none());
    }
}

/// The program, but it dies, or falls silent, when it is asked for the first time.
fn moody(dir: &Path, mood: &str) -> Reader {
    let program = dir.join("moody");
    let script = format!(
        "#!/bin/sh\nif [ ! -e {0}/once ]; then touch {0}/once; read line; {mood}; fi\nexec {PROGRAM} \"$@\"\n",
        dir.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Reader { program, ..Reader::default() }
}

#[test]
fn a_child_that_dies_or_falls_silent_is_replaced() {
    for mood in ["exit 1", "exec sleep 600", "echo nonsense"] {
        let dir = tempfile::tempdir().unwrap();
        let (sender, answers) = channel();
        let deliver = move |turn, found| drop(sender.send((turn, found)));
        let hand = Handwriting::with(moody(dir.path(), mood), deliver).unwrap();
        hand.read(5, characters().remove(1).1);
        let (turn, found) = answers.recv_timeout(PATIENCE).unwrap();
        assert!(turn == 5 && found.contains(&"人".to_owned()), "{mood}: {found:?}");
    }
}
