//! Where a soak happens: the configuration, a state directory on a disk of its own that can be full, and a clock that can jump.
//!
//! As root the state is on a tmpfs in a mount namespace of this process, which is gone with it however it ends; a full disk is that file system made
//! as small as what is on it. Otherwise no disk is filled, and the report says so. The clock is a library in front of the C library's
//! `clock_gettime` of the servers: what they read as the wall clock is shifted, monotonic time and the kernel's own stamps are not. Zygotes and
//! workers, which get no environment, see the real time.

use anyhow::{Context, Result, ensure};
use std::{
    fs::{self, File},
    os::unix::{fs::FileExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Set in the process that has a mount namespace of its own.
const INSIDE: &str = "COFFERDAM_SOAK_INSIDE";

/// What the state may take, as mount options want it. It is memory as far as it is used.
const ROOM: &str = "size=6g";

const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
static volatile int64_t *offset;
static int (*real)(clockid_t, struct timespec *);
__attribute__((constructor)) static void begin(void) {
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("COFFERDAM_SOAK_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(0, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) offset = mapped;
}
int clock_gettime(clockid_t which, struct timespec *time) {
    if (!real) begin();
    int result = real(which, time);
    if (result == 0 && which == CLOCK_REALTIME && offset) time->tv_sec += *offset;
    return result;
}
"#;

/// The place of one soak.
#[derive(Debug)]
pub(crate) struct Place {
    cofferdam: PathBuf,
    folder: tempfile::TempDir,
    /// Whether its disk can be filled.
    pub(crate) has_disk: bool,
}

/// Begins again in a mount namespace of its own, where that is allowed.
pub(crate) fn enter() -> Result<()> {
    if !rustix::process::geteuid().is_root() || std::env::var_os(INSIDE).is_some() {
        return Ok(());
    }
    let mut again = Command::new("unshare");
    again.args(["--mount", "--propagation", "private"]).arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(INSIDE, "1");
    Err(again.exec()).context("unshare (of util-linux) could not be started")
}

impl Place {
    /// Writes the configuration and mounts the disk.
    pub(crate) fn new(cofferdam: &Path) -> Result<Self> {
        let ours = std::env::current_exe()?;
        let shop = ours.parent().context("this program is in no directory")?.join("shop");
        let folder = tempfile::Builder::new().prefix("cofferdam-soak-").tempdir()?;
        let place = Place { cofferdam: cofferdam.canonicalize()?, folder, has_disk: std::env::var_os(INSIDE).is_some() };
        let config = format!(
            "[[rules]]\ntools = [\"*\"]\neffect = \"allow\"\nguard = []\n\
             [limits]\nworkers = 8\nwall = \"20s\"\nqueue = \"30s\"\nmemory = \"96MiB\"\nsessions = 2000\nsession_idle = \"2s\"\n\
             failures = 100000\nfailures_in_a_row = 100000\n\
             [servers.orders]\ncommand = {shop:?}\nargs = [\"--serve\", \"orders\"]\n\
             [servers.crm]\ncommand = {shop:?}\nargs = [\"--serve\", \"crm\"]\n\
             [servers.hostile]\ncommand = {ours:?}\nargs = [\"--upstream\"]\nera = \"legacy\"\ncall_timeout = \"1s\"\n"
        );
        fs::write(place.path("cofferdam.toml"), config)?;
        for name in ["state", "tmp", "logs"] {
            fs::create_dir(place.path(name))?;
        }
        if place.has_disk {
            run(Command::new("mount").args(["-t", "tmpfs", "-o", &format!("{ROOM},mode=700"), "cofferdam-soak"]).arg(place.path("state")))?;
        }
        fs::write(place.path("clock"), 0_i64.to_ne_bytes())?;
        fs::write(place.path("clock.c"), CLOCK)?;
        run(Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(place.path("clock.so")).arg(place.path("clock.c")).arg("-ldl"))?;
        Ok(place)
    }

    /// Something in the place.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.cofferdam);
        command.env("XDG_STATE_HOME", self.path("state")).env("TMPDIR", self.path("tmp")).env_remove(INSIDE);
        command
    }

    /// `cofferdam serve` for a window, under the clock that jumps.
    pub(crate) fn serve(&self, window: usize) -> Result<Command> {
        let log = File::options().create(true).append(true).open(self.path(&format!("logs/{window}")))?;
        let mut command = self.command();
        command.arg("serve").arg("--config").arg(self.path("cofferdam.toml")).stderr(log);
        command.env("LD_PRELOAD", self.path("clock.so")).env("COFFERDAM_SOAK_CLOCK", self.path("clock"));
        Ok(command)
    }

    /// Runs another command of cofferdam; what it printed.
    pub(crate) fn run(&self, words: &[&str]) -> Result<String> {
        run(self.command().args(words))
    }

    /// Lets the servers' clocks go wrong by so many seconds.
    pub(crate) fn set_clock(&self, seconds: i64) -> Result<()> {
        let file = File::options().write(true).open(self.path("clock"))?;
        Ok(file.write_all_at(&seconds.to_ne_bytes(), 0)?)
    }

    /// Makes the disk full, or gives it its room back.
    pub(crate) fn set_full(&self, full: bool) -> Result<()> {
        let resize = |options: &str| run(Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.path("state")));
        if !full {
            return resize(ROOM).map(drop);
        }
        // What is on it grows while this is done: a size below it is refused.
        let mut failed = None;
        for _ in 0..20 {
            let used = run(Command::new("df").args(["--block-size=4096", "--output=used"]).arg(self.path("state")))?;
            let pages: u64 = used.lines().last().unwrap_or_default().trim().parse().context("df")?;
            match resize(&format!("size={}k", (pages + 2) * 4)) {
                Ok(_) => return Ok(()),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Keeps the place for whoever looks for the cause.
    pub(crate) fn keep(&mut self) -> &Path {
        self.folder.disable_cleanup(true);
        self.folder.path()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.has_disk {
            // The namespace ends with this process anyway.
            let _late = Command::new("umount").arg("--lazy").arg(self.path("state")).status();
        }
    }
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{command:?}: {} {said}{}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(said)
}
