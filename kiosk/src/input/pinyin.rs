//! Chinese by the letters of its sounds, word by word: village words first, then a general dictionary.

mod spelling;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use inputx_pinyin::PinyinDict;

use spelling::{How, SYLLABLE_MAX, Sounds, abbreviates, is_syllable, sounds, spell, spellings};

/// Letters that are looked at; a word of eight characters has fewer.
pub const LETTERS_MAX: usize = 30;
/// Characters of the longest word that is learned.
const WORD_MAX: usize = 16;
/// How many words the caller may add.
const WORDS_MAX: usize = 10_000;
/// Village words that are only begun or abbreviated: so many, lest they hide the dictionary.
const BEGUN_MAX: usize = 8;
/// Ways to read the letters that are followed.
const WAYS_MAX: usize = 2_000;
/// Words that the project itself knows; see the file.
const VILLAGE: &str = include_str!("../../../assets/lexicon/village.txt");

/// A word on offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The word.
    pub text: String,
    /// How many of the letters, from the first, it stands for.
    pub letters_used: usize,
}

/// A word of the village, with the sounds of its characters.
struct Word {
    text: String,
    sounds: Vec<Arc<Sounds>>,
}

/// Finds words by letters. Opening takes a few milliseconds; looking up is quick enough for every key.
pub struct Pinyin {
    dictionary: PinyinDict,
    words: Vec<Word>,
    /// How many of `words` were taught; they come first.
    taught: usize,
    /// The sounds of each character of the words, kept once.
    sounds: HashMap<char, Arc<Sounds>>,
}

impl Pinyin {
    /// Opens the dictionary, with the project's village words.
    #[must_use]
    pub fn open() -> Self {
        let lines = VILLAGE.lines().filter(|line| !line.starts_with('#'));
        let (dictionary, sounds) = (PinyinDict::embedded(), HashMap::new());
        let mut pinyin = Self { dictionary, words: Vec::new(), taught: 0, sounds };
        pinyin.words = pinyin.learn(lines.flat_map(str::split_whitespace));
        pinyin
    }

