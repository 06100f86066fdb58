//! Reading aloud: the paper on the screen, sentence by sentence, until it ends, a finger stops it, or the page is left.

use slint::ComponentHandle;

use super::ui::Api;
use super::{Place, Screens};
use crate::speech::voice::{Progress, Sound, Speaker};
use crate::speech::words::{self, Sentence};

/// A voice, and what it was given to say.
#[derive(Default)]
pub(super) struct Voice {
    speaker: Option<Speaker>,
    sentences: Vec<Sentence>,
}

impl Screens {
    /// Speaks and clicks from now on, if this machine can.
    pub fn give_voice(&self, sound: &Sound) {
        let weak = self.ui.as_weak();
        let speaker = Speaker::open(sound, move |progress| {
            let place = match progress {
                Progress::Saying(sentence) => i32::try_from(sentence).unwrap_or(0),
                Progress::Silent => -1,
            };
            // Only a closed window takes no news.
            let _ = weak.upgrade_in_event_loop(move |ui| ui.global::<Api>().invoke_saying(place));
        });
        self.api().set_can_speak(speaker.is_some());
        self.voice.borrow_mut().speaker = speaker;
    }

    /// Reads the paper on the screen, or stops reading it.
    pub(super) fn read_aloud(&self) {
        if self.api().get_speaking() {
            return self.be_silent();
        }
        let sentences = match self.place() {
            Place::Receipt(index) => {
                self.shelf.receipt(index).map(|page| page.map(|page| words::receipt(&page)))
            }
            Place::Bulletin(index) | Place::Emergency(index) => {
                self.shelf.bulletin(index).map(|page| page.map(|page| words::bulletin(&page)))
            }
            _ => return,
        };
        let Ok(Some(sentences)) = sentences else { return };
        let mut voice = self.voice.borrow_mut();
        if let Some(speaker) = &voice.speaker {
            speaker.speak(sentences.clone());
            self.api().set_speaking(true);
        }
        voice.sentences = sentences;
    }

    /// The voice has come to this sentence; to none when below 0.
    pub(super) fn saying(&self, place: i32) {
        let voice = self.voice.borrow();
        let said = usize::try_from(place).ok().and_then(|place| voice.sentences.get(place));
        let silent = voice.speaker.as_ref().is_none_or(|speaker| !speaker.is_speaking());
        let api = self.api();
        api.set_speaking(!silent);
        api.set_said(
            said.filter(|_| !silent).map(|one| one.text.as_str().into()).unwrap_or_default(),
        );
        if !silent {
            // Whoever listens is there.
            self.activity();
        }
    }

    pub(super) fn be_silent(&self) {
        if let Some(speaker) = &self.voice.borrow().speaker {
            speaker.stop();
        }
        let api = self.api();
        api.set_speaking(false);
        api.set_said("".into());
    }

    /// A finger was put down.
    pub(super) fn click(&self) {
        if let Some(speaker) = &self.voice.borrow().speaker {
            speaker.click();
        }
    }
}
