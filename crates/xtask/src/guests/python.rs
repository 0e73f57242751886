//! Builds the Python guest: CPython and the C libraries it wants as static archives, then our C main, then the packed modules.
//!
//! Two results are cached, each under the hash of everything that went into it: the interpreter (minutes) and the optimised code (a minute).
//! Laying the packed standard library and prelude into the code takes a second, so a changed prelude is cheap.

use super::{fetch, toolchain::Toolchain};
use crate::{packages, run::quietly};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

const CPYTHON: &str = "3.13.5";
const CPYTHON_SHA256: &str = "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640";
/// Path to the tarball, for machines that are not Debian; its hash is checked all the same.
const CPYTHON_TARBALL_VARIABLE: &str = "COFFERDAM_CPYTHON_TARBALL";
const ZLIB: Pin = Pin("libz-sys", "1.1.31", "ff20308ecabd635a2dc1dd5834a86c462cca20efba1d5d3ddab1f8aea3455cb2");
const SQLITE: Pin = Pin("libsqlite3-sys", "0.38.2", "f1d20bef17f513b9b3004532233187769cd072d790971f4e4da0e346eb6401e8");
const BZIP2: Pin = Pin("bzip2-sys", "0.1.13+1.0.8", "225bff33b2141874fe80d71e07d6eec4f85c5c216453dd96388240f96e1acc14");
const LZMA: Pin = Pin("lzma-sys", "0.1.20", "5fda04ab3764e6cde78b9974eec4f779acaba7c4e84b36eca3cf77c581b85d27");
const TZDATA: Pin = Pin("tzdata", "2026.6", "0a10eec6e13ef16b627fabed9a5f2ba61a62b1c67f327305f4e7e412a70b4aec");

/// Of CPython's configure. Not in the guest: threads, processes, sockets, anything loaded at run time.
const CONFIGURE: [&str; 10] = [
    "--host=wasm32-wasip1",
    "--prefix=/py",
    "--disable-test-modules",
    "--without-doc-strings",
    "--with-pymalloc",
    "--without-mimalloc",
    "--disable-ipv6",
    "--with-ensurepip=no",
    "OPT=-DNDEBUG -O3",
    "py_cv_module__socket=n/a",
];
const ARCHIVES: [&str; 4] =
    ["libpython3.13.a", "Modules/expat/libexpat.a", "Modules/_decimal/libmpdec/libmpdec.a", "Modules/_hacl/libHacl_Hash_SHA2.a"];
/// What wasi-libc emulates and CPython uses.
const EMULATED: [&str; 3] = ["-D_WASI_EMULATED_GETPID", "-D_WASI_EMULATED_PROCESS_CLOCKS", "-D_WASI_EMULATED_SIGNAL"];
/// 8 MiB of stack below the data: a stack that overflows traps instead of overwriting. The interpreter's recursion limits fit into it.
const LINK: [&str; 7] = [
    "-mexec-model=reactor",
    "-Wl,-z,stack-size=8388608",
    "-Wl,--stack-first",
    "-Wl,--initial-memory=33554432",
    "-Wl,--gc-sections",
    "-Wl,--export=__stack_pointer",
    "-Wl,--strip-debug",
];
const LIBRARIES: [&str; 5] = ["-lm", "-ldl", "-lwasi-emulated-getpid", "-lwasi-emulated-process-clocks", "-lwasi-emulated-signal"];
/// In guest.c, before the address and the size of the place for the packed modules.
const PACKED_MARK: &[u8; 16] = b"cofferdam-packed";
/// Change when the recipe below changes in a way that no constant above shows.
const RECIPE: &str = "1";

