//! Who has a processor first when there are more programs than processors. Guards a short run beside somebody's long ones: the broker, the zygote and
//! workers that just began come first; a worker that computes for long gives way, and so does each further one of a principal while another principal is about.
//!
//! Linux alone, and no promise: the order counts among processes of one scheduling group (of one session, where the kernel groups by session). While nobody
//! else wants the processors, who gave way has them all the same.

use crate::sys;
use std::{io, time::Duration};

/// What a short run computes at most: one with a few calls over some megabytes.
pub(crate) const SHORT_RUN: Duration = Duration::from_millis(20);

/// The nice value of who gives way, unless it has a higher one already: a tenth of what another one gets that wants the same processor.
const GIVES_WAY: i32 = 10;

/// How long who gives way goes on once it has its turn.
const LONG_SLICE: Duration = Duration::from_millis(10);

/// How long who comes first does: the shorter, the sooner it has its turn when there is something for it to do.
const SHORT_SLICE: Duration = Duration::from_micros(200);

/// The calling thread comes first from now on, but no thread or process that it starts.
///
/// # Errors
/// Of the kernel.
pub(crate) fn come_first() -> io::Result<()> {
    sys::share_processor(0, 0, SHORT_SLICE, sys::Forks::Reset)
}

/// As [`come_first`], and all that it forks.
///
/// # Errors
/// Of the kernel.
pub(crate) fn come_first_with_forks() -> io::Result<()> {
    sys::share_processor(0, 0, SHORT_SLICE, sys::Forks::Inherit)
}

/// Has a process give way from now on; 0: the calling thread.
///
/// # Errors
/// When it is gone.
pub(crate) fn give_way(pid: i32) -> io::Result<()> {
    sys::share_processor(pid, GIVES_WAY, LONG_SLICE, sys::Forks::Inherit)
}
