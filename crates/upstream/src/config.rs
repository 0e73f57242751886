//! How an upstream is reached. Values of environment variables and headers are secrets: nothing here prints them, and the launch
//! line that identifies an upstream on disk has the names only.

use crate::lock::{LaunchLine, sha256};
use policy::ServerName;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How long an upstream may take to start, shake hands and list its tools, unless the operator says otherwise.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(30);

/// One configured upstream.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The name that programs use.
    pub name: ServerName,
    /// How it is reached.
    pub transport: Transport,
    /// How the configuration says that it is reached, where that differs: with references to variables in place of their values. This is what the
    /// operator accepts, so that a lockfile holds on every machine and has no value of a variable.
    pub written: Option<Transport>,
    /// The protocol era, when the operator pins it; otherwise it is found out and remembered.
    pub era: Option<Era>,
    /// Wall clock of one call to it, when the operator sets one for this upstream; it can only lower what a call asks for.
    pub call_timeout: Option<Duration>,
    /// How long it may take to start, shake hands and list its tools.
    pub start_timeout: Duration,
}

impl ServerConfig {
    /// An upstream with default limits (30 s to start) whose era is found out.
    #[must_use]
    pub fn new(name: ServerName, transport: Transport) -> Self {
        ServerConfig { name, transport, written: None, era: None, call_timeout: None, start_timeout: START_TIMEOUT }
    }

    /// What the operator accepts of how it is reached.
    #[must_use]
    pub fn launch(&self) -> LaunchLine {
        self.written.as_ref().unwrap_or(&self.transport).launch()
    }
}

/// How an upstream is reached.
#[derive(Clone, PartialEq, Eq)]
pub enum Transport {
    /// A child process that speaks over its standard input and output.
    Stdio {
        /// The program, found on the `PATH` that the child gets.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Environment beside `PATH`, `HOME`, `USER`, `LANG` and `TMPDIR`. Values are secrets.
        env: BTreeMap<String, String>,
        /// Working directory; the broker's own when absent.
        cwd: Option<PathBuf>,
    },
    /// A Streamable HTTP endpoint.
    Http {
        /// Its URL; user and query may be secrets.
        url: String,
        /// Headers sent with every request. Values are secrets.
        headers: BTreeMap<String, String>,
    },
}

/// The protocol eras: what opens a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Era {
    /// Revisions up to 2025-11-25: `initialize`.
    Legacy,
    /// Revision 2026-07-28 and later: `server/discover`, no handshake.
    Modern,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |map: &BTreeMap<String, String>| map.keys().cloned().collect::<Vec<_>>();
        match self {
            Transport::Stdio { env, cwd, .. } => {
                f.debug_struct("Stdio").field("command", &self.summary()).field("env", &names(env)).field("cwd", cwd).finish()
            }
            Transport::Http { headers, .. } => f.debug_struct("Http").field("url", &self.summary()).field("headers", &names(headers)).finish(),
        }
    }
}

impl Transport {
    /// The launch line or URL for the operator's eyes, without what is or looks like a secret.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Transport::Stdio { command, args, .. } => {
                let mut words = vec![command.clone()];
                let mut hide_next = false;
                for arg in args {
                    words.push(if std::mem::take(&mut hide_next) { "…".to_owned() } else { without_secret(arg) });
                    hide_next = arg.starts_with('-') && !arg.contains('=') && names_a_secret(arg);
                }
                words.join(" ")
            }
            Transport::Http { url, .. } => public_url(url),
        }
    }

    /// The launch line for the lockfile.
    fn launch(&self) -> LaunchLine {
        let (names, cwd, line) = match self {
            Transport::Stdio { command, args, env, cwd } => {
                let names: Vec<String> = env.keys().cloned().collect();
                let cwd = cwd.as_ref().map(|cwd| cwd.display().to_string());
                let line = serde_json::json!({"command": command, "args": args, "env": names, "cwd": cwd});
                (names, cwd, line)
            }
            Transport::Http { url, headers } => {
                let mut names: Vec<String> = headers.keys().map(|name| name.to_ascii_lowercase()).collect();
                names.sort();
                let line = serde_json::json!({"url": url, "headers": names});
                (names, None, line)
            }
        };
        LaunchLine { summary: self.summary(), names, cwd, hash: sha256(line.to_string().as_bytes()) }
    }

    /// What identifies this upstream on disk: a hash of its command, arguments, names of environment variables and working directory, or of
    /// its URL. No value of a variable or header goes into it.
    pub(crate) fn launch_hash(&self) -> String {
        let line = match self {
            Transport::Stdio { command, args, env, cwd } => {
                serde_json::json!({"command": command, "args": args, "env": env.keys().collect::<Vec<_>>(), "cwd": cwd})
            }
            Transport::Http { url, .. } => serde_json::json!({"url": url}),
        };
        Sha256::digest(line.to_string().as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A URL without user, query and fragment.
pub(crate) fn public_url(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or(host))
        }
        None => url.to_owned(),
    }
}

