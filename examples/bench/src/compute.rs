//! Programs that only compute, against the native interpreters in the same run. Each measures itself, so that nobody's start counts, and
//! prints its milliseconds and its answer; the answers must agree.

use crate::{Language, client::Client, report::Row, setup::Setup};
use anyhow::{Context, Result, bail, ensure};
use std::{path::PathBuf, process::Command};

const ROUNDS: usize = 7;

/// What Python may take in the sandbox, in times of native CPython 3.13. The JSON part is shown without a target: it measures one C
/// function, not the interpreter.
const PYTHON_TARGET: f64 = 2.2;

/// A native interpreter.
pub(crate) struct Native {
    program: PathBuf,
    arguments: &'static [&'static str],
    /// Its name and version.
    pub(crate) name: String,
}

impl Native {
    fn find(candidates: &[PathBuf], arguments: &'static [&'static str]) -> Option<Self> {
        candidates.iter().find_map(|program| {
            let output = Command::new(program).args(arguments).arg("--version").output().ok().filter(|output| output.status.success())?;
            let version = String::from_utf8(output.stdout).ok()?;
            let name = [version.trim(), &arguments.join(" ")].join(" ").trim().to_owned();
            Some(Native { program: program.clone(), arguments, name })
        })
    }

    /// `$COFFERDAM_BENCH_PYTHON`, else Python 3.13, which is what the guest is, else any Python 3.
    pub(crate) fn python() -> Option<Self> {
        Self::find(&candidates("COFFERDAM_BENCH_PYTHON", &["python3.13", "python3"]), &[])
    }

    /// `$COFFERDAM_BENCH_NODE`, else node.
    pub(crate) fn node() -> Option<Self> {
        let mut node = Self::find(&candidates("COFFERDAM_BENCH_NODE", &["node"]), &[])?;
        node.name = format!("node {}", node.name);
        Some(node)
    }

    /// Node without its compilers: an interpreter, as the guest is one.
    pub(crate) fn node_interpreter() -> Option<Self> {
        let mut node = Self::find(&candidates("COFFERDAM_BENCH_NODE", &["node"]), &["--jitless"])?;
        node.name = format!("node {}", node.name);
        Some(node)
    }

    /// Whether a ratio against it is a ratio against what the guest is.
    fn is_python_3_13(&self) -> bool {
        self.name.starts_with("Python 3.13.")
    }

    fn run(&self, file: &PathBuf) -> Result<String> {
        let output = Command::new(&self.program).args(self.arguments).arg(file).output().with_context(|| self.name.clone())?;
        ensure!(output.status.success(), "{} failed: {}", self.name, String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

fn candidates(variable: &str, names: &[&str]) -> Vec<PathBuf> {
    match std::env::var_os(variable) {
        Some(chosen) if !chosen.is_empty() => vec![chosen.into()],
        _ => names.iter().map(PathBuf::from).collect(),
    }
}

/// One program, in one file of its own.
struct Program {
    title: &'static str,
    file: &'static str,
    code: &'static str,
    language: Language,
    target: Option<f64>,
}

const PROGRAMS: [Program; 5] = [
    Program {
        title: "5e6 steps, Python, in a function",
        file: "loop_function.py",
        code: include_str!("../programs/loop_function.py"),
        language: Language::Python,
        target: Some(PYTHON_TARGET),
    },
    Program {
        title: "5e6 steps, Python, at module level",
        file: "loop_module.py",
        code: include_str!("../programs/loop_module.py"),
        language: Language::Python,
        target: Some(PYTHON_TARGET),
    },
    Program {
        title: "5 MB JSON, Python",
        file: "parse.py",
        code: include_str!("../programs/parse.py"),
        language: Language::Python,
        target: Some(PYTHON_TARGET),
    },
    Program {
        title: "5e6 steps, JavaScript",
        file: "loop.js",
        code: include_str!("../programs/loop.js"),
        language: Language::JavaScript,
        target: None,
    },
    Program {
        title: "5 MB JSON, JavaScript",
        file: "parse.js",
        code: include_str!("../programs/parse.js"),
        language: Language::JavaScript,
        target: None,
    },
];

/// Runs all programs inside and natively, in turns.
pub(crate) fn measure(setup: &Setup, python: Option<&Native>, node: [Option<&Native>; 2]) -> Result<Vec<Row>> {
    let mut client = Client::connect(&mut setup.cofferdam())?;
    let mut rows = Vec::new();
    for program in &PROGRAMS {
        let natives: Vec<&Native> = match program.language {
            Language::Python => python.into_iter().collect(),
            Language::JavaScript => node.into_iter().flatten().collect(),
        };
        rows.extend(compare(&mut client, setup, program, &natives)?);
    }
    client.end()?;
    Ok(rows)
}

fn compare(client: &mut Client, setup: &Setup, program: &Program, natives: &[&Native]) -> Result<Vec<Row>> {
    let file = setup.file(program.file, program.code)?;
    let mut inside = Vec::new();
    let mut outside: Vec<Vec<f64>> = natives.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        let (time, answer) = read(&client.run(program.language.name(), program.code)?.text)?;
        inside.push(time);
        for (native, times) in natives.iter().zip(&mut outside) {
            let (time, expected) = read(&native.run(&file)?)?;
            ensure!(answer == expected, "{}: {answer:?} inside, {expected:?} with {}", program.title, native.name);
            times.push(time);
        }
    }
    let mut row = Row::new(program.title, "ms", inside);
    let natively = natives.iter().zip(outside);
    let natively: Vec<_> = natively.map(|(native, times)| (native, Row::new(format!("  {}", native.name), "ms", times))).collect();
    // The ratio that counts is the one against the first; the others can be read off.
    if let Some((native, other)) = natively.first() {
        row = row.against(native.name.clone(), other, program.target.filter(|_| native.is_python_3_13()));
    }
    Ok(std::iter::once(row).chain(natively.into_iter().map(|(_, row)| row)).collect())
}

/// The first line is the time, the rest the answer.
fn read(printed: &str) -> Result<(f64, String)> {
    match printed.split_once('\n') {
        Some((time, answer)) => Ok((time.parse().with_context(|| printed.to_owned())?, answer.to_owned())),
        None => bail!("a program printed {printed:?} instead of time and answer"),
    }
}
