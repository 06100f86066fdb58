//! In place of the crate `unicode-segmentation`, of which Slint asks where the cursor may stand in a text that is being typed.
//! Nobody types on a board: here every character stands alone, and 42 kB of tables stay out of the image.
#![no_std]
#![forbid(unsafe_code)]

/// A text as those ask for it who use that crate.
pub trait UnicodeSegmentation {
    /// Its characters.
    fn graphemes(&self, extended: bool) -> impl DoubleEndedIterator<Item = &str>;
    /// The same, and where each begins.
    fn grapheme_indices(&self, extended: bool) -> impl DoubleEndedIterator<Item = (usize, &str)>;
    /// Its words, and where each begins.
    fn unicode_word_indices(&self) -> impl DoubleEndedIterator<Item = (usize, &str)>;
}

impl UnicodeSegmentation for str {
    fn graphemes(&self, extended: bool) -> impl DoubleEndedIterator<Item = &str> {
        self.grapheme_indices(extended).map(|(_, character)| character)
    }

    fn grapheme_indices(&self, _extended: bool) -> impl DoubleEndedIterator<Item = (usize, &str)> {
        self.char_indices().map(|(at, ch)| (at, &self[at..at + ch.len_utf8()]))
    }

    fn unicode_word_indices(&self) -> impl DoubleEndedIterator<Item = (usize, &str)> {
        self.grapheme_indices(true).filter(|(_, character)| !character.trim().is_empty())
    }
}

/// That a text has to be given which was not; here it never has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphemeIncomplete {}

/// A place in a text, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct GraphemeCursor {
    at: usize,
}

impl GraphemeCursor {
    /// A place in a text of so many bytes.
    #[must_use]
    pub fn new(at: usize, _length: usize, _extended: bool) -> GraphemeCursor {
        GraphemeCursor { at }
    }

    /// Whether a character begins or the text ends there; the text is whole.
    ///
    /// # Errors
    /// None.
    pub fn is_boundary(&self, text: &str, _start: usize) -> Result<bool, GraphemeIncomplete> {
        Ok(text.is_char_boundary(self.at))
    }

    /// Goes to the next such place, if there is one.
    ///
    /// # Errors
    /// None.
    pub fn next_boundary(
        &mut self,
        text: &str,
        _start: usize,
    ) -> Result<Option<usize>, GraphemeIncomplete> {
        let next = (self.at + 1..=text.len()).find(|at| text.is_char_boundary(*at));
        self.at = next.unwrap_or(self.at);
        Ok(next)
    }

    /// Goes to the one before, if there is one.
    ///
    /// # Errors
    /// None.
    pub fn prev_boundary(
        &mut self,
        text: &str,
        _start: usize,
    ) -> Result<Option<usize>, GraphemeIncomplete> {
        let before = (0..self.at).rev().find(|at| text.is_char_boundary(*at));
        self.at = before.unwrap_or(self.at);
        Ok(before)
    }
}
