//! A fuel ticket: the narrow thermal slip of a filling station's till.

use crate::dice::Dice;
use crate::endorsement::Endorsement;
use crate::invoice::yuan;
use crate::print::Print;
use crate::sheet::{Colour, Sheet, area};
use crate::typeface::{Face, Typefaces};
use jiff::civil::Date;

/// What the ticket says.
#[derive(Clone, Debug)]
pub struct FuelTicket {
    /// The station.
    pub station: String,
    /// What was tanked, as `92号车用汽油`.
    pub fuel: &'static str,
    /// Hundredths of a litre.
    pub volume: i64,
    /// Fen a litre.
    pub price: i64,
    /// When.
    pub date: Date,
}

const GREY: Colour = [66, 64, 72];

impl FuelTicket {
    /// Fen to pay: volume times price, to the nearest fen.
    #[must_use]
    pub fn amount(&self) -> i64 {
        (self.volume * self.price + 50) / 100
    }

    /// Draws the ticket, signed below.
    #[must_use]
    pub fn draw(&self, types: &Typefaces, dice: &mut Dice, signed: &Endorsement) -> Sheet {
        let mut sheet = Sheet::new(860, 1500, [243, 244, 244]);
        let print = Print::new(types, 40.0).ink(GREY);
        let big = print.face(Face::Bold).size(50.0).fitted(&self.station, 740.0);
        big.centred(&mut sheet, 430.0, 110.0, &self.station);
        print.centred(&mut sheet, 430.0, 175.0, "加 油 小 票（顾客联）");
        let clock = format!("{:02}:{:02}", dice.whole(7, 18), dice.whole(0, 59));
        let day = self.date.strftime("%Y-%m-%d").to_string();
        let mut y = 265.0;
        dashes(&mut sheet, y - 45.0);
        let (gun, till) = (dice.whole(1, 8), dice.whole(1, 3));
        let serial = format!("{:06}", dice.whole(1200, 98_000));
        let above = [
            ("流水号", serial),
            ("日期", format!("{day}  {clock}")),
            ("机号/枪号", format!("{till:02} / {gun:02}")),
            ("油品", self.fuel.to_string()),
            ("单价", format!("{} 元/升", yuan(self.price))),
            ("数量", format!("{} 升", yuan(self.volume))),
        ];
        for (label, value) in &above {
            y = row(&mut sheet, print, y, label, value);
        }
        dashes(&mut sheet, y - 30.0);
        y += 30.0;
        let bold = print.face(Face::Bold).size(52.0);
        y = row(&mut sheet, bold, y, "应收金额", &format!("¥{}", yuan(self.amount())));
        y = row(&mut sheet, print, y, "实收金额", &format!("¥{}", yuan(self.amount())));
        y = row(&mut sheet, print, y, "支付方式", "转账");
        dashes(&mut sheet, y - 30.0);
        let small = print.size(32.0);
        small.centred(&mut sheet, 430.0, y + 35.0, "油品售出，请当面核对");
        small.centred(&mut sheet, 430.0, y + 85.0, "谢谢惠顾  一路平安");
        self.fade(&mut sheet, dice);
        signed_column(&mut sheet, types, dice, signed);
        sheet
    }

    /// Thermal heads wear: bands across the paper print paler. Only dark pixels are lifted.
    fn fade(&self, sheet: &mut Sheet, dice: &mut Dice) {
        for _ in 0..3 {
            let (at, wide) = (dice.whole(40, 800) as u32, dice.whole(3, 9) as u32);
            for y in 0..sheet.pixels.height() {
                for x in at..at + wide {
                    if let Some(pixel) = sheet.pixels.get_pixel_mut_checked(x, y) {
                        pixel.0 = pixel.0.map(|v| v + ((243 - v.min(243)) as f32 * 0.55) as u8);
                    }
                }
            }
        }
    }
}

fn row(sheet: &mut Sheet, print: Print, y: f32, label: &str, value: &str) -> f32 {
    print.at(sheet, 70.0, y, label);
    print.right(sheet, 790.0, y, value);
    y + print.size * 1.65
}

fn dashes(sheet: &mut Sheet, y: f32) {
    let mut x = 60.0;
    while x < 800.0 {
        sheet.level(x, y, 16.0, 3.0, GREY);
        x += 27.0;
    }
}

/// The paper is too narrow for one line of names: they stand in two rows.
fn signed_column(sheet: &mut Sheet, types: &Typefaces, dice: &mut Dice, signed: &Endorsement) {
    signed.stacked(sheet, types, dice, area(70.0, 1180.0, 720.0, 290.0));
}
