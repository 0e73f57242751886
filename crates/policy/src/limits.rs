//! Every limit of a run, with its default. The operator sets ceilings; a request may only lower them.

use std::time::Duration;

/// The limits of one run. Each field says which attack it stops and whose resource it guards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Wall clock of a run, from the moment it is bound to a worker; then the worker is killed. Guards a worker's slot.
    pub wall: Duration,
    /// How long a run may queue for a worker. Guards the client against waiting without end.
    pub queue: Duration,
    /// Runs that may wait for a worker or for their session, over all principals. Guards the broker's memory: each holds its program.
    pub queued: usize,
    /// Linear memory of the guest, in bytes. Guards the machine's memory.
    pub memory_bytes: usize,
    /// Size of a program, in bytes of UTF-8. Guards the parsers of the broker.
    pub program_bytes: usize,
    /// Printed output that is kept, in bytes. Guards the broker's memory against an output flood.
    pub output_kept_bytes: usize,
    /// What the model is shown of a run, in bytes. Guards the model's context.
    pub output_shown_bytes: usize,
    /// Upstream calls of a run. Guards the upstreams.
    pub calls: u32,
    /// Upstream calls of a run at the same time; more wait for their turn. Guards the upstreams.
    pub calls_in_flight: usize,
    /// Calls that are with one upstream at the same time, over all runs; more wait for their turn. Guards runs against others that keep a slow one busy.
    pub server_calls: usize,
    /// Wall clock of one upstream call. Guards the run against an upstream that never answers.
    pub call: Duration,
    /// Size of one upstream reply as it came over the wire, in bytes. Guards the broker's memory.
    pub reply_bytes: usize,
    /// Nesting of an upstream reply. Guards every recursive reader after it.
    pub reply_depth: usize,
    /// All replies that the broker holds at one time, over all runs, in bytes.
    pub replies_bytes: usize,
    /// Live workers. Guards the machine's memory and processes.
    pub workers: usize,
    /// How long a call waits for `cofferdam approve` or the web page where the client cannot ask a person itself; zero: not at all.
    pub approval: Duration,
    /// Bytes in a workspace.
    pub workspace_bytes: u64,
    /// Files, directories and links in a workspace.
    pub workspace_files: u64,
    /// Programs of one context that may fail one after the other; then it waits a minute. Ends a loop of programs that are written again and again.
    pub failures_in_a_row: u32,
    /// Programs of one context that may fail within ten minutes; then it waits until they are fewer.
    pub failures: u32,
    /// Sessions of one principal. Guards the disk.
    pub sessions: usize,
    /// How long a session's worker is kept for its next run; then the session is on the disk only. Guards the machine's memory.
    pub session_idle: Duration,
    /// How long a session is kept after its last use. Guards the disk.
    pub session_kept: Duration,
    /// Size of one artifact, in bytes. Guards the disk.
    pub artifact_bytes: u64,
    /// All artifacts of one principal, in bytes; the same content counts once. Guards the disk.
    pub artifacts_bytes: u64,
}

const MIB: usize = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Limits {
            wall: Duration::from_secs(30),
            queue: Duration::from_secs(30),
            queued: 512,
            memory_bytes: 512 * MIB,
            program_bytes: 256 * 1024,
            output_kept_bytes: 8 * MIB,
            output_shown_bytes: 16 * 1024,
            calls: 200,
            calls_in_flight: 16,
            server_calls: 64,
            call: Duration::from_secs(30),
            reply_bytes: 16 * MIB,
            reply_depth: 128,
            replies_bytes: 256 * MIB,
            workers: 16,
            approval: Duration::ZERO,
            workspace_bytes: 256 * MIB as u64,
            workspace_files: 10_000,
            failures_in_a_row: 5,
            failures: 20,
            sessions: 64,
            session_idle: Duration::from_secs(5 * 60),
            session_kept: Duration::from_secs(24 * 3600),
            artifact_bytes: 1024 * MIB as u64,
            artifacts_bytes: 4 * 1024 * MIB as u64,
        }
    }
}
