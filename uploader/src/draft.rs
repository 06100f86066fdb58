//! A draft: a receipt's fields as far as they are known, from the code on the paper, from flags, from the form.

use crate::openness::{self, Attribute, Choice};
use crate::say;
use clap::Args;
use ledger::content::{Direction, ImageRef, Invoice, Openness, Payment, ReceiptContent, Salt};
use ledger::money::Fen;
use ledger::statement::{LegalGround, Source};
use ledger::time::{Date, Period};
use marks::invoice::{Amount, InvoiceCode};
use serde::{Deserialize, Serialize};

/// A receipt's fields that may be filled in by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "named for what they are; labels below")]
pub enum Field {
    Period,
    Direction,
    Amount,
    Date,
    Purpose,
    Payee,
    Category,
    Handler,
    Witness,
    Approver,
    Recipient,
    Supervisor,
    Payment,
    Resolution,
    InvoiceNumber,
    Openness,
    Ground,
    Source,
}

impl Field {
    /// The fields that machines read, beside the invoice's numbers.
    const READ: [Field; 9] = [
        Field::Date,
        Field::Period,
        Field::Amount,
        Field::Purpose,
        Field::Payee,
        Field::Handler,
        Field::Witness,
        Field::Approver,
        Field::Recipient,
    ];

    /// What a person calls it.
    pub fn label(self) -> String {
        match self {
            Field::Period => say!("月份"),
            Field::Direction => say!("收支"),
            Field::Amount => say!("金额"),
            Field::Date => say!("日期"),
            Field::Purpose => say!("事由"),
            Field::Payee => say!("收款人"),
            Field::Category => say!("类别"),
            Field::Handler => say!("经手人"),
            Field::Witness => say!("证明人"),
            Field::Approver => say!("审批人"),
            Field::Recipient => say!("领款人"),
            Field::Supervisor => say!("审核人"),
            Field::Payment => say!("付款方式"),
            Field::Resolution => say!("会议记录"),
            Field::InvoiceNumber => say!("发票号码"),
            Field::Openness => say!("公开属性"),
            Field::Ground => say!("法定理由"),
            Field::Source => say!("错在哪里"),
        }
    }

    /// Its flag and its key in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Field::Period => "period",
            Field::Direction => "direction",
            Field::Amount => "amount",
            Field::Date => "date",
            Field::Purpose => "purpose",
            Field::Payee => "payee",
            Field::Category => "category",
            Field::Handler => "handler",
            Field::Witness => "witness",
            Field::Approver => "approver",
            Field::Recipient => "recipient",
            Field::Supervisor => "supervisor",
            Field::Payment => "payment",
            Field::Resolution => "resolution",
            Field::InvoiceNumber => "invoice-number",
            Field::Openness => "openness",
            Field::Ground => "ground",
            Field::Source => "source",
        }
    }

    /// Labels one after another.
    pub fn list(fields: &[Field]) -> String {
        fields.iter().map(|field| field.label()).collect::<Vec<_>>().join(&say!("、"))
    }
}

/// Which way the money went, as a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Way {
    /// 收入
    In,
    /// 支出
    Out,
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::In => Direction::In,
            Way::Out => Direction::Out,
        }
    }
}

/// How money changed hands, as a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Means {
    /// 转账
    Transfer,
    /// 现金
    Cash,
}

impl From<Means> for Payment {
    fn from(means: Means) -> Self {
        match means {
            Means::Transfer => Payment::Transfer,
            Means::Cash => Payment::Cash,
        }
    }
}

