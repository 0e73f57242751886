//! The same program outside the sandbox, in the interpreters of this machine: what an act does where nothing stops it.

use crate::ground::{Ground, VARIABLE, WORD};
use anyhow::{Context, Result, bail};
use policy::Guest;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take that ends by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a program in the open, in the data directory of this ground and with its word in the environment. `aside` takes the program and what it
/// prints, in `said`.
///
/// # Errors
/// When the interpreter is not there.
pub(crate) fn start(ground: &Ground, guest: Guest, program: &str, aside: &Path) -> Result<Child> {
    let (interpreter, name, text) = match guest {
        Guest::Python => ("python3", "program.py", program.to_owned()),
        // As in the sandbox, a program is the body of an asynchronous function.
        Guest::JavaScript => {
            ("node", "program.js", format!("(async () => {{\n{program}\n}})().catch(e => {{ console.error(e); process.exitCode = 1; }});\n"))
        }
    };
    let file = aside.join(name);
    fs::write(&file, text)?;
    let out = File::create(aside.join("said"))?;
    let mut command = Command::new(interpreter);
    command.arg(&file).current_dir(ground.path("data")).env(VARIABLE, WORD).stdin(Stdio::null());
    command.stdout(out.try_clone()?).stderr(out).spawn().with_context(|| format!("{interpreter}: the attack suite needs python3 and node"))
}

/// Runs a program to its end; all that it printed.
///
/// # Errors
/// When the interpreter is not there, or the program does not end.
pub(crate) fn run(ground: &Ground, guest: Guest, program: &str) -> Result<String> {
    let aside = tempfile::tempdir()?;
    let mut child = start(ground, guest, &ground.fill(program, &ground.path("data").display().to_string()), aside.path())?;
    let begin = Instant::now();
    while child.try_wait()?.is_none() {
        if begin.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            bail!("the program did not end in the open");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(String::from_utf8_lossy(&fs::read(aside.path().join("said"))?).into_owned())
}
