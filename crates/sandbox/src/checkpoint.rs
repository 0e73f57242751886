//! Checkpoints as the broker sees them: bytes that stream between a worker and a file, and are never whole in the broker's memory.
//!
//! The broker does not look into them. Who restores one must know beforehand that it is untouched and of the same guest
//! ([`Worker::guest_hash`]); a worker refuses a damaged one all the same, and decodes it only when it is sealed.

use crate::{
    frame::{CHUNK_BYTES, FromWorker, NotSaved, Saved, ToWorker},
    pool::Worker,
    run::{Bind, End, STEP_WAIT, hear, say, unexpected},
};
use serde_bytes::ByteBuf;
use std::io;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::UnixStream,
};

/// Why there is no checkpoint. What was written to the sink is to be thrown away.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It would be larger than the limit. The worker is at rest, as before.
    #[error("the checkpoint would be larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// The guest or the kernel does not allow one. The worker is at rest, as before.
    #[error("no checkpoint can be made: {0}")]
    Impossible(String),
    /// The sink did not take it. The worker is at rest, as before.
    #[error("the checkpoint could not be written: {0}")]
    Sink(#[source] io::Error),
    /// The worker ended, and was killed if it had not.
    #[error("the worker ended while its checkpoint was made: {0:?}")]
    Worker(End),
}

/// Why a checkpoint was not restored. The worker is killed; another one can be used.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The worker refused it: it is damaged, or of another guest.
    #[error("the checkpoint is refused: {0}")]
    Refused(String),
    /// The source could not be read.
    #[error("the checkpoint could not be read: {0}")]
    Source(#[source] io::Error),
    /// The worker ended.
    #[error("the worker ended while a checkpoint was restored: {0:?}")]
    Worker(End),
}

impl Worker {
    /// Writes what the guest's memory is beyond its image, and which files it has open, to `sink`: at most `limit_bytes`. Only at rest.
    ///
    /// When the future is dropped, the worker cannot be used any more.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub async fn checkpoint(&mut self, sink: &mut (impl AsyncWrite + Unpin + Send), limit_bytes: u64) -> Result<Saved, CheckpointError> {
        self.leave_rest().map_err(CheckpointError::Worker)?;
        let saving = save(&mut self.socket, sink, limit_bytes);
        let saved = tokio::time::timeout(STEP_WAIT, saving).await.unwrap_or(Err(CheckpointError::Worker(End::Deadline)));
        if let Err(CheckpointError::Worker(end)) = saved {
            return Err(CheckpointError::Worker(self.ended(end).await));
        }
        self.rest();
        saved
    }

    /// Binds the worker and puts a checkpoint in place, before its first turn.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub async fn restore(&mut self, bind: &Bind, source: &mut (impl AsyncRead + Unpin + Send)) -> Result<(), RestoreError> {
        self.leave_rest().map_err(RestoreError::Worker)?;
        self.bound = Some(bind.clone());
        let loading = load(&mut self.socket, bind, source);
        match tokio::time::timeout(STEP_WAIT, loading).await.unwrap_or(Err(RestoreError::Worker(End::Deadline))) {
            Ok(()) => {
                self.rest();
                Ok(())
            }
            Err(RestoreError::Worker(end)) => Err(RestoreError::Worker(self.ended(end).await)),
            Err(error) => {
                self.kill();
                Err(error)
            }
        }
    }
}

async fn save(socket: &mut BufReader<UnixStream>, sink: &mut (impl AsyncWrite + Unpin + Send), limit_bytes: u64) -> Result<Saved, CheckpointError> {
    say(socket, &ToWorker::Checkpoint { limit_bytes }).await.map_err(CheckpointError::Worker)?;
    let mut left = limit_bytes;
    let mut failed = None;
    loop {
        match hear(socket).await.map_err(CheckpointError::Worker)? {
            FromWorker::Pages(bytes) => {
                let within = left.checked_sub(bytes.len() as u64).filter(|_| bytes.len() <= CHUNK_BYTES);
                left = within.ok_or_else(|| CheckpointError::Worker(End::Misbehaved("more of a checkpoint than is allowed".to_owned())))?;
                // The worker is heard out even when the sink is broken, so that it stays of use.
                if failed.is_none() {
                    failed = sink.write_all(&bytes).await.err();
                }
            }
            FromWorker::Saved(saved) => {
                let failed = if failed.is_none() { sink.flush().await.err() } else { failed };
                return failed.map_or(Ok(saved), |error| Err(CheckpointError::Sink(error)));
            }
            FromWorker::NotSaved(NotSaved::TooLarge) => return Err(CheckpointError::TooLarge { limit_bytes }),
            FromWorker::NotSaved(NotSaved::Impossible(reason)) => return Err(CheckpointError::Impossible(reason)),
            other => return Err(CheckpointError::Worker(unexpected(&other))),
        }
    }
}

async fn load(socket: &mut BufReader<UnixStream>, bind: &Bind, source: &mut (impl AsyncRead + Unpin + Send)) -> Result<(), RestoreError> {
    let mut said = say(socket, &ToWorker::Bind { bind: bind.clone(), turn: None }).await;
    let mut chunk = vec![0; CHUNK_BYTES];
    // A worker that refuses closes its socket: then its answer says more than the write that failed.
    while said.is_ok() {
        let length = source.read(&mut chunk).await.map_err(RestoreError::Source)?;
        said = say(socket, &ToWorker::Pages(ByteBuf::from(&chunk[..length]))).await;
        if length == 0 {
            break;
        }
    }
    loop {
        match hear(socket).await.map_err(RestoreError::Worker)? {
            FromWorker::Bound => {}
            FromWorker::Restored => return Ok(()),
            FromWorker::Refused(reason) => return Err(RestoreError::Refused(reason)),
            other => return Err(RestoreError::Worker(unexpected(&other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;

    /// Asks a worker that has already said these things for a checkpoint of at most 100 bytes.
    async fn said(messages: &[FromWorker]) -> (Result<Saved, CheckpointError>, Vec<u8>) {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        for message in messages {
            theirs.write_all(&frame::encode(message).unwrap()).await.unwrap();
        }
        let mut sink = Vec::new();
        let saved = save(&mut BufReader::new(ours), &mut sink, 100).await;
        (saved, sink)
    }

    fn pages(bytes: usize) -> FromWorker {
        FromWorker::Pages(ByteBuf::from(vec![1; bytes]))
    }

    #[tokio::test]
    async fn a_hostile_worker_cannot_have_more_written_than_the_limit() {
        let saved = Saved { memory_bytes: 1, pages: 2, files: 3, lost_files: 4 };
        let (within, sink) = said(&[pages(60), pages(40), FromWorker::Saved(saved)]).await;
        assert_eq!((within.unwrap(), sink.len()), (saved, 100));
        let (over, sink) = said(&[pages(60), pages(41), FromWorker::Saved(saved)]).await;
        let why = "more of a checkpoint than is allowed".to_owned();
        assert!(matches!(&over, Err(CheckpointError::Worker(End::Misbehaved(found))) if *found == why), "{over:?}");
        assert_eq!(sink.len(), 60);
        let (other, _) = said(&[FromWorker::Restored]).await;
        assert!(matches!(other, Err(CheckpointError::Worker(End::Misbehaved(_)))));
    }
}
