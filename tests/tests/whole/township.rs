//! One month of a township with eight villages, done by its people through the pages, in a real Chromium: submitted,
//! countersigned with a key that the browser made, reviewed by keyboard, returned, corrected, published; a bulletin, an
//! emergency notice, the month closed. Then every page is looked at for what keeps people from using it.

use crate::fixture;
use crate::person::Person;
use fantoccini::Locator;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use mingbai_tests::Result;
use mingbai_tests::browser::Browser;
use mingbai_tests::server::Server;
use mingbai_tests::town::Town;
use mingbai_tests::{programs, sample};
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// What only this test does before a screen.
impl Person<'_> {
    /// One key, as on a keyboard, wherever the focus is.
    async fn key(&self, key: char) -> Result<()> {
        let strokes = KeyActions::new("keyboard".into())
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key });
        Ok(self.browser.client.perform_actions(strokes).await?)
    }

    async fn type_keys(&self, text: &str) -> Result<()> {
        for key in text.chars() {
            self.key(key).await?;
        }
        Ok(())
    }

    async fn tick_all(&self, boxes: &str) -> Result<()> {
        for one in self.browser.client.find_all(Locator::Css(boxes)).await? {
            if one.attr("type").await?.as_deref() == Some("checkbox") {
                one.click().await?;
            }
        }
        Ok(())
    }

    /// What axe-core calls serious or critical on this page.
    async fn barriers(&self, axe: &str) -> Result<serde_json::Value> {
        let client = &self.browser.client;
        client.execute(axe, Vec::new()).await?;
        let script = "const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] }).then((found) => done(found.violations
                .filter((one) => ['serious', 'critical'].includes(one.impact))
                .map((one) => one.id + ': ' + one.nodes.map((node) => node.target.join(' ')).join(', '))));";
        Ok(client.execute_async(script, Vec::new()).await?)
    }

    async fn shot(&self, file: &Path) -> Result<()> {
        Ok(std::fs::write(file, self.browser.client.screenshot().await?)?)
    }
}

fn found(folder: &Path) -> (Town, Server) {
    let papers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("eight-villages");
    let sample = sample::make(&papers, 24, 1, 8).unwrap();
    let mut town = Town::found(folder, sample, fixture::PASSWORD).unwrap();
    town.appoint().unwrap();
    let server = town.serve().unwrap();
    town.send_all(&server.url, || ()).unwrap();
    (town, server)
}

/// A supervisor whose account the administrator opens makes a key in the browser, which the administrator registers.
async fn enrol_supervisor(person: &Person<'_>, login: &str, village: &str) -> Result<()> {
    person.sign_in("admin").await?;
    person.goto("/office/people").await?;
    let form = "form[action='/office/people/add']";
    person.fill(&format!("{form} input[name=name]"), "李梅").await?;
    person.choose(&format!("{form} select[name=role]"), "supervisor").await?;
    person.choose(&format!("{form} select[name=village]"), village).await?;
    person.fill(&format!("{form} input[name=login]"), login).await?;
    person.fill(&format!("{form} input[name=password]"), fixture::PASSWORD).await?;
    person.press(&format!("{form} button")).await?;
    person.see(".note.ok").await?;
    person.sign_in(login).await?;
    person.goto("/office/key").await?;
    person.press("form[data-make] button").await?;
    person.see("main .say.code").await?;
    let digits = person.browser.client.find(Locator::Css("main .say.code")).await?.text().await?;
    person.sign_in("admin").await?;
    person.goto("/office/keys").await?;
    assert!(person.text().await?.contains(&digits), "both see the same digits");
    person.press("form[action='/office/keys/confirm'] button").await?;
    person.see(".note.ok").await
}

/// The village's receipts are looked at and signed by the supervisor, with the key in the browser.
async fn countersign(person: &Person<'_>, login: &str) -> Result<()> {
    person.sign_in(login).await?;
    person.press("a.btn:not(.plain)[href*='stage=countersign']").await?;
    person.see("table.work").await?;
    person.press("table.work a.btn").await?;
    person.see(".bench").await?;
    person.key('p').await?;
    person.see(".note.ok[role=status]").await?;
    person.goto("/office").await?;
    let more = person
        .browser
        .client
        .find_all(Locator::Css("a.btn:not(.plain)[href*='stage=countersign']"))
        .await?;
    if let Some(group) = more.first() {
        group.clone().click().await?;
        person.see("table.work").await?;
        person.press("form[data-sign] button").await?;
        person.see(".note.ok[role=status]").await?;
    }
    Ok(())
}

