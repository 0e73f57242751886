//! Upstreams against a real child process that misbehaves on demand (`examples/faulty_server.rs`), and against real servers over HTTP.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod bench;
mod calls;
mod catalog;
mod http;
mod lifecycle;
mod modern;
