//! What the measurements share: the configuration they run under, and how servers are started under it.

use anyhow::{Context, Result};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// What every tool of the upstream `slow` waits before it answers.
pub(crate) const LATENCY_MS: u64 = 50;

/// Configured and never called: a start must not become slower with them.
const UNUSED: usize = 7;

/// A configuration and a state directory of the benchmark's own.
pub(crate) struct Setup {
    cofferdam: PathBuf,
    shop: PathBuf,
    place: tempfile::TempDir,
}

impl Setup {
    /// Writes the configuration: nine upstreams, and limits that let the measurements through. The other limits are the defaults.
    pub(crate) fn new(cofferdam: &Path) -> Result<Self> {
        let shop = std::env::current_exe()?.parent().context("this program is in no directory")?.join("shop");
        let place = tempfile::tempdir()?;
        let mut config =
            "[[rules]]\ntools = [\"*\"]\neffect = \"allow\"\nguard = []\n[limits]\ncalls = 5000\nworkers = 64\nwall = \"60s\"\n".to_owned();
        let slow = LATENCY_MS.to_string();
        let mut server = |name: &str, args: &[&str]| writeln!(config, "\n[servers.{name}]\ncommand = {shop:?}\nargs = {args:?}");
        server("orders", &["--serve", "orders"])?;
        server("slow", &["--serve", "orders", "--latency-ms", &slow])?;
        for n in 1..=UNUSED {
            server(&format!("unused{n}"), &["--serve", "crm"])?;
        }
        std::fs::write(place.path().join("cofferdam.toml"), config)?;
        std::fs::write(place.path().join("parking.toml"), "[limits]\nsessions = 2000\nsession_idle = \"1ms\"\nwall = \"60s\"\n")?;
        Ok(Setup { cofferdam: cofferdam.canonicalize()?, shop, place })
    }

    /// `cofferdam serve` with the configuration.
    pub(crate) fn cofferdam(&self) -> Command {
        let mut command = Command::new(&self.cofferdam);
        command.arg("serve").arg("--config").arg(self.place.path().join("cofferdam.toml")).env("XDG_STATE_HOME", self.place.path());
        command
    }

    /// A folder of its own for the state of the next commands.
    pub(crate) fn state(&self, name: &str) -> Result<PathBuf> {
        let state = self.place.path().join(name);
        std::fs::create_dir_all(&state)?;
        Ok(state)
    }

    /// A command without upstreams, with room for many sessions, of which none keeps a worker between two runs.
    pub(crate) fn parking(&self, state: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(&self.cofferdam);
        command.args(words).arg("--config").arg(self.place.path().join("parking.toml")).env("XDG_STATE_HOME", state);
        command
    }

    /// The upstream that `orders` is, without anything in between.
    pub(crate) fn upstream(&self) -> Command {
        let mut command = Command::new(&self.shop);
        command.args(["--serve", "orders"]);
        command
    }

    /// The upstream `slow`: its command and arguments.
    pub(crate) fn slow_upstream(&self) -> (String, Vec<String>) {
        let args = ["--serve", "orders", "--latency-ms", &LATENCY_MS.to_string()].map(str::to_owned);
        (self.shop.to_string_lossy().into_owned(), args.into())
    }

    /// The cofferdam binary.
    pub(crate) fn binary(&self) -> &Path {
        &self.cofferdam
    }

    /// A file with a program, for a native interpreter.
    pub(crate) fn file(&self, name: &str, code: &str) -> Result<PathBuf> {
        let file = self.place.path().join(name);
        std::fs::write(&file, code)?;
        Ok(file)
    }
}
