//! WASI's files as a guest gets them: `wasmtime-wasi`'s, behind the workspace's quota and a note of what is open.
//!
//! The note is what a checkpoint holds of open files: where each is, how it was opened and where it stands. A file is opened again by its
//! name; one that has lost its name stays closed.

use crate::{pages::OpenFile, room::Room, run::Bind, seen::Seen};
use policy::{FileAccess, FileGrant, Layer};
use std::{collections::BTreeMap, path::Path};
use wasmtime_wasi::{
    FsPerms, WasiCtxBuilder,
    p1::{
        WasiP1Ctx,
        wasi_snapshot_preview1::{self as preview1, WasiSnapshotPreview1 as _},
    },
};
use wiggle::GuestMemory;

/// The most that one call of WASI copies between guest and host, in bytes: Wasmtime's own default.
const COPIED_BYTES: usize = 128 << 20;

/// The directory that a guest sees.
const WORKSPACE: &str = "/workspace";

/// Where a guest whose border was taken away sees the machine's files, as after a mistake in WASI.
const OUTSIDE: &str = "/outside";

/// Its descriptor: the first after standard input, output and error.
const WORKSPACE_FD: u32 = 3;

/// The longest name of an open file that is noted, in bytes: the kernel's own limit.
const PATH_BYTES: usize = 4096;

/// The highest descriptor that is opened again: no worker may have more files open.
const LAST_FD: u32 = 512;

/// Flags of `path_open` (`oflags` in the witx of WASI preview 1).
pub(crate) mod open_flags {
    pub(crate) const CREATE: i32 = 1;
    pub(crate) const DIRECTORY: i32 = 2;
    pub(crate) const EXCLUSIVE: i32 = 4;
    pub(crate) const TRUNCATE: i32 = 8;
}

/// The flag of a descriptor that appends (`fdflags`).
const APPEND: i32 = 1;
/// The flag of a lookup that follows a link (`lookupflags`).
const FOLLOW: i32 = 1;
/// The right to read (`rights`).
const READ: i64 = 1 << 1;
const SUCCESS: i32 = 0;

/// Calls a function of `wasmtime-wasi`. Its waiting is on this thread, in the runtime that the worker entered.
macro_rules! call {
    ($files:expr, $memory:expr, $name:ident($($argument:expr),*)) => {{
        let mut memory = GuestMemory::Unshared(&mut $memory[..]);
        tokio::runtime::Handle::current().block_on(preview1::$name($files.ready(), &mut memory, $($argument),*))
    }};
}
pub(crate) use call;

/// Calls a function of `wasmtime-wasi` that does not wait.
macro_rules! call_at_once {
    ($files:expr, $memory:expr, $name:ident($($argument:expr),*)) => {
        preview1::$name($files.ready(), &mut GuestMemory::Unshared(&mut $memory[..]), $($argument),*)
    };
}
pub(crate) use call_at_once;

/// The files of one guest.
pub(crate) struct Files {
    pub(crate) wasi: WasiP1Ctx,
    /// Bytes and names that the workspace may have.
    quota: (u64, u64),
    pub(crate) room: Room,
    pub(crate) seen: Seen,
    /// Whether the workspace had anything in it when it was last counted.
    holds: bool,
    open: BTreeMap<u32, Open>,
    /// The first descriptor after those of the workspace and the granted directories.
    first_free: u32,
}

/// What is noted of an open file or directory.
struct Open {
    /// From the workspace; `None`: not to be told.
    path: Option<String>,
    how: How,
    /// Of a regular file: its identity.
    regular: Option<u64>,
}

/// How a file was opened.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) lookup: i32,
    pub(crate) open_flags: i32,
    pub(crate) rights: i64,
    pub(crate) fd_flags: i32,
}

/// What WASI says of a file (`filestat` in the witx).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stat {
    pub(crate) identity: u64,
    kind: u8,
    links: u64,
    bytes: u64,
}