/// A source by name, version and SHA-256 of its archive.
struct Pin(&'static str, &'static str, &'static str);

/// Builds what changed and returns the linked, optimised module, not yet initialised. `source` is wasm-guests/python.
pub(crate) fn build(toolchain: &Toolchain, cache: &Path, source: &Path, report: &dyn Fn(&str)) -> Result<PathBuf> {
    let cache = cache.join("python");
    fs::create_dir_all(&cache)?;
    let tree = cpython_tree(report)?;
    let interpreter = interpreter(toolchain, &cache, source, &tree, report)?;
    let code = code(toolchain, &cache, source, &interpreter, report)?;

    let build_python = build_python(&cache, &tree, report)?;
    let tzdata = fetch::wheel(&pip(&tree)?, &python3()?, TZDATA.0, TZDATA.1, TZDATA.2)?.join("tzdata");
    let packed = packed(&build_python, source, &tree.join("Lib"), &tzdata)?;
    let key = fetch::hash(format!("{}\n{}", fetch::hash(&fs::read(&code)?), fetch::hash(&packed)).as_bytes());
    let linked = cache.join(format!("guest-{}.wasm", &key[..16]));
    if !linked.exists() {
        report("packing the standard library");
        write_whole(&linked, &lay_in(&fs::read(&code)?, &packed)?)?;
    }
    Ok(linked)
}

fn cpython_tree(report: &dyn Fn(&str)) -> Result<PathBuf> {
    report("fetching sources");
    let file = format!("python3.13_{CPYTHON}.orig.tar.xz");
    let tarball = fetch::debian_orig("python3.13", &file, CPYTHON_SHA256, CPYTHON_TARBALL_VARIABLE)?;
    let tree = tarball_home()?.join(format!("cpython-{CPYTHON}"));
    if !tree.exists() {
        fetch::unpack(&tarball, &tree)?;
    }
    Ok(tree)
}

fn tarball_home() -> Result<PathBuf> {
    Ok(crate::paths::cache()?.join("sources"))
}

/// CPython and its libraries for wasm32: a folder with `lib/*.a` and `include`.
fn interpreter(toolchain: &Toolchain, cache: &Path, source: &Path, tree: &Path, report: &dyn Fn(&str)) -> Result<PathBuf> {
    let pins = [&ZLIB, &SQLITE, &BZIP2, &LZMA].map(|pin| pin.2);
    let configurations = [fs::read(source.join("deps/sqlite_config.h"))?, fs::read(source.join("deps/lzma_config.h"))?].concat();
    let inputs = [RECIPE, &toolchain.id, CPYTHON_SHA256, &pins.join(" "), &CONFIGURE.join(" "), &fetch::hash(&configurations)].join("\n");
    let finished = cache.join(format!("interpreter-{}", &fetch::hash(inputs.as_bytes())[..16]));
    if finished.exists() {
        return Ok(finished);
    }
    let build_python = build_python(cache, tree, report)?;
    let partial = fetch::temporary(cache)?;
    let home = partial.path();
    for folder in ["lib", "include", "objects", "build"] {
        fs::create_dir(home.join(folder))?;
    }
    report("compiling zlib, bzip2, xz and SQLite");
    libraries(toolchain, source, home)?;

    let build = home.join("build");
    let compiler = toolchain.compiler().join(" ");
    let include = format!("-I{}", home.join("include").display());
    let library = |name: &str| format!("-L{} -l{name}", home.join("lib").display());
    let environment = [
        ("CC", compiler.clone()),
        ("CPP", format!("{compiler} -E")),
        ("AR", toolchain.llvm_ar.display().to_string()),
        ("RANLIB", toolchain.llvm_ranlib.display().to_string()),
        ("CONFIG_SITE", tree.join("Tools/wasm/config.site-wasm32-wasi").display().to_string()),
        ("PKG_CONFIG_LIBDIR", "/nonexistent".to_owned()),
        ("PKG_CONFIG_PATH", String::new()),
        ("SOURCE_DATE_EPOCH", "1750000000".to_owned()),
        ("ZLIB_CFLAGS", include.clone()),
        ("ZLIB_LIBS", library("z")),
        ("BZIP2_CFLAGS", include.clone()),
        ("BZIP2_LIBS", library("bz2")),
        ("LIBLZMA_CFLAGS", include.clone()),
        ("LIBLZMA_LIBS", library("lzma")),
        ("LIBSQLITE3_CFLAGS", include),
        ("LIBSQLITE3_LIBS", library("sqlite3")),
    ];
    report("configuring CPython");
    let machine = format!("--build={}", quietly(&mut Command::new(tree.join("config.guess")))?.trim());
    quietly(
        Command::new(tree.join("configure"))
            .args(CONFIGURE)
            .arg(machine)
            .arg(format!("--with-build-python={}", build_python.display()))
            .envs(environment.clone())
            .current_dir(&build),
    )?;
    report("compiling CPython");
    quietly(Command::new("make").arg(jobs()).args(ARCHIVES).envs(environment).current_dir(&build))?;
    for archive in ARCHIVES {
        let from = build.join(archive);
        fs::copy(&from, home.join("lib").join(from.file_name().context("an archive has no name")?))?;
    }
    fs::copy(build.join("pyconfig.h"), home.join("include/pyconfig.h"))?;
    quietly(Command::new("cp").arg("-R").arg(tree.join("Include")).arg(home.join("include/cpython")))?;
    fs::remove_dir_all(&build)?;
    fs::remove_dir_all(home.join("objects"))?;
    fetch::keep(partial, &finished)?;
    Ok(finished)
}

/// Compiles the C libraries side by side and puts their archives and headers where CPython's configure is told to look.
fn libraries(toolchain: &Toolchain, source: &Path, home: &Path) -> Result<()> {
    let [zlib, sqlite, bzip2, lzma] = [&ZLIB, &SQLITE, &BZIP2, &LZMA].map(|pin| fetch::crate_source(pin.0, pin.1, pin.2));
    let (zlib, sqlite, bzip2, lzma) = (zlib?.join("src/zlib"), sqlite?.join("sqlite3"), bzip2?.join("bzip2-1.0.8"), lzma?.join("xz-5.2/src"));
    let deps = source.join("deps");
    let configured = |file: &str| vec!["-include".to_owned(), deps.join(file).display().to_string()];

    let mut lzma_flags = configured("lzma_config.h");
    lzma_flags.extend(["-std=gnu11".to_owned(), format!("-I{}", lzma.join("common").display())]);
    let mut lzma_files = Vec::new();
    for part in ["api", "check", "common", "delta", "lz", "lzma", "rangecoder", "simple"] {
        let folder = lzma.join("liblzma").join(part);
        lzma_flags.push(format!("-I{}", folder.display()));
        lzma_files.extend(c_files(&folder, |name| {
            // Generators of tables, the small variants of two checksums, and threads.
            let left_out = ["tablegen.c", "_small.c", "_mt.c", "outqueue.c", "cputhreads.c", "physmem.c"];
            !left_out.iter().any(|end| name.ends_with(end))
        })?);
    }
    let named = |folder: &Path, names: &str| names.split(' ').map(|name| folder.join(format!("{name}.c"))).collect::<Vec<_>>();
    let mut sqlite_flags = configured("sqlite_config.h");
    sqlite_flags.extend(EMULATED.map(str::to_owned));
    let libraries = [
        // The largest file first: it takes as long as all others together.
        ("sqlite3", sqlite_flags, vec![sqlite.join("sqlite3.c")]),
        ("z", Vec::new(), named(&zlib, "adler32 compress crc32 deflate infback inffast inflate inftrees trees uncompr zutil")),
        ("bz2", vec!["-DBZ_NO_STDIO".to_owned()], named(&bzip2, "blocksort bzlib compress crctable decompress huffman randtable")),
        ("lzma", lzma_flags, lzma_files),
    ];

    let compiler = toolchain.compiler();
    let mut commands = Vec::new();
    let mut archives = Vec::new();
    for (name, flags, files) in libraries {
        let mut archive = Command::new(&toolchain.llvm_ar);
        archive.arg("rcs").arg(home.join(format!("lib/lib{name}.a")));
        for file in files {
            let stem = file.file_stem().context("a source has no name")?.to_string_lossy().into_owned();
            let object = home.join(format!("objects/{name}-{stem}.o"));
            let mut command = Command::new(&compiler[0]);
            command.args(&compiler[1..]).args(["-O2", "-DNDEBUG", "-w"]).args(&flags).arg("-c").arg(&file).arg("-o").arg(&object);
            commands.push(command);
            archive.arg(object);
        }
        archives.push(archive);
    }
    side_by_side(commands)?;
    for mut archive in archives {
        quietly(&mut archive)?;
    }
    let headers = [zlib.join("zlib.h"), zlib.join("zconf.h"), bzip2.join("bzlib.h"), sqlite.join("sqlite3.h"), sqlite.join("sqlite3ext.h")];
    for header in headers {
        fs::copy(&header, home.join("include").join(header.file_name().context("a header has no name")?))?;
    }
    let api = lzma.join("liblzma/api");
    quietly(Command::new("cp").arg("-R").arg(api.join("lzma.h")).arg(api.join("lzma")).arg(home.join("include"))).map(drop)
}

/// Our C main linked with the interpreter and optimised, still without its modules.
fn code(toolchain: &Toolchain, cache: &Path, source: &Path, interpreter: &Path, report: &dyn Fn(&str)) -> Result<PathBuf> {
    let main = source.join("c/guest.c");
    let built_on = interpreter.file_name().context("the interpreter has no name")?.to_string_lossy();
    let inputs = [RECIPE, &built_on, &LINK.join(" "), &LIBRARIES.join(" "), &fetch::hash(&fs::read(&main)?)].join("\n");
    let finished = cache.join(format!("code-{}.wasm", &fetch::hash(inputs.as_bytes())[..16]));
    if finished.exists() {
        return Ok(finished);
    }
    report("linking");
    let partial = fetch::temporary(cache)?;
    let at = |name: &str| partial.path().join(name);
    let compiler = toolchain.compiler();
    let include = interpreter.join("include");
    let includes = ["", "cpython", "cpython/internal"].map(|folder| format!("-I{}", include.join(folder).display()));
    quietly(
        Command::new(&compiler[0])
            .args(&compiler[1..])
            .args(["-O2", "-DNDEBUG", "-std=c23", "-DPy_BUILD_CORE_MODULE"])
            .args(EMULATED)
            .args(includes)
            .arg("-c")
            .arg(&main)
            .arg("-o")
            .arg(at("guest.o")),
    )?;
    let archives = ["python3.13", "Hacl_Hash_SHA2", "expat", "mpdec", "z", "bz2", "lzma", "sqlite3"];
    // No -O: clang would run whatever wasm-opt is on PATH.
    quietly(
        Command::new(&compiler[0])
            .args(&compiler[1..])
            .args(LINK)
            .arg("-Wl,--wrap=_PyMutex_LockTimed")
            .arg(at("guest.o"))
            .arg(format!("-L{}", interpreter.join("lib").display()))
            .args(archives.map(|name| format!("-l{name}")))
            .args(LIBRARIES)
            .arg("-o")
            .arg(at("linked.wasm")),
    )?;
    report("optimising");
    toolchain.optimise(&at("linked.wasm"), &at("code.wasm"))?;
    fs::rename(at("code.wasm"), &finished)?;
    Ok(finished)
}

/// The blob that freeze.py makes of the standard library, the prelude and the time zones.
fn packed(build_python: &Path, source: &Path, lib: &Path, tzdata: &Path) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let blob = folder.path().join("packed.bin");
    quietly(Command::new(build_python).args(["-I", "-S"]).arg(source.join("freeze.py")).arg(lib).arg(source.join("prelude")).arg(tzdata).arg(&blob))?;
    Ok(fs::read(blob)?)
}

