//! What a page says of the places on a picture that are covered.

use super::words::{Words, zh};
use ledger::content::{Covered, Ground};

impl Words {
    /// Why something is covered.
    #[must_use]
    pub fn ground(&self, ground: &Ground) -> &'static str {
        self.t(match ground {
            Ground::Identity => zh("身份证号"),
            Ground::Phone => zh("电话号码"),
            Ground::Bank => zh("银行账号"),
            Ground::Address => zh("住址"),
            Ground::Health => zh("健康状况"),
            Ground::Minor => zh("未成年人"),
            Ground::Other => zh("个人信息"),
        })
    }

    /// What of a picture is covered, and why.
    #[must_use]
    pub fn covered(&self, covered: &[Covered]) -> String {
        let mut grounds: Vec<&str> =
            covered.iter().map(|cover| self.ground(&cover.ground)).collect();
        grounds.sort_unstable();
        grounds.dedup();
        let (n, why) = (covered.len().to_string(), grounds.join(self.t("、")));
        self.fill("为保护个人信息遮住 {n} 处：{why}", &[("n", &n), ("why", &why)])
    }
}
