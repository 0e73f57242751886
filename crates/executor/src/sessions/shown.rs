//! Sessions as the operator sees them.

use super::{Handle, Record, SessionError, Sessions, WORKSPACE, files, of_files};
use crate::tree;
use policy::{Guest, Labels, Principal};
use serde::Serialize;
use std::{io, path::PathBuf};

/// What can be told of a session.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Its handle.
    pub handle: Handle,
    /// Whose it is.
    pub principal: Principal,
    /// Its interpreter.
    pub guest: Guest,
    /// Runs that were completed.
    pub runs: u64,
    /// Size of its checkpoint on the disk, in bytes.
    pub checkpoint_bytes: u64,
    /// Size of its memory, in bytes.
    pub memory_bytes: u64,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
    /// When it was last used, in the same unit.
    pub used_ms: u64,
    /// The session that it was forked from.
    pub forked_from: Option<Handle>,
    /// Where its data came from.
    pub labels: Labels,
}

/// A summary and what takes longer to find out.
#[derive(Debug, Clone, Serialize)]
pub struct Details {
    /// The summary.
    #[serde(flatten)]
    pub summary: Summary,
    /// The workspace, as the operator finds it.
    pub workspace: PathBuf,
    /// Bytes in it.
    pub workspace_bytes: u64,
    /// Files, directories and links in it.
    pub workspace_files: u64,
}

impl Sessions {
    /// Every session that is there, also those that are damaged.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn handles(&self) -> io::Result<Vec<Handle>> {
        files::list(&self.root).map(|(handles, _)| handles)
    }

    /// Every session that can be read, the last used first.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn list(&self) -> io::Result<Vec<Summary>> {
        let handles = self.handles()?;
        let records = handles.iter().filter_map(|handle| Record::read(&self.root.join(handle.as_str()), &self.key).ok().flatten());
        let mut list: Vec<Summary> = records.map(summary).collect();
        list.sort_by_key(|summary| std::cmp::Reverse(summary.used_ms));
        Ok(list)
    }

    /// One session, for the operator.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub fn show(&self, handle: &Handle) -> Result<Details, SessionError> {
        let directory = self.root.join(handle.as_str());
        let record = Record::read(&directory, &self.key)?.ok_or(SessionError::Unknown)?;
        let workspace = directory.join(WORKSPACE);
        let (workspace_bytes, workspace_files) = tree::usage(&workspace).map_err(of_files)?;
        Ok(Details { summary: summary(record), workspace, workspace_bytes, workspace_files })
    }
}

fn summary(record: Record) -> Summary {
    Summary {
        checkpoint_bytes: record.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.bytes),
        memory_bytes: record.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.memory_bytes),
        handle: record.handle,
        principal: record.principal,
        guest: record.guest,
        runs: record.runs,
        made_ms: record.made_ms,
        used_ms: record.used_ms,
        forked_from: record.forked_from,
        labels: record.labels,
    }
}