/// Adds the blob to a module's data, at the place that guest.c keeps for it.
fn lay_in(module: &[u8], packed: &[u8]) -> Result<Vec<u8>> {
    let mark = module.windows(PACKED_MARK.len()).position(|bytes| bytes == PACKED_MARK).context("the module has no mark for the modules")?;
    let word = |at: usize| -> Result<u32> {
        let bytes = module.get(mark + at..mark + at + 4).context("the mark is cut off")?;
        Ok(u32::from_le_bytes(bytes.try_into()?))
    };
    let (place, room) = (word(16)?, word(20)?);
    if packed.len() > room as usize {
        bail!("the packed modules have {} bytes, and guest.c keeps room for {room}", packed.len());
    }
    let mut segment = vec![0x00, 0x41]; // active, in memory 0, at an i32.const
    signed(&mut segment, i64::from(place.cast_signed()));
    segment.push(0x0b);
    unsigned(&mut segment, packed.len() as u64);
    segment.extend_from_slice(packed);

    const DATA: u8 = 11;
    const DATA_COUNT: u8 = 12;
    let mut result = module.get(..8).context("not a module")?.to_vec();
    let mut rest = &module[8..];
    let mut added = false;
    while let Some((&id, after)) = rest.split_first() {
        let (size, mut body) = read_unsigned(after)?;
        let size = usize::try_from(size)?;
        (body, rest) = body.split_at_checked(size).context("a section is cut off")?;
        let mut content = Vec::new();
        if id == DATA || id == DATA_COUNT {
            let (count, segments) = read_unsigned(body)?;
            unsigned(&mut content, count + 1);
            content.extend_from_slice(segments);
            if id == DATA {
                content.extend_from_slice(&segment);
                added = true;
            }
        } else {
            content.extend_from_slice(body);
        }
        result.push(id);
        unsigned(&mut result, content.len() as u64);
        result.extend_from_slice(&content);
    }
    if !added {
        bail!("the module has no data section");
    }
    Ok(result)
}

