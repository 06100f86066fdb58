//! The pictures of bulletins: a chart of the villages' money, and a map of a road being mended.

use crate::books::Books;
use crate::people::{TOWNSHIP, VILLAGES};
use crate::print::Print;
use crate::sheet::{Colour, Sheet, area};
use crate::township::Direction;
use crate::typeface::{Face, Typefaces};
use jiff::civil::Date;

const INK: Colour = [26, 26, 26];
const SPENT: Colour = [155, 28, 28];
const TAKEN: Colour = [20, 102, 58];
const RULE: Colour = [217, 210, 197];

/// Bars for what every village took in and spent in the months before `until`.
#[must_use]
pub fn chart(types: &Typefaces, books: &Books, until: Date) -> Sheet {
    let mut sheet = Sheet::new(1600, 1080, [255, 253, 248]);
    let print = Print::new(types, 34.0).ink(INK);
    let months: Vec<&Date> = books.months.iter().filter(|month| **month < until).collect();
    let (Some(first), Some(last)) = (months.first(), months.last()) else { return sheet };
    let title =
        format!("{TOWNSHIP}各村收支（{}年{}—{}月）", first.year(), first.month(), last.month());
    print.face(Face::Bold).size(54.0).centred(&mut sheet, 800.0, 100.0, &title);
    let totals: Vec<[i64; 2]> = (0..books.villages.len())
        .map(|village| {
            [Direction::In, Direction::Out].map(|way| {
                let own = |v: &&crate::voucher::Voucher| {
                    v.village == village && v.direction == way && v.month < until
                };
                books.vouchers.iter().filter(own).map(|v| v.paper.amount()).sum()
            })
        })
        .collect();
    let most = totals.iter().flatten().copied().max().unwrap_or(1).max(1) as f32;
    let (low, high) = (930.0, 640.0);
    for line in 0..=4 {
        sheet.level(90.0, low - high * line as f32 / 4.0, 1420.0, 2.0, RULE);
    }
    let step = 1420.0 / totals.len().max(1) as f32;
    let bar = (step * 0.34).min(120.0);
    for (place, pair) in totals.iter().enumerate() {
        let middle = 90.0 + step * (place as f32 + 0.5);
        for ((fen, colour), x) in
            pair.iter().zip([TAKEN, SPENT]).zip([middle - bar - 3.0, middle + 3.0])
        {
            let tall = high * *fen as f32 / most;
            sheet.cover(area(x, low - tall, bar, tall), colour);
            let text = format!("{}", (fen + 50) / 100);
            let small = print.size(25.0).fitted(&text, bar + 14.0).ink(colour);
            small.centred(&mut sheet, x + bar / 2.0, low - tall - 12.0, &text);
        }
        print.centred(&mut sheet, middle, low + 52.0, books.villages[place].name);
    }
    sheet.level(90.0, low, 1420.0, 3.0, INK);
    for (x, colour, text) in [(560.0, TAKEN, "收入（元）"), (860.0, SPENT, "支出（元）")]
    {
        sheet.fill(area(x, 158.0, 34.0, 34.0), colour, 1.0);
        print.at(&mut sheet, x + 50.0, 188.0, text);
    }
    let note = "由已公开的票据逐笔相加";
    print.size(27.0).ink([106, 96, 80]).right(&mut sheet, 1510.0, 1050.0, note);
    sheet
}

/// Where the villages lie on the map.
const PLACES: [(f32, f32); 8] = [
    (760.0, 480.0),
    (380.0, 330.0),
    (250.0, 620.0),
    (1080.0, 360.0),
    (1330.0, 620.0),
    (1000.0, 790.0),
    (640.0, 800.0),
    (1350.0, 230.0),
];
/// Which of them a road joins.
const ROADS: [(usize, usize); 9] =
    [(0, 1), (1, 2), (0, 3), (3, 4), (0, 6), (6, 5), (5, 4), (3, 7), (2, 6)];
/// The road being mended.
const MENDED: (usize, usize) = (3, 4);

/// A sketch map: river, roads, villages, and the stretch being mended.
#[must_use]
pub fn map(types: &Typefaces) -> Sheet {
    let mut sheet = Sheet::new(1600, 1080, [246, 243, 232]);
    let print = Print::new(types, 36.0).ink(INK);
    let title = "村道修补施工位置示意图";
    print.face(Face::Bold).size(54.0).centred(&mut sheet, 800.0, 96.0, title);
    let river = |x: f32| 930.0 - 0.36 * x + 60.0 * (x * 0.006).sin();
    for step in 60..1540 {
        let x = step as f32;
        sheet.fill(area(x, river(x).max(150.0), 1.0, 46.0), [176, 212, 232], 1.0);
    }
    print.size(30.0).ink([42, 92, 128]).at(&mut sheet, 96.0, 870.0, "清水河");
    for road in ROADS {
        let (from, to) = (PLACES[road.0], PLACES[road.1]);
        if road == MENDED {
            dashed(&mut sheet, from, to);
        } else {
            sheet.stroke(from, to, 16.0, [200, 190, 170]);
            sheet.stroke(from, to, 3.0, [150, 140, 122]);
        }
    }
    for (name, (x, y)) in VILLAGES.iter().zip(PLACES) {
        sheet.disc(x, y, 17.0, INK);
        // The upper villages have their roads below them, the lower ones above.
        let label = if y < 550.0 { y - 38.0 } else { y + 66.0 };
        print.centred(&mut sheet, x, label, name);
    }
    dashed(&mut sheet, (1080.0, 980.0), (1190.0, 980.0));
    print.size(31.0).at(&mut sheet, 1212.0, 992.0, "本次施工路段");
    sheet.frame(area(60.0, 136.0, 1480.0, 890.0), 3.0, [150, 140, 122]);
    print.size(27.0).ink([106, 96, 80]).right(&mut sheet, 1540.0, 1062.0, "示意图，不作为界线依据");
    sheet
}

fn dashed(sheet: &mut Sheet, from: (f32, f32), to: (f32, f32)) {
    let length = (to.0 - from.0).hypot(to.1 - from.1);
    let count = (length / 34.0) as usize;
    let at = |t: f32| (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t);
    for dash in 0..count {
        let start = dash as f32 / count as f32;
        sheet.stroke(at(start), at(start + 0.62 / count as f32), 18.0, SPENT);
    }
}