/// The reviewer opens a village's month and does all of it with the keyboard: the first is returned, the others
/// published. Answers how many there were.
async fn review_by_keyboard(person: &Person<'_>, group: &str) -> Result<usize> {
    person.goto(group).await?;
    let rows = person.browser.client.find_all(Locator::Css("table.work tbody tr")).await?.len();
    person.press("table.work a.btn").await?;
    person.see("kbd").await?;
    person.key('r').await?;
    person.type_keys("看不清").await?;
    person.key(Key::Escape.into()).await?;
    person.key('2').await?;
    person.key('r').await?;
    person.key(Key::Enter.into()).await?;
    person.see(".note.ok[role=status]").await?;
    for _ in 1..rows {
        person.see("button[data-key=p]").await?;
        let before = person.browser.client.current_url().await?;
        person.key('p').await?;
        person.leaves(before.as_str()).await?;
    }
    Ok(rows)
}

/// Whatever a group's button does to all of its rows, for every group that waits for this person.
async fn publish_the_rest(person: &Person<'_>) -> Result<()> {
    loop {
        person.goto("/office").await?;
        let groups =
            person.browser.client.find_all(Locator::Css("section a.btn:not(.plain)")).await?;
        let Some(group) = groups.first() else { return Ok(()) };
        group.clone().click().await?;
        person.see("table.work").await?;
        person.tick_all("table.work input[name=id]").await?;
        person.press("form[action='/office/publish'] button.plain").await?;
        person.see(".note.ok[role=status]").await?;
    }
}

/// The editor writes a bulletin with a table and a schedule, looks at its preview, and sends it; then an emergency notice.
async fn write_bulletins(person: &Person<'_>) -> Result<()> {
    person.sign_in("editor").await?;
    person.goto("/office/bulletins").await?;
    person.press("form[action='/office/bulletins'] button").await?;
    person.see("#editor").await?;
    person.fill("#editor input[name=title]", "七月用水安排").await?;
    let body = "## 时间\n\n每天早晚各两小时。\n\n| 村 | 时间 |\n|---|---|\n| 新街村 | 早六点 |";
    person.fill("#editor textarea[name=body]", body).await?;
    person.see("#preview table").await?;
    person.press("#editor input[name=weekday][value='1']").await?;
    person.press("#send").await?;
    person.see(".note.ok").await?;
    person.goto("/office/emergency").await?;
    person.fill("input[name=title]", "台风红色预警").await?;
    person.fill("textarea[name=body]", "今晚不要出门。").await?;
    person.press("form[action='/office/emergency'] button").await?;
    person.see(".note.ok").await
}

/// The leader approves what was passed on.
async fn approve_all(person: &Person<'_>) -> Result<()> {
    person.sign_in("leader").await?;
    loop {
        person.goto("/office").await?;
        let groups = person
            .browser
            .client
            .find_all(Locator::Css("a.btn:not(.plain)[href*='stage=approval']"))
            .await?;
        let Some(group) = groups.first() else { return Ok(()) };
        group.clone().click().await?;
        person.press("table.work a.btn").await?;
        person.see("button[data-key=p]").await?;
        let before = person.browser.client.current_url().await?;
        person.press("button[data-key=p]").await?;
        person.leaves(before.as_str()).await?;
    }
}

/// Every village's month is closed from the board; a paper that is missing gets its reason.
async fn close_all(person: &Person<'_>, town: &Town, period: &str) -> Result<()> {
    person.sign_in("reviewer").await?;
    for village in &town.sample.villages {
        person.goto(&format!("/office/month?village={}&period={period}", village.code)).await?;
        for reason in
            person.browser.client.find_all(Locator::Css("main input[name=reason]")).await?
        {
            reason.send_keys("银行手续费").await?;
        }
        person.press("form[action='/office/close'] button").await?;
        person.see(".note.ok[role=status]").await?;
    }
    person.goto(&format!("/office/months?period={period}")).await?;
    let text = person.text().await?;
    assert!(!text.contains("没有结账") && text.matches("已结账").count() >= 8, "{text}");
    Ok(())
}

/// The accountant hears what came back, mends it and sends it again; the supervisors and the leader agree once more.
async fn mend_and_send_again(person: &Person<'_>, town: &Town, server: &Server) -> Result<()> {
    let accountant = &town.accountants[0];
    let status = accountant.run(&["status", "--server", &server.url])?;
    assert!(status.contains("看不清"), "{status}");
    let number = accountant.item("returned")?["id"].to_string();
    accountant.run(&["revise", &number])?;
    let draft = accountant.item("draft")?["id"].to_string();
    accountant.run(&["edit", &draft, "--purpose", "重拍：看得清了"])?;
    accountant.run(&["sign", "--all", "--anyway"])?;
    accountant.run(&["push", "--server", &server.url])?;
    countersign(person, &supervisor(0)).await?;
    town.agree_all(server)
}

