//! An invoice: its lines, tax and totals, and the paper that shows them.

use crate::capitals::capitals;
use crate::dice::Dice;
use crate::endorsement::Endorsement;
use crate::print::Print;
use crate::qr::{self, Claim};
use crate::sheet::{Area, FORM, Sheet, area};
use crate::stamp::Stamp;
use crate::typeface::{Face, Typefaces};
use jiff::civil::Date;

/// The three kinds that villages get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 数电票, ordinary (type 32): 20-digit number, no code.
    Digital,
    /// 电子普通发票 (type 10): code, number, check code.
    Electronic,
    /// 增值税普通发票 on paper (type 04): code, number, check code.
    Paper,
}

/// One line of goods or services.
#[derive(Clone, Debug)]
pub struct Line {
    /// Name with its tax category, as in `*电工器材*LED路灯头`.
    pub name: String,
    /// Model; may be empty.
    pub spec: String,
    /// Unit of quantity.
    pub unit: String,
    /// How many.
    pub quantity: i64,
    /// Fen, tax included.
    pub gross: i64,
}

/// An invoice.
#[derive(Clone, Debug)]
pub struct Invoice {
    /// Which kind.
    pub kind: Kind,
    /// Invoice code; empty for a digital one.
    pub code: String,
    /// Invoice number.
    pub number: String,
    /// Check code; empty for a digital one.
    pub check: String,
    /// Day of issue.
    pub date: Date,
    /// Who bought, and the organisation's code.
    pub buyer: (String, String),
    /// Who sold, and the organisation's code.
    pub seller: (String, String),
    /// What was sold; at most five lines are drawn.
    pub lines: Vec<Line>,
    /// Tax rate in percent.
    pub rate: i64,
    /// Who issued it.
    pub drawer: String,
}

