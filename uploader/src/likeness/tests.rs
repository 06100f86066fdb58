#![allow(clippy::unwrap_used)]
use super::*;
use image::{GrayImage, Luma, imageops};
use ledger::hash::sha256;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

struct Dice(ChaCha8Rng);

impl Dice {
    fn new(seed: u8) -> Dice {
        Dice(ChaCha8Rng::from_seed([seed; 32]))
    }

    fn real(&mut self, low: f32, high: f32) -> f32 {
        low + (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32 * (high - low)
    }

    fn below(&mut self, end: u32) -> u32 {
        self.0.next_u32() % end
    }
}

/// A form with the lines of its kind, filled in with words of its own.
fn paper(kind: u32, dice: &mut Dice) -> GrayImage {
    let (width, height) = (300, 200);
    let mut paper = GrayImage::from_pixel(width, height, Luma([235]));
    let mut fill = |x: u32, y: u32, w: u32, h: u32, shade: u8| {
        for (x, y) in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y))) {
            if x < width && y < height {
                paper.put_pixel(x, y, Luma([shade]));
            }
        }
    };
    let rows = 5 + kind % 4;
    fill(90 + 10 * (kind % 5), 8, 110, 12, 60);
    for row in 0..=rows {
        fill(15, 30 + row * 150 / rows, 270, 2, 90);
    }
    for row in 0..rows {
        let mut x = 20;
        while x < 270 {
            let length = 8 + dice.below(50);
            fill(x, 36 + row * 150 / rows, length, 10, 70 + dice.below(60) as u8);
            x += length + 6 + dice.below(40);
        }
    }
    paper
}

/// The paper photographed again: shifted corners, other light, less sharp, turned.
fn again(paper: &GrayImage, cut: f32, dice: &mut Dice) -> GrayImage {
    let (width, height) = paper.dimensions();
    let (w, h) = (width as f32, height as f32);
    let mut off = |side: f32| dice.real(-cut, cut) * side;
    let (left, right, top, bottom) = (off(w), off(w), off(h), off(h));
    let (lean, tilt) = (off(w), off(h));
    let (gain, slope) = (dice.real(0.7, 1.1), dice.real(-0.2, 0.2));
    let picture = GrayImage::from_fn(width, height, |x, y| {
        let (s, t) = (x as f32 / w, y as f32 / h);
        let u = left + s * (w - left - right) + lean * t * (1.0 - s);
        let v = top + t * (h - top - bottom) + tilt * s * (1.0 - t);
        let inside = u >= 0.0 && v >= 0.0 && u < w && v < h;
        let shade = if inside { paper.get_pixel(u as u32, v as u32).0[0] } else { 150 };
        Luma([(f32::from(shade) * (gain + slope * (s - 0.5))).clamp(0.0, 255.0) as u8])
    });
    let picture = imageops::blur(&picture, dice.real(0.5, 1.2));
    match dice.below(4) {
        0 => picture,
        1 => imageops::rotate90(&picture),
        2 => imageops::rotate180(&picture),
        _ => imageops::rotate270(&picture),
    }
}

#[test]
fn a_paper_photographed_again_looks_alike_and_another_of_its_form_does_not() {
    let mut dice = Dice::new(3);
    let papers: Vec<GrayImage> = (0..80).map(|n| paper(n % 4, &mut dice)).collect();
    let looks: Vec<Looks> = papers.iter().map(|paper| Looks::of(paper).unwrap()).collect();
    for (cut, limit, least) in [(0.006, ALIKE_ALONE, 85), (0.02, ALIKE, 95)] {
        let again: Vec<Looks> =
            papers.iter().map(|paper| Looks::of(&again(paper, cut, &mut dice)).unwrap()).collect();
        let known = looks.iter().zip(&again).filter(|(a, b)| a.distance(b) <= limit).count();
        println!("cut {cut}: {known} of {} within {limit}", papers.len());
        assert!(known * 100 >= papers.len() * least, "{known} of {}", papers.len());
        let mut wrong = 0;
        for (n, one) in looks.iter().enumerate() {
            let others = again.iter().enumerate().filter(|(m, _)| *m != n);
            wrong += others.filter(|(_, two)| one.distance(two) <= ALIKE_ALONE).count();
        }
        let pairs = papers.len() * (papers.len() - 1);
        println!("cut {cut}: {wrong} of {pairs} other pairs within {ALIKE_ALONE}");
        assert!(wrong * 100 <= pairs, "{wrong} of {pairs}");
    }
}

#[test]
fn turns_and_light_change_nothing() {
    let mut dice = Dice::new(4);
    let upright = paper(1, &mut dice);
    let looks = Looks::of(&upright).unwrap();
    for turned in [imageops::rotate90(&upright), imageops::rotate180(&upright)] {
        assert!(looks.distance(&Looks::of(&turned).unwrap()) < 0.02);
    }
    let dim = GrayImage::from_fn(300, 200, |x, y| Luma([upright.get_pixel(x, y).0[0] / 2 + 20]));
    assert!(looks.distance(&Looks::of(&dim).unwrap()) < 0.05);
    assert!(looks.distance(&Looks::of(&imageops::flip_horizontal(&upright)).unwrap()) > 0.2);
    assert_eq!(Looks::from_bytes(&looks.to_bytes()), Some(looks));
    assert_eq!(Looks::from_bytes(&[0; 8]), None);
    assert_eq!(Looks::of(&GrayImage::new(0, 5)), None);
}

