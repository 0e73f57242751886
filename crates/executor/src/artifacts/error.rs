//! Why something about artifacts did not succeed.

use policy::{CallError, ErrorCode};
use std::{error::Error, io};

/// Why an artifact was not kept, found or read. What was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// What was asked for cannot be, whatever is stored.
    #[error("{0}")]
    Invalid(String),
    /// There is none of this name or id.
    #[error("there is no artifact {0:?}; artifacts.list() names those that there are")]
    Absent(String),
    /// A limit was reached, or the disk is full.
    #[error("{0}")]
    Full(String),
    /// The disk does not work as it should; the reason is for the operator.
    #[error("the artifact could not be stored or read; the operator finds the reason in the log")]
    Disk(#[source] io::Error),
}

impl ArtifactError {
    /// The error as a program sees it.
    pub(crate) fn told(self) -> CallError {
        if let ArtifactError::Disk(error) = &self {
            tracing::error!(%error, "an artifact could not be stored or read");
        }
        let code = match self {
            ArtifactError::Invalid(_) | ArtifactError::Absent(_) => ErrorCode::InvalidArguments,
            ArtifactError::Full(_) | ArtifactError::Disk(_) => ErrorCode::LimitExceeded,
        };
        CallError::new(code, self.to_string())
    }
}

impl From<io::Error> for ArtifactError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                ArtifactError::Full("the disk that artifacts are kept on is full; nothing was saved".to_owned())
            }
            _ => ArtifactError::Disk(error),
        }
    }
}

impl From<object_store::Error> for ArtifactError {
    fn from(error: object_store::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(at) = cause {
            if let Some(of_system) = at.downcast_ref::<io::Error>() {
                return io::Error::new(of_system.kind(), error.to_string()).into();
            }
            cause = at.source();
        }
        ArtifactError::Disk(io::Error::other(error))
    }
}
