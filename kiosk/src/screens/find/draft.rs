//! What somebody has written so far, and what is on offer for it.

use ledger::place::Village;

use crate::input::handwriting::Stroke;
use crate::input::pinyin::{Candidate, LETTERS_MAX};
use crate::shelf::Question;

/// Characters of what is looked for.
const TEXT_MAX: usize = 40;
/// Characters of what is asked.
const LONG_TEXT_MAX: usize = 300;
/// Points of a stroke: a finger that rests on the pad draws no more.
const POINTS_MAX: usize = 2_000;
/// Strokes of a character.
const STROKES_MAX: usize = 40;
/// What may follow a figure without a blank: 5月, 300元.
const AFTER_FIGURE: &str = "元角分月日年号万千百张个人户";

/// The draft of a question.
#[derive(Default)]
pub(super) struct Draft {
    /// What was chosen.
    pub text: String,
    /// Letters that nothing was chosen for yet.
    pub letters: String,
    /// The character that is being drawn, in pixels of the paper.
    pub strokes: Vec<Stroke>,
    /// What is on offer, with how many letters each takes; none, when it was drawn.
    pub offers: Vec<(String, usize)>,
    /// Where one can look.
    pub villages: Vec<(Village, String)>,
    /// Where one looks.
    pub village: Option<Village>,
    /// Log indexes of what is listed, and whether each is a bulletin.
    pub found: Vec<(u64, bool)>,
    /// Grows with everything that is asked.
    pub turn: i32,
    /// Grows with every stroke.
    pub drawing: i32,
    /// What comes next is no answer to a new question: the reader keeps their place in the list.
    pub still: bool,
    /// It is a question to somebody, not what is looked for.
    pub long: bool,
}

impl Draft {
    /// What is looked for: letters too, for the shelf understands them.
    pub fn question(&self) -> Question {
        let text = format!("{}{}", self.text, self.letters);
        Question { text, village: self.village, ..Question::default() }
    }

    pub fn letter(&mut self, key: &str) {
        self.strokes.clear();
        if self.letters.len() < LETTERS_MAX {
            self.letters += key;
        }
    }

    /// A figure; letters before it stay as they are.
    pub fn figure(&mut self, key: &str) {
        self.keep_letters();
        let goes_on = |last: char| last.is_ascii_digit() || last == '.' || last == ' ';
        if !self.text.is_empty() && !self.text.ends_with(goes_on) {
            self.add(" ");
        }
        self.add(key);
    }

    /// Takes back the last that was written.
    pub fn delete(&mut self) {
        if self.letters.pop().is_none() {
            self.text.pop();
            self.text.truncate(self.text.trim_end().len());
        }
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.letters.clear();
        self.strokes.clear();
        self.offers.clear();
        self.village = None;
    }

    pub fn choose(&mut self, row: i32) {
        let offer = usize::try_from(row).ok().and_then(|row| self.offers.get(row));
        let Some((text, letters)) = offer.cloned() else { return };
        let figure = self.text.ends_with(|last: char| last.is_ascii_digit());
        if figure && !text.starts_with(|first| AFTER_FIGURE.contains(first)) {
            self.add(" ");
        }
        self.add(&text);
        self.letters.drain(..letters.min(self.letters.len()));
        self.strokes.clear();
        self.offers.clear();
    }

    pub fn choose_village(&mut self, row: i32) {
        let chosen = usize::try_from(row).ok().and_then(|row| self.villages.get(row));
        self.village = chosen.map(|(code, _)| *code);
    }

    /// Letters become part of the text when one goes on by other means.
    pub fn keep_letters(&mut self) {
        let letters = std::mem::take(&mut self.letters);
        self.add(&letters);
    }

    fn add(&mut self, text: &str) {
        let most = if self.long { LONG_TEXT_MAX } else { TEXT_MAX };
        let room = most.saturating_sub(self.text.chars().count());
        self.text.extend(text.chars().take(room));
    }