fn paid(amount: i64, date: &str, payee: &str) -> Paper {
    let (amount, date) = (Some(Fen(amount)), Some(date.parse().unwrap()));
    Paper { amount, date, payee: payee.into(), ..Paper::default() }
}

#[test]
fn the_strongest_reason_is_told() {
    let mut a = paid(12_300, "2026-05-12", "新街 五金店（东）");
    let b = paid(12_300, "2026-05-12", "新街五金店(东)");
    assert_eq!(why_alike(&a, &b), Some(Why::SamePayment));
    assert_eq!(why_alike(&a, &paid(12_300, "2026-05-13", "新街五金店(东)")), None);
    assert_eq!(why_alike(&paid(1, "2026-05-12", ""), &paid(1, "2026-05-12", " ")), None);
    assert_eq!(why_alike(&Paper::default(), &Paper::default()), None);
    let number = |code: &str, number: &str| Some((code.to_string(), number.to_string()));
    let mut b = Paper { invoice: number("3400", "43951776"), ..b };
    assert_eq!(why_alike(&a, &b), Some(Why::SamePayment));
    a.invoice = number("3401", "43951776");
    assert_eq!(why_alike(&a, &b), None, "two invoices of one shop and day");
    a.invoice.clone_from(&b.invoice);
    assert_eq!(why_alike(&a, &b), Some(Why::SameInvoice));
    a.files = vec![sha256(b"1"), sha256(b"2")];
    b.files = vec![sha256(b"2")];
    assert_eq!(why_alike(&a, &b), Some(Why::SameFile));
    assert_eq!(why_alike(&a, &b).unwrap().say(), "是同一张照片");
}

#[test]
fn looks_reach_further_where_the_payment_agrees() {
    let mut dice = Dice::new(5);
    let first = paper(2, &mut dice);
    let looks = Looks::of(&first).unwrap();
    let far = (0..200)
        .map(|_| Looks::of(&again(&first, 0.03, &mut dice)).unwrap())
        .find(|other| (ALIKE_ALONE..ALIKE).contains(&looks.distance(other)))
        .unwrap();
    let mut a = Paper { looks: vec![looks], ..paid(500, "2026-05-12", "甲") };
    let b = Paper { looks: vec![far], ..paid(500, "2026-05-12", "乙") };
    assert_eq!(why_alike(&a, &b), Some(Why::SameLooks));
    a.amount = Some(Fen(501));
    assert_eq!(why_alike(&a, &b), None);
    a.looks = vec![far];
    assert_eq!(why_alike(&a, &b), Some(Why::SameLooks));
}

#[test]
fn thousands_of_papers_are_compared_in_a_moment_and_every_pair_is_found() {
    let mut dice = Dice::new(6);
    let mut random = || {
        let bytes: [u8; 72] = std::array::from_fn(|_| dice.below(256) as u8);
        Looks::from_bytes(&bytes).unwrap()
    };
    let mut papers: Vec<Paper> = (0..3_000i64)
        .map(|n| Paper { looks: vec![random()], ..paid(n + 1, "2026-05-12", "甲") })
        .collect();
    papers[2_000].looks = papers[7].looks.clone();
    papers[2_001].files = vec![sha256(b"x")];
    papers[8].files = vec![sha256(b"x"), sha256(b"y")];
    papers[2_002].amount = papers[9].amount;
    let started = std::time::Instant::now();
    let pairs = duplicates(&papers);
    println!("{} papers in {:?}", papers.len(), started.elapsed());
    let pair = |first, second, why| Pair { first, second, why };
    assert_eq!(
        pairs,
        [
            pair(7, 2_000, Why::SameLooks),
            pair(8, 2_001, Why::SameFile),
            pair(9, 2_002, Why::SamePayment),
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_list_finds_what_two_by_two_finds(
        papers in prop::collection::vec((0i64..3, 0u8..3, 0u8..4, 0u8..4), 0..12)
    ) {
        let papers: Vec<Paper> = papers.into_iter().map(|(amount, payee, file, number)| Paper {
            files: (file > 0).then(|| sha256(&[file])).into_iter().collect(),
            invoice: (number > 0).then(|| (String::new(), number.to_string())),
            ..paid(amount, "2026-05-12", ["", "甲", "乙"][usize::from(payee)])
        }).collect();
        let mut each = Vec::new();
        for (first, a) in papers.iter().enumerate() {
            for (second, b) in papers.iter().enumerate().skip(first + 1) {
                each.extend(why_alike(a, b).map(|why| Pair { first, second, why }));
            }
        }
        prop_assert_eq!(duplicates(&papers), each);
    }

    #[test]
    fn no_picture_panics(width in 1u32..90, height in 1u32..90, shade: u8) {
        let looks = Looks::of(&GrayImage::from_pixel(width, height, Luma([shade]))).unwrap();
        prop_assert_eq!(looks.distance(&looks), 0.0);
    }
}
