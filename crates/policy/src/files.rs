//! Directories of the host that programs may use beside their workspace.

use crate::{LabelKind, Labels, Origin};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, path::PathBuf};

/// One granted directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileGrant {
    /// Where programs find it: an absolute path in the guest.
    pub mount: String,
    /// The directory: an absolute path of the host without links in it.
    pub path: PathBuf,
    /// What programs may do there.
    pub access: FileAccess,
    /// The labels that what is read there carries.
    pub data: BTreeSet<LabelKind>,
}

impl FileGrant {
    /// The labels of a run that may read there. Nobody looks at single reads, so a run has them from its start.
    #[must_use]
    pub fn labels(&self) -> Labels {
        Labels::of(self.data.iter().copied(), &Origin::Files(self.mount.clone()))
    }
}

/// What programs may do in a granted directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileAccess {
    /// List and read.
    Read,
    /// Also create, change, rename and delete.
    Write,
}
