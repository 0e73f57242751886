//! Files outside the workspace: read, written, emptied, moved, linked, touched.

use crate::{Action, Found};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
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
        "remove_outside" => Box::new(move || fs::remove_file(outside)),
        "make_directory_outside" => Box::new(move || fs::create_dir(beside)),
        "make_link_outside" => Box::new(move || std::os::unix::fs::symlink("x", beside)),
        "touch_outside" => Box::new(move || {
            let then = Timespec { tv_sec: 1, tv_nsec: 0 };
            rustix::fs::utimensat(CWD, outside, &Timestamps { last_access: then, last_modification: then }, AtFlags::empty()).map_err(io::Error::from)
        }),
        "change_mode_outside" => Box::new(move || fs::set_permissions(outside, fs::Permissions::from_mode(0o777))),
        "move_out" => {
            fs::write(&inside, "x")?;
            Box::new(move || fs::rename(inside, beside))
        }
        "move_in" => Box::new(move || fs::rename(outside, inside)),
        "hard_link_in" => Box::new(move || fs::hard_link(outside, inside)),
        "list_proc" => Box::new(|| fs::read_dir("/proc").map(drop)),
        "link_outside" => Box::new(move || {
            rustix::fs::symlinkat("/etc/passwd", CWD, &another)?;
            fs::read(another).map(drop)
        }),
        _ => return Ok(None),
    };
    Ok(Some(act))
}
