//! A handwritten slip (领条, 收条) on lined letter paper.

use crate::capitals::capitals;
use crate::dice::Dice;
use crate::endorsement::Endorsement;
use crate::hand::Hand;
use crate::invoice::yuan;
use crate::print::Print;
use crate::sheet::{Colour, Sheet, area};
use crate::typeface::{Face, Typefaces};
use jiff::civil::Date;

/// What the slip says.
#[derive(Clone, Debug)]
pub struct Slip {
    /// Its title, `领条` or `收条`.
    pub title: &'static str,
    /// The village that paid, in full.
    pub payer: String,
    /// What for.
    pub purpose: String,
    /// Fen.
    pub amount: i64,
    /// Who got the money.
    pub payee: String,
    /// When.
    pub date: Date,
}

const RULE: Colour = [224, 120, 112];
const STEP: f32 = 96.0;

impl Slip {
    /// The slip's text, without title, name and date.
    #[must_use]
    pub fn text(&self) -> String {
        let verb = if self.title == "领条" { "今领到" } else { "今收到" };
        format!(
            "{verb}{}付{}，人民币{}（¥{}）。",
            self.payer,
            self.purpose,
            capitals(self.amount.unsigned_abs()),
            yuan(self.amount),
        )
    }

    /// Draws the slip, signed.
    #[must_use]
    pub fn draw(&self, types: &Typefaces, dice: &mut Dice, signed: &Endorsement) -> Sheet {
        let paper = *dice.pick(&[[248, 244, 228], [250, 249, 245], [244, 240, 222]]);
        let mut sheet = Sheet::new(1500, 1120, paper);
        self.letterhead(&mut sheet, types, dice.chance(0.6));
        let mut hand = Hand::new(types, Dice::new(1, &self.payee), 66.0);
        hand.size = 84.0;
        let gap = hand.width("领 条") / 2.0;
        let letters: Vec<String> = self.title.chars().map(String::from).collect();
        hand.at(&mut sheet, 750.0 - gap, 212.0, &letters.join(" "));
        hand.size = 66.0;
        let mut line = String::from("        ");
        let mut y = 215.0 + STEP * 2.0;
        for piece in pieces(&self.text()) {
            let longer = format!("{line}{piece}");
            if hand.width(&longer) > 1270.0 && !"，。".contains(&piece) {
                hand.at(&mut sheet, 110.0, y - 12.0, &line);
                line = piece;
                y += STEP;
            } else {
                line = longer;
            }
        }
        hand.at(&mut sheet, 110.0, y - 12.0, &line);
        let role = if self.title == "领条" { "领款人：" } else { "收款人：" };
        let foot = 215.0 + STEP * 6.0 - 12.0;
        hand.at(&mut sheet, 850.0, foot, &format!("{role}{}", self.payee));
        let day = self.date.strftime("%Y年%-m月%-d日").to_string();
        hand.at(&mut sheet, 850.0, foot + STEP, &day);
        signed.write(&mut sheet, types, dice, area(80.0, 1030.0, 1360.0, 60.0));
        sheet
    }

    /// The printed part: rules, and the village's name in red where it has letter paper.
    fn letterhead(&self, sheet: &mut Sheet, types: &Typefaces, named: bool) {
        if named {
            let print = Print::new(types, 50.0).face(Face::Serif).ink([200, 40, 36]);
            let half = print.width(&self.payer) * 0.62;
            print.spread(sheet, 750.0 - half, 750.0 + half, 92.0, &self.payer);
        }
        sheet.level(80.0, 122.0, 1340.0, 4.0, RULE);
        sheet.level(80.0, 130.0, 1340.0, 1.5, RULE);
        for row in 0..=8 {
            sheet.level(80.0, 215.0 + 6.0 + STEP * row as f32, 1340.0, 2.0, RULE);
        }
    }
}

/// The letters of a text, what stands in brackets kept in one piece.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut open = false;
    for letter in text.chars() {
        match pieces.last_mut() {
            Some(last) if open => last.push(letter),
            _ => pieces.push(letter.to_string()),
        }
        open = (open || letter == '（') && letter != '）';
    }
    pieces
}
