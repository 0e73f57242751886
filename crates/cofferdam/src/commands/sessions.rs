//! `cofferdam sessions`: what lasts between runs, seen by the operator.

use super::{Exit, UsageError, homeless};
use crate::cli::Sessions as Command;
use crate::config::{Sources, load};
use crate::output::{self, plain};
use crate::surroundings::Surroundings;
use crate::units::{show_duration, show_size};
use anyhow::Context;
use executor::{Details, Handle, SessionError, Sessions, Summary};
use policy::Principal;
use serde_json::json;
use std::time::{Duration, SystemTime};

/// How long a run that is going on in a session is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// Lists, shows, forks or removes.
pub(crate) async fn sessions(command: Command, sources: &Sources, around: &Surroundings) -> anyhow::Result<Exit> {
    let limits = load(sources, around)?.policy.limits;
    let state = around.state_dir().ok_or_else(homeless)?;
    let sessions = Sessions::open(&state, &limits).with_context(|| format!("the sessions in {} cannot be read", state.display()))?;
    match command {
        Command::List { json } => {
            let list = sessions.list().context("the sessions cannot be read")?;
            if json {
                output::print_json(&serde_json::to_value(list)?);
            } else {
                let damaged = sessions.handles().context("the sessions cannot be read")?;
                let damaged = damaged.iter().filter(|handle| list.iter().all(|summary| summary.handle != **handle));
                let lines: Vec<String> = list.iter().map(line).chain(damaged.map(|handle| format!("{handle}  damaged"))).collect();
                output::print(if lines.is_empty() { "there are no sessions".to_owned() } else { lines.join("\n") }.as_str());
            }
        }
        Command::Show { handle, json } => {
            let details = known(sessions.show(&read(&handle)?))?;
            if json {
                output::print_json(&serde_json::to_value(details)?);
            } else {
                output::print(&plain(&described(&details)));
            }
        }
        Command::Fork { handle, json } => {
            let handle = read(&handle)?;
            let owner = known(sessions.show(&handle))?.summary.principal;
            let fork = known(sessions.fork(&owner, &handle, WAIT).await)?;
            if json { output::print_json(&json!({"handle": fork})) } else { output::print(fork.as_str()) }
        }
        Command::Rm { handles, all } => {
            let mut gone = handles.iter().map(|handle| read(handle)).collect::<Result<Vec<_>, _>>()?;
            if all {
                gone.extend(sessions.handles().context("the sessions cannot be read")?);
            }
            for handle in gone {
                known(sessions.remove(&handle, WAIT).await).with_context(|| handle.to_string())?;
            }
        }
    }
    Ok(Exit::Ok)
}

fn read(handle: &str) -> Result<Handle, UsageError> {
    Handle::parse(handle)
        .map_err(|error| UsageError(format!("{handle:?} is not a handle: {error}; `cofferdam sessions list` shows those that there are")))
}

/// What is not there was asked for wrongly.
fn known<T>(result: Result<T, SessionError>) -> anyhow::Result<T> {
    match result {
        Err(SessionError::Unknown) => {
            Err(UsageError("there is no such session; `cofferdam sessions list` shows those that there are".to_owned()).into())
        }
        result => Ok(result?),
    }
}

/// How long ago, in milliseconds since 1970.
pub(super) fn ago(at_ms: u64) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(at_ms);
    let age = at.elapsed().unwrap_or_default();
    let unit = if age < Duration::from_secs(120) { 1 } else { 60 };
    show_duration(Duration::from_secs((age.as_secs() / unit * unit).max(1)))
}

fn line(summary: &Summary) -> String {
    let Summary { handle, guest, runs, checkpoint_bytes, used_ms, principal, .. } = summary;
    let owner = if *principal == Principal::local() { String::new() } else { format!("  {}", principal.as_str()) };
    format!("{handle}  {:<10}  {runs:>4} runs  {:>9}  used {} ago{owner}", guest.name(), show_size(*checkpoint_bytes), ago(*used_ms))
}

fn described(details: &Details) -> String {
    let Details { summary, workspace, workspace_bytes, workspace_files } = details;
    format!(
        "{}\n  language   {}\n  runs       {}\n  memory     {} ({} on the disk)\n  made       {} ago\n  used       {} ago\n  principal  {}\n  \
         forked     {}\n  labels     {}\n  workspace  {}\n             {} in {workspace_files} files, directories and links",
        summary.handle,
        summary.guest.name(),
        summary.runs,
        show_size(summary.memory_bytes),
        show_size(summary.checkpoint_bytes),
        ago(summary.made_ms),
        ago(summary.used_ms),
        summary.principal.as_str(),
        summary.forked_from.as_ref().map_or_else(|| "no".to_owned(), |from| format!("from {from}")),
        summary.labels,
        workspace.display(),
        show_size(*workspace_bytes),
    )
}
