//! Whatever program is sent, and whatever is sent instead of one: a clear error, and the next request is served.

use crate::connection::{Connection, Era, Shown};
use crate::place::Place;
use serde_json::{Value, json};

/// A call that must fail with this text, and the request after it that must not.
#[track_caller]
fn refused(server: &mut Connection, arguments: Value, text: &str) {
    let what = arguments.to_string();
    let shown = server.execute(arguments);
    assert_eq!(shown, Shown { text: text.to_owned(), is_error: true }, "{}", &what[..what.len().min(200)]);
    assert_eq!(server.run("python", "1 + 1"), "2");
}

/// The same for a program.
#[track_caller]
pub(crate) fn fails(server: &mut Connection, language: &str, code: &str, text: &str) {
    refused(server, json!({"language": language, "code": code}), text);
}

/// A Python traceback with the lines of these places.
fn traceback(places: &[(u32, &str)], error: &str) -> String {
    let frames: String = places.iter().map(|(line, source)| format!("  File \"program.py\", line {line}, in <module>\n{source}\n")).collect();
    format!("Traceback (most recent call last):\n{frames}{error}")
}

#[test]
fn arguments_that_make_no_program() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let server = &mut server;
    for (arguments, text) in [
        (
            json!({"code": "x = (1\ny = 2"}),
            "refused before it ran (syntax_error): syntax error in line 2, column 1: Expected `)`, found name\n  y = 2\n  ^",
        ),
        (
            json!({"code": "function f( {", "language": "javascript"}),
            "refused before it ran (syntax_error): syntax error in line 1, column 14: Expected `}` but found `EOF`\n  function f( {\n               ^",
        ),
        (json!({"code": "1", "language": "ruby"}), "the language \"ruby\" is unknown; the languages are python, javascript, typescript"),
        (json!({"code": ""}), "the program is empty"),
        (json!({"code": "# only a comment\n"}), "refused before it ran (empty_program): the program is empty: there is no statement in it"),
        (
            json!({"code": "x = 1\n".repeat(1_500_000)}),
            "the program is 9000000 bytes long; the limit is 262144 bytes. Data belongs in files or tools, not in the program",
        ),
        (json!({"code": "x = 1\ny = '\0'"}), "the program has a NUL character on line 2; write it as an escape, \\0 or \\x00"),
        (json!({}), "the argument \"code\" is missing: give the program as a string"),
        (json!([1]), "the arguments of a tool call must be an object: {\"code\": \"...\"}"),
        (json!({"code": 5}), "\"code\" must be a string, not a number"),
        (json!({"code": "1", "timeout_ms": -1}), "\"timeout_ms\" must be a whole number of milliseconds above zero, not -1"),
    ] {
        refused(server, arguments, text);
    }
}

#[test]
fn bytes_that_are_no_request() {
    let place = Place::new();
    let mut server = place.serve(Era::Legacy, &[]);
    for line in [&b"\xff\xfe{}"[..], b"{", b"[]", b"null", b"\0\0\0", b"", br#"{"jsonrpc":"2.0","id":"x\xff","method":"ping"}"#] {
        server.send_line(line);
        server.still_serves();
    }
    let id = server.request("no/such/method", json!({}));
    assert_eq!(server.answer(id)["error"]["code"], -32601);
    server.still_serves();
}

#[test]
fn a_program_on_standard_input_that_is_not_utf8() {
    use std::io::Write;
    let place = Place::new();
    let mut child = place.command().args(["run", "-"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"print('caf\xe9')").unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors, "cofferdam: standard input cannot be read: stream did not contain valid UTF-8\n");
    assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]));
}

#[test]
fn programs_that_end_the_interpreter() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let server = &mut server;
    let ended = |printed: &str, status: u32| format!("{printed}\nexit: the program ended itself with status {status}");
    for (language, code, text) in [
        ("python", "import sys\nprint('so far')\nsys.exit(3)", ended("so far", 3)),
        ("python", "import sys\nsys.exit('for a reason')", ended("for a reason", 1)),
        ("python", "import os\nprint('so far', flush=True)\nos._exit(4)", ended("so far", 4)),
        ("javascript", "console.log('so far');\nprocess.exit(3)", ended("so far", 3)),
        ("python", "import os\nos.abort()", traceback(&[(2, "    os.abort()\n    ~~~~~~~~^^")], "SystemError: os.abort() was called")),
    ] {
        fails(server, language, code, &text);
    }
    assert_eq!(server.run("python", "import sys\nprint('done')\nsys.exit()"), "done\n");
    assert_eq!(server.run("javascript", "console.log('done');\nprocess.exit(0)"), "done\n");
}

