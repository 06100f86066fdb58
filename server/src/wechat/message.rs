//! Messages: what people send to the account and what it answers, as WeChat's XML.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use crate::error::{Error, Result};

/// Fields of the longest message.
const FIELDS_MAX: usize = 64;
/// Elements inside of one another; the protocol's own messages have three.
const DEPTH_MAX: usize = 8;
/// Characters of an account's or a person's number.
const NUMBER_CHARS_MAX: usize = 64;
/// What stands before the scene of a code, when whoever scans it begins to follow the account.
const SCENE: &str = "qrscene_";

/// One message of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The account's own number.
    pub to: String,
    /// Who sent it, by a number that only this account knows them by (openid).
    pub from: String,
    /// What is the same when the message comes again.
    pub identity: String,
    /// What it is.
    pub kind: Kind,
}

/// What somebody sent or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They wrote, or said something that WeChat wrote down.
    Text(String),
    /// They follow the account now; by which code, if it was one of ours.
    Subscribe(Option<String>),
    /// They do not follow it any more.
    Unsubscribe,
    /// They scanned one of our codes.
    Scan(String),
    /// They tapped an entry of the menu that asks something.
    Click(String),
    /// Anything else: nothing is said to it.
    Other,
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// `malformed`.
    pub fn parse(xml: &str) -> Result<Self> {
        let mut fields = fields(xml)?;
        let mut take = |name: &str| fields.remove(name);
        let (to, from) = (take("ToUserName"), take("FromUserName"));
        let (Some(to), Some(from)) = (to.filter(is_number), from.filter(is_number)) else {
            return Err(malformed("没有收发双方"));
        };
        let sent = take("CreateTime").unwrap_or_default();
        let kind = take("MsgType").unwrap_or_default();
        let (event, key) =
            (take("Event").unwrap_or_default(), take("EventKey").unwrap_or_default());
        let identity = match take("MsgId") {
            Some(id) => format!("m {id}"),
            None => format!("e {from} {sent} {event} {key}"),
        };
        let text = match kind.as_str() {
            "text" => take("Content"),
            "voice" => take("Recognition").filter(|heard| !heard.is_empty()),
            _ => None,
        };
        let kind = match (text, kind.as_str(), event.as_str()) {
            (Some(text), ..) => Kind::Text(text),
            (None, "event", "subscribe") => {
                Kind::Subscribe(key.strip_prefix(SCENE).map(str::to_owned))
            }
            (None, "event", "unsubscribe") => Kind::Unsubscribe,
            (None, "event", "SCAN") => Kind::Scan(key),
            (None, "event", "CLICK") => Kind::Click(key),
            _ => Kind::Other,
        };
        Ok(Self { to, from, identity, kind })
    }

    /// The answer to this message, sent at a Unix second.
    #[must_use]
    pub fn reply(&self, text: &str, now: i64) -> String {
        format!(
            "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>{now}</CreateTime>\
             <MsgType><![CDATA[text]]></MsgType><Content>{}</Content></xml>",
            cdata(&self.from),
            cdata(&self.to),
            cdata(text)
        )
    }
}

/// The sealed message that stands in another one in safe mode.
///
/// # Errors
/// `malformed`.
pub fn sealed(xml: &str) -> Result<String> {
    fields(xml)?.remove("Encrypt").ok_or_else(|| malformed("没有密文"))
}

/// A sealed answer, with its signature.
#[must_use]
pub fn envelope(sealed: &str, signature: &str, timestamp: i64, nonce: &str) -> String {
    format!(
        "<xml><Encrypt>{}</Encrypt><MsgSignature>{}</MsgSignature><TimeStamp>{timestamp}</TimeStamp>\
         <Nonce>{}</Nonce></xml>",
        cdata(sealed),
        cdata(signature),
        cdata(nonce)
    )
}

fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

#[allow(clippy::ptr_arg, reason = "it chooses among options of them")]
fn is_number(text: &String) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-@.".contains(&byte);
    !text.is_empty() && text.len() <= NUMBER_CHARS_MAX && text.bytes().all(plain)
}

