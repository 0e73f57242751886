//! `[judge]` as it is written, made valid.

use crate::fault::{ConfigError, place};
use crate::raw;
use policy::{Judge, Who};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::Duration;
use toml::Spanned;
use url::{Host, Url};

/// How long an answer may take where the operator says nothing.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest that it may: a model waits for it.
const LONGEST: Duration = Duration::from_secs(300);

/// The judge of a file. A command with a path is relative to the file's folder.
///
/// # Errors
/// When nobody, or nobody in particular, can be asked.
pub(crate) fn judge(file: &Path, text: &str, raw: Option<Spanned<raw::Judge>>) -> Result<Option<Judge>, ConfigError> {
    let Some(raw) = raw else { return Ok(None) };
    let begin = raw.span().start;
    let wrong = |why: &str| ConfigError::at(file, place(text, begin), format!("judge: {why}"));
    let raw::Judge { command, url, when, timeout } = raw.into_inner();
    let who = match (command, url) {
        (Some(mut line), None) => {
            let Some(program) = line.first_mut().filter(|program| !program.is_empty()) else {
                return Err(wrong("command is a program and its arguments, such as [\"python3\", \"judge.py\"]"));
            };
            if program.contains('/') {
                *program = file.parent().unwrap_or(Path::new("/")).join(&*program).display().to_string();
            }
            Who::Command(line)
        }
        (None, Some(url)) if is_protected(&url) => Who::Url(url),
        (None, Some(_)) => return Err(wrong("url is https://..., or http:// to this machine: whoever answers it decides")),
        _ => return Err(wrong("it has a command or a url: give one of the two")),
    };
    let timeout = timeout.map_or(TIMEOUT, |span| span.0);
    if timeout.is_zero() || timeout > LONGEST {
        return Err(wrong("timeout is more than nothing and at most 5m"));
    }
    Ok(Some(Judge { who, when, timeout }))
}

/// Whether nobody on the way can answer in the judge's place. The same reader of URLs sends the request.
fn is_protected(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        None => false,
    };
    match url.scheme() {
        "https" => true,
        "http" => is_here && url.username().is_empty() && url.password().is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Judge>, String> {
        let file = toml::from_str::<raw::File>(text).unwrap();
        judge(Path::new("/home/ann/c.toml"), text, file.judge).map_err(|error| error.to_string())
    }

    #[test]
    fn a_judge_is_one_command_or_one_protected_url() {
        let command = |line: &[&str]| Who::Command(line.iter().map(|word| (*word).to_owned()).collect());
        let of = |text: &str| read(&format!("[judge]\n{text}\n")).unwrap().unwrap();
        let judge = of("command = [\"./judge.py\", \"-v\"]");
        assert_eq!(judge, Judge { who: command(&["/home/ann/./judge.py", "-v"]), when: policy::JudgeWhen::Both, timeout: Duration::from_secs(5) });
        let judge = of("command = [\"python3\"]\nwhen = \"after\"\ntimeout = \"1m\"");
        assert_eq!(judge, Judge { who: command(&["python3"]), when: policy::JudgeWhen::After, timeout: Duration::from_secs(60) });
        for url in ["https://judge.example/v1", "http://127.0.0.1:8080/", "http://localhost", "http://[::1]:1"] {
            assert_eq!(of(&format!("url = \"{url}\"")).who, Who::Url(url.to_owned()));
        }
        let one = "/home/ann/c.toml:1:1: judge: it has a command or a url: give one of the two";
        let protected = "/home/ann/c.toml:1:1: judge: url is https://..., or http:// to this machine: whoever answers it decides";
        let time = "/home/ann/c.toml:1:1: judge: timeout is more than nothing and at most 5m";
        for (text, error) in [
            ("when = \"before\"", one),
            ("command = [\"x\"]\nurl = \"https://x\"", one),
            ("command = []", "/home/ann/c.toml:1:1: judge: command is a program and its arguments, such as [\"python3\", \"judge.py\"]"),
            ("url = \"http://judge.example\"", protected),
            ("url = \"http://127.0.0.1.example\"", protected),
            ("url = \"http://127.0.0.1@evil.example\"", protected),
            ("url = \"http://localhost@evil.example\"", protected),
            ("url = \"http://localhost:80:80\"", protected),
            ("url = \"https://\"", protected),
            ("url = \"localhost\"", protected),
            ("command = [\"x\"]\ntimeout = \"6m\"", time),
        ] {
            assert_eq!(read(&format!("[judge]\n{text}\n")).unwrap_err(), error, "{text}");
        }
    }
}
