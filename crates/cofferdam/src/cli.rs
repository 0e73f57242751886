//! The command line.

mod lock_command;
mod log_command;
mod policy_command;

pub(crate) use lock_command::{Accept, Init, Lock};
pub(crate) use log_command::{Log, LogCommand, Replay};
pub(crate) use policy_command::{Check, PolicyCommand};

use crate::config::{Sources, Wall};
use crate::units::parse_duration;
use clap::{Args, Parser, Subcommand};
use executor::Wanted;
use policy::Language;
use std::path::PathBuf;
use std::time::Duration;

/// An MCP server with one tool, `execute`: it runs programs in a sandbox in which your other MCP servers are functions.
///
/// Without a subcommand it serves MCP over standard input and output.
#[derive(Debug, Parser)]
#[command(
    name = "cofferdam",
    version,
    after_help = "\
Examples:
  cofferdam doctor                                    what works, what does not, and what mends it
  cofferdam --mcp-config .mcp.json                    serve MCP over standard input and output
  cofferdam run -e 'tools.search(\"issues\")'           run a program here
  claude mcp add cofferdam -- cofferdam --mcp-config /path/to/.mcp.json

Exit codes:
  0  it worked
  1  the program failed; for doctor, log verify and replay: something is not as it should be
  2  wrong usage, or an error in the configuration
  3  the program was refused; for replay: the run cannot be repeated
  4  the program's time was over, or its interpreter crashed
  5  Cofferdam itself failed
  6  nothing was started: a protection that --require-sandbox asks for is not in force"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) shared: Shared,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What every subcommand takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Shared {
    /// The configuration, instead of $XDG_CONFIG_HOME/cofferdam/cofferdam.toml
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Take servers from another client's file too, such as .mcp.json; may be repeated
    #[arg(long = "mcp-config", value_name = "FILE", global = true)]
    mcp_configs: Vec<PathBuf>,
    /// The lockfile, instead of cofferdam.lock beside the configuration
    #[arg(long, value_name = "FILE", global = true)]
    lock: Option<PathBuf>,
    /// Add nothing to the lockfile: what it does not have is not started, or quarantined
    #[arg(long, global = true)]
    locked: bool,
    /// Let programs call only what was accepted as a read; the tool is then announced as read-only
    #[arg(long, global = true)]
    read_only: bool,
    /// Run nothing unless every protection that doctor lists is in force; for doctor: a missing one is a problem
    #[arg(long, global = true)]
    require_sandbox: bool,
    /// What is logged to standard error: error, warn, info, debug, or a filter as in RUST_LOG
    #[arg(long, value_name = "FILTER", global = true)]
    pub(crate) log: Option<String>,
}

impl Shared {
    /// Where the configuration comes from.
    pub(crate) fn sources(&self) -> Sources {
        let mode = if self.read_only { policy::Mode::ReadOnly } else { policy::Mode::ByRules };
        let wall = if self.require_sandbox { Wall::Whole } else { Wall::AsItIs };
        Sources { config: self.config.clone(), mcp_configs: self.mcp_configs.clone(), lock: self.lock.clone(), locked: self.locked, mode, wall }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve MCP over standard input and output (what happens without a subcommand)
    #[command(after_help = "\
Examples:
  cofferdam serve --config cofferdam.toml
  cofferdam serve --mcp-config .mcp.json --log info
  cofferdam serve --require-sandbox                   exit code 6 where a protection is missing")]
    Serve,
    /// Run one program and print what a model would see
    #[command(after_help = "\
Examples:
  cofferdam run report.py
  cofferdam run -e '1 + 1'
  cofferdam run -l js -e 'return await github.list_issues({repo: \"acme/app\"})'
  cofferdam run --session new -e 'rows = [1, 2, 3]'    prints the session's handle
  cat report.ts | cofferdam run -l ts - --timeout 10s --json")]
    Run(Run),
    /// List, search and describe the tools that programs can call
    #[command(
        subcommand,
        after_help = "\
Examples:
  cofferdam tools list
  cofferdam tools search issue comments
  cofferdam tools describe github.list_issues --language ts"
    )]
    Tools(Tools),
    /// Review what the servers are and can do, and accept it: what was not accepted asks, or is not callable
    #[command(after_help = "\
