#![allow(clippy::unwrap_used)]
use super::*;
use crate::geometry::Quad;
use proptest::prelude::*;

/// Rows of lines, parted by `|`, as OCR gives them.
fn page(text: &str) -> Vec<Line> {
    let rows = text.trim().lines().enumerate();
    rows.flat_map(|(row, text)| {
        let parts: Vec<&str> = text.split('|').collect();
        let wide = 1.0 / parts.len() as f32;
        parts
            .into_iter()
            .enumerate()
            .map(|(n, part)| {
                let left = n as f32 * wide;
                Line::even(part, Quad::upright(left, 0.0, left + wide, 0.1), row)
            })
            .collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn an_invoice_is_read() {
    let read = fields(&page(
        "发票代码：034002600111\n电子普通发票|发票号码: 00675794\n开票日期：2026年07月26日\n\
         名称：新街村村民委员会|名称:新街镇供电服务站\n*供电*路灯用电|1004|515.33|13%|66.99\n\
         合|计|¥515.33|￥66.99\n价税合计(大写)|伍佰捌拾贰元叁角贰分|（小写）¥582.32\n\
         经手人:|杨长生|证明人：李立新|审批人：同意 林万年|审核",
    ));
    assert_eq!(read.date.unwrap().to_string(), "2026-07-26");
    assert_eq!((read.net, read.tax), (Some(Fen(51_533)), Some(Fen(6_699))));
    assert_eq!((read.total, read.capitals), (Some(Fen(58_232)), Some(Fen(58_232))));
    assert_eq!(read.buyer.as_deref(), Some("新街村村民委员会"));
    assert_eq!(read.seller.as_deref(), Some("新街镇供电服务站"));
    assert_eq!(
        (read.number.as_deref(), read.code.as_deref()),
        (Some("00675794"), Some("034002600111"))
    );
    let people = [&read.handler, &read.witness, &read.approver].map(|name| name.as_deref());
    assert_eq!(people, [Some("杨长生"), Some("李立新"), Some("林万年")]);
}

#[test]
fn a_slip_and_an_income_receipt_are_read() {
    let slip = fields(&page(
        "收条\n今收到新街村村民委员会付垃圾清运三\n轮车运费，人民币陆佰壹拾元整|(¥610.00)\n\
         收款人：杨爱华\n2026年5月8日",
    ));
    assert_eq!(slip.purpose.as_deref(), Some("垃圾清运三轮车运费"));
    assert_eq!((slip.payee.as_deref(), slip.total), (Some("杨爱华"), Some(Fen(61_000))));
    let income = fields(&page(
        "农村集体经济组织收款收据\n2026年8月24日|Nº 0067671\n今收到|新街镇财政所\n交☑来上级补助\n\
         人民币 (大写)|壹万叁仟壹佰元整\n￥13100.00|收款方式：转账",
    ));
    assert!(income.income);
    assert_eq!(
        (income.payee.as_deref(), income.total),
        (Some("新街镇财政所"), Some(Fen(1_310_000)))
    );
}

#[test]
fn a_total_read_wrong_is_outvoted_and_told() {
    let read = fields(&page("合计|¥515.33|¥66.99\n伍佰捌拾贰元叁角贰分|小写¥982.32"));
    assert_eq!(read.total, Some(Fen(58_232)));
    let mut draft = Draft { amount: Some(Fen(98_232)), ..Draft::default() };
    assert_eq!(disagreements(&read, &draft).len(), 1);
    apply(&read, &mut draft);
    assert_eq!(draft.amount, Some(Fen(98_232)), "what was typed stays");
    let mut empty = Draft { net: Some(Fen(51_533)), ..Draft::default() };
    apply(&read, &mut empty);
    assert_eq!((empty.amount, empty.by_machine), (Some(Fen(58_232)), vec![Field::Amount]));
}

#[test]
fn capital_numerals_are_read() {
    for (text, fen) in [
        ("肆佰捌拾叁元整", 48_300),
        ("人民币壹万零贰拾圆伍分", 1_002_005),
        ("拾元正", 1_000),
        ("壹亿贰仟万元叁角", 12_000_000_030),
        ("伍角整", 50),
        ("壹佰元零伍分", 10_005),
    ] {
        assert_eq!(capitals(text), Some(Fen(fen)), "{text}");
    }
    for wrong in ["", "元整", "壹贰元", "壹元分", "伍分贰角", "壹元贰", "好元"] {
        assert_eq!(capitals(wrong), None, "{wrong}");
    }
}

/// Writes yuan in capital numerals, every place spelt.
fn spell(yuan: u32) -> String {
    let mut text = String::new();
    let mut zero = false;
    for (place, digit) in format!("{yuan:08}").chars().enumerate() {
        let digit = digit.to_digit(10).unwrap() as usize;
        let name = "零壹贰叁肆伍陆柒捌玖".chars().nth(digit).unwrap();
        if digit == 0 {
            zero = !text.is_empty();
        } else {
            if std::mem::take(&mut zero) && !text.ends_with('万') {
                text.push('零');
            }
            text.push(name);
            text.push_str(["仟", "佰", "拾", ""][place % 4]);
        }
        if place == 3 && yuan >= 10_000 {
            text.push('万');
        }
    }
    text + "元整"
}

proptest! {
    #[test]
    fn capitals_that_were_written_are_read_again(yuan in 1u32..100_000_000) {
        prop_assert_eq!(capitals(&spell(yuan)), Some(Fen(i64::from(yuan) * 100)), "{}", spell(yuan));
    }

    #[test]
    fn nothing_that_is_printed_breaks_it(text in "[0-9年月日.,¥￥：:元万亿壹拾仟角分合计小写大写名称今收到付人民币*|\n a]{0,80}") {
        let read = fields(&page(&text));
        let mut draft = Draft::default();
        apply(&read, &mut draft);
        disagreements(&read, &draft);
        prop_assert!(read.total.is_none_or(|fen| fen > Fen(0)));
    }

    #[test]
    fn no_capitals_break_it(text in "\\PC{0,30}|[零壹贰拾佰仟万亿元角分整]{0,30}") {
        prop_assert!(capitals(&text).is_none_or(|fen| fen > Fen(0) && fen <= Fen::MAX));
    }

    #[test]
    fn a_date_is_found_in_any_dress(y in 2000u32..2099, m in 1u32..13, d in 1u32..29, before in "[^0-9]{0,5}") {
        let wanted = format!("{y}-{m:02}-{d:02}");
        for text in [format!("{before}{y}年{m}月{d}日"), wanted.clone(), format!("{before}{y}.{m}.{d}")] {
            prop_assert_eq!(scan::date(&text).map(|date| date.to_string()), Some(wanted.clone()));
        }
    }
}

#[test]
fn a_list_of_people_names_the_first_and_counts_them() {
    let list = page(
        "新街村2026年5月保洁员工资发放表
序号|姓名|金额(元)|领款人签名
        1|徐兴旺|1107.00|徐兴旺
        2|徐志强|984.00|徐志强
        合计(大写)|贰仟零玖拾壹元整|(小写)¥2091.00|",
    );
    assert_eq!(fields(&list).payee.as_deref(), Some("徐兴旺等2人"));
    let one = page("序号|姓名|金额\n1|徐兴旺|1107.00\n合计|x|1107.00");
    assert_eq!(fields(&one).payee.as_deref(), Some("徐兴旺"));
    let nobody = page("领款人签名|x");
    assert_eq!(fields(&nobody).payee, None, "a heading is no name");
}

#[test]
fn a_day_whose_year_is_under_a_stamp_takes_it_from_the_title() {
    let list = page("合心村2026年5月工资发放表\n单位：合心村|5月29日");
    assert_eq!(fields(&list).date.unwrap().to_string(), "2026-05-29");
    assert_eq!(fields(&page("合心村2026年5月工资发放表\n共31日")).date, None);
}
