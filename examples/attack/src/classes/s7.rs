//! A journal that was tampered with: whoever reads it without looking at its chain believes the change; `cofferdam log verify` names it.

use crate::suite::{Class, Seen, Variant};
use crate::world::World;
use anyhow::{Context, Result, ensure};
use policy::Threat;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// What is done to the lines of a file.
type Change = fn(Vec<String>) -> Vec<String>;

const CHANGES: &[(&str, Change)] = &[
    ("a run is taken out", |lines| lines.into_iter().enumerate().filter(|(at, _)| !matches!(at, 3 | 4)).map(|(_, line)| line).collect()),
    ("the end is cut off", |mut lines| {
        lines.truncate(lines.len() - 2);
        lines
    }),
    ("runs are put in another order", |mut lines| {
        lines.swap(1, 3);
        lines.swap(2, 4);
        lines
    }),
    ("an outcome is edited", |lines| lines.into_iter().map(|line| line.replacen("\"outcome\":\"value\"", "\"outcome\":\"error\"", 1)).collect()),
    ("a run is forged of another one's lines", |mut lines| {
        let forged: Vec<String> = lines[1..3].iter().map(|line| forged(line)).collect();
        lines.extend(forged);
        lines
    }),
    ("a line is written twice", |mut lines| {
        let begun = lines[5].clone();
        lines.insert(6, begun);
        lines
    }),
];

/// The same line of another run.
fn forged(line: &str) -> String {
    let mut entry: Value = serde_json::from_str(line).unwrap_or_default();
    entry["run"] = "0123456789abcdef0123456789abcdef".into();
    entry["seq"] = (entry["seq"].as_u64().unwrap_or_default() + 6).into();
    entry.to_string()
}

pub(crate) fn class() -> Class {
    Class { threat: Threat::S7, variants: CHANGES.iter().map(|(name, change)| tampered(name, *change)).collect() }
}

/// Three runs, and the file that tells of them.
fn journal(world: &World) -> Result<PathBuf> {
    let mut client = world.connect()?;
    for program in ["1", "2", "3"] {
        client.succeed("python", program)?;
    }
    drop(client);
    let mut files = fs::read_dir(world.path().join(".local/state/cofferdam/journal"))?;
    Ok(files.next().context("there is no journal")??.path())
}

fn change(file: &PathBuf, change: Change) -> Result<()> {
    let lines: Vec<String> = fs::read_to_string(file)?.lines().map(str::to_owned).collect();
    ensure!(lines.len() == 7, "a process and three runs are not {} lines", lines.len());
    let before = lines.clone();
    let after = change(lines);
    ensure!(before != after, "nothing was changed");
    Ok(fs::write(file, after.join("\n") + "\n")?)
}

/// Exit code and output of `cofferdam log` with these arguments.
fn log(world: &World, arguments: &[&str]) -> Result<(Option<i32>, String)> {
    let output = world.cofferdam().arg("log").args(arguments).output()?;
    Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn tampered(name: &'static str, how: Change) -> Variant {
    let attack = move |world: &World| {
        change(&journal(world)?, how)?;
        let (code, said) = log(world, &["verify"])?;
        ensure!(code.is_some_and(|code| code <= 1), "log verify could not look: {said}");
        Ok(Seen { landed: code == Some(0), effect: format!("log verify ends with {code:?}"), said })
    };
    // Lines without a chain: what is read is believed.
    let native = move |world: &World| {
        let file = journal(world)?;
        let read = |file: &PathBuf| -> Result<Vec<Value>> {
            let mut lines = fs::read_to_string(file)?.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
            for line in &mut lines {
                line["mac"].take();
            }
            Ok(lines)
        };
        let before = read(&file)?;
        change(&file, how)?;
        let after = read(&file)?;
        Ok(Seen { landed: before != after, effect: format!("{} lines were read, then {}", before.len(), after.len()), said: String::new() })
    };
    let twin = |world: &World| {
        journal(world)?;
        let (code, said) = log(world, &["verify"])?;
        ensure!(code == Some(0) && said == "the journal is as it was written: 7 sound lines in 1 files of 1 processes\n", "{code:?}: {said}");
        Ok(())
    };
    Variant::standing(name, attack, native, twin)
}
