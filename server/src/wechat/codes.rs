//! Codes: one a village. Whoever scans it follows the account and reads that village's newest month.

use serde_json::json;

use super::api::{Again, Api};
use crate::error::{Error, Result};

/// The village's code as a picture (JPEG), by WeChat. The same village is given the same code again, so this may be
/// repeated; an account has 100,000 of them.
///
/// # Errors
/// As [`Api::post`].
pub fn fetch(api: &Api, village: &str) -> Result<Vec<u8>> {
    let wanted = json!({
        "action_name": "QR_LIMIT_STR_SCENE",
        "action_info": { "scene": { "scene_str": village } },
    });
    let answer = api.post("/cgi-bin/qrcode/create", &wanted, Again::Safe)?;
    let ticket = answer["ticket"].as_str().filter(|ticket| !ticket.is_empty());
    let ticket = ticket.ok_or_else(|| Error::refused("wechat", "微信没有给出二维码"))?;
    api.picture("/cgi-bin/showqrcode", ticket)
}
