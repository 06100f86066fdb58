//! The camera's address as a QR code, for a window and for a terminal.

use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write;

/// Light modules round a code, so that scanners find it.
const QUIET: i32 = 4;

/// The code of a text; `None` if it is too long for one.
pub fn code(text: &str) -> Option<QrCode> {
    QrCode::encode_text(text, QrCodeEcc::Medium).ok()
}

/// The code in half blocks, two modules above each other in a character.
/// Black on white is set for each line, so that it scans in a dark terminal too.
pub fn blocks(code: &QrCode) -> String {
    let dark = |x: i32, y: i32| code.get_module(x, y);
    let mut text = String::new();
    for y in (-QUIET..code.size() + QUIET).step_by(2) {
        text.push_str("\x1b[30;107m");
        for x in -QUIET..code.size() + QUIET {
            text.push(match (dark(x, y), dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        let _ = writeln!(text, "\x1b[0m");
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_blocks_show_the_address() {
        let address = "http://192.168.1.23:18910/#0123456789abcdef0123456789abcdef";
        let text = blocks(&code(address).unwrap());
        let rows: Vec<Vec<char>> = text
            .lines()
            .map(|line| line.replace("\x1b[30;107m", "").replace("\x1b[0m", "").chars().collect())
            .collect();
        let (scale, width) = (4, rows[0].len());
        let dark = |x: usize, y: usize| match rows[y / 2][x] {
            '█' => true,
            '▀' => y.is_multiple_of(2),
            '▄' => !y.is_multiple_of(2),
            _ => false,
        };
        let paint = |x, y| if dark(x / scale, y / scale) { 0 } else { 255 };
        let (width, height) = (width * scale, rows.len() * 2 * scale);
        let mut seen = rqrr::PreparedImage::prepare_from_greyscale(width, height, paint);
        let read: Vec<String> =
            seen.detect_grids().iter().map(|grid| grid.decode().unwrap().1).collect();
        assert_eq!(read, [address]);
    }
}
