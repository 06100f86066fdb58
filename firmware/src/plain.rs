//! A bulletin's text without the marks of Markdown: a board has one type and no tables, and the words are what counts.

use alloc::string::String;

/// The text of CommonMark, a line a line.
pub fn plain(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    for line in markdown.lines() {
        if is_rule(line) {
            continue;
        }
        let line = line.trim_start_matches(['#', '>', ' ']);
        let line = match line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
            Some(item) => {
                text.push('·');
                item
            }
            None => line,
        };
        words(line.trim_matches('|'), &mut text);
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

/// A line that only divides: of a table, or of a page.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.chars().all(|c| matches!(c, '-' | '|' | ':' | ' ' | '=' | '*' | '_'))
}

fn words(line: &str, text: &mut String) {
    let mut rest = line;
    while let Some(at) = rest.find(['*', '`', '|', '[', '!', '\\']) {
        let (before, marked) = rest.split_at(at);
        text.push_str(before);
        let mut marks = marked.chars();
        let mark = marks.next().unwrap_or(' ');
        rest = marks.as_str();
        match mark {
            '|' => text.push_str("  "),
            '\\' => {
                text.extend(marks.next());
                rest = marks.as_str();
            }
            '!' if !rest.starts_with('[') => text.push('!'),
            '[' | '!' => {
                let link = if mark == '!' { &rest[1..] } else { rest };
                let (words, after) = linked(link).unwrap_or(("", rest));
                // A picture stands below the text.
                if mark == '[' {
                    text.push_str(if after == rest { "[" } else { words });
                }
                rest = after;
            }
            _ => {}
        }
    }
    text.push_str(rest);
}

/// `words](address)` and what follows.
fn linked(text: &str) -> Option<(&str, &str)> {
    let (words, rest) = text.split_once("](")?;
    let (_, after) = rest.split_once(')')?;
    Some((words, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_and_marks_go() {
        let text =
            plain("# 公示\n\n**修路**第一段，`x`\n- 甲\n* 乙\n见[这里](/r/7)。\n![图](图1)\n");
        assert_eq!(text, "公示\n\n修路第一段，x\n·甲\n·乙\n见这里。");
        let table = plain("| 户 | 元 |\n|---|---:|\n| 张 | 10 |\n");
        assert_eq!(table, " 户    元 \n 张    10");
        assert_eq!(plain("3\\*4 [不是链接 !好"), "3*4 [不是链接 !好");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_it(text in "[-*#>|!\\[\\]()\\\\ `a中\n]{0,60}") {
            let _ = plain(&text);
        }
    }
}
