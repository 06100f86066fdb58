//! The page of the phone as camera, and what the phone and the watched folder bring in.

use super::line::beside;
use super::news::{News, Tell};
use super::room::{Room, count};
use super::rows;
use crate::camera::pairing::Standing;
use crate::camera::verdict::{Outcome, Sharp, Verdict};
use crate::camera::{Camera, Event, Listen, qr, take_bytes, take_file};
use crate::draft::Draft;
use crate::error::Result;
use crate::inbox::{Arrival, Inbox, LOOK};
use crate::say;
use mingbai_uploader_ui::Shot;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// How many of the newest photos are listed.
const SHOTS_MAX: usize = 60;

/// What is known beforehand of a photo that comes in: the month on the screen. Shared with the threads that take it in.
#[derive(Clone, Default)]
pub struct Known(Arc<Mutex<Draft>>);

impl Known {
    fn get(&self) -> Draft {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, draft: Draft) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = draft;
    }
}

/// The running camera.
pub struct Phone {
    camera: Camera,
    known: Known,
    shots: Vec<Shot>,
    came: usize,
}

impl Phone {
    fn start(folder: &Path, listen: &Listen, known: Known, tell: Tell) -> Result<Phone> {
        let (desk, of_photo) = (folder.to_path_buf(), known.clone());
        let take = move |photo| take_bytes(&desk, photo, &of_photo.get());
        let (camera, events) = Camera::start(listen, take)?;
        beside("phone", move || events.iter().for_each(|event| tell.news(News::Phone(event))))?;
        Ok(Phone { camera, known, shots: Vec::new(), came: 0 })
    }

    fn came(&mut self, verdict: &Verdict) {
        let good = matches!(verdict.state, Outcome::Taken)
            && verdict.seen.is_none()
            && !matches!(verdict.sharp, Some(Sharp::Poor(_)));
        self.came += usize::from(verdict.state == Outcome::Taken);
        let time = jiff::Zoned::now().strftime("%H:%M").to_string().into();
        self.shots.insert(0, Shot { time, good, verdict: said(verdict).into() });
        self.shots.truncate(SHOTS_MAX);
    }
}

/// All that is to be said of a photo, in one line.
fn said(verdict: &Verdict) -> String {
    let mut parts = vec![verdict.say.clone()];
    parts.extend(verdict.amount.as_ref().map(|amount| say!("{amount} 元", amount = amount)));
    if let Some(Sharp::Poor(advice)) = &verdict.sharp {
        parts.push(advice.clone());
    }
    if verdict.state != Outcome::Again {
        parts.extend(verdict.seen.clone());
    }
    parts.join(&say!("；"))
}

impl Room {
    /// Starts the camera, if it does not run yet. It goes on when the person looks at another page.
    pub fn start_phone(&mut self) -> Result<()> {
        if self.phone.is_none() {
            let folder = self.desk()?.folder().to_path_buf();
            let known = Known::default();
            known.set(self.known());
            let phone = Phone::start(&folder, &self.given.listen, known, self.tell.clone())?;
            self.phone = Some(phone);
        }
        Ok(())
    }

    pub fn pair_phone(&mut self) -> Result<()> {
        match &self.phone {
            Some(phone) => phone.camera.renew(),
            None => Ok(()),
        }
    }

    /// Photos that come in from now on belong to the month on the screen.
    pub fn tell_phone_month(&self) {
        if let Some(phone) = &self.phone {
            phone.known.set(self.known());
        }
        self.folder_known.set(self.known());
    }

    pub fn phone_event(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Standing(_) => {}
            Event::Refused(why) => self.say(&why.label()),
            Event::Photo(verdict) => {
                if let Some(phone) = &mut self.phone {
                    phone.came(&verdict);
                }
                self.open()?.hands.look();
            }
        }
        Ok(())
    }

    pub fn show_phone(&mut self) {
        let Some(phone) = &self.phone else { return };
        let standing = phone.camera.standing();
        let over = match standing {
            Standing::Over(why) => why.label(),
            Standing::Waiting | Standing::Paired => String::new(),
        };
        let address = phone.camera.url().unwrap_or_default();
        self.with_api(|api| {
            api.set_paired(standing == Standing::Paired);
            api.set_pairing_over(over.into());
            // Drawn once: a code does not change while it is shown.
            if api.get_address() != address.as_str() || api.get_qr().size().width == 0 {
                let code = qr::code(&address).filter(|_| !address.is_empty());
                api.set_qr(code.map(|code| super::keys::draw(&code)).unwrap_or_default());
                api.set_address(address.into());
            }
            api.set_shots_in(count(phone.came));
            rows::fill(&api.get_shots(), phone.shots.clone());
        });
    }

    /// Watches the folder that the program was started with.
    pub fn watch_folder(&mut self) -> Result<()> {
        let Some(watched) = self.given.watch.clone() else { return Ok(()) };
        let folder = self.desk()?.folder().to_path_buf();
        let mut inbox = Inbox::open(self.desk()?, &watched)?;
        self.folder_known.set(self.known());
        let (known, tell) = (self.folder_known.clone(), self.tell.clone());
        beside("folder", move || {
            while !tell.0.is_closed() {
                let take = |file: &Path| take_file(&folder, file, &known.get());
                inbox.look(take, |arrival| tell.news(News::Folder(arrival)));
                std::thread::sleep(LOOK);
            }
        })
    }

    pub fn arrived(&mut self, arrival: Arrival) -> Result<()> {
        match arrival {
            Arrival::Gone(why) => self.problem(&say!("看不到扫描文件夹了：{why}", why = why)),
            Arrival::Back => self.say(&say!("扫描文件夹又有了")),
            Arrival::Photo(_, verdict) => {
                let sentence = said(&verdict);
                match verdict.state {
                    Outcome::Bad | Outcome::Trouble => self.problem(&sentence),
                    Outcome::Taken | Outcome::Again => self.say(&sentence),
                }
                self.open()?.hands.look();
            }
        }
        Ok(())
    }
}
