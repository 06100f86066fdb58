//! The diary: what happened to this kiosk, the newest 2,000 lines, for whoever is asked to look after it. It names no person,
//! and nothing that a villager looked at.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use crate::clock::written;
use crate::drawer::{Drawer, DrawerError};
use crate::shelf::TroubleKind;

/// How many lines are kept.
pub const LINES_MAX: i64 = 2_000;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The program was started; its version.
    Started(&'static str),
    /// It was started again after it had not been stopped: a crash, or the current was cut.
    Restarted(&'static str),
    /// It was stopped.
    Stopped,
    /// A sync brought something; the size of the log.
    Synced(u64),
    /// A sync did not end well.
    Trouble(TroubleKind),
    /// The office did not take or answer a report; a word for programs.
    Unheard(String),
    /// The office will never take so many questions that were asked here, such as about what it does not have.
    QuestionsRefused(u64),
    /// The office enrolled this kiosk.
    Enrolled,
    /// The office took it out of use.
    Revoked,
    /// The office does not know it any more.
    Forgotten,
    /// Its key was broken: a new one was made.
    NewKey,
    /// The machine's clock was so many seconds ahead of the office's; fewer than 0 behind.
    ClockWrong(i64),
    /// A setting was changed; its name.
    Set(&'static str),
    /// The PIN was set.
    PinSet,
    /// Someone opened the settings.
    SettingsOpened,
    /// Too many wrong PINs.
    PinLocked,
    /// The screen went off for the night.
    ScreenOff,
    /// It went on again.
    ScreenOn,
}

impl Event {
    /// The word it is stored as, and what stands beside it.
    fn words(&self) -> (&'static str, String) {
        match self {
            Self::Started(version) => ("started", (*version).to_owned()),
            Self::Restarted(version) => ("restarted", (*version).to_owned()),
            Self::Stopped => ("stopped", String::new()),
            Self::Synced(size) => ("synced", size.to_string()),
            Self::Trouble(kind) => ("trouble", kind.word().to_owned()),
            Self::Unheard(word) => ("unheard", word.clone()),
            Self::QuestionsRefused(count) => ("questions-refused", count.to_string()),
            Self::Enrolled => ("enrolled", String::new()),
            Self::Revoked => ("revoked", String::new()),
            Self::Forgotten => ("forgotten", String::new()),
            Self::NewKey => ("new-key", String::new()),
            Self::ClockWrong(seconds) => ("clock-wrong", seconds.to_string()),
            Self::Set(name) => ("set", (*name).to_owned()),
            Self::PinSet => ("pin-set", String::new()),
            Self::SettingsOpened => ("settings-opened", String::new()),
            Self::PinLocked => ("pin-locked", String::new()),
            Self::ScreenOff => ("screen-off", String::new()),
            Self::ScreenOn => ("screen-on", String::new()),
        }
    }

    /// What goes on for hours is one line, not one a minute.
    fn lasts(&self) -> bool {
        matches!(self, Self::Trouble(_) | Self::Unheard(_) | Self::ClockWrong(_))
    }
}

/// A line of the diary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, as far as the kiosk knew; RFC 3339.
    pub at: String,
    /// What happened: a word.
    pub event: String,
    /// A word or number beside it.
    pub said: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chinese = match self.event.as_str() {
            "started" => "开机",
            "restarted" => "没有正常关机，又开机",
            "stopped" => "关机",
            "synced" => "收到新内容，账本条数",
            "trouble" => "同步出了问题",
            "unheard" => "镇里没有收到报告",
            "questions-refused" => "镇里不收的提问（条）",
            "enrolled" => "已在镇里登记",
            "revoked" => "被镇里停用",
            "forgotten" => "镇里不认识这块屏了",
            "new-key" => "钥匙坏了，换了新的",
            "clock-wrong" => "时钟不准，快了（秒）",
            "set" => "改了设置",
            "pin-set" => "设了密码",
            "settings-opened" => "打开了设置",
            "pin-locked" => "密码输错太多次",
            "screen-off" => "夜里熄屏",
            "screen-on" => "亮屏",
            _ => "",
        };
        write!(f, "{}  {}  {chinese} {}", self.at, self.event, self.said)?;
        Ok(())
    }
}

