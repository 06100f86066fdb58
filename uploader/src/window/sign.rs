//! The page of what is going to be signed.

use super::month::sums;
use super::room::{Room, Scene, count};
use super::rows;
use crate::concerns::{self, Concern};
use crate::draft::Field;
use crate::error::Result;
use crate::item::{Item, State};
use crate::say;
use crate::signing;
use mingbai_uploader_ui::{Page, SignRow};

/// How many fields are named on a line.
const BRIEF: usize = 2;

/// A draft of the month, and what stands in the way of signing it.
struct Candidate<'a> {
    item: &'a Item,
    concerns: Vec<Concern>,
    /// What must be done first.
    lacking: String,
    /// What a person must have seen first.
    warning: String,
    ticked: bool,
}

impl Candidate<'_> {
    fn ready(&self) -> bool {
        self.lacking.is_empty() && (self.warning.is_empty() || self.ticked)
    }
}

/// A concern on a line of a list, where there is little room.
fn brief(concern: &Concern) -> String {
    match concern {
        Concern::Unconfirmed(fields) if fields.len() > BRIEF => {
            say!("机器读的 {count} 项还没有核对", count = fields.len())
        }
        _ => concern.said(),
    }
}

impl Room {
    fn candidates<'a>(&self, scene: &'a Scene) -> Result<Vec<Candidate<'a>>> {
        let drafts = scene.items.iter();
        let drafts = drafts.filter(|item| item.state == State::Draft && self.on_sheet(item));
        let candidate = |item: &'a Item| {
            let concerns = concerns::of(&scene.others, item)?;
            let mut said: Vec<String> = concerns.iter().filter(|c| c.grave()).map(brief).collect();
            said.extend(concerns.iter().filter(|c| !c.grave()).map(brief));
            let warning = said.join(&say!("；"));
            let lacking = match self.busy.contains(&item.id) {
                true => say!("还在识别"),
                false => Field::list(&item.missing()),
            };
            let ticked = self.ticked.get(&item.id) == Some(&warning);
            Ok(Candidate { item, concerns, lacking, warning, ticked })
        };
        drafts.map(candidate).collect()
    }

    pub fn show_sign(&mut self, scene: &Scene) -> Result<()> {
        let candidates = self.candidates(scene)?;
        let ready = || candidates.iter().filter(|c| c.ready());
        let (income, spending) = sums(ready().map(|c| c.item));
        let ready = count(ready().count());
        let mut lines = Vec::new();
        for candidate in &candidates {
            lines.push(SignRow {
                paper: self.paper_of(candidate.item, &candidate.concerns),
                lacking: candidate.lacking.as_str().into(),
                warning: candidate.warning.as_str().into(),
                ticked: candidate.ticked,
            });
        }
        self.with_api(|api| {
            api.set_sign_income(income.to_string().into());
            api.set_sign_spending(spending.to_string().into());
            api.set_sign_count(ready);
            rows::fill(&api.get_sign_rows(), lines);
        });
        Ok(())
    }

    /// Notes whether the person has seen the warning of a line. Another warning has to be seen anew.
    pub fn tick(&mut self, row: i32, seen: bool) -> Result<()> {
        let scene = self.scene()?;
        let candidates = self.candidates(&scene)?;
        let Some(candidate) = usize::try_from(row).ok().and_then(|row| candidates.get(row)) else {
            return Ok(());
        };
        let (id, warning) = (candidate.item.id, candidate.warning.clone());
        if seen {
            self.ticked.insert(id, warning);
        } else {
            self.ticked.remove(&id);
        }
        Ok(())
    }

    /// Signs what is ready. What cannot be signed is told, and stays.
    pub fn sign(&mut self) -> Result<()> {
        let scene = self.scene()?;
        let candidates = self.candidates(&scene)?;
        let ready: Vec<i64> = candidates.iter().filter(|c| c.ready()).map(|c| c.item.id).collect();
        let desk = self.desk()?;
        let (key, village) = (desk.key()?, desk.village()?);
        let (mut signed, mut failed) = (false, Vec::new());
        for id in ready {
            // Every warning of it was seen.
            match signing::sign_one(desk, id, &scene.others, (&key, village), true) {
                Ok(()) => signed = true,
                Err(why) => failed.push(why.to_string()),
            }
        }
        for why in failed {
            self.problem(&why);
        }
        if signed {
            self.go(Page::Send)?;
        }
        Ok(())
    }
}