/// Fields given by flags; what is not given stays as it is.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// 记账月份 YYYY-MM（不写就按票据日期）/ month of accounts; by the date if not given
    #[arg(long, env = "MINGBAI_PERIOD", value_name = "YYYY-MM")]
    pub period: Option<Period>,
    /// 收入 in 或支出 out / income or spending [out]
    #[arg(long, env = "MINGBAI_DIRECTION", value_enum)]
    pub direction: Option<Way>,
    /// 金额（元，含税）/ amount in yuan, tax included
    #[arg(long, env = "MINGBAI_AMOUNT", value_name = "1234.56", value_parser = amount)]
    pub amount: Option<Fen>,
    /// 票据日期 / day on the paper
    #[arg(long, env = "MINGBAI_DATE", value_name = "YYYY-MM-DD")]
    pub date: Option<Date>,
    /// 事由 / what it was for
    #[arg(long, env = "MINGBAI_PURPOSE", value_parser = line::<200>)]
    pub purpose: Option<String>,
    /// 收款人（收入时为交款人）/ who was paid; who paid, when income
    #[arg(long, env = "MINGBAI_PAYEE", value_parser = line::<100>)]
    pub payee: Option<String>,
    /// 类别，如 办公费 / category
    #[arg(long, env = "MINGBAI_CATEGORY", value_parser = line::<20>)]
    pub category: Option<String>,
    /// 经手人 / handler
    #[arg(long, env = "MINGBAI_HANDLER", value_parser = line::<40>)]
    pub handler: Option<String>,
    /// 证明人 / witness
    #[arg(long, env = "MINGBAI_WITNESS", value_parser = line::<40>)]
    pub witness: Option<String>,
    /// 审批人 / approver
    #[arg(long, env = "MINGBAI_APPROVER", value_parser = line::<40>)]
    pub approver: Option<String>,
    /// 领款人 / who received the money
    #[arg(long, env = "MINGBAI_RECIPIENT", value_parser = line::<40>)]
    pub recipient: Option<String>,
    /// 审核人（监督委员会）/ who of the supervision committee checked it
    #[arg(long, env = "MINGBAI_SUPERVISOR", value_parser = line::<40>)]
    pub supervisor: Option<String>,
    /// 转账 transfer 或现金 cash / how it was paid
    #[arg(long, env = "MINGBAI_PAYMENT", value_enum)]
    pub payment: Option<Means>,
    /// 会议记录，如 2026-05-08 村民代表会议 / the meeting that resolved it
    #[arg(long, env = "MINGBAI_RESOLUTION", value_parser = line::<100>)]
    pub resolution: Option<String>,
    /// 发票号码 / invoice number
    #[arg(long, env = "MINGBAI_INVOICE_NUMBER", value_parser = line::<40>)]
    pub invoice_number: Option<String>,
    /// 发票代码 / invoice code
    #[arg(long, env = "MINGBAI_INVOICE_CODE", value_parser = line::<20>)]
    pub invoice_code: Option<String>,
    /// 发票种类，两位数 / invoice type
    #[arg(long, env = "MINGBAI_INVOICE_TYPE", value_parser = line::<8>)]
    pub invoice_type: Option<String>,
    /// 校验码 / check code
    #[arg(long, env = "MINGBAI_INVOICE_CHECK", value_parser = line::<40>)]
    pub invoice_check: Option<String>,
    /// 公开属性（不写就是主动公开）/ how far it is disclosed; all of it if not given
    #[arg(long, env = "MINGBAI_OPENNESS", value_enum)]
    pub openness: Option<Attribute>,
    /// 不主动公开的法定理由：state-secret、safety、trade-secret、privacy、internal、process、enforcement
    /// / the law's ground for anything but open
    #[arg(long, env = "MINGBAI_GROUND", value_parser = openness::ground)]
    pub ground: Option<LegalGround>,
}

/// Reads an amount that a receipt may state.
///
/// # Errors
/// What is wrong, for the person who typed it.
pub fn amount(text: &str) -> std::result::Result<Fen, String> {
    let fen: Fen = text.parse().map_err(|_| say!("金额写成 1234.56 这样"))?;
    let right = fen > Fen(0) && fen <= Fen::MAX;
    right.then_some(fen).ok_or_else(|| say!("金额要大于 0，不超过一千亿元"))
}

