//! Where one run of a variant happens: a home of its own, a configuration, upstreams and what they saw.

use crate::{client::Client, door};
use anyhow::{Context, Result, ensure};
use policy::Layer;
use serde_json::Value;
use std::{
    cell::RefCell,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// Which layers of the defence are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layers {
    /// All of them: the ordinary binary.
    All,
    /// This one.
    Only(Layer),
    /// None.
    None,
}

impl Layers {
    /// Whether this one is on.
    pub(crate) fn has(self, layer: Layer) -> bool {
        match self {
            Layers::All => true,
            Layers::Only(only) => only == layer,
            Layers::None => false,
        }
    }
}

/// A rule under which everything is allowed, whatever was read: the operator trusts the tools, and the attack is not about rules.
pub(crate) const ALLOW: &str = "[[rules]]\ntools = [\"*\"]\neffect = \"allow\"\nguard = []\n";

/// A rule under which everything is allowed until data of somebody else was read.
pub(crate) const ALLOW_GUARDED: &str = "[[rules]]\ntools = [\"*\"]\neffect = \"allow\"\n";

/// Programs that evaluate text, or that do what leads out of other sandboxes, are refused before they run.
pub(crate) const FORBID: &str = "[programs]\nforbid = [\"dynamic_evaluation\", \"escape_idiom\"]\n";

/// A fresh world.
pub(crate) struct World {
    home: TempDir,
    built: PathBuf,
    /// Which layers are on in it.
    pub(crate) layers: Layers,
    config: RefCell<String>,
}

