//! The processes below this one and what they hold, from `/proc`.

use std::{collections::BTreeMap, fs};

/// One process.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) parent: u32,
    pub(crate) is_zombie: bool,
    /// Its command line, words apart by spaces.
    pub(crate) line: String,
}

/// What a server held at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Held {
    /// Resident memory of its own process, in bytes.
    pub(crate) resident_bytes: u64,
    /// Open descriptors.
    pub(crate) descriptors: usize,
    /// Processes below it.
    pub(crate) processes: usize,
}

/// What a process below a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Zygote,
    Worker,
    Upstream,
}

/// Every process of this machine.
#[derive(Debug)]
pub(crate) struct Table(BTreeMap<u32, Process>);

impl Table {
    /// As it is now. Processes that end meanwhile are left out.
    pub(crate) fn read() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Table(pids.filter_map(|pid: u32| Some((pid, process(pid)?))).collect())
    }

    /// The children of a process.
    pub(crate) fn children(&self, of: u32) -> impl Iterator<Item = (u32, &Process)> {
        self.0.iter().filter(move |(_, process)| process.parent == of).map(|(pid, process)| (*pid, process))
    }

    /// What is below a server that still runs, with what it is.
    pub(crate) fn below(&self, server: u32) -> Vec<(u32, Role)> {
        let mut found = Vec::new();
        for (pid, process) in self.children(server).filter(|(_, process)| !process.is_zombie) {
            if process.line.contains("__zygote") {
                found.push((pid, Role::Zygote));
                found.extend(self.children(pid).filter(|(_, process)| !process.is_zombie).map(|(pid, _)| (pid, Role::Worker)));
            } else {
                found.push((pid, Role::Upstream));
            }
        }
        found
    }

    /// What a server holds.
    pub(crate) fn held(&self, server: u32) -> Held {
        let status = fs::read_to_string(format!("/proc/{server}/status")).unwrap_or_default();
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB")?.trim().parse::<u64>().ok());
        Held {
            resident_bytes: kib.unwrap_or_default() * 1024,
            descriptors: fs::read_dir(format!("/proc/{server}/fd")).map_or(0, Iterator::count),
            processes: self.below(server).len(),
        }
    }
}

fn process(pid: u32) -> Option<Process> {
    // The name, in parentheses, may hold anything, so the fields are counted from its end.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let is_zombie = fields.next()? == "Z";
    let parent = fields.next()?.parse().ok()?;
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    Some(Process { parent, is_zombie, line: String::from_utf8_lossy(&line).replace('\0', " ") })
}