fn read_unsigned(bytes: &[u8]) -> Result<(u64, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((value, &bytes[index + 1..]));
        }
    }
    bail!("a number in the module is cut off")
}

fn unsigned(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.push((value & 0x7f) as u8);
}

fn signed(into: &mut Vec<u8>, mut value: i64) {
    while !(-0x40..0x40).contains(&value) {
        into.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.push((value & 0x7f) as u8);
}

/// A native CPython 3.13, which CPython's cross build runs. Compiled from the same source where the machine has none.
fn build_python(cache: &Path, tree: &Path, report: &dyn Fn(&str)) -> Result<PathBuf> {
    let mut candidates: Vec<PathBuf> = ["python3.13", "python3"].iter().filter_map(|name| packages::find(name)).collect();
    if let Some(root) = std::env::var_os("PYENV_ROOT") {
        let versions = fs::read_dir(Path::new(&root).join("versions")).map(|entries| entries.flatten().map(|entry| entry.path()));
        candidates.extend(versions.into_iter().flatten().map(|version| version.join("bin/python3.13")).filter(|python| python.exists()));
    }
    let native = cache.join(format!("native-{CPYTHON}"));
    candidates.push(native.join("python"));
    // A name may be a shim for another version, so ask what it is and where it really lies.
    let question = "import sys; print(sys.version_info[:2] == (3, 13) and sys.implementation.name == 'cpython', sys.executable)";
    for candidate in candidates {
        if let Ok(answer) = quietly(Command::new(&candidate).args(["-I", "-S", "-c", question]))
            && let Some(executable) = answer.trim().strip_prefix("True ")
        {
            return Ok(PathBuf::from(executable));
        }
    }
    report("compiling a native Python 3.13");
    // Built inside its source, so that it can be moved to its final name.
    let partial = fetch::temporary(cache)?;
    quietly(Command::new("cp").arg("-R").arg(format!("{}/.", tree.display())).arg(partial.path()))?;
    let options = ["--disable-test-modules", "--without-doc-strings", "--with-ensurepip=no", "OPT=-DNDEBUG -O1"];
    quietly(Command::new("./configure").args(options).current_dir(partial.path()))?;
    quietly(Command::new("make").arg(jobs()).arg("all").current_dir(partial.path()))?;
    fetch::keep(partial, &native)?;
    Ok(native.join("python"))
}

/// Any Python with TLS, to run the pip that lies in CPython's source.
fn python3() -> Result<PathBuf> {
    packages::find("python3").context("python3 is not on PATH; its pip fetches the time zones")
}

fn pip(tree: &Path) -> Result<PathBuf> {
    let folder = tree.join("Lib/ensurepip/_bundled");
    let mut wheels = fs::read_dir(&folder)?.flatten().map(|entry| entry.path());
    wheels.find(|path| path.extension().is_some_and(|extension| extension == "whl")).with_context(|| format!("no pip in {}", folder.display()))
}

fn c_files(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".c") && wanted(&name) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Runs commands in their order, as many at a time as there are processors; the first failure is returned.
fn side_by_side(commands: Vec<Command>) -> Result<()> {
    let commands = Mutex::new(commands.into_iter());
    let work = || -> Result<()> {
        loop {
            let next = commands.lock().map_err(|_| anyhow::anyhow!("another compilation panicked"))?.next();
            match next {
                Some(mut command) => quietly(&mut command).map(drop)?,
                None => return Ok(()),
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..processors()).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow::anyhow!("a compilation panicked"))?)
    })
}

