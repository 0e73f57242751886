//! The pages of a guest's memory that a short run writes. A worker makes them its own before it is asked for anything: to be interrupted for each of
//! a hundred and more takes a run as long as its program.
//!
//! They are learned from one run of each guest after it was compiled, and kept in a file beside it. Without that file, or on a kernel that cannot
//! (Linux before 5.14), runs take longer and nothing else is different.

use crate::{
    Bind, End, Host, Sandbox, SandboxError, Settings, Turn, Warm,
    guests::{self, GuestError},
};
use policy::{Guest, Principal};
use std::{
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How long a guest may take for `1 + 1`. Generous: a machine may be very busy.
const WAIT: Duration = Duration::from_secs(60);

/// Memory for that, in bytes.
const MEMORY_BYTES: u64 = 512 << 20;

/// Where the pages of a compiled guest are kept.
fn place(compiled: &Path) -> PathBuf {
    compiled.with_extension("touched")
}

/// The pages that a short run of a compiled guest writes, as ranges of their indexes. None where nobody knows.
pub(crate) fn read(compiled: &Path) -> Vec<Range<u32>> {
    let read = std::fs::read(place(compiled)).ok().and_then(|bytes| serde_json::from_slice::<Vec<(u32, u32)>>(&bytes).ok());
    read.unwrap_or_default().into_iter().map(|(start, end)| start..end).collect()
}

/// Learns what is not known yet of the compiled guests in `cache`: runs `1 + 1` in each. `binary` is as in [`Settings`].
///
/// # Errors
/// When there is no guest, a run fails, or the file cannot be written.
pub async fn learn(cache: &Path, binary: Option<PathBuf>, progress: &dyn Fn(&str)) -> Result<(), SandboxError> {
    let compiled = guests::list(cache)?.into_iter().filter_map(|found| Some((found.guest, found.compiled?)));
    let unknown: Vec<_> = compiled.filter(|(_, compiled)| !place(compiled).exists()).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let warm = Warm { python: 0, javascript: 0 };
    let sandbox = Sandbox::start(Settings { cache: cache.to_owned(), binary, warm, workers: 1, output_kept_bytes: 4096 }).await?;
    for (guest, compiled) in unknown {
        progress(&format!("running {} once, to learn which pages a short run needs", guest.name()));
        let pages = run(&sandbox, guest).await?;
        let file = place(&compiled);
        let text = serde_json::to_vec(&ranges(&pages)).map_err(|e| GuestError::File { path: file.clone(), source: e.into() })?;
        guests::write(&file, &text)?;
    }
    Ok(())
}

/// The pages that are a worker's own after it ran `1 + 1`.
async fn run(sandbox: &Sandbox, guest: Guest) -> Result<Vec<u32>, SandboxError> {
    let failed = |end: End| SandboxError::Worker(format!("the {} guest did not run: {end:?}", guest.name()));
    let directory = tempfile::tempdir().map_err(|e| SandboxError::Worker(e.to_string()))?;
    let bind = Bind {
        workspace: directory.path().to_string_lossy().into_owned(),
        memory_bytes: MEMORY_BYTES,
        workspace_bytes: 1 << 20,
        workspace_files: 10,
        environment: Vec::new(),
        files: Vec::new(),
    };
    let code = match guest {
        Guest::Python => "print(1 + 1)",
        Guest::JavaScript => "1 + 1",
    };
    let document = serde_json::json!({"code": code, "file": "program", "mode": "script", "servers": [], "tools": {}});
    let turn = Turn { document: document.to_string().into_bytes(), seed: [1; 32], clock_ns: 0, tape: None };
    let mut worker = sandbox.worker(guest, &Principal::local()).await?;
    let finished = worker.run(&bind, turn, &mut Nobody, tokio::time::sleep(WAIT), &CancellationToken::new()).await;
    match finished.end {
        End::Completed(0) => worker.own_pages().await.map_err(failed),
        end => Err(failed(end)),
    }
}

/// Takes a result, and has nothing else to give.
struct Nobody;

impl Host for Nobody {
    async fn call(&mut self, _: &[u8]) -> Vec<u8> {
        br#"{"ok":true,"value":null}"#.to_vec()
    }
}

/// Sorted indexes as ranges.
fn ranges(pages: &[u32]) -> Vec<(u32, u32)> {
    pages.chunk_by(|one, next| one + 1 == *next).filter_map(|run| Some((*run.first()?, run.last()? + 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_become_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), [(1, 4), (7, 8), (9, 11)]);
        assert!(ranges(&[]).is_empty());
    }

    #[test]
    fn a_file_that_is_none_says_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let compiled = directory.path().join("python-1-2.cwasm");
        assert!(read(&compiled).is_empty());
        for (text, ranges) in [("[[1,4],[7,8]]", vec![1..4, 7..8]), ("[[1]]", vec![]), ("x", vec![])] {
            std::fs::write(directory.path().join("python-1-2.touched"), text).unwrap();
            assert_eq!(read(&compiled), ranges);
        }
    }
}
