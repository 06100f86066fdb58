//! `rules` and `holidays`: the rulebook on the command line. Neither needs the server to be stopped.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::print_json;
use crate::clock;
use crate::data::DataDir;
use crate::durable;
use crate::error::{Error, Result};
use crate::rulebook::Rulebook;
use crate::rules::{self, RULES_BYTES_MAX, Rules, SHIPPED};
use crate::workdays::{self, Workdays, YEAR_BYTES_MAX};

/// The month from which on the next year's holidays should be known: the notice comes in November.
const NOTICE_MONTH: i8 = 12;

#[derive(Args)]
pub(super) struct RulesCommand {
    #[command(flatten)]
    data: AnywhereData,
    #[command(subcommand)]
    command: RulesDo,
}

#[derive(Args)]
pub(super) struct HolidaysCommand {
    #[command(flatten)]
    data: AnywhereData,
    #[command(subcommand)]
    command: HolidaysDo,
}

/// Which data directory is meant, said before or after the verb.
#[derive(Args)]
struct AnywhereData {
    /// 数据目录
    #[arg(long = "data", value_name = "DIR", env = "MINGBAI_DATA", global = true)]
    dir: Option<PathBuf>,
}

impl AnywhereData {
    /// The directory, which must be there.
    fn at(self) -> Result<DataDir> {
        let dir = self.dir.ok_or_else(|| Error::refused("missing-option", "缺少 --data"))?;
        if !dir.is_dir() {
            let message = format!("没有数据目录 {}：请先运行 mingbai-server init", dir.display());
            return Err(Error::refused("no-data", message));
        }
        Ok(DataDir::at(dir))
    }
}

#[derive(Subcommand)]
enum RulesDo {
    /// 检查正在使用的规则和放假安排，或者检查一份文件
    Check {
        /// 还没有导入的规则文件
        file: Option<PathBuf>,
    },
    /// 打印正在使用的规则文件
    Show,
    /// 检查并采用一份规则文件；运行中的服务器随即照办
    Import {
        /// 规则文件（TOML）
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum HolidaysDo {
    /// 检查并采用一年的放假安排（holiday-cn 格式的 JSON）；运行中的服务器随即照办
    Import {
        /// 例如 2027.json
        file: PathBuf,
    },
    /// 列出已知的年份
    List {
        /// 以 JSON 打印
        #[arg(long, env = "MINGBAI_JSON")]
        json: bool,
    },
}

pub(super) fn rules(asked: RulesCommand) -> Result<()> {
    let data = asked.data.at()?;
    match asked.command {
        RulesDo::Check { file: Some(file) } => {
            println!("可以导入：{}", Rules::load_file(&file)?.name);
        }
        RulesDo::Check { file: None } => check(&data)?,
        RulesDo::Show => show(&data)?,
        RulesDo::Import { file } => println!("已采用：{}", rules::import(&data, &file)?.name),
    }
    Ok(())
}

fn check(data: &DataDir) -> Result<()> {
    let book = Rulebook::load(data)?;
    let path = data.rules();
    let from =
        if path.exists() { path.display().to_string() } else { "随程序的默认规则".into() };
    println!("规则：{}（{from}）", book.rules.name);
    let years: Vec<String> = book.workdays.years().map(|(year, ..)| year.to_string()).collect();
    println!("放假安排：{}", years.join("、"));
    for year in missing(&book.workdays, clock::today()) {
        println!("注意：{year} 年的放假安排还没有录入，先只按周末算；请用 holidays import 导入");
    }
    Ok(())
}

/// The years whose holidays should be known on a day, and are not.
fn missing(days: &Workdays, today: Date) -> Vec<i16> {
    let next = (today.month() >= NOTICE_MONTH).then(|| today.year().saturating_add(1));
    let wanted = [Some(today.year()), next].into_iter().flatten();
    wanted.filter(|year| !days.knows(*year)).collect()
}

fn show(data: &DataDir) -> Result<()> {
    let path = data.rules();
    if path.exists() {
        let bytes = durable::read_at_most(&path, RULES_BYTES_MAX)?;
        print!("{}", String::from_utf8_lossy(&bytes));
    } else {
        print!("{SHIPPED}");
    }
    Ok(())
}

pub(super) fn holidays(asked: HolidaysCommand) -> Result<()> {
    let data = asked.data.at()?;
    match asked.command {
        HolidaysDo::Import { file } => import(&data, &file),
        HolidaysDo::List { json } => list(&Workdays::load(&data)?, &data, json),
    }
}

fn import(data: &DataDir, file: &Path) -> Result<()> {
    let year = workdays::import(data, &durable::read_at_most(file, YEAR_BYTES_MAX)?)?;
    println!("已采用 {year} 年的放假安排");
    Ok(())
}

#[derive(serde::Serialize)]
struct Known {
    year: i16,
    off: usize,
    worked: usize,
    imported: bool,
}

fn list(days: &Workdays, data: &DataDir, json: bool) -> Result<()> {
    let years = days.years().map(|(year, off, worked)| {
        let imported = data.holidays_of(year).exists();
        Known { year, off, worked, imported }
    });
    let years: Vec<Known> = years.collect();
    if json {
        return print_json(&years);
    }
    for Known { year, off, worked, imported } in years {
        let from = if imported { "已导入" } else { "随程序" };
        println!("{year}\t放假 {off} 天\t调休上班 {worked} 天\t{from}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_next_years_holidays_are_asked_for_in_december() {
        let days = Workdays::shipped().unwrap();
        assert!(missing(&days, date(2026, 11, 30)).is_empty());
        assert_eq!(missing(&days, date(2026, 12, 1)), [2027]);
        assert_eq!(missing(&days, date(2027, 12, 1)), [2027, 2028]);
    }
}
