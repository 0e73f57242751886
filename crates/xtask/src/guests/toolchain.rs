//! The C compiler for both guests: clang 19 with wasi-libc, and wasm-opt.
//!
//! clang, lld and llvm come from the machine's own packages. The rest is architecture-independent and is unpacked into the cache, so that
//! nothing is installed beside what the machine's owner asked for.

use super::fetch;
use crate::{packages, packages::find, paths, run::quietly};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Everything that compiling and linking a guest needs.
#[derive(Debug, Clone)]
pub(crate) struct Toolchain {
    /// clang 19; pass `--target=wasm32-wasip1`, the sysroot and the resource directory (or use [`Toolchain::compiler`]).
    pub(crate) clang: PathBuf,
    pub(crate) llvm_ar: PathBuf,
    pub(crate) llvm_ranlib: PathBuf,
    /// wasi-libc.
    pub(crate) sysroot: PathBuf,
    /// clang's own headers and the builtins for wasm32.
    pub(crate) resource_dir: PathBuf,
    /// Needs node.
    pub(crate) wasm_opt: PathBuf,
    /// The versions of all of it, for cache keys.
    pub(crate) id: String,
}

impl Toolchain {
    /// The compiler with the arguments that every compilation and link for a guest has.
    pub(crate) fn compiler(&self) -> Vec<String> {
        vec![
            self.clang.display().to_string(),
            "--target=wasm32-wasip1".to_owned(),
            format!("--sysroot={}", self.sysroot.display()),
            "-resource-dir".to_owned(),
            self.resource_dir.display().to_string(),
        ]
    }

    /// Optimises a linked module. Memory packing would split the image into tens of thousands of segments.
    pub(crate) fn optimise(&self, linked: &Path, optimised: &Path) -> Result<()> {
        let features = ["bulk-memory", "mutable-globals", "nontrapping-float-to-int", "sign-ext"].map(|name| format!("--enable-{name}"));
        quietly(Command::new(&self.wasm_opt).arg(linked).args(["-O3", "--skip-pass=memory-packing"]).args(features).arg("-o").arg(optimised))
            .map(drop)
    }
}

const BINARYEN: &str = "132.0.0";
const BINARYEN_WASM_OPT_SHA256: &str = "608c021fa3f2c68cdc26f06a1454341089a0e689abb71cbe5a23ef7300e7f3e3";
/// What to install where something is missing; `make` and `xz` build CPython, `npm` fetches wasm-opt and `node` runs it.
const PROGRAMS: [(&str, &str); 9] = [
    ("clang-19", "clang-19"),
    ("wasm-ld-19", "lld-19"),
    ("llvm-ar-19", "llvm-19"),
    ("make", "make"),
    ("xz", "xz-utils"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("python3", "python3-venv"),
    ("pip3", "python3-pip"),
];

/// Finds the toolchain and completes what lies in the cache. Missing programs are installed for root, or with `install`; else the error
/// is the command to run.
pub(crate) fn ensure(install: bool) -> Result<Toolchain> {
    packages::ensure(&PROGRAMS, install)?;
    let bin = fs::canonicalize(find("clang-19").context("clang-19 is not on PATH")?)?;
    let bin = bin.parent().context("clang has no folder")?.to_owned();
    let clang = bin.join("clang");
    let clang_version = quietly(Command::new(&clang).arg("--version"))?.lines().next().unwrap_or_default().to_owned();

    let home = paths::cache()?.join("toolchain");
    fs::create_dir_all(&home)?;
    let debian = home.join("debian");
    if !debian.join("versions").exists() {
        let partial = fetch::temporary(&home)?;
        let versions = fetch::debian_unpacked(&["wasi-libc", "libclang-rt-19-dev-wasm32"], partial.path())?;
        fs::write(partial.path().join("versions"), versions)?;
        fetch::keep(partial, &debian)?;
    }
    let debian_versions = fs::read_to_string(debian.join("versions"))?;
    let id = format!("{clang_version}; {debian_versions}; binaryen {BINARYEN}");
    Ok(Toolchain {
        llvm_ar: bin.join("llvm-ar"),
        llvm_ranlib: bin.join("llvm-ranlib"),
        sysroot: debian.join("usr"),
        resource_dir: resource_dir(&home, &clang, &debian, &id)?,
        wasm_opt: wasm_opt(&home)?,
        clang,
        id,
    })
}

/// clang's own resource directory has no builtins for our target where clang looks for them; this one links both together.
fn resource_dir(home: &Path, clang: &Path, debian: &Path, id: &str) -> Result<PathBuf> {
    let folder = home.join(format!("resource-{}", &fetch::hash(id.as_bytes())[..16]));
    if !folder.exists() {
        let headers = PathBuf::from(quietly(Command::new(clang).arg("-print-resource-dir"))?.trim()).join("include");
        let builtins = debian.join("usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a");
        let partial = fetch::temporary(home)?;
        std::os::unix::fs::symlink(headers, partial.path().join("include"))?;
        for (target, file) in [
            ("wasm32-unknown-wasip1", "libclang_rt.builtins.a"),
            ("wasm32-unknown-wasi", "libclang_rt.builtins.a"),
            ("wasi", "libclang_rt.builtins-wasm32.a"),
        ] {
            let into = partial.path().join("lib").join(target);
            fs::create_dir_all(&into)?;
            std::os::unix::fs::symlink(&builtins, into.join(file))?;
        }
        fetch::keep(partial, &folder)?;
    }
    Ok(folder)
}

fn wasm_opt(home: &Path) -> Result<PathBuf> {
    let folder = home.join(format!("binaryen-{BINARYEN}"));
    let program = "node_modules/binaryen/bin/wasm-opt";
    if !folder.exists() {
        let partial = fetch::temporary(home)?;
        fs::write(partial.path().join("package.json"), "{}")?;
        quietly(
            Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
                .arg(partial.path())
                .arg(format!("binaryen@{BINARYEN}")),
        )
        .context("wasm-opt (the npm package binaryen) could not be fetched")?;
        let found = fetch::hash(&fs::read(partial.path().join(program))?);
        if found != BINARYEN_WASM_OPT_SHA256 {
            bail!("wasm-opt has SHA-256 {found}, not {BINARYEN_WASM_OPT_SHA256}");
        }
        fetch::keep(partial, &folder)?;
    }
    Ok(folder.join(program))
}
