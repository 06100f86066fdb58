//! The village accountant's program: photographs receipts, reads their codes, signs them and sends them to the township.
//! The file names are its table of contents; `intake`, `signing` and `delivery` are a receipt's way through it.

pub mod camera;
pub mod cli;
pub mod delivery;
pub mod desk;
pub mod draft;
pub mod edit;
pub mod error;
pub mod form;
pub mod geometry;
pub mod guard;
pub mod images;
pub mod intake;
pub mod invoice;
pub mod item;
pub mod keys;
pub mod lanes;
pub mod likeness;
pub mod listing;
pub mod ocr;
pub mod outbox;
pub mod paper;
pub mod personal;
pub mod photo;
pub mod picture;
pub mod printed;
pub mod published;
pub mod reading;
pub mod resume;
pub mod send;
pub mod sharpness;
pub mod signing;
pub mod watch;
pub mod window;
pub mod words;

use cli::{Cli, Command};
use desk::Desk;

/// Does what the command line says.
///
/// # Errors
/// [`error::Error`], one line for the person.
pub fn run(cli: &Cli) -> error::Result<()> {
    words::choose(cli.lang);
    guard::hush_decoders();
    let folder = cli.data.clone().unwrap_or_else(desk::default_folder);
    let out = &mut std::io::stdout().lock();
    let desk = || Desk::open(&folder);
    match &cli.command {
        Command::Init(init) => desk::init(&folder, init, out),
        Command::Enrol(enrol) => desk()?.enrol(enrol.json, out),
        Command::Add(add) => intake::add(&mut desk()?, add, out),
        Command::Edit(edit) => desk()?.edit(edit, out),
        Command::Remove(one) => desk()?.remove(one.id, out),
        Command::Restore(one) => desk()?.restore(one.id, out),
        Command::Revise(one) => desk()?.revise(one.id, out),
        Command::Nothing(nothing) => desk()?.nothing(nothing, out),
        Command::List(list) => listing::list(&desk()?, list.all, list.json, out),
        Command::Sign(sign) => signing::sign(&mut desk()?, sign, out),
        Command::Push(ask) => delivery::push(&mut desk()?, ask, out),
        Command::Status(ask) => delivery::status(&mut desk()?, ask, out),
        Command::Camera(ask) => camera::terminal::camera(&folder, ask, out),
        Command::Watch(ask) => camera::terminal::watch(&folder, ask, out),
        Command::Read(read) => intake::read(read, out),
    }
}
