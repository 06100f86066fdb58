//! A person before a real Chromium.

use crate::fixture;
use fantoccini::Locator;
use mingbai_tests::Result;
use mingbai_tests::browser::Browser;
use std::time::{Duration, Instant};

/// How long something on a page may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A person before a screen.
pub struct Person<'a> {
    pub browser: &'a Browser,
    pub url: &'a str,
}

impl Person<'_> {
    pub async fn goto(&self, path: &str) -> Result<()> {
        Ok(self.browser.client.goto(&format!("{}{path}", self.url)).await?)
    }

    pub async fn text(&self) -> Result<String> {
        Ok(self.browser.client.find(Locator::Css("main")).await?.text().await?)
    }

    pub async fn fill(&self, field: &str, text: &str) -> Result<()> {
        let field = self.browser.client.find(Locator::Css(field)).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    pub async fn choose(&self, field: &str, value: &str) -> Result<()> {
        let option = format!("{field} option[value='{value}']");
        Ok(self.browser.client.find(Locator::Css(&option)).await?.click().await?)
    }

    /// Clicks, after bringing it where nothing that stays in its place covers it.
    pub async fn press(&self, button: &str) -> Result<()> {
        let found = self.browser.client.find(Locator::Css(button)).await?;
        let middle = "arguments[0].scrollIntoView({ block: 'center' });";
        self.browser.client.execute(middle, vec![serde_json::to_value(&found)?]).await?;
        Ok(found.click().await?)
    }

    /// Waits until the page holds an element.
    pub async fn see(&self, what: &str) -> Result<()> {
        let wait = self.browser.client.wait().at_most(PATIENCE);
        if wait.for_element(Locator::Css(what)).await.is_err() {
            let (address, text) = (self.browser.client.current_url().await?, self.text().await?);
            return Err(format!("no {what} at {address}: {text}").into());
        }
        Ok(())
    }

    /// Waits until another page is shown.
    pub async fn leaves(&self, address: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while self.browser.client.current_url().await?.as_str() == address {
            if Instant::now() > until {
                return Err(format!("still at {address}: {}", self.text().await?).into());
            }
        }
        Ok(())
    }

    pub async fn sign_in(&self, login: &str) -> Result<()> {
        self.browser.client.delete_all_cookies().await?;
        self.goto("/office/login").await?;
        self.fill("input[name=login]", login).await?;
        self.fill("input[name=password]", fixture::PASSWORD).await?;
        self.press("main form button").await?;
        self.see("nav.menu").await
    }
}