#[test]
fn programs_that_want_too_much_memory() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let python = |line: u32, source: &str, error: &str| traceback(&[(line, source)], error);
    // JavaScript's columns are those of the last operand.
    for (language, code, text) in [
        (
            "python",
            "x = bytearray(8 << 30)",
            // More than a 32-bit address can say.
            python(1, "    x = bytearray(8 << 30)", "OverflowError: cannot fit 'int' into an index-sized integer"),
        ),
        (
            "python",
            "x = []\nfor _ in range(128):\n    x.append(bytearray(64 << 20))",
            python(3, "    x.append(bytearray(64 << 20))\n             ~~~~~~~~~^^^^^^^^^^", "MemoryError"),
        ),
        ("python", "x = [0]\nwhile True:\n    x += x", python(3, "    x += x", "MemoryError")),
        (
            "javascript",
            "const x = [];\nfor (;;) x.push(new Uint8Array(64 << 20));",
            "InternalError: out of memory\n    at program.js:2:38".to_owned(),
        ),
        ("javascript", "const x = new Uint8Array(8 * 2 ** 30);", "RangeError: invalid array buffer length\n    at program.js:1:30".to_owned()),
        ("javascript", "let x = 'x';\nfor (;;) x += x;", "InternalError: string too long\n    at program.js:2:15".to_owned()),
    ] {
        fails(&mut server, language, code, &text);
    }
}

#[test]
fn programs_that_recurse_for_ever() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let server = &mut server;
    // Python allows 1000 frames, a few of which are ours.
    let Shown { text, is_error } = server.execute(json!({"code": "def f():\n    return f()\nf()"}));
    let (before, rest) = text.split_once("  [Previous line repeated ").unwrap();
    let (times, after) = rest.split_once(" more times]\n").unwrap();
    let frame = "  File \"program.py\", line 2, in f\n    return f()\n".repeat(3);
    assert_eq!((is_error, before), (true, &*(traceback(&[(3, "    f()\n    ~^^")], "") + &frame)));
    assert_eq!(after, "RecursionError: maximum recursion depth exceeded");
    assert!((950..997).contains(&times.parse().unwrap()), "{times}");
    // Node's ten frames.
    let frames = "\n    at f (program.js:1:21)".repeat(10);
    fails(server, "javascript", "const f = () => 1 + f();\nf()", &format!("RangeError: Maximum call stack size exceeded{frames}"));
}

#[test]
fn programs_that_print_a_gigabyte() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    for (language, code) in [
        ("python", "line = 'x' * (1 << 20)\nfor _ in range(1024): print(line)"),
        ("javascript", "const line = 'x'.repeat(1 << 20);\nfor (let i = 0; i < 1024; i++) console.log(line)"),
    ] {
        let Shown { text, is_error } = server.execute(json!({"language": language, "code": code}));
        let rest = text.trim_start_matches('x');
        assert_eq!((is_error, text.len() - rest.len()), (false, 12 * 1024), "{language}");
        let (told, place) = rest.trim_end_matches(['x', '\n']).split_once(';').unwrap();
        assert_eq!(told, "\n... [1,073,726,464 of 1,073,742,848 bytes not shown", "{language}");
        // Of a gigabyte 8 MiB are kept, by default.
        assert!(place.starts_with(" what was kept of it: artifact://"), "{place}");
        server.still_serves();
    }
}

/// The niceness of a process's threads of one name.
fn niceness(pid: u32, name: &str) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().map(|thread| thread.unwrap().path());
    let stats = threads.filter_map(|thread| std::fs::read_to_string(thread.join("stat")).ok());
    let of_name = stats.filter_map(|stat| Some(stat.split_once(&format!("({name}) "))?.1.to_owned()));
    // The 19th field of proc_pid_stat(5), of which the name is the second.
    of_name.map(|fields| fields.split(' ').nth(16).unwrap().to_owned()).collect()
}

