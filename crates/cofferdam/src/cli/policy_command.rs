//! `cofferdam policy` as it is written on the command line.

use clap::{Args, Subcommand};
use policy::{Effect, Label, Principal, Verdict};
use serde_json::{Map, Value};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check the rules, or say what they make of one call and why; no server is started
    #[command(after_help = "\
Examples:
  cofferdam policy check --config cofferdam.toml --strict
  cofferdam policy check --tool github.create_issue --args '{\"repo\": \"acme/app\"}'
  cofferdam policy check --tool chat.post --labels private:github,untrusted:github --expect ask

Labels say what a program has read before the call: private or untrusted, and where it came from: a server (private:github),
a host (untrusted:http:api.example.com) or a granted folder (private:file:/data).

Exit codes, beside the common ones:
  0  the file is valid; with --tool: there is a verdict, whichever it is
  1  --strict and there are warnings; --expect and the verdict is another one
  2  the file is not valid")]
    Check(Box<Check>),
    /// Show what holds: mode, rules, labels of data, limits, accepted tools, defaults included
    #[command(after_help = "\
Examples:
  cofferdam policy show
  cofferdam policy show --config cofferdam.toml --json")]
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Decide one call of this tool instead of checking the file alone
    #[arg(long, value_name = "SERVER.TOOL")]
    pub(crate) tool: Option<String>,
    /// The call's arguments, a JSON object
    #[arg(long, value_name = "JSON", requires = "tool", value_parser = arguments, default_value = "{}")]
    pub(crate) args: Map<String, Value>,
    /// What was read before, apart by commas
    #[arg(long, value_name = "KIND:ORIGIN", requires = "tool", value_delimiter = ',', value_parser = Label::parse)]
    pub(crate) labels: Vec<Label>,
    /// The session's handle; without it there is no session
    #[arg(long, value_name = "HANDLE", requires = "tool")]
    pub(crate) session: Option<String>,
    /// On whose behalf
    #[arg(long, value_name = "NAME", requires = "tool", default_value = Principal::LOCAL)]
    pub(crate) principal: String,
    /// The tool's effect instead of what the lockfile says: read, write or unreviewed
    #[arg(long, value_name = "EFFECT", requires = "tool", value_parser = effect)]
    pub(crate) effect: Option<Effect>,
    /// Whether the tool is external, instead of what the lockfile says
    #[arg(long, value_name = "BOOL", requires = "tool", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) external: Option<bool>,
    /// The verdict that it should be: allow, ask or deny
    #[arg(long, value_name = "VERDICT", requires = "tool", value_parser = verdict)]
    pub(crate) expect: Option<Verdict>,
    /// Warnings count as errors
    #[arg(long, conflicts_with = "tool")]
    pub(crate) strict: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads a call's arguments for clap.
fn arguments(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err("arguments are a JSON object such as {\"repo\": \"acme/app\"}".to_owned()),
        Err(error) => Err(format!("this is not JSON: {error}")),
    }
}

/// Reads an effect for clap.
fn effect(text: &str) -> Result<Effect, String> {
    one_of(text, [Effect::Read, Effect::Write, Effect::Unreviewed], Effect::name)
}

/// Reads a verdict for clap.
fn verdict(text: &str) -> Result<Verdict, String> {
    one_of(text, [Verdict::Allow, Verdict::Ask, Verdict::Deny], Verdict::name)
}

fn one_of<T: Copy>(text: &str, all: [T; 3], name: fn(T) -> &'static str) -> Result<T, String> {
    all.into_iter().find(|one| name(*one) == text).ok_or_else(|| format!("there are {}", all.map(name).join(", ")))
}
