//! The limits under their keys of `[limits]`, for eyes and for scripts.

use crate::units::{show_duration, show_size};
use policy::Limits;
use serde_json::{Value, json};
use std::time::Duration;

/// How much of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    /// Of time.
    Time(Duration),
    /// Of bytes.
    Bytes(u64),
    /// Of things.
    Count(u64),
}

impl Amount {
    /// For people.
    pub(super) fn text(self) -> String {
        match self {
            Amount::Time(time) => show_duration(time),
            Amount::Bytes(bytes) => show_size(bytes),
            Amount::Count(count) => count.to_string(),
        }
    }

    /// For scripts: seconds, bytes, or a number.
    pub(super) fn document(self) -> Value {
        match self {
            Amount::Time(time) => json!({"seconds": time.as_secs_f64()}),
            Amount::Bytes(bytes) => json!({"bytes": bytes}),
            Amount::Count(count) => json!({"count": count}),
        }
    }
}

/// Every limit: its key and how much. A field that is added does not compile until it is here.
pub(super) fn rows(limits: &Limits) -> Vec<(&'static str, Amount)> {
    let Limits {
        wall,
        queue,
        queued,
        memory_bytes,
        program_bytes,
        output_kept_bytes,
        output_shown_bytes,
        calls,
        calls_in_flight,
        server_calls,
        call,
        reply_bytes,
        reply_depth,
        replies_bytes,
        workers,
        approval,
        workspace_bytes,
        workspace_files,
        sessions,
        session_idle,
        session_kept,
        artifact_bytes,
        artifacts_bytes,
        failures_in_a_row,
        failures,
    } = limits;
    let bytes = |bytes: &usize| Amount::Bytes(*bytes as u64);
    let count = |count: &usize| Amount::Count(*count as u64);
    vec![
        ("wall", Amount::Time(*wall)),
        ("queue", Amount::Time(*queue)),
        ("queued", count(queued)),
        ("memory", bytes(memory_bytes)),
        ("program", bytes(program_bytes)),
        ("output_kept", bytes(output_kept_bytes)),
        ("output_shown", bytes(output_shown_bytes)),
        ("calls", Amount::Count(u64::from(*calls))),
        ("calls_in_flight", count(calls_in_flight)),
        ("server_calls", count(server_calls)),
        ("call", Amount::Time(*call)),
        ("reply", bytes(reply_bytes)),
        ("reply_depth", count(reply_depth)),
        ("replies", bytes(replies_bytes)),
        ("workers", count(workers)),
        ("approval", Amount::Time(*approval)),
        ("workspace", Amount::Bytes(*workspace_bytes)),
        ("workspace_files", Amount::Count(*workspace_files)),
        ("sessions", count(sessions)),
        ("session_idle", Amount::Time(*session_idle)),
        ("session_kept", Amount::Time(*session_kept)),
        ("artifact", Amount::Bytes(*artifact_bytes)),
        ("artifacts", Amount::Bytes(*artifacts_bytes)),
        ("failures_in_a_row", Amount::Count(u64::from(*failures_in_a_row))),
        ("failures", Amount::Count(u64::from(*failures))),
    ]
}
