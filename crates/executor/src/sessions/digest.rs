//! Hashes bytes on their way to or from a file, so that a checkpoint is read once.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A file and the BLAKE3 of what passed.
#[derive(Debug)]
pub(crate) struct Digested<F> {
    file: F,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<F> Digested<F> {
    pub(crate) fn new(file: F) -> Self {
        Digested { file, hasher: blake3::Hasher::new(), bytes: 0 }
    }

    /// The digest in hexadecimal, and how many bytes it is of.
    pub(crate) fn finish(self) -> (String, u64) {
        (self.hasher.finalize().to_hex().to_string(), self.bytes)
    }
}

impl<F: AsyncWrite + Unpin> AsyncWrite for Digested<F> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.file).poll_write(cx, bytes))?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_shutdown(cx)
    }
}

impl<F: AsyncRead + Unpin> AsyncRead for Digested<F> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.file).poll_read(cx, buffer))?;
        let read = &buffer.filled()[before..];
        self.hasher.update(read);
        self.bytes += read.len() as u64;
        Poll::Ready(Ok(()))
    }
}
