//! The executor from outside, embedded as a library: real guests in real worker processes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod embedded;
mod faults;
