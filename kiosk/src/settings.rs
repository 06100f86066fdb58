//! The settings of one kiosk: kept in its drawer, changed on its hidden page or by `mingbai-kiosk set`.

mod gesture;
mod pin;

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use ledger::place::Village;

use crate::diary::{self, Event};
use crate::drawer::{Drawer, DrawerError};
use crate::fetch::{Manner, Server};
use crate::idle::IDLE_TIME;
use crate::night::Nights;
pub use gesture::Gesture;
pub use pin::{Answer, BadPin, Lock, PIN_DIGITS, set_pin};

/// The most addresses of servers and mirrors.
pub const SERVERS_MAX: usize = 8;
/// Seconds that a screen waits for the next touch, at least and at most.
pub const IDLE_SECONDS: std::ops::RangeInclusive<u16> = 20..=600;
/// The loudest, in per cent.
pub const VOLUME_MAX: u8 = 100;

/// How the picture is turned on the display.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// As the display stands.
    #[default]
    Upright,
    /// A quarter, clockwise.
    Quarter,
    /// Upside down.
    Half,
    /// Three quarters, clockwise.
    ThreeQuarters,
}

impl Turn {
    const ALL: [Turn; 4] = [Turn::Upright, Turn::Quarter, Turn::Half, Turn::ThreeQuarters];

    /// Degrees, clockwise.
    #[must_use]
    pub fn degrees(self) -> u16 {
        match self {
            Self::Upright => 0,
            Self::Quarter => 90,
            Self::Half => 180,
            Self::ThreeQuarters => 270,
        }
    }

    /// A quarter further.
    #[must_use]
    pub fn next(self) -> Self {
        let degrees = (self.degrees() + 90) % 360;
        Self::ALL.into_iter().find(|turn| turn.degrees() == degrees).unwrap_or_default()
    }
}

/// All settings of a kiosk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where to fetch from, the office first; none: what the command line says.
    pub servers: Vec<String>,
    /// The village in whose hall the kiosk stands.
    pub station: Option<Village>,
    /// Seconds after the last touch until everything is forgotten.
    pub idle: u16,
    /// When the screen is off.
    pub nights: Nights,
    /// How the picture is turned.
    pub turn: Turn,
    /// Whether touches are heard.
    pub sound: bool,
    /// How loud, in per cent.
    pub volume: u8,
    /// Whether a screen that nobody touches shows bulletins in turn.
    pub attract: bool,
    /// Where other kiosks are given what is on the shelf; none: what the command line says.
    pub share: Option<SocketAddr>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            station: None,
            idle: u16::try_from(IDLE_TIME.as_secs()).unwrap_or(60),
            nights: Nights::default(),
            turn: Turn::Upright,
            sound: true,
            volume: 60,
            attract: true,
            share: None,
        }
    }
}

/// One setting with its value, and no value that it may not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// [`Settings::servers`].
    Servers(Vec<String>),
    /// [`Settings::station`].
    Station(Option<Village>),
    /// [`Settings::idle`].
    Idle(u16),
    /// [`Settings::nights`].
    Nights(Nights),
    /// [`Settings::turn`].
    Turn(Turn),
    /// [`Settings::sound`].
    Sound(bool),
    /// [`Settings::volume`].
    Volume(u8),
    /// [`Settings::attract`].
    Attract(bool),
    /// [`Settings::share`].
    Share(Option<SocketAddr>),
}

/// Why a setting was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSetting {
    /// No setting has this name.
    #[error("没有这个设置：{0}；有 {names} / no such setting", names = NAMES.join("、"))]
    Name(String),
    /// The value is none that it may have; what it may be.
    #[error("{name} 要写成 {right} / not a value of this setting")]
    Value {
        /// Which setting.
        name: &'static str,
        /// What its values look like.
        right: &'static str,
    },
}

/// The names of all settings.
pub const NAMES: [&str; 9] =
    ["servers", "station", "idle", "night", "turn", "sound", "volume", "attract", "share"];

