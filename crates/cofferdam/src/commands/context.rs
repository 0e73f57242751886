//! `cofferdam context`: what each conversation has seen, and the only way to make it forgotten.

use super::{Exit, UsageError, homeless, sessions::ago};
use crate::cli::ContextCommand as Command;
use crate::output::{self, plain};
use crate::surroundings::Surroundings;
use anyhow::Context;
use executor::{Contexts, Seen};
use policy::{Labels, Principal};
use serde_json::json;

/// Lists, shows or clears.
pub(crate) fn context(command: Command, around: &Surroundings) -> anyhow::Result<Exit> {
    let state = around.state_dir().ok_or_else(homeless)?;
    let contexts = Contexts::open(&state).with_context(|| format!("the contexts in {} cannot be read", state.display()))?;
    let list = contexts.list().context("the contexts cannot be read")?;
    match command {
        Command::List { json } => {
            if json {
                output::print_json(&serde_json::to_value(list)?);
            } else {
                let lines: Vec<String> = list.iter().map(line).collect();
                output::print(&plain(if lines.is_empty() { "no context has seen anything".to_owned() } else { lines.join("\n") }.as_str()));
            }
        }
        Command::Show { name, principal, json } => {
            let seen = one(&list, &name, principal.as_deref())?.ok_or_else(|| absent(&name))?;
            if json {
                output::print_json(&serde_json::to_value(seen)?);
            } else {
                output::print(&plain(&described(seen)));
            }
        }
        Command::Clear { name, principal, json } => {
            // One whose file is damaged is not in the list, and can be cleared all the same.
            let owner = match (one(&list, &name, principal.as_deref())?, principal) {
                (Some(seen), _) => seen.principal.clone(),
                (None, Some(principal)) => Principal::named(principal),
                (None, None) => Principal::local(),
            };
            if !contexts.clear(&owner, &name).with_context(|| format!("{name} cannot be cleared"))? {
                return Err(absent(&name).into());
            }
            if json {
                output::print_json(&json!({"name": name, "principal": owner, "labels": []}));
            }
        }
    }
    Ok(Exit::Ok)
}

/// The context of this name; without a principal there must be no other one of that name.
fn one<'a>(list: &'a [Seen], name: &str, principal: Option<&str>) -> Result<Option<&'a Seen>, UsageError> {
    let mut those = list.iter().filter(|seen| seen.name == name && principal.is_none_or(|principal| seen.principal.as_str() == principal));
    match (those.next(), those.next()) {
        (Some(_), Some(_)) => Err(UsageError(format!("several principals have a context {name:?}; say whose with --principal"))),
        (first, _) => Ok(first),
    }
}

fn absent(name: &str) -> UsageError {
    UsageError(format!("no context {name:?} has seen anything; `cofferdam context list` shows those that have"))
}

fn labels(seen: &Seen) -> Labels {
    seen.labels.iter().map(|one| one.label.clone()).collect()
}

fn line(seen: &Seen) -> String {
    let owner = if seen.principal == Principal::local() { String::new() } else { format!("  {}", seen.principal.as_str()) };
    format!("{}  {:>4} runs  used {} ago  {}{owner}", seen.name, seen.runs, ago(seen.used_ms), labels(seen))
}

fn described(seen: &Seen) -> String {
    let each: Vec<String> = seen.labels.iter().map(|one| format!("{}, {} ago", one.label, ago(one.since_ms))).collect();
    let labels = if each.is_empty() { "none".to_owned() } else { each.join("\n             ") };
    let cleared = match seen.cleared {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        more => format!("{more} times"),
    };
    format!(
        "{}\n  principal  {}\n  first      {} ago\n  used       {} ago\n  runs       {}\n  cleared    {cleared}\n  labels     {labels}",
        seen.name,
        seen.principal.as_str(),
        ago(seen.made_ms),
        ago(seen.used_ms),
        seen.runs,
    )
}
