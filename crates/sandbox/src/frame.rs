//! What broker and worker say to each other: postcard messages behind a little-endian u32 length, capped.
//!
//! The broker treats every frame as hostile: a length over the cap or a message that does not decode ends the worker.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::io::{self, Read, Write};

/// The largest frame, in bytes. Room for the largest reply (16 MiB on the wire) after it was serialised anew.
pub(crate) const FRAME_BYTES: usize = 40 << 20;

/// Broker to worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToWorker {
    /// Binds the worker to a session or a stateless run. Once, before the first turn.
    Bind(crate::run::Bind),
    /// Runs one program: a turn document.
    Turn(ByteBuf),
    /// The reply to a host call.
    Reply(ByteBuf),
}

/// Worker to broker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromWorker {
    /// Sealed, with an instance.
    Ready,
    /// `host.call`: the request document. The worker waits for `Reply`.
    HostCall(ByteBuf),
    /// `turn` returned this status.
    Ended(i32),
    /// The guest trapped; it must not run again.
    Trapped {
        /// What kind of trap.
        trap: Trapped,
        /// Wasmtime's words.
        message: String,
    },
    /// The worker itself failed.
    Fault(String),
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
