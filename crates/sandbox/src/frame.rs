//! What broker and worker say to each other: postcard messages behind a little-endian u32 length, capped.
//!
//! The broker treats every frame as hostile: a length over the cap or a message that does not decode ends the worker.

use crate::run::{Bind, Turn};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::io::{self, Read, Write};

/// The largest frame, in bytes. Room for the largest reply (16 MiB on the wire) after it was serialised anew.
pub(crate) const FRAME_BYTES: usize = 40 << 20;

/// The largest part of a checkpoint in one message, in bytes. Small enough that one side compresses while the other writes, and that the allocator
/// does not map and unmap memory for each.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;

/// Broker to worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToWorker {
    /// Binds the worker to a session or a stateless run. Once, before the first turn. With a turn its end is the answer, else `Bound`.
    Bind {
        /// What to.
        bind: Bind,
        /// What to run at once: a stateless run is one message.
        turn: Option<Turn>,
    },
    /// Runs one program.
    Turn(Turn),
    /// Saves the guest. Answered by `Pages`, then `Saved` or `NotSaved`.
    Checkpoint {
        /// Bytes that may be sent.
        limit_bytes: u64,
    },
    /// A part of a checkpoint to restore, after `Bind` and before the first turn; an empty part is the end. Answered by `Restored` or `Refused`.
    Pages(ByteBuf),
    /// The reply to a host call.
    Reply(ByteBuf),
    /// Asks which pages of the guest's memory are the worker's own, after a turn. Answered by `OwnPages`.
    OwnPages,
}

/// Worker to broker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromWorker {
    /// Sealed, with an instance.
    Ready,
    /// Bound and sealed for good.
    Bound,
    /// `host.call`: the request document. The worker waits for `Reply`.
    HostCall(ByteBuf),
    /// `turn` returned.
    Ended {
        /// Its status.
        status: i32,
        /// What the guest learned of the world.
        tape: Result<ByteBuf, Untaped>,
    },
    /// The guest trapped; it must not run again.
    Trapped {
        /// What kind of trap.
        trap: Trapped,
        /// Wasmtime's words.
        message: String,
        /// As for a turn that returned.
        tape: Result<ByteBuf, Untaped>,
    },
    /// A part of a checkpoint, of at most [`CHUNK_BYTES`].
    Pages(ByteBuf),
    /// The checkpoint is complete.
    Saved(Saved),
    /// There is no checkpoint; the guest is as it was.
    NotSaved(NotSaved),
    /// The checkpoint is in place.
    Restored,
    /// The checkpoint is none, or not for this guest: why. The worker ends.
    Refused(String),
    /// The worker itself failed.
    Fault(String),
    /// The indexes of its own pages, or why they are not known.
    OwnPages(Result<Vec<u32>, String>),
}

/// What a checkpoint holds, as its worker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Size of the guest's memory, in bytes.
    pub memory_bytes: u64,
    /// Pages of it that differ from the guest's image.
    pub pages: u32,
    /// Files that the guest has open and that will be opened again.
    pub files: u32,
    /// Files that the guest has open and that will be closed, since they have no name in the workspace any more.
    pub lost_files: u32,
}

/// Why a worker gave no checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum NotSaved {
    /// It would be larger than the limit.
    TooLarge,
    /// This guest or this kernel does not allow one: why.
    Impossible(String),
}

/// Why what a guest learned of the world is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Untaped {
    /// The turn did not end by itself, or its tape became too long, or was too short.
    NotWhole,
    /// It used files that its workspace held before it, which are on no tape.
    OlderFiles,
}

/// How a guest trapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trapped {
    /// Native stack exhausted.
    StackOverflow,
    /// The guest called `proc_exit` (an `abort` in C ends there too).
    Exit(i32),
    /// Anything else: `unreachable`, an access outside memory.
    Other,
}

/// Encodes a message with its length in front.
pub(crate) fn encode<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let mut bytes = postcard::to_extend(message, vec![0; 4]).map_err(io::Error::other)?;
    let body = bytes.len() - 4;
    if body > FRAME_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {body} bytes, larger than {FRAME_BYTES}")));
    }
    let length = u32::try_from(body).map_err(io::Error::other)?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

/// Decodes a message's body. Bytes after it are an error.
pub(crate) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> io::Result<T> {
    match postcard::take_from_bytes(body).map_err(io::Error::other)? {
        (message, []) => Ok(message),
        (_, rest) => Err(io::Error::new(io::ErrorKind::InvalidData, format!("{} bytes after the message", rest.len()))),
    }
}

/// The length that a frame's first four bytes announce.
pub(crate) fn length(head: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(head) as usize;
    if length > FRAME_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes, larger than {FRAME_BYTES}")));
    }
    Ok(length)
}

/// Writes one message. Blocking: the worker's side.
pub(crate) fn send<T: Serialize>(mut socket: impl Write, message: &T) -> io::Result<()> {
    socket.write_all(&encode(message)?)
}

/// Reads one message. Blocking: the worker's side.
pub(crate) fn receive<T: for<'a> Deserialize<'a>>(mut socket: impl Read) -> io::Result<T> {
    let mut head = [0; 4];
    socket.read_exact(&mut head)?;
    let mut body = vec![0; length(head)?];
    socket.read_exact(&mut body)?;
    decode(&body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_went() {
        let mut wire = Vec::new();
        send(&mut wire, &FromWorker::HostCall(ByteBuf::from(*b"abc"))).unwrap();
        let FromWorker::HostCall(body) = receive(wire.as_slice()).unwrap() else { panic!("another message") };
        assert_eq!(body.as_ref(), b"abc");
    }

    #[test]
    fn hostile_frames_are_errors() {
        for bytes in [&[0xff, 0xff, 0xff, 0xff][..], &[1, 0, 0, 0, 200], &[0, 0, 0, 0], &[2, 0, 0, 0, 0, 0], &[3, 0, 0, 0, 1, 9, 0]] {
            assert!(receive::<FromWorker>(bytes).is_err(), "{bytes:?}");
        }
    }
}
