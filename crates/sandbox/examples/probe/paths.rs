//! Files outside the workspace: read, written, emptied, moved, linked, touched; by the calls that a worker has.

use crate::{Action, Found};
use rustix::fs::{AtFlags, CWD, Mode, Timespec, Timestamps, linkat, mkdirat, renameat, symlinkat, unlinkat, utimensat};
use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

pub(crate) fn action(attempt: &str, workspace: &Path) -> Found {
    let inside = workspace.join("inside.txt");
    let another = workspace.join("another.txt");
    let outside = workspace.join("../outside.txt");
    let beside = workspace.join("../beside");
    let act: Action = match attempt {
        "write_inside" => Box::new(move || fs::write(inside, "x")),
        "write_outside" => Box::new(move || fs::write(beside, "x")),
        "read_outside" => Box::new(move || fs::read(outside).map(drop)),
        "empty_outside" => Box::new(move || fs::OpenOptions::new().write(true).truncate(true).open(outside).map(drop)),
        "remove_outside" => Box::new(move || unlinkat(CWD, outside, AtFlags::empty()).map_err(io::Error::from)),
        "make_directory_outside" => Box::new(move || mkdirat(CWD, beside, Mode::RWXU).map_err(io::Error::from)),
        "make_link_outside" => Box::new(move || symlinkat("x", CWD, beside).map_err(io::Error::from)),
        "touch_outside" => Box::new(move || {
            let then = Timespec { tv_sec: 1, tv_nsec: 0 };
            utimensat(CWD, outside, &Timestamps { last_access: then, last_modification: then }, AtFlags::empty()).map_err(io::Error::from)
        }),
        "change_mode_outside" => Box::new(move || fs::set_permissions(outside, fs::Permissions::from_mode(0o777))),
        "move_out" => {
            fs::write(&inside, "x")?;
            Box::new(move || renameat(CWD, inside, CWD, beside).map_err(io::Error::from))
        }
        "move_in" => Box::new(move || renameat(CWD, outside, CWD, inside).map_err(io::Error::from)),
        "hard_link_in" => Box::new(move || linkat(CWD, outside, CWD, inside, AtFlags::empty()).map_err(io::Error::from)),
        "list_proc" => Box::new(|| fs::read_dir("/proc").map(drop)),
        "link_outside" => Box::new(move || {
            symlinkat("/etc/passwd", CWD, &another)?;
            fs::read(another).map(drop)
        }),
        _ => return Ok(None),
    };
    Ok(Some(act))
}
