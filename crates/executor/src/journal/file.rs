//! The file that this process adds lines to: what waits to be written, what a full disk leaves, and when a new file begins.
//!
//! The chain goes on from line to line in memory; a line that is taken back takes the chain back with it, so that the file never has a gap.

use super::{
    chain::{self, Head, Link},
    event::{Entry, Event, When},
    now_ms,
};
use crate::key::Key;
use serde_json::Value;
use std::{
    borrow::Cow,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
};

/// A file is not added to beyond this, in bytes.
const FILE_BYTES: u64 = 64 << 20;

/// Lines of calls that changed nothing are written at the latest when this many bytes of them wait.
const WAITING_BYTES: usize = 64 * 1024;

/// The most that may wait while the disk is full, in bytes. Guards the broker's memory.
const MOST_BYTES: usize = 1 << 20;

/// The open end of this process's chain.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) directory: PathBuf,
    pub(super) head: PathBuf,
    pub(super) chain: String,
    pub(super) key: Key,
    /// What is never written.
    pub(super) secrets: gate::Secrets,
    /// The policy's hash.
    pub(super) policy: String,
    pub(super) link: Link,
    /// Made with the first line: many processes of a command line run nothing.
    pub(super) file: Option<File>,
    pub(super) number: u32,
    /// Length of the file, in bytes: nobody else writes to it.
    pub(super) bytes: u64,
    /// Lines that are not written yet.
    pub(super) waiting: Vec<u8>,
    /// The last line that is in a file, and which.
    pub(super) written: Option<(String, Link)>,
    /// A file that was left when a new one began, until it is on the disk.
    pub(super) left: Option<File>,
    /// Whether the last attempt to write failed.
    pub(super) failing: bool,
    /// How large a file may become; less than [`FILE_BYTES`] only in tests.
    pub(super) file_bytes: u64,
}

impl Tail {
    pub(super) fn new(state: &std::path::Path, key: Key, chain: String, policy: &str, secrets: gate::Secrets) -> Self {
        Tail {
            directory: state.join(chain::JOURNAL),
            head: state.join(chain::HEADS).join(format!("{chain}.json")),
            link: Link::first(&key, &chain),
            chain,
            key,
            secrets,
            policy: policy.to_owned(),
            file: None,
            number: 1,
            bytes: 0,
            waiting: Vec::new(),
            written: None,
            left: None,
            failing: false,
            file_bytes: FILE_BYTES,
        }
    }

    /// The file that the next line goes to.
    pub(super) fn name(&self) -> String {
        chain::file(&self.chain, self.number)
    }

    /// Adds a line, and writes it if it has to be there.
    ///
    /// # Errors
    /// When what waits could not be written. A line that tells of what is about to happen is then taken back.
    pub(super) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let (link, waiting) = (self.link, self.waiting.len());
        if self.link.seq == 0 {
            let (version, pid) = (env!("CARGO_PKG_VERSION").to_owned(), std::process::id());
            self.push(&Entry { at_ms: now_ms(), run: None, session: None, event: Event::Started { version, pid, policy: self.policy.clone() } })?;
        }
        self.push(entry)?;
        let when = entry.event.when();
        // While nothing can be written, nothing is to happen unrecorded.
        let before = when == When::Before || self.failing && matches!(entry.event, Event::Sent { .. });
        if when == When::Soon && !before && self.waiting.len() < WAITING_BYTES {
            return Ok(());
        }
        let written = self.write();
        if written.is_err() && (before || self.waiting.len() > MOST_BYTES) {
            self.waiting.truncate(waiting);
            self.link = link;
        }
        written
    }

    /// The one place where a line becomes text: whatever has to be removed from journals is removed here.
    fn push(&mut self, entry: &Entry) -> io::Result<()> {
        let mut members = serde_json::to_string(entry).map_err(io::Error::other)?;
        if let Cow::Owned(_) = self.secrets.remove(&members) {
            let mut value = serde_json::to_value(entry).map_err(io::Error::other)?;
            clean(&self.secrets, &mut value);
            members = value.to_string();
        }
        self.link.add(&self.key, members.as_bytes(), &mut self.waiting);
        Ok(())
    }

    /// Writes what waits.
    pub(super) fn write(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let written = self.write_all();
        self.failing = written.is_err();
        written?;
        if self.bytes >= self.file_bytes
            && let Some(file) = self.file.take()
        {
            let before = self.name();
            self.left = Some(file);
            self.number += 1;
            self.bytes = 0;
            let event = Event::Continued { file: before, after: self.link.mac.to_hex().to_string() };
            self.push(&Entry { at_ms: now_ms(), run: None, session: None, event })?;
        }
        Ok(())
    }

    fn write_all(&mut self) -> io::Result<()> {
        let path = self.directory.join(self.name());
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                if self.number == 1 {
                    // Before the file: a file without a head is one whose head was removed.
                    Head::new(&self.key, &self.name(), Link::first(&self.key, &self.chain)).write(&self.head)?;
                }
                self.file.insert(OpenOptions::new().append(true).create(true).mode(0o600).open(path)?)
            }
        };
        if let Err(error) = file.write_all(&self.waiting) {
            // Half a line would spoil the next one.
            let _ = file.set_len(self.bytes);
            return Err(error);
        }
        self.bytes += self.waiting.len() as u64;
        self.waiting.clear();
        self.written = Some((self.name(), self.link));
        Ok(())
    }
}

/// Takes secrets out of every text; names of members, numbers and form are ours.
fn clean(secrets: &gate::Secrets, value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(cleaned) = secrets.remove(text) {
                *text = cleaned;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| clean(secrets, value)),
        Value::Object(members) => members.values_mut().for_each(|value| clean(secrets, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
