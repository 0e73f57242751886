//! Checking journals against their key and their heads: every line, every file, every chain.
//!
//! What it proves: that whoever changed a line, cut a file short or removed a file did not have the key. What it does not: that a chain which is
//! gone with its head was ever there, or that the whole directory was not put back as it once was.

use super::{
    KEPT, chain,
    chain::{Head, Line, Link},
    event::{Entry, Event},
    now_ms,
};
use crate::key::Key;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::Path,
};

/// Findings of one file are told up to this number.
const FINDINGS: usize = 20;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Chains, one for each server process.
    pub chains: usize,
    /// Files.
    pub files: usize,
    /// Lines that are as they were written.
    pub lines: u64,
    /// What is not as it was written.
    pub faults: Vec<Finding>,
    /// What is worth knowing, and what killed processes and age leave behind.
    pub notes: Vec<Finding>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file in the journal's directory.
    pub file: String,
    /// The line in it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What.
    pub what: What,
    /// In words.
    pub detail: String,
}

/// Kinds of findings. Closed: scripts branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A line is not what was written there.
    Edited,
    /// Lines are gone, from the middle or the beginning.
    Removed,
    /// Lines stand where they were not written.
    Moved,
    /// Lines are gone from the end.
    Truncated,
    /// A file is gone.
    MissingFile,
    /// The head of a chain is gone.
    MissingHead,
    /// The head of a chain is not what was written.
    EditedHead,
    /// The key is gone or damaged: nothing can be checked.
    NoKey,
    /// Half a line at the end: the process was killed, or is writing now.
    Torn,
    /// The head had not come as far as the journal: the process was killed, or is writing now.
    HeadBehind,
    /// Earlier files of the chain were old and are removed.
    Aged,
}

/// Checks all journals below a state directory.
///
/// # Errors
/// When the directory or a file cannot be read.
pub(super) fn verify(state: &Path) -> io::Result<Verified> {
    let mut found = Verified::default();
    let (journal, heads) = (state.join(chain::JOURNAL), state.join(chain::HEADS));
    // The heads first: what is written meanwhile is then only ahead of them.
    let mut chains: BTreeMap<String, (Option<Head>, BTreeSet<u32>)> = BTreeMap::new();
    let names = names(&heads)?;
    let files = self::names(&journal)?;
    if names.is_empty() && files.is_empty() {
        return Ok(found);
    }
    let key = match Key::read(&state.join(chain::KEY)) {
        Ok(key) => key,
        Err(error) => {
            let detail = format!("without its key no line can be checked: {error}");
            found.faults.push(Finding { file: chain::KEY.to_owned(), line: None, what: What::NoKey, detail });
            return Ok(found);
        }
    };
    for name in names {
        let Some(chain) = name.strip_suffix(".json") else { continue };
        let head = Head::read(&key, &heads.join(&name))?;
        if head.is_none() {
            let detail = "the head of this chain is not what was written: its end cannot be checked".to_owned();
            found.faults.push(Finding { file: format!("{}/{name}", chain::HEADS), line: None, what: What::EditedHead, detail });
        }
        chains.entry(chain.to_owned()).or_default().0 = head;
    }
    for name in files {
        let Some((chain, number)) = chain::parse_file(&name) else { continue };
        chains.entry(chain.to_owned()).or_default().1.insert(number);
    }
    for (chain, (head, numbers)) in chains {
        let has_head = heads.join(format!("{chain}.json")).exists();
        Chain { key: &key, directory: &journal, chain: &chain, found: &mut found }.verify(head.as_ref(), &numbers, has_head)?;
    }
    Ok(found)
}

fn names(directory: &Path) -> io::Result<Vec<String>> {
    match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => {
            let mut names: Vec<String> = entries?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
            names.sort();
            Ok(names)
        }
    }
}

struct Chain<'a> {
    key: &'a Key,
    directory: &'a Path,
    chain: &'a str,
    found: &'a mut Verified,
}

