//! The configuration, made valid: which servers there are and what the operator allows. Files are read here and nowhere else.

use crate::entry::{Entry, Launch, folder_of};
use crate::expand::Scope;
use crate::fault::{ConfigError, place};
use crate::surroundings::Surroundings;
use crate::{files, http, import, judge, output, raw, rules, secrets};
use policy::{Limits, Policy, ServerName};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;
use upstream::{Era, Lock, Mode, ServerConfig};

/// The name of the lockfile, beside the configuration.
const LOCKFILE: &str = "cofferdam.lock";

/// The largest configuration file, in bytes: a mistaken path must not fill the memory.
const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// What the command line says of the configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// `--config`: instead of the user's own file.
    pub(crate) config: Option<PathBuf>,
    /// `--mcp-config`, each one more file of another client.
    pub(crate) mcp_configs: Vec<PathBuf>,
    /// `--lock`: instead of the file beside the configuration.
    pub(crate) lock: Option<PathBuf>,
    /// `--locked`: nothing is added to it.
    pub(crate) locked: bool,
    /// `--read-only`: whether programs may change anything.
    pub(crate) mode: policy::Mode,
    /// `--require-sandbox`: what of the second wall must be in force.
    pub(crate) wall: Wall,
}

/// What of the second wall must be in force before a program runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Wall {
    /// What this machine has.
    #[default]
    AsItIs,
    /// All of it.
    Whole,
}

/// A valid configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// The operator's ceilings.
    pub(crate) policy: Policy,
    /// What of the second wall must be in force: the command line and the file can both ask for all of it.
    pub(crate) wall: Wall,
    /// The servers that can be tried, by name.
    pub(crate) servers: Vec<ServerConfig>,
    /// The servers that cannot, each with the reason.
    pub(crate) failed: Vec<Failed>,
    /// The entries that start this program, which are left out.
    pub(crate) skipped: Vec<String>,
    /// Values that are removed from what is shown and kept.
    pub(crate) secrets: executor::Secrets,
    /// The files that were read, our own first.
    pub(crate) files: Vec<PathBuf>,
    /// Our own file, where it is or would be. `None`: there is no place for files.
    pub(crate) own: Option<PathBuf>,
    /// Where the lockfile is, or will be. `None`: there is no place for files.
    pub(crate) lockfile: Option<PathBuf>,
}

/// A configured server that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// Its name.
    pub(crate) name: ServerName,
    /// The file that has it.
    pub(crate) file: PathBuf,
    /// Why.
    pub(crate) reason: String,
}

/// Reads all files that the command line names, or the user's own.
///
/// # Errors
/// The first error in a file. A server that cannot be used is not one.
pub(crate) fn load(sources: &Sources, around: &Surroundings) -> Result<Config, ConfigError> {
    let mut config = Config::default();
    let (mut entries, mut elsewhere, mut granted) = (Vec::new(), Vec::new(), None);
    let own = match &sources.config {
        Some(file) => Some(around.folder.join(file)),
        None => around.default_config().filter(|file| file.exists()),
    };
    config.own = own.clone().or_else(|| around.default_config());
    let beside = own.clone().or_else(|| sources.mcp_configs.first().map(|file| around.folder.join(file)));
    if let Some(file) = own {
        let text = read(&file)?;
        let own = parse(&file, &text, around)?;
        config.files.push(file.clone());
        config.policy = own.policy;
        config.wall = own.wall;
        entries.extend(own.entries);
        elsewhere = own.elsewhere;
        granted = Some((file.clone(), text, own.files));
        let folder = file.parent().unwrap_or(Path::new("/"));
        for import in &own.import {
            entries.extend(read_import(&folder.join(import), &mut config)?);
        }
    }
    for file in &sources.mcp_configs {
        entries.extend(read_import(&around.folder.join(file), &mut config)?);
    }
    for (name, missing) in elsewhere {
        if !entries.iter().any(|entry| ServerName::mint(&entry.alias).as_ref() == Ok(&name)) {
            return Err(missing);
        }
    }
    config.policy.mode = sources.mode;
    if sources.wall == Wall::Whole {
        config.wall = Wall::Whole;
    }
    settle(&entries, around, &mut config)?;
    config.lockfile = match &sources.lock {
        Some(file) => Some(around.folder.join(file)),
        None => beside.or_else(|| around.default_config()).map(|file| file.with_file_name(LOCKFILE)),
    };
    if let Some((file, text, files)) = granted {
        let directories = [around.state_dir(), around.cache_dir()].into_iter().flatten().collect();
        let ours = config.files.iter().chain(&config.lockfile).cloned().collect();
        config.policy.files = files::grants(&file, &text, files, &files::Protected { directories, files: ours })?;
    }
    config.policy.hash = rules::hash(&config.policy);
    Ok(config)
}

