//! One server as a file describes it, whichever file it is, and what becomes of it.

use crate::expand::{ExpandError, Scope, expand};
use policy::ServerName;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use upstream::{Era, ServerConfig, Transport};

/// A server in a file, before references are replaced.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Its name in the file.
    pub(crate) alias: String,
    /// The file.
    pub(crate) file: PathBuf,
    /// How it is reached, or why it cannot be.
    pub(crate) launch: Result<Launch, String>,
    /// The protocol it speaks, if the operator said.
    pub(crate) era: Option<Era>,
    /// Wall clock of one call, if the operator said.
    pub(crate) call_timeout: Option<Duration>,
    /// Wall clock of its start, if the operator said.
    pub(crate) start_timeout: Option<Duration>,
}

/// How a server is reached, with references like `${TOKEN}` still in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Launch {
    /// A child process.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Environment variables beside the few that every server gets.
        env: BTreeMap<String, String>,
        /// Its folder.
        cwd: Option<String>,
    },
    /// Streamable HTTP.
    Http {
        /// The endpoint.
        url: String,
        /// Headers of every request.
        headers: BTreeMap<String, String>,
    },
}

impl Entry {
    /// The server under its minted name with every reference replaced. Relative `cwd` counts from `scope.folder`.
    ///
    /// # Errors
    /// Why this server cannot be used; the others can.
    pub(crate) fn resolve(&self, name: ServerName, scope: Scope<'_>) -> Result<ServerConfig, String> {
        let transport = match self.launch.as_ref().map_err(Clone::clone)? {
            Launch::Stdio { command, args, env, cwd } => Transport::Stdio {
                command: text("command", command, scope)?,
                args: args.iter().map(|arg| text("args", arg, scope)).collect::<Result<_, _>>()?,
                env: texts("env", env, scope)?,
                cwd: cwd.as_deref().map(|cwd| text("cwd", cwd, scope)).transpose()?.map(|cwd| scope.folder.join(cwd)),
            },
            Launch::Http { url, headers } => {
                let url = text("url", url, scope)?;
                if !url.starts_with("http://") && !url.starts_with("https://") {
                    return Err("url does not begin with http:// or https://".to_owned());
                }
                Transport::Http { url, headers: texts("headers", headers, scope)? }
            }
        };
        let default = ServerConfig::new(name, transport);
        Ok(ServerConfig {
            written: self.launch.as_ref().ok().map(written),
            era: self.era,
            call_timeout: self.call_timeout,
            start_timeout: self.start_timeout.unwrap_or(default.start_timeout),
            ..default
        })
    }
}

/// The same with every reference as it is written.
fn written(launch: &Launch) -> Transport {
    match launch.clone() {
        Launch::Stdio { command, args, env, cwd } => Transport::Stdio { command, args, env, cwd: cwd.map(PathBuf::from) },
        Launch::Http { url, headers } => Transport::Http { url, headers },
    }
}

/// One text with its references replaced. Errors name the key, never the value: it may hold a secret.
fn text(key: &str, text: &str, scope: Scope<'_>) -> Result<String, String> {
    expand(text, scope).map_err(|error: ExpandError| format!("{key}: {error}"))
}

/// The same for the values of a map.
fn texts(key: &str, map: &BTreeMap<String, String>, scope: Scope<'_>) -> Result<BTreeMap<String, String>, String> {
    map.iter().map(|(name, value)| Ok((name.clone(), text(&format!("{key}.{name}"), value, scope)?))).collect()
}

/// The folder that a file with servers belongs to: editors keep theirs in a folder of their own, below the project's.
pub(crate) fn folder_of(file: &Path) -> &Path {
    let folder = file.parent().unwrap_or(Path::new("."));
    match folder.file_name().and_then(|name| name.to_str()) {
        Some(".vscode" | ".cursor" | ".zed") => folder.parent().unwrap_or(folder),
        _ => folder,
    }
}