/// Reads one line of at most `MAX` characters; blanks around it fall away.
///
/// # Errors
/// What is wrong, for the person who typed it.
pub fn line<const MAX: usize>(text: &str) -> std::result::Result<String, String> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(say!("不能有换行或控制字符"));
    }
    let fits = text.chars().count() <= MAX;
    fits.then(|| text.to_owned()).ok_or_else(|| say!("最多 {most} 个字", most = MAX))
}

/// The one of a few that was typed; none if nothing was.
fn chosen<T: Choice>(typed: &str) -> std::result::Result<Option<T>, String> {
    match typed {
        "" => Ok(None),
        text => T::typed(text).map(Some).ok_or_else(|| say!("请从列出的里面选一个")),
    }
}

/// An invoice of which no more than the number is known.
pub fn numbered(number: String) -> Invoice {
    Invoice { type_code: String::new(), code: String::new(), number, check: String::new() }
}

/// A receipt's fields as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields of ReceiptContent")]
pub struct Draft {
    pub period: Option<Period>,
    pub direction: Option<Direction>,
    pub amount: Option<Fen>,
    pub date: Option<Date>,
    pub purpose: String,
    pub payee: String,
    pub category: String,
    pub handler: String,
    pub witness: String,
    pub approver: String,
    pub recipient: String,
    pub supervisor: String,
    pub payment: Option<Payment>,
    pub resolution: String,
    pub invoice: Option<Invoice>,
    /// How far it is disclosed.
    pub attribute: Attribute,
    /// None where all of it is, and as long as it is not known.
    pub ground: Option<LegalGround>,
    /// The log index of the published receipt that this is a correction of.
    pub corrects: Option<u64>,
    /// Where the error in that one came from.
    pub source: Option<Source>,
    /// The amount before tax that the paper's code states: what was paid is not less.
    pub net: Option<Fen>,
    /// The fields that the machine read and no person has confirmed yet.
    pub by_machine: Vec<Field>,
}

impl Draft {
    /// What the code on the paper says.
    pub fn of_code(code: &InvoiceCode) -> Draft {
        let (amount, net) = match code.amount {
            Some(Amount::Total(fen)) if fen > Fen(0) => (Some(fen), None),
            Some(Amount::Net(fen)) => (None, Some(fen)),
            // Whether tax is in it is not known: the person looks at the paper.
            _ => (None, None),
        };
        let read = [
            (Field::Amount, amount.is_some()),
            (Field::Date, code.date.is_some()),
            (Field::InvoiceNumber, true),
        ];
        Draft {
            period: code.date.map(Date::period),
            date: code.date,
            amount,
            net,
            invoice: Some(code.invoice.clone()),
            by_machine: read.iter().filter(|(_, read)| *read).map(|(field, _)| *field).collect(),
            ..Draft::default()
        }
    }

    /// Sets the day. The month follows it, unless it was given another, or published.
    fn set_date(&mut self, date: Option<Date>) {
        if self.corrects.is_none() && self.period == self.date.map(Date::period) {
            self.period = date.map(Date::period);
        }
        self.date = date;
    }

    /// Sets the month. A correction stands in the month of what it corrects.
    fn set_period(&mut self, period: Option<Period>) -> std::result::Result<(), String> {
        if self.corrects.is_some() && period != self.period {
            return Err(say!("更正不能换月份；月份错了，请办公室撤回原来的，再重新报"));
        }
        self.period = period;
        Ok(())
    }

    /// Sets how far it is disclosed. What is open has no ground.
    fn set_attribute(&mut self, attribute: Attribute) {
        self.attribute = attribute;
        if attribute == Attribute::Open {
            self.ground = None;
        }
    }

    /// Sets the law's ground.
    fn set_ground(&mut self, ground: Option<LegalGround>) -> std::result::Result<(), String> {
        if ground.is_some() && self.attribute == Attribute::Open {
            return Err(say!("主动公开的没有理由；先把公开属性改成别的"));
        }
        self.ground = ground;
        Ok(())
    }

