//! What the account answers: a few lines from the view, with the addresses of the pages that say the rest.

use ledger::content::Direction;
use ledger::time::Period;
use rusqlite::Connection;

use super::asked::{self, Asked};
use crate::clock;
use crate::error::Result;
use crate::view::{self, Item, Month, MonthState, Which};
use crate::web::words::{Lang, Words};

/// Bytes of the longest answer (被动回复 takes 2,048).
const BYTES_MAX: usize = 2_000;
/// Villages that are listed.
const VILLAGES_MAX: usize = 12;
/// Bulletins that are listed.
const BULLETINS_MAX: usize = 3;

/// Whoever answers: what it reads from and what it knows.
pub struct Speaker<'a> {
    /// The published accounts.
    pub db: &'a Connection,
    /// The words.
    pub w: Words,
    /// The address of the pages, without a slash at its end.
    pub base: &'a str,
}

impl Speaker<'_> {
    /// The answer to what somebody wrote. A wish for a notice is granted elsewhere: here it is a question for the page.
    ///
    /// # Errors
    /// When the database fails; so for all that follow.
    pub fn to_text(&self, text: &str) -> Result<String> {
        let asked = asked::read(text, &view::villages(self.db)?, this_month());
        self.to(&asked)
    }

    /// The answer to a question.
    ///
    /// # Errors
    /// When the database fails.
    pub fn to(&self, asked: &Asked) -> Result<String> {
        let lines = match asked {
            Asked::Accounts { village: Some(code), period } => self.village(code, *period)?,
            Asked::Accounts { village: None, period } => self.villages(*period)?,
            Asked::Bulletins => self.bulletins()?,
            Asked::Verify => self.verify()?,
            Asked::Record(n) => self.record(*n)?,
            Asked::Ask | Asked::Notice(_) => self.ask(),
            Asked::Help => self.help()?,
            Asked::Unknown => {
                let mut lines = vec![self.w.t("没看懂这句话。").to_owned()];
                lines.extend(self.help()?);
                lines
            }
        };
        Ok(within(lines))
    }

    /// What somebody reads who begins to follow the account, by a village's code or without one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn welcome(&self, scene: Option<&str>) -> Result<String> {
        let township = view::head(self.db)?.map(|head| head.township).unwrap_or_default();
        let example = self.example()?;
        let mut lines = vec![
            self.w.fill("您好，这里是{township}的明白账。", &[("township", &township)]),
            self.w.t("村里每一笔收支的票据都在这里，谁都可以看、可以核对、可以问。").to_owned(),
            self.w.fill(
                "写一句话就能看，如“{example}”；或者点下面的菜单。",
                &[("example", &example)],
            ),
        ];
        if let Some(code) = scene {
            lines.extend(self.village(code, None)?);
        }
        Ok(within(lines))
    }

    /// What somebody reads who scans a village's code.
    ///
    /// # Errors
    /// When the database fails.
    pub fn scanned(&self, scene: &str) -> Result<String> {
        let lines = self.village(scene, None)?;
        Ok(within(if lines.is_empty() { self.help()? } else { lines }))
    }

    fn link(&self, path: &str) -> String {
        format!("{}{}", self.base, self.w.link(path))
    }

    /// A village's month, or its newest; nothing where there is no such village.
    fn village(&self, code: &str, period: Option<Period>) -> Result<Vec<String>> {
        let villages = view::villages(self.db)?;
        let Some((code, name)) = villages.into_iter().find(|(known, _)| known == code) else {
            return Ok(Vec::new());
        };
        let months = view::months(self.db, &code)?;
        let newest = months.iter().find(|month| month.state != MonthState::Silent);
        let wanted = match period {
            Some(period) => months.iter().find(|month| month.period == period),
            None => newest,
        };
        let spoken = wanted.filter(|month| month.state != MonthState::Silent);
        Ok(match (spoken, newest) {
            (Some(month), _) => {
                vec![self.month(&name, month), self.month_link(&code, month.period)]
            }
            (None, Some(newest)) => vec![
                self.silent(&name, period),
                self.w.t("最近公布的是：").to_owned(),
                self.month(&name, newest),
                self.month_link(&code, newest.period),
            ],
            (None, None) => {
                vec![self.silent(&name, period), self.link(&format!("/v/{code}"))]
            }
        })
    }

    fn month_link(&self, code: &str, period: Period) -> String {
        self.link(&format!("/v/{code}/{period}"))
    }

    fn month(&self, village: &str, month: &Month) -> String {
        let w = self.w;
        let said = w.month(&month.period);
        if month.state == MonthState::Nothing {
            let values = [("village", village), ("month", said.as_str())];
            return w.fill("{village}申报：{month}没有收支。", &values);
        }
        w.fill(
            "{village} {month}：支出 {spent}，收入 {received}，共 {n} 笔。",
            &[
                ("village", village),
                ("month", &said),
                ("spent", &w.money(&month.totals.spent)),
                ("received", &w.money(&month.totals.received)),
                ("n", &month.totals.count.to_string()),
            ],
        )
    }

    fn silent(&self, village: &str, period: Option<Period>) -> String {
        match period {
            Some(period) => self.w.fill(
                "{village} {month}：还没有公布。",
                &[("village", village), ("month", &self.w.month(&period))],
            ),
            None => self.w.fill("{village}还没有公布过收支。", &[("village", village)]),
        }
    }

    /// Every village with its newest month, or with the month that was asked for.
    fn villages(&self, period: Option<Period>) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for (code, name) in view::villages(self.db)?.into_iter().take(VILLAGES_MAX) {
            let Some(period) = period else {
                lines.push(format!("{name} {}", self.link(&format!("/v/{code}"))));
                continue;
            };
            let months = view::months(self.db, &code)?;
            let month = months.iter().find(|month| month.period == period);
            lines.push(match month.filter(|month| month.state != MonthState::Silent) {
                Some(month) => self.month(&name, month),
                None => self.silent(&name, Some(period)),
            });
        }
        lines.push(self.w.fill("全部村：{link}", &[("link", &self.link("/"))]));
        Ok(lines)
    }

    fn bulletins(&self) -> Result<Vec<String>> {
        let which = Which { limit: BULLETINS_MAX, now: clock::unix_now(), ..Which::default() };
        let newest = view::bulletins(self.db, which)?;
        let mut lines: Vec<String> = newest
            .iter()
            .map(|line| format!("{} {}", line.title, self.link(&format!("/b/{}", line.n))))
            .collect();
        lines.push(self.w.fill("全部公告：{link}", &[("link", &self.link("/b"))]));
        Ok(lines)
    }

    fn verify(&self) -> Result<Vec<String>> {
        let size = view::head(self.db)?.map_or(0, |head| head.size);
        Ok(vec![
            self.w.one("公开登记册现有 {n} 条记录，只增不改，谁都可以核对。", &size),
            self.w
                .t("每一笔的页面下面写着它的编号和登记证明；把编号发给我，就能看到那一笔。")
                .to_owned(),
            self.link("/"),
        ])
    }

    fn record(&self, n: u64) -> Result<Vec<String>> {
        let Some(item) = view::item(self.db, n)? else {
            return Ok(vec![
                self.w.one("没有第 {n} 号票据或公告：可能抄错了一位，也可能还没有公布。", &n),
                self.link("/"),
            ]);
        };
        Ok(vec![self.said_of(&item)?, self.link(&item.path())])
    }

    fn said_of(&self, item: &Item) -> Result<String> {
        let w = self.w;
        let number = w.one("第 {n} 号", &item.n);
        if item.withdrawn.is_some() {
            return Ok(format!("{number} {}", w.t("这一条已撤回。")));
        }
        if let Some(bulletin) = item.bulletin() {
            return Ok(format!("{number} {}", bulletin.title));
        }
        let village = view::village_name(self.db, &item.village)?.unwrap_or_default();
        let Some(receipt) = item.receipt() else {
            let month = item.period.map(|period| w.month(&period)).unwrap_or_default();
            let values = [("village", village.as_str()), ("month", &month)];
            return Ok(format!("{number} {}", w.fill("{village}申报：{month}没有收支。", &values)));
        };
        let (day, amount) = (w.day(&receipt.date), w.money(&receipt.amount));
        let values = [
            ("day", day.as_str()),
            ("village", &village),
            ("amount", &amount),
            ("purpose", &receipt.purpose),
            ("payee", &receipt.payee),
        ];
        let sentence = match receipt.direction {
            Direction::Out => {
                w.fill("{day}，{village}支出 {amount}，用于{purpose}，付给{payee}。", &values)
            }
            Direction::In => {
                w.fill("{day}，{village}收入 {amount}，来自{payee}，是{purpose}。", &values)
            }
        };
        Ok(format!("{number} {sentence}"))
    }

    fn ask(&self) -> Vec<String> {
        vec![
            self.w.t("有疑问、有意见，可以在这里写，不用登记姓名；查进度也在这里：").to_owned(),
            self.link("/ask"),
        ]
    }

    fn help(&self) -> Result<Vec<String>> {
        let w = self.w;
        let ways = [w.t("上个月"), w.t("公告"), w.t("核验"), w.t("17（票据编号）"), w.t("意见")];
        let mut lines = vec![w.t("您可以这样写：").to_owned(), self.example()?];
        lines.extend(ways.map(str::to_owned));
        lines.push(self.link("/"));
        Ok(lines)
    }

    /// What somebody of the first village might write.
    fn example(&self) -> Result<String> {
        let name = view::villages(self.db)?.into_iter().next().map(|(_, name)| name);
        let name = name.unwrap_or_else(|| self.w.t("小发票").to_owned());
        let last = this_month().later(-1);
        Ok(match self.w.lang {
            Lang::Zh => format!("{name} {}月", last.month()),
            Lang::En => format!("{name} {last}"),
        })
    }
}

fn this_month() -> Period {
    let today = clock::today();
    format!("{:04}-{:02}", today.year(), today.month()).parse().unwrap_or(Period::FIRST)
}

/// As many whole lines as an answer holds.
fn within(lines: Vec<String>) -> String {
    let mut text = String::new();
    for line in lines {
        if text.len() + line.len() + 1 > BYTES_MAX {
            break;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text += &line;
    }
    text
}
