//! A damaged pack: said on the screen, and what can be said without it is.

mod common;

use common::pack_bytes;
use ledger::glyph::Pack;
use sim::reading;
use sim::sample::Sample;
use sim::stage::Stage;

#[test]
fn without_a_pack_the_fixed_words_and_numbers_are_there() {
    let good = pack_bytes();
    let mut bad = good.to_vec();
    bad[5_000_000] ^= 1;
    let sample = Sample::new(good);
    let book = Box::new(move |place| sample.load(place));
    let stage = Stage::new((800, 480), Box::leak(bad.into_boxed_slice()), Vec::new(), book)
        .expect("the only screen");
    assert!(stage.screen.damage().is_some());
    let pack = Pack::read(good).expect("a pack");
    let expect = |text: &str, px| {
        assert!(reading::says(&stage.glass, &pack, text, px), "{text}");
    };
    expect("字库坏了，请联系镇里。", 24);
    expect("2026年6月", 24);
    expect("35,500.00元", 24);
    expect("15 □", 24);
    assert!(stage.screen.unshown() > 0);
    expect(&format!("有 {} 个字无法显示", stage.screen.unshown()), 24);
}