fn malformed(why: &str) -> Error {
    Error::refused("malformed", format!("消息格式不对：{why}"))
}

/// The fields right below the root, by name. What they hold beside text is left out; an entity that XML itself does not
/// define is refused, and with it every declaration of one.
fn fields(xml: &str) -> Result<BTreeMap<String, String>> {
    let mut reader = Reader::from_str(xml);
    let (mut fields, mut text, mut depth) = (BTreeMap::new(), String::new(), 0_usize);
    loop {
        match reader.read_event().map_err(|_| malformed("XML 读不出来"))? {
            Event::Start(tag) => {
                depth += 1;
                if (depth == 1 && tag.name().as_ref() != b"xml") || depth > DEPTH_MAX {
                    return Err(malformed("不是微信的消息"));
                }
                if depth == 2 {
                    text.clear();
                }
            }
            Event::End(tag) => {
                if depth == 2 {
                    let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                    let twice = fields.insert(name, std::mem::take(&mut text)).is_some();
                    if twice || fields.len() > FIELDS_MAX {
                        return Err(malformed("字段重复或太多"));
                    }
                }
                depth = depth.saturating_sub(1);
            }
            Event::Text(part) if depth == 2 => text += &part.xml10_content().map_err(unread)?,
            Event::CData(part) if depth == 2 => text += &part.xml10_content().map_err(unread)?,
            Event::GeneralRef(entity) if depth == 2 => text.push_str(&resolved(&entity)?),
            Event::DocType(_) | Event::PI(_) => return Err(malformed("不接受 DOCTYPE 和处理指令")),
            Event::Eof if depth == 0 && !fields.is_empty() => return Ok(fields),
            Event::Eof => return Err(malformed("消息不完整")),
            _ => {}
        }
    }
}

/// One of XML's own five entities, or a character by its number.
fn resolved(entity: &BytesRef<'_>) -> Result<String> {
    let character = entity.resolve_char_ref().map_err(|_| malformed("字符编号不对"))?;
    if let Some(character) = character {
        return Ok(character.into());
    }
    let name = entity.decode().map_err(unread)?;
    let known = resolve_predefined_entity(&name).map(str::to_owned);
    known.ok_or_else(|| malformed("不认识的实体"))
}

