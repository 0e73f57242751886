//! `cofferdam replay`: a recorded run again, without any upstream, and whether its outcome is the same.

use super::{Exit, UsageError, cache_dir, homeless};
use crate::cli::Replay as Arguments;
use crate::output::{self, plain};
use crate::surroundings::Surroundings;
use executor::{ReplayError, Replayed};

/// Repeats a run and says what came of it.
pub(crate) async fn replay(arguments: &Arguments, around: &Surroundings) -> anyhow::Result<Exit> {
    let (state, cache) = (around.state_dir().ok_or_else(homeless)?, cache_dir(around)?);
    let replayed = executor::replay(&state, &cache, None, arguments.run).await.map_err(|error| match error {
        ReplayError::Unknown(_) => anyhow::Error::from(UsageError(error.to_string())),
        error => error.into(),
    })?;
    let (exit, text) = match &replayed {
        Replayed::Identical { host_calls } => (Exit::Ok, format!("identical: the same outcome to the byte, after {host_calls} host calls")),
        Replayed::Different { first } => (Exit::Program, format!("different: {first}")),
        Replayed::NotReplayable { why } => (Exit::Refused, format!("not replayable: {why}")),
    };
    if arguments.json {
        output::print_json(&serde_json::to_value(&replayed)?);
    } else {
        output::print(&plain(&text));
    }
    Ok(exit)
}
