//! Another principal's handle: one that is guessed, and one whose session or artifact really is there but was made under another principal's key. The
//! true handle, and the key with it, open what is in there.

use crate::ground::WORD;
use crate::suite::{Class, Seen, Variant};
use crate::world::World;
use anyhow::{Context, Result, ensure};
use policy::Threat;
use serde_json::json;
use std::fs;
use std::path::Path;

pub(crate) fn class() -> Class {
    let mut variants = Vec::new();
    for language in ["python", "javascript"] {
        variants.extend([guessed(language, ""), guessed(language, "fork:"), carried_over(language)]);
    }
    variants.push(artifact());
    Class { threat: Threat::S1, variants }
}

/// What the handle's owner keeps in the session, and how it is read.
fn programs(language: &str) -> (String, &'static str) {
    match language {
        "python" => (format!("kept = '{WORD}'"), "kept"),
        _ => (format!("var kept = '{WORD}'; 0"), "kept"),
    }
}

fn seen(said: String) -> Seen {
    let landed = said.contains(WORD);
    Seen { landed, effect: format!("what the owner kept {} read", if landed { "was" } else { "was not" }), said }
}

/// A session of its owner; its handle.
fn begin(world: &World, language: &str) -> Result<String> {
    let first = world.connect()?.execute(&json!({"language": language, "code": programs(language).0, "session": "new"}))?;
    ensure!(!first.is_error, "no session was begun: {}", first.text);
    first.session.context("there is no session")
}

fn use_it(world: &World, language: &str, handle: &str) -> Result<String> {
    Ok(world.connect()?.execute(&json!({"language": language, "code": programs(language).1, "session": handle}))?.text)
}

/// The handle with its last letter changed.
fn other(handle: &str) -> String {
    let (rest, last) = handle.split_at(handle.len() - 1);
    format!("{rest}{}", if last == "a" { "b" } else { "a" })
}

fn guessed(language: &'static str, prefix: &'static str) -> Variant {
    let attack = move |world: &World| {
        let handle = begin(world, language)?;
        let said = use_it(world, language, &format!("{prefix}{}", other(&handle)))?;
        ensure!(said.starts_with("refused before it ran (unknown_session): "), "{said}");
        Ok(seen(said))
    };
    let owner = move |world: &World| {
        let handle = begin(world, language)?;
        Ok(seen(use_it(world, language, &format!("{prefix}{handle}"))?))
    };
    let twin = move |world: &World| {
        let handle = begin(world, language)?;
        let shown = use_it(world, language, &format!("{prefix}{handle}"))?;
        ensure!(shown.starts_with(WORD), "the owner is shown {shown}");
        Ok(())
    };
    let way = if prefix.is_empty() { "used" } else { "forked" };
    Variant::standing(format!("a guessed handle, {way} ({language})"), attack, owner, twin)
}

/// A session that another principal made, with its true handle and all its files.
fn carried_over(language: &'static str) -> Variant {
    let carry = move |world: &World, key: bool| {
        let owner = world.another()?;
        let handle = begin(&owner, language)?;
        // So that there is a state directory with a key of its own.
        begin(world, language)?;
        let state = |world: &World| world.path().join(".local/state/cofferdam");
        copy(&state(&owner).join("sessions").join(&handle), &state(world).join("sessions").join(&handle))?;
        if key {
            fs::copy(state(&owner).join("key"), state(world).join("key"))?;
        }
        use_it(world, language, &handle)
    };
    let attack = move |world: &World| {
        let said = carry(world, false)?;
        ensure!(said.starts_with("refused before it ran ("), "{said}");
        Ok(seen(said))
    };
    let native = move |world: &World| Ok(seen(carry(world, true)?));
    let twin = move |world: &World| {
        let handle = begin(world, language)?;
        let shown = use_it(world, language, &handle)?;
        ensure!(shown == WORD, "the owner is shown {shown}");
        Ok(())
    };
    Variant::standing(format!("a session made under another key ({language})"), attack, native, twin)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { copy(&entry.path(), &target)? } else { fs::copy(entry.path(), target).map(drop)? }
    }
    Ok(())
}

/// An artifact, by a guessed URI.
fn artifact() -> Variant {
    let read = |world: &World, change: bool| -> Result<String> {
        let made = world.connect()?.succeed("python", &format!("artifacts.save('kept', '{WORD}')['uri']"))?;
        let uri = made.split_whitespace().next().context("there is no artifact")?;
        let wanted = if change { other(uri) } else { uri.to_owned() };
        Ok(world.connect()?.request("resources/read", &json!({"uri": wanted}))?.to_string())
    };
    let attack = move |world: &World| {
        let said = read(world, true)?;
        ensure!(said.contains("\"error\""), "{said}");
        Ok(seen(said))
    };
    let owner = move |world: &World| Ok(seen(read(world, false)?));
    let twin = move |world: &World| {
        let read = read(world, false)?;
        ensure!(read.contains(&format!("\"text\":\"{WORD}\"")), "the owner is shown {read}");
        Ok(())
    };
    Variant::standing("a guessed artifact", attack, owner, twin)
}
