//! What is flagged in programs, what policy makes of it, and that ordinary programs are left alone.

use crate::{Checks, Flag, Lifetime, RefusalCode, check};
use policy::{FlagKind, Language};
use std::collections::BTreeSet;
use std::path::Path;

fn flags(program: &str, language: Language) -> Vec<Flag> {
    check(program, language, Lifetime::Stateless, &super::catalog(), &Checks::all()).unwrap().flags().to_vec()
}

/// Each flag as `line kind what`.
#[track_caller]
fn flagged(program: &str, language: Language, expected: &[&str]) {
    let found: Vec<String> = flags(program, language).iter().map(|flag| format!("{} {} {}", flag.line, flag.kind.name(), flag.what)).collect();
    assert_eq!(found, expected, "{program}");
}

#[test]
fn evaluation_of_text_is_flagged_in_python() {
    let dynamic = |program: &str, whats: &[&str]| {
        let expected: Vec<String> = whats.iter().map(|what| format!("1 dynamic_evaluation {what}")).collect();
        flagged(program, Language::Python, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    };
    flagged("x = 1\neval(x)\nexec('1')\n__import__(x)\neval(x)", Language::Python, &["2 dynamic_evaluation eval", "4 dynamic_evaluation __import__"]);
    dynamic("e = eval; e('1')", &["eval"]);
    dynamic("list(map(exec, xs))", &["exec"]);
    dynamic("getattr(x, 'eval')(y)", &["eval"]);
    dynamic("globals()['exec'](y)", &["exec"]);
    dynamic("import builtins as b; b.eval(x)", &["builtins.eval"]);
    dynamic("from builtins import exec as run; run(x)", &["builtins.exec"]);
    dynamic("import importlib; importlib.import_module(x)", &["importlib.import_module"]);
    dynamic("import marshal, types; types.FunctionType(marshal.loads(x), {})", &["types.FunctionType", "marshal.loads"]);
    dynamic("import pickle; pickle.loads(x)", &["pickle.loads"]);
    dynamic("exec(compile(x, 'f', 'exec'))", &["exec", "compile"]);
    for fine in [
        "def eval(x): pass\neval(x)",
        "eval('1 + 1')",
        "import re; re.compile(x)",
        "model.eval()",
        "x = {'compile': 1}; x['compile']",
        "import importlib; importlib.import_module('json')",
        "'eval(x)'",
    ] {
        flagged(fine, Language::Python, &[]);
    }
}

#[test]
fn evaluation_of_text_is_flagged_in_javascript() {
    for language in [Language::JavaScript, Language::TypeScript] {
        flagged("const x = 'a';\neval(x);\nnew Function(x);\neval('1')", language, &["2 dynamic_evaluation eval", "3 dynamic_evaluation Function"]);
        for (program, what) in [
            ("const e = eval; e(x)", "eval"),
            ("(0, eval)(x)", "eval"),
            ("globalThis['eval'](x)", "eval"),
            ("globalThis.Function(x)", "Function"),
            ("[x].map(Function)", "Function"),
            ("[].constructor.constructor(x)()", "constructor"),
            ("''['constructor']['constructor'](x)()", "constructor"),
            ("(() => {}).constructor(x)()", "constructor"),
            ("Object.getPrototypeOf(async function () {}).constructor(x)", "constructor"),
            ("setTimeout('f(' + x + ')', 1)", "setTimeout"),
            ("await import(x)", "import"),
        ] {
            flagged(program, language, &[&format!("1 dynamic_evaluation {what}")]);
        }
        for fine in [
            "function f(eval_) { eval_(1) }",
            "x instanceof Function",
            "Function.prototype.call",
            "this.constructor.name",
            "new x.constructor(1)",
            "setTimeout(f, 1)",
            "await import('node:path')",
            "'eval(x)'",
        ] {
            flagged(fine, language, &[]);
        }
    }
    flagged("const f: Function = g;\nf()", Language::TypeScript, &[]);
}

#[test]
fn known_ways_out_are_flagged() {
    for (program, what) in [
        ("().__class__.__base__.__subclasses__()", "__subclasses__"),
        ("f.__globals__['x']", "__globals__"),
        ("getattr(f, '__globals__')", "__globals__"),
        ("f.__dict__['__builtins__']", "__builtins__"),
        ("__builtins__.open", "__builtins__"),
        ("import gc as g\ng.get_objects()", "gc.get_objects"),
        ("import ctypes", "ctypes"),
        ("from ctypes.util import find_library", "ctypes"),
        ("import sys\nsys._getframe(1)", "sys._getframe"),
        ("import os\nos.system('id')", "os.system"),
        ("from os import popen", "os.popen"),
        ("import subprocess", "subprocess"),
        ("try: 1/0\nexcept E as e: e.__traceback__.tb_frame", "tb_frame"),
    ] {
        let found = flags(program, Language::Python);
        assert!(matches!(found.as_slice(), [Flag { kind: FlagKind::EscapeIdiom, what: one, .. }] if *one == what), "{program}: {found:?}");
    }
    for (program, what) in [
        ("process.binding('fs')", "process.binding"),
        ("process.mainModule.require('x')", "process.mainModule"),
        ("require('child_process')", "child_process"),
        ("import { exec } from 'node:child_process'; exec()", "child_process"),
        ("await import('qjs:std')", "qjs:std"),
        ("Error.prepareStackTrace = f", "Error.prepareStackTrace"),
        ("new Deno.Command('id')", "Deno.Command"),
    ] {
        let found = flags(program, Language::JavaScript);
        assert!(matches!(found.as_slice(), [Flag { kind: FlagKind::EscapeIdiom, what: one, .. }] if *one == what), "{program}: {found:?}");
    }
    for fine in ["import os\nos.getcwd(), os.path.join('a', 'b')", "x.__class__.__name__, type(x).__mro__, x.__doc__", "import sys\nsys.version"] {
        assert_eq!(flags(fine, Language::Python), [], "{fine}");
    }
    for fine in ["process.env.HOME", "import fs from 'fs'; fs", "new Error('x').stack"] {
        assert_eq!(flags(fine, Language::JavaScript), [], "{fine}");
    }
}

#[test]
fn policy_can_forbid_what_is_flagged() {
    let verdict = |program: &str, language, kinds: &[FlagKind]| {
        let checks = Checks::all().forbidding(&kinds.iter().copied().collect::<BTreeSet<_>>());
        let refusal = check(program, language, Lifetime::Stateless, &super::catalog(), &checks).err()?;
        assert_eq!(refusal.code, RefusalCode::Forbidden);
        Some((refusal.line, refusal.message))
    };
    let (evaluation, escape) = (FlagKind::DynamicEvaluation, FlagKind::EscapeIdiom);
    let message = "line 2: `eval` is forbidden by the operator's policy (dynamic_evaluation); write the code itself out, and read data with \
                   json.loads or JSON.parse";
    for (program, language) in [("x = 1\neval(x)", Language::Python), ("let x = 1\neval(x)", Language::JavaScript)] {
        assert_eq!(verdict(program, language, &[evaluation]), Some((Some(2), message.to_owned())));
        assert_eq!(verdict(program, language, &[escape]), None);
        assert_eq!(verdict(program, language, &[]), None);
    }
    let message = "line 1: `ctypes` is forbidden by the operator's policy (escape_idiom); use the servers, `tools`, `artifacts`, `fetch` and \
                   /workspace, which are all that there is";
    assert_eq!(verdict("import ctypes\neval(x)", Language::Python, &[evaluation, escape]), Some((Some(1), message.to_owned())));
    assert_eq!(verdict("def eval(x): pass\neval(x)", Language::Python, &FlagKind::ALL), None);
}

/// Every program of the compatibility suites and of the examples.
#[expect(clippy::disallowed_methods, reason = "the programs of other tests are read from where they are")]
fn corpus() -> Vec<(String, Language, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders =
        ["crates/cofferdam/tests/compat/python", "crates/cofferdam/tests/compat/javascript", "examples", "examples/session", "examples/fetch"];
    let mut programs = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let language = match path.extension().and_then(|extension| extension.to_str()) {
                Some("py") => Language::Python,
                Some("js") => Language::JavaScript,
                Some("ts") => Language::TypeScript,
                _ => continue,
            };
            programs.push((path.display().to_string(), language, std::fs::read_to_string(&path).unwrap()));
        }
    }
    programs.sort_by(|a, b| a.0.cmp(&b.0));
    programs
}