/// A text in which every URL has lost its user, query and fragment.
pub(crate) fn without_url_secrets(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '\'' | '<' | '>' | ',');
    text.split_inclusive(is_end)
        .map(|word| match word.char_indices().last().filter(|(_, c)| is_end(*c)) {
            Some((end, _)) if word.contains("://") => format!("{}{}", public_url(&word[..end]), &word[end..]),
            None if word.contains("://") => public_url(word),
            _ => word.to_owned(),
        })
        .collect()
}

fn without_secret(arg: &str) -> String {
    match arg.split_once('=') {
        _ if arg.contains("://") => public_url(arg),
        Some((name, _)) if names_a_secret(name) => format!("{name}=…"),
        _ if arg.len() >= 24 && arg.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => "…".to_owned(),
        _ => arg.to_owned(),
    }
}

fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "secret", "passw", "auth", "credential", "header", "dsn", "connection"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stdio(args: &[&str]) -> Transport {
        Transport::Stdio {
            command: "npx".to_owned(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            env: [("GITHUB_TOKEN".to_owned(), "ghp_hidden".to_owned())].into(),
            cwd: None,
        }
    }

    #[test]
    fn debug_and_summary_have_no_secret() {
        let transport = stdio(&["-y", "server", "--api-key", "hidden", "--token=hidden", "https://me:hidden@host/p?key=hidden"]);
        let summary = "npx -y server --api-key … --token=… https://host/p";
        assert_eq!(transport.summary(), summary);
        assert_eq!(format!("{transport:?}"), format!("Stdio {{ command: {summary:?}, env: [\"GITHUB_TOKEN\"], cwd: None }}"));
        let http = Transport::Http {
            url: "http://me:hidden@localhost:1/mcp?x=hidden".to_owned(),
            headers: [("Authorization".to_owned(), "Bearer hidden".to_owned())].into(),
        };
        assert_eq!(format!("{http:?}"), "Http { url: \"http://localhost:1/mcp\", headers: [\"Authorization\"] }");
    }

    #[test]
    fn urls_in_messages_lose_their_secrets() {
        assert_eq!(
            without_url_secrets("error sending request for url (http://me:hidden@host/p?key=hidden): refused"),
            "error sending request for url (http://host/p): refused"
        );
    }

    #[test]
    fn the_launch_line_shows_no_secret_and_its_hash_covers_every_word() {
        let line = |args: &[&str]| ServerConfig::new(ServerName::mint("s").unwrap(), stdio(args)).launch();
        let one = line(&["--token", "hidden-1"]);
        assert_eq!((one.summary.as_str(), &*one.names, &one.cwd), ("npx --token …", &["GITHUB_TOKEN".to_owned()][..], &None));
        assert_ne!(one.hash, line(&["--token", "hidden-2"]).hash);
        let http = |name: &str, value: &str| {
            let headers = [(name.to_owned(), value.to_owned())].into();
            Transport::Http { url: "https://me:hidden@a.example/mcp?k=hidden".to_owned(), headers }.launch()
        };
        assert_eq!(http("Authorization", "hidden-1"), http("authorization", "hidden-2"));
        assert_eq!(http("X", "").summary, "https://a.example/mcp");
        assert_ne!(http("X", "").hash, http("Y", "").hash);
    }

    #[test]
    fn the_launch_hash_depends_on_names_not_on_values() {
        let other_value = match stdio(&[]) {
            Transport::Stdio { command, args, cwd, .. } => {
                Transport::Stdio { command, args, cwd, env: [("GITHUB_TOKEN".to_owned(), "other".to_owned())].into() }
            }
            http => http,
        };
        assert_eq!(stdio(&[]).launch_hash(), other_value.launch_hash());
        assert_ne!(stdio(&[]).launch_hash(), stdio(&["-y"]).launch_hash());
    }
}
