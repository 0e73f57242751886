//! The subcommands, one file each, and what they share.

pub(crate) mod approve;
pub(crate) mod artifacts;
pub(crate) mod context;
pub(crate) mod doctor;
pub(crate) mod guests;
pub(crate) mod init;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod policy;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod sessions;
pub(crate) mod stop;
pub(crate) mod tools;
pub(crate) mod words;

use crate::config::{Config, Sources, Wall, load, open_lock};
use crate::rereading::Rereading;
use crate::surroundings::Surroundings;
use crate::warnings::warnings;
use crate::{mcp, output};
use executor::Settings;
use sandbox::Protection;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use upstream::{Lock, Mode, Upstreams};

/// How the process ends; documented in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It worked.
    Ok = 0,
    /// The program failed, or something that `doctor` looked at.
    Program = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// The program was refused.
    Refused = 3,
    /// A limit was reached.
    Limit = 4,
    /// Our own fault.
    Internal = 5,
    /// A protection that has to be in force is not.
    Unprotected = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// The command line asks for something that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// The operator asked for all protections, and some are not in force.
#[derive(Debug, thiserror::Error)]
#[error(
    "nothing is started, since --require-sandbox (or require in [sandbox]) asks for protections that are not in force here{}",
    .0.iter().map(|one| format!("\n  {}: {}\n    mend: {}", one.name, one.detail, one.mend.unwrap_or_default())).collect::<String>()
)]
pub(crate) struct Unprotected(Vec<Protection>);

/// Serves MCP.
pub(crate) async fn serve(sources: &Sources, around: &Surroundings) -> anyhow::Result<Exit> {
    let config = load(sources, around)?;
    if std::io::stdin().is_terminal() {
        output::complain("waiting for an MCP client on standard input; `cofferdam --help` shows what else there is");
    }
    mcp::serve(settings(config, sources, around)?).await?;
    Ok(Exit::Ok)
}

/// Looks whether what must be in force is.
fn protected(config: &Config) -> anyhow::Result<()> {
    if config.wall == Wall::AsItIs {
        return Ok(());
    }
    let mut missing = sandbox::protections(&std::env::current_exe()?);
    missing.retain(|protection| !protection.in_force);
    if missing.is_empty() { Ok(()) } else { Err(Unprotected(missing).into()) }
}

/// What the executor needs. The operator is told here of servers that cannot be used; a program is told when it names one.
fn settings(config: Config, sources: &Sources, around: &Surroundings) -> anyhow::Result<Settings> {
    for failed in &config.failed {
        tracing::warn!(server = %failed.name, file = %failed.file.display(), reason = %failed.reason, "this server cannot be used");
    }
    protected(&config)?;
    let mode = if sources.locked { Mode::Locked } else { Mode::Record };
    let lock = open_lock(&config, mode, around)?;
    for warning in warnings(&config, &lock.document()) {
        tracing::warn!("{}; `cofferdam policy check` shows all warnings", warning.text);
    }
    let operator = Rereading::of(&config, sources, around);
    Ok(Settings {
        operator: Some(Box::new(operator)),
        lock,
        policy: config.policy,
        secrets: config.secrets,
        servers: config.servers,
        unusable: config.failed.into_iter().map(|failed| failed.name).collect(),
        cache_dir: cache_dir(around)?,
        state_dir: around.state_dir().ok_or_else(homeless)?,
        warm: sandbox::Warm::default(),
        binary: None,
    })
}

/// The lockfile for a command that only looks.
fn looking(config: &Config, sources: &Sources, around: &Surroundings) -> anyhow::Result<Arc<Lock>> {
    Ok(open_lock(config, if sources.locked { Mode::Locked } else { Mode::Look }, around)?)
}

/// The servers without a sandbox, for commands that only look at them. Eras are remembered where the executor remembers them.
fn upstreams(config: &Config, lock: Arc<Lock>, around: &Surroundings) -> anyhow::Result<Arc<Upstreams>> {
    Ok(Upstreams::new(config.servers.clone(), Some(cache_dir(around)?.join("upstreams")), lock, &config.policy.limits))
}

/// Where the guests are.
fn cache_dir(around: &Surroundings) -> Result<PathBuf, UsageError> {
    around.cache_dir().ok_or_else(homeless)
}

fn homeless() -> UsageError {
    UsageError("there is no place for files: set HOME, or XDG_CACHE_HOME and XDG_STATE_HOME, to absolute paths".to_owned())
}
