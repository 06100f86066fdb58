//! The Markdown of bulletins: to HTML that can only be read, and to one line of plain text.

use ledger::content::ImageRef;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// What stands before a picture's number where a text places it: `![](图1)`.
pub const PICTURE: &str = "图";

/// A text as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Safe to stand in a page as it is.
    pub html: String,
    /// Numbers (from 1) of the pictures that the text places.
    pub placed: Vec<usize>,
    /// Numbers that the text places without there being such a picture.
    pub missing: Vec<usize>,
}

/// Renders a text with these pictures, whose files are served below `at` (`/blob/`).
#[must_use]
pub fn render(body: &str, images: &[ImageRef], at: &str) -> Rendered {
    let mut tamed =
        Tame { images, at, links: Vec::new(), plain: None, image: None, done: Rendered::default() };
    let mut events = Vec::new();
    for event in parser(body) {
        tamed.event(event, &mut events);
    }
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events.into_iter());
    // Pages allow no inline style. Somebody who writes just these words in a text sees the others: no harm is done.
    html = html.replace(" style=\"text-align: right\"", " class=\"right\"");
    html = html.replace(" style=\"text-align: center\"", " class=\"middle\"");
    html = html.replace(" style=\"text-align: left\"", "");
    Rendered { html, ..tamed.done }
}

fn parser(body: &str) -> Parser<'_> {
    Parser::new_ext(body, Options::ENABLE_TABLES)
}

/// The addresses of a text's links that a reader may follow.
#[must_use]
pub fn links(body: &str) -> Vec<String> {
    let address = |event: Event<'_>| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    };
    parser(body).filter_map(address).filter(|address| may_be_followed(address)).collect()
}

/// The beginning of a text without any marks, in one line of at most `max` characters.
#[must_use]
pub fn first_line(body: &str, max: usize) -> String {
    let mut line = String::new();
    for event in parser(body) {
        match event {
            Event::Text(text) | Event::Code(text) => line.push_str(&text),
            Event::SoftBreak | Event::HardBreak | Event::End(_) => line.push(' '),
            _ => {}
        }
        if line.chars().count() > max * 2 {
            break;
        }
    }
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(max).collect()
}

/// A text after its picture `gone` (from 1) was removed: it is placed no more, and those after it move up.
#[must_use]
pub fn without_picture(body: &str, gone: usize) -> String {
    let mut kept = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find("![") {
        let (before, image) = rest.split_at(at);
        kept.push_str(before);
        match placed(image) {
            Some((n, _, to)) if n == gone => {
                rest = image.get(to + 1..).unwrap_or_default();
            }
            Some((n, from, to)) => {
                let n = if n > gone { n - 1 } else { n };
                kept.push_str(image.get(..from).unwrap_or_default());
                kept.push_str(&format!("{PICTURE}{n})"));
                rest = image.get(to + 1..).unwrap_or_default();
            }
            None => {
                kept.push_str("![");
                rest = image.get(2..).unwrap_or_default();
            }
        }
    }
    kept.push_str(rest);
    kept
}

/// The number in `![words](图N)…`, where `图` begins, and where `)` stands.
fn placed(image: &str) -> Option<(usize, usize, usize)> {
    let words = image.find("](")?;
    let line_end = image.find('\n').unwrap_or(image.len());
    let from = words + 2;
    let to = from + image.get(from..)?.find(')')?;
    let n = number(image.get(from..to)?)?;
    (to < line_end).then_some((n, from, to))
}