impl Stat {
    const BYTES: usize = 64;
    /// Where scratch memory goes on behind one.
    const END: i32 = 64;
    const REGULAR: u8 = 4;

    fn read(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        Some(Stat { identity: word(8)?, kind: *bytes.get(16)?, links: word(24)?, bytes: word(32)? })
    }

    pub(crate) fn regular(&self) -> Option<u64> {
        (self.kind == Self::REGULAR).then_some(self.identity)
    }
}

impl Files {
    /// No directory, no environment.
    pub(crate) fn unbound() -> Self {
        Files::new(WasiCtxBuilder::new().build_p1(), (0, 0), WORKSPACE_FD + 1)
    }

    /// Opens the workspace and the granted directories, whose descriptors follow its own.
    pub(crate) fn bound(bind: &Bind) -> wasmtime::Result<Self> {
        let mut builder = WasiCtxBuilder::new();
        builder.allow_blocking_current_thread(true);
        for (name, value) in &bind.environment {
            builder.env(name, value);
        }
        builder.preopened_dir(Path::new(&bind.workspace), WORKSPACE, FsPerms::ReadWrite)?;
        let mut first_free = WORKSPACE_FD + 1;
        for FileGrant { mount, path, access, .. } in &bind.files {
            let access = match access {
                FileAccess::Read => FsPerms::ReadOnly,
                FileAccess::Write => FsPerms::ReadWrite,
            };
            builder.preopened_dir(path, mount, access)?;
            first_free += 1;
        }
        if Layer::Wasi.is_off() {
            builder.preopened_dir("/", OUTSIDE, FsPerms::ReadWrite)?;
            first_free += 1;
        }
        Ok(Files::new(builder.build_p1(), (bind.workspace_bytes, bind.workspace_files), first_free))
    }

    fn new(wasi: WasiP1Ctx, quota: (u64, u64), first_free: u32) -> Self {
        Files { wasi, quota, room: Room::default(), seen: Seen::default(), holds: false, open: BTreeMap::new(), first_free }
    }

    /// For the next call, with what it may copy; `wasmtime` sets the same before a call of its own.
    pub(crate) fn ready(&mut self) -> &mut WasiP1Ctx {
        self.wasi.set_hostcall_fuel(COPIED_BYTES);
        &mut self.wasi
    }

    /// Finds out what room the workspace has. Between two turns the broker may have put something there.
    pub(crate) fn count(&mut self, workspace: &Path) {
        self.holds = self.room.count(self.quota, workspace);
    }

    /// A turn begins.
    pub(crate) fn begin_turn(&mut self) {
        let root = if self.holds { self.look_at(WORKSPACE_FD.cast_signed(), FOLLOW, ".") } else { None };
        self.seen = Seen::begin(self.holds, !self.open.is_empty(), root.map(|root| root.identity));
    }

    /// A call is about what this name stands for.
    pub(crate) fn uses(&mut self, directory: i32, lookup: i32, path: &str) {
        self.uses_above(directory, path);
        if self.seen.watches()
            && let Some(stat) = self.look_at(directory, lookup, path)
        {
            self.seen.uses(Some(stat.identity));
        }
    }

    /// A call is about a name in the directory where this one is.
    pub(crate) fn uses_above(&mut self, directory: i32, path: &str) {
        if !self.seen.watches() {
            return;
        }
        if path.split('/').any(|part| part == "..") {
            return self.seen.uses(None);
        }
        let above = path.trim_end_matches('/').rsplit_once('/').map(|(above, _)| above);
        if let Some(stat) = above.and_then(|above| self.look_at(directory, FOLLOW, above)) {
            self.seen.uses(Some(stat.identity));
        }
    }

    /// A call made this name.
    pub(crate) fn made(&mut self, directory: i32, path: &str) {
        if self.seen.watches()
            && let Some(stat) = self.look_at(directory, 0, path)
        {
            self.seen.made(stat.identity);
        }
    }

