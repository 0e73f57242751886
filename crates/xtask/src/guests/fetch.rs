//! Sources of the guests, each by name, version and SHA-256, from the package registries this machine is set up for.
//!
//! Nothing here names a host: crates come through cargo, Debian packages through an apt configuration of our own that is made from the
//! machine's, wheels through pip. What arrives with another hash is refused and removed.

use crate::{paths, run::quietly};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

/// The Debian release whose packages are pinned; it need not be the machine's own.
const DEBIAN_SUITE: &str = "trixie";
const DEBIAN_KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Package lists that are older are fetched anew before something is downloaded.
const LISTS_AGE: Duration = Duration::from_hours(24);

/// The unpacked source of a published crate.
pub(crate) fn crate_source(name: &str, version: &str, sha256: &str) -> Result<PathBuf> {
    let unpacked = sources()?.join(format!("{name}-{version}"));
    if unpacked.exists() {
        return Ok(unpacked);
    }
    let file = format!("{name}-{version}.crate");
    let archive = match in_cargo_registry(&file)? {
        Some(archive) => archive,
        None => {
            cargo_fetch(name, version)?;
            in_cargo_registry(&file)?.with_context(|| format!("cargo did not keep {file}"))?
        }
    };
    check(&archive, sha256)?;
    unpack(&archive, &unpacked)?;
    Ok(unpacked)
}

fn in_cargo_registry(file: &str) -> Result<Option<PathBuf>> {
    let home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cargo"),
    };
    let Ok(registries) = fs::read_dir(home.join("registry/cache")) else { return Ok(None) };
    Ok(registries.flatten().map(|registry| registry.path().join(file)).find(|path| path.exists()))
}

/// Has cargo download a crate: it does so for a dependency, so a package is made that has it.
fn cargo_fetch(name: &str, version: &str) -> Result<()> {
    let package = tempfile::tempdir()?;
    let requirement = version.split('+').next().unwrap_or(version);
    let manifest = format!(
        "[package]\nname = \"fetched\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\n{name} = {{ version = \"={requirement}\", default-features = false }}\n"
    );
    fs::write(package.path().join("Cargo.toml"), manifest)?;
    fs::create_dir(package.path().join("src"))?;
    fs::write(package.path().join("src/lib.rs"), "")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    quietly(Command::new(cargo).args(["fetch", "--quiet"]).current_dir(package.path())).map(drop)
}

/// The upstream tarball of a Debian source package. `override_variable` names an environment variable with a path to use instead.
pub(crate) fn debian_orig(package: &str, file: &str, sha256: &str, override_variable: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(override_variable) {
        let path = PathBuf::from(path);
        check(&path, sha256)?;
        return Ok(path);
    }
    let kept = sources()?.join(file);
    if !kept.exists() {
        let folder = temporary(&sources()?)?;
        apt(&["source", "--download-only", "--tar-only", "--only-source", "-q", package], folder.path())
            .with_context(|| format!("{file} could not be fetched; {override_variable}=PATH names one that is there already"))?;
        let fetched = folder.path().join(file);
        check(&fetched, sha256)?;
        fs::rename(fetched, &kept)?;
    }
    check(&kept, sha256)?;
    Ok(kept)
}

/// Architecture-independent Debian packages, unpacked together into `into`. Returns their versions. Only files are laid down, no script runs.
pub(crate) fn debian_unpacked(packages: &[&str], into: &Path) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let wanted: Vec<String> = packages.iter().map(|package| format!("{package}:all")).collect();
    let mut arguments = vec!["download", "-q", "-t", DEBIAN_SUITE];
    arguments.extend(wanted.iter().map(String::as_str));
    apt(&arguments, folder.path())?;
    fs::create_dir_all(into)?;
    let mut versions = Vec::new();
    for entry in fs::read_dir(folder.path())? {
        let deb = entry?.path();
        versions.push(quietly(Command::new("dpkg-deb").args(["-W", "--showformat=${Package} ${Version}"]).arg(&deb))?);
        quietly(Command::new("dpkg-deb").arg("-x").arg(&deb).arg(into))?;
    }
    if versions.len() != packages.len() {
        bail!("of {packages:?} apt fetched only {versions:?}");
    }
    versions.sort();
    Ok(versions.join("; "))
}