    /// Replaces the words that rank before all others: names of places, payees and categories, the most important first.
    /// Only the first 10,000 are learned, and none that is longer than 16 characters.
    pub fn teach<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) {
        self.words.drain(..self.taught);
        let taught = self.learn(words.into_iter().take(WORDS_MAX));
        self.taught = taught.len();
        self.words.splice(0..0, taught);
    }

    /// The words that have a sound, each once, with their sounds.
    fn learn<'a>(&mut self, words: impl Iterator<Item = &'a str>) -> Vec<Word> {
        let mut seen = HashSet::new();
        let mut learned = Vec::new();
        for text in words.filter(|text| text.chars().count() <= WORD_MAX && seen.insert(*text)) {
            let known = text.chars().map(|character| {
                let known = self.sounds.entry(character);
                Arc::clone(known.or_insert_with(|| Arc::new(sounds(character))))
            });
            let sounds: Vec<_> = known.filter(|sounds| !sounds.is_empty()).collect();
            if !sounds.is_empty() {
                learned.push(Word { text: text.to_owned(), sounds });
            }
        }
        learned
    }

    /// At most `max` words that `letters` may stand for, likely ones first. Anything but the letters a–z (either case)
    /// finds nothing, as do more than [`LETTERS_MAX`] letters.
    #[must_use]
    pub fn candidates(&self, letters: &str, max: usize) -> Vec<Candidate> {
        let sound = letters.bytes().all(|byte| byte.is_ascii_alphabetic());
        if letters.is_empty() || letters.len() > LETTERS_MAX || !sound {
            return Vec::new();
        }
        let letters = letters.to_ascii_lowercase();
        let mut offer = Offer { max, seen: HashSet::new(), found: Vec::new() };
        self.village(&letters, &mut offer);
        let mut ways = self.ways(&letters);
        ways.sort_by_key(|way| (usize::MAX - way.used, way.how));
        let shorter = ways.partition_point(|way| way.used == letters.len());
        self.exact(&ways[..shorter], &mut offer);
        let joined = self.dictionary.best_composition_chain(&letters);
        if let Some((_, words, _)) = &joined {
            offer.add(words, letters.len());
        }
        if !offer.is_full() {
            self.begun(&letters, &mut offer);
        }
        if shorter == 0 && joined.is_none() && letters.len() > 1 {
            self.initials(&letters, &mut offer);
        }
        self.exact(&ways[shorter..], &mut offer);
        offer.found
    }

    /// Village words that all the letters stand for.
    fn village(&self, letters: &str, offer: &mut Offer) {
        let mut found: Vec<(How, bool, usize, usize)> = Vec::new();
        for (place, word) in self.words.iter().enumerate() {
            if let Some((how, left)) = spell(&word.sounds, letters) {
                found.push((how, place >= self.taught, left, place));
            }
        }
        found.sort_unstable();
        let whole = found.partition_point(|(how, ..)| *how <= How::Loose);
        for (.., place) in found.into_iter().take(whole + BEGUN_MAX) {
            offer.add(&self.words[place].text, letters.len());
        }
    }

    /// Every beginning of the letters that is some word's sounds, in full or loosely.
    fn ways(&self, letters: &str) -> Vec<Way> {
        let mut ways = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![Way { code: String::new(), used: 0, how: How::Full }];
        while let Some(way) = open.pop() {
            let rest = &letters[way.used..];
            for length in 1..=rest.len().min(SYLLABLE_MAX) {
                for (syllable, how) in spellings(&rest[..length]) {
                    let code = format!("{}{syllable}", way.code);
                    let next = Way { used: way.used + length, how: way.how.max(how), code };
                    if ways.len() < WAYS_MAX
                        && is_syllable(&syllable)
                        && self.dictionary.prefix_exists(&next.code)
                        && seen.insert(next.clone())
                    {
                        ways.push(next.clone());
                        open.push(next);
                    }
                }
            }
        }
        ways
    }

    /// Words of the dictionary that sound exactly as one of the ways: the more letters, the truer, the more common first.
    fn exact(&self, ways: &[Way], offer: &mut Offer) {
        let mut words = Vec::new();
        for alike in ways.chunk_by(|a, b| (a.used, a.how) == (b.used, b.how)) {
            let mut found: Vec<(String, u64)> = Vec::new();
            for way in alike {
                self.dictionary.lookup_with_freq_into(&way.code, &mut words);
                found.append(&mut words);
            }
            found.sort_by_key(|(_, often)| u64::MAX - often);
            for (word, _) in found {
                offer.add(&word, alike[0].used);
            }
        }
    }

    /// Words of the dictionary that go on after the letters.
    fn begun(&self, letters: &str, offer: &mut Offer) {
        let mut best = Best::of(offer.max);
        self.dictionary.prefix_for_each(letters, |code, word, often| {
            if code.len() > letters.len() {
                best.add(often, word);
            }
        });
        best.into_offer(offer, letters.len());
    }

    /// Words of the dictionary that the letters abbreviate.
    fn initials(&self, letters: &str, offer: &mut Offer) {
        let mut best = Best::of(offer.max);
        let Some(first) = letters.get(..1) else { return };
        self.dictionary.prefix_for_each(first, |code, word, often| {
            let characters = word.len() / 3; // a Chinese character has three bytes
            if best.wants(often, word)
                && characters > 1
                && holds_in_order(code, letters)
                && abbreviates(letters, code, characters)
            {
                best.add(often, word);
            }
        });
        best.into_offer(offer, letters.len());
    }
}

/// One way to read the first letters: the dictionary's code for it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Way {
    code: String,
    used: usize,
    how: How,
}

/// What is offered so far, each word once.
struct Offer {
    max: usize,
    seen: HashSet<String>,
    found: Vec<Candidate>,
}

impl Offer {
    fn is_full(&self) -> bool {
        self.found.len() >= self.max
    }

    fn add(&mut self, text: &str, letters_used: usize) {
        if !self.is_full() && self.seen.insert(text.to_owned()) {
            self.found.push(Candidate { text: text.to_owned(), letters_used });
        }
    }
}

/// The commonest words of very many.
struct Best {
    max: usize,
    /// The rarest on top.
    words: BinaryHeap<Reverse<(u64, String)>>,
}

impl Best {
    fn of(max: usize) -> Self {
        Self { max, words: BinaryHeap::new() }
    }

    fn wants(&self, often: u64, word: &str) -> bool {
        let rarest = self.words.peek().map(|Reverse((often, word))| (*often, word.as_str()));
        self.words.len() < self.max || rarest.is_some_and(|rarest| (often, word) > rarest)
    }

    fn add(&mut self, often: u64, word: &str) {
        if self.wants(often, word) {
            self.words.push(Reverse((often, word.to_owned())));
            if self.words.len() > self.max {
                self.words.pop();
            }
        }
    }

    fn into_offer(self, offer: &mut Offer, letters_used: usize) {
        for Reverse((_, word)) in self.words.into_sorted_vec() {
            offer.add(&word, letters_used);
        }
    }
}

/// True when the letters of `part` stand in `whole` in their order, whatever lies between.
fn holds_in_order(whole: &str, part: &str) -> bool {
    let mut letters = whole.bytes();
    part.bytes().all(|wanted| letters.any(|letter| letter == wanted))
}

#[cfg(test)]
mod tests;
