//! `cofferdam lock` and `init` as they are written on the command line.

use clap::Args;

#[derive(Debug, Default, Args)]
pub(crate) struct Lock {
    /// Change nothing; exit with 1 if anything waits
    #[arg(long, conflicts_with_all = ["accept", "accept_all"])]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) accept: Accept,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is accepted without a question.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Accept {
    /// Accept this server with all of its tools, or this tool (server.tool); may be repeated
    #[arg(long, value_name = "NAME", conflicts_with = "accept_all")]
    pub(crate) accept: Vec<String>,
    /// Accept everything that waits
    #[arg(long)]
    pub(crate) accept_all: bool,
    /// Accept the tools with this effect, instead of the proposed ones
    #[arg(long, value_name = "EFFECT", value_parser = ["read", "write"])]
    pub(crate) effect: Option<String>,
    /// Accept the tools as external or not, instead of as proposed
    #[arg(long, value_name = "yes|no", value_parser = ["yes", "no"])]
    pub(crate) external: Option<String>,
}

impl Accept {
    /// Whether anything is to be accepted without a question.
    pub(crate) fn anything(&self) -> bool {
        self.accept_all || !self.accept.is_empty()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    #[command(flatten)]
    pub(crate) accept: Accept,
}
