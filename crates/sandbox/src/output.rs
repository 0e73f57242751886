//! What a program prints: a memory file that the worker writes and the broker reads after the run, even after a kill.
//!
//! The file has a fixed size, so that a flood costs the worker its own time and the broker nothing: the first half of what is kept
//! is the head of the output, the second half a ring with its tail. The broker trusts no byte of it beyond its size.

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use std::{fs::File, io, os::unix::fs::FileExt};

/// Bytes before the head: total bytes and number of writes, each u64 little-endian.
const HEADER_BYTES: u64 = HEADER as u64;
const HEADER: usize = 16;

/// How much is read at once on the thread that answers, in bytes: less than a tenth of a millisecond's work.
const INLINE_BYTES: u64 = 64 * 1024;

/// Printed output of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// The first bytes, or all of them.
    pub head: Vec<u8>,
    /// The last bytes, when something between was dropped; else empty.
    pub tail: Vec<u8>,
    /// How many bytes were printed in all.
    pub total_bytes: u64,
    /// How many writes it took.
    pub writes: u64,
}

/// Makes the file for one worker.
pub(crate) fn create(kept_bytes: u64) -> io::Result<File> {
    let file = memfd_create("cofferdam-output", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&file, HEADER_BYTES + kept_bytes)?;
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    Ok(file.into())
}

/// The worker's end.
#[derive(Debug)]
pub(crate) struct Sink {
    file: File,
    half_bytes: u64,
    total_bytes: u64,
    writes: u64,
}

impl Sink {
    /// Takes the file that the broker made.
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let half_bytes = file.metadata()?.len().saturating_sub(HEADER_BYTES) / 2;
        Ok(Sink { file, half_bytes, total_bytes: 0, writes: 0 })
    }

    /// Begins anew: what comes now is all that was printed. Costs nothing when nothing was.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        if self.writes > 0 {
            (self.total_bytes, self.writes) = (0, 0);
            self.file.write_all_at(&[0; HEADER], 0)?;
        }
        Ok(())
    }

    /// Appends what the program printed.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        // More than a whole ring at once: only its end could stay.
        if let Some(room) = self.half_bytes.checked_sub(self.total_bytes) {
            let now = rest.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            self.file.write_all_at(&rest[..now], HEADER_BYTES + self.total_bytes)?;
            self.total_bytes += now as u64;
            rest = &rest[now..];
        }
        while !rest.is_empty() && self.half_bytes > 0 {
            let at = (self.total_bytes - self.half_bytes) % self.half_bytes;
            let now = rest.len().min(usize::try_from(self.half_bytes - at).unwrap_or(usize::MAX));
            self.file.write_all_at(&rest[..now], HEADER_BYTES + self.half_bytes + at)?;
            self.total_bytes += now as u64;
            rest = &rest[now..];
        }
        self.writes += 1;
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(&self.total_bytes.to_le_bytes());
        header[8..].copy_from_slice(&self.writes.to_le_bytes());
        self.file.write_all_at(&header, 0)
    }
}

/// Whether so much was printed that reading it is worth a thread of its own.
pub(crate) fn is_large(file: &File) -> io::Result<bool> {
    let mut total_bytes = [0; 8];
    file.read_exact_at(&mut total_bytes, 0)?;
    Ok(u64::from_le_bytes(total_bytes) > INLINE_BYTES)
}

/// Reads what was printed; at most `kept_bytes` as given to [`create`]. The broker's end.
pub(crate) fn read(file: &File, kept_bytes: u64) -> io::Result<Output> {
    let mut header = [0; HEADER];
    file.read_exact_at(&mut header, 0)?;
    let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| header[at + i]));
    let (total_bytes, writes, half) = (word(0), word(8), kept_bytes / 2);
    // What was printed, or one half of what is kept, of which the later bytes may stand before the earlier ones.
    let part = |from: u64, bytes: u64, later: u64| -> io::Result<Vec<u8>> {
        let mut part = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
        let (first, last) = part.split_at_mut(usize::try_from(bytes - later).map_err(io::Error::other)?);
        file.read_exact_at(first, HEADER_BYTES + from + later)?;
        file.read_exact_at(last, HEADER_BYTES + from)?;
        Ok(part)
    };
    let ring = total_bytes.saturating_sub(half);
    let (head, tail) = if ring <= half {
        (part(0, total_bytes, 0)?, Vec::new())
    } else {
        (part(0, half, 0)?, part(half, half, ring.checked_rem(half).unwrap_or(0))?)
    };
    Ok(Output { head, tail, total_bytes, writes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(kept_bytes: u64, writes: &[&[u8]]) -> Output {
        let file = create(kept_bytes).unwrap();
        let mut sink = Sink::new(file.try_clone().unwrap()).unwrap();
        for bytes in writes {
            sink.write(bytes).unwrap();
        }
        read(&file, kept_bytes).unwrap()
    }

    #[test]
    fn output_within_the_limit_is_whole() {
        let output = printed(8, &[b"abc", b"", b"defgh"]);
        assert_eq!(output, Output { head: b"abcdefgh".to_vec(), tail: vec![], total_bytes: 8, writes: 3 });
    }

    #[test]
    fn more_output_is_head_and_tail() {
        let output = printed(8, &[b"abcdef", b"ghijklmnop"]);
        assert_eq!(output, Output { head: b"abcd".to_vec(), tail: b"mnop".to_vec(), total_bytes: 16, writes: 2 });
        assert_eq!(printed(8, &[b"abcdefghijk"]).tail, b"hijk");
    }

    #[test]
    fn a_restarted_sink_forgets() {
        let file = create(8).unwrap();
        let mut sink = Sink::new(file.try_clone().unwrap()).unwrap();
        sink.write(b"abcdefghijk").unwrap();
        sink.restart().unwrap();
        assert_eq!(read(&file, 8).unwrap(), Output::default());
        sink.write(b"xyz").unwrap();
        assert_eq!(read(&file, 8).unwrap(), Output { head: b"xyz".to_vec(), tail: vec![], total_bytes: 3, writes: 1 });
    }

    #[test]
    fn what_takes_long_to_read_is_large_whatever_the_header_says() {
        let file = create(8).unwrap();
        assert!(!is_large(&file).unwrap());
        for (total_bytes, is) in [(INLINE_BYTES, false), (INLINE_BYTES + 1, true), (u64::MAX, true)] {
            file.write_all_at(&total_bytes.to_le_bytes(), 0).unwrap();
            assert_eq!(is_large(&file).unwrap(), is, "{total_bytes}");
        }
    }

    #[test]
    fn a_lying_header_reads_only_what_is_there() {
        for (kept, half) in [(8, 4), (1, 0), (0, 0)] {
            let file = create(kept).unwrap();
            file.write_all_at(&[0xff; 16], 0).unwrap();
            let output = read(&file, kept).unwrap();
            assert_eq!((output.head.len(), output.tail.len()), (half, half));
        }
    }
}
