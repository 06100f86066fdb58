//! A voice: a thread that has each sentence spoken by `espeak-ng` and played by `aplay`, and falls silent at once.

mod children;
mod click;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::pinyin::Readings;
use super::words::Sentence;
use children::Playing;

/// What speaks, of Debian's espeak-ng.
const ESPEAK: &str = "/usr/bin/espeak-ng";
/// What plays, of Debian's alsa-utils.
const PLAYER: &str = "/usr/bin/aplay";
/// What the kernel can play on.
const CARDS: &str = "/proc/asound/pcm";
/// How often the thread looks whether a sentence has ended; not at all while nothing is said.
const LOOK: Duration = Duration::from_millis(20);

/// What speaks, and where to.
#[derive(Clone, Debug)]
pub struct Sound {
    /// A program that speaks instead of `espeak-ng`: it reads a sentence (Chinese, UTF-8, no figures) from its input until
    /// that ends, and writes a WAV file to its output.
    pub program: Option<PathBuf>,
    /// The device of ALSA; `default` is the machine's first card.
    pub device: String,
    /// Whether touches click.
    pub clicks: bool,
    /// How loud, in per cent; a program that speaks instead does not know it.
    pub volume: u8,
}

impl Default for Sound {
    fn default() -> Self {
        Self { program: None, device: "default".into(), clicks: true, volume: 60 }
    }
}

impl Sound {
    /// True on a machine that can speak: with the programs, and with something to play on.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        let speaks = is_file(self.program.as_deref().unwrap_or(Path::new(ESPEAK)));
        speaks && self.is_heard()
    }

    fn is_heard(&self) -> bool {
        let cards = || fs::read_to_string(CARDS).is_ok_and(|cards| cards.contains("playback"));
        is_file(Path::new(PLAYER)) && (self.device != "default" || cards())
    }
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file())
}

/// What the voice does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It says this sentence of those it was given, counted from 0.
    Saying(usize),
    /// It said the last one, or was stopped.
    Silent,
}

enum Order {
    Speak(Vec<Sentence>),
    Stop,
    Click,
}

/// The way to the voice. It falls silent and its thread ends when this goes.
pub struct Speaker {
    orders: Sender<Order>,
    speaking: Arc<AtomicBool>,
    clicks: bool,
}

impl Speaker {
    /// Starts the voice; `tell` hears on its thread what it does. `None` on a machine that cannot speak: then reading aloud
    /// is not to be offered.
    #[must_use]
    pub fn open(sound: &Sound, tell: impl Fn(Progress) + Send + 'static) -> Option<Self> {
        if !sound.is_offered() {
            return None;
        }
        let (orders, queue) = channel();
        let speaking = Arc::new(AtomicBool::new(false));
        let voice = Voice {
            sound: sound.clone(),
            readings: None,
            waiting: VecDeque::new(),
            playing: None,
            clicking: None,
            speaking: Arc::clone(&speaking),
        };
        let thread = thread::Builder::new().name("voice".into());
        thread.spawn(move || voice.work(&queue, tell)).ok()?;
        Some(Self { orders, speaking, clicks: sound.clicks })
    }

    /// Says these sentences, in place of what it says now. Never waits.
    pub fn speak(&self, sentences: Vec<Sentence>) {
        self.speaking.store(true, Ordering::SeqCst);
        self.order(Order::Speak(sentences));
    }

    /// Falls silent.
    pub fn stop(&self) {
        self.order(Order::Stop);
    }

    /// A click under a finger, unless it is speaking or clicks are off.
    pub fn click(&self) {
        if self.clicks {
            self.order(Order::Click);
        }
    }

    /// True from [`Speaker::speak`] until the last sentence has been said or it was stopped.
    #[must_use]
    pub fn is_speaking(&self) -> bool {
        self.speaking.load(Ordering::SeqCst)
    }

    fn order(&self, order: Order) {
        // The thread ends with this sender only.
        let _ = self.orders.send(order);
    }
}

/// The thread's own.
struct Voice {
    sound: Sound,
    readings: Option<Readings>,
    waiting: VecDeque<(usize, Sentence)>,
    playing: Option<Playing>,
    clicking: Option<Playing>,
    speaking: Arc<AtomicBool>,
}

impl Voice {
    fn work(mut self, queue: &Receiver<Order>, tell: impl Fn(Progress)) {
        loop {
            let order = if self.playing.is_some() || self.clicking.is_some() {
                queue.recv_timeout(LOOK)
            } else {
                queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match order {
                Ok(Order::Speak(sentences)) => {
                    self.waiting = sentences.into_iter().enumerate().collect();
                    self.next(&tell);
                }
                Ok(Order::Stop) => {
                    self.waiting.clear();
                    self.next(&tell);
                }
                Ok(Order::Click) if self.playing.is_none() => {
                    self.clicking = children::click(self.sound.volume, &self.sound.device).ok();
                }
                Ok(Order::Click) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.clicking.as_mut().is_some_and(|click| click.ended().is_some()) {
                self.clicking = None;
            }
            if let Some(heard) = self.playing.as_mut().and_then(Playing::ended) {
                if !heard {
                    self.waiting.clear(); // the card is gone: no use in trying each sentence
                }
                self.next(&tell);
            }
        }
    }

    /// Ends what sounds, and begins the next sentence or falls silent.
    fn next(&mut self, tell: &impl Fn(Progress)) {
        self.playing = None;
        while let Some((place, sentence)) = self.waiting.pop_front() {
            self.clicking = None; // the card plays one sound at a time
            self.playing = self.say(&sentence.said).ok();
            if self.playing.is_some() {
                self.speaking.store(true, Ordering::SeqCst);
                return tell(Progress::Saying(place));
            }
        }
        if self.speaking.swap(false, Ordering::SeqCst) {
            tell(Progress::Silent);
        }
    }

    fn say(&mut self, said: &str) -> std::io::Result<Playing> {
        let device = &self.sound.device;
        if let Some(program) = &self.sound.program {
            return children::speak_with(program, said, device);
        }
        let readings = self.readings.get_or_insert_with(Readings::open);
        children::speak(&readings.syllables(said), self.sound.volume, device)
    }
}

#[cfg(test)]
pub(super) use tests::phonemes;
#[cfg(test)]
mod tests;
