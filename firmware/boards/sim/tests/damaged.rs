//! A damaged pack: said on the screen, and what the spare one has is shown.

mod common;

use common::pack_bytes;
use ledger::glyph::{Glyph, Pack, PackGlyph, SIZES};
use sim::reading;
use sim::sample::Sample;
use sim::stage::Stage;

#[test]
fn without_a_pack_numbers_and_what_is_wrong_are_there() {
    let good = pack_bytes();
    let sample = Sample::new(good);
    let book = Box::new(move |place| sample.load(place));
    // Cut off: seen at once. A wrong bit is seen later (tests/run.rs).
    let mut stage =
        Stage::new((800, 480), &good[..5_000_000], Vec::new(), book).expect("the only screen");
    assert!(stage.screen.damage().is_some());
    let pack = Pack::read(good).expect("a pack");
    let expect = |stage: &Stage, text: &str, px| {
        assert!(reading::says(&stage.glass, &pack, text, px), "{text}");
    };
    expect(&stage, "字库坏了，请联系镇里。", 24);
    expect(&stage, "2026年6月", 32);
    expect(&stage, "35,500.00元", 32);
    expect(&stage, "15", 24);
    let unshown = stage.screen.unshown();
    assert!(unshown > 0);
    expect(&stage, &format!("有 {unshown} 个字无法显示"), 24);

    // What is missing is asked for, and shown when it comes.
    assert!(stage.screen.missing().contains(&'张'));
    let glyph = |px| {
        let PackGlyph { width, height, x, y, advance, alpha } = pack.glyph('张', px)?;
        Some(Glyph { ch: '张', px, width, height, x, y, advance, alpha: alpha.to_vec() })
    };
    assert!(stage.screen.add_glyphs(SIZES.into_iter().filter_map(glyph).collect()));
    stage.reload();
    expect(&stage, "15 张", 24);
    assert!(stage.screen.unshown() < unshown);
    expect(&stage, &format!("有 {} 个字无法显示", stage.screen.unshown()), 24);
}
