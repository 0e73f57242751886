//! P5.5 resource exhaustion: programs that want more than a run has, of time, memory, output, files, descriptors, calls. In the open they get it;
//! in the sandbox each ends within its limit, with a typed error, and the next run is served.

use super::p5_5_floods::{many_at_once, many_calls};
use super::p5_5_gluttons::{DEADLINE, GLUTTONS};
use crate::act::language;
use crate::ground::Ground;
use crate::open;
use crate::suite::{Class, Seen, Variant};
use crate::world::World;
use anyhow::{Context, Result, ensure};
use policy::Guest;
use policy::{Layer, Threat};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

pub(crate) fn class() -> Class {
    let mut variants: Vec<Variant> = GLUTTONS.iter().map(|glutton| glutton.variant()).collect();
    variants.push(many_at_once());
    variants.extend(["python", "javascript"].map(many_calls));
    Class { threat: Threat::P5_5, variants }
}

/// The limits of these runs, in the words of the configuration. Small, so that they are reached soon.
pub(super) const LIMITS: &str = "wall = \"500ms\"\nmemory = \"64MiB\"\noutput_kept = \"256KiB\"\nworkspace = \"1MiB\"\nworkspace_files = 50\n\
    calls = 20\nfailures = 1000\nfailures_in_a_row = 1000\n";
pub(super) const WALL: Duration = Duration::from_millis(500);
const MEMORY_BYTES: u64 = 64 << 20;
const OUTPUT_BYTES: u64 = 256 << 10;
const WORKSPACE_BYTES: u64 = 1 << 20;
const WORKSPACE_FILES: usize = 50;
/// Descriptors that a worker may have open.
const DESCRIPTORS: usize = 256;

/// How much later than its limit a run may end here. Generous: the machine does other things meanwhile, and this is no measurement.
const LATE: Duration = Duration::from_secs(10);
/// How much more memory the broker may hold after the runs than before them.
const KEPT_BYTES: u64 = 32 << 20;

/// One program that wants too much.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glutton {
    pub(super) name: &'static str,
    pub(super) guest: Guest,
    pub(super) program: &'static str,
    /// What it takes more of in the open than the limits give.
    pub(super) takes: Takes,
    /// Words of what is shown. A slow machine may come to the deadline first.
    pub(super) ends: &'static str,
    /// A modest program of its kind, and its answer.
    pub(super) twin: (&'static str, &'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Time,
    Memory,
    Output,
    Files,
    Disk,
    Descriptors,
    /// The interpreter itself, which dies of it.
    Interpreter,
}

impl Glutton {
    fn variant(self) -> Variant {
        let native = move |_: &World| {
            let ground = Ground::new()?;
            let aside = tempfile::tempdir()?;
            let (landed, effect) = self.in_the_open(&ground, aside.path())?;
            Ok(Seen { landed, effect, said: String::new() })
        };
        let attack = move |world: &World| {
            world.configure(&format!("[limits]\n{LIMITS}"));
            let mut client = world.connect()?;
            ensure!(client.succeed("python", "1 + 1")? == "2", "nothing is served");
            let before = status(client.pid(), "VmRSS:")?;
            let begin = Instant::now();
            let shown = client.run(language(self.guest), self.program)?;
            let took = begin.elapsed();
            ensure!(
                shown.text.contains(self.ends) || shown.text.starts_with(DEADLINE),
                "it ended otherwise than with {:?}: {}",
                self.ends,
                shown.text
            );
            let kept = Glutton::kept(world);
            ensure!(client.succeed("python", "1 + 1")? == "2", "the next run is not served");
            let grown = status(client.pid(), "VmRSS:")?.saturating_sub(before);
            let landed = took > WALL + LATE || grown > KEPT_BYTES || kept > OUTPUT_BYTES + WORKSPACE_BYTES + (1 << 20);
            Ok(Seen { landed, effect: format!("it ended after {took:?}, the broker grew by {grown} bytes, {kept} bytes are kept"), said: shown.text })
        };
        let twin = move |world: &World| {
            world.configure(&format!("[limits]\n{LIMITS}"));
            let (program, answer) = self.twin;
            let shown = world.connect()?.succeed(language(self.guest), program)?;
            ensure!(shown == answer, "{program} gives {shown} instead of {answer}");
            Ok(())
        };
        let name = format!("{} ({})", self.name, language(self.guest));
        let variant = Variant::new(name, Layer::Limits, DEADLINE, attack, twin).natively(native);
        // The others end inside the guest, of which the broker is not told.
        if self.takes == Takes::Time { variant } else { variant.silent() }
    }

    /// Whether the program takes more than the limits give, where there are none; it is ended as soon as it has.
    fn in_the_open(&self, ground: &Ground, aside: &Path) -> Result<(bool, String)> {
        let mut child = open::start(ground, self.guest, self.program, aside)?;
        let begin = Instant::now();
        let taken = loop {
            let ended = child.try_wait()?;
            let taken = match self.takes {
                Takes::Time => (begin.elapsed() > WALL * 2 && ended.is_none()).then(|| format!("it still runs after {:?}", begin.elapsed())),
                Takes::Memory => {
                    status(child.id(), "VmHWM:").ok().filter(|bytes| *bytes > MEMORY_BYTES).map(|bytes| format!("it holds {bytes} bytes"))
                }
                Takes::Output => {
                    Some(fs::metadata(aside.join("said"))?.len()).filter(|bytes| *bytes > OUTPUT_BYTES).map(|bytes| format!("it wrote {bytes} bytes"))
                }
                Takes::Files => Some(fs::read_dir(ground.path("data"))?.count())
                    .filter(|files| *files > WORKSPACE_FILES)
                    .map(|files| format!("it made {files} files")),
                Takes::Disk => fs::metadata(ground.path("data/big"))
                    .ok()
                    .map(|file| file.len())
                    .filter(|bytes| *bytes > WORKSPACE_BYTES)
                    .map(|bytes| format!("its file has {bytes} bytes")),
                Takes::Descriptors => fs::read_dir(format!("/proc/{}/fd", child.id()))
                    .ok()
                    .map(Iterator::count)
                    .filter(|open| *open > DESCRIPTORS)
                    .map(|open| format!("it has {open} open files")),
                Takes::Interpreter => ended.filter(|status| status.code().is_none()).map(|status| format!("the interpreter died: {status}")),
            };
            if taken.is_some() || ended.is_some() {
                break taken;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        child.kill()?;
        child.wait()?;
        Ok((taken.is_some(), taken.unwrap_or_else(|| "it ended".to_owned())))
    }

    /// Bytes of all that the runs left on the disk.
    fn kept(world: &World) -> u64 {
        let mut bytes = 0;
        let mut left = vec![world.path().join(".local/state/cofferdam")];
        while let Some(directory) = left.pop() {
            // What goes away meanwhile is not kept.
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                match entry.metadata() {
                    Ok(meta) if meta.is_dir() => left.push(entry.path()),
                    Ok(meta) => bytes += meta.len(),
                    Err(_) => {}
                }
            }
        }
        bytes
    }
}

/// A figure of a process's status, in bytes.
fn status(pid: u32, name: &str) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context("the process is gone")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}
