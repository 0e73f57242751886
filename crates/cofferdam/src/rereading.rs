//! The configuration while a server runs: its files are looked at for every run, and read again when one of them changed.
//!
//! What counts at once is authority: `[[rules]]`, `[http]`, `[files]`, `[env]`, what servers' data is, and the limits of a run. What was set up once stays
//! as it was, and is said: limits of the process, and servers. A server whose launch line changed, or that is gone, is not called any more. A file that
//! cannot be obeyed ends all runs until it is corrected: going on under what it said before would be to obey nobody.

use crate::config::{Config, Sources, load};
use crate::fault::ConfigError;
use crate::surroundings::Surroundings;
use executor::{Current, NotObeyed, Operator};
use policy::{Limits, Policy, ServerName};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use upstream::Transport;

/// How long after a change a file is read for every run: within the same tick of the file system's clock it may change once more and look the same.
const UNSETTLED: Duration = Duration::from_secs(2);

/// The operator's files, and what they said when they were last read.
pub(crate) struct Rereading {
    sources: Sources,
    around: Surroundings,
    start: Start,
    last: Mutex<Last>,
}

/// What cannot change while the process lives.
struct Start {
    limits: Limits,
    servers: BTreeMap<ServerName, Transport>,
    /// Values of headers: those that are taken out of what programs show.
    headers: BTreeSet<String>,
}

struct Last {
    files: Vec<PathBuf>,
    /// `None`: they are to be read again whatever they look like.
    stamps: Option<Vec<Option<Stamp>>>,
    current: Current,
}

/// What tells one state of a file from the next. The time is of its last change of any kind, which no program can set.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Rereading {
    /// After a configuration was read for the first time.
    pub(crate) fn of(config: &Config, sources: &Sources, around: &Surroundings) -> Self {
        let mut sources = sources.clone();
        // A file that was there and is gone is a mistake, not a configuration without rules.
        if sources.config.is_none() {
            sources.config = config.own.clone().filter(|own| config.files.contains(own));
        }
        let start = Start {
            limits: config.policy.limits.clone(),
            servers: config.servers.iter().map(|server| (server.name.clone(), server.transport.clone())).collect(),
            headers: headers(&config.policy).cloned().collect(),
        };
        let current = Current { policy: Arc::new(config.policy.clone()), outdated: Arc::default() };
        Rereading { sources, around: around.clone(), start, last: Mutex::new(Last { files: watched(config), stamps: None, current }) }
    }

    /// Reads the files again.
    fn read(&self, last: &mut Last) -> Result<(), ConfigError> {
        // Taken first: what changes while it is read is seen the next time.
        let stamps = stamps(&last.files);
        last.stamps = None;
        let mut config = load(&self.sources, &self.around)?;
        let files = watched(&config);
        if last.files == files && stamps.iter().all(settled) {
            last.stamps = Some(stamps);
        }
        last.files = files;
        if let Some(new) = headers(&config.policy).find(|value| !self.start.headers.contains(*value)) {
            let whose = config.policy.http.iter().find(|rule| rule.headers.0.values().any(|value| value == new));
            let line = whose.map_or(1, |rule| rule.line);
            let why = "http: the value of a header was not there when this server started, so that it would not be taken out of what programs show; \
                       start the server again";
            return Err(ConfigError::at(&config.own.unwrap_or_default(), (line, 1), why));
        }
        let waiting = keep(&mut config.policy.limits, &self.start.limits);
        let outdated = self.outdated(&config);
        if config.policy.hash != last.current.policy.hash || outdated != *last.current.outdated {
            tracing::warn!(policy = config.policy.hash, "the configuration changed: it counts from this run on");
            let new = config.servers.iter().filter(|server| !self.start.servers.contains_key(&server.name)).map(|server| server.name.as_str());
            for (what, names) in [
                ("servers that are new", new.collect::<Vec<_>>()),
                ("servers that changed or are gone, which are not called any more", outdated.iter().map(ServerName::as_str).collect()),
                ("limits", waiting),
            ] {
                if !names.is_empty() {
                    tracing::warn!("until this server is started again, these stay as they were: {what}: {}", names.join(", "));
                }
            }
        }
        last.current = Current { policy: Arc::new(config.policy), outdated: Arc::new(outdated) };
        Ok(())
    }

    /// The servers that are not what they were at the start.
    fn outdated(&self, config: &Config) -> BTreeSet<ServerName> {
        let now: BTreeMap<&ServerName, &Transport> = config.servers.iter().map(|server| (&server.name, &server.transport)).collect();
        let changed = self.start.servers.iter().filter(|(name, transport)| now.get(name) != Some(transport));
        changed.map(|(name, _)| name.clone()).collect()
    }
}

impl Operator for Rereading {
    fn current(&self) -> Result<Current, NotObeyed> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.stamps.is_none() || last.stamps.as_ref() != Some(&stamps(&last.files)) {
            self.read(&mut last).map_err(|error| {
                tracing::error!("nothing runs until this is corrected: {error}");
                NotObeyed(error.whereabouts())
            })?;
        }
        Ok(last.current.clone())
    }
}

