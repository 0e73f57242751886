//! `cofferdam init`: a first configuration, then the review of its servers.

use super::{Exit, UsageError, homeless, lock};
use crate::cli::{Init, Lock};
use crate::config::{Sources, load};
use crate::output;
use crate::surroundings::Surroundings;
use anyhow::Context;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

/// What a first configuration says beside its imports.
const TEXT: &str = "\
# Servers can also stand here:
# [servers.github]
# command = \"npx\"
# args = [\"-y\", \"@modelcontextprotocol/server-github\"]
# env = { GITHUB_TOKEN = \"${GITHUB_TOKEN}\" }

# What programs may do. The first rule that matches a call decides. Without one: what was accepted as a read in cofferdam.lock is allowed,
# everything else asks.
# [[rules]]
# tools = [\"github.create_comment\"]
# effect = \"allow\"
# when = 'args.repo.startsWith(\"acme/\")'
";

/// Writes it, unless there is one.
pub(crate) async fn init(asked: &Init, sources: &Sources, around: &Surroundings) -> anyhow::Result<Exit> {
    let file = match &sources.config {
        Some(file) => around.folder.join(file),
        None => around.default_config().ok_or_else(homeless)?,
    };
    let imports: Vec<PathBuf> = sources.mcp_configs.iter().map(|import| around.folder.join(import)).collect();
    let quoted: Vec<String> = imports.iter().map(|import| toml::Value::from(import.display().to_string()).to_string()).collect();
    let begin = if quoted.is_empty() { String::new() } else { format!("import = [{}]\n\n", quoted.join(", ")) };
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let new = fs::OpenOptions::new().write(true).create_new(true).open(&file);
    let mut new = match new {
        Ok(new) => new,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let text = format!("{} is there already and was left alone; `cofferdam lock` reviews its servers", file.display());
            return Err(UsageError(text).into());
        }
        Err(error) => return Err(error).with_context(|| format!("{} cannot be written", file.display())),
    };
    new.write_all(format!("{begin}{TEXT}").as_bytes()).with_context(|| format!("{} cannot be written", file.display()))?;
    let sources = Sources { config: Some(file.clone()), mcp_configs: Vec::new(), ..sources.clone() };
    let config = load(&sources, around).inspect_err(|_| {
        // An import that cannot be used: nothing is left behind, so that the command can be given again.
        let _gone = fs::remove_file(&file);
    })?;
    output::print(&output::plain(&format!("wrote {}\n", file.display())));
    let accept = asked.accept.clone();
    lock::review(&Lock { accept, ..Lock::default() }, &config, &sources, around).await
}