    /// Sets where the error came from that a correction mends.
    ///
    /// # Errors
    /// In words, unless this is a correction.
    pub fn set_source(&mut self, source: Option<Source>) -> std::result::Result<(), String> {
        if source.is_some() && self.corrects.is_none() {
            return Err(say!("不是更正，不用写错在哪里"));
        }
        self.source = source;
        Ok(())
    }

    /// How far it is disclosed; none while the ground is lacking. What is covered was covered for a person's privacy:
    /// then it is not all of it that everyone sees.
    pub fn openness(&self, covered: bool) -> Option<Openness> {
        match self.attribute {
            Attribute::Open if covered => Attribute::Partial.on(Some(LegalGround::Privacy)),
            attribute => attribute.on(self.ground),
        }
    }

    /// Takes what a machine read for the fields that are still empty, and marks them as read by it.
    pub fn fill(&mut self, read: &Draft) {
        self.net = self.net.or(read.net);
        if self.invoice.is_none() && read.invoice.is_some() {
            self.invoice.clone_from(&read.invoice);
            self.by_machine.push(Field::InvoiceNumber);
        }
        for field in Field::READ {
            let (None, Some(text)) = (self.shown(field), read.shown(field)) else { continue };
            // What the machine read is in bounds, or it is left out.
            if self.set(field, &text).is_ok() {
                self.by_machine.push(field);
            }
        }
    }

    /// Where flags contradict what the code on the paper says. The flags win; the person should look again.
    pub fn contradictions(&self, flags: &Flags) -> Vec<String> {
        let mut pairs = Vec::new();
        if let (Some(was), Some(now)) = (self.amount, flags.amount) {
            pairs.push((Field::Amount, was.to_string(), now.to_string()));
        }
        if let (Some(was), Some(now)) = (self.date, flags.date) {
            pairs.push((Field::Date, was.to_string(), now.to_string()));
        }
        if let (Some(was), Some(now)) = (&self.invoice, &flags.invoice_number) {
            pairs.push((Field::InvoiceNumber, was.number.clone(), now.clone()));
        }
        pairs.retain(|(_, was, now)| was != now);
        let told = pairs.iter().map(|(field, was, now)| {
            say!(
                "{label}与二维码不同：二维码 {was}，填写 {now}",
                label = field.label(),
                was = was,
                now = now
            )
        });
        told.collect()
    }

    /// Sets what the flags give.
    ///
    /// # Errors
    /// What does not fit this paper, for the person who typed it.
    pub fn apply(&mut self, flags: &Flags) -> std::result::Result<(), String> {
        if flags.date.is_some() {
            self.set_date(flags.date);
        }
        self.set_period(flags.period.or(self.period))?;
        self.set_attribute(flags.openness.unwrap_or(self.attribute));
        self.set_ground(flags.ground.or(self.ground))?;
        self.direction = flags.direction.map(Direction::from).or(self.direction);
        self.amount = flags.amount.or(self.amount);
        self.payment = flags.payment.map(Payment::from).or(self.payment);
        for (field, flag) in [
            (&mut self.purpose, &flags.purpose),
            (&mut self.payee, &flags.payee),
            (&mut self.category, &flags.category),
            (&mut self.handler, &flags.handler),
            (&mut self.witness, &flags.witness),
            (&mut self.approver, &flags.approver),
            (&mut self.recipient, &flags.recipient),
            (&mut self.supervisor, &flags.supervisor),
            (&mut self.resolution, &flags.resolution),
        ] {
            if let Some(text) = flag {
                field.clone_from(text);
            }
        }
        let mut invoice = self.invoice.take().unwrap_or_else(|| numbered(String::new()));
        for (field, flag) in [
            (&mut invoice.number, &flags.invoice_number),
            (&mut invoice.code, &flags.invoice_code),
            (&mut invoice.type_code, &flags.invoice_type),
            (&mut invoice.check, &flags.invoice_check),
        ] {
            if let Some(text) = flag {
                field.clone_from(text);
            }
        }
        self.invoice = (!invoice.number.is_empty()).then_some(invoice);
        Ok(())
    }