impl fmt::Debug for Rereading {
    /// The surroundings hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rereading").field("sources", &self.sources).finish_non_exhaustive()
    }
}

/// The files on which a configuration rests: those that were read, and our own, should it be made.
fn watched(config: &Config) -> Vec<PathBuf> {
    let own = config.own.iter().filter(|own| !config.files.contains(own));
    config.files.iter().chain(own).cloned().collect()
}

fn headers(policy: &Policy) -> impl Iterator<Item = &String> {
    policy.http.iter().flat_map(|rule| rule.headers.0.values())
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| stamp(file)).collect()
}

/// The state of a file; `None`: it is not there.
fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(file).ok()?;
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    Some(Stamp { device: metadata.dev(), inode: metadata.ino(), bytes: metadata.len(), changed })
}

/// Whether whoever changes the file from now on gives it another stamp.
fn settled(stamp: &Option<Stamp>) -> bool {
    let Some(Stamp { changed: (seconds, nanoseconds), .. }) = stamp else { return true };
    let since_epoch = u64::try_from(*seconds).and_then(|seconds| Ok(Duration::new(seconds, u32::try_from(*nanoseconds)?)));
    let changed = since_epoch.ok().and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
    changed.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > UNSETTLED)
}

/// Puts limits back that the process was set up with; the keys of those that differ.
fn keep(now: &mut Limits, start: &Limits) -> Vec<&'static str> {
    let written = now.clone();
    *now = Limits {
        memory_bytes: start.memory_bytes,
        program_bytes: start.program_bytes,
        output_kept_bytes: start.output_kept_bytes,
        reply_bytes: start.reply_bytes,
        reply_depth: start.reply_depth,
        replies_bytes: start.replies_bytes,
        workers: start.workers,
        queued: start.queued,
        server_calls: start.server_calls,
        sessions: start.sessions,
        session_idle: start.session_idle,
        session_kept: start.session_kept,
        ..written.clone()
    };
    let differ = [
        ("memory", written.memory_bytes != now.memory_bytes),
        ("program", written.program_bytes != now.program_bytes),
        ("output_kept", written.output_kept_bytes != now.output_kept_bytes),
        ("reply", written.reply_bytes != now.reply_bytes),
        ("reply_depth", written.reply_depth != now.reply_depth),
        ("replies", written.replies_bytes != now.replies_bytes),
        ("workers", written.workers != now.workers),
        ("queued", written.queued != now.queued),
        ("server_calls", written.server_calls != now.server_calls),
        ("sessions", written.sessions != now.sessions),
        ("session_idle", written.session_idle != now.session_idle),
        ("session_kept", written.session_kept != now.session_kept),
    ];
    differ.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_when_it_changed_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let (file, around) = (folder.path().join("cofferdam.toml"), Surroundings::of_test(folder.path(), &[]));
        let sources = Sources { config: Some(file.clone()), ..Sources::default() };
        std::fs::write(&file, "env.A = \"1\"").unwrap();
        let rereading = Rereading::of(&load(&sources, &around).unwrap(), &sources, &around);
        // As if the file had been written long ago.
        let settle = || rereading.last.lock().unwrap().stamps = Some(stamps(std::slice::from_ref(&file)));
        settle();
        let (first, again) = (rereading.current().unwrap().policy, rereading.current().unwrap().policy);
        assert!(Arc::ptr_eq(&first, &again));
        // Of the same length, with the time that it had before.
        let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(&file, "env.A = \"2\"").unwrap();
        std::fs::File::options().append(true).open(&file).unwrap().set_modified(modified).unwrap();
        assert_eq!(rereading.current().unwrap().policy.env["A"], "2");
        settle();
        std::fs::write(&file, "env.A = 2").unwrap();
        assert_eq!(rereading.current().unwrap_err(), NotObeyed("cofferdam.toml:1:9".to_owned()));
        assert_eq!(rereading.current().unwrap_err(), NotObeyed("cofferdam.toml:1:9".to_owned()));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(rereading.current().unwrap_err(), NotObeyed("cofferdam.toml".to_owned()));
    }

    #[test]
    fn what_was_changed_a_moment_ago_may_change_once_more_unseen() {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs().cast_signed();
        let changed = |seconds: i64| Some(Stamp { device: 1, inode: 1, bytes: 1, changed: (seconds, 0) });
        assert_eq!([now - 10, now, now + 10].map(|at| settled(&changed(at))), [true, false, false]);
        assert!(settled(&None));
    }

    #[test]
    fn limits_of_the_process_stay_and_limits_of_runs_change() {
        let start = Limits::default();
        let mut now = Limits { workers: 1, sessions: 1, calls: 1, ..Limits::default() };
        assert_eq!(keep(&mut now, &start), ["workers", "sessions"]);
        assert_eq!(now, Limits { calls: 1, ..Limits::default() });
    }
}
