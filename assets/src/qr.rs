//! The QR code of a Chinese invoice: its text, with the closing checksum, and its modules.

use crate::sheet::{BLACK, Sheet, area};
use jiff::civil::Date;
use qrcodegen::{QrCode, QrCodeEcc};

/// What the code says.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// Type code of the invoice: `32` fully digital, `10` electronic, `04` paper.
    pub kind: &'a str,
    /// Invoice code; empty for a fully digital one.
    pub code: &'a str,
    /// Invoice number.
    pub number: &'a str,
    /// Fen: with tax for type 32, before tax for the others.
    pub amount: i64,
    /// Day of issue.
    pub date: Date,
    /// Check code; empty for a fully digital one.
    pub check: &'a str,
}

impl Claim<'_> {
    /// The text: `01,<type>,<code>,<number>,<amount>,<yyyymmdd>,<check>,<CRC>`.
    #[must_use]
    pub fn text(&self) -> String {
        let body = format!(
            "01,{},{},{},{}.{:02},{},{},",
            self.kind,
            self.code,
            self.number,
            self.amount / 100,
            self.amount % 100,
            self.date.strftime("%Y%m%d"),
            self.check,
        );
        format!("{body}{:04X}", crc16(body.as_bytes()))
    }
}

/// CRC-16, polynomial 0x8005, start 0, highest bit first, no final change (CRC-16/UMTS).
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 { shifted } else { shifted ^ 0x8005 }
        })
    })
}

/// Draws `text` as a QR code with its corner at (`x`, `y`), `module` pixels a module; returns the
/// width in pixels, 0 when the text is too long for any QR code.
pub fn draw(sheet: &mut Sheet, x: f32, y: f32, module: f32, text: &str) -> f32 {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return 0.0 };
    for row in 0..code.size() {
        for column in 0..code.size() {
            if code.get_module(column, row) {
                let (left, top) = (x + column as f32 * module, y + row as f32 * module);
                sheet.fill(area(left, top, module, module), BLACK, 1.0);
            }
        }
    }
    code.size() as f32 * module
}

#[cfg(test)]
mod tests {
    use super::{Claim, crc16};
    use jiff::civil::date;

    #[test]
    fn published_payloads_come_out_with_their_checksum() {
        assert_eq!(crc16(b"123456789"), 0xFEE8);
        let digital = Claim {
            kind: "32",
            code: "",
            number: "24312000000136634917",
            amount: 1,
            date: date(2024, 5, 14),
            check: "",
        };
        assert_eq!(digital.text(), "01,32,,24312000000136634917,0.01,20240514,,1DD6");
        let electronic = Claim {
            kind: "10",
            code: "037002000311",
            number: "43951776",
            amount: 12_158,
            date: date(2021, 3, 27),
            check: "63863934212965558966",
        };
        let text = "01,10,037002000311,43951776,121.58,20210327,63863934212965558966,F179";
        assert_eq!(electronic.text(), text);
    }
}