fn number(address: &str) -> Option<usize> {
    let digits = address.strip_prefix(PICTURE)?;
    let plain =
        !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Whether a reader may follow it: the web, or a path of this server.
fn may_be_followed(address: &str) -> bool {
    let begins = |scheme: &str| {
        address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    let path = address.starts_with('/') && !address.starts_with("//") && !address.contains('\\');
    begins("http://") || begins("https://") || path
}

/// Takes everything out of a text's events that could do more than be read.
struct Tame<'a> {
    images: &'a [ImageRef],
    at: &'a str,
    /// Open links: whether each is kept.
    links: Vec<bool>,
    /// The lines so far of an open block that is a paragraph of plain text here: indented lines, or HTML.
    plain: Option<String>,
    /// An open picture: its address and its words so far.
    image: Option<(String, String)>,
    done: Rendered,
}

impl<'a> Tame<'a> {
    fn event(&mut self, event: Event<'a>, out: &mut Vec<Event<'a>>) {
        if self.image.is_some() {
            return self.within_image(event, out);
        }
        if let (Some(plain), Event::Html(text) | Event::Text(text)) = (&mut self.plain, &event) {
            plain.push_str(text);
            return;
        }
        match event {
            Event::Html(text) | Event::InlineHtml(text) => out.push(Event::Text(text)),
            Event::SoftBreak => out.push(Event::HardBreak),
            Event::Start(tag) => self.start(tag, out),
            Event::End(tag) => self.end(tag, out),
            Event::Text(_) | Event::Code(_) | Event::HardBreak | Event::Rule => out.push(event),
            // Kinds that are not switched on.
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'a>, out: &mut Vec<Event<'a>>) {
        match tag {
            Tag::HtmlBlock | Tag::CodeBlock(CodeBlockKind::Indented) => {
                self.plain = Some(String::new());
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_)) => {
                out.push(Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)));
            }
            Tag::Heading { level, .. } => {
                let (level, id, classes, attrs) = (below(level), None, Vec::new(), Vec::new());
                out.push(Event::Start(Tag::Heading { level, id, classes, attrs }));
            }
            Tag::Link { link_type, dest_url, .. } => {
                let kept = may_be_followed(&dest_url);
                self.links.push(kept);
                if kept {
                    let (title, id) = (CowStr::from(""), CowStr::from(""));
                    out.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
            }
            Tag::Image { dest_url, .. } => {
                self.image = Some((dest_url.into_string(), String::new()))
            }
            Tag::Table(columns) => {
                out.push(Event::Html("<div class=\"scroll\" tabindex=\"0\">".into()));
                out.push(Event::Start(Tag::Table(columns)));
            }
            other => out.push(Event::Start(other)),
        }
    }

    fn end(&mut self, tag: TagEnd, out: &mut Vec<Event<'a>>) {
        match tag {
            TagEnd::HtmlBlock | TagEnd::CodeBlock => match self.plain.take() {
                Some(plain) => {
                    out.push(Event::Start(Tag::Paragraph));
                    lines(&plain, out);
                    out.push(Event::End(TagEnd::Paragraph));
                }
                None => out.push(Event::End(TagEnd::CodeBlock)),
            },
            TagEnd::Heading(level) => out.push(Event::End(TagEnd::Heading(below(level)))),
            TagEnd::Link => {
                if self.links.pop() == Some(true) {
                    out.push(Event::End(TagEnd::Link));
                }
            }
            TagEnd::Table => {
                out.push(Event::End(TagEnd::Table));
                out.push(Event::Html("</div>\n".into()));
            }
            other => out.push(Event::End(other)),
        }
    }

    fn within_image(&mut self, event: Event<'a>, out: &mut Vec<Event<'a>>) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::InlineHtml(text) => {
                if let Some((_, words)) = &mut self.image {
                    words.push_str(&text);
                }
            }
            Event::End(TagEnd::Image) => {
                if let Some((address, words)) = self.image.take() {
                    self.place(&address, words, out);
                }
            }
            _ => {}
        }
    }

    fn place(&mut self, address: &str, words: String, out: &mut Vec<Event<'a>>) {
        let n = number(address);
        let image = n.and_then(|n| self.images.get(n.checked_sub(1)?));
        match (n, image) {
            (Some(n), Some(image)) => {
                self.done.placed.push(n);
                let (at, alt) = (self.at, escaped(&words));
                let (hash, width, height) = (image.sha256, image.width, image.height);
                let tag = format!(
                    "<img src=\"{at}{hash}\" width=\"{width}\" height=\"{height}\" alt=\"{alt}\" \
                     loading=\"lazy\" decoding=\"async\">"
                );
                out.push(Event::InlineHtml(tag.into()));
            }
            (missing, _) => {
                self.done.missing.extend(missing);
                out.push(Event::Text(words.into()));
            }
        }
    }
}

/// A heading stands below the page's title.
fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        _ => HeadingLevel::H4,
    }
}

