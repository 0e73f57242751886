//! Installs what the machine's own packages bring, where it is missing and its owner lets us.

use crate::run::quietly;
use anyhow::{Result, bail};
use std::{path::PathBuf, process::Command};

/// Sees that these programs are on PATH; each is named with the package that holds it. Missing ones are installed for root, or with
/// `install`; else the error is the command to run.
pub(crate) fn ensure(programs: &[(&str, &str)], install: bool) -> Result<()> {
    let missing: Vec<&str> = programs.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get install --yes --no-install-recommends {}", missing.join(" "));
    let root = quietly(Command::new("id").arg("-u"))?.trim() == "0";
    if !root && !install {
        bail!("packages are missing; install them, or run this with --install:\n    sudo {line}");
    }
    let apt = |arguments: &str| {
        let sudo = if root { &[][..] } else { &["sudo"] };
        let words: Vec<&str> = sudo.iter().copied().chain(arguments.split(' ')).collect();
        let [program, arguments @ ..] = words.as_slice() else { bail!("no command") };
        quietly(Command::new(program).args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    // The lists of a fresh machine are empty or old: then the first attempt fails.
    if apt(&line).is_err() {
        apt("apt-get update")?;
        apt(&line)?;
    }
    Ok(())
}

/// A program on PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}
