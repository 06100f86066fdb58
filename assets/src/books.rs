//! The books of the whole township: which village had what in which month.

use crate::dice::Dice;
use crate::invoice::Kind;
use crate::paper::Paper;
use crate::people::Village;
use crate::spending::{CLEANERS, OCCASIONS, Occasion};
use crate::township::Made;
use crate::voucher::{self, Voucher};
use jiff::ToSpan;
use jiff::civil::{Date, date};

/// The first month of the books.
const START: Date = date(2026, 5, 1);
/// Of this many village-months, one has no receipts at all.
const ONE_EMPTY_OF: usize = 16;
/// Of this many receipts, one uses another village's invoice again.
const ONE_AGAIN_OF: usize = 66;

/// Everything that happened.
#[derive(Clone, Debug)]
pub struct Books {
    /// The villages.
    pub villages: Vec<Village>,
    /// The months, as their first days.
    pub months: Vec<Date>,
    /// The vouchers, by village, month and date.
    pub vouchers: Vec<Voucher>,
    /// Village (its place) and month without vouchers.
    pub empty: Vec<(usize, Date)>,
}

impl Books {
    /// The books that these parameters give.
    #[must_use]
    pub fn new(made: &Made) -> Self {
        let villages: Vec<Village> =
            (0..made.villages).map(|place| Village::new(made.seed, place)).collect();
        let months: Vec<Date> =
            (0..made.months).map(|n| START.saturating_add((n as i64).months())).collect();
        let counts = counts(made);
        let mut books = Self { villages, months, vouchers: Vec::new(), empty: Vec::new() };
        for (slot, count) in counts.into_iter().enumerate() {
            let (place, month) = (slot / made.months, books.months[slot % made.months]);
            if count == 0 {
                books.empty.push((place, month));
            } else {
                books.month(made.seed, place, month, count);
            }
        }
        books.use_again(made);
        books.number_invoices();
        books.sort();
        books
    }

    /// `count` vouchers of one village and month.
    fn month(&mut self, seed: u64, place: usize, month: Date, count: usize) {
        let village = &self.villages[place];
        let mut dice = Dice::new(seed, &format!("month/{}/{month}", village.name));
        for occasion in occasions(month, count, &mut dice) {
            self.vouchers.push(voucher::make(occasion, village, place, month, &mut dice));
        }
    }

    /// Puts the vouchers in order; whoever points at another still points at it.
    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.vouchers.len()).collect();
        order.sort_by_key(|place| {
            let voucher = &self.vouchers[*place];
            (voucher.village, voucher.month, voucher.date)
        });
        let mut now_at = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            now_at[*old] = new;
        }
        self.vouchers = order.iter().map(|old| self.vouchers[*old].clone()).collect();
        for voucher in &mut self.vouchers {
            voucher.again = voucher.again.map(|old| now_at[old]);
        }
    }

    /// Lets a few vouchers show an invoice that another village has booked already.
    fn use_again(&mut self, made: &Made) {
        let mut dice = Dice::new(made.seed, "again");
        let wanted = (made.receipts + ONE_AGAIN_OF / 2) / ONE_AGAIN_OF;
        let mut used = Vec::new();
        for place in dice.sample(self.vouchers.len(), self.vouchers.len()) {
            if used.len() >= wanted * 2 {
                break;
            }
            let first = self.vouchers[place].clone();
            let partner = (0..self.vouchers.len()).find(|other| {
                let second = &self.vouchers[*other];
                second.village > first.village
                    && second.month == first.month
                    && second.paper.kind() == "invoice"
                    && !used.contains(other)
            });
            let (Some(other), true) = (partner, first.paper.kind() == "invoice") else { continue };
            if used.contains(&place) {
                continue;
            }
            let second = &mut self.vouchers[other];
            let (village, signed) = (second.village, second.signed.clone());
            *second = Voucher { village, signed, again: Some(place), ..first };
            used.extend([place, other]);
        }
    }

    /// Gives every invoice a number of its own, and those used again the same.
    fn number_invoices(&mut self) {
        for place in 0..self.vouchers.len() {
            let ordinal = self.vouchers[place].again.unwrap_or(place) as u64 + 1;
            let Paper::Invoice(invoice) = &mut self.vouchers[place].paper else { continue };
            // Multiplied by a number without common factors with the modulus: no two are alike.
            let short = ordinal * 48_271 % 100_000_000;
            (invoice.code, invoice.number) = match invoice.kind {
                Kind::Digital => (
                    String::new(),
                    format!("26342000{:012}", ordinal * 98_765_431 % 10_000_000_000),
                ),
                Kind::Electronic => ("034002600111".to_string(), format!("{short:08}")),
                Kind::Paper => ("034002600104".to_string(), format!("{short:08}")),
            };
        }
    }
}

