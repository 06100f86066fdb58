//! Against the real programs, of Debian's espeak-ng and alsa-utils; ALSA's `null` device plays on a machine without sound.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use super::*;
use crate::speech::words;

const PATIENCE: Duration = Duration::from_secs(20);

/// The sounds that espeak-ng makes of syllables, in its own letters.
pub(crate) fn phonemes(syllables: &str) -> String {
    let mut command = children::espeak();
    let child = command.args(["-q", "-x"]).stdin(Stdio::piped()).spawn();
    let mut child = child.expect("espeak-ng is installed");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), syllables.as_bytes()).unwrap();
    String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned()
}

fn deaf() -> Sound {
    Sound { device: "null".into(), ..Sound::default() }
}

fn sentences(texts: &[&str]) -> Vec<Sentence> {
    texts.iter().map(|text| Sentence { text: (*text).into(), said: (*text).into() }).collect()
}

fn speaker(sound: &Sound) -> (Speaker, Receiver<Progress>) {
    let (sender, heard) = channel();
    let speaker = Speaker::open(sound, move |progress| {
        let _ = sender.send(progress);
    });
    (speaker.expect("espeak-ng and alsa-utils are installed"), heard)
}

#[test]
fn each_sentence_is_told_of_and_then_the_silence() {
    let (speaker, heard) = speaker(&deaf());
    speaker.speak(sentences(&["你好。", "路灯六百八十元。"]));
    for progress in [Progress::Saying(0), Progress::Saying(1), Progress::Silent] {
        assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), progress);
    }
    assert!(!speaker.is_speaking());
}

/// A program that says nothing for ten minutes, and leaves a mark of each time it was asked.
fn slow(dir: &Path) -> Sound {
    let program = dir.join("slow");
    let script = format!("#!/bin/sh\ncat >> {}/asked\nexec sleep 600\n", dir.display());
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Sound { program: Some(program), ..deaf() }
}

#[test]
fn it_falls_silent_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (speaker, heard) = speaker(&slow(dir.path()));
    speaker.speak(sentences(&["很长很长。", "不会说到。"]));
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), Progress::Saying(0));
    assert!(speaker.is_speaking());
    let begun = Instant::now();
    speaker.stop();
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), Progress::Silent);
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    assert!(!speaker.is_speaking());
}

#[test]
fn new_sentences_take_the_place_of_old_ones() {
    let dir = tempfile::tempdir().unwrap();
    let (speaker, heard) = speaker(&slow(dir.path()));
    speaker.speak(sentences(&["很长很长。", "不会说到。"]));
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), Progress::Saying(0));
    speaker.speak(sentences(&["新的。"]));
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), Progress::Saying(0));
    drop(speaker);
    assert!(heard.recv_timeout(PATIENCE).is_err(), "the thread has ended");
    let asked = fs::read_to_string(dir.path().join("asked")).unwrap_or_default();
    assert!(!asked.contains("不会说到"), "{asked}");
}

#[test]
fn a_card_that_is_gone_ends_it_and_does_not_try_every_sentence() {
    let (speaker, heard) = speaker(&Sound { device: "no-such-device".into(), ..Sound::default() });
    speaker.speak(sentences(&["一。", "二。", "三。"]));
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), Progress::Saying(0));
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), Progress::Silent);
}

#[test]
fn a_machine_that_cannot_speak_is_not_offered_to() {
    let no_program = Sound { program: Some("/nowhere".into()), ..deaf() };
    assert!(!no_program.is_offered());
    assert!(Speaker::open(&no_program, |_| ()).is_none());
    let card = fs::read_to_string(CARDS).is_ok_and(|cards| cards.contains("playback"));
    assert_eq!(Sound::default().is_offered(), card);
}

#[test]
fn clicks_come_between_and_never_end_what_is_said() {
    let (speaker, heard) = speaker(&deaf());
    for _ in 0..20 {
        speaker.click();
    }
    speaker.speak(sentences(&["你好。"]));
    for _ in 0..20 {
        speaker.click();
    }
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), Progress::Saying(0));
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), Progress::Silent);
}

#[test]
fn what_is_spoken_is_a_sound_of_the_length_of_its_words() {
    let readings = Readings::open();
    let spoken = |text: &str| {
        let sentence = &words::split(text)[0];
        let mut child = children::espeak().stdin(Stdio::piped()).spawn().unwrap();
        let syllables = readings.syllables(&sentence.said);
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), syllables.as_bytes()).unwrap();
        child.wait_with_output().unwrap().stdout
    };
    let (short, long) = (spoken("1元。"), spoken("付给新街五金店1,234.50元，用于修路灯。"));
    assert!(short.starts_with(b"RIFF") && short.len() > 10_000, "{}", short.len());
    assert!(long.len() > 3 * short.len(), "{} {}", short.len(), long.len());
}