    pub fn offer(&mut self, words: Vec<Candidate>) {
        self.offers = words.into_iter().map(|word| (word.text, word.letters_used)).collect();
    }

    pub fn begin_stroke(&mut self, x: f32, y: f32) {
        self.keep_letters();
        if self.strokes.len() < STROKES_MAX {
            self.strokes.push(vec![(x, y)]);
        }
    }

    pub fn move_stroke(&mut self, x: f32, y: f32) {
        if let Some(stroke) = self.strokes.last_mut()
            && stroke.len() < POINTS_MAX
        {
            stroke.push((x, y));
        }
    }

    pub fn undo_stroke(&mut self) {
        self.strokes.pop();
    }

    /// The strokes as the commands of a path; a dot as a short line.
    pub fn ink(&self) -> String {
        let mut ink = String::new();
        for stroke in &self.strokes {
            for (place, (x, y)) in stroke.iter().enumerate() {
                ink += &format!("{} {x:.0} {y:.0} ", if place == 0 { 'M' } else { 'L' });
            }
            if let [(x, y)] = stroke[..] {
                ink += &format!("L {:.0} {:.0} ", x + 1.0, y + 1.0);
            }
        }
        ink
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offering(words: &[(&str, usize)]) -> Vec<(String, usize)> {
        words.iter().map(|(text, letters)| ((*text).to_owned(), *letters)).collect()
    }

    #[test]
    fn words_are_chosen_one_after_the_other_and_taken_back() {
        let mut draft = Draft::default();
        "xiuludeng".chars().for_each(|key| draft.letter(&key.to_string()));
        draft.offers = offering(&[("修", 3)]);
        draft.choose(0);
        assert_eq!((draft.text.as_str(), draft.letters.as_str()), ("修", "ludeng"));
        assert_eq!(draft.question().text, "修ludeng");
        draft.choose(7); // nothing there
        draft.offers = offering(&[("路灯", 6)]);
        draft.choose(0);
        assert_eq!(draft.text, "修路灯");
        draft.delete();
        assert_eq!(draft.text, "修路");
        draft.letter("x");
        draft.delete();
        assert_eq!((draft.text.as_str(), draft.letters.as_str()), ("修路", ""));
    }

    #[test]
    fn figures_stand_apart_from_words_but_not_from_their_unit() {
        let mut draft = Draft { text: "路灯".into(), ..Draft::default() };
        ["6", "8", "0"].iter().for_each(|key| draft.figure(key));
        assert_eq!(draft.text, "路灯 680");
        draft.offers = offering(&[("元", 0), ("水泥", 0)]);
        draft.choose(0);
        assert_eq!(draft.text, "路灯 680元");
        draft.delete();
        draft.offers = offering(&[("元", 0), ("水泥", 0)]);
        draft.choose(1);
        assert_eq!(draft.text, "路灯 680 水泥");
    }

    #[test]
    fn what_is_written_has_an_end() {
        let mut draft = Draft::default();
        for _ in 0..100 {
            draft.letter("a");
            draft.begin_stroke(0.0, 0.0);
            (0..5_000).for_each(|_| draft.move_stroke(1.0, 1.0));
        }
        assert!(draft.strokes.len() <= STROKES_MAX && draft.strokes[0].len() <= POINTS_MAX);
        (0..100).for_each(|_| draft.figure("1"));
        assert_eq!(draft.text.chars().count(), TEXT_MAX);
    }

    #[test]
    fn ink_follows_the_finger() {
        let mut draft = Draft::default();
        draft.begin_stroke(1.0, 2.0);
        draft.move_stroke(3.4, 4.0);
        draft.begin_stroke(5.0, 5.0);
        assert_eq!(draft.ink(), "M 1 2 L 3 4 M 5 5 L 6 6 ");
        draft.undo_stroke();
        assert_eq!(draft.ink(), "M 1 2 L 3 4 ");
    }
}
