//! The village accountant's program: photographs receipts, reads their codes, signs them and sends them to the township.
//! The file names are its table of contents; `intake`, `signing` and `delivery` are a receipt's way through it.

pub mod backup;
pub mod camera;
pub mod chores;
pub mod cli;
pub mod concerns;
pub mod correction;
pub mod delivery;
pub mod desk;
pub mod draft;
pub mod edit;
pub mod error;
pub mod form;
pub mod geometry;
pub mod guard;
pub mod images;
pub mod inbox;
pub mod intake;
pub mod item;
pub mod keys;
pub mod lanes;
pub mod likeness;
pub mod listing;
pub mod looking;
pub mod measure;
pub mod ocr;
pub mod openness;
pub mod outbox;
pub mod paper;
pub mod passphrase;
pub mod personal;
pub mod photo;
pub mod picture;
pub mod printed;
pub mod published;
pub mod reading;
pub mod redaction;
pub mod resume;
pub mod rules;
pub mod seal;
pub mod sealed;
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
    let desk = || match cli.practice {
        true => Desk::practice(&folder),
        false => Desk::open(&folder),
    };
    match &cli.command {
        Command::Init(init) => desk::init(&folder, init, out),
        Command::Enrol(enrol) => desk()?.enrol(enrol.json, out),
        Command::Add(add) => intake::add(&mut desk()?, add, cli.models.as_deref(), out),
        Command::Edit(edit) => desk()?.edit(edit, out),
        Command::Remove(one) => desk()?.remove(one.id, out),
        Command::Restore(one) => desk()?.restore(one.id, out),
        Command::Undo => desk()?.undo(out),
        Command::Revise(one) => desk()?.revise(one.id, out),
        Command::Correct(correct) => desk()?.correct(correct, out),
        Command::Join(join) => desk()?.join(join, out),
        Command::Split(split) => desk()?.split(split.id, split.page, out),
        Command::Nothing(nothing) => desk()?.nothing(nothing, out),
        Command::List(list) => listing::list(&desk()?, list.all, list.json, out),
        Command::Sign(sign) => signing::sign(&mut desk()?, sign, out),
        Command::Push(ask) => delivery::push(&mut desk()?, ask, out),
        Command::Status(ask) => delivery::status(&mut desk()?, ask, out),
        Command::Backup(file) => {
            backup::save(&desk()?, &file.file, passphrase::asked_twice(file)?)?;
            desk::tell(out, say!("已备份到 {file}；口令请另外收好", file = file.file.display()))
        }
        Command::Recover(file) => {
            backup::put_back(&file.file, &folder, passphrase::asked(file)?)?;
            desk::tell(out, say!("已恢复；旧电脑上的请不要再用"))?;
            Desk::open(&folder)?.enrol(false, out)
        }
        Command::Seal(seal) => {
            seal::seal(&desk()?, seal.id, &seal.to, &seal.out)?;
            desk::tell(out, say!("已加密，只有办公室打得开：{file}", file = seal.out.display()))
        }
        Command::Follow(ask) => desk()?.follow(ask, out),
        Command::Camera(ask) => camera::terminal::camera(&folder, ask, out),
        Command::Watch(ask) => camera::terminal::watch(&folder, ask, out),
        Command::Window(ask) => {
            window::run(&folder, (cli.practice, cli.lang), cli.models.clone(), ask)
        }
        Command::Read(read) => intake::read(read, cli.models.as_deref(), out),
    }
}