fn unread<E>(_: E) -> Error {
    malformed("文字读不出来")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(fields: &str) -> String {
        format!(
            "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o6_x-Y]]></FromUserName>\
             <CreateTime>1348831860</CreateTime>{fields}</xml>"
        )
    }

    fn kind(fields: &str) -> Kind {
        Message::parse(&with(fields)).unwrap().kind
    }

    fn event(name: &str, key: &str) -> Kind {
        kind(&format!(
            "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event><EventKey><![CDATA[{key}]]></EventKey>"
        ))
    }

    #[test]
    fn each_kind_of_message_is_told_apart() {
        let text = "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[新街村 10月 <b>]]></Content>\
                    <MsgId>1234567890123456</MsgId>";
        assert_eq!(kind(text), Kind::Text("新街村 10月 <b>".into()));
        let voice = "<MsgType>voice</MsgType><Recognition>上个月</Recognition><MsgId>1</MsgId>";
        assert_eq!(kind(voice), Kind::Text("上个月".into()));
        assert_eq!(kind("<MsgType>voice</MsgType><MsgId>1</MsgId>"), Kind::Other);
        assert_eq!(kind("<MsgType>image</MsgType><PicUrl>x</PicUrl>"), Kind::Other);
        assert_eq!(event("subscribe", ""), Kind::Subscribe(None));
        let scene = "341181107201";
        let by_code = event("subscribe", "qrscene_341181107201");
        assert_eq!(by_code, Kind::Subscribe(Some(scene.into())));
        assert_eq!(event("SCAN", scene), Kind::Scan(scene.into()));
        assert_eq!(event("CLICK", "核验"), Kind::Click("核验".into()));
        assert_eq!(event("unsubscribe", ""), Kind::Unsubscribe);
        assert_eq!(event("VIEW", "https://x"), Kind::Other);
        assert_eq!(event("TEMPLATESENDJOBFINISH", ""), Kind::Other);
    }

    #[test]
    fn a_message_that_comes_again_has_the_same_identity_and_no_other_has() {
        let identity = |fields: &str| Message::parse(&with(fields)).unwrap().identity;
        let text = "<MsgType>text</MsgType><Content>a</Content><MsgId>7</MsgId>";
        assert_eq!(identity(text), identity(text));
        assert_ne!(identity(text), identity(&text.replace('7', "8")));
        let scan = "<MsgType>event</MsgType><Event>SCAN</Event><EventKey>1</EventKey>";
        assert_eq!(identity(scan), identity(scan));
        assert_ne!(identity(scan), identity(&scan.replace("SCAN", "CLICK")));
    }

    #[test]
    fn entities_are_not_expanded_and_broken_xml_is_refused() {
        assert_eq!(
            kind("<MsgType>text</MsgType><Content>&lt;&#26032;&amp;&#x8857;</Content>"),
            Kind::Text("<新&街".into())
        );
        let bomb = "<!DOCTYPE xml [<!ENTITY a \"aaaa\">]>";
        let deep = "<a>".repeat(20) + &"</a>".repeat(20);
        let many: String = (0..FIELDS_MAX).map(|n| format!("<F{n}>1</F{n}>")).collect();
        for bad in [
            "",
            "<xml>",
            "<xml/>",
            "{}",
            "<xml></xml>",
            &format!("{bomb}{}", with("<MsgType>text</MsgType><Content>&a;</Content>")),
            &with("<MsgType>text</MsgType><Content>&a;</Content>"),
            &format!("<!DOCTYPE xml>{}", with("<MsgType>text</MsgType>")),
            &with("<?php x ?>"),
            &with("<MsgType>text</MsgTyp>"),
            &with("<MsgType>text</MsgType><MsgType>event</MsgType>"),
            &with(&deep),
            &with(&many),
            &with("").replace("o6_x-Y", "a b"),
            &with("").replace("o6_x-Y", ""),
            &with("").replace("xml>", "html>"),
            "<xml><FromUserName>o6</FromUserName></xml>",
        ] {
            assert_eq!(Message::parse(bad).unwrap_err().code(), "malformed", "{bad}");
        }
    }

    #[test]
    fn an_answer_goes_back_to_whoever_asked_and_cannot_end_its_own_field() {
        let asked = Message::parse(&with("<MsgType>text</MsgType><Content>a</Content>")).unwrap();
        let answer = asked.reply("好]]><b>&", 1_780_449_120);
        let fields = fields(&answer).unwrap();
        assert_eq!(fields["ToUserName"], "o6_x-Y");
        assert_eq!(fields["FromUserName"], "gh_1");
        assert_eq!(fields["Content"], "好]]><b>&");
        assert_eq!(sealed(&envelope("abc+/=", "f0", 1, "n")).unwrap(), "abc+/=");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = Message::parse(&text);
            let _ = Message::parse(&with(&text));
        }

        #[test]
        fn tags_in_any_order_are_read_or_refused(parts in proptest::collection::vec(
            "<[a-zA-Z/!?\\[]{1,9}>|CDATA\\[|\\]\\]>|&[a-z#0-9]{0,4};|[a-z]{0,4}", 0..30)) {
            let _ = Message::parse(&parts.concat());
        }

        #[test]
        fn what_is_written_is_read_again(text in "[^\r\u{0}-\u{8}\u{b}-\u{1f}]{0,60}") {
            let asked = Message::parse(&with("<MsgType>text</MsgType>")).unwrap();
            proptest::prop_assert_eq!(&fields(&asked.reply(&text, 1)).unwrap()["Content"], &text);
        }
    }
}
