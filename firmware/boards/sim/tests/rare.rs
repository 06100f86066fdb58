//! Characters that the pack lacks: a box for each, a number, a wish, and the glyphs when they came.

mod common;

use common::Seen;
use firmware::pages::{Page, Place};
use ledger::glyph::{Glyph, SIZES};

/// A picture of a character that is easily told from others.
fn glyphs(ch: char) -> Vec<Glyph> {
    let stripes =
        |px: u8| (0..16 * 16).map(|at| if at / 16 % 4 < 2 { px * 7 } else { 0 }).collect();
    let glyph =
        |px| Glyph { ch, px, width: 16, height: 16, x: 1, y: 0, advance: px, alpha: stripes(px) };
    SIZES.map(glyph).to_vec()
}

#[test]
fn what_is_missing_is_said_and_fetched() {
    let mut seen = Seen::new((800, 480));
    assert_eq!((seen.stage.screen.unshown(), seen.stage.screen.missing().len()), (0, 0));
    seen.stage.go(Place::Receipt(107));
    // Once in the sentence: the page's other words have it not.
    assert_eq!(seen.stage.screen.unshown(), 1);
    seen.expect("有 1 个字无法显示", 24);
    let missing: Vec<char> = seen.stage.screen.missing().iter().copied().collect();
    assert_eq!(missing, ['䶮']);
    let boxed = seen.stage.glass.pixels().to_vec();

    // Half of a glyph, another picture of a character that the pack has, a private character: none of it counts.
    assert!(!seen.stage.screen.add_glyphs(glyphs('䶮')[..1].to_vec()));
    assert!(!seen.stage.screen.add_glyphs(glyphs('张')));
    assert!(!seen.stage.screen.add_glyphs(glyphs('\u{e001}')));
    assert!(!seen.stage.screen.add_glyphs(glyphs('\u{fffd}')));
    seen.stage.reload();
    assert!(seen.stage.glass.pixels() == boxed);
    seen.expect("村里收到", 32);

    assert!(seen.stage.screen.add_glyphs(glyphs('䶮')));
    seen.stage.reload();
    assert_eq!((seen.stage.screen.unshown(), seen.stage.screen.missing().len()), (0, 0));
    assert!(!seen.says("有 1 个字无法显示", 24));
    assert!(seen.stage.glass.pixels() != boxed);
    assert!(!seen.stage.screen.add_glyphs(glyphs('䶮')), "known already");
    seen.expect("村里收到", 32);

    // What looks like nothing is counted too, and nobody is asked for it.
    let Page::Bulletin(mut bulletin) = sample_bulletin(&mut seen) else { panic!("a bulletin") };
    bulletin.text = "甲\u{202e}乙\u{200b}丙\u{e001}丁\u{7}戊\n\u{fffd}龘龘".into();
    seen.stage.show(Page::Bulletin(bulletin));
    assert_eq!(seen.stage.screen.unshown(), 7);
    seen.expect("有 7 个字无法显示", 24);
    assert!(seen.stage.screen.missing().contains(&'龘'));
    assert!(!seen.stage.screen.missing().contains(&'\u{e001}'));

    endless_texts_are_cut(&mut seen);

    // A font stays for ever in memory: after the fourth, glyphs wait for the next start.
    assert!(seen.stage.screen.add_glyphs(glyphs('龘')));
    assert!(seen.stage.screen.add_glyphs(glyphs('䲜')));
    assert!(!seen.stage.screen.add_glyphs(glyphs('䨺')));
    let Page::Bulletin(mut bulletin) = sample_bulletin(&mut seen) else { panic!("a bulletin") };
    bulletin.text = "䲜䨺".into();
    seen.stage.show(Page::Bulletin(bulletin));
    assert_eq!(seen.stage.screen.unshown(), 1);
    seen.expect("有 1 个字无法显示", 24);
    assert!(!seen.stage.screen.missing().contains(&'䨺'), "it is here");
}

fn sample_bulletin(seen: &mut Seen) -> Page {
    let sample = sim::sample::Sample::new(common::pack_bytes());
    seen.stage.go(Place::Bulletin(201));
    sample.load(Place::Bulletin(201))
}

/// Slint counts pixels in 16 bits: no text may come near that.
fn endless_texts_are_cut(seen: &mut Seen) {
    let Page::Bulletin(bulletin) = sample_bulletin(seen) else { panic!("a bulletin") };
    for text in
        ["\n".repeat(60_000), "字".repeat(20_000), "字\n".repeat(15_000), "x".repeat(60_000)]
    {
        let mut long = bulletin.clone();
        (long.line.title, long.line.column) = (text.clone(), text.clone());
        long.text = text;
        seen.stage.show(Page::Bulletin(long));
        assert_eq!(seen.stage.screen.unshown(), 0);
        if seen.says("▼", 32) {
            seen.tap("▼");
        }
    }
}
