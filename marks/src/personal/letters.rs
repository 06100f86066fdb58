//! The characters of a text with one spelling for each, at their own places.

/// The text, one entry for each of its characters: half-width, lower dashes and blanks as `-` and ` `.
pub fn of(text: &str) -> Vec<char> {
    text.chars().map(plain).collect()
}

/// The one spelling of a character.
fn plain(c: char) -> char {
    match c {
        '\n' => '\n',
        '\u{3000}' => ' ',
        c if c.is_whitespace() => ' ',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '－' | '﹣' => '-',
        // Full-width forms stand in the order of ASCII.
        '！'..='～' => u8::try_from(u32::from(c) - 0xfee0).map_or(c, char::from),
        c => c,
    }
}

/// The digit that a character is, or that a reading machine took it for.
pub fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        'O' | 'o' => Some('0'),
        'I' | 'l' => Some('1'),
        _ => None,
    }
}