impl Setting {
    /// Its name, as it is kept.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let at = match self {
            Self::Servers(_) => 0,
            Self::Station(_) => 1,
            Self::Idle(_) => 2,
            Self::Nights(_) => 3,
            Self::Turn(_) => 4,
            Self::Sound(_) => 5,
            Self::Volume(_) => 6,
            Self::Attract(_) => 7,
            Self::Share(_) => 8,
        };
        NAMES[at]
    }

    /// Reads a setting from its name and text.
    ///
    /// # Errors
    /// [`BadSetting`], which says what is right.
    pub fn parse(name: &str, text: &str) -> Result<Self, BadSetting> {
        let text = text.trim();
        let (read, right): (Option<Self>, _) = match name {
            "servers" => (
                servers(text).map(Self::Servers),
                "http:// 或 https:// 开头的地址，至多 8 个，用空格隔开",
            ),
            "station" => (
                if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
                    .map(Self::Station),
                "12 位村代码，或者留空",
            ),
            "idle" => (number(text, IDLE_SECONDS).map(Self::Idle), "20 到 600（秒）"),
            "night" => (text.parse().ok().map(Self::Nights), "22:00-06:00，或 none"),
            "turn" => (
                Turn::ALL.into_iter().find(|t| t.degrees().to_string() == text).map(Self::Turn),
                "0、90、180 或 270",
            ),
            "sound" => (switch(text).map(Self::Sound), "on 或 off"),
            "volume" => (number(text, 0..=VOLUME_MAX).map(Self::Volume), "0 到 100"),
            "attract" => (switch(text).map(Self::Attract), "on 或 off"),
            "share" => (
                if text == "off" { Some(None) } else { text.parse().ok().map(Some) }
                    .map(Self::Share),
                "off，或者地址和端口，如 0.0.0.0:8080",
            ),
            _ => return Err(BadSetting::Name(name.chars().take(40).collect())),
        };
        let known = NAMES.into_iter().find(|known| *known == name).unwrap_or_default();
        read.ok_or(BadSetting::Value { name: known, right })
    }
}

impl fmt::Display for Setting {
    /// The value as [`Setting::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on_off = |on: &bool| if *on { "on" } else { "off" };
        match self {
            Self::Servers(servers) => f.write_str(&servers.join(" ")),
            Self::Station(village) => village.map_or(Ok(()), |village| write!(f, "{village}")),
            Self::Idle(seconds) => write!(f, "{seconds}"),
            Self::Nights(nights) => write!(f, "{nights}"),
            Self::Turn(turn) => write!(f, "{}", turn.degrees()),
            Self::Sound(on) | Self::Attract(on) => f.write_str(on_off(on)),
            Self::Share(None) => f.write_str("off"),
            Self::Share(Some(at)) => write!(f, "{at}"),
            Self::Volume(percent) => write!(f, "{percent}"),
        }
    }
}

fn servers(text: &str) -> Option<Vec<String>> {
    let urls: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let right = |url: &String| {
        Server::new(url, Manner { patience: Duration::from_secs(1), rate: None }).is_ok()
    };
    (urls.len() <= SERVERS_MAX && urls.iter().all(right)).then_some(urls)
}

