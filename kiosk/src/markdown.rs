//! The Markdown of bulletins, as blocks that a screen draws one below the other. Nothing can be followed from a kiosk, so
//! a link is its words; HTML is text.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// What stands before a picture's number where a text places it: `![](图1)`; docs/FORMATS.md.
const PICTURE: &str = "图";
/// Blocks of one text that are drawn.
const BLOCKS_MAX: usize = 1_000;

/// One block of a text. Its words are inline Markdown again: emphasis, and escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading; the first level is the largest.
    Heading {
        /// 1 or 2; what is deeper is drawn like 2.
        level: u8,
        /// Its words.
        text: String,
    },
    /// A paragraph.
    Paragraph(String),
    /// A point of a list.
    Item {
        /// How many lists it lies in, from 1.
        depth: usize,
        /// Its number with a full stop, or a dot.
        mark: String,
        /// Its words; empty where it begins with another list.
        text: String,
    },
    /// Somebody else's words.
    Quote(String),
    /// Rows of cells, plain text; the first row is the head.
    Table(Vec<Vec<String>>),
    /// A picture of the bulletin, counted from 0.
    Picture(usize),
    /// A line across.
    Rule,
}

/// Reads a text. Pictures that it names more than once, or that are not there, are left to the caller.
#[must_use]
pub fn blocks(body: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(body, Options::ENABLE_TABLES) {
        reader.event(event);
        if reader.blocks.len() >= BLOCKS_MAX {
            break;
        }
    }
    reader.close();
    reader.blocks
}

/// The beginning of a text without any marks, in one line of at most `max` characters.
#[must_use]
pub fn first_words(body: &str, max: usize) -> String {
    let mut words = String::new();
    for event in Parser::new_ext(body, Options::ENABLE_TABLES) {
        match event {
            Event::Text(text) | Event::Code(text) => words.push_str(&text),
            Event::SoftBreak | Event::HardBreak | Event::End(_) => words.push(' '),
            _ => {}
        }
        if words.chars().count() > 2 * max {
            break;
        }
    }
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= max {
        return words;
    }
    words.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

/// What the words that come next belong to.
#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    text: String,
    /// Open lists: the number of the next point, where it is numbered.
    lists: Vec<Option<u64>>,
    /// The mark of the point that has no words yet.
    mark: Option<String>,
    heading: Option<u8>,
    quotes: usize,
    table: Option<Vec<Vec<String>>>,
    /// A picture's own words are not drawn.
    in_picture: bool,
}

