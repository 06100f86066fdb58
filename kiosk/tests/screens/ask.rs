//! Asking at the kiosk: every step in every look, kept on the disk before the slip is shown, and no trace of it afterwards.

use ledger::question::Asking;
use mingbai_kiosk::asking;
use mingbai_kiosk::drawer::Drawer;
use mingbai_kiosk::screens::ui::{Ask, AskStep, Page, Search};
use mingbai_kiosk::screens::{Comfort, Paper, Place, TextSize};
use slint::ComponentHandle;

use super::cut::{cut, high};
use super::town::Town;
use super::{Kiosk, LANDSCAPE, PORTRAIT, kiosk, read_codes};

const LONG: &str =
    "路灯修了几次，为什么十月份的票上写着两盏，而老戏台那里的灯到现在还是不亮，是不是真的修过";

/// Writes by the pads, as fingers do.
fn write(kiosk: &Kiosk, text: &str) {
    let search = kiosk.screens.ui.global::<Search>();
    for letter in text.chars() {
        search.invoke_figure(letter.to_string().into());
    }
    kiosk.display.settle(|| kiosk.screens.is_busy());
}

/// What is wrong with the page that is open. The line that one writes on shows its end.
fn faults(kiosk: &Kiosk, low: bool) -> Vec<String> {
    kiosk.display.settle(|| kiosk.screens.is_busy());
    let mut found = cut(&kiosk.screens.ui);
    let written = kiosk.screens.ui.global::<Search>().get_text();
    let line = format!("“{written}” reaches over the side");
    found.retain(|fault| *fault != line);
    if low {
        found.extend(high(&kiosk.screens.ui));
    }
    found
}

#[test]
fn every_step_is_read_whole_and_the_slip_is_read_by_a_telephone() {
    for size in [PORTRAIT, LANDSCAPE] {
        kiosk(Town::busy(), size, move |kiosk| {
            let mut wrong = Vec::new();
            for english in [false, true] {
                for text in [TextSize::Standard, TextSize::Large, TextSize::Largest] {
                    for low in [false, true] {
                        kiosk.screens.forget();
                        kiosk.screens.set_english(english);
                        kiosk.screens.set_comfort(Comfort { text, low, contrast: false });
                        wrong.extend(steps(
                            kiosk,
                            low,
                            &format!("{size:?} {english} {text:?} {low}"),
                        ));
                    }
                }
            }
            kiosk.screens.forget();
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        });
    }
}

fn steps(kiosk: &Kiosk, low: bool, look: &str) -> Vec<String> {
    let ask = kiosk.screens.ui.global::<Ask>();
    let mut wrong = Vec::new();
    let mut look_at = |step: &str| {
        wrong
            .extend(faults(kiosk, low).into_iter().map(|fault| format!("{look}, {step}: {fault}")));
    };
    ask.invoke_open();
    look_at("place");
    ask.invoke_choose_place(1);
    look_at("topic");
    ask.invoke_choose_topic(0);
    look_at("nothing written");
    write(kiosk, LONG);
    look_at("written");
    ask.invoke_send();
    look_at("slip");
    let Place::Slip(slip) = kiosk.screens.place() else { panic!("{look}: no slip") };
    let codes = read_codes(&kiosk.display.picture());
    let wanted = format!("/slip/{slip}");
    if !codes.iter().any(|code| code.contains(&wanted)) {
        wrong.push(format!("{look}: no code of {wanted} among {codes:?}"));
    }
    wrong
}

#[test]
fn a_question_is_on_the_disk_before_its_slip_is_shown_and_leaves_no_trace_on_the_screen() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        let receipt = kiosk.first_receipt();
        let ask = kiosk.screens.ui.global::<Ask>();
        kiosk.go(Place::Receipt(receipt));
        assert_eq!(ask.get_count(), 3, "withheld ones are counted");
        ask.invoke_open_questions();
        assert_eq!(kiosk.screens.place(), Place::Questions(Paper::Receipt(receipt)));
        ask.invoke_open();
        assert_eq!(ask.get_step(), AskStep::Topic, "it is clear who is asked");
        ask.invoke_choose_topic(1);
        ask.invoke_send();
        assert!(matches!(kiosk.screens.place(), Place::Ask(_)), "nothing is written yet");
        write(kiosk, "这笔钱付给谁了");
        ask.invoke_send();
        let Place::Slip(slip) = kiosk.screens.place() else { panic!("no slip") };
        let drawer = Drawer::open(kiosk.dir.path()).unwrap();
        assert_eq!(asking::waiting(&drawer).unwrap(), 1);
        let body = asking::all(&drawer).unwrap().remove(0).1;
        let asking: Asking = serde_json::from_str(&body).unwrap();
        assert_eq!((asking.id.slip(), asking.of), (slip, Some(receipt)));
        assert_eq!(ask.get_pin(), asking.pin.as_str());
        kiosk.screens.back();
        assert_eq!(kiosk.screens.place(), Place::Questions(Paper::Receipt(receipt)));
        kiosk.screens.forget();
        let search = kiosk.screens.ui.global::<Search>();
        assert!(ask.get_slip().is_empty() && ask.get_pin().is_empty());
        assert!(search.get_text().is_empty() && search.get_letters().is_empty());
        assert_eq!(kiosk.screens.ui.global::<super::Api>().get_page(), Page::Home);
    });
}