    /// What a path names, if it names something.
    pub(crate) fn look_at(&mut self, directory: i32, lookup: i32, path: &str) -> Option<Stat> {
        let mut scratch = vec![0; Stat::BYTES];
        scratch.extend(path.as_bytes());
        let length = i32::try_from(path.len()).ok()?;
        let result = call!(self, scratch, path_filestat_get(directory, lookup, Stat::END, length, 0));
        if result.ok()? == SUCCESS { Stat::read(&scratch) } else { None }
    }

    /// Notes a file that was opened: `before` is what the name stood for, where the call could create or empty it.
    pub(crate) fn opened(&mut self, fd: u32, directory: i32, path: &str, how: How, before: Option<Stat>) {
        let mut scratch = [0; Stat::BYTES];
        let stat = match call!(self, scratch, fd_filestat_get(fd.cast_signed(), 0)) {
            Ok(SUCCESS) => Stat::read(&scratch),
            _ => None,
        };
        let regular = stat.and_then(|stat| stat.regular());
        let made = how.open_flags & open_flags::CREATE != 0 && before.is_none();
        if (made || how.open_flags & open_flags::TRUNCATE != 0)
            && let Some(stat) = stat
        {
            self.seen.made(stat.identity);
        }
        if made {
            self.room.named();
        }
        if how.open_flags & open_flags::TRUNCATE != 0
            && let Some(before) = before
            && let Some(identity) = before.regular()
        {
            self.room.emptied(identity, before.bytes);
        }
        if let (Some(identity), Some(stat)) = (regular, stat) {
            self.room.opened(identity, stat.bytes);
        }
        let path = self.path_below(directory.cast_unsigned(), path);
        self.open.insert(fd, Open { path, how, regular });
    }

    /// Forgets a file that was closed.
    pub(crate) fn closed(&mut self, fd: u32) {
        if let Some(identity) = self.open.remove(&fd).and_then(|open| open.regular) {
            self.room.closed(identity);
        }
    }

    /// A descriptor took another one's place, which was closed.
    pub(crate) fn moved(&mut self, from: u32, to: u32) {
        if from != to {
            self.closed(to);
            if let Some(open) = self.open.remove(&from) {
                self.open.insert(to, open);
            }
        }
    }

    /// A descriptor has other flags now.
    pub(crate) fn set_flags(&mut self, fd: u32, flags: i32) {
        if let Some(open) = self.open.get_mut(&fd) {
            open.how.fd_flags = flags;
        }
    }

    /// A name is gone that stood for this.
    pub(crate) fn unnamed(&mut self, stat: Stat) {
        self.room.unnamed(stat.regular().filter(|_| stat.links <= 1).map(|identity| (identity, stat.bytes)));
    }

    /// The identity of an open regular file.
    pub(crate) fn regular(&self, fd: i32) -> Option<u64> {
        self.open.get(&fd.cast_unsigned())?.regular
    }

    /// Where the next write to an open file begins; `at` is where it shall be, `None` at the file's own offset.
    pub(crate) fn start_of_write(&mut self, fd: i32, identity: u64, at: Option<u64>) -> u64 {
        let appends = self.open.get(&fd.cast_unsigned()).is_some_and(|open| open.how.fd_flags & APPEND != 0);
        if appends { self.room.size(identity) } else { at.unwrap_or_else(|| self.offset(fd)) }
    }

    fn offset(&mut self, fd: i32) -> u64 {
        let mut scratch = [0; 8];
        match call_at_once!(self, scratch, fd_tell(fd, 0)) {
            Ok(SUCCESS) => u64::from_le_bytes(scratch),
            _ => 0,
        }
    }

    /// A path from the workspace, for one from an open directory.
    fn path_below(&self, directory: u32, path: &str) -> Option<String> {
        let above = if directory == WORKSPACE_FD { "" } else { self.open.get(&directory)?.path.as_deref()? };
        let joined = if above.is_empty() { path.to_owned() } else { format!("{above}/{path}") };
        (joined.len() <= PATH_BYTES).then_some(joined)
    }

