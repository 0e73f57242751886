//! The sandbox from outside: real worker processes, tiny guests written for one purpose each.

mod guests;
mod runs;
mod seal;