fn jobs() -> String {
    format!("-j{}", processors())
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Writes a file so that it is never found half-written.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = fetch::temporary(path.parent().context("a file needs a folder")?)?;
    let file = partial.path().join("file");
    fs::write(&file, bytes)?;
    Ok(fs::rename(file, path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lay_in_adds_a_segment_at_the_marked_place() -> Result<()> {
        let mut data = vec![1, 0x00, 0x41, 0x00, 0x0b, 24];
        data.extend_from_slice(PACKED_MARK);
        data.extend_from_slice(&0x0001_0040_u32.to_le_bytes());
        data.extend_from_slice(&4_u32.to_le_bytes());
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.extend_from_slice(&[12, 1, 1, 11, data.len().try_into()?]);
        module.extend_from_slice(&data);

        let mut expected = b"\0asm\x01\0\0\0".to_vec();
        expected.extend_from_slice(&[12, 1, 2, 11, (data.len() + 10).try_into()?, 2]);
        expected.extend_from_slice(&data[1..]);
        expected.extend_from_slice(&[0x00, 0x41, 0xc0, 0x80, 0x04, 0x0b, 3, b'a', b'b', b'c']);
        assert_eq!(lay_in(&module, b"abc")?, expected);
        Ok(())
    }

    #[test]
    fn lay_in_refuses_what_does_not_fit() -> Result<()> {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.extend_from_slice(PACKED_MARK);
        module.extend_from_slice(&[0, 0, 0, 0, 2, 0, 0, 0]);
        let refusal = lay_in(&module, b"abc").err().map(|error| error.to_string());
        assert_eq!(refusal.as_deref(), Some("the packed modules have 3 bytes, and guest.c keeps room for 2"));
        Ok(())
    }
}
