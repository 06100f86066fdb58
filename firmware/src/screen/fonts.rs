//! The font of what the pages say: the glyph pack in flash, the glyphs that came besides, and a crossed box for every
//! character that neither has. Where the pack is damaged a small spare one stands in for it. Nothing is left out
//! silently: what is missing is counted, and named so that it can be fetched.

mod register;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use ledger::glyph::{BadPack, Check, Glyph, Metrics, Pack, PackGlyph, SIZES, is_shown};
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use register::register;
use slint::SharedString;
use slint::platform::software_renderer::MinimalSoftwareWindow;

/// Stands for a character without a glyph; no text has it from elsewhere.
pub const BOX: char = '\u{fffd}';
/// The most characters beside the pack, and the most that are remembered as missing.
pub const BESIDES_MAX: usize = 256;
/// A font that Slint was told of stays for ever, with 50 bytes a character. So this many times glyphs may come while
/// a board is on; those that come later are shown after its next start.
const FONTS_MAX: usize = 4;
/// Characters of the longest line; Slint's coordinates have 16 bits.
const LINE_MAX: usize = 200;
/// Characters and lines of a sheet of a longer text, for the same reason.
const SHEET_MAX: (usize, usize) = (1500, 60);
/// What a page still says without a pack: numbers, days, and what is wrong. A pack too, deflated, which
/// `board-sim spare` makes.
const SPARE: &[u8] = include_bytes!("fonts/spare");
/// Bytes of it in memory, at the most.
const SPARE_MAX: usize = 128 * 1024;
/// Bytes of the pack that are looked at between two frames: some milliseconds.
const CHECK_BYTES: usize = 32 * 1024;
/// How a box stands on a line, if there is no pack that says it.
const METRICS: Metrics = Metrics { ascent: 1160, descent: -288, x_height: 543, cap_height: 733 };

/// A glyph that lies there for good.
type Lasting = PackGlyph<'static>;

/// See above.
pub struct Fonts {
    /// The one in flash, or the spare one.
    pack: Option<Pack<'static>>,
    /// Why it is the spare one.
    damage: Option<BadPack>,
    /// Of the pack, until it is done.
    check: Option<Check<'static>>,
    /// At each of [`SIZES`].
    besides: BTreeMap<char, [Lasting; 2]>,
    /// Those of them that the font has.
    registered: BTreeSet<char>,
    fonts: usize,
    missing: BTreeSet<char>,
    /// Characters on the page that could not be shown.
    unshown: usize,
}

impl Fonts {
    /// Makes the font; a pack that is damaged is as good as none. Slint draws nothing before it knows one.
    pub fn new(window: &MinimalSoftwareWindow, pack: &'static [u8], besides: Vec<Glyph>) -> Fonts {
        let pack = Pack::open(pack);
        let mut fonts = Fonts {
            check: pack.as_ref().ok().map(Pack::check),
            damage: pack.as_ref().err().copied(),
            pack: pack.ok().or_else(spare),
            besides: BTreeMap::new(),
            registered: BTreeSet::new(),
            fonts: 0,
            missing: BTreeSet::new(),
            unshown: 0,
        };
        fonts.keep(besides);
        fonts.register(window);
        fonts
    }

    /// The font's name.
    pub fn family(&self) -> SharedString {
        name(self.fonts).into()
    }

    /// Why the pack in flash is not used.
    pub fn damage(&self) -> Option<BadPack> {
        self.damage
    }

    /// Looks at a little more of the pack; whether all of it was seen, and is damaged. Then it is no more used.
    pub fn check(&mut self, window: &MinimalSoftwareWindow) -> bool {
        let answer = self.check.as_mut().and_then(|check| check.go_on(CHECK_BYTES));
        self.check.take_if(|_| answer.is_some());
        let Some(Err(bad)) = answer else { return false };
        (self.pack, self.damage) = (spare(), Some(bad));
        self.register(window);
        true
    }

    /// Whether there is more to look at.
    pub fn checking(&self) -> bool {
        self.check.is_some()
    }

    /// Takes glyphs that came besides; whether the font is another one now.
    pub fn add(&mut self, window: &MinimalSoftwareWindow, glyphs: Vec<Glyph>) -> bool {
        let new = self.keep(glyphs) && self.fonts < FONTS_MAX;
        if new {
            self.register(window);
        }
        new
    }

    /// Keeps those that the pack lacks and that are there at every size; whether there were any. A pack's glyph is
    /// never replaced: nobody changes what a word looks like by sending another picture of it.
    fn keep(&mut self, mut glyphs: Vec<Glyph>) -> bool {
        glyphs.retain(|glyph| glyph.check().is_ok());
        let before = self.besides.len();
        for small in glyphs.iter().filter(|glyph| glyph.px == SIZES[0]) {
            let ch = small.ch;
            let mut large = glyphs.iter().filter(|glyph| (glyph.ch, glyph.px) == (ch, SIZES[1]));
            let known = self.besides.contains_key(&ch) || self.in_pack(ch) || ch == BOX;
            if let (Some(large), false) = (large.next(), known)
                && self.besides.len() < BESIDES_MAX
            {
                self.besides.insert(ch, [lasting(small), lasting(large)]);
            }
        }
        self.besides.len() > before
    }

