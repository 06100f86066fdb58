//! Comfort: larger type, strong contrast, everything within reach of a wheelchair; forgotten with whoever chose it.

use slint::platform::WindowEvent;
use slint::{ComponentHandle, Window};

use super::Screens;

/// How large everything is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum TextSize {
    /// As designed: type of 32 px for reading.
    #[default]
    Standard,
    /// A quarter larger.
    Large,
    /// Half as large again.
    Largest,
}

impl TextSize {
    const ALL: [Self; 3] = [Self::Standard, Self::Large, Self::Largest];

    /// How much larger than as designed.
    #[must_use]
    pub fn factor(self) -> f32 {
        match self {
            Self::Standard => 1.0,
            Self::Large => 1.25,
            Self::Largest => 1.5,
        }
    }

    /// The one at this place, from 0; the standard where there is none.
    #[must_use]
    pub fn at(place: i32) -> Self {
        usize::try_from(place).ok().and_then(|at| Self::ALL.get(at)).copied().unwrap_or_default()
    }
}

/// What somebody chose to see and reach better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comfort {
    /// How large everything is.
    pub text: TextSize,
    /// White and bright on black.
    pub contrast: bool,
    /// What is touched lies in the lower half of the screen.
    pub low: bool,
}

impl Screens {
    /// What is chosen now.
    #[must_use]
    pub fn comfort(&self) -> Comfort {
        self.comfort.get()
    }

    /// Draws everything so from now on, until nobody is there.
    pub fn set_comfort(&self, comfort: Comfort) {
        let was = self.comfort.replace(comfort);
        if was == comfort {
            return;
        }
        if was.text != comfort.text {
            enlarge(self.ui.window(), comfort.text.factor() / was.text.factor());
        }
        let api = self.api();
        api.set_text_size(comfort.text as i32);
        api.set_contrast(comfort.contrast);
        api.set_low(comfort.low);
        self.show();
    }
}

/// Makes a `px` so many times as large; the window keeps its size on the display.
fn enlarge(window: &Window, times: f32) {
    let (size, scale_factor) = (window.size(), window.scale_factor() * times);
    let resized = WindowEvent::Resized { size: size.to_logical(scale_factor) };
    for event in [WindowEvent::ScaleFactorChanged { scale_factor }, resized] {
        // Only a closed window takes no events.
        let _ = window.dispatch_event_with_result(event);
    }
}
