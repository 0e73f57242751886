//! `[files]` and `[env]` as they are written, made valid: a granted directory never holds, and never lies in, what is ours.

use crate::fault::{ConfigError, place};
use crate::{raw, rules};
use policy::{FileAccess, FileGrant, LabelKind};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Where programs work: no other directory can be there.
const WORKSPACE: &str = "/workspace";

/// How many directories may be granted: each takes a descriptor of the worker.
const GRANTS: usize = 16;

/// Variables that a guest gets from us, or that its interpreter reads.
const OURS: [&str; 6] = ["HOME", "TMPDIR", "TZ", "LANG", "PATH", "PWD"];

/// What no program may reach through a granted directory.
#[derive(Debug, Default)]
pub(crate) struct Protected {
    /// Directories: no grant may hold one or lie in one.
    pub(crate) directories: Vec<PathBuf>,
    /// Files: no grant may hold one.
    pub(crate) files: Vec<PathBuf>,
}

/// The granted directories of a file.
///
/// # Errors
/// The first that cannot be granted.
pub(crate) fn grants(
    file: &Path,
    text: &str,
    raw: BTreeMap<Spanned<String>, raw::FileGrant>,
    protected: &Protected,
) -> Result<Vec<FileGrant>, ConfigError> {
    let mut grants: Vec<FileGrant> = Vec::new();
    for (mount, written) in raw {
        let begin = mount.span().start;
        let mount = mount.into_inner();
        let wrong = |why: String| ConfigError::at(file, place(text, begin), format!("files.{mount:?}: {why}"));
        if grants.len() == GRANTS {
            return Err(wrong(format!("there are more than {GRANTS} directories")));
        }
        if !is_mount(&mount) {
            return Err(wrong("is no place for a directory: write an absolute path outside of /workspace, such as \"/data\"".to_owned()));
        }
        let given = file.parent().unwrap_or(Path::new("/")).join(&written.path);
        let path = given.canonicalize().map_err(|error| wrong(format!("{}: {error}", given.display())))?;
        if !path.is_dir() {
            return Err(wrong(format!("{} is not a directory", path.display())));
        }
        if let Some(ours) = protected.meets(&path) {
            return Err(wrong(format!("{} cannot be granted: {} is Cofferdam's own, and no program may reach it", path.display(), ours.display())));
        }
        // A program that may write to the outer one could put a link in place of the inner one.
        if let Some(other) = grants.iter().find(|other| meet(Path::new(&other.mount), Path::new(&mount)) || meet(&other.path, &path)) {
            return Err(wrong(format!("one directory of this and {:?} lies in the other; grant one of them", other.mount)));
        }
        let access = match written.access {
            raw::Access::Read => FileAccess::Read,
            raw::Access::Write => FileAccess::Write,
        };
        grants.push(FileGrant { mount, path, access, data: written.data.map_or_else(|| LabelKind::ALL.into(), rules::kinds) });
    }
    Ok(grants)
}

/// The variables that programs see.
///
/// # Errors
/// The first that cannot be given to programs.
pub(crate) fn env(file: &Path, text: &str, raw: BTreeMap<Spanned<String>, Spanned<String>>) -> Result<BTreeMap<String, String>, ConfigError> {
    let one = |(name, value): (Spanned<String>, Spanned<String>)| {
        let at = |byte: usize, why: &str| ConfigError::at(file, place(text, byte), format!("env.{}: {why}", name.get_ref()));
        let is_name = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
        };
        if !is_name(name.get_ref()) {
            return Err(at(name.span().start, "is no name of a variable"));
        }
        if OURS.contains(&name.get_ref().as_str()) || name.get_ref().starts_with("PYTHON") {
            return Err(at(name.span().start, "is set by Cofferdam or read by an interpreter, and cannot be given to programs"));
        }
        if value.get_ref().contains("${") {
            return Err(at(
                value.span().start,
                "may hold a secret, since it comes from a variable: programs and the model see these values, so write it out",
            ));
        }
        if value.get_ref().contains('\0') {
            return Err(at(value.span().start, "has a zero byte"));
        }
        Ok((name.get_ref().clone(), value.get_ref().clone()))
    };
    raw.into_iter().map(one).collect()
}

impl Protected {
    /// What of it a directory would hold or lie in.
    fn meets(&self, path: &Path) -> Option<PathBuf> {
        let directories = self.directories.iter().map(|ours| real(ours)).find(|ours| meet(ours, path));
        directories.or_else(|| self.files.iter().map(|ours| real(ours)).find(|ours| ours.starts_with(path)))
    }
}

/// Whether one lies in the other, or both are the same.
fn meet(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// A path without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(path), ..) => path,
        (Err(_), Some(parent), Some(name)) => real(parent).join(name),
        _ => path.to_owned(),
    }
}

fn is_mount(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let path = Path::new(text);
    text.len() <= 200 && text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain)) && !meet(path, Path::new(WORKSPACE))
}