#[test]
fn what_is_large_is_looked_at_by_a_thread_that_gives_way() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let cut = |text: &str, left_out: &str| {
        let rest = text.trim_start_matches('x');
        assert_eq!((text.len() - rest.len(), rest.split(';').next().unwrap()), (12 * 1024, left_out));
        assert_eq!(rest.len() - rest.trim_end_matches(['x', '\n']).len(), 4 * 1024 + 1);
    };
    assert_eq!(server.run("python", "print('x' * 10)"), "x".repeat(10) + "\n");
    // Less than a change of threads is worth.
    cut(&server.run("python", "print('x' * 100_000)"), "\n... [83,617 of 100,001 bytes not shown");
    assert_eq!(niceness(server.pid(), "aside"), [""; 0]);
    for _ in 0..2 {
        cut(&server.run("python", "print('x' * 300_000)"), "\n... [283,617 of 300,001 bytes not shown");
        cut(&server.run("javascript", "'x'.repeat(300000)"), "\n... [283,616 of 300,000 bytes not shown");
    }
    assert_eq!(niceness(server.pid(), "aside"), ["10"]);
}

#[test]
fn values_that_are_not_json() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let loops = "a = []\na.append(a)\na";
    for (language, code, text) in [
        ("python", "{1}", "[1]"),
        ("python", "b'\\xff'", "b'\\xff'"),
        ("python", "1 + 2j", "(1+2j)"),
        ("python", "10 ** 30", "1000000000000000000000000000000"),
        ("python", loops, "[[...]]"),
        // Too deep to be JSON: the outer levels, as the language prints them.
        ("python", "x = []\nfor _ in range(100_000):\n    x = [x]\nx", "[[[[[[[...]]]]]]]"),
        ("javascript", "let x = [];\nfor (let i = 0; i < 100000; i++) x = [x];\nx", "[ [ [ [Array] ] ] ]"),
        // Numbers that JSON does not have are text, in both languages.
        ("python", "float('nan')", "NaN"),
        ("python", "-float('inf')", "-Infinity"),
        ("python", "[float('inf'), {'a': float('nan')}, None, 'null']", r#"["Infinity",{"a":"NaN"},null,"null"]"#),
        ("javascript", "NaN", "NaN"),
        ("javascript", "-Infinity", "-Infinity"),
        ("javascript", "[Infinity, {a: NaN}, null, 'null']", r#"["Infinity",{"a":"NaN"},null,"null"]"#),
        ("javascript", "[new Float64Array([NaN, 1]), new Map([['a', -Infinity]])]", r#"[["NaN",1],{"a":"-Infinity"}]"#),
        ("javascript", "const a = []; a.push(a); a", "<ref *1> [ [Circular *1] ]"),
        ("javascript", "() => 1", "[Function (anonymous)]"),
        ("javascript", "Symbol('s')", "Symbol(s)"),
        ("javascript", "2n ** 70n", "1180591620717411303424"),
        ("javascript", "new Map([['a', 1]])", r#"{"a":1}"#),
    ] {
        assert_eq!(server.run(language, code), text, "{code}");
    }
    server.still_serves();
}

#[test]
fn tasks_that_are_left_pending() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let server = &mut server;
    let pending = "pending: the program waits for something that can never come:";
    let nothing = "no call is in flight and no timer is set, so nothing can wake the program";
    for (language, code, text) in [
        ("python", "import asyncio\nprint('begun')\nawait asyncio.Future()", format!("begun\n{pending} {nothing} (line 3)")),
        ("python", "import asyncio\nawait asyncio.Event().wait()", format!("{pending} {nothing} (line 2)")),
        (
            "javascript",
            "console.log('begun');\nawait new Promise(() => {})",
            format!("begun\n{pending} the program awaits a promise that nothing will settle"),
        ),
    ] {
        fails(server, language, code, &text);
    }
    let left = server.run("python", "t = asyncio.create_task(asyncio.sleep(3600))\nawait asyncio.sleep(0)\n'value'");
    assert_eq!(left, "1 task was still running when the program ended, and cancelled: sleep\nvalue");
    server.still_serves();
}