/// The lockfile of a configuration.
///
/// # Errors
/// When there is a file that cannot be read or is no lockfile.
pub(crate) fn open_lock(config: &Config, mode: Mode, around: &Surroundings) -> Result<Arc<Lock>, ConfigError> {
    let definitions = around.state_dir().map(|state| state.join("definitions"));
    Lock::open(config.lockfile.clone(), mode, definitions).map_err(|error| match error.place {
        Some(place) => ConfigError::at(&error.file, place, error.message),
        None => ConfigError::of(&error.file, error.message),
    })
}

/// The text of a file.
fn read(file: &Path) -> Result<String, ConfigError> {
    let unreadable = |error: std::io::Error| ConfigError::of(file, format!("cannot be read: {error}"));
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > FILE_BYTES {
        return Err(ConfigError::of(file, "is larger than 16 MiB: this is not a configuration"));
    }
    std::fs::read_to_string(file).map_err(unreadable)
}

/// The servers of another client's file.
fn read_import(file: &Path, config: &mut Config) -> Result<Vec<Entry>, ConfigError> {
    let text = read(file)?;
    config.files.push(file.to_owned());
    import::read(file, &text)
}

/// What `cofferdam.toml` says.
struct Own {
    import: Vec<PathBuf>,
    entries: Vec<Entry>,
    policy: Policy,
    wall: Wall,
    /// Servers of which only the data is described, each with the error that it is when no other file has the server.
    elsewhere: Vec<(ServerName, ConfigError)>,
    /// Made valid when all that is ours is known.
    files: BTreeMap<Spanned<String>, raw::FileGrant>,
}

/// Reads `cofferdam.toml`.
fn parse(file: &Path, text: &str, around: &Surroundings) -> Result<Own, ConfigError> {
    let mut parsed: raw::File = toml::from_str(text).map_err(|error| explain(file, text, error))?;
    let (mut entries, mut data, mut errors_of, mut elsewhere) = (Vec::new(), BTreeMap::new(), BTreeMap::new(), Vec::new());
    for (alias, mut server) in std::mem::take(&mut parsed.servers) {
        let wrong = |reason: String| ConfigError::at(file, place(text, alias.span().start), format!("server {:?} {reason}", alias.get_ref()));
        let (kinds, errors) = (server.data.take(), server.errors.take());
        if kinds.is_some() || errors.is_some() {
            let name = ServerName::mint(alias.get_ref()).map_err(|error| wrong(format!("cannot be named so: {error}")))?;
            let says = if kinds.is_some() { "data" } else { "errors" };
            data.extend(kinds.map(|kinds| (name.clone(), rules::kinds(kinds))));
            errors_of.extend(errors.map(|errors| (name.clone(), errors)));
            // Only what its replies are: the server itself is in another client's file.
            if server.command.is_none() && server.url.is_none() && server.kind.is_none() {
                let reason = format!("has {says} and neither command nor url, and no imported file has it either; give one");
                elsewhere.push((name, wrong(reason)));
                continue;
            }
        }
        if !server.disabled {
            let launch = launch(&server).map_err(wrong)?;
            entries.push(Entry {
                alias: alias.into_inner(),
                file: file.to_owned(),
                launch: Ok(launch),
                era: server.era.map(|era| match era {
                    raw::Era::Legacy => Era::Legacy,
                    raw::Era::Modern => Era::Modern,
                }),
                call_timeout: server.call_timeout.map(|span| span.0),
                start_timeout: server.start_timeout.map(|span| span.0),
            });
        }
    }
    let limits = limits(file, text, parsed.limits)?;
    let rules = rules::rules(file, text, parsed.rules)?;
    let scope = Scope { variable: &|variable| around.variable(variable), folder: folder_of(file) };
    let http = http::rules(file, text, parsed.http, scope)?;
    let env = files::env(file, text, parsed.env)?;
    let judge = judge::judge(file, text, parsed.judge)?;
    let forbidden = parsed.programs.forbid.into_iter().collect();
    let policy = Policy { limits, rules, data, http, env, forbidden, errors: parsed.replies.errors, errors_of, judge, ..Policy::default() };
    let wall = if parsed.sandbox.require { Wall::Whole } else { Wall::AsItIs };
    Ok(Own { import: parsed.import, entries, policy, wall, elsewhere, files: parsed.files })
}

/// The configuration in this text, as the user's own file; only what is about directories is left out, since it is made valid on the disk.
///
/// # Errors
/// As for [`load`].
#[cfg(any(test, fuzzing))]
pub(crate) fn of_text(file: &Path, text: &str, around: &Surroundings) -> Result<Config, ConfigError> {
    let own = parse(file, text, around)?;
    let mut config = Config { policy: own.policy, wall: own.wall, ..Config::default() };
    settle(&own.entries, around, &mut config)?;
    Ok(config)
}

