//! The calls of WASI that change what is in the workspace or what is open, each behind the quota, and those that say what is there.
//!
//! Each asks `wasmtime-wasi` when there is room, and notes what came of it; what only the file system decides goes over the tape, and names that stand
//! for what was there before the turn are noted.

use crate::{
    files::{How, call, call_at_once, open_flags},
    instance::{State, address},
    room::Full,
    wasi::{FILE, PREVIEW1, errno, memory, put, vectors, word},
};
use wasmtime::{Caller, Linker};
use wasmtime_wasi::p1::wasi_snapshot_preview1 as preview1;
use wiggle::GuestMemory;

/// Puts these calls in front of `wasmtime-wasi`'s.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(PREVIEW1, "fd_write", fd_write)?;
    linker.func_wrap(PREVIEW1, "fd_pwrite", fd_pwrite)?;
    linker.func_wrap(PREVIEW1, "fd_filestat_set_size", fd_filestat_set_size)?;
    linker.func_wrap(PREVIEW1, "fd_allocate", fd_allocate)?;
    linker.func_wrap(PREVIEW1, "fd_close", fd_close)?;
    linker.func_wrap(PREVIEW1, "fd_renumber", fd_renumber)?;
    linker.func_wrap(PREVIEW1, "fd_fdstat_set_flags", fd_fdstat_set_flags)?;
    linker.func_wrap(PREVIEW1, "path_open", path_open)?;
    linker.func_wrap(PREVIEW1, "path_create_directory", path_create_directory)?;
    linker.func_wrap(PREVIEW1, "path_link", path_link)?;
    linker.func_wrap(PREVIEW1, "path_symlink", path_symlink)?;
    linker.func_wrap(PREVIEW1, "path_unlink_file", path_unlink_file)?;
    linker.func_wrap(PREVIEW1, "path_remove_directory", path_remove_directory)?;
    linker.func_wrap(PREVIEW1, "path_rename", path_rename)?;
    linker.func_wrap(PREVIEW1, "fd_filestat_get", fd_filestat_get)?;
    linker.func_wrap(PREVIEW1, "path_filestat_get", path_filestat_get)?;
    linker.func_wrap(PREVIEW1, "path_filestat_set_times", path_filestat_set_times)?;
    linker.func_wrap(PREVIEW1, "path_readlink", path_readlink)?;
    linker.func_wrap(PREVIEW1, "fd_readdir", fd_readdir)?;
    Ok(())
}

/// Links are not followed.
const THE_NAME_ITSELF: i32 = 0;

/// A path in the guest's memory; `None` where `wasmtime-wasi` would not read one either.
fn text(memory: &[u8], pointer: i32, length: i32) -> Option<String> {
    let bytes = memory.get(address(pointer)..address(pointer) + address(length))?;
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn fd_write(mut caller: Caller<'_, State>, fd: i32, pointer: i32, count: i32, out: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    if fd != 1 && fd != 2 {
        return write(memory, state, fd, (pointer, count), None, out);
    }
    let Some(ranges) = vectors(memory, pointer, count) else { return Ok(errno::FAULT) };
    let total: usize = ranges.iter().map(ExactSizeIterator::len).sum();
    for range in ranges {
        if state.wasi.sink.write(&memory[range]).is_err() {
            return Ok(errno::IO);
        }
    }
    Ok(put(memory, address(out), &u32::try_from(total)?.to_le_bytes()))
}

fn fd_pwrite(mut caller: Caller<'_, State>, fd: i32, pointer: i32, count: i32, offset: i64, out: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    write(memory, state, fd, (pointer, count), Some(offset.cast_unsigned()), out)
}

