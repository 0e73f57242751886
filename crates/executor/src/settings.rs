//! How an executor is set up, and why it could not be.

use crate::Operator;
use policy::{Policy, ServerName};
use sandbox::{SandboxError, Warm};
use std::{path::PathBuf, sync::Arc};

/// How an executor is set up.
#[derive(Debug)]
pub struct Settings {
    /// What the operator allows at the start. Some limits hold as long as the executor does: those of what it sets up once.
    pub policy: Policy,
    /// What the operator allows later; `None`: the same.
    pub operator: Option<Box<dyn Operator>>,
    /// The upstreams.
    pub servers: Vec<upstream::ServerConfig>,
    /// What the operator accepted of them.
    pub lock: Arc<upstream::Lock>,
    /// Configured servers that cannot even be tried.
    pub unusable: Vec<ServerName>,
    /// Values that are removed from what is shown and kept.
    pub secrets: gate::Secrets,
    /// Where guests and what can be made again are kept.
    pub cache_dir: PathBuf,
    /// Where state is kept.
    pub state_dir: PathBuf,
    /// Workers kept ready.
    pub warm: Warm,
    /// The binary whose `main` calls [`sandbox::worker_main`]; `None`: this one.
    pub binary: Option<PathBuf>,
}

/// Why an executor could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The sandbox could not be started.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The state directory is not usable.
    #[error("{path}: {source}; the state directory must be writable")]
    State {
        /// Which directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
