//! How far a paper is to be disclosed (公开属性), the law's ground for anything but all of it, and where an error came
//! from: what may be chosen, in the accountant's words.

use crate::say;
use ledger::content::Openness;
use ledger::statement::{LegalGround, Source, word};
use serde::{Deserialize, Serialize};

/// How far, without the ground.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Attribute {
    /// 主动公开
    #[default]
    Open,
    /// 部分公开
    Partial,
    /// 依申请公开
    OnRequest,
    /// 不予公开
    Withheld,
}

/// One of a few things to choose from.
pub trait Choice: Copy + Serialize + 'static {
    /// All of them, in the order in which they are offered.
    const ALL: &'static [Self];

    /// What a person calls it.
    fn label(self) -> String;

    /// The one that was typed: its label, or its word in the format.
    fn typed(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.label() == text || word(one) == text)
    }

    /// The labels of all.
    fn labels() -> Vec<String> {
        Self::ALL.iter().map(|one| one.label()).collect()
    }
}

impl Choice for Attribute {
    const ALL: &'static [Attribute] =
        &[Attribute::Open, Attribute::Partial, Attribute::OnRequest, Attribute::Withheld];

    fn label(self) -> String {
        match self {
            Attribute::Open => say!("主动公开"),
            Attribute::Partial => say!("部分公开"),
            Attribute::OnRequest => say!("依申请公开"),
            Attribute::Withheld => say!("不予公开"),
        }
    }
}

/// The articles are those of the regulations on open government information (政府信息公开条例, 2019), as on the office's
/// pages.
impl Choice for LegalGround {
    const ALL: &'static [LegalGround] = &LegalGround::ALL;

    fn label(self) -> String {
        match self {
            LegalGround::StateSecret => say!("涉及国家秘密（第十四条）"),
            LegalGround::Safety => {
                say!("危及国家、公共、经济安全和社会稳定（第十四条）")
            }
            LegalGround::TradeSecret => say!("涉及商业秘密（第十五条）"),
            LegalGround::Privacy => say!("涉及个人隐私（第十五条）"),
            LegalGround::Internal => say!("内部事务（第十六条）"),
            LegalGround::Process => say!("讨论记录、过程稿（第十六条）"),
            LegalGround::Enforcement => say!("执法案卷（第十六条）"),
        }
    }
}

impl Choice for Source {
    const ALL: &'static [Source] = &Source::ALL;

    fn label(self) -> String {
        match self {
            Source::Format => say!("信息格式错误"),
            Source::Original => say!("源文件内容错误"),
            Source::Attribute => say!("信息属性认定错误"),
        }
    }
}

impl Attribute {
    /// With its ground; none where that is lacking.
    pub fn on(self, ground: Option<LegalGround>) -> Option<Openness> {
        match self {
            Attribute::Open => Some(Openness::Open {}),
            Attribute::Partial => ground.map(|ground| Openness::Partial { ground }),
            Attribute::OnRequest => ground.map(|ground| Openness::OnRequest { ground }),
            Attribute::Withheld => ground.map(|ground| Openness::Withheld { ground }),
        }
    }
}

/// Why a paper without its ground is not signed.
pub fn no_ground() -> String {
    say!("不是主动公开的，要选《政府信息公开条例》规定的理由，才能签名")
}

/// Reads the word of a ground in the format.
///
/// # Errors
/// What may be written, for the person who typed it.
pub fn ground(text: &str) -> std::result::Result<LegalGround, String> {
    Choice::typed(text).ok_or_else(|| say!("理由只能是：{words}", words = words::<LegalGround>()))
}

/// Reads the word of an error's source in the format.
///
/// # Errors
/// What may be written, for the person who typed it.
pub fn source(text: &str) -> std::result::Result<Source, String> {
    Choice::typed(text).ok_or_else(|| say!("错在哪里只能是：{words}", words = words::<Source>()))
}

/// Every choice with its word: `privacy 涉及个人隐私`.
fn words<T: Choice>() -> String {
    let all = T::ALL.iter().map(|one| format!("{} {}", word(one), one.label()));
    all.collect::<Vec<_>>().join(&say!("；"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_known_by_its_label_and_by_its_word_in_the_format() {
        for ground in LegalGround::ALL {
            assert_eq!(LegalGround::typed(&ground.label()), Some(ground));
            assert_eq!(super::ground(&word(&ground)), Ok(ground));
        }
        for source in Source::ALL {
            assert_eq!(Source::typed(&source.label()), Some(source));
        }
        assert_eq!(Attribute::typed("on-request"), Some(Attribute::OnRequest));
        assert_eq!(Attribute::typed("不予公开"), Some(Attribute::Withheld));
        assert!(ground("secret").is_err_and(|why| why.contains("privacy 涉及个人隐私")));
    }

    #[test]
    fn what_is_not_all_open_is_nothing_without_its_ground() {
        let ground = LegalGround::Privacy;
        assert_eq!(Attribute::Open.on(None), Some(Openness::Open {}));
        for attribute in [Attribute::Partial, Attribute::OnRequest, Attribute::Withheld] {
            assert_eq!(attribute.on(None), None);
            let said = attribute
                .on(Some(ground))
                .map(|openness| serde_json::to_value(openness).unwrap_or_default());
            let words = serde_json::json!({"attribute": attribute, "ground": "privacy"});
            assert_eq!(said, Some(words), "as the format writes it");
        }
    }
}
