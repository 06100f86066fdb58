//! A voucher: one occasion in one village and month, turned into a paper with its entry in the books.

use crate::dice::Dice;
use crate::endorsement::Endorsement;
use crate::fuel::FuelTicket;
use crate::income::IncomeReceipt;
use crate::invoice::{Invoice, Kind, Line};
use crate::paper::Paper;
use crate::payroll::{Payroll, Row};
use crate::people::{Village, organisation_code};
use crate::slip::Slip;
use crate::spending::{Goods, Occasion, Source};
use crate::township::Direction;
use jiff::civil::Date;

/// The voucher.
#[derive(Clone, Debug)]
pub struct Voucher {
    /// Place of the village in the list.
    pub village: usize,
    /// First day of the month in whose books it stands.
    pub month: Date,
    /// Day on the paper.
    pub date: Date,
    /// The paper.
    pub paper: Paper,
    /// Which way the money went.
    pub direction: Direction,
    /// What for.
    pub purpose: String,
    /// Who was paid, or who paid.
    pub payee: String,
    /// Heading in the books.
    pub category: &'static str,
    /// Who signed.
    pub signed: Endorsement,
    /// Place in the list of vouchers of the one whose invoice this one uses again.
    pub again: Option<usize>,
}

/// Makes the voucher for an occasion; its invoice has no number yet.
#[must_use]
pub fn make(
    occasion: &Occasion,
    village: &Village,
    place: usize,
    month: Date,
    dice: &mut Dice,
) -> Voucher {
    // What is paid for a whole month is paid at its end.
    let first = if occasion.purpose.starts_with("{m}") { 25 } else { 2 };
    let day = dice.whole(first, i64::from(month.days_in_month()) - 1) as i8;
    let date = month.with().day(day).build().unwrap_or(month);
    let purpose = occasion.purpose.replace("{m}", &month.month().to_string());
    let (paper, payee, direction) = match occasion.source {
        Source::Bought { sellers, rate, goods } => {
            let seller = *dice.pick(sellers);
            let paper = Paper::Invoice(invoice(village, seller, rate, goods, date, dice));
            (paper, seller.to_string(), Direction::Out)
        }
        Source::Slip { title, yuan } => {
            let payee = dice.pick(&village.households).clone();
            let amount = dice.whole(yuan.0 / 10, yuan.1 / 10) * 1_000;
            let (payer, purpose) = (village.committee(), purpose.clone());
            let paper = Slip { title, payer, purpose, amount, payee: payee.clone(), date };
            (Paper::Slip(paper), payee, Direction::Out)
        }
        Source::Payroll { work, title, heads, days, yuan } => {
            let sheet = payroll(village, month, (work, title), (heads, days, yuan), date, dice);
            let first = sheet.rows.first().map_or("", |row| row.name.as_str());
            let payee = format!("{first}等{}人", sheet.rows.len());
            (Paper::Payroll(sheet), payee, Direction::Out)
        }
        Source::Fuel => {
            let (fuel, price) = *dice.pick(&[("92号车用汽油", 768), ("0号车用柴油", 741)]);
            let station = (*dice.pick(&["新街加油站", "城北加油站"])).to_string();
            let (volume, price) = (dice.whole(1_500, 5_200), price + dice.whole(-18, 18));
            let ticket = FuelTicket { station: station.clone(), fuel, volume, price, date };
            (Paper::Fuel(ticket), station, Direction::Out)
        }
        Source::Income { payer, yuan } => {
            let payer = payer.map_or_else(|| dice.pick(&village.households).clone(), String::from);
            let receipt = IncomeReceipt {
                number: format!("{:07}", dice.whole(12_000, 98_000)),
                payee: village.collective(),
                payer: payer.clone(),
                purpose: purpose.clone(),
                amount: dice.whole(yuan.0 / 100, yuan.1 / 100) * 10_000,
                date,
            };
            (Paper::Income(receipt), payer, Direction::In)
        }
    };
    let signed = sign(village, dice);
    let category = occasion.category;
    Voucher {
        village: place,
        month,
        date,
        paper,
        direction,
        purpose,
        payee,
        category,
        signed,
        again: None,
    }
}

/// Who of the village signs a voucher.
#[must_use]
pub fn sign(village: &Village, dice: &mut Dice) -> Endorsement {
    Endorsement {
        handler: dice.pick(&village.handlers).clone(),
        witness: dice.pick(&village.witnesses).clone(),
        approver: village.approver.clone(),
        village: village.name.to_string(),
    }
}

fn invoice(
    village: &Village,
    seller: &str,
    rate: i64,
    goods: &[Goods],
    date: Date,
    dice: &mut Dice,
) -> Invoice {
    let kind = match dice.whole(0, 99) {
        0..=69 => Kind::Digital,
        70..=89 => Kind::Electronic,
        _ => Kind::Paper,
    };
    let least = if goods.len() > 2 { 2 } else { 1 };
    let count = dice.whole(least, goods.len() as i64) as usize;
    let mut chosen = dice.sample(goods.len(), count);
    chosen.sort_unstable();
    let lines = chosen.into_iter().map(|place| line(&goods[place], dice)).collect();
    let buyer = village.committee();
    Invoice {
        kind,
        code: String::new(),
        number: String::new(),
        check: if kind == Kind::Digital { String::new() } else { dice.digits(20) },
        date,
        buyer: (buyer.clone(), organisation_code("54", &buyer)),
        seller: (seller.to_string(), organisation_code("92", seller)),
        lines,
        rate,
        drawer: crate::people::names(&mut Dice::new(5, seller), 1).concat(),
    }
}

fn line(goods: &Goods, dice: &mut Dice) -> Line {
    let many = goods.quantity.1 > 50;
    let mut quantity = dice.whole(goods.quantity.0, goods.quantity.1);
    if many && goods.unit != "千瓦时" && goods.unit != "立方米" {
        quantity = quantity / 10 * 10;
    }
    // Shops price by the half yuan; metered things by the fen.
    let step = if goods.price.0 < 1_000 { 1 } else { 50 };
    let price = dice.whole(goods.price.0 / step, goods.price.1 / step) * step;
    Line {
        name: goods.name.to_string(),
        spec: goods.spec.to_string(),
        unit: goods.unit.to_string(),
        quantity,
        gross: quantity * price,
    }
}

type Range = (i64, i64);

fn payroll(
    village: &Village,
    month: Date,
    (work, title): (&str, &str),
    (heads, days, yuan): (Range, Range, Range),
    date: Date,
    dice: &mut Dice,
) -> Payroll {
    // The same hired hands do the same work month after month, at the same rate.
    let mut habits = Dice::new(9, &format!("{}{title}", village.name));
    let count = habits.whole(heads.0, heads.1) as usize;
    let rate = habits.whole(yuan.0, yuan.1) * 100;
    let pool: Vec<&String> = village.workers.iter().chain(&village.households).collect();
    let people = habits.sample(pool.len().min(count + 3), count);
    let row =
        |place: usize| Row { name: pool[place].clone(), days: dice.whole(days.0, days.1), rate };
    Payroll {
        title: format!("{}{}年{}月{title}", village.name, month.year(), month.month()),
        work: work.to_string(),
        payer: village.committee(),
        rows: people.into_iter().map(row).collect(),
        date,
    }
}