impl Invoice {
    /// Type code as in the QR code.
    #[must_use]
    pub fn type_code(&self) -> &'static str {
        match self.kind {
            Kind::Digital => "32",
            Kind::Electronic => "10",
            Kind::Paper => "04",
        }
    }

    /// Fen before tax on a line, rounded to the nearest.
    #[must_use]
    pub fn net_of(&self, line: &Line) -> i64 {
        let parts = 100 + self.rate;
        (line.gross * 200 + parts) / (parts * 2)
    }

    /// Fen, tax included.
    #[must_use]
    pub fn gross(&self) -> i64 {
        self.lines.iter().map(|line| line.gross).sum()
    }

    /// Fen before tax.
    #[must_use]
    pub fn net(&self) -> i64 {
        self.lines.iter().map(|line| self.net_of(line)).sum()
    }

    /// Fen of tax.
    #[must_use]
    pub fn tax(&self) -> i64 {
        self.gross() - self.net()
    }

    /// The text of the QR code.
    #[must_use]
    pub fn payload(&self) -> String {
        let amount = if self.kind == Kind::Digital { self.gross() } else { self.net() };
        Claim {
            kind: self.type_code(),
            code: &self.code,
            number: &self.number,
            amount,
            date: self.date,
            check: &self.check,
        }
        .text()
    }

    /// Draws the invoice, stamped and signed.
    #[must_use]
    pub fn draw(&self, types: &Typefaces, dice: &mut Dice, signed: &Endorsement) -> Sheet {
        let mut sheet = Sheet::new(1720, 1160, [250, 248, 242]);
        let print = Print::new(types, 27.0).face(Face::Serif);
        let module = if self.kind == Kind::Digital { 7.0 } else { 6.0 };
        qr::draw(&mut sheet, 62.0, 32.0, module, &self.payload());
        self.head(&mut sheet, print);
        self.parties(&mut sheet, print);
        self.table(&mut sheet, print);
        self.totals(&mut sheet, print);
        let y = 985.0;
        let form = print.ink(FORM);
        let x = form.at(&mut sheet, 90.0, y, "开票人：");
        print.at(&mut sheet, x, y, &self.drawer);
        let stamp = Stamp::oval(&self.seller.0, "发票专用章", 132.0);
        stamp.press(&mut sheet, types, dice, 1430.0, 938.0);
        signed.write(&mut sheet, types, dice, area(70.0, 1085.0, 1580.0, 60.0));
        sheet
    }

    fn head(&self, sheet: &mut Sheet, print: Print) {
        let title = match self.kind {
            Kind::Digital => "电子发票（普通发票）",
            Kind::Electronic => "安徽增值税电子普通发票",
            Kind::Paper => "安徽增值税普通发票",
        };
        let middle = 850.0;
        let big = print.ink(FORM).size(58.0);
        let half = big.width(title) / 2.0 + 24.0;
        big.centred(sheet, middle, 118.0, title);
        sheet.level(middle - half, 146.0, half * 2.0, 3.0, FORM);
        sheet.level(middle - half, 155.0, half * 2.0, 3.0, FORM);
        let day = self.date.strftime("%Y年%m月%d日").to_string();
        let mut facts = vec![("发票号码：", self.number.clone()), ("开票日期：", day)];
        if self.kind != Kind::Digital {
            facts.insert(0, ("发票代码：", self.code.clone()));
            let groups: Vec<&str> = self.check.as_bytes().chunks(5).filter_map(text_of).collect();
            facts.push(("校 验 码：", groups.join(" ")));
        }
        let (form, step) = (print.ink(FORM).size(25.0), 40.0);
        let top = 160.0 - step * (facts.len() - 1) as f32;
        for (row, (label, value)) in facts.iter().enumerate() {
            let y = top + step * row as f32;
            let x = form.at(sheet, 1245.0, y, label);
            print.size(25.0).face(Face::Sans).at(sheet, x, y, value);
        }
    }

    fn parties(&self, sheet: &mut Sheet, print: Print) {
        let form = print.ink(FORM);
        let top = 300.0;
        sheet.frame(area(60.0, top, 1600.0, 640.0), 3.0, FORM);
        sheet.level(60.0, top + 110.0, 1600.0, 2.0, FORM);
        let sides = [(60.0, "购买方", &self.buyer), (860.0, "销售方", &self.seller)];
        for (x, title, (name, code)) in sides {
            sheet.upright(x, top, 110.0, 2.0, FORM);
            sheet.upright(x + 48.0, top, 110.0, 2.0, FORM);
            for (row, letter) in title.chars().enumerate() {
                let y = top + 36.0 + 33.0 * row as f32;
                form.size(25.0).centred(sheet, x + 24.0, y, &letter.to_string());
            }
            let at = form.at(sheet, x + 62.0, top + 44.0, "名称：");
            print.fitted(name, 730.0 - (at - x - 62.0)).at(sheet, at, top + 44.0, name);
            let at = form.size(23.0).at(sheet, x + 62.0, top + 90.0, "统一社会信用代码：");
            print.size(25.0).face(Face::Sans).at(sheet, at, top + 90.0, code);
        }
    }

    fn table(&self, sheet: &mut Sheet, print: Print) {
        let form = print.ink(FORM);
        let mut x = 60.0;
        for (column, (title, width)) in COLUMNS.iter().enumerate() {
            form.size(25.0).cell(sheet, area(x, 412.0, *width, 46.0), title);
            if column > 0 && self.kind != Kind::Digital {
                sheet.upright(x, 410.0, 390.0, 2.0, FORM);
            }
            x += width;
        }
        for (row, line) in self.lines.iter().take(5).enumerate() {
            let y = 494.0 + 50.0 * row as f32;
            self.line(sheet, print.size(26.0), y, line);
        }
    }

    fn line(&self, sheet: &mut Sheet, print: Print, y: f32, line: &Line) {
        let net = self.net_of(line);
        let price = net as f64 / 100.0 / line.quantity.max(1) as f64;
        let price = format!("{price:.6}");
        let ends = column_ends();
        print.fitted(&line.name, 475.0).at(sheet, 72.0, y, &line.name);
        print.fitted(&line.spec, 150.0).at(sheet, ends[0] + 12.0, y, &line.spec);
        print.centred(sheet, (ends[1] + ends[2]) / 2.0, y, &line.unit);
        let digits = print.face(Face::Sans);
        let price = price.trim_end_matches('0').trim_end_matches('.');
        digits.right(sheet, ends[3] - 14.0, y, &line.quantity.to_string());
        digits.right(sheet, ends[4] - 14.0, y, price);
        digits.right(sheet, ends[5] - 14.0, y, &yuan(net));
        digits.centred(sheet, (ends[5] + ends[6]) / 2.0, y, &format!("{}%", self.rate));
        digits.right(sheet, ends[7] - 14.0, y, &yuan(line.gross - net));
    }

    fn totals(&self, sheet: &mut Sheet, print: Print) {
        let (form, digits) = (print.ink(FORM), print.face(Face::Sans));
        let ends = column_ends();
        form.spread(sheet, 170.0, 330.0, 784.0, "合计");
        digits.right(sheet, ends[5] - 14.0, 784.0, &format!("¥{}", yuan(self.net())));
        digits.right(sheet, ends[7] - 14.0, 784.0, &format!("¥{}", yuan(self.tax())));
        for y in [800.0, 866.0] {
            sheet.level(60.0, y, 1600.0, 2.0, FORM);
        }
        let cell: Area = area(60.0, 800.0, 500.0, 66.0);
        form.cell(sheet, cell, "价税合计（大写）");
        sheet.upright(560.0, 800.0, 66.0, 2.0, FORM);
        let words = capitals(self.gross().unsigned_abs());
        print.size(31.0).fitted(&words, 560.0).at(sheet, 590.0, 844.0, &words);
        let x = form.at(sheet, 1180.0, 844.0, "（小写）");
        digits.size(32.0).at(sheet, x, 844.0, &format!("¥{}", yuan(self.gross())));
        form.size(25.0).at(sheet, 84.0, 912.0, "备注");
        sheet.upright(160.0, 866.0, 74.0, 2.0, FORM);
    }
}

