//! Upstreams against a real child process that misbehaves on demand (`examples/faulty_server.rs`).

mod bench;
mod calls;
mod catalog;
mod http;
mod lifecycle;
mod modern;
