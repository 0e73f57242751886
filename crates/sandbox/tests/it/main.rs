//! The sandbox from outside: real worker processes, tiny guests written for one purpose each, and the real guests once each.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod blobs;
mod calls;
mod checkpoints;
mod escapes;
mod faults;
mod fixture;
mod guests;
mod precedence;
mod quota;
mod real;
mod runs;
mod seal;
mod syscalls;
mod touched;