/// Runs apt-get with lists and sources of our own in `folder`: no root is needed, and the machine's packages stay as they are.
fn apt(arguments: &[&str], folder: &Path) -> Result<String> {
    let state = paths::cache()?.join("apt");
    fs::create_dir_all(state.join("lists/partial"))?;
    fs::create_dir_all(state.join("cache/archives/partial"))?;
    let sources = state.join("sources.list");
    let mut lines = String::new();
    for archive in debian_archives()? {
        for kind in ["deb", "deb-src"] {
            lines += &format!("{kind} [signed-by={DEBIAN_KEYRING}] {archive} {DEBIAN_SUITE} main\n");
        }
    }
    let command = || {
        let mut command = Command::new("apt-get");
        for (name, value) in [
            ("Dir::Etc::sourcelist", sources.as_os_str()),
            ("Dir::Etc::sourceparts", "-".as_ref()),
            ("Dir::State::lists", state.join("lists").as_os_str()),
            ("Dir::Cache", state.join("cache").as_os_str()),
            ("APT::Sandbox::User", "root".as_ref()),
            ("Acquire::Languages", "none".as_ref()),
            ("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false".as_ref()),
            ("Acquire::Retries", "3".as_ref()),
        ] {
            let mut option = std::ffi::OsString::from(name);
            option.push("=");
            option.push(value);
            command.arg("-o").arg(option);
        }
        command
    };
    let lists_are_fresh = fs::read_to_string(&sources).is_ok_and(|old| old == lines)
        && fs::metadata(state.join("updated")).and_then(|at| at.modified()).is_ok_and(|at| age(at) < LISTS_AGE);
    if !lists_are_fresh {
        fs::write(&sources, lines)?;
        quietly(command().args(["update", "-q"]))?;
        fs::write(state.join("updated"), "")?;
    }
    quietly(command().args(arguments).current_dir(folder))
}

fn age(at: SystemTime) -> Duration {
    SystemTime::now().duration_since(at).unwrap_or_default()
}

/// Where this machine gets Debian from, by its own configuration.
fn debian_archives() -> Result<Vec<String>> {
    let hint = "the guests' sources come from Debian's archive through this machine's apt";
    let targets =
        quietly(Command::new("apt-get").args(["indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"])).context(hint)?;
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |name: &str| system.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_matches('"').to_owned());
    let codename = field("VERSION_CODENAME=").unwrap_or_default();
    let mut archives: Vec<String> = targets
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(release, _)| *release == codename || ["stable", "testing", "unstable", "sid", DEBIAN_SUITE].contains(release))
        .map(|(_, archive)| archive.to_owned())
        .collect();
    archives.sort();
    archives.dedup();
    if field("ID=").as_deref() != Some("debian") || archives.is_empty() {
        bail!("{hint}, and this machine has no Debian archive configured");
    }
    Ok(archives)
}

/// A wheel of pure data from PyPI, unpacked. `pip_wheel` is the pip to run, as it lies in CPython's own source.
pub(crate) fn wheel(pip_wheel: &Path, python: &Path, name: &str, version: &str, sha256: &str) -> Result<PathBuf> {
    let unpacked = sources()?.join(format!("{name}-{version}"));
    if unpacked.exists() {
        return Ok(unpacked);
    }
    let folder = tempfile::tempdir()?;
    let requirements = folder.path().join("requirements.txt");
    fs::write(&requirements, format!("{name}=={version} --hash=sha256:{sha256}\n"))?;
    quietly(
        Command::new(python)
            .arg(pip_wheel.join("pip"))
            .args(["download", "--quiet", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--require-hashes", "-r"])
            .arg(&requirements)
            .arg("-d")
            .arg(folder.path()),
    )
    .with_context(|| format!("{name} {version} could not be fetched with pip"))?;
    let file = fs::read_dir(folder.path())?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .with_context(|| format!("pip fetched no wheel of {name}"))?;
    check(&file, sha256)?;
    let partial = temporary(&sources()?)?;
    quietly(Command::new(python).args(["-m", "zipfile", "-e"]).arg(&file).arg(partial.path()))?;
    keep(partial, &unpacked)?;
    Ok(unpacked)
}

/// Unpacks a tarball whose files lie in one folder; `unpacked` becomes that folder.
pub(crate) fn unpack(archive: &Path, unpacked: &Path) -> Result<()> {
    let parent = unpacked.parent().context("no folder to unpack into")?;
    let partial = temporary(parent)?;
    quietly(Command::new("tar").arg("-xf").arg(archive).args(["--strip-components=1", "-C"]).arg(partial.path()))?;
    keep(partial, unpacked)
}

/// A folder in `parent` that goes away again unless it is kept: nothing half-made is ever found under a final name.
pub(crate) fn temporary(parent: &Path) -> Result<tempfile::TempDir> {
    fs::create_dir_all(parent)?;
    Ok(tempfile::Builder::new().prefix(".partial-").tempdir_in(parent)?)
}

/// Gives a finished folder its final name. Whoever was first wins: two builds of one thing are the same.
pub(crate) fn keep(partial: tempfile::TempDir, name: &Path) -> Result<()> {
    let partial = partial.keep();
    if fs::rename(&partial, name).is_err() {
        fs::remove_dir_all(&partial)?;
        if !name.exists() {
            bail!("{} could not be made", name.display());
        }
    }
    Ok(())
}

/// Fails, and removes the file from our cache, unless it has this SHA-256.
fn check(file: &Path, sha256: &str) -> Result<()> {
    let found = hash(&fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?);
    if found != sha256 {
        if file.starts_with(paths::cache()?) {
            fs::remove_file(file)?;
        }
        bail!("{} has SHA-256 {found}, not {sha256}", file.display());
    }
    Ok(())
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sources() -> Result<PathBuf> {
    let sources = paths::cache()?.join("sources");
    fs::create_dir_all(&sources)?;
    Ok(sources)
}
