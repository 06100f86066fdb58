//! The signatures that the village's rules want on the face of every voucher.

use crate::dice::Dice;
use crate::hand::Hand;
use crate::print::Print;
use crate::sheet::{Area, Sheet};
use crate::stamp::Stamp;
use crate::typeface::{Face, Typefaces};

/// Who signed, and the supervisors' seal.
#[derive(Clone, Debug)]
pub struct Endorsement {
    /// 经手人.
    pub handler: String,
    /// 证明人.
    pub witness: String,
    /// 审批人.
    pub approver: String,
    /// The village's name, for the supervisors' seal.
    pub village: String,
}

impl Endorsement {
    /// Writes the names on one line of `band` (its bottom is near the base line); presses the seal.
    pub fn write(&self, sheet: &mut Sheet, types: &Typefaces, dice: &mut Dice, band: Area) {
        let y = band.y + band.h - 22.0;
        let step = band.w / 3.6;
        for (place, (title, name)) in self.people().into_iter().enumerate() {
            sign(sheet, types, dice, (band.x + step * place as f32, y), title, name);
        }
        let at = (band.x + band.w - dice.real(90.0, 120.0), y - dice.real(44.0, 62.0));
        self.seal(sheet, types, dice, at);
    }

    /// The same on narrow paper: a name a row.
    pub fn stacked(&self, sheet: &mut Sheet, types: &Typefaces, dice: &mut Dice, band: Area) {
        let step = band.h / 3.0;
        for (place, (title, name)) in self.people().into_iter().enumerate() {
            let y = band.y + step * (place as f32 + 0.7);
            sign(sheet, types, dice, (band.x, y), title, name);
        }
        let at = (band.x + band.w - dice.real(120.0, 150.0), band.y + band.h * 0.5);
        self.seal(sheet, types, dice, at);
    }

    fn people(&self) -> [(&'static str, &str); 3] {
        [("经手人：", &self.handler), ("证明人：", &self.witness), ("审批人：", &self.approver)]
    }

    fn seal(&self, sheet: &mut Sheet, types: &Typefaces, dice: &mut Dice, at: (f32, f32)) {
        let text = format!("{}村务监督委员会", self.village);
        let stamp = Stamp { press: 0.7, ..Stamp::oval(&text, "审核", 100.0) };
        stamp.press(sheet, types, dice, at.0, at.1);
    }
}

/// A printed title and the name written behind it; everyone has one hand in every paper.
fn sign(
    sheet: &mut Sheet,
    types: &Typefaces,
    dice: &mut Dice,
    at: (f32, f32),
    title: &str,
    name: &str,
) {
    let label = Print::new(types, 26.0).face(Face::Serif).ink([70, 66, 62]);
    let mut x = label.at(sheet, at.0, at.1, title);
    let mut hand = Hand::new(types, Dice::new(1, name), 48.0);
    if title.starts_with('审') {
        x = hand.at(sheet, x, at.1 + dice.real(-4.0, 4.0), "同意") + 14.0;
    }
    hand.at(sheet, x + dice.real(0.0, 12.0), at.1 + dice.real(-6.0, 4.0), name);
}
