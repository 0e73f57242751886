//! The sandbox from outside: real worker processes, tiny guests written for one purpose each, and the real Python guest once.

mod blobs;
mod checkpoints;
mod fixture;
mod guests;
mod python;
mod quota;
mod runs;
mod seal;