/// The configuration of a file of another client with this text. Returns it with the number of its servers.
///
/// # Errors
/// As for [`load`].
#[cfg(any(test, fuzzing))]
pub(crate) fn of_import(file: &Path, text: &str, around: &Surroundings) -> Result<(Config, usize), ConfigError> {
    let entries = import::read(file, text)?;
    let mut config = Config::default();
    settle(&entries, around, &mut config)?;
    Ok((config, entries.len()))
}

/// How a server of ours is reached. Unlike in imported files, contradictions are errors: this file is only for us.
fn launch(server: &raw::Server) -> Result<Launch, String> {
    let kind = match (server.kind, &server.command, &server.url) {
        (_, Some(_), Some(_)) => return Err("has both command and url; give one".to_owned()),
        (Some(raw::Kind::Stdio), None, _) => return Err("has type \"stdio\" and no command".to_owned()),
        (Some(raw::Kind::Http), _, None) => return Err("has type \"http\" and no url".to_owned()),
        (None, None, None) => return Err("has neither command nor url; give one".to_owned()),
        (_, Some(command), None) => (command, raw::Kind::Stdio),
        (_, None, Some(url)) => (url, raw::Kind::Http),
    };
    match kind {
        (command, raw::Kind::Stdio) if !server.headers.is_empty() => {
            Err(format!("has headers, which a child process ({command}) does not take; use env"))
        }
        (command, raw::Kind::Stdio) => {
            Ok(Launch::Stdio { command: command.clone(), args: server.args.clone(), env: server.env.clone(), cwd: server.cwd.clone() })
        }
        (_, raw::Kind::Http) if !server.args.is_empty() || !server.env.is_empty() || server.cwd.is_some() => {
            Err("has args, env or cwd, which a url does not take".to_owned())
        }
        (url, raw::Kind::Http) => Ok(Launch::Http { url: url.clone(), headers: server.headers.clone() }),
    }
}

/// The operator's ceilings over the defaults.
fn limits(file: &Path, text: &str, raw: raw::Limits) -> Result<Limits, ConfigError> {
    const GIB: u64 = 1 << 30;
    let bytes = |key: &str, size: Option<Spanned<crate::units::Size>>, default: usize, least: u64, most: u64| match size {
        None => Ok(default),
        Some(size) => match usize::try_from(size.get_ref().0) {
            Ok(bytes) if (least..=most).contains(&size.get_ref().0) => Ok(bytes),
            _ => Err(ConfigError::at(
                file,
                place(text, size.span().start),
                format!("limits.{key} must be between {} and {}", crate::units::show_size(least), crate::units::show_size(most)),
            )),
        },
    };
    let count = |key: &str, count: Option<Spanned<usize>>, default: usize, most: usize| match count {
        None => Ok(default),
        Some(count) if (1..=most).contains(count.get_ref()) => Ok(*count.get_ref()),
        Some(count) => Err(ConfigError::at(file, place(text, count.span().start), format!("limits.{key} must be between 1 and {most}"))),
    };
    // Each failure is remembered for ten minutes.
    let failures = |key: &str, count: Option<Spanned<u32>>, default: u32| match count {
        None => Ok(default),
        Some(count) if (1..=100_000).contains(count.get_ref()) => Ok(*count.get_ref()),
        Some(count) => Err(ConfigError::at(file, place(text, count.span().start), format!("limits.{key} must be between 1 and 100000"))),
    };
    let default = Limits::default();
    Ok(Limits {
        wall: raw.wall.map_or(default.wall, |span| span.0),
        queue: raw.queue.map_or(default.queue, |span| span.0),
        queued: count("queued", raw.queued, default.queued, 100_000)?,
        // 4 GiB is what a 32-bit guest can address; 64 MiB is what an interpreter needs to begin.
        memory_bytes: bytes("memory", raw.memory, default.memory_bytes, 64 << 20, 4 * GIB)?,
        program_bytes: bytes("program", raw.program, default.program_bytes, 1, 8 << 20)?,
        output_kept_bytes: bytes("output_kept", raw.output_kept, default.output_kept_bytes, 1024, GIB)?,
        output_shown_bytes: bytes("output_shown", raw.output_shown, default.output_shown_bytes, 256, 16 << 20)?,
        calls: raw.calls.unwrap_or(default.calls),
        calls_in_flight: count("calls_in_flight", raw.calls_in_flight, default.calls_in_flight, 1024)?,
        server_calls: count("server_calls", raw.server_calls, default.server_calls, 4096)?,
        call: raw.call.map_or(default.call, |span| span.0),
        reply_bytes: bytes("reply", raw.reply, default.reply_bytes, 1024, GIB)?,
        // Above this, readers that recurse would be at risk.
        reply_depth: count("reply_depth", raw.reply_depth, default.reply_depth, 128)?,
        replies_bytes: bytes("replies", raw.replies, default.replies_bytes, 1024, 64 * GIB)?,
        workers: count("workers", raw.workers, default.workers, 1024)?,
        approval: raw.approval.map_or(default.approval, |span| span.0),
        workspace_bytes: raw.workspace.map_or(default.workspace_bytes, |size| size.0),
        workspace_files: raw.workspace_files.unwrap_or(default.workspace_files),
        failures_in_a_row: failures("failures_in_a_row", raw.failures_in_a_row, default.failures_in_a_row)?,
        failures: failures("failures", raw.failures, default.failures)?,
        sessions: count("sessions", raw.sessions, default.sessions, 100_000)?,
        session_idle: raw.session_idle.map_or(default.session_idle, |span| span.0),
        session_kept: raw.session_kept.map_or(default.session_kept, |span| span.0),
        artifact_bytes: raw.artifact.map_or(default.artifact_bytes, |size| size.0),
        artifacts_bytes: raw.artifacts.map_or(default.artifacts_bytes, |size| size.0),
    })
}