/// Writes down what happened at `at` (Unix seconds). The oldest line goes when there are too many.
pub(crate) fn note(db: &Connection, event: &Event, at: i64) -> Result<(), DrawerError> {
    let (word, said) = event.words();
    if event.lasts() {
        let sql = "SELECT event, said FROM diary ORDER BY id DESC LIMIT 1";
        let last: Option<(String, String)> = db
            .prepare_cached(sql)?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if last
            .is_some_and(|(last, beside)| last == word && (beside == said || last == "clock-wrong"))
        {
            return Ok(());
        }
    }
    let sql = "INSERT INTO diary (at, event, said) VALUES (?1, ?2, ?3) RETURNING id";
    let id: i64 = db.prepare_cached(sql)?.query_row(params![at, word, said], |row| row.get(0))?;
    db.prepare_cached("DELETE FROM diary WHERE id <= ?1")?.execute([id - LINES_MAX])?;
    Ok(())
}

impl Drawer {
    /// Writes down what happened at `at`, in Unix seconds.
    ///
    /// # Errors
    /// [`DrawerError`].
    pub fn note(&self, event: &Event, at: i64) -> Result<(), DrawerError> {
        note(&self.db, event, at)
    }

    /// The diary, the oldest line first.
    ///
    /// # Errors
    /// [`DrawerError`].
    pub fn diary(&self) -> Result<Vec<Line>, DrawerError> {
        let mut query = self.db.prepare_cached("SELECT at, event, said FROM diary ORDER BY id")?;
        let lines = query.query_map([], |row| {
            let at = written(row.get(0)?).map_or_else(|| "—".to_owned(), |at| at.to_string());
            Ok(Line { at, event: row.get(1)?, said: row.get(2)? })
        })?;
        Ok(lines.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::drawer::tests::drawer;

    #[test]
    fn the_newest_lines_are_kept() {
        let (_dir, mut drawer) = drawer();
        let write = |db: &Connection| (0..2_100).try_for_each(|n| note(db, &Event::Synced(n), 0));
        drawer.at_once(write).unwrap();
        let lines = drawer.diary().unwrap();
        assert_eq!((lines.len(), lines[0].said.as_str()), (2_000, "100"));
        assert_eq!(
            lines[1_999].to_string(),
            "1970-01-01T08:00:00+08:00  synced  收到新内容，账本条数 2099"
        );
    }

    #[test]
    fn what_goes_on_is_one_line() {
        let (_dir, drawer) = drawer();
        let unreachable = Event::Trouble(TroubleKind::Unreachable);
        for event in [
            &unreachable,
            &unreachable,
            &Event::Trouble(TroubleKind::Fork),
            &unreachable,
            &Event::Synced(7),
            &Event::Synced(7),
            &Event::ClockWrong(70),
            &Event::ClockWrong(71),
        ] {
            drawer.note(event, 0).unwrap();
        }
        let said: Vec<_> = drawer.diary().unwrap().into_iter().map(|line| line.said).collect();
        assert_eq!(said, ["unreachable", "fork", "unreachable", "7", "7", "70"]);
    }

    #[test]
    fn every_event_has_words_in_chinese() {
        let (_dir, drawer) = drawer();
        let events = [
            Event::Started("0"),
            Event::Restarted("0"),
            Event::Stopped,
            Event::Synced(1),
            Event::Trouble(TroubleKind::Disk),
            Event::Unheard("not-signed".into()),
            Event::QuestionsRefused(1),
            Event::Enrolled,
            Event::Revoked,
            Event::Forgotten,
            Event::NewKey,
            Event::ClockWrong(-9),
            Event::Set("night"),
            Event::PinSet,
            Event::SettingsOpened,
            Event::PinLocked,
            Event::ScreenOff,
            Event::ScreenOn,
        ];
        for event in &events {
            drawer.note(event, 0).unwrap();
        }
        for line in drawer.diary().unwrap() {
            assert!(!line.to_string().contains("   "), "{line} has no words");
        }
    }
}
