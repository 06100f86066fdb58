//! The screen's task: it goes home when it is left alone, shows news, and draws only what changed.

mod common;

use common::pack_bytes;
use embassy_futures::block_on;
use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Timer};
use firmware::board::Finger;
use firmware::pages::{Page, Place};
use firmware::screen::{BadScreen, Link, Screen, run};
use sim::glass::{Glass, Hand, Script};
use sim::sample::Sample;
use std::cell::RefCell;

/// Longer than anything here takes; a test that waits so long has failed.
const TOO_LONG: Duration = Duration::from_secs(60);

/// A pack with one wrong bit in one of its pictures.
fn damaged() -> &'static [u8] {
    let mut pack = pack_bytes().to_vec();
    pack[9_000_000] ^= 0x80;
    Box::leak(pack.into_boxed_slice())
}

#[test]
fn the_task_follows_finger_news_and_time() {
    let (link, script) = (Link::new(), Script::new());
    let sample = Sample::new(pack_bytes());
    let loaded: RefCell<Vec<Place>> = RefCell::default();
    for small in [(0, 0), (800, 479), (5000, 480)] {
        assert!(matches!(Screen::new(small, &[], Vec::new()), Err(BadScreen::Size(..))));
    }
    let mut screen = Screen::new((800, 480), damaged(), Vec::new()).expect("the only screen");
    assert!(screen.damage().is_none(), "not seen yet");
    let mut glass = Glass::new((800, 480));
    let mut hand = Hand(&script);
    let load = async |place: Place| -> Page {
        loaded.borrow_mut().push(place);
        sample.load(place)
    };
    let shown = async |count: usize| {
        while loaded.borrow().len() < count {
            Timer::after_millis(1).await;
        }
    };
    let tap = async |x: i32, y: i32| {
        script.send(Finger::At(x, y)).await;
        script.send(Finger::Up).await;
    };
    let script = async {
        // Once for the start, once more when all of the pack was seen.
        shown(2).await;
        // The left door leads to the months.
        tap(150, 320).await;
        shown(3).await;
        link.news();
        shown(4).await;
        // Nothing is touched: home by itself.
        shown(5).await;
        // And there it stays; only news brings the page anew.
        link.news();
        shown(6).await;
    };
    let alone = Duration::from_millis(300);
    let task = run(&mut screen, &mut glass, &mut hand, &link, alone, load);
    let ended = block_on(select(task, select(script, Timer::after(TOO_LONG))));
    assert!(matches!(ended, Either::Second(Either::First(()))), "{:?}", loaded.borrow());
    assert_eq!(
        *loaded.borrow(),
        [Place::Home, Place::Home, Place::Months, Place::Months, Place::Home, Place::Home]
    );
    assert!(screen.damage().is_some() && !screen.checking());
    // The first frame is all of it; a pressed door is not.
    assert_eq!(glass.presented.first(), Some(&(0, 0, 800, 480)));
    assert!(glass.presented.iter().any(|(_, _, width, height)| *width < 400 && *height < 200));
}
