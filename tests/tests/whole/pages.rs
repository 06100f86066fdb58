//! The phone pages in a real browser, without JavaScript, at a phone's width.

use crate::fixture::{self, Copy};
use crate::screens::codes;
use fantoccini::Locator;
use mingbai_tests::Result;
use mingbai_tests::browser::Browser;

async fn wider_than_the_window(browser: &Browser) -> Result<bool> {
    let script =
        "const page = document.documentElement; return page.scrollWidth > page.clientWidth";
    Ok(browser.client.execute(script, Vec::new()).await? == true)
}

/// Addresses of pictures that should have come and did not.
async fn broken_pictures(browser: &Browser) -> Result<serde_json::Value> {
    let script = "return [...document.images].filter(i => i.loading != 'lazy' && !i.naturalWidth).map(i => i.src)";
    Ok(browser.client.execute(script, Vec::new()).await?)
}

/// Follows the first link whose address begins so.
async fn follow(browser: &Browser, begins: &str) -> Result<()> {
    let selector = format!("a[href^='{begins}']");
    let link = browser.client.find(Locator::Css(&selector)).await?;
    let address = link.attr("href").await?.unwrap_or_default();
    let target = browser.client.current_url().await?.join(&address)?;
    browser.client.goto(target.as_str()).await?;
    Ok(())
}

async fn walk(url: &str, width: u32, shots: &std::path::Path) -> Result<()> {
    let browser = Browser::open(width, 800, false).await?;
    let client = &browser.client;
    client.goto(url).await?;
    let village = &fixture::town().sample.villages[0];
    for (page, begins) in [("home", "/v/"), ("village", "/v/"), ("month", "/r/"), ("receipt", "")] {
        let source = client.source().await?;
        assert!(source.contains(&village.name) || page != "home", "{page}");
        assert!(!wider_than_the_window(&browser).await?, "{page} scrolls sideways at {width}");
        assert_eq!(broken_pictures(&browser).await?, serde_json::json!([]), "{page}");
        let file = shots.join(format!("{page}-{width}.png"));
        std::fs::write(&file, client.screenshot().await?)?;
        if page == "village" {
            let month = format!("/v/{}/", village.code);
            follow(&browser, &month).await?;
        } else if !begins.is_empty() {
            follow(
                &browser,
                &if page == "home" { format!("/v/{}", village.code) } else { begins.into() },
            )
            .await?;
        }
    }
    let address = client.current_url().await?;
    let code = client.find(Locator::Css("img[src*='qr']")).await?;
    let file = shots.join("code.png");
    std::fs::write(&file, code.screenshot().await?)?;
    let found = codes(&file);
    assert_eq!(found.first().map(String::as_str), Some(address.as_str()), "the page's own code");
    client.goto(&found[0]).await?;
    assert!(client.source().await?.contains(&village.name));
    browser.close().await
}

#[test]
fn a_phone_without_javascript_reads_from_the_villages_to_a_receipt_and_its_code() {
    let copy = Copy::new();
    let server = copy.serve();
    let shots = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for width in [500, 1280] {
        runtime.block_on(walk(&server.url, width, shots.path())).unwrap();
    }
}

#[test]
fn a_reviewer_signs_in_sees_the_scan_beside_the_fields_and_publishes_in_a_browser() {
    let copy = Copy::new();
    let server = copy.serve();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(review(&server.url)).unwrap();
}

async fn review(url: &str) -> Result<()> {
    let browser = Browser::open(1280, 900, true).await?;
    let client = &browser.client;
    client.goto(&format!("{url}/office")).await?;
    let login = client.find(Locator::Css("input[name=login]")).await?;
    login.send_keys("reviewer").await?;
    client.find(Locator::Css("input[name=password]")).await?.send_keys(fixture::PASSWORD).await?;
    client.find(Locator::Css("form button")).await?.click().await?;
    client.wait().for_element(Locator::Css("nav.menu")).await?;
    let here = client.current_url().await?;
    assert!(here.path().starts_with("/office"), "{here}");
    assert!(client.find_all(Locator::Css("input[name=password]")).await?.is_empty());
    browser.close().await
}