impl Reader {
    fn event(&mut self, event: Event) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) => self.words(&text),
            Event::Html(text) | Event::InlineHtml(text) => self.words(&text),
            Event::SoftBreak | Event::HardBreak if self.table.is_some() => self.text.push(' '),
            Event::SoftBreak | Event::HardBreak => self.text.push_str("  \n"),
            Event::Rule => {
                self.close();
                self.blocks.push(Block::Rule);
            }
            _ => {} // kinds that are not switched on
        }
    }

    fn words(&mut self, text: &str) {
        if self.in_picture {
            return;
        }
        if self.table.is_some() {
            self.text.push_str(text);
            return;
        }
        for (n, line) in text.trim_end_matches('\n').split('\n').enumerate() {
            if n > 0 {
                self.text.push_str("  \n");
            }
            escape(line, &mut self.text);
        }
    }

    fn start(&mut self, tag: &Tag) {
        match tag {
            Tag::Heading { level, .. } => {
                self.close();
                self.heading = Some(if *level == HeadingLevel::H1 { 1 } else { 2 });
            }
            Tag::Paragraph if self.mark.is_none() => self.close(),
            Tag::HtmlBlock | Tag::CodeBlock(_) => self.close(),
            Tag::BlockQuote(_) => {
                self.close();
                self.quotes += 1;
            }
            Tag::List(first) => {
                self.close();
                self.lists.push(*first);
            }
            Tag::Item => {
                self.close();
                self.mark = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let mark = format!("{number}.");
                        *number = number.saturating_add(1);
                        mark
                    }
                    _ => "•".to_owned(),
                });
            }
            Tag::Table(_) => {
                self.close();
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                self.table.get_or_insert_default().push(Vec::new());
            }
            Tag::Strong => self.emphasis("**"),
            Tag::Emphasis => self.emphasis("*"),
            Tag::Image { dest_url, .. } => {
                let number = dest_url.strip_prefix(PICTURE).and_then(|n| n.parse::<usize>().ok());
                if let (Some(place), None) = (number.and_then(|n| n.checked_sub(1)), &self.table) {
                    self.close();
                    self.blocks.push(Block::Picture(place));
                }
                self.in_picture = true;
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::HtmlBlock | TagEnd::CodeBlock => {
                self.close();
            }
            TagEnd::Item => {
                self.close();
                self.mark = None;
            }
            TagEnd::List(_) => {
                self.close();
                self.lists.pop();
            }
            TagEnd::BlockQuote(_) => {
                self.close();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.text);
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(cell.trim().to_owned());
                }
            }
            TagEnd::Table => self.blocks.extend(self.table.take().map(Block::Table)),
            TagEnd::Strong => self.emphasis("**"),
            TagEnd::Emphasis => self.emphasis("*"),
            TagEnd::Image => self.in_picture = false,
            _ => {}
        }
    }

    fn emphasis(&mut self, mark: &str) {
        if self.table.is_none() {
            self.text.push_str(mark);
        }
    }

    /// Ends the block whose words were read.
    fn close(&mut self) {
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let heading = self.heading.take();
        if text.is_empty() {
            return;
        }
        let depth = self.lists.len();
        self.blocks.push(match (heading, self.mark.take()) {
            (Some(level), _) => Block::Heading { level, text },
            (None, Some(mark)) => Block::Item { depth, mark, text },
            // A further paragraph of a point stands below it, without a mark.
            (None, None) if depth > 0 => Block::Item { depth, mark: String::new(), text },
            (None, None) if self.quotes > 0 => Block::Quote(text),
            (None, None) => Block::Paragraph(text),
        });
    }
}

/// Words so that they mean themselves in inline Markdown (CommonMark 0.31, 2.4).
fn escape(words: &str, out: &mut String) {
    for letter in words.chars() {
        if letter.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(letter);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn paragraph(text: &str) -> Block {
        Block::Paragraph(text.into())
    }

    fn item(depth: usize, mark: &str, text: &str) -> Block {
        Block::Item { depth, mark: mark.into(), text: text.into() }
    }

    #[test]
    fn a_bulletin_is_read_block_by_block() {
        let body = "# 通知\n\n各位**村民**：\n停水两天。\n\n- 自来水\n- 井水\n  1. 东井\n  2. 西井\n\n> 原话\n\n---\n\n\
                    | 村 | 元 |\n|---|---|\n| 新街 | 1.50 |\n\n![大门](图2)\n";
        let table = [["村", "元"], ["新街", "1.50"]].map(|row| row.map(String::from).to_vec());
        let expected = [
            Block::Heading { level: 1, text: "通知".into() },
            paragraph("各位**村民**：  \n停水两天。"),
            item(1, "•", "自来水"),
            item(1, "•", "井水"),
            item(2, "1.", "东井"),
            item(2, "2.", "西井"),
            Block::Quote("原话".into()),
            Block::Rule,
            Block::Table(table.to_vec()),
            Block::Picture(1),
        ];
        assert_eq!(blocks(body), expected);
    }

    #[test]
    fn plain_words_mean_themselves() {
        assert_eq!(blocks("共 3_000_ 元 <b>*不*"), [paragraph("共 3\\_000\\_ 元 \\<b\\>*不*")]);
        assert_eq!(blocks("[看这里](http://x)"), [paragraph("看这里")]);
        assert_eq!(blocks("    四个空格"), [paragraph("四个空格")]);
        assert_eq!(first_words("# 一\n\n二**三**四五六", 5), "一 二三…");
    }

    proptest! {
        #[test]
        fn whatever_is_read_can_be_drawn(body in "(\\PC|\n|[-#>*|`!\\[\\]() 1.]){0,200}") {
            for block in blocks(&body) {
                if let Block::Paragraph(text) | Block::Item { text, .. } | Block::Quote(text)
                    | Block::Heading { text, .. } = block
                {
                    prop_assert!(!text.is_empty());
                    let _ = slint::StyledText::from_markdown(&text);
                }
            }
            prop_assert!(first_words(&body, 20).chars().count() <= 20);
        }
    }
}
