//! `cofferdam policy check` without a tool: whether the configuration can be obeyed, and what in it looks like a mistake.

use crate::cli::Check;
use crate::commands::{Exit, looking};
use crate::config::{Config, Sources, load};
use crate::output::{self, plain};
use crate::surroundings::Surroundings;
use crate::warnings::{Warning, warnings};
use serde_json::{Value, json};

/// Checks the files.
pub(super) fn check(command: &Check, sources: &Sources, around: &Surroundings) -> anyhow::Result<Exit> {
    let checked = load(sources, around).map_err(anyhow::Error::from).and_then(|config| Ok((looking(&config, sources, around)?, config)));
    let (lock, config) = match checked {
        Ok(checked) => checked,
        Err(error) if command.json => {
            output::print_json(&json!({"valid": false, "error": error.to_string()}));
            return Ok(Exit::Usage);
        }
        Err(error) => return Err(error),
    };
    let found = warnings(&config, &lock.document());
    if command.json {
        output::print_json(&document(&config, &found));
    } else {
        output::print(&plain(&text(&config, &found)));
    }
    Ok(if command.strict && !found.is_empty() { Exit::Program } else { Exit::Ok })
}

/// For people.
fn text(config: &Config, found: &[Warning]) -> String {
    let files: Vec<String> = config.files.iter().map(|file| file.display().to_string()).collect();
    let rules = match config.policy.rules.len() {
        0 => "no rules".to_owned(),
        1 => "1 rule".to_owned(),
        many => format!("{many} rules"),
    };
    let mut lines = vec![if files.is_empty() { format!("no file was read: {rules}") } else { format!("valid: {rules} ({})", files.join(", ")) }];
    lines.extend(found.iter().map(|warning| format!("warning: {}", warning.text)));
    lines.join("\n")
}

/// For scripts.
fn document(config: &Config, found: &[Warning]) -> Value {
    let warnings = found.iter().map(|warning| json!({"rule": warning.rule, "line": warning.line, "text": warning.text}));
    json!({
        "valid": true,
        "files": config.files.iter().map(|file| file.display().to_string()).collect::<Value>(),
        "rules": config.policy.rules.len(),
        "warnings": warnings.collect::<Value>(),
    })
}
