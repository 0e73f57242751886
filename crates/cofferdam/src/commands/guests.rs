//! `cofferdam guests`: the interpreters on this machine.

use super::{Exit, UsageError, cache_dir};
use crate::cli::Guests;
use crate::output::{self, Spinner};
use crate::surroundings::Surroundings;
use crate::units::show_size;
use policy::Guest;
use sandbox::guests::{self, Installed};
use serde_json::json;
use std::path::Path;

/// Lists, compiles or puts in place.
pub(crate) async fn guests(command: Guests, around: &Surroundings) -> anyhow::Result<Exit> {
    let cache = cache_dir(around)?;
    let mut wanted = Guest::ALL.to_vec();
    let (installed, json) = match command {
        Guests::List { json } => (guests::list(&cache)?, json),
        Guests::Build { json } => {
            let spinner = Spinner::start("looking for guests");
            let built = guests::build(&cache, &|message| spinner.report(message))?;
            learn(&cache, &spinner).await;
            (built, json)
        }
        Guests::Install { guest, linked } => {
            let guest = Guest::ALL.into_iter().find(|known| known.name() == guest);
            let guest = guest.ok_or_else(|| UsageError(format!("the guests are {}", Guest::ALL.map(Guest::name).join(", "))))?;
            wanted = vec![guest];
            let spinner = Spinner::start("reading the module");
            let built = guests::install(&cache, guest, &linked, &|message| spinner.report(message))?;
            learn(&cache, &spinner).await;
            (built, false)
        }
    };
    if json {
        let guests: Vec<_> = Guest::ALL.map(|guest| document(guest, of(&installed, guest))).into();
        output::print_json(&json!({"cache": cache.display().to_string(), "guests": guests}));
    } else {
        output::print(&Guest::ALL.map(|guest| line(guest, of(&installed, guest))).join("\n"));
    }
    let ready = wanted.iter().all(|guest| of(&installed, *guest).is_some_and(|guest| guest.compiled.is_some()));
    Ok(if ready { Exit::Ok } else { Exit::Program })
}

/// Learns what a short run of each guest needs. Without it runs take longer, which is no reason to fail.
async fn learn(cache: &Path, spinner: &Spinner) {
    if let Err(error) = sandbox::learn(cache, None, &|message| spinner.report(message)).await {
        tracing::warn!(%error, "what a short run needs could not be learned; runs take longer");
    }
}

/// The guest among those that are there.
pub(crate) fn of(installed: &[Installed], guest: Guest) -> Option<&Installed> {
    installed.iter().find(|one| one.guest == guest)
}

/// What is missing of a guest, and the command that mends it.
pub(crate) fn missing(installed: Option<&Installed>) -> Option<(&'static str, &'static str)> {
    match installed {
        None => Some(("is not there", "cargo xtask guests")),
        Some(guest) if guest.compiled.is_none() => Some(("is not compiled for this machine", "cofferdam guests build")),
        Some(_) => None,
    }
}

/// One guest for people.
pub(crate) fn line(guest: Guest, installed: Option<&Installed>) -> String {
    let name = guest.name();
    match (installed, missing(installed)) {
        (_, Some((what, mend))) => format!("{name:<11} {what}; run: {mend}"),
        (Some(found), None) => {
            let compiled = found.compiled_bytes.map(show_size).unwrap_or_default();
            format!("{name:<11} ready, {compiled} compiled from {}: {}", show_size(found.wasm_bytes), shown(found.compiled.as_deref()))
        }
        (None, None) => String::new(),
    }
}

/// One guest for scripts.
pub(crate) fn document(guest: Guest, installed: Option<&Installed>) -> serde_json::Value {
    match installed {
        None => json!({"guest": guest.name(), "installed": false, "compiled": false}),
        Some(found) => json!({
            "guest": guest.name(),
            "installed": true,
            "compiled": found.compiled.is_some(),
            "key": found.key,
            "wasm": shown(Some(&found.wasm)),
            "wasm_bytes": found.wasm_bytes,
            "compiled_file": found.compiled.as_deref().map(|path| shown(Some(path))),
            "compiled_bytes": found.compiled_bytes,
        }),
    }
}

fn shown(path: Option<&Path>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}