/// The servers of all files under their names, with references replaced.
fn settle(entries: &[Entry], around: &Surroundings, config: &mut Config) -> Result<(), ConfigError> {
    let mut taken: BTreeMap<ServerName, &Entry> = BTreeMap::new();
    let mut hidden = Vec::new();
    for entry in entries {
        if let Ok(Launch::Stdio { command, .. }) = &entry.launch
            && around.is_ourselves(command)
        {
            config.skipped.push(entry.alias.clone());
            continue;
        }
        let name = ServerName::mint(&entry.alias).map_err(|error| ConfigError::of(&entry.file, format!("a server cannot be named so: {error}")))?;
        if let Some(other) = taken.insert(name.clone(), entry) {
            let other = format!("{:?} in {}", other.alias, other.file.display());
            let text = format!("the server {:?} and {other} would both be called {name} in programs; rename one or set disabled on it", entry.alias);
            return Err(ConfigError::of(&entry.file, text));
        }
        let scope = Scope { variable: &|variable| around.variable(variable), folder: folder_of(&entry.file) };
        hidden.extend(entry.launch.iter().flat_map(|launch| secrets::of(launch, scope)));
        match entry.resolve(name.clone(), scope) {
            Ok(server) => config.servers.push(server),
            Err(reason) => config.failed.push(Failed { name, file: entry.file.clone(), reason }),
        }
    }
    // `Bearer TOKEN`: whoever echoes it may leave the first word out.
    let added = config.policy.http.iter().flat_map(|rule| rule.headers.0.values());
    hidden.extend(added.flat_map(|value| value.split(' ').chain([value.as_str()])).map(str::to_owned));
    let many = |error| {
        ConfigError::of(
            config.files.first().map_or(Path::new(""), PathBuf::as_path),
            format!("the secrets of its servers cannot be looked for: {error}"),
        )
    };
    config.secrets = executor::Secrets::of(hidden).map_err(many)?;
    output::hide(&config.secrets);
    config.servers.sort_by(|a, b| a.name.cmp(&b.name));
    config.failed.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(())
}

/// An error of the TOML reader with its place, its key and, for a misspelt key, what was probably meant.
fn explain(file: &Path, text: &str, mut error: toml::de::Error) -> ConfigError {
    let span = error.span();
    // Without its input the reader prints the path of keys in place of an excerpt.
    error.set_input(None);
    let printed = error.to_string();
    let path = printed.trim_end().rsplit_once("\nin `").and_then(|(_, path)| path.strip_suffix('`')).map(str::to_owned);
    let at_fault = span.clone().and_then(|span| text.get(span)).unwrap_or_default();
    let message = match error.message().strip_prefix("unknown field ").map(quoted) {
        Some(words) if !words.is_empty() => {
            let (unknown, known) = (words[0], &words[1..]);
            let table = path.map(|path| format!(" in [{path}]")).unwrap_or_default();
            let hint = match policy::closest(unknown, known.iter().copied()) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => format!("the keys here are {}", known.join(", ")),
            };
            format!("unknown key {unknown:?}{table}; {hint}")
        }
        _ if error.message() == "duplicate key" => format!("the key {at_fault:?} is there twice"),
        _ => match path {
            Some(path) => format!("{path}: {}", error.message().replace('`', "\"")),
            None => error.message().replace('`', "\""),
        },
    };
    let message = message.lines().collect::<Vec<_>>().join(", ");
    match span {
        Some(span) => ConfigError::at(file, place(text, span.start), message),
        None => ConfigError::of(file, message),
    }
}

/// The words in backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
