//! The office after five years: how long its pages take with 100,000 receipts, how the database finds what they show, and
//! how much memory that takes.

use crate::Result;
use crate::bench::cost::peak_mib;
use crate::bench::{Bench, report, submissions};
use crate::office::Office;
use crate::pen::{Pen, Submission};
use crate::server::Server;
use crate::town::Town;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::time::Instant;

/// Receipts, spread evenly over villages and months.
const RECEIPTS: u64 = 100_000;
/// Villages of the township.
const VILLAGES: usize = 8;
/// Months: five years to October 2026.
const MONTHS: u64 = 60;
/// Receipts that are left waiting: as many as the work list looks at.
const WAITING: usize = 500;
/// Most that one request publishes.
const BATCH: usize = 1_000;
/// How often each page is asked for.
const TIMES: usize = 200;
/// A table with fewer rows may be read from end to end.
const SMALL: u64 = 200;

/// Measures.
pub fn run() -> Result<()> {
    let bench = Bench::with_villages(VILLAGES)?;
    let waiting = fill(&bench)?;
    let Bench { town, server, _folder } = bench;
    drop(server);
    // What the page cache of five years holds is not what a server needs that was started today.
    let server = town.serve()?;
    let reviewer = town.office(&server, "reviewer")?;
    let pages = pages(&town, &waiting);
    for (what, paths) in &pages {
        report::alone(&format!("{what}, ms at p99"), p99(&reviewer, paths)?, "< 100");
    }
    report::alone("memory at most, MiB", peak_mib(server.id())?, "< 256");
    drop(server);
    plans(&town, &pages)
}

/// Months as `YYYY-MM`, oldest first.
fn month(n: u64) -> String {
    let months = 2021 * 12 + 10 + n;
    format!("{}-{:02}", months / 12, months % 12 + 1)
}

/// Sends and publishes everything; answers what is left waiting.
fn fill(bench: &Bench) -> Result<Vec<Submission>> {
    let pens = bench.town.accountants.iter().map(|one| Pen::take(&one.data, &one.village));
    let pens: Vec<Pen> = pens.collect::<Result<_>>()?;
    let office = bench.town.office(&bench.server, "reviewer")?;
    let each = RECEIPTS / MONTHS;
    let mut start = Instant::now();
    let mut waiting = Vec::new();
    for n in 0..MONTHS {
        let pen = |n: u64| &pens[n as usize % pens.len()];
        let numbers = n * each..if n + 1 == MONTHS { RECEIPTS } else { (n + 1) * each };
        let batch: Vec<Submission> =
            numbers.map(|one| pen(one).receipt_of(one, &month(n))).collect::<Result<_>>()?;
        submissions::send(&bench.server.url, &batch)?;
        let left = if n + 1 == MONTHS { WAITING } else { 0 };
        let (now, later) = batch.split_at(batch.len() - left);
        for part in now.chunks(BATCH) {
            let ids: Vec<String> = part.iter().map(|one| one.id.clone()).collect();
            office.publish_seconds(&ids)?;
        }
        waiting = later.to_vec();
        if start.elapsed().as_secs() > 10 {
            eprintln!("{} of {MONTHS} months", n + 1);
            start = Instant::now();
        }
    }
    Ok(waiting)
}

/// Pages by what they are, each with the addresses that are asked for in turn.
fn pages(town: &Town, waiting: &[Submission]) -> Vec<(&'static str, Vec<String>)> {
    let villages = &town.sample.villages;
    let months = villages
        .iter()
        .flat_map(|village| (0..MONTHS).step_by(7).map(|n| (village.code.clone(), month(n))));
    let months: Vec<(String, String)> = months.collect();
    let each = |path: &str| -> Vec<String> {
        months.iter().map(|(v, m)| path.replace("{v}", v).replace("{m}", m)).collect()
    };
    let questions = ["路灯", "路灯维修", "水", "12.34", "第4711笔", "合心农资站 清运"];
    let search = |more: &str| questions.map(|q| format!("/office/search?q={}{more}", encoded(q)));
    vec![
        ("work list", vec!["/office".into()]),
        ("all villages' month", each("/office/months?period={m}")),
        ("a village's month", each("/office/month?village={v}&period={m}")),
        ("search", search("").to_vec()),
        (
            "search in a village, page 2",
            search(&format!("&village={}&page=1", villages[2].code)).to_vec(),
        ),
        ("review screen", waiting.iter().map(|one| format!("/office/s/{}", one.id)).collect()),
        ("what was published", vec!["/office/published".into()]),
        ("inspection of a month", each("/office/inspect?period={m}")),
        ("public page of a village's month", each("/v/{v}/{m}")),
    ]
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Milliseconds until a page is there whole, one after the other, at the 99th percentile.
fn p99(office: &Office, paths: &[String]) -> Result<f64> {
    office.page(&paths[0])?;
    let mut times = Vec::new();
    for path in paths.iter().cycle().take(TIMES) {
        let start = Instant::now();
        office.page(path)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[TIMES * 99 / 100 - 1])
}

/// Has the server tell its statements, asks for every page once more, and shows the most rows that one
/// statement stepped over without an index, and whatever of its plan reads a large table from end to end.
fn plans(town: &Town, pages: &[(&'static str, Vec<String>)]) -> Result<()> {
    let statements = town.folder.join("statements.log");
    let server = Server::start_telling(&town.server_data(), &statements)?;
    let reviewer = town.office(&server, "reviewer")?;
    let db = Connection::open_with_flags(
        town.server_data().join("mingbai.db"),
        OpenFlags::SQLITE_OPEN_READ_ONLY,
    )?;
    for (what, paths) in pages {
        let before = std::fs::read_to_string(&statements)?.len();
        reviewer.page(&paths[0])?;
        let told = std::fs::read_to_string(&statements)?;
        let asked = statements_of(&told[before..])?;
        let most = asked.values().copied().max().unwrap_or(0);
        let name = format!("{what}, {} statements: rows without index", asked.len());
        report::alone(&name, most as f64, &format!("≤ {SMALL}"));
        for sql in asked.keys() {
            for step in scans(&db, sql)? {
                println!("    {step}: {sql}");
            }
        }
    }
    Ok(())
}

/// The statements in a log, each with the rows that it stepped over without an index.
fn statements_of(log: &str) -> Result<BTreeMap<String, u64>> {
    #[derive(serde::Deserialize)]
    struct Line {
        #[serde(default)]
        sql: String,
        #[serde(default)]
        scanned: u64,
    }
    let mut found = BTreeMap::new();
    for line in log.lines() {
        let Line { sql, scanned } = serde_json::from_str(line)?;
        if !sql.is_empty() && !sql.starts_with("PRAGMA") {
            let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
            let most = found.entry(sql).or_insert(0);
            *most = scanned.max(*most);
        }
    }
    Ok(found)
}

/// The steps of a statement's plan that read a large table from end to end.
fn scans(db: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut query = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    // Whatever the values are, the plan is the same.
    let mut rows = query.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let step: String = row.get(3)?;
        let Some(table) = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()) else {
            continue;
        };
        let rows = db.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0));
        // What is no table is a part of the statement, and its own steps are named.
        if rows.is_ok_and(|rows: u64| rows > SMALL) && !step.contains("VIRTUAL TABLE") {
            found.push(format!(
                "{step} in {}",
                sql.split_whitespace().collect::<Vec<_>>().join(" ")
            ));
        }
    }
    Ok(found)
}
