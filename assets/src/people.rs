//! The people of a village, all made up: who keeps its accounts, signs, works and receives.

use crate::dice::Dice;

const SURNAMES: [&str; 28] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭", "何",
    "高", "林", "罗", "郑", "梁", "谢", "宋", "唐", "许", "邓", "冯", "陶",
];
const GIVEN: [&str; 48] = [
    "守田", "秀兰", "德贵", "永福", "长生", "桂英", "巧云", "大勇", "明华", "国平", "玉珍", "春梅",
    "立新", "志强", "家旺", "小满", "冬生", "凤霞", "正清", "文才", "金宝", "水根", "兴旺", "来弟",
    "广田", "爱华", "松林", "月娥", "保国", "荣贵", "彩霞", "庆丰", "万年", "红霞", "有才", "贵香",
    "新民", "传根", "士林", "慧芳", "宏亮", "雪莲", "思远", "建业", "翠萍", "耀宗", "双喜", "润生",
];

/// A village with its people.
#[derive(Clone, Debug)]
pub struct Village {
    /// Twelve-digit statistical code.
    pub code: String,
    /// Its short name, as `清泉村`.
    pub name: &'static str,
    /// Who keeps the accounts and sends them in.
    pub accountant: String,
    /// Head of the committee, who approves.
    pub approver: String,
    /// Members of the supervision committee, who witness.
    pub witnesses: Vec<String>,
    /// Members of the committee, who handle purchases.
    pub handlers: Vec<String>,
    /// Cleaners and other hired hands.
    pub workers: Vec<String>,
    /// Other households.
    pub households: Vec<String>,
}

/// The township's name.
pub const TOWNSHIP: &str = "新街镇";
/// The township's statistical code.
pub const TOWNSHIP_CODE: &str = "341181107000";
/// The villages' names; their codes count up from the township's code + 201.
pub const VILLAGES: [&str; 8] =
    ["新街村", "合心村", "大庙村", "清泉村", "石坝村", "柳塘村", "杨桥村", "龙岗村"];

impl Village {
    /// The village at `place` in the list, with the people that `seed` gives it.
    #[must_use]
    pub fn new(seed: u64, place: usize) -> Self {
        let name = VILLAGES[place % VILLAGES.len()];
        let mut names = names(&mut Dice::new(seed, &format!("people/{name}")), 34);
        let mut take = |count: usize| names.split_off(names.len().saturating_sub(count));
        let one = |mut list: Vec<String>| list.pop().unwrap_or_default();
        Self {
            code: format!("341181107{:03}", 201 + place),
            name,
            accountant: one(take(1)),
            approver: one(take(1)),
            witnesses: take(3),
            handlers: take(3),
            workers: take(8),
            households: take(18),
        }
    }

    /// The village committee in full.
    #[must_use]
    pub fn committee(&self) -> String {
        format!("{TOWNSHIP}{}村民委员会", self.name)
    }

    /// The village's economic collective in full.
    #[must_use]
    pub fn collective(&self) -> String {
        format!("{TOWNSHIP}{}股份经济合作社", self.name)
    }
}

/// `count` different names.
#[must_use]
pub fn names(dice: &mut Dice, count: usize) -> Vec<String> {
    let given = dice.sample(GIVEN.len(), count);
    given.into_iter().map(|place| format!("{}{}", dice.pick(&SURNAMES), GIVEN[place])).collect()
}

/// A code for an organisation that looks like a unified social credit code and can be nobody's:
/// the standard (GB 32100) never uses the letter S.
#[must_use]
pub fn organisation_code(kind: &str, name: &str) -> String {
    let digits = Dice::new(3, name).digits(7);
    format!("{kind}341181MAS{}", &digits[..7])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_in_a_village_has_two_posts() {
        let village = Village::new(1, 3);
        let mut all = vec![village.accountant.clone(), village.approver.clone()];
        for group in [&village.witnesses, &village.handlers, &village.workers, &village.households]
        {
            all.extend(group.iter().cloned());
        }
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!((all.len(), count), (34, 34));
        assert_eq!(village.code, "341181107204");
    }
}
