//! Links the JavaScript guest: QuickJS-NG, our C and the prelude, in one module that still has to be initialised and snapshotted.
//! There is no wasm-opt here: measured, it made nothing faster.
//!
//! A build is keyed by everything that goes into it and appears in the cache by one rename, so an interrupted one leaves nothing behind.

use super::{fetch, toolchain::Toolchain};
use crate::run::quietly;
use anyhow::{Context, Result, bail};
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

/// The crate that carries QuickJS-NG 0.16.2 in its folder `quickjs`.
const ENGINE_CRATE: (&str, &str, &str) = ("rquickjs-sys", "0.14.0", "cee271d0eeba64f0915b846cb7ae02e16faf3dfdffdca91731101d9d30fe3423");
/// The engine's other translation units; `quickjs.c` is included by our `guest.c`.
const ENGINE_UNITS: [&str; 3] = ["libregexp", "libunicode", "dtoa"];
const OUR_UNITS: [&str; 4] = ["guest", "natives", "files", "digest"];
/// The engine's own stack limit; `c/stack.h` tells what it must fit into. Of the linear memory's stack, the rest is for C below the engine.
const JS_STACK_KIB: u32 = 1536;
const LINEAR_STACK_BYTES: u32 = (JS_STACK_KIB + 1024) << 10;
const FLAGS: [&str; 11] = [
    "-O3",
    "-std=gnu11",
    "-DNDEBUG",
    "-D_GNU_SOURCE",
    "-D_WASI_EMULATED_PROCESS_CLOCKS",
    "-D_WASI_EMULATED_SIGNAL",
    "-mbulk-memory",
    "-mnontrapping-fptoint",
    "-msign-ext",
    "-mmutable-globals",
    "-fno-math-errno",
];
/// No `-O` here: with one, clang would run whatever wasm-opt it finds on PATH (and `--no-wasm-opt` makes clang 19 skip the link itself).
const LINK_FLAGS: [&str; 7] = [
    "-mexec-model=reactor",
    "-Wl,--stack-first",
    "-Wl,--export=__stack_pointer",
    "-Wl,--gc-sections",
    "-Wl,--strip-debug",
    "-lwasi-emulated-process-clocks",
    "-lwasi-emulated-signal",
];

/// The linked module: from `cache`, or built from the sources in `source` (`wasm-guests/javascript`).
pub(crate) fn build(toolchain: &Toolchain, cache: &Path, source: &Path, progress: &dyn Fn(&str)) -> Result<PathBuf> {
    let c = files_in(&source.join("c"))?;
    let prelude = files_in(&source.join("prelude"))?;
    let kept = cache.join("linked").join(format!("javascript-{}", key(toolchain, &c, &prelude)));
    let module = kept.join("javascript.wasm");
    if module.exists() {
        return Ok(module);
    }
    let (name, version, sha256) = ENGINE_CRATE;
    progress("fetching the engine's source");
    let engine = fetch::crate_source(name, version, sha256)?.join("quickjs");
    let work = fetch::temporary(cache)?;
    fs::write(work.path().join("prelude.c"), embed(&prelude)?)?;

    progress("compiling");
    let include = [format!("-I{}", engine.display()), format!("-I{}", source.join("c").display())];
    let compile = |from: &Path, unit: &str, warnings: &str| {
        let into = work.path().join(unit).with_extension("o");
        let mut command = clang(toolchain)?;
        command.args(FLAGS).arg(format!("-DJS_STACK_KIB={JS_STACK_KIB}")).args(&include).arg(warnings).arg("-c").arg(from).arg("-o").arg(&into);
        quietly(&mut command).map(|_| into)
    };
    let objects = thread::scope(|scope| {
        // The engine takes as long as everything else together.
        let large = scope.spawn(|| compile(&source.join("c/guest.c"), "guest", "-w"));
        let mut objects = vec![compile(&work.path().join("prelude.c"), "prelude", "-Werror")?];
        for unit in ENGINE_UNITS {
            objects.push(compile(&engine.join(unit).with_extension("c"), unit, "-w")?);
        }
        for unit in OUR_UNITS.iter().filter(|unit| **unit != "guest") {
            objects.push(compile(&source.join("c").join(unit).with_extension("c"), unit, "-Werror")?);
        }
        objects.push(large.join().map_err(|_| anyhow::anyhow!("the compiler's thread panicked"))??);
        Ok::<_, anyhow::Error>(objects)
    })?;

    progress("linking");
    let done = fetch::temporary(&cache.join("linked"))?;
    let mut link = clang(toolchain)?;
    link.args(objects).args(LINK_FLAGS).arg(format!("-Wl,-z,stack-size={LINEAR_STACK_BYTES}")).arg("-o").arg(done.path().join("javascript.wasm"));
    quietly(&mut link)?;
    fetch::keep(done, &kept)?;
    Ok(module)
}

fn clang(toolchain: &Toolchain) -> Result<Command> {
    let words = toolchain.compiler();
    let [program, arguments @ ..] = words.as_slice() else { bail!("the toolchain names no compiler") };
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}

/// Names and contents, in the order of the names.
fn files_in(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| anyhow::anyhow!("{} is not UTF-8", name.display()))?;
        files.push((name, fs::read(entry.path())?));
    }
    files.sort();
    Ok(files)
}

/// Everything that decides what the module's bytes are; this file counts as the recipe.
fn key(toolchain: &Toolchain, c: &[(String, Vec<u8>)], prelude: &[(String, Vec<u8>)]) -> String {
    let mut all = Vec::new();
    let mut add = |bytes: &[u8]| {
        all.extend((bytes.len() as u64).to_le_bytes());
        all.extend(bytes);
    };
    add(include_bytes!("javascript.rs"));
    add(toolchain.id.as_bytes());
    for (name, contents) in c.iter().chain(prelude) {
        add(name.as_bytes());
        add(contents);
    }
    let mut text = fetch::hash(&all);
    text.truncate(16);
    text
}

/// The prelude as C: one array for each file, with a zero at its end because the engine's parser wants one.
fn embed(prelude: &[(String, Vec<u8>)]) -> Result<String> {
    let mut text = String::from("#include \"guest.h\"\n");
    for (index, (_, contents)) in prelude.iter().enumerate() {
        write!(text, "static const char file_{index}[] = {{")?;
        for byte in contents {
            write!(text, "{},", byte.cast_signed())?;
        }
        text.push_str("0};\n");
    }
    text.push_str("const struct prelude_file prelude_files[] = {\n");
    for (index, (name, contents)) in prelude.iter().enumerate() {
        writeln!(text, "  {{PRELUDE_PREFIX \"{name}\", file_{index}, {}}},", contents.len())?;
    }
    text.push_str("  {0, 0, 0},\n};\n");
    Ok(text)
}