/// How many vouchers every village-month has; villages follow each other, months within.
fn counts(made: &Made) -> Vec<usize> {
    let slots = made.villages * made.months;
    let mut dice = Dice::new(made.seed, "counts");
    let mut open = vec![true; slots];
    let mut villages = dice.sample(made.villages, slots / ONE_EMPTY_OF);
    while let (Some(village), true) = (villages.pop(), made.months > 1) {
        open[village * made.months + 1 + dice.index(made.months - 1)] = false;
    }
    let busy: Vec<usize> = (0..slots).filter(|slot| open[*slot]).collect();
    let mut counts = vec![0; slots];
    for (round, _) in (0..made.receipts).zip((0..busy.len().max(1)).cycle()) {
        counts[busy[round % busy.len().max(1)]] += 1;
    }
    // Villages differ: some receipts move from one month to another.
    for _ in 0..busy.len() {
        let (from, to) = (*dice.pick(&busy), *dice.pick(&busy));
        if counts[from] > 2 {
            counts[from] -= 1;
            counts[to] += 1;
        }
    }
    counts
}

/// `count` occasions that fit the month: the cleaners' wages, then what chance brings, nothing twice
/// before everything came up once.
fn occasions(month: Date, count: usize, dice: &mut Dice) -> Vec<&'static Occasion> {
    let fitting = || -> Vec<&'static Occasion> {
        let fits = |o: &&Occasion| o.months.is_empty() || o.months.contains(&month.month());
        OCCASIONS.iter().filter(fits).collect()
    };
    let mut chosen = Vec::new();
    if count > 2 && dice.chance(0.7) {
        chosen.push(&CLEANERS);
    }
    let mut open = fitting();
    while chosen.len() < count {
        if open.is_empty() {
            open = fitting();
        }
        let total: i64 = open.iter().map(|occasion| occasion.weight).sum();
        let mut ticket = dice.whole(0, total.max(1) - 1);
        let place = open.iter().position(|occasion| {
            ticket -= occasion.weight;
            ticket < 0
        });
        chosen.push(open.swap_remove(place.unwrap_or(0)));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qr::crc16;
    use std::collections::BTreeMap;

    fn made(receipts: usize, months: usize, villages: usize) -> Made {
        Made { edition: 0, seed: 1, receipts, months, villages }
    }

    #[test]
    fn every_village_month_has_vouchers_or_is_said_to_have_none() {
        for (receipts, months, villages) in [(200, 6, 8), (1, 1, 1), (7, 6, 8), (90, 3, 2)] {
            let books = Books::new(&made(receipts, months, villages));
            assert_eq!(books.vouchers.len(), receipts);
            let busy: std::collections::BTreeSet<(usize, Date)> =
                books.vouchers.iter().map(|v| (v.village, v.month)).collect();
            assert_eq!(busy.len() + books.empty.len(), months * villages);
            assert!(books.empty.iter().all(|slot| !busy.contains(slot)));
        }
        assert_eq!(Books::new(&made(200, 6, 8)).empty.len(), 3);
    }

    #[test]
    fn every_code_verifies_and_holds_the_amount_that_its_type_wants() {
        let books = Books::new(&made(400, 6, 8));
        let invoices: Vec<_> = books.vouchers.iter().filter_map(|v| v.paper.invoice()).collect();
        assert!(invoices.len() > 120);
        for invoice in invoices {
            let text = invoice.payload();
            let parts: Vec<&str> = text.split(',').collect();
            let body = &text[..text.len() - 4];
            assert_eq!(parts[7], format!("{:04X}", crc16(body.as_bytes())));
            let fen: i64 = parts[4].replace('.', "").parse().unwrap();
            match parts[1] {
                "32" => assert_eq!((fen, parts[2], parts[3].len()), (invoice.gross(), "", 20)),
                _ => assert_eq!((fen, parts[3].len(), parts[6].len()), (invoice.net(), 8, 20)),
            }
            assert_eq!(invoice.net() + invoice.tax(), invoice.gross());
        }
    }

    #[test]
    fn an_invoice_number_stands_twice_only_where_the_books_say_so() {
        let books = Books::new(&made(200, 6, 8));
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut again = 0;
        for voucher in &books.vouchers {
            let Some(invoice) = voucher.paper.invoice() else { continue };
            let key = format!("{}/{}", invoice.code, invoice.number);
            if let Some(first) = voucher.again {
                again += 1;
                assert_ne!(books.vouchers[first].village, voucher.village);
                assert_eq!(books.vouchers[first].paper.invoice_id(), voucher.paper.invoice_id());
                assert!(books.vouchers[first].again.is_none());
            } else {
                assert!(seen.insert(key, 1).is_none());
            }
        }
        assert_eq!(again, 3);
    }

    #[test]
    fn everything_fits_the_limits_of_the_content_object() {
        for voucher in Books::new(&made(400, 6, 8)).vouchers {
            assert!(voucher.paper.amount() > 0 && voucher.paper.amount() < 10_000_000);
            assert!(voucher.purpose.chars().count() <= 200 && !voucher.purpose.contains('{'));
            assert!(voucher.payee.chars().count() <= 40);
            assert_eq!(voucher.date.first_of_month(), voucher.month);
        }
    }
}
