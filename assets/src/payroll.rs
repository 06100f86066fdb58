//! A payroll sheet (工资、误工补助发放表): a ruled table with a row for everyone paid.

use crate::capitals::capitals;
use crate::dice::Dice;
use crate::endorsement::Endorsement;
use crate::hand::Hand;
use crate::invoice::yuan;
use crate::print::Print;
use crate::sheet::{BLACK, Sheet, area};
use crate::stamp::Stamp;
use crate::typeface::{Face, Typefaces};
use jiff::civil::Date;

/// One person's row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who worked.
    pub name: String,
    /// Days worked.
    pub days: i64,
    /// Fen a day.
    pub rate: i64,
}

/// What the sheet says.
#[derive(Clone, Debug)]
pub struct Payroll {
    /// Its title.
    pub title: String,
    /// The work done, as `道路保洁`.
    pub work: String,
    /// The village committee in full.
    pub payer: String,
    /// Everyone paid; at most nine.
    pub rows: Vec<Row>,
    /// Day of payment.
    pub date: Date,
}

const COLUMNS: [(&str, f32); 7] = [
    ("序号", 100.0),
    ("姓名", 220.0),
    ("工作内容", 340.0),
    ("天数", 140.0),
    ("日标准（元）", 220.0),
    ("金额（元）", 240.0),
    ("领款人签名", 340.0),
];
const LEFT: f32 = 60.0;
const TOP: f32 = 210.0;

impl Payroll {
    /// Fen paid in all.
    #[must_use]
    pub fn amount(&self) -> i64 {
        self.rows.iter().map(|row| row.days * row.rate).sum()
    }

    /// Draws the sheet, stamped and signed.
    #[must_use]
    pub fn draw(&self, types: &Typefaces, dice: &mut Dice, signed: &Endorsement) -> Sheet {
        let mut sheet = Sheet::new(1720, 1210, [250, 250, 247]);
        let print = Print::new(types, 32.0).face(Face::Serif);
        let title = print.size(52.0).fitted(&self.title, 1560.0);
        title.centred(&mut sheet, 860.0, 110.0, &self.title);
        print.size(28.0).at(&mut sheet, LEFT, 180.0, &format!("单位：{}", self.payer));
        let day = self.date.strftime("%Y年%-m月%-d日").to_string();
        print.size(28.0).right(&mut sheet, 1660.0, 180.0, &day);
        let lines = self.rows.len().max(5) + 1;
        let step = (830.0 / (lines + 1) as f32).min(92.0);
        let widths = COLUMNS.map(|(_, width)| width);
        let table = area(LEFT, TOP, widths.iter().sum(), step * lines as f32);
        sheet.grid(table, &widths, lines, BLACK);
        let mut x = LEFT;
        for (title, width) in COLUMNS {
            print.face(Face::Bold).size(30.0).cell(&mut sheet, area(x, TOP, width, step), title);
            x += width;
        }
        for (place, row) in self.rows.iter().enumerate() {
            let y = TOP + step * (place + 1) as f32;
            self.row(&mut sheet, print, (y, step), place, row);
        }
        let y = TOP + step * lines as f32;
        self.total(&mut sheet, print, (y, step));
        let stamp = Stamp::round(&self.payer, "", 118.0);
        stamp.press(&mut sheet, types, dice, 1440.0, 170.0);
        signed.write(&mut sheet, types, dice, area(70.0, 1130.0, 1580.0, 60.0));
        sheet
    }

    fn row(&self, sheet: &mut Sheet, print: Print, (y, h): (f32, f32), place: usize, row: &Row) {
        let texts = [
            (place + 1).to_string(),
            row.name.clone(),
            self.work.clone(),
            row.days.to_string(),
            yuan(row.rate),
            yuan(row.days * row.rate),
        ];
        let mut x = LEFT;
        for (text, (_, width)) in texts.iter().zip(COLUMNS) {
            print.cell(sheet, area(x, y, width, h), text);
            x += width;
        }
        let mut hand = Hand::new(print.types, Dice::new(1, &row.name), 52.0);
        hand.centred(sheet, x + COLUMNS[6].1 / 2.0, y + h * 0.5 + 17.0, &row.name);
    }

    fn total(&self, sheet: &mut Sheet, print: Print, (y, h): (f32, f32)) {
        let width: f32 = COLUMNS.iter().map(|(_, width)| width).sum();
        sheet.frame(area(LEFT, y, width, h), 3.0, BLACK);
        sheet.upright(LEFT + 320.0, y, h, 2.0, BLACK);
        print.face(Face::Bold).cell(sheet, area(LEFT, y, 320.0, h), "合计（大写）");
        let base = y + h / 2.0 + 12.0;
        let words = capitals(self.amount().unsigned_abs());
        print.fitted(&words, 740.0).at(sheet, LEFT + 350.0, base, &words);
        print.at(sheet, LEFT + 1130.0, base, &format!("（小写）¥{}", yuan(self.amount())));
    }
}

#[cfg(test)]
mod tests {
    use super::{Payroll, Row};
    use jiff::civil::date;

    #[test]
    fn the_total_is_days_times_rate_of_every_row() {
        let row = |days, rate| Row { name: "某".into(), days, rate };
        let sheet = Payroll {
            title: String::new(),
            work: String::new(),
            payer: String::new(),
            rows: vec![row(26, 4_000), row(25, 4_000), row(2, 12_050)],
            date: date(2026, 5, 1),
        };
        assert_eq!(sheet.amount(), 104_000 + 100_000 + 24_100);
    }
}