/// Text whose line breaks stay.
fn lines<'a>(text: &str, out: &mut Vec<Event<'a>>) {
    for (at, line) in text.trim_end_matches('\n').split('\n').enumerate() {
        if at > 0 {
            out.push(Event::HardBreak);
        }
        out.push(Event::Text(line.to_owned().into()));
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::hash::sha256;

    fn picture() -> ImageRef {
        let sha256 = sha256(b"picture");
        ImageRef { sha256, thumb: sha256, width: 40, height: 30, bytes: 9, covered: Vec::new() }
    }

    fn html(body: &str) -> String {
        render(body, &[picture()], "/blob/").html
    }

    #[test]
    fn a_text_of_before_markdown_keeps_its_paragraphs_and_lines() {
        let old = "各位村民：\n\n　　明天停水。\n请储水。\n    （缩进的一行）\n\n    缩进的一段\n    第二行\n\n新街镇";
        let said = html(old);
        for part in [
            "<p>各位村民：</p>",
            "明天停水。<br />\n请储水。<br />\n（缩进的一行）</p>",
            "<p>缩进的一段<br />\n第二行</p>",
            "<p>新街镇</p>",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }

    #[test]
    fn headings_lists_tables_and_links_are_shown() {
        let said = html(
            "# 一\n\n- 甲\n- **乙**\n\n|项|元|\n|--|--:|\n|水|3|\n\n[网](https://www.gov.cn/a?b=1&c=2) [条](/r/7)",
        );
        for part in [
            "<h2>一</h2>",
            "<strong>乙</strong>",
            "<div class=\"scroll\" tabindex=\"0\"><table>",
            "<td class=\"right\">3</td>",
            "<a href=\"https://www.gov.cn/a?b=1&amp;c=2\">网</a>",
            "<a href=\"/r/7\">条</a>",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(!said.contains("style="), "{said}");
    }

    #[test]
    fn nothing_that_could_act_comes_through() {
        for hostile in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<div onclick=x>\n\ny\n</div>",
            "[a](javascript:alert(1))",
            "[a](JaVaScRiPt:alert(1))",
            "[a](data:text/html,x)",
            "[a](//evil.example)",
            "[a](/\\evil.example)",
            "<javascript:alert(1)>",
            "[a]: javascript:alert(1)\n\n[a]",
            "![x](https://evil.example/x.png)",
            "![x](javascript:alert(1))",
            "![\" onerror=alert(1) x=\"](图1)",
            "```\"><script>\nx\n```",
            "[a](https://x.example \"\\\" onclick=x\")",
            "<style>*{}</style>",
            "&lt;script&gt;",
        ] {
            let said = html(hostile).to_lowercase();
            let tags = said.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default());
            for tag in tags {
                let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
                let known = ["p", "a", "img", "br", "pre", "code", "strong", "em", "div", "table"];
                assert!(known.contains(&name), "{hostile}: {said}");
                for act in ["javascript:", "data:", "evil"] {
                    assert!(!tag.contains(act), "{hostile}: {said}");
                }
                // What stands between quotes is a value; nothing outside of them may be a handler.
                let bare: String = tag.split('"').step_by(2).collect();
                assert!(
                    !bare.contains("onerror") && !bare.contains("onclick"),
                    "{hostile}: {said}"
                );
            }
        }
    }

    #[test]
    fn only_pictures_that_are_there_are_placed() {
        let made = render("![水管](图1) ![x](图2) ![y](图0)", &[picture()], "/blob/");
        assert_eq!((made.placed, made.missing), (vec![1], vec![2, 0]));
        assert!(made.html.contains(&format!("<img src=\"/blob/{}\"", picture().sha256)));
        assert!(made.html.contains("alt=\"水管\""));
    }

    #[test]
    fn a_removed_picture_leaves_the_text_and_the_others_move_up() {
        let body = "a ![甲](图1) b ![乙](图2) c ![丙](图3) d ![x](y) ![图1";
        assert_eq!(without_picture(body, 2), "a ![甲](图1) b  c ![丙](图2) d ![x](y) ![图1");
    }

    #[test]
    fn a_line_of_plain_text_has_no_marks() {
        assert_eq!(
            first_line("# 停水\n\n**明天**停水。\n\n|a|b|\n|-|-|\n|c|d|", 40),
            "停水 明天 停水。 a b c d"
        );
        assert_eq!(first_line("一二三四五", 3), "一二三");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_or_brings_a_tag_of_its_own(body in "[ -~\n图甲]{0,200}") {
            let made = render(&body, &[picture()], "/blob/");
            let _ = first_line(&body, 20);
            for tag in made.html.split('<').skip(1) {
                let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
                let known = ["p", "a", "img", "br", "pre", "code", "strong", "em", "div", "table", "thead", "tbody",
                    "tr", "th", "td", "ul", "ol", "li", "blockquote", "hr", "h2", "h3", "h4"];
                proptest::prop_assert!(known.contains(&name.trim_matches('/')), "{}", made.html);
            }
            proptest::prop_assert!(!made.html.contains("style="));
        }

        #[test]
        fn removing_a_picture_never_panics(body in "(!\\[|\\]\\(图[0-9]{0,3}\\)?|[甲 \n)]){0,20}", gone in 0usize..5) {
            let _ = without_picture(&body, gone);
        }
    }
}
