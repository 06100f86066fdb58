//! A receipt for money taken in (农村集体经济组织收款收据): a preprinted form filled in by hand.

use crate::capitals::capitals;
use crate::dice::Dice;
use crate::endorsement::Endorsement;
use crate::hand::Hand;
use crate::invoice::yuan;
use crate::print::Print;
use crate::sheet::{Colour, Sheet, area};
use crate::stamp::Stamp;
use crate::typeface::{Face, Typefaces};
use jiff::civil::Date;

/// What the receipt says.
#[derive(Clone, Debug)]
pub struct IncomeReceipt {
    /// Running number in the receipt book, seven digits.
    pub number: String,
    /// The collective that took the money, in full.
    pub payee: String,
    /// Who paid.
    pub payer: String,
    /// What for.
    pub purpose: String,
    /// Fen.
    pub amount: i64,
    /// When.
    pub date: Date,
}

const GREEN: Colour = [24, 104, 74];

impl IncomeReceipt {
    /// Draws the receipt, stamped and signed.
    #[must_use]
    pub fn draw(&self, types: &Typefaces, dice: &mut Dice, signed: &Endorsement) -> Sheet {
        let paper = *dice.pick(&[[246, 236, 238], [250, 247, 236], [238, 244, 238]]);
        let mut sheet = Sheet::new(1640, 1040, paper);
        let form = Print::new(types, 36.0).face(Face::Serif).ink(GREEN);
        form.size(56.0).centred(&mut sheet, 800.0, 108.0, "农村集体经济组织收款收据");
        sheet.level(440.0, 134.0, 720.0, 3.0, GREEN);
        sheet.level(440.0, 142.0, 720.0, 1.5, GREEN);
        let red = form.ink([200, 36, 32]).face(Face::Sans);
        red.at(&mut sheet, 1290.0, 180.0, &format!("№ {}", self.number));
        for (row, letter) in "第三联　记账".chars().enumerate() {
            let y = 300.0 + 40.0 * row as f32;
            form.size(26.0).at(&mut sheet, 1580.0, y, &letter.to_string());
        }
        self.labels(&mut sheet, form);
        let hand = Hand::new(types, Dice::new(1, &signed.handler), 58.0);
        self.fill_in(&mut sheet, form, hand);
        let stamp = Stamp::round(&self.payee, "财务专用章", 132.0);
        stamp.press(&mut sheet, types, dice, 1290.0, 700.0);
        signed.write(&mut sheet, types, dice, area(70.0, 965.0, 1500.0, 60.0));
        sheet
    }

    fn labels(&self, sheet: &mut Sheet, form: Print) {
        sheet.frame(area(80.0, 210.0, 1470.0, 600.0), 4.0, GREEN);
        let rows = [(310.0, "今 收 到"), (430.0, "交　　来"), (550.0, "人民币（大写）")];
        for (y, label) in rows {
            let x = form.at(sheet, 120.0, y, label) + 16.0;
            sheet.level(x, y + 14.0, 1510.0 - x, 2.0, GREEN);
        }
        let x = form.face(Face::Sans).size(48.0).at(sheet, 120.0, 672.0, "¥") + 10.0;
        sheet.level(x, 686.0, 420.0, 2.0, GREEN);
        form.at(sheet, 700.0, 672.0, "收款方式：");
        form.size(30.0).at(sheet, 120.0, 770.0, "收款单位（盖章）：");
        form.size(30.0).at(sheet, 380.0, 770.0, &self.payee);
    }

    fn fill_in(&self, sheet: &mut Sheet, form: Print, mut hand: Hand) {
        let day = self.date.strftime("%Y 年 %-m 月 %-d 日").to_string();
        form.size(34.0).centred(sheet, 800.0, 186.0, &day);
        let lines = [
            (310.0, 300.0, self.payer.clone()),
            (430.0, 300.0, self.purpose.clone()),
            (550.0, 410.0, capitals(self.amount.unsigned_abs())),
        ];
        for (y, x, text) in lines {
            let natural = hand.size;
            hand.size *= ((1490.0 - x) / hand.width(&text).max(1.0)).min(1.0);
            hand.at(sheet, x, y, &text);
            hand.size = natural;
        }
        hand.at(sheet, 180.0, 672.0, &yuan(self.amount));
        hand.at(sheet, 880.0, 672.0, "转账");
    }
}