On a terminal, without options: one screen with every tool that waits, each with what is proposed for it. Elsewhere it is printed, and nothing
changes. Every server is started, unless its launch line changed: such a one only when it is accepted.

Examples:
  cofferdam lock                                      review on one screen
  cofferdam lock --check                              for scripts: exit code 1 if anything waits
  cofferdam lock --accept-all                         accept everything as it is proposed
  cofferdam lock --accept github --accept chat.post
  cofferdam lock --accept db.query --effect read --external no

Exit codes:
  0  nothing waits, or what was named is accepted
  1  something waits for the operator, or a server could not be looked at
  2  wrong usage, or an error in a file")]
    Lock(Lock),
    /// Write a first configuration, then review its servers as `lock` does
    #[command(after_help = "\
Examples:
  cofferdam init --mcp-config .mcp.json
  cofferdam init --config ./cofferdam.toml --accept-all")]
    Init(Init),
    /// List, show, fork and remove sessions: variables and files that last between runs
    #[command(
        subcommand,
        after_help = "\
Examples:
  cofferdam sessions list
  cofferdam sessions show ses_...
  cofferdam sessions fork ses_...                     prints the handle of the copy
  cofferdam sessions rm --all"
    )]
    Sessions(Sessions),
    /// List, show and clear what conversations have seen: the labels because of which calls ask
    #[command(
        subcommand,
        after_help = "\
Examples:
  cofferdam context list
  cofferdam context show stdio-...
  cofferdam context clear stdio-...                   its next program starts as if it had seen nothing"
    )]
    Context(ContextCommand),
    /// Show or compile the interpreters that run programs
    #[command(
        subcommand,
        after_help = "\
Examples:
  cofferdam guests list
  cofferdam guests build"
    )]
    Guests(Guests),
    /// List, show, print or remove what programs kept
    #[command(
        subcommand,
        after_help = "\
Examples:
  cofferdam artifacts list
  cofferdam artifacts show issues
  cofferdam artifacts cat issues > issues.json
  cofferdam artifacts rm issues 0123456789abcdef"
    )]
    Artifacts(Artifacts),
    /// End all programs of a principal and let none begin, in every server, until it is lifted
    #[command(after_help = "\
Examples:
  cofferdam stop --reason \"it deletes too much\"
  cofferdam stop --lift")]
    Stop(Stop),
    /// Check the rules, say what they make of a call and why, and show what holds
    #[command(
        subcommand,
        after_help = "\
Examples:
  cofferdam policy check
  cofferdam policy check --tool github.create_issue --args '{\"repo\": \"acme/app\"}' --labels private:crm
  cofferdam policy show"
    )]
    Policy(PolicyCommand),
    /// Show what programs did, and check that the journal is as it was written
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  cofferdam log --since 1h
  cofferdam log --session ses_... --limit 100
  cofferdam log show 0123456789abcdef0123456789abcdef
  cofferdam log verify                                exit code 1: something is not as it was written"
    )]
    Log(Log),
    /// Run a program of the journal again with its recorded replies, and compare the outcome to the byte
    #[command(after_help = "\
Exit codes: 0 identical, 1 different, 3 not replayable (it says why)

Examples:
  cofferdam log                                       shows the runs
  cofferdam replay 0123456789abcdef0123456789abcdef")]
    Replay(Replay),
    /// Answer the calls that wait for a person
    #[command(after_help = "\
A yes needs a code that is shown on your terminal only. Where the client of a run can ask you itself, it does so too; the first answer counts.

Answers:
  once            these calls, once
  same-arguments  in this conversation, the same tools with the same arguments
  edge            in this conversation, the same tools with data from the same places
  always          a rule that allows these tools is written into the configuration
  deny REASON     no; the program is told the reason

Examples:
  cofferdam approve                                   ask for everything that waits, here
  cofferdam approve --web                             a page on this machine
  cofferdam approve --json                            list what waits")]
    Approve(Approve),
    /// Check everything: the system's protections, guests, configuration, every server
    #[command(after_help = "\