/// The editor corrects the published bulletin: the page opens it as it stands.
async fn correct_bulletin(person: &Person<'_>) -> Result<()> {
    person.sign_in("editor").await?;
    person.goto("/office/bulletins").await?;
    person.press("a[href*='/office/shown/']").await?;
    person.press("form[action*='/correct'] button").await?;
    person.see("#editor").await?;
    person.fill("#editor input[name=title]", "七月用水安排（更正）").await?;
    person.press("#send").await?;
    person.see(".note.ok").await?;
    publish_beside_the_old(person, ".versions").await?;
    person.goto("/b").await?;
    let list = person.text().await?;
    assert!(list.contains("七月用水安排（更正）"), "{list}");
    Ok(())
}

/// The reviewer opens what waits, sees it beside what it would take the place of, and publishes it.
async fn publish_beside_the_old(person: &Person<'_>, beside: &str) -> Result<()> {
    person.sign_in("reviewer").await?;
    person.press("section a.btn:not(.plain)").await?;
    person.press("table.work a.btn").await?;
    person.see(beside).await?;
    person.press("button[data-key=p]").await?;
    person.see(".note.ok[role=status]").await
}

/// The accountant corrects a published receipt; answers where the old one stands.
async fn correct_receipt(person: &Person<'_>, town: &Town, server: &Server) -> Result<String> {
    let accountant = &town.accountants[0];
    accountant.run(&["status", "--server", &server.url])?;
    let old = accountant.item("published")?["id"].to_string();
    accountant.run(&["correct", &old, "--amount", "12.34", "--source", "original"])?;
    accountant.run(&["sign", "--all"])?;
    accountant.run(&["push", "--server", &server.url])?;
    countersign(person, &supervisor(0)).await?;
    town.agree_all(server)?;
    publish_beside_the_old(person, "table.compare").await?;
    person.goto("/office/published").await?;
    person.press("table.work a.btn").await?;
    let page = person.browser.client.current_url().await?.path().to_owned();
    assert!(person.text().await?.contains("12.34"), "{page}");
    Ok(page)
}

/// The reviewer takes back what was published by mistake: it is gone from the public pages, that it was there is not.
async fn withdraw_receipt(person: &Person<'_>) -> Result<String> {
    person.goto("/office/published").await?;
    person.press("a[href*='/office/withdraw']").await?;
    let address = person.browser.client.current_url().await?;
    let (_, n) = address.as_str().split_once("n=").ok_or("no number in the address")?;
    person.press("input[name=reason][value=duplicate]").await?;
    person.press("form[action='/office/withdraw'] button").await?;
    person.see(".note.ok[role=status]").await?;
    person.goto(&format!("/r/{n}")).await?;
    let page = person.text().await?;
    assert!(page.contains("重复公布"), "{page}");
    Ok(n.to_owned())
}

/// The login of a village's supervisor who works in the browser.
fn supervisor(village: usize) -> String {
    format!("limei{village}")
}

/// The month; answers more pages to look at.
async fn month(town: &Town, server: &Server, look: &Look) -> Result<Vec<(String, String)>> {
    let browser = Browser::open(1366, 768, true).await?;
    let person = Person { browser: &browser, url: &server.url };
    let period = town.sample.receipts[0].period.clone();
    for (at, village) in town.sample.villages.iter().enumerate() {
        enrol_supervisor(&person, &supervisor(at), &village.code).await?;
        countersign(&person, &supervisor(at)).await?;
    }
    town.agree_all(server)?;
    let village = &town.sample.villages[0].code;
    person.sign_in("reviewer").await?;
    let group = format!("/office/group?village={village}&period={period}&stage=review");
    person.goto(&group).await?;
    let one = person.browser.client.find(Locator::Css("table.work a.btn")).await?;
    let one = one.attr("href").await?.ok_or("a row leads nowhere")?;
    // While it waits, the review screen has all its buttons.
    look.at(server, &[("reviewer", &group), ("reviewer", &one), ("leader", &one)]).await?;
    let reviewed = review_by_keyboard(&person, &group).await?;
    assert!(reviewed >= 2, "too few to see one returned and one published: {reviewed}");
    mend_and_send_again(&person, town, server).await?;
    approve_all(&person).await?;
    write_bulletins(&person).await?;
    person.sign_in("reviewer").await?;
    publish_the_rest(&person).await?;
    person.goto("/").await?;
    let home = person.browser.client.source().await?;
    assert!(home.contains("台风红色预警"), "the emergency stands on the first page");
    person.goto(&format!("/v/{village}/{period}")).await?;
    assert!(person.text().await?.contains("重拍：看得清了"), "what was mended is published");
    correct_bulletin(&person).await?;
    let corrected = correct_receipt(&person, town, server).await?;
    person.sign_in("reviewer").await?;
    let withdrawn = withdraw_receipt(&person).await?;
    close_all(&person, town, &period).await?;
    person.sign_in("editor").await?;
    person.goto("/office/bulletins").await?;
    person.press("form[action='/office/bulletins'] button").await?;
    person.see("#editor").await?;
    let draft = person.browser.client.current_url().await?.path().to_owned();
    browser.close().await?;
    let more = [
        ("editor", draft),
        ("reviewer", format!("/office/month?village={village}&period={period}")),
        (
            "leader",
            format!(
                "/office/scores/behind?half={}&village={village}&indicator=vouchers",
                half(&period)
            ),
        ),
        ("", format!("/v/{village}")),
        ("", format!("/v/{village}/{period}")),
        ("", format!("/r/{withdrawn}")),
        ("reviewer", corrected),
        ("", format!("/figures/{period}")),
    ];
    Ok(more.into_iter().map(|(login, page)| (login.to_owned(), page)).collect())
}

