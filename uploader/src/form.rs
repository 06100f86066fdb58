//! The form: asks on the terminal for what is not known yet, with what was read as the default.

use crate::draft::{Draft, Field};
use crate::say;
use std::io::{self, BufRead, Write};

/// The order of the questions; the people may be left empty.
const QUESTIONS: [Field; 10] = [
    Field::Date,
    Field::Period,
    Field::Direction,
    Field::Amount,
    Field::Purpose,
    Field::Payee,
    Field::Category,
    Field::Handler,
    Field::Witness,
    Field::Approver,
];

/// Asks; Enter takes the default. The end of the input ends the form, and what was answered is kept.
///
/// # Errors
/// The terminal's.
pub fn fill(draft: &mut Draft, input: &mut impl BufRead, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", say!("请补全票据（回车用括号里的值，Ctrl-D 以后再填）："))?;
    if let Some(net) = draft.net {
        let hint = say!("二维码里是不含税金额 {net} 元，请填价税合计", net = net);
        writeln!(out, "  {hint}")?;
    }
    for field in QUESTIONS {
        loop {
            let default = draft.shown(field);
            let optional = !required(field);
            match (&default, optional) {
                (Some(value), _) => write!(out, "  {} [{value}]: ", field.label())?,
                (None, true) => write!(out, "  {} ({}): ", field.label(), say!("可不填"))?,
                (None, false) => write!(out, "  {}: ", field.label())?,
            }
            out.flush()?;
            let mut answer = String::new();
            if input.read_line(&mut answer)? == 0 {
                writeln!(out)?;
                return Ok(());
            }
            let answer = answer.trim();
            if answer.is_empty() && (default.is_some() || optional) {
                // A default that is taken is confirmed.
                draft.by_machine.retain(|read| *read != field);
                break;
            }
            if answer.is_empty() {
                writeln!(out, "    {}", say!("这一项要填"))?;
                continue;
            }
            match draft.set(field, answer) {
                Ok(()) => break,
                Err(why) => writeln!(out, "    {why}")?,
            }
        }
    }
    Ok(())
}

fn required(field: Field) -> bool {
    !matches!(field, Field::Handler | Field::Witness | Field::Approver)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ledger::content::Direction;

    fn asked(answers: &str, mut draft: Draft) -> (Draft, String) {
        let mut out = Vec::new();
        fill(&mut draft, &mut answers.as_bytes(), &mut out).unwrap();
        (draft, String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_form_fills_a_draft_and_asks_again_after_a_slip() {
        let answers =
            "2026-05-32\n2026-05-12\n\n收\nabc\n88.5\n卖旧报纸\n废品站\n其他\n\n王会计\n\n";
        let (draft, screen) = asked(answers, Draft::default());
        assert!(draft.missing().is_empty(), "{screen}");
        assert_eq!(draft.direction, Some(Direction::In));
        assert_eq!(draft.period.unwrap().to_string(), "2026-05", "the month follows the day");
        assert_eq!((&*draft.handler, &*draft.witness), ("", "王会计"));
        assert_eq!(screen.matches("日期写成").count(), 1);
    }

    #[test]
    fn the_end_of_the_input_keeps_what_was_answered() {
        let (draft, _) = asked("2026-05-12\n", Draft::default());
        assert_eq!(draft.date.unwrap().to_string(), "2026-05-12");
        assert!(!draft.missing().is_empty());
    }
}