impl Chain<'_> {
    fn verify(&mut self, head: Option<&Head>, numbers: &BTreeSet<u32>, has_head: bool) -> io::Result<()> {
        self.found.chains += 1;
        self.found.files += numbers.len();
        let first_file = chain::file(self.chain, 1);
        if !has_head {
            let detail = "the head of this chain is gone: lines may be missing at its end".to_owned();
            self.found.faults.push(Finding { file: first_file.clone(), line: None, what: What::MissingHead, detail });
        }
        let mut at = Some(Link::first(self.key, self.chain));
        let mut next = 1;
        for number in numbers {
            if *number > next {
                self.missing(next..*number);
                at = None;
            }
            at = Some(self.file(*number, at)?);
            next = number + 1;
        }
        let (Some(head), Some(at)) = (head, at) else { return Ok(()) };
        let last = chain::parse_file(&head.file).map_or(0, |(_, number)| number);
        if head.seq > 0 && last >= next {
            self.missing(next..last + 1);
            return Ok(());
        }
        let file = chain::file(self.chain, next.saturating_sub(1).max(1));
        if head.seq > at.seq {
            let detail = format!("it ends with line {} of its chain, and had {} when its head was written", at.seq, head.seq);
            self.found.faults.push(Finding { file, line: None, what: What::Truncated, detail });
        } else if head.seq < at.seq {
            let detail = format!("{} lines were written after its head: the process was killed, or writes now", at.seq - head.seq);
            self.found.notes.push(Finding { file, line: None, what: What::HeadBehind, detail });
        }
        Ok(())
    }

    /// Tells of files that are not there; those before a file that is itself old enough may have been removed for their age.
    fn missing(&mut self, numbers: std::ops::Range<u32>) {
        let after = self.directory.join(chain::file(self.chain, numbers.end));
        let first = File::open(after).ok().and_then(|file| BufReader::new(file).lines().next()?.ok());
        let at_ms = first.and_then(|line| serde_json::from_str::<Entry>(&line).ok()).map(|entry| entry.at_ms);
        let aged = at_ms.is_some_and(|at| u128::from(now_ms().saturating_sub(at)) > KEPT.as_millis());
        for number in numbers {
            let file = chain::file(self.chain, number);
            if aged {
                let detail = "it was older than journals are kept, and is removed".to_owned();
                self.found.notes.push(Finding { file, line: None, what: What::Aged, detail });
            } else {
                let detail = "this file is gone".to_owned();
                self.found.faults.push(Finding { file, line: None, what: What::MissingFile, detail });
            }
        }
    }

    /// Checks one file after the line `at`, if that is known; says which was its last line.
    fn file(&mut self, number: u32, before: Option<Link>) -> io::Result<Link> {
        let name = chain::file(self.chain, number);
        let mut reader = BufReader::new(File::open(self.directory.join(&name))?);
        let (mut told, mut text) = (0, Vec::new());
        // Where the line before could not be read, the next one is taken for what it says.
        let (mut at, mut sure) = (before.unwrap_or(Link { seq: 0, ..Link::first(self.key, self.chain) }), true);
        for place in 1.. {
            text.clear();
            if reader.read_until(b'\n', &mut text)? == 0 {
                break;
            }
            let mut tell = |findings: &mut Vec<Finding>, what, detail: String| {
                told += 1;
                if told <= FINDINGS {
                    findings.push(Finding { file: name.clone(), line: Some(place), what, detail });
                }
            };
            if text.pop() != Some(b'\n') {
                let detail = "the last line is not whole: the process was killed while it wrote, or writes now".to_owned();
                tell(&mut self.found.notes, What::Torn, detail);
                break;
            }
            let Some(line) = Line::read(&text) else {
                tell(&mut self.found.faults, What::Edited, "this is not a line of a journal".to_owned());
                (at.seq, sure) = (at.seq + 1, false);
                continue;
            };
            let continues = if number > 1 && place == 1 { continued(&text) } else { None };
            if before.is_none() && place == 1 {
                at.seq = line.seq.saturating_sub(1);
            }
            let faults = &mut self.found.faults;
            if line.seq > at.seq + 1 {
                tell(faults, What::Removed, format!("{} lines before this one are gone", line.seq - at.seq - 1));
            } else if line.seq <= at.seq {
                tell(faults, What::Moved, format!("line {} of the chain stands after line {}", line.seq, at.seq));
            } else if sure && !line.follows(self.key, &continues.unwrap_or(at.mac)) {
                tell(faults, What::Edited, "this line, or the MAC of the one before it, is not what was written".to_owned());
            } else {
                self.found.lines += 1;
            }
            (at, sure) = (line.link(), true);
        }
        Ok(at)
    }
}

/// The MAC of the file before, which the first line of a file names.
fn continued(text: &[u8]) -> Option<blake3::Hash> {
    match serde_json::from_slice(text) {
        Ok(Entry { event: Event::Continued { after, .. }, .. }) => blake3::Hash::from_hex(after).ok(),
        _ => None,
    }
}
