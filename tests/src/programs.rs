//! The built programs and how they are run.

use crate::Result;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Where `cargo build --release` puts the programs: beside the one that is running, or one folder up for a test.
pub fn folder() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().ok_or("this program has no folder")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    Ok(folder.to_path_buf())
}

/// A command of one of our programs, such as `mingbai-server`.
pub fn command(name: &str) -> Result<Command> {
    let path = folder()?.join(name);
    if !path.exists() {
        return Err(format!("{} is not built: run `make build` first", path.display()).into());
    }
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    for (variable, _) in std::env::vars().filter(|(name, _)| name.starts_with("MINGBAI_")) {
        command.env_remove(variable);
    }
    Ok(command)
}

/// Runs a program to its end, whatever that is.
pub fn output(name: &str, args: &[&str]) -> Result<Output> {
    Ok(command(name)?.args(args).output()?)
}

/// Runs a program that must succeed; answers what it printed.
pub fn run(name: &str, args: &[&str]) -> Result<String> {
    let output = output(name, args)?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name} {}: {}\n{errors}", args.join(" "), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
