//! The township office at work in the server's pages, as a browser without JavaScript would be.

use crate::Result;
use ureq::Agent;

/// Someone of the office, signed in.
pub struct Office {
    agent: Agent,
    url: String,
}

impl Office {
    /// Signs in.
    pub fn login(url: &str, login: &str, password: &str) -> Result<Office> {
        let agent: Agent = Agent::config_builder().max_redirects(5).build().into();
        let office = Office { agent, url: url.into() };
        let page = office.post("/office/login", &[("login", login), ("password", password)])?;
        if page.contains("name=\"password\"") {
            return Err(format!("the office did not let {login} in").into());
        }
        Ok(office)
    }

    /// The same person, still signed in, after the server moved to another address of this machine.
    pub fn at(&self, url: &str) -> Office {
        Office { agent: self.agent.clone(), url: url.into() }
    }

    /// `GET path` as text.
    pub fn page(&self, path: &str) -> Result<String> {
        let mut answer = self.agent.get(format!("{}{path}", self.url)).call()?;
        Ok(answer.body_mut().with_config().limit(16 << 20).read_to_string()?)
    }

    fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<String> {
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("Origin", &self.url)
            .send_form(form.iter().copied())?;
        Ok(answer.body_mut().with_config().limit(16 << 20).read_to_string()?)
    }

    /// Posts a form with the token that the page at `from` holds.
    pub fn submit(&self, from: &str, path: &str, form: &[(&str, &str)]) -> Result<String> {
        let page = self.page(from)?;
        let token = values(&page, "token").into_iter().next().ok_or("the page has no form")?;
        let mut form = form.to_vec();
        form.push(("token", &token));
        self.post(path, &form)
    }

    /// Makes a token for programs with all that this person's post allows; answers it and its scopes.
    pub fn token(&self) -> Result<(String, Vec<String>)> {
        let scopes = values(&self.page("/office/tokens")?, "scope");
        let mut form = vec![("name", "test"), ("days", "1")];
        form.extend(scopes.iter().map(|scope| ("scope", scope.as_str())));
        let page = self.submit("/office/tokens", "/office/tokens", &form)?;
        let token = page.split_once("<code>").and_then(|(_, rest)| rest.split_once("</code>"));
        let (token, _) = token.ok_or("the page shows no token")?;
        Ok((token.to_owned(), scopes))
    }

    /// What waits, group by group (a village's month, or bulletins), as the work list shows it.
    pub fn groups(&self) -> Result<Vec<Vec<String>>> {
        let page = self.page("/office")?;
        let groups = links(&page).filter(|link| link.starts_with("/office/group"));
        groups
            .map(|link| {
                let mut ids = values(&self.page(&link)?, "id");
                ids.sort();
                ids.dedup();
                Ok(ids)
            })
            .collect()
    }

    /// The ids of what waits at a stage, with the village that each is of.
    pub fn at_stage(&self, stage: &str) -> Result<Vec<(String, String)>> {
        let page = self.page("/office")?;
        let groups = links(&page).filter(|link| link.starts_with("/office/group"));
        let mut found = Vec::new();
        for group in groups.filter(|link| link.ends_with(&format!("stage={stage}"))) {
            let village = group.split_once("village=").map_or("", |(_, rest)| rest);
            let village = village.split('&').next().unwrap_or_default();
            let page = self.page(&group)?;
            let ids =
                links(&page).filter_map(|link| Some(link.strip_prefix("/office/s/")?.to_string()));
            found.extend(ids.map(|id| (id, village.to_string())));
        }
        Ok(found)
    }

    /// Passes a submission on to the leader.
    pub fn pass(&self, id: &str) -> Result<String> {
        self.submit("/office", "/office/pass", &[("id", id)])
    }

    /// Approves a submission as the leader.
    pub fn approve(&self, id: &str) -> Result<String> {
        self.submit("/office", "/office/approve", &[("id", id)])
    }

    /// The ids of everything that waits.
    pub fn waiting(&self) -> Result<Vec<String>> {
        Ok(self.groups()?.concat())
    }

    /// Publishes these submissions as one batch.
    pub fn publish(&self, ids: &[String]) -> Result<String> {
        let form: Vec<_> = ids.iter().map(|id| ("id", id.as_str())).collect();
        self.submit("/office", "/office/publish", &form)
    }

    /// Seconds from asking for a batch to be published until that is acknowledged.
    pub fn publish_seconds(&self, ids: &[String]) -> Result<f64> {
        let page = self.page("/office")?;
        let token = values(&page, "token").into_iter().next().ok_or("the page has no form")?;
        let form = ids.iter().map(|id| ("id", id.as_str())).chain([("token", token.as_str())]);
        let start = std::time::Instant::now();
        self.agent
            .post(format!("{}/office/publish", self.url))
            .config()
            .max_redirects(0)
            .build()
            .header("Origin", &self.url)
            .send_form(form)?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Publishes everything that waits, a batch a group; answers how many there were. `told` hears of each batch.
    pub fn publish_all(&self, mut told: impl FnMut(usize)) -> Result<usize> {
        let mut count = 0;
        for ids in self.groups()?.into_iter().filter(|ids| !ids.is_empty()) {
            self.publish(&ids)?;
            count += ids.len();
            told(count);
        }
        Ok(count)
    }

    /// Sends a submission back.
    pub fn send_back(&self, id: &str, reason: &str, source: &str) -> Result<String> {
        let form = [("id", id), ("reason", reason), ("source", source)];
        self.submit("/office", "/office/return", &form)
    }

    /// Writes an emergency notice for a day, which then waits for a reviewer.
    pub fn warn(&self, column: &str, title: &str, body: &str) -> Result<String> {
        let path = "/office/emergency";
        let form = [
            ("title", title),
            ("body", body),
            ("village", ""),
            ("column", column),
            ("hours", "24"),
        ];
        self.submit(path, path, &form)
    }

    /// Writes a bulletin, which then waits for a reviewer.
    pub fn write(&self, column: &str, title: &str, body: &str) -> Result<String> {
        let list = "/office/bulletins";
        let editor = self.submit(list, list, &[("column", column)])?;
        let value = |name| values(&editor, name).into_iter().next();
        let path = editor.split_once("action=\"/office/bulletins/").map(|(_, rest)| rest);
        let id = path.and_then(|rest| rest.split('/').next()).ok_or("there is no editor")?;
        let token = value("token").ok_or("the editor has no form")?;
        let version = value("version").ok_or("the editor names no version")?;
        let form = [
            ("token", token.as_str()),
            ("version", &version),
            ("column", column),
            ("title", title),
            ("body", body),
            ("openness", "open"),
        ];
        self.post(&format!("{list}/{id}/send"), &form)
    }
}

/// Where the links of a page lead.
fn links(page: &str) -> impl Iterator<Item = String> + '_ {
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    links.map(|(link, _)| link.replace("&#38;", "&").replace("&amp;", "&"))
}

/// The values of the inputs with this name in a page.
fn values(page: &str, name: &str) -> Vec<String> {
    page.split("<input")
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .filter(|(tag, _)| tag.contains(&format!("name=\"{name}\"")))
        .filter_map(|(tag, _)| tag.split_once("value=\"")?.1.split_once('"'))
        .map(|(value, _)| value.to_string())
        .collect()
}