    fn register(&mut self, window: &MinimalSoftwareWindow) {
        self.fonts += 1;
        // Each with its place in the pack, so that nothing is looked for twice; those that came besides go in between.
        let mut besides: BTreeSet<char> = self.besides.keys().copied().collect();
        besides.insert(BOX);
        let mut besides = besides.into_iter().peekable();
        let pack = self.pack.as_ref();
        let length = pack.map_or(0, Pack::len);
        let mut characters: Vec<(char, Option<usize>)> = Vec::with_capacity(length + 1);
        for at in 0..length {
            let ch = pack.and_then(|pack| pack.character(at));
            let Some(ch) = ch.filter(|ch| *ch != BOX) else { continue };
            while let Some(other) = besides.next_if(|other| *other < ch) {
                characters.push((other, None));
            }
            characters.push((ch, Some(at)));
        }
        characters.extend(besides.map(|ch| (ch, None)));
        let boxes = SIZES.map(crossed_box);
        let glyph = |(ch, place): (char, Option<usize>), px: u8| {
            let at = usize::from(px != SIZES[0]);
            let besides = || self.besides.get(&ch).map(|both| both[at]);
            place.and_then(|place| pack?.at(place, px)).or_else(besides).unwrap_or(boxes[at])
        };
        register(window, &name(self.fonts), self.metrics(), &characters, glyph);
        self.registered.extend(self.besides.keys());
        self.missing.retain(|ch| !self.registered.contains(ch));
    }

    fn in_pack(&self, ch: char) -> bool {
        self.pack.as_ref().is_some_and(|pack| ch != BOX && pack.find(ch).is_some())
    }

    /// Whether it can be shown.
    fn has(&self, ch: char) -> bool {
        self.in_pack(ch) || self.registered.contains(&ch)
    }

    /// What stands for it on the screen.
    fn shown(&mut self, ch: char) -> char {
        if self.has(ch) {
            return ch;
        }
        self.unshown += 1;
        // Nobody is asked for what no font has, or what is here and waits for the next start.
        let wanted = is_shown(ch) && !self.besides.contains_key(&ch);
        if wanted && self.missing.len() < BESIDES_MAX {
            self.missing.insert(ch);
        }
        BOX
    }

    /// Forgets what was counted: another page begins.
    pub fn begin(&mut self) {
        self.unshown = 0;
    }

    /// Characters that could not be shown since then.
    pub fn unshown(&self) -> usize {
        self.unshown
    }

    /// Characters that were to be shown since the board started, and have no glyph.
    pub fn missing(&self) -> &BTreeSet<char> {
        &self.missing
    }

    /// A line as it is shown: one line, and not endless.
    pub fn line(&mut self, text: &str) -> SharedString {
        let mut line = String::new();
        for (at, ch) in text.trim().chars().enumerate() {
            if at == LINE_MAX {
                line.push('…');
                break;
            }
            line.push(if ch.is_whitespace() { space(ch) } else { self.shown(ch) });
        }
        line.into()
    }

    /// A text as it is shown, cut into sheets at the ends of lines where it can be.
    pub fn sheets(&mut self, text: &str) -> Vec<SharedString> {
        let (characters, lines) = SHEET_MAX;
        let mut sheets = Vec::new();
        let (mut sheet, mut counted) = (String::new(), (0, 0));
        for line in text.trim().lines() {
            let next = line.chars().count();
            if counted.1 == lines || (counted.0 > 0 && counted.0 + next > characters) {
                sheets.push(core::mem::take(&mut sheet).into());
                counted = (0, 0);
            }
            for ch in line.trim_end().chars() {
                if counted.0 == characters {
                    sheets.push(core::mem::take(&mut sheet).into());
                    counted = (0, 0);
                }
                sheet.push(if ch.is_whitespace() { space(ch) } else { self.shown(ch) });
                counted.0 += 1;
            }
            sheet.push('\n');
            counted.1 += 1;
        }
        if !sheet.trim().is_empty() {
            sheets.push(sheet.into());
        }
        sheets
    }

    /// A glyph that the pack has, for drawing it larger.
    pub fn glyph(&self, ch: char, px: u8) -> Option<Lasting> {
        self.pack.as_ref()?.glyph(ch, px)
    }

    /// From the base line to the top of a line, in pixels.
    pub fn ascent(&self, px: u8) -> i32 {
        i32::from(px) * i32::from(self.metrics().ascent) / 1000
    }

    fn metrics(&self) -> Metrics {
        self.pack.as_ref().map_or(METRICS, Pack::metrics)
    }
}

/// The spare pack, unpacked for good; a font of nothing but boxes would do without it.
fn spare() -> Option<Pack<'static>> {
    let bytes = decompress_to_vec_with_limit(SPARE, SPARE_MAX).ok()?;
    Pack::open(Box::leak(bytes.into_boxed_slice())).ok()
}

/// The space of the width that a text asks for.
fn space(ch: char) -> char {
    if ch == '\u{3000}' { ch } else { ' ' }
}

fn name(number: usize) -> String {
    format!("pack {number}")
}

/// A glyph moved to where it stays.
fn lasting(glyph: &Glyph) -> Lasting {
    let alpha: &'static [u8] = Box::leak(glyph.alpha.clone().into_boxed_slice());
    let Glyph { width, height, x, y, advance, .. } = *glyph;
    PackGlyph { width, height, x, y, advance, alpha }
}

/// A box with a cross in it, which no script has for a character.
fn crossed_box(px: u8) -> Lasting {
    let side = px - 4;
    let last = side - 1;
    let mut alpha = Vec::with_capacity(usize::from(side) * usize::from(side));
    for y in 0..side {
        for x in 0..side {
            let edge = x < 2 || y < 2 || x > last - 2 || y > last - 2;
            let cross = x.abs_diff(y) < 2 || (x + y).abs_diff(last) < 2;
            alpha.push(if edge || cross { 255 } else { 0 });
        }
    }
    let alpha: &'static [u8] = Box::leak(alpha.into_boxed_slice());
    PackGlyph { width: side, height: side, x: 2, y: -(px as i8) / 12, advance: px, alpha }
}
