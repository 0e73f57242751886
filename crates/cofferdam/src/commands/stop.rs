//! `cofferdam stop`: ends what a principal is doing, in every server, until the operator lifts it.

use super::{Exit, UsageError, homeless};
use crate::cli::Stop;
use crate::output::{self, plain};
use crate::surroundings::Surroundings;
use anyhow::Context;
use executor::Stops;
use policy::Principal;

/// Stops a principal, or lets it run programs again.
pub(crate) fn stop(command: &Stop, around: &Surroundings) -> anyhow::Result<Exit> {
    let state = around.state_dir().ok_or_else(homeless)?;
    let written = || format!("{} cannot be written", state.display());
    let stops = Stops::open(&state).with_context(written)?;
    let principal = Principal::named(command.principal.clone());
    let name = principal.as_str();
    if command.lift {
        if !stops.lift(&principal).with_context(written)? {
            return Err(UsageError(format!("{name:?} is not stopped")).into());
        }
        output::print(&plain(&format!("{name} may run programs again; what was approved for it before has to be approved again")));
    } else {
        stops.stop(&principal, command.reason.as_deref().unwrap_or_default()).with_context(written)?;
        output::print(&plain(&format!("{name} is stopped: its programs end now, and no other one begins until `cofferdam stop --lift {name}`")));
    }
    Ok(Exit::Ok)
}
