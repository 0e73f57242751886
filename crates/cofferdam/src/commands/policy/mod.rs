//! `cofferdam policy`: what the rules say, before a program finds out. No server is started, nothing is written.

mod check;
mod limits;
mod show;
mod verdict;

use super::{Exit, looking};
use crate::cli::PolicyCommand;
use crate::config::{Sources, load};
use crate::surroundings::Surroundings;

/// Checks, decides or shows.
pub(crate) fn policy(command: PolicyCommand, sources: &Sources, around: &Surroundings) -> anyhow::Result<Exit> {
    match command {
        PolicyCommand::Check(command) => match &command.tool {
            None => check::check(&command, sources, around),
            Some(tool) => {
                let config = load(sources, around)?;
                let lock = looking(&config, sources, around)?;
                verdict::verdict(tool, &command, config, &lock)
            }
        },
        PolicyCommand::Show { json } => {
            let config = load(sources, around)?;
            let lock = looking(&config, sources, around)?;
            show::show(&config, &lock, json);
            Ok(Exit::Ok)
        }
    }
}
