//! A bulletin as it is shown: the same for the public page and for its editor's preview.

use ledger::content::{BulletinContent, ImageRef, Importance, Openness, Repost, VideoRef};
use ledger::time::Timestamp;

use crate::markdown;
use crate::web::words::Words;

/// A link from a policy to what explains it, or back.
pub struct Link {
    /// What it is.
    pub label: &'static str,
    /// Where.
    pub href: String,
    /// The other bulletin's title.
    pub title: String,
}

/// What the article of a bulletin holds. Its template is `bulletin_article.html`.
pub struct Shown {
    /// The words around it.
    pub w: Words,
    /// Its title.
    pub title: String,
    /// The village or township it is about.
    pub place: String,
    /// When it was signed.
    pub time: String,
    /// The unit that drafted it.
    pub unit: String,
    /// Its text, safe as it is.
    pub html: String,
    /// The beginning of its text, in one line.
    pub about: String,
    /// Pictures that the text does not place.
    pub images: Vec<ImageRef>,
    /// Its videos.
    pub videos: Vec<VideoRef>,
    /// Where pictures and videos are served.
    pub at: &'static str,
    /// Where it was taken from.
    pub source: Option<Repost>,
    /// Why a policy is not explained.
    pub no_explanation: String,
    /// When it is shown, as a sentence.
    pub showing: Option<String>,
    /// Whether it is marked as published to everyone (此件公开发布).
    pub stamp: bool,
    /// Whether it is an emergency.
    pub urgent: bool,
    /// The policy it explains, or what explains it.
    pub links: Vec<Link>,
}

impl Shown {
    /// A bulletin of this place and time, its files served below `at`.
    #[must_use]
    pub fn of(
        w: Words,
        content: BulletinContent,
        place: String,
        time: String,
        at: &'static str,
    ) -> Self {
        let rendered = markdown::render(&content.body, &content.images, at);
        let mut n = 0;
        let mut images = content.images;
        images.retain(|_| {
            n += 1;
            !rendered.placed.contains(&n)
        });
        Self {
            w,
            title: content.title,
            place,
            time,
            unit: content.unit,
            about: markdown::first_line(&content.body, ABOUT_CHARS),
            html: rendered.html,
            images,
            videos: content.videos,
            at,
            source: content.source,
            no_explanation: content.no_explanation,
            showing: showing(w, content.from.as_ref(), content.until.as_ref()),
            stamp: content.openness == Some(Openness::Open {}),
            urgent: content.importance == Importance::Emergency,
            links: Vec::new(),
        }
    }

    /// How long a video plays.
    #[must_use]
    pub fn length(&self, seconds: &u32) -> String {
        self.w.one("视频，{n}", &format!("{}:{:02}", seconds / 60, seconds % 60))
    }
}

/// Characters of the sentence about a page.
const ABOUT_CHARS: usize = 80;

fn showing(w: Words, from: Option<&Timestamp>, until: Option<&Timestamp>) -> Option<String> {
    // A whole day is said as one; an hour as an hour.
    let said = |time: &Timestamp, whole: &str| match time.clock() {
        clock if clock == whole => w.day(&time.date()),
        _ => w.moment(time),
    };
    match (from, until) {
        (Some(from), Some(until)) => Some(w.fill(
            "展示时间：{from}至{until}",
            &[("from", &said(from, "00:00")), ("until", &said(until, "23:59"))],
        )),
        (None, Some(until)) => Some(w.one("展示到{n}", &said(until, "23:59"))),
        (Some(from), None) => Some(w.one("从{n}开始展示", &said(from, "00:00"))),
        (None, None) => None,
    }
}