    /// The open files for a checkpoint, and how many cannot be opened again: their name is gone or stands for another file.
    pub(crate) fn open_files(&mut self) -> (Vec<OpenFile>, u32) {
        let noted: Vec<(u32, String, How, bool)> = self
            .open
            .iter()
            .filter(|(fd, _)| (self.first_free..=LAST_FD).contains(fd))
            .filter_map(|(fd, open)| Some((*fd, open.path.clone()?, open.how, open.regular.is_some())))
            .collect();
        let files: Vec<OpenFile> = noted
            .into_iter()
            .filter_map(|(fd, path, how, regular)| {
                let mut scratch = [0; Stat::BYTES];
                let same = call!(self, scratch, fd_filestat_get(fd.cast_signed(), 0)).is_ok_and(|result| result == SUCCESS)
                    && Stat::read(&scratch)?.identity == self.look_at(WORKSPACE_FD.cast_signed(), how.lookup, &path)?.identity;
                let offset = if regular { self.offset(fd.cast_signed()) } else { 0 };
                let How { lookup, open_flags, rights, fd_flags } = how;
                same.then_some(OpenFile { fd, path, lookup, open_flags: open_flags & open_flags::DIRECTORY, rights, fd_flags, offset })
            })
            .collect();
        let lost = self.open.len().saturating_sub(files.len());
        (files, u32::try_from(lost).unwrap_or(u32::MAX))
    }

    /// Opens files again under the descriptors that they had; one that cannot be opened stays closed.
    pub(crate) fn open_again(&mut self, files: Vec<OpenFile>) {
        // Descriptors are given out in order, so that what fills a gap is closed again afterwards.
        let mut gaps = Vec::new();
        let mut next = self.first_free;
        for file in files {
            if file.fd < next || file.fd > LAST_FD {
                continue;
            }
            while next < file.fd {
                if self.fill(next, &mut gaps).is_none() {
                    break;
                }
                next += 1;
            }
            let how = How { lookup: file.lookup, open_flags: file.open_flags & open_flags::DIRECTORY, rights: file.rights, fd_flags: file.fd_flags };
            match self.open(&file.path, how) {
                Some(fd) if fd == file.fd => {
                    self.opened(fd, WORKSPACE_FD.cast_signed(), &file.path, how, None);
                    self.seek(fd, file.offset);
                }
                Some(other) => self.close(other),
                None if self.fill(next, &mut gaps).is_some() => {}
                None => break,
            }
            next = file.fd + 1;
        }
        for fd in gaps {
            self.close(fd);
        }
    }

    /// Opens the workspace itself in place of a file that is not there.
    fn fill(&mut self, fd: u32, gaps: &mut Vec<u32>) -> Option<()> {
        let how = How { lookup: 0, open_flags: open_flags::DIRECTORY, rights: READ, fd_flags: 0 };
        let filled = self.open(".", how)?;
        gaps.push(filled);
        (filled == fd).then_some(())
    }

    fn open(&mut self, path: &str, how: How) -> Option<u32> {
        let mut scratch = vec![0; 4];
        scratch.extend(path.as_bytes());
        let length = i32::try_from(path.len()).ok()?;
        let How { lookup, open_flags, rights, fd_flags } = how;
        let opened = call!(self, scratch, path_open(WORKSPACE_FD.cast_signed(), lookup, 4, length, open_flags, rights, rights, fd_flags, 0));
        if opened.ok()? == SUCCESS { Some(u32::from_le_bytes(scratch.get(..4)?.try_into().ok()?)) } else { None }
    }

    fn seek(&mut self, fd: u32, offset: u64) {
        const FROM_START: i32 = 0;
        let mut scratch = [0; 8];
        // A directory has no offset; then there is nothing to do.
        let _ = call!(self, scratch, fd_seek(fd.cast_signed(), offset.cast_signed(), FROM_START, 0));
    }

    fn close(&mut self, fd: u32) {
        // It was opened a moment ago.
        let _ = call!(self, [0_u8; 0], fd_close(fd.cast_signed()));
    }
}