/// The half year of a month, as addresses name it.
fn half(period: &str) -> String {
    let (year, month) = period.split_once('-').unwrap_or((period, "01"));
    format!("{year}-{}", if month < "07" { 1 } else { 2 })
}

/// Pages by who opens them.
const PAGES: [(&str, &[&str]); 6] = [
    (
        "admin",
        &[
            "/office",
            "/office/people",
            "/office/keys",
            "/office/record",
            "/office/kiosks",
            "/office/tokens",
            "/office/me",
        ],
    ),
    (
        "reviewer",
        &[
            "/office",
            "/office/months",
            "/office/returned",
            "/office/published",
            "/office/inspect",
            "/office/search?q=维修",
        ],
    ),
    ("editor", &["/office/bulletins", "/office/emergency"]),
    ("leader", &["/office", "/office/scores", "/office/recheck"]),
    ("limei0", &["/office", "/office/key"]),
    ("", &["/office/login", "/", "/b"]),
];

/// Looking at pages in both sizes: nothing serious for axe, nothing that scrolls sideways.
struct Look {
    axe: String,
    shots: PathBuf,
    complaints: RefCell<Vec<String>>,
}

impl Look {
    /// Looks at these pages, each as whom it names (nobody: not signed in).
    async fn at(&self, server: &Server, pages: &[(&str, &str)]) -> Result<()> {
        for width in [1366, 390] {
            let browser = Browser::open_sized(width, 768).await?;
            let person = Person { browser: &browser, url: &server.url };
            let mut signed_in = "";
            for (login, page) in pages {
                if *login != signed_in {
                    person.sign_in(login).await?;
                    signed_in = login;
                }
                person.goto(page).await?;
                self.one(&person, &format!("{login}{}-{width}", file_name(page))).await?;
            }
            browser.close().await?;
        }
        Ok(())
    }

    async fn one(&self, person: &Person<'_>, name: &str) -> Result<()> {
        person.shot(&self.shots.join(format!("{name}.png"))).await?;
        let barriers = person.barriers(&self.axe).await?;
        let complain = |what: String| self.complaints.borrow_mut().push(what);
        if barriers != serde_json::json!([]) {
            complain(format!("{name}: {barriers}"));
        }
        let wide =
            "const page = document.documentElement; return page.scrollWidth > page.clientWidth";
        if person.browser.client.execute(wide, Vec::new()).await? == true {
            complain(format!("{name} scrolls sideways"));
        }
        Ok(())
    }
}

/// An address as a short file name.
fn file_name(page: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    page.chars().map(plain).take(60).collect()
}

#[test]
fn a_township_does_its_month_through_the_pages_and_nobody_is_kept_out_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (town, server) = found(folder.path());
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let axe = std::fs::read_to_string(root.join("target/tools/axe.min.js"))
        .expect("make packages-test puts axe-core there");
    let look = Look { axe, shots: root.join("target/tmp/office"), complaints: RefCell::default() };
    std::fs::create_dir_all(&look.shots).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let more = runtime.block_on(month(&town, &server, &look)).unwrap();
    let usual = PAGES.iter().flat_map(|(login, pages)| pages.iter().map(|page| (*login, *page)));
    let (nobody, somebody): (Vec<_>, Vec<_>) = usual
        .chain(more.iter().map(|(login, page)| (login.as_str(), page.as_str())))
        .partition(|(login, _)| login.is_empty());
    let pages: Vec<_> = nobody.into_iter().chain(somebody).collect();
    runtime.block_on(look.at(&server, &pages)).unwrap();
    let complaints = look.complaints.into_inner();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let told = mingbai_tests::server::verify(&town.server_data()).unwrap();
    assert!(told.is_ok(), "{told:?}");
    let listed = programs::run(
        "mingbai-server",
        &["user", "list", "--data", programs::text(&town.server_data()), "--json"],
    );
    assert!(listed.unwrap().contains(&supervisor(7)));
}
