//! A child process that serves MCP: started with a small environment in a process group of its own, ended with its whole group.
//!
//! Every [`Process`] has one task that waits for the child; whatever happens to the child, that task kills what is left of its group, so
//! that the grandchildren of launchers such as `npx` end too. When the broker itself is killed nothing is left to do this: children then
//! see the end of their standard input.

use crate::config::Transport;
use crate::text::clean_line;
use std::collections::VecDeque;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How much of the child's standard error is kept for the operator, in bytes. Guards the broker's memory.
const STDERR_BYTES: usize = 16 * 1024;

/// Environment variables that every child gets from the broker's own environment.
const INHERITED: [&str; 5] = ["PATH", "HOME", "USER", "LANG", "TMPDIR"];

/// How long a child may take to end after its standard input was closed, and again after SIGTERM.
const GRACE: Duration = Duration::from_millis(1000);

/// A running child. Dropping it ends the child.
pub(crate) struct Process {
    stderr: Tail,
    status: Arc<Mutex<Option<ExitStatus>>>,
    exited: CancellationToken,
    stop: DropGuard,
}

impl Process {
    /// Starts the child of a stdio transport; what it writes to its standard error goes to `stderr`.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub(crate) fn start(transport: &Transport, stderr: Tail) -> std::io::Result<(Process, ChildStdin, ChildStdout)> {
        let Transport::Stdio { command, args, env, cwd } = transport else {
            return Err(std::io::ErrorKind::Unsupported.into());
        };
        let mut line = Command::new(command);
        line.args(args).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).process_group(0);
        line.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?)))).envs(env);
        if let Some(cwd) = cwd {
            line.current_dir(cwd);
        }
        let mut child = line.spawn()?;
        let (Some(stdin), Some(stdout), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        let process = Process { stderr, status: Arc::default(), exited: CancellationToken::new(), stop: CancellationToken::new().drop_guard() };
        tokio::spawn(process.stderr.clone().follow(errors));
        tokio::spawn(attend(child, process.stop.token().clone(), process.status.clone(), process.exited.clone()));
        Ok((process, stdin, stdout))
    }

    /// Cancelled when the child has ended and its group was killed.
    pub(crate) fn exited(&self) -> &CancellationToken {
        &self.exited
    }

    /// Ends the child: it has [`GRACE`] to end by itself (its standard input is closed by then), [`GRACE`] after SIGTERM, then SIGKILL.
    pub(crate) async fn stop(&self) {
        self.stop.token().cancel();
        self.exited.cancelled().await;
    }

    /// How the child ended, e.g. `exit status: 3`; `None` while it runs.
    pub(crate) fn ended(&self) -> Option<String> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).map(|status| status.to_string())
    }

    /// The last part of the child's standard error.
    pub(crate) fn stderr(&self) -> &Tail {
        &self.stderr
    }
}

/// Waits for the child's end or for `stop`, and ends its process group in any case.
async fn attend(mut child: Child, stop: CancellationToken, status: Arc<Mutex<Option<ExitStatus>>>, exited: CancellationToken) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    let signal = |signal| {
        if let Some(group) = group {
            // Fails only when nobody is left in the group.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    };
    let ended = tokio::select! {
        ended = child.wait() => Some(ended),
        () = stop.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => match tokio::time::timeout(GRACE, child.wait()).await {
            Ok(ended) => ended,
            Err(_) => {
                signal(rustix::process::Signal::TERM);
                match tokio::time::timeout(GRACE, child.wait()).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        signal(rustix::process::Signal::KILL);
                        child.wait().await
                    }
                }
            }
        },
    };
    // The group may outlive its leader; its number cannot be taken by others while it does.
    signal(rustix::process::Signal::KILL);
    *status.lock().unwrap_or_else(PoisonError::into_inner) = ended.ok();
    exited.cancel();
}

/// The last bytes that a child wrote to its standard error. Its own words: operator only.
#[derive(Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    async fn follow(self, mut errors: impl AsyncRead + Unpin) {
        let mut chunk = vec![0; 4096];
        while let Ok(read @ 1..) = errors.read(&mut chunk).await {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend(&chunk[..read]);
            let excess = kept.len().saturating_sub(STDERR_BYTES);
            kept.drain(..excess);
        }
    }

    /// The kept text.
    pub(crate) fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept.iter().copied().collect::<Vec<_>>()).into_owned()
    }

    /// The last line that is not empty, cleaned, at most 200 bytes.
    pub(crate) fn last_line(&self) -> Option<String> {
        self.text().lines().rev().map(|line| clean_line(line, 200)).find(|line| !line.is_empty())
    }
}
