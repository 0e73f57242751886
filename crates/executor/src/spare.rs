//! Gives memory back to the system some time after runs with large replies. Guards a server that lives long: what its allocator had cut up for
//! millions of small values would otherwise stay with it, 200 MB after eight runs with replies of 8 MB at the same time.

use std::{
    sync::Arc,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};
use tokio::runtime::Handle;

/// How many bytes of replies have to have passed before it is worth looking.
const WORTH_BYTES: usize = 8 << 20;

/// How long after a run: what it left behind is written and dropped by then, and further runs are seen to together.
const AFTER: Duration = Duration::from_secs(2);

/// Replies that passed since memory was last given back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spare(Arc<Passed>);

#[derive(Debug, Default)]
struct Passed {
    bytes: AtomicUsize,
    is_due: AtomicBool,
}

impl Spare {
    /// A run ended that had replies of so many bytes.
    pub(crate) fn ended(&self, bytes: usize) {
        let before = self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        let Ok(runtime) = Handle::try_current() else { return };
        if before + bytes < WORTH_BYTES || self.0.is_due.swap(true, Ordering::Relaxed) {
            return;
        }
        let passed = Arc::clone(&self.0);
        runtime.spawn(async move {
            tokio::time::sleep(AFTER).await;
            passed.bytes.store(0, Ordering::Relaxed);
            passed.is_due.store(false, Ordering::Relaxed);
            // A panic in it would lose nothing.
            let _ = tokio::task::spawn_blocking(sandbox::give_free_memory_back).await;
        });
    }
}
