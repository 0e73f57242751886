//! Descriptors: passed to somebody, taken from somebody, opened anew through `/proc`.

use crate::{Action, Found, otherwise};
use rustix::net::{RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, recvmsg, sendmsg};
use std::{
    fs::{self, File},
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, AsRawFd},
        unix::net::UnixStream,
    },
    path::Path,
};

pub(crate) fn action(attempt: &str, workspace: &Path) -> Found {
    let outside = workspace.join("../outside.txt");
    let act: Action = match attempt {
        "pass_a_descriptor" => {
            let (ours, theirs) = UnixStream::pair()?;
            Box::new(move || {
                pass(&ours, &ours)?;
                take(&theirs)
            })
        }
        "take_a_descriptor" => {
            let (ours, theirs) = UnixStream::pair()?;
            pass(&theirs, &File::open(outside)?)?;
            Box::new(move || take(&ours))
        }
        "list_descriptors" => Box::new(|| fs::read_dir("/proc/self/fd").map(drop)),
        "open_a_descriptor_anew" => {
            let file = File::open(outside)?;
            Box::new(move || fs::OpenOptions::new().write(true).open(format!("/proc/self/fd/{}", file.as_raw_fd())).map(drop))
        }
        _ => return Ok(None),
    };
    Ok(Some(act))
}

fn pass(socket: &UnixStream, what: &impl AsFd) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [what.as_fd()];
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(socket, &[IoSlice::new(b"x")], &mut ancillary, SendFlags::empty())?;
    Ok(())
}

fn take(socket: &UnixStream) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    recvmsg(socket, &mut [IoSliceMut::new(&mut [0])], &mut ancillary, RecvFlags::empty())?;
    let messages = ancillary.drain().count();
    if messages == 1 { Ok(()) } else { Err(otherwise(&messages)) }
}