    /// A field as text, if it is filled in.
    pub fn shown(&self, field: Field) -> Option<String> {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        match field {
            Field::Period => self.period.map(|period| period.to_string()),
            Field::Direction => Some(match self.direction() {
                Direction::In => say!("收入"),
                Direction::Out => say!("支出"),
            }),
            Field::Amount => self.amount.map(|fen| fen.to_string()),
            Field::Date => self.date.map(|date| date.to_string()),
            Field::Purpose => text(&self.purpose),
            Field::Payee => text(&self.payee),
            Field::Category => text(&self.category),
            Field::Handler => text(&self.handler),
            Field::Witness => text(&self.witness),
            Field::Approver => text(&self.approver),
            Field::Recipient => text(&self.recipient),
            Field::Supervisor => text(&self.supervisor),
            Field::Payment => self.payment.map(|payment| match payment {
                Payment::Transfer => say!("转账"),
                Payment::Cash => say!("现金"),
            }),
            Field::Resolution => text(&self.resolution),
            Field::InvoiceNumber => self.invoice.as_ref().map(|invoice| invoice.number.clone()),
            Field::Openness => Some(self.attribute.label()),
            Field::Ground => self.ground.map(Choice::label),
            Field::Source => self.source.map(Choice::label),
        }
    }

    /// Sets a field from what a person typed; it is the person's from then on. Nothing typed empties it.
    ///
    /// # Errors
    /// What is wrong, for the person who typed it; the field stays as it was.
    pub fn set(&mut self, field: Field, typed: &str) -> std::result::Result<(), String> {
        let typed = typed.trim();
        let some = (!typed.is_empty()).then_some(typed);
        match field {
            Field::Period => {
                let wrong = |_| say!("月份写成 2026-05 这样");
                self.set_period(some.map(|text| text.parse().map_err(wrong)).transpose()?)?;
            }
            Field::Direction => {
                self.direction = Some(match typed {
                    "收入" | "收" | "in" => Direction::In,
                    "支出" | "支" | "out" | "" => Direction::Out,
                    _ if typed == say!("收入") => Direction::In,
                    _ if typed == say!("支出") => Direction::Out,
                    _ => return Err(say!("请填 收入 或 支出")),
                });
            }
            Field::Amount => self.amount = some.map(amount).transpose()?,
            Field::Date => {
                let wrong = |_| say!("日期写成 2026-05-12 这样");
                self.set_date(some.map(|text| text.parse().map_err(wrong)).transpose()?);
            }
            Field::Purpose => self.purpose = line::<200>(typed)?,
            Field::Payee => self.payee = line::<100>(typed)?,
            Field::Category => self.category = line::<20>(typed)?,
            Field::Handler => self.handler = line::<40>(typed)?,
            Field::Witness => self.witness = line::<40>(typed)?,
            Field::Approver => self.approver = line::<40>(typed)?,
            Field::Recipient => self.recipient = line::<40>(typed)?,
            Field::Supervisor => self.supervisor = line::<40>(typed)?,
            Field::Payment => {
                self.payment = match typed {
                    "" => None,
                    "转账" | "transfer" => Some(Payment::Transfer),
                    "现金" | "cash" => Some(Payment::Cash),
                    _ if typed == say!("转账") => Some(Payment::Transfer),
                    _ if typed == say!("现金") => Some(Payment::Cash),
                    _ => return Err(say!("请填 转账 或 现金")),
                }
            }
            Field::Resolution => self.resolution = line::<100>(typed)?,
            Field::InvoiceNumber => {
                let number = line::<40>(typed)?;
                let was = self.invoice.take();
                self.invoice = (!number.is_empty()).then(|| match was {
                    Some(invoice) => Invoice { number, ..invoice },
                    None => numbered(number),
                });
            }
            Field::Openness => self.set_attribute(chosen(typed)?.unwrap_or_default()),
            Field::Ground => self.set_ground(chosen(typed)?)?,
            Field::Source => self.set_source(chosen(typed)?)?,
        }
        self.by_machine.retain(|read| *read != field);
        Ok(())
    }

