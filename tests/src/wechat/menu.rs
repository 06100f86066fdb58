//! What WeChat refuses of a menu.

use super::no;
use serde_json::Value;

/// Nothing to complain of, or an `errcode` and `errmsg`.
type Checked = Result<(), (i64, String)>;

/// At most three entries with one to five below each; 4 and 8 characters; an address or a key.
pub(super) fn check(menu: &Value) -> Checked {
    let entries = menu["button"].as_array().cloned().unwrap_or_default();
    if !(1..=3).contains(&entries.len()) {
        return no(40_016, "invalid button size");
    }
    for entry in &entries {
        check_name(entry, 4, 40_018)?;
        match entry["sub_button"].as_array() {
            None => check_deed(entry)?,
            Some(below) if !(1..=5).contains(&below.len()) => {
                return no(40_023, "invalid sub button size");
            }
            Some(below) => {
                for one in below {
                    check_name(one, 8, 40_025)?;
                    check_deed(one)?;
                }
            }
        }
    }
    Ok(())
}

fn check_name(entry: &Value, chars_max: usize, errcode: i64) -> Checked {
    let chars = entry["name"].as_str().map_or(0, |name| name.chars().count());
    if (1..=chars_max).contains(&chars) { Ok(()) } else { no(errcode, "invalid button name size") }
}

fn check_deed(entry: &Value) -> Checked {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    match text("type") {
        "view" if text("url").starts_with("http") && text("url").len() <= 1_024 => Ok(()),
        "view" => no(40_027, "invalid sub button url size"),
        "click" if (1..=128).contains(&text("key").len()) => Ok(()),
        "click" => no(40_026, "invalid sub button key size"),
        _ => no(40_024, "invalid sub button type"),
    }
}