#[test]
fn ordinary_programs_are_not_refused_and_hardly_flagged() {
    let programs = corpus();
    assert!(programs.len() > 140, "{} programs", programs.len());
    let (mut flagged, mut forbidden) = (Vec::new(), 0);
    for (path, language, program) in &programs {
        let checked = check(program, *language, Lifetime::Stateless, &super::catalog(), &Checks::all());
        let checked = checked.unwrap_or_else(|refusal| panic!("{path}: {refusal}"));
        let name = path.rsplit('/').next().unwrap_or(path);
        flagged.extend(checked.flags().iter().map(|flag| format!("{name}:{} {}", flag.line, flag.what)));
        let all = Checks::all().forbidding(&FlagKind::ALL.into());
        forbidden += u32::from(check(program, *language, Lifetime::Stateless, &super::catalog(), &all).is_err());
    }
    // Each is about just that.
    let about = [
        "048_dynamic_evaluation.js:2 eval",
        "048_dynamic_evaluation.js:4 Function",
        "028_pickle_and_copy.py:20 pickle.loads",
        "030_syntax_trees.py:21 eval",
        "030_syntax_trees.py:21 compile",
        "031_inspection.py:35 __code__",
        "058_tracebacks_as_text.py:27 exec",
        "059_weak_references.py:30 types.FunctionType",
    ];
    assert_eq!(flagged, about);
    assert_eq!(forbidden, 6);
}