/// Writes to a file, at an offset or where it stands.
fn write(memory: &mut [u8], state: &mut State, fd: i32, (pointer, count): (i32, i32), at: Option<u64>, out: i32) -> wasmtime::Result<i32> {
    let Some(ranges) = vectors(memory, pointer, count) else { return Ok(errno::FAULT) };
    let files = &mut state.wasi.files;
    let Some(identity) = files.regular(fd) else { return Ok(errno::BADF) };
    // `wasmtime-wasi` writes the first part that is not empty, and the program calls again.
    let length = ranges.iter().map(ExactSizeIterator::len).find(|length| *length > 0).unwrap_or(0);
    let start = files.start_of_write(fd, identity, at);
    if length > 0 && files.room.allows_end(identity, start.saturating_add(length as u64)) == Err(Full) {
        return Ok(errno::NOSPC);
    }
    let result = match at {
        None => call!(files, memory, fd_write(fd, pointer, count, out))?,
        Some(at) => call!(files, memory, fd_pwrite(fd, pointer, count, at.cast_signed(), out))?,
    };
    let written = u64::from(word(memory, address(out)).unwrap_or(0));
    if result == errno::SUCCESS && written > 0 {
        let end = start.saturating_add(written).max(files.room.size(identity));
        files.room.resized(identity, end);
    }
    Ok(result)
}

fn fd_filestat_set_size(mut caller: Caller<'_, State>, fd: i32, size: i64) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    set_size(memory, state, fd, size.cast_unsigned())
}

/// Makes a file longer where it is shorter than the range; where it is not, there is nothing to do.
fn fd_allocate(mut caller: Caller<'_, State>, fd: i32, offset: i64, length: i64) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    let Some(identity) = state.wasi.files.regular(fd) else { return Ok(errno::BADF) };
    if length == 0 {
        return Ok(errno::INVAL);
    }
    let end = offset.cast_unsigned().saturating_add(length.cast_unsigned());
    let size = state.wasi.files.room.size(identity);
    set_size(memory, state, fd, end.max(size))
}

fn set_size(memory: &mut [u8], state: &mut State, fd: i32, size: u64) -> wasmtime::Result<i32> {
    let files = &mut state.wasi.files;
    let Some(identity) = files.regular(fd) else { return Ok(errno::BADF) };
    if files.room.allows_end(identity, size) == Err(Full) {
        return Ok(errno::NOSPC);
    }
    let result = call!(files, memory, fd_filestat_set_size(fd, size.cast_signed()))?;
    if result == errno::SUCCESS {
        files.room.resized(identity, size);
    }
    Ok(result)
}

fn fd_close(mut caller: Caller<'_, State>, fd: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    let files = &mut state.wasi.files;
    let result = call!(files, memory, fd_close(fd))?;
    if result == errno::SUCCESS {
        files.closed(fd.cast_unsigned());
    }
    Ok(result)
}

fn fd_renumber(mut caller: Caller<'_, State>, from: i32, to: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    let files = &mut state.wasi.files;
    let result = call!(files, memory, fd_renumber(from, to))?;
    if result == errno::SUCCESS {
        files.moved(from.cast_unsigned(), to.cast_unsigned());
    }
    Ok(result)
}

fn fd_fdstat_set_flags(mut caller: Caller<'_, State>, fd: i32, flags: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    let files = &mut state.wasi.files;
    let result = call_at_once!(files, memory, fd_fdstat_set_flags(fd, flags))?;
    if result == errno::SUCCESS {
        files.set_flags(fd.cast_unsigned(), flags);
    }
    Ok(result)
}