impl World {
    /// A home with nothing in it but the guests of the user who runs the suite.
    pub(crate) fn new(built: &Path, layers: Layers) -> Result<Self> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache =
            variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache"))).context("neither XDG_CACHE_HOME nor HOME is set")?;
        let guests = cache.join("cofferdam/guests");
        ensure!(guests.is_dir(), "the guests are not built; `cargo xtask attack` builds them");
        let home = tempfile::tempdir()?;
        let ours = home.path().join(".cache/cofferdam");
        fs::create_dir_all(&ours)?;
        std::os::unix::fs::symlink(guests, ours.join("guests"))?;
        Ok(World { home, built: built.to_owned(), layers, config: RefCell::default() })
    }

    /// Another one, with the same layers: somebody else's.
    pub(crate) fn another(&self) -> Result<World> {
        World::new(&self.built, self.layers)
    }

    /// The home.
    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file below the home, making its folder.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
        fs::write(&path, text)?;
        Ok(path)
    }

    /// Adds to the configuration. Tables of it may be anything but `[servers]`.
    pub(crate) fn configure(&self, toml: &str) {
        let mut config = self.config.borrow_mut();
        config.push_str(toml);
        config.push('\n');
    }

    /// Writes something else in place of a part of the configuration, which must be there.
    pub(crate) fn replace(&self, part: &str, by: &str) -> Result<()> {
        let mut config = self.config.borrow_mut();
        ensure!(config.contains(part), "{part} is not in the configuration: {config}");
        *config = config.replace(part, by);
        Ok(())
    }

    /// Adds a malicious upstream; see [`crate::hostile::Behaviour`].
    pub(crate) fn hostile(&self, name: &str, behaviour: &Value) -> Result<Upstream> {
        let file = self.write(&format!("{name}.json"), behaviour.to_string())?;
        let program = self.built.join("hostile");
        let mut config = self.config.borrow_mut();
        writeln!(config, "[servers.{name}]\ncommand = {program:?}\nargs = [{file:?}]")?;
        Ok(Upstream { program, file })
    }

    /// Adds the paper's door-access database as a server named `door`, honest unless `behaviour` overrides some of it.
    pub(crate) fn door(&self, behaviour: &Value) -> Result<Door> {
        let database = self.path().join("door.sqlite");
        door::create(&database)?;
        let mut behaviour = behaviour.clone();
        behaviour["door"] = database.display().to_string().into();
        Ok(Door { upstream: self.hostile("door", &behaviour)?, database })
    }

    /// The command in this world: the ordinary binary when all layers are on, else the attack build without the others.
    pub(crate) fn cofferdam(&self) -> Command {
        let attacked = self.layers != Layers::All;
        let mut command = Command::new(self.built.join(if attacked { "cofferdam-attack" } else { "cofferdam" }));
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("HOME", self.path()).env("PATH", path).current_dir(self.path()).stdin(Stdio::null()).stderr(Stdio::null());
        if attacked {
            let off: Vec<&str> = Layer::ALL.into_iter().filter(|layer| !self.layers.has(*layer)).map(Layer::name).collect();
            command.env("COFFERDAM_WITHOUT", off.join(","));
        }
        command
    }

    /// Has the operator accept all tools as they are proposed (or as these arguments of `cofferdam lock` say).
    pub(crate) fn accept(&self, arguments: &[&str]) -> Result<()> {
        self.save()?;
        let arguments = if arguments.is_empty() { &["--accept-all"] } else { arguments };
        let done = self.cofferdam().arg("lock").args(arguments).stderr(Stdio::piped()).output()?;
        ensure!(done.status.success(), "cofferdam lock: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }

    /// A connection of the hijacked client; nobody can be asked.
    pub(crate) fn connect(&self) -> Result<Client> {
        self.connect_with(&[])
    }

    /// The same, to a server that has these variables in its environment.
    pub(crate) fn connect_with(&self, variables: &[(&str, &str)]) -> Result<Client> {
        self.save()?;
        Client::connect(self.cofferdam().arg("serve").envs(variables.iter().copied()))
    }

    /// A connection on which nothing was said yet.
    pub(crate) fn connect_silently(&self) -> Result<Client> {
        self.save()?;
        Client::silent(self.cofferdam().arg("serve"), None)
    }

    /// A connection of the hijacked client, with a person who gives this answer to every question.
    pub(crate) fn connect_with_person(&self, answer: Value) -> Result<Client> {
        self.save()?;
        Client::with_person(self.cofferdam().arg("serve"), answer)
    }

    fn save(&self) -> Result<()> {
        self.write(".config/cofferdam/cofferdam.toml", self.config.borrow().as_bytes()).map(drop)
    }

    /// All lines of the journal. Read after the connections are closed, it is complete.
    pub(crate) fn journal(&self) -> Result<Vec<Value>> {
        let mut lines = Vec::new();
        let Ok(files) = fs::read_dir(self.path().join(".local/state/cofferdam/journal")) else { return Ok(lines) };
        for file in files {
            for line in fs::read_to_string(file?.path())?.lines() {
                lines.push(serde_json::from_str(line)?);
            }
        }
        Ok(lines)
    }
}

/// A malicious upstream, from outside.
pub(crate) struct Upstream {
    program: PathBuf,
    file: PathBuf,
}

impl Upstream {
    /// The calls that arrived, in their order: `{"tool": ..., "arguments": ...}`.
    pub(crate) fn calls(&self) -> Result<Vec<Value>> {
        let Ok(text) = fs::read_to_string(self.file.with_extension("calls")) else { return Ok(Vec::new()) };
        text.lines().map(|line| serde_json::from_str(line).context(line.to_owned())).collect()
    }

    /// How often a tool, by its own raw name, was called.
    pub(crate) fn called(&self, tool: &str) -> Result<usize> {
        Ok(self.calls()?.iter().filter(|call| call["tool"] == tool).count())
    }

    /// From now on (for processes that start later) it behaves like this.
    pub(crate) fn becomes(&self, behaviour: &Value) -> Result<()> {
        Ok(fs::write(&self.file, behaviour.to_string())?)
    }

    /// A connection to it without Cofferdam in between.
    pub(crate) fn connect(&self) -> Result<Client> {
        Client::connect(Command::new(&self.program).arg(&self.file).stderr(Stdio::null()))
    }

    /// The same, with a person who gives this answer to every question.
    pub(crate) fn connect_with_person(&self, answer: Value) -> Result<Client> {
        Client::with_person(Command::new(&self.program).arg(&self.file).stderr(Stdio::null()), answer)
    }
}

/// The door-access database, from outside.
pub(crate) struct Door {
    pub(crate) upstream: Upstream,
    database: PathBuf,
}

impl Door {
    /// Everything that is in the database, as one text.
    pub(crate) fn state(&self) -> Result<String> {
        door::state(&self.database)
    }
}
