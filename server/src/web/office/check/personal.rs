//! Personal numbers in the words of a receipt or bulletin. A finding names the field and never repeats the number.

use ledger::content::{BulletinContent, Direction, Ground, ReceiptContent};
use marks::personal;

use super::{Check, Verdict};
use crate::web::words::Words;

/// What a receipt's fields seem to hold.
pub fn in_receipt(w: Words, receipt: &ReceiptContent) -> Vec<Check> {
    let income = receipt.direction == Direction::In;
    let fields = [
        (w.t("用途"), &receipt.purpose),
        (if income { w.t("付款人") } else { w.t("收款人") }, &receipt.payee),
        (w.t("类别"), &receipt.category),
        (w.t("经手人"), &receipt.handler),
        (w.t("证明人"), &receipt.witness),
        (w.t("审核人"), &receipt.supervisor),
        (w.t("审批人"), &receipt.approver),
        (w.t("领款人"), &receipt.recipient),
        (w.t("会议记录"), &receipt.resolution),
        (w.t("没有票据的原因"), &receipt.no_voucher),
    ];
    let mut checks: Vec<Check> =
        fields.into_iter().flat_map(|(field, text)| in_field(w, field, text)).collect();
    // An invoice's numbers are public and may look like a card's; only an identity number proves itself.
    let invoice = receipt.invoice.iter().flat_map(|i| [&i.code, &i.number, &i.check]);
    let sure = |found: &personal::Found| found.sure && found.ground == Ground::Identity;
    if invoice.flat_map(|text| personal::find(text)).any(|found| sure(&found)) {
        checks.push(finding(w, w.t("发票号码"), Ground::Identity));
    }
    checks
}

/// What a bulletin's words seem to hold.
pub fn in_bulletin(w: Words, bulletin: &BulletinContent) -> Vec<Check> {
    let mut checks = in_field(w, w.t("标题"), &bulletin.title);
    checks.extend(in_field(w, w.t("正文"), &bulletin.body));
    checks
}

/// One finding for each kind of number in a field.
fn in_field(w: Words, field: &str, text: &str) -> Vec<Check> {
    let mut grounds: Vec<Ground> = Vec::new();
    for found in personal::find(text) {
        if !grounds.contains(&found.ground) {
            grounds.push(found.ground);
        }
    }
    grounds.into_iter().map(|ground| finding(w, field, ground)).collect()
}

fn finding(w: Words, field: &str, ground: Ground) -> Check {
    let values = [("field", field), ("what", w.ground(&ground))];
    Check::new(Verdict::Bad, w.fill("“{field}”里像是有{what}", &values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Lang;
    use ledger::content::Salt;

    #[test]
    fn every_field_with_a_number_is_named_and_the_number_is_not_said() {
        let body = "低保户名单：\n李明，身份证 11010519491231002X，电话 13812345678，卡号 6222021234567890128\n\
                    王秀英，电话 13912345678"
            .to_owned();
        let title = "电话13812345678".to_owned();
        let bulletin = serde_json::json!({
            "salt": Salt([1; 16]), "column": "a", "title": title, "body": body, "images": []
        });
        let bulletin: BulletinContent = serde_json::from_value(bulletin).unwrap();
        let said: Vec<String> = in_bulletin(Words::new(Lang::Zh), &bulletin)
            .into_iter()
            .map(|check| check.text)
            .collect();
        assert_eq!(
            said,
            [
                "“标题”里像是有电话号码",
                "“正文”里像是有身份证号",
                "“正文”里像是有电话号码",
                "“正文”里像是有银行账号"
            ]
        );
    }
}