Examples:
  cofferdam doctor
  cofferdam doctor --mcp-config .mcp.json --json
  cofferdam doctor --require-sandbox                  exit code 1 where a protection is missing")]
    Doctor(Doctor),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The language; without it the one of the file's ending, else python
    #[arg(short, long, value_parser = language)]
    pub(crate) language: Option<Language>,
    /// The program itself
    #[arg(short = 'e', long = "eval", value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// A file with the program; - for standard input
    #[arg(value_name = "FILE", conflicts_with = "code")]
    pub(crate) file: Option<PathBuf>,
    /// Run it in a session: new, a handle, or fork:HANDLE
    #[arg(long, value_name = "SESSION", value_parser = session)]
    pub(crate) session: Option<Wanted>,
    /// Stop the program after this time, such as 10s; never longer than the configuration allows
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) timeout: Option<Duration>,
    /// Print one JSON object: run, ok, text, artifacts, outcome, session, stats
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tools {
    /// List every tool of every server
    List {
        /// Only of this server
        #[arg(value_name = "SERVER")]
        server: Option<String>,
        #[command(flatten)]
        shape: Shape,
    },
    /// Find tools by words, as tools.search does in a program
    Search {
        /// The words
        #[arg(required = true, value_name = "WORD")]
        query: Vec<String>,
        /// How many to show
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
        limit: u16,
        #[command(flatten)]
        shape: Shape,
    },
    /// Describe a tool or a server, as tools.describe does in a program
    Describe {
        /// server.tool or server
        name: String,
        #[command(flatten)]
        shape: Shape,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Shape {
    /// The language whose notation is used
    #[arg(short, long, default_value = "python", value_parser = language)]
    pub(crate) language: Language,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sessions {
    /// List every session, the last used first
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one session: its runs, memory, workspace, and where its data came from
    Show {
        /// Its handle
        handle: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a second session that starts as this one is now, and print its handle
    Fork {
        /// Its handle
        handle: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove sessions with their memory and files
    Rm {
        /// Their handles
        #[arg(required_unless_present = "all", value_name = "HANDLE")]
        handles: Vec<String>,
        /// All of them
        #[arg(long, conflicts_with = "handles")]
        all: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContextCommand {
    /// List every context that has seen something labelled, the last used first
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one: its labels, where each came from and when, and its runs
    Show {
        /// Its name
        name: String,
        /// Whose it is, where several principals have one of this name
        #[arg(long)]
        principal: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take all labels of one away; a server that is running obeys from the next program on
    Clear {
        /// Its name
        name: String,
        /// Whose it is, where several principals have one of this name
        #[arg(long)]
        principal: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Guests {
    /// Show which guests are there, and whether they are compiled for this machine
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Compile the guests for this machine
    Build {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Initialise a linked guest, snapshot its memory and compile it (the last step of building guests from their sources)
    #[command(hide = true)]
    Install {
        /// python or javascript
        guest: String,
        /// The linked module
        linked: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Artifacts {
    /// List all, the newest first
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what is known of one: type, size, origin, labels, preview
    Show {
        /// Its name, id or URI
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the content of one, byte for byte
    Cat {
        /// Its name, id or URI
        name: String,
    },
    /// Remove some
    Rm {
        /// Their names, ids or URIs; a name is the newest that has it
        #[arg(value_name = "NAME", required_unless_present = "all")]
        names: Vec<String>,
        /// Remove all
        #[arg(long, conflicts_with = "names")]
        all: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// Whose programs; over stdio all are of the one principal, local
    #[arg(value_name = "PRINCIPAL", default_value = "local")]
    pub(crate) principal: String,
    /// Why, for the model to read
    #[arg(long, value_name = "TEXT", conflicts_with = "lift")]
    pub(crate) reason: Option<String>,
    /// Let the principal run programs again; what was approved before the stop is not approved any more
    #[arg(long)]
    pub(crate) lift: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// Only this question
    #[arg(value_name = "QUESTION")]
    pub(crate) id: Option<String>,
    /// Serve a page on this machine, and print its address and its code
    #[arg(long, conflicts_with_all = ["id", "json"])]
    pub(crate) web: bool,
    /// The page's port, instead of any that is free
    #[arg(long, requires = "web")]
    pub(crate) port: Option<u16>,
    /// Print what waits as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Doctor {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads a session for clap.
fn session(text: &str) -> Result<Wanted, String> {
    Wanted::parse(text).map_err(|error| format!("write new, a handle, or fork:HANDLE; {error}"))
}

/// Reads a language for clap.
fn language(text: &str) -> Result<Language, String> {
    Language::parse(text).ok_or_else(|| format!("the languages are {}", Language::ALL.map(Language::name).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