const COLUMNS: [(&str, f32); 8] = [
    ("项目名称", 500.0),
    ("规格型号", 170.0),
    ("单位", 100.0),
    ("数量", 130.0),
    ("单价", 210.0),
    ("金额", 190.0),
    ("税率/征收率", 140.0),
    ("税额", 160.0),
];

/// Right edges of the columns.
fn column_ends() -> [f32; 8] {
    let mut x = 60.0;
    COLUMNS.map(|(_, width)| {
        x += width;
        x
    })
}

/// Fen as yuan with two decimals and no commas, as invoices write it.
#[must_use]
pub fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn text_of(chunk: &[u8]) -> Option<&str> {
    std::str::from_utf8(chunk).ok()
}

#[cfg(test)]
mod tests {
    use super::{Invoice, Kind, Line};
    use jiff::civil::date;

    fn invoice(kind: Kind, rate: i64, grosses: &[i64]) -> Invoice {
        let line = |gross: &i64| Line {
            name: "*电工器材*灯头".into(),
            spec: String::new(),
            unit: "个".into(),
            quantity: 3,
            gross: *gross,
        };
        Invoice {
            kind,
            code: "034002600111".into(),
            number: "00120031".into(),
            check: "12345678901234567890".into(),
            date: date(2026, 6, 19),
            buyer: ("甲村".into(), String::new()),
            seller: ("乙店".into(), String::new()),
            lines: grosses.iter().map(line).collect(),
            rate,
            drawer: "管理员".into(),
        }
    }

    #[test]
    fn lines_net_and_tax_add_up_to_the_total() {
        for rate in [1, 3, 6, 9, 13] {
            let made = invoice(Kind::Digital, rate, &[12_800, 99, 1, 450_001, 33_333]);
            assert_eq!(made.net() + made.tax(), made.gross());
            let tax: i64 = made.lines.iter().map(|l| l.gross - made.net_of(l)).sum();
            assert_eq!(tax, made.tax());
            for line in &made.lines {
                let error = made.net_of(line) * (100 + rate) - line.gross * 100;
                assert!(error.abs() <= (100 + rate) / 2, "net is the nearest fen");
            }
        }
    }

    #[test]
    fn the_code_holds_the_gross_amount_for_digital_and_the_net_one_for_the_others() {
        assert!(invoice(Kind::Digital, 3, &[135_029]).payload().contains(",1350.29,20260619,"));
        assert!(invoice(Kind::Electronic, 3, &[135_029]).payload().contains(",1310.96,20260619,"));
        assert!(invoice(Kind::Paper, 3, &[60_000]).payload().contains(",582.52,20260619,"));
    }
}