#[expect(clippy::too_many_arguments, reason = "the signature is WASI's")]
fn path_open(
    mut caller: Caller<'_, State>,
    fd: i32,
    lookup: i32,
    path: i32,
    path_length: i32,
    open_flags: i32,
    rights: i64,
    inherited: i64,
    fd_flags: i32,
    out: i32,
) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    let files = &mut state.wasi.files;
    let name = text(memory, path, path_length);
    let changes = open_flags & (open_flags::CREATE | open_flags::TRUNCATE) != 0;
    let before = name.as_deref().filter(|_| changes).and_then(|name| files.look_at(fd, lookup, name));
    if let Some(name) = &name {
        // What is emptied at once is as good as new.
        let replaced = open_flags & (open_flags::TRUNCATE | open_flags::EXCLUSIVE) == open_flags::TRUNCATE;
        if replaced && before.is_some_and(|before| before.regular().is_some()) {
            files.uses_above(fd, name);
        } else {
            files.uses(fd, lookup, name);
        }
    }
    if open_flags & open_flags::CREATE != 0 && before.is_none() && files.room.allows_name() == Err(Full) {
        return Ok(errno::NOSPC);
    }
    let result = call!(files, memory, path_open(fd, lookup, path, path_length, open_flags, rights, inherited, fd_flags, out))?;
    if result == errno::SUCCESS
        && let (Some(opened), Some(name)) = (word(memory, address(out)), name)
    {
        files.opened(opened, fd, &name, How { lookup, open_flags, rights, fd_flags }, before);
    }
    Ok(result)
}

/// Makes a name when there is room for one.
macro_rules! naming {
    ($caller:expr, ($fd:expr, $path:expr, $length:expr), $name:ident($($argument:expr),*)) => {{
        let (memory, state) = memory(&mut $caller)?;
        let files = &mut state.wasi.files;
        let new = text(memory, $path, $length).unwrap_or_default();
        files.uses($fd, THE_NAME_ITSELF, &new);
        if files.room.allows_name() == Err(Full) {
            return Ok(errno::NOSPC);
        }
        let result = call!(files, memory, $name($($argument),*))?;
        if result == errno::SUCCESS {
            files.room.named();
            files.made($fd, &new);
        }
        Ok(result)
    }};
}

fn path_create_directory(mut caller: Caller<'_, State>, fd: i32, path: i32, length: i32) -> wasmtime::Result<i32> {
    naming!(caller, (fd, path, length), path_create_directory(fd, path, length))
}

#[expect(clippy::too_many_arguments, reason = "the signature is WASI's")]
fn path_link(
    mut caller: Caller<'_, State>,
    fd: i32,
    lookup: i32,
    path: i32,
    length: i32,
    new_fd: i32,
    new_path: i32,
    new_length: i32,
) -> wasmtime::Result<i32> {
    {
        let (memory, state) = memory(&mut caller)?;
        if let Some(old) = text(memory, path, length) {
            state.wasi.files.uses(fd, lookup, &old);
        }
    }
    naming!(caller, (new_fd, new_path, new_length), path_link(fd, lookup, path, length, new_fd, new_path, new_length))
}

fn path_symlink(mut caller: Caller<'_, State>, target: i32, target_length: i32, fd: i32, path: i32, length: i32) -> wasmtime::Result<i32> {
    naming!(caller, (fd, path, length), path_symlink(target, target_length, fd, path, length))
}

/// Takes a name away, and gives back what was behind it.
macro_rules! unnaming {
    ($caller:expr, $fd:expr, $path:expr, $length:expr, $name:ident) => {{
        let (memory, state) = memory(&mut $caller)?;
        let files = &mut state.wasi.files;
        let name = text(memory, $path, $length).unwrap_or_default();
        files.uses($fd, THE_NAME_ITSELF, &name);
        let before = files.look_at($fd, THE_NAME_ITSELF, &name);
        let result = call!(files, memory, $name($fd, $path, $length))?;
        if result == errno::SUCCESS
            && let Some(before) = before
        {
            files.unnamed(before);
        }
        Ok(result)
    }};
}

fn path_unlink_file(mut caller: Caller<'_, State>, fd: i32, path: i32, length: i32) -> wasmtime::Result<i32> {
    unnaming!(caller, fd, path, length, path_unlink_file)
}

fn path_remove_directory(mut caller: Caller<'_, State>, fd: i32, path: i32, length: i32) -> wasmtime::Result<i32> {
    unnaming!(caller, fd, path, length, path_remove_directory)
}

