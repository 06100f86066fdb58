//! The menu below the conversation: 小发票, 公告, 我的. At most three entries with five below each.

use serde_json::{Value, json};

use super::api::{Again, Api};
use crate::error::Result;

/// Entries of the menu.
const ENTRIES_MAX: usize = 3;
/// Entries below one.
const BELOW_MAX: usize = 5;
/// Characters of an entry's name.
const NAME_CHARS_MAX: usize = 4;
/// Characters of the name of an entry below another.
const BELOW_CHARS_MAX: usize = 8;

/// What an entry does.
enum Does {
    /// Opens a page.
    Open(String),
    /// Asks what one would have written.
    Say(&'static str),
}

/// An entry below another one, or by itself.
struct Entry {
    name: String,
    does: Does,
}

impl Entry {
    /// An entry whose name is cut to what the phone shows.
    fn new(name: &str, chars_max: usize, does: Does) -> Self {
        let short = name.chars().count() <= chars_max;
        let cut = || name.chars().take(chars_max - 1).chain(['…']).collect();
        Self { name: if short { name.to_owned() } else { cut() }, does }
    }

    fn below(name: &str, does: Does) -> Self {
        Self::new(name, BELOW_CHARS_MAX, does)
    }

    fn json(&self) -> Value {
        match &self.does {
            Does::Open(url) => json!({ "type": "view", "name": self.name, "url": url }),
            Does::Say(words) => json!({ "type": "click", "name": self.name, "key": words }),
        }
    }
}

/// The menu of a township with these villages (code and name), whose pages are at `base`.
#[must_use]
pub fn menu(villages: &[(String, String)], base: &str) -> Value {
    let open = |path: &str| Does::Open(format!("{base}{path}"));
    let shown = if villages.len() > BELOW_MAX { BELOW_MAX - 1 } else { villages.len() };
    let mut receipts: Vec<Entry> = villages
        .iter()
        .take(shown)
        .map(|(code, name)| Entry::below(name, open(&format!("/v/{code}"))))
        .collect();
    if shown < villages.len() || villages.is_empty() {
        receipts.push(Entry::below("全部村", open("/")));
    }
    let mine = [
        Entry::below("查进度", Does::Say("查进度")),
        Entry::below("核验", Does::Say("核验")),
        Entry::below("意见箱", open("/ask")),
    ];
    let bulletins = Entry::new("公告", NAME_CHARS_MAX, open("/b"));
    let entries: [Value; ENTRIES_MAX] =
        [above("小发票", &receipts), bulletins.json(), above("我的", &mine)];
    json!({ "button": entries })
}

fn above(name: &str, below: &[Entry]) -> Value {
    let below: Vec<Value> = below.iter().map(Entry::json).collect();
    json!({ "name": name, "sub_button": below })
}

/// Publishes the menu; phones show it within five minutes.
///
/// # Errors
/// As [`Api::post`].
pub fn publish(api: &Api, menu: &Value) -> Result<()> {
    api.post("/cgi-bin/menu/create", menu, Again::Safe).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn villages(count: usize) -> Vec<(String, String)> {
        let name = |n: usize| {
            if n == 1 {
                "白塔河街道第一居民委员会".into()
            } else {
                format!("第{n}村")
            }
        };
        (0..count).map(|n| (format!("3411811072{n:02}"), name(n))).collect()
    }

    #[test]
    fn any_township_has_a_menu_within_the_limits() {
        for count in [0, 1, 2, 5, 6, 40] {
            let menu = menu(&villages(count), "https://mingbai.example");
            let entries = menu["button"].as_array().unwrap();
            assert!(entries.len() <= ENTRIES_MAX);
            for entry in entries {
                assert!(entry["name"].as_str().unwrap().chars().count() <= NAME_CHARS_MAX);
                let Some(below) = entry["sub_button"].as_array() else { continue };
                assert!((1..=BELOW_MAX).contains(&below.len()), "{count}");
                for one in below {
                    assert!(one["name"].as_str().unwrap().chars().count() <= BELOW_CHARS_MAX);
                    assert!(one["url"].is_string() || one["key"].is_string());
                }
            }
        }
    }

    #[test]
    fn villages_are_links_to_their_pages_and_the_rest_is_one_tap_further() {
        let menu = menu(&villages(6), "https://mingbai.example");
        let below = menu["button"][0]["sub_button"].as_array().unwrap();
        let urls: Vec<_> = below.iter().map(|one| one["url"].as_str().unwrap()).collect();
        assert_eq!(urls[0], "https://mingbai.example/v/341181107200");
        assert_eq!((urls.len(), urls[4]), (5, "https://mingbai.example/"));
        assert_eq!(below[1]["name"], "白塔河街道第一…");
    }
}
