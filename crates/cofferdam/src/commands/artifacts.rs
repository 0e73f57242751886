//! `cofferdam artifacts`: what runs kept, seen by the operator.

use super::{Exit, UsageError, homeless};
use crate::cli::Artifacts as Command;
use crate::output::{self, plain};
use crate::resources::one_line;
use crate::surroundings::Surroundings;
use crate::units::show_size;
use anyhow::Context;
use executor::{ArtifactError, Artifacts, Record};
use policy::Principal;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// How much of an artifact is held on its way to standard output, in bytes.
const CHUNK_BYTES: u64 = 1 << 20;

/// Lists, shows, prints or removes.
pub(crate) async fn artifacts(command: Command, around: &Surroundings) -> anyhow::Result<Exit> {
    let artifacts = Artifacts::open(&around.state_dir().ok_or_else(homeless)?).context("the artifacts cannot be opened")?;
    let principal = Principal::local();
    match command {
        Command::List { json } => {
            let records = artifacts.list(&principal).await?;
            if json {
                output::print_json(&records.iter().map(document).collect());
            } else if records.is_empty() {
                output::print("there are no artifacts");
            } else {
                output::print(&plain(&records.iter().map(line).collect::<Vec<_>>().join("\n")));
            }
        }
        Command::Show { name, json } => {
            let record = found(artifacts.find(&principal, &name).await)?;
            if json {
                output::print_json(&document(&record));
            } else {
                output::print(&plain(&described(&record)));
            }
        }
        Command::Cat { name } => {
            let record = found(artifacts.find(&principal, &name).await)?;
            let mut at = 0;
            while at < record.size {
                let end = at.saturating_add(CHUNK_BYTES).min(record.size);
                let bytes = artifacts.bytes(&record, at..end).await?;
                if !output::write(&bytes).context("standard output cannot be written to")? {
                    break;
                }
                at = end;
            }
        }
        Command::Rm { names, all } => {
            let mut ids = Vec::new();
            if all {
                ids.extend(artifacts.list(&principal).await?.into_iter().map(|record| record.id));
            }
            for name in &names {
                ids.push(found(artifacts.find(&principal, name).await)?.id);
            }
            artifacts.remove(&principal, ids).await?;
        }
    }
    Ok(Exit::Ok)
}

/// What is not there was asked for wrongly.
fn found(result: Result<Record, ArtifactError>) -> anyhow::Result<Record> {
    match result {
        Err(ArtifactError::Absent(name)) => {
            Err(UsageError(format!("there is no artifact {name:?}; `cofferdam artifacts list` shows those that there are")).into())
        }
        result => Ok(result?),
    }
}

fn line(record: &Record) -> String {
    let size = show_size(record.size);
    format!("{}  {}  {:<24} {:>9}  {}  {}", record.id, time(record), record.name, size, record.media_type, one_line(&record.preview))
}

fn described(record: &Record) -> String {
    let labels: Vec<String> = record.labels.iter().map(|label| format!("{} of {}", kind(label), label.origin)).collect();
    let list = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let provenance = &record.provenance;
    format!(
        "{}\n  name      {}\n  type      {}\n  size      {} bytes\n  made      {}\n  run       {}\n  program   blake3 {}\n  session   {}\n  \
         calls     {}\n  labels    {}\n  content   blake3 {}\n\n{}",
        record.uri(),
        record.name,
        record.media_type,
        record.size,
        time(record),
        provenance.run,
        provenance.program,
        provenance.session.as_deref().unwrap_or("none"),
        list(&provenance.calls),
        list(&labels),
        record.hash,
        record.preview
    )
}

fn kind(label: &policy::Label) -> &'static str {
    match label.kind {
        policy::LabelKind::Untrusted => "untrusted",
        policy::LabelKind::Private => "private",
    }
}

/// An artifact for scripts.
pub(crate) fn document(record: &Record) -> Value {
    let provenance = &record.provenance;
    json!({
        "id": record.id,
        "name": record.name,
        "uri": record.uri(),
        "media_type": record.media_type,
        "size": record.size,
        "blake3": record.hash,
        "preview": record.preview,
        "automatic": record.automatic,
        "labels": record.labels,
        "made": time(record),
        "run": provenance.run.to_string(),
        "program": provenance.program,
        "session": provenance.session,
        "calls": provenance.calls,
    })
}

fn time(record: &Record) -> String {
    let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(record.provenance.made_at_us));
    // A record may have been written by somebody else: beyond the year 9999 there is no such text.
    let known = at.filter(|_| record.provenance.made_at_us < 253_402_300_800_000_000);
    known.map_or_else(|| "unknown".to_owned(), |at| humantime::format_rfc3339_seconds(at).to_string())
}