fn path_rename(mut caller: Caller<'_, State>, fd: i32, path: i32, length: i32, new_fd: i32, new_path: i32, new_length: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    let files = &mut state.wasi.files;
    for (fd, pointer, length) in [(fd, path, length), (new_fd, new_path, new_length)] {
        if let Some(name) = text(memory, pointer, length) {
            files.uses(fd, THE_NAME_ITSELF, &name);
        }
    }
    let moved = text(memory, path, length).and_then(|name| files.look_at(fd, THE_NAME_ITSELF, &name));
    let replaced = text(memory, new_path, new_length).and_then(|name| files.look_at(new_fd, THE_NAME_ITSELF, &name));
    let result = call!(files, memory, path_rename(fd, path, length, new_fd, new_path, new_length))?;
    if result == errno::SUCCESS
        && let (Some(moved), Some(replaced)) = (moved, replaced)
        // Two names of one file: renaming one to the other does nothing.
        && moved.identity != replaced.identity
    {
        files.unnamed(replaced);
    }
    Ok(result)
}

fn fd_filestat_get(mut caller: Caller<'_, State>, fd: i32, out: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    let result = call!(state.wasi.files, memory, fd_filestat_get(fd, out))?;
    Ok(if result == errno::SUCCESS { told(memory, state, out) } else { result })
}

fn path_filestat_get(mut caller: Caller<'_, State>, directory: i32, lookup: i32, pointer: i32, length: i32, out: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    if let Some(name) = text(memory, pointer, length) {
        state.wasi.files.uses(directory, lookup, &name);
    }
    let result = call!(state.wasi.files, memory, path_filestat_get(directory, lookup, pointer, length, out))?;
    Ok(if result == errno::SUCCESS { told(memory, state, out) } else { result })
}

#[expect(clippy::too_many_arguments, reason = "the signature is WASI's")]
fn path_filestat_set_times(
    mut caller: Caller<'_, State>,
    directory: i32,
    lookup: i32,
    pointer: i32,
    length: i32,
    accessed: i64,
    modified: i64,
    flags: i32,
) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    if let Some(name) = text(memory, pointer, length) {
        state.wasi.files.uses(directory, lookup, &name);
    }
    call!(state.wasi.files, memory, path_filestat_set_times(directory, lookup, pointer, length, accessed, modified, flags))
}

fn path_readlink(
    mut caller: Caller<'_, State>,
    directory: i32,
    pointer: i32,
    length: i32,
    buffer: i32,
    buffer_length: i32,
    out: i32,
) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    if let Some(name) = text(memory, pointer, length) {
        state.wasi.files.uses(directory, THE_NAME_ITSELF, &name);
    }
    call!(state.wasi.files, memory, path_readlink(directory, pointer, length, buffer, buffer_length, out))
}

/// Puts what is told of a file on the tape, or takes it from there: device, identity, links, size, and the three times of `filestat`.
fn told(memory: &mut [u8], state: &mut State, out: i32) -> i32 {
    for (lane, offset) in (FILE..).zip([0, 8, 24, 32, 40, 48, 56]) {
        let at = address(out) + offset;
        let Some(real) = memory.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes) else { return errno::FAULT };
        put(memory, at, &state.wasi.tape.number(lane, real).to_le_bytes());
    }
    errno::SUCCESS
}

/// A listing is on the tape as it was: order and identities are the file system's.
fn fd_readdir(mut caller: Caller<'_, State>, fd: i32, pointer: i32, length: i32, cookie: i64, out: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    let result = call!(state.wasi.files, memory, fd_readdir(fd, pointer, length, cookie, out))?;
    if result != errno::SUCCESS {
        return Ok(result);
    }
    let used = word(memory, address(out)).map_or(0, |used| used as usize);
    let Some(real) = memory.get(address(pointer)..address(pointer) + used) else { return Ok(errno::FAULT) };
    let listing = state.wasi.tape.text(real, address(length));
    if put(memory, address(pointer), &listing) != errno::SUCCESS {
        return Ok(errno::FAULT);
    }
    Ok(put(memory, address(out), &u32::try_from(listing.len())?.to_le_bytes()))
}