fn number<T: FromStr + PartialOrd>(text: &str, range: std::ops::RangeInclusive<T>) -> Option<T> {
    text.parse().ok().filter(|number| range.contains(number))
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

impl Settings {
    /// The settings of a kiosk; whatever was never set, or cannot be read any more, is as in a new one.
    ///
    /// # Errors
    /// [`DrawerError`].
    pub fn load(drawer: &Drawer) -> Result<Self, DrawerError> {
        let mut settings = Self::default();
        for name in NAMES {
            let text = drawer.get(&kept_as(name))?;
            if let Some(Ok(setting)) = text.map(|text| Setting::parse(name, &text)) {
                settings.take(setting);
            }
        }
        Ok(settings)
    }

    /// Changes one of them, here only.
    pub fn take(&mut self, setting: Setting) {
        match setting {
            Setting::Servers(servers) => self.servers = servers,
            Setting::Station(village) => self.station = village,
            Setting::Idle(seconds) => self.idle = seconds,
            Setting::Nights(nights) => self.nights = nights,
            Setting::Turn(turn) => self.turn = turn,
            Setting::Sound(on) => self.sound = on,
            Setting::Volume(percent) => self.volume = percent,
            Setting::Attract(on) => self.attract = on,
            Setting::Share(at) => self.share = at,
        }
    }

    /// Changes one of them and keeps it; the diary says so. `at`: Unix seconds.
    ///
    /// # Errors
    /// [`DrawerError`]; then nothing is changed.
    pub fn change(
        &mut self,
        drawer: &mut Drawer,
        setting: Setting,
        at: i64,
    ) -> Result<(), DrawerError> {
        drawer.at_once(|db| {
            let sql = "INSERT OR REPLACE INTO kept VALUES (?1, ?2)";
            db.execute(sql, [kept_as(setting.name()), setting.to_string()])?;
            diary::note(db, &Event::Set(setting.name()), at)
        })?;
        self.take(setting);
        Ok(())
    }

    /// All of them, in the order of [`NAMES`].
    #[must_use]
    pub fn list(&self) -> [Setting; NAMES.len()] {
        [
            Setting::Servers(self.servers.clone()),
            Setting::Station(self.station),
            Setting::Idle(self.idle),
            Setting::Nights(self.nights),
            Setting::Turn(self.turn),
            Setting::Sound(self.sound),
            Setting::Volume(self.volume),
            Setting::Attract(self.attract),
            Setting::Share(self.share),
        ]
    }

    /// How long a screen waits for the next touch.
    #[must_use]
    pub fn idle_time(&self) -> Duration {
        Duration::from_secs(self.idle.into())
    }
}

fn kept_as(name: &str) -> String {
    format!("set-{name}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn settings_are_kept_and_a_spoiled_one_is_as_in_a_new_kiosk() {
        let dir = tempfile::tempdir().unwrap();
        let mut drawer = Drawer::open(dir.path()).unwrap();
        let mut settings = Settings::load(&drawer).unwrap();
        assert_eq!(settings, Settings::default());
        for (name, text) in [
            ("servers", "http://10.0.0.2:8080 https://mirror.example"),
            ("station", "341181107201"),
            ("idle", "90"),
            ("night", "22:00-06:00"),
            ("turn", "270"),
            ("sound", "off"),
            ("volume", "100"),
            ("attract", "off"),
            ("share", "0.0.0.0:8080"),
        ] {
            let setting = Setting::parse(name, text).unwrap();
            assert_eq!((setting.name(), setting.to_string().as_str()), (name, text));
            settings.change(&mut drawer, setting, 0).unwrap();
        }
        assert_eq!(Settings::load(&drawer).unwrap(), settings);
        assert_eq!(settings.list().map(|setting| setting.name()), NAMES);
        assert_eq!(drawer.diary().unwrap().len(), NAMES.len());
        drawer.put("set-idle", Some("0")).unwrap();
        assert_eq!(Settings::load(&drawer).unwrap().idle, 60);
    }

    #[test]
    fn a_bad_value_is_refused_and_the_answer_says_what_is_right() {
        for (name, text) in [
            ("servers", "ftp://10.0.0.2"),
            (
                "servers",
                "http://a http://a http://a http://a http://a http://a http://a http://a http://a",
            ),
            ("station", "新街村"),
            ("idle", "19"),
            ("idle", "601"),
            ("night", "22"),
            ("turn", "45"),
            ("sound", "yes"),
            ("volume", "101"),
            ("attract", ""),
            ("share", "on"),
            ("share", "8080"),
        ] {
            let bad = Setting::parse(name, text).unwrap_err();
            assert!(bad.to_string().starts_with(name), "{bad}");
        }
        assert_eq!(Setting::parse("mood", "good"), Err(BadSetting::Name("mood".into())));
    }

    #[test]
    fn four_quarters_are_a_whole_turn() {
        let quarters = std::iter::successors(Some(Turn::Upright), |turn| Some(turn.next()));
        let degrees: Vec<_> = quarters.take(5).map(Turn::degrees).collect();
        assert_eq!(degrees, [0, 90, 180, 270, 0]);
    }
}