    /// In or out; spending if nothing was said.
    pub fn direction(&self) -> Direction {
        self.direction.unwrap_or(Direction::Out)
    }

    /// The required fields that are not filled in yet.
    pub fn missing(&self) -> Vec<Field> {
        let required = [
            (Field::Period, self.period.is_some()),
            (Field::Date, self.date.is_some()),
            (Field::Amount, self.amount.is_some()),
            (Field::Purpose, !self.purpose.is_empty()),
            (Field::Payee, !self.payee.is_empty()),
            (Field::Category, !self.category.is_empty()),
            (Field::Ground, self.attribute == Attribute::Open || self.ground.is_some()),
            (Field::Source, self.corrects.is_none() || self.source.is_some()),
        ];
        required.iter().filter(|(_, filled)| !filled).map(|(field, _)| *field).collect()
    }

    /// The content object, and the month it belongs to; `None` while required fields are missing.
    pub fn content(&self, salt: Salt, images: Vec<ImageRef>) -> Option<(Period, ReceiptContent)> {
        let content = ReceiptContent {
            salt,
            direction: self.direction(),
            amount: self.amount?,
            date: self.date?,
            purpose: self.purpose.clone(),
            payee: self.payee.clone(),
            category: self.category.clone(),
            handler: self.handler.clone(),
            witness: self.witness.clone(),
            approver: self.approver.clone(),
            recipient: self.recipient.clone(),
            supervisor: self.supervisor.clone(),
            payment: self.payment,
            resolution: self.resolution.clone(),
            invoice: self.invoice.clone(),
            openness: self.openness(images.iter().any(|image| !image.covered.is_empty())),
            no_voucher: String::new(),
            images,
        };
        // An empty line is refused there too; here it is told as missing.
        self.missing().is_empty().then_some((self.period?, content))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use marks::invoice;

    fn draft(text: &str) -> Draft {
        Draft::of_code(&invoice::parse(text).unwrap())
    }

    #[test]
    fn a_code_with_the_total_fills_amount_date_month_and_number() {
        let draft = draft("01,32,,26447000001243494438,285.92,20260619,,300A");
        assert_eq!(draft.amount, Some(Fen(28_592)));
        assert_eq!(draft.period.unwrap().to_string(), "2026-06");
        assert_eq!(draft.missing(), [Field::Purpose, Field::Payee, Field::Category]);
    }

    #[test]
    fn an_amount_before_tax_is_never_taken_for_what_was_paid() {
        let draft = draft("01,04,4200161350,00015045,165106.00,20160501,48114255542168294433,DBFE");
        assert_eq!(draft.amount, None);
        assert!(draft.missing().contains(&Field::Amount));
    }

    #[test]
    fn a_flag_wins_over_the_code_and_a_contradiction_is_told() {
        let mut draft = draft("01,32,,26447000001243494438,285.92,20260619,,300A");
        let flags = Flags {
            amount: Some(Fen(28_500)),
            date: "2026-06-19".parse().ok(),
            invoice_number: Some("1".repeat(20)),
            purpose: Some("买纸".into()),
            ..Flags::default()
        };
        assert_eq!(draft.contradictions(&flags).len(), 2, "amount and number, not the date");
        draft.apply(&flags).unwrap();
        assert_eq!(draft.amount, Some(Fen(28_500)));
        assert_eq!(draft.invoice.unwrap().number, "1".repeat(20));
    }

    #[test]
    fn a_full_draft_makes_a_content_that_the_format_takes() {
        let mut draft = Draft::default();
        assert!(draft.content(Salt([0; 16]), Vec::new()).is_none());
        draft
            .apply(&Flags {
                date: "2026-05-12".parse().ok(),
                amount: amount("12.50").ok(),
                purpose: line::<200>(" 路灯维修 ").ok(),
                payee: Some("五金店".into()),
                category: Some("维修费".into()),
                ..Flags::default()
            })
            .unwrap();
        let (period, content) = draft.content(Salt([0; 16]), Vec::new()).unwrap();
        assert_eq!((period.to_string(), content.amount), ("2026-05".into(), Fen(1250)));
        assert_eq!(content.purpose, "路灯维修");
        ledger::content::Content::check(&content).unwrap();
    }

    fn full() -> Draft {
        Draft {
            period: "2026-05".parse().ok(),
            date: "2026-05-12".parse().ok(),
            amount: Some(Fen(1250)),
            purpose: "路灯维修".into(),
            payee: "五金店".into(),
            category: "维修费".into(),
            ..Draft::default()
        }
    }

    #[test]
    fn anything_but_open_needs_the_laws_ground_and_open_has_none() {
        let openness = |draft: &Draft| draft.content(Salt([0; 16]), Vec::new()).unwrap().1.openness;
        let mut draft = full();
        assert_eq!(openness(&draft), Some(Openness::Open {}), "unless something else is said");
        for attribute in ["部分公开", "on-request", "不予公开"] {
            draft.set(Field::Openness, attribute).unwrap();
            assert_eq!(draft.missing(), [Field::Ground], "{attribute}");
            assert!(draft.content(Salt([0; 16]), Vec::new()).is_none());
        }
        assert!(draft.set(Field::Ground, "不想公开").is_err());
        draft.set(Field::Ground, "涉及个人隐私（第十五条）").unwrap();
        let withheld = Openness::Withheld { ground: LegalGround::Privacy };
        assert_eq!(openness(&draft), Some(withheld));
        draft.set(Field::Openness, "主动公开").unwrap();
        assert_eq!((draft.ground, openness(&draft)), (None, Some(Openness::Open {})));
        let ground = Flags { ground: Some(LegalGround::Privacy), ..Flags::default() };
        assert!(draft.apply(&ground).is_err(), "what is open has no ground");
        let flags = Flags { openness: Some(Attribute::OnRequest), ..ground };
        draft.apply(&flags).unwrap();
        assert_eq!(openness(&draft), Some(Openness::OnRequest { ground: LegalGround::Privacy }));
    }

    #[test]
    fn what_is_covered_is_not_all_open() {
        let private = Openness::Partial { ground: LegalGround::Privacy };
        assert_eq!(full().openness(true), Some(private));
        let ground = Some(LegalGround::TradeSecret);
        let chosen = Draft { attribute: Attribute::Partial, ground, ..full() };
        assert_eq!(chosen.openness(true), chosen.openness(false), "the person's word counts");
    }

    #[test]
    fn a_correction_says_where_the_error_was_and_stays_in_its_month() {
        let mut draft = Draft { corrects: Some(7), ..full() };
        assert_eq!(draft.missing(), [Field::Source]);
        draft.set(Field::Source, "源文件内容错误").unwrap();
        assert!(draft.missing().is_empty());
        draft.set(Field::Date, "2026-06-01").unwrap();
        assert_eq!(draft.period.unwrap().to_string(), "2026-05");
        assert!(draft.set(Field::Period, "2026-06").is_err());
        let june = Flags { period: "2026-06".parse().ok(), ..Flags::default() };
        assert!(draft.apply(&june).is_err());
        assert!(full().set_source(Some(Source::Format)).is_err(), "nothing is corrected");
    }

    #[test]
    fn what_the_format_would_refuse_is_refused_when_typed() {
        for bad in ["0", "-1", "1e9", "999999999999999", ""] {
            assert!(amount(bad).is_err(), "{bad}");
        }
        assert!(line::<3>("四个字啊").is_err());
        assert!(line::<9>("a\nb").is_err());
    }
}
