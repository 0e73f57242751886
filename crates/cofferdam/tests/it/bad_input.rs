//! Whatever program is sent, and whatever is sent instead of one: a clear error, and the next request is served.

use crate::connection::{Connection, Era, Shown};
use crate::place::Place;
use expect_test::{Expect, expect};
use serde_json::{Value, json};

/// A call that must fail with this text, and the request after it that must not.
fn refused(server: &mut Connection, arguments: Value, expected: Expect) {
    let shown = server.execute(arguments);
    assert!(shown.is_error, "{shown:?}");
    expected.assert_eq(&shown.text);
    assert_eq!(server.run("python", "1 + 1"), "2");
}

/// The same for a program.
pub(crate) fn fails(server: &mut Connection, language: &str, code: &str, expected: Expect) {
    refused(server, json!({"language": language, "code": code}), expected);
}

#[test]
fn arguments_that_make_no_program() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let server = &mut server;
    refused(
        server,
        json!({"code": "x = (1\ny = 2"}),
        expect![[r#"
        refused before it ran (syntax_error): syntax error in line 2, column 1: Expected `)`, found name
          y = 2
          ^"#]],
    );
    refused(
        server,
        json!({"code": "function f( {", "language": "javascript"}),
        expect![[r#"
        refused before it ran (syntax_error): syntax error in line 1, column 14: Expected `}` but found `EOF`
          function f( {
                       ^"#]],
    );
    refused(
        server,
        json!({"code": "1", "language": "ruby"}),
        expect![[r#"the language "ruby" is unknown; the languages are python, javascript, typescript"#]],
    );
    refused(server, json!({"code": ""}), expect!["the program is empty"]);
    refused(
        server,
        json!({"code": "# only a comment\n"}),
        expect!["refused before it ran (empty_program): the program is empty: there is no statement in it"],
    );
    refused(
        server,
        json!({"code": "x = 1\n".repeat(10_000_000 / 6)}),
        expect!["the program is 9999996 bytes long; the limit is 262144 bytes. Data belongs in files or tools, not in the program"],
    );
    refused(server, json!({"code": "x = 1\ny = '\0'"}), expect![[r#"the program has a NUL character on line 2; write it as an escape, \0 or \x00"#]]);
    refused(server, json!({}), expect![[r#"the argument "code" is missing: give the program as a string"#]]);
    refused(server, json!([1]), expect![[r#"the arguments of a tool call must be an object: {"code": "..."}"#]]);
    refused(server, json!({"code": 5}), expect![[r#""code" must be a string, not a number"#]]);
    refused(server, json!({"code": "1", "timeout_ms": -1}), expect![[r#""timeout_ms" must be a whole number of milliseconds above zero, not -1"#]]);
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
    expect![[r#"
        cofferdam: standard input cannot be read: stream did not contain valid UTF-8
    "#]]
    .assert_eq(&String::from_utf8(output.stderr).unwrap());
    assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]));
}

#[test]
fn programs_that_end_the_interpreter() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let server = &mut server;
    fails(
        server,
        "python",
        "import sys\nprint('so far')\nsys.exit(3)",
        expect![[r#"
        so far
        exit: the program ended itself with status 3"#]],
    );
    fails(
        server,
        "python",
        "import sys\nsys.exit('for a reason')",
        expect![[r#"
        for a reason
        exit: the program ended itself with status 1"#]],
    );
    fails(
        server,
        "python",
        "import os\nprint('so far', flush=True)\nos._exit(4)",
        expect![[r#"
        so far
        exit: the program ended itself with status 4"#]],
    );
    fails(
        server,
        "python",
        "import os\nos.abort()",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 2, in <module>
            os.abort()
            ~~~~~~~~^^
        SystemError: os.abort() was called"#]],
    );
    fails(
        server,
        "javascript",
        "console.log('so far');\nprocess.exit(3)",
        expect![[r#"
        so far
        exit: the program ended itself with status 3"#]],
    );
    assert_eq!(server.run("python", "import sys\nprint('done')\nsys.exit()"), "done\n");
    assert_eq!(server.run("javascript", "console.log('done');\nprocess.exit(0)"), "done\n");
}

#[test]
fn programs_that_want_too_much_memory() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let server = &mut server;
    fails(
        server,
        "python",
        "x = bytearray(8 << 30)",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 1, in <module>
            x = bytearray(8 << 30)
        OverflowError: cannot fit 'int' into an index-sized integer"#]],
    );
    fails(
        server,
        "python",
        "x = []\nfor _ in range(128):\n    x.append(bytearray(64 << 20))",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 3, in <module>
            x.append(bytearray(64 << 20))
                     ~~~~~~~~~^^^^^^^^^^
        MemoryError"#]],
    );
    fails(
        server,
        "python",
        "x = [0]\nwhile True:\n    x += x",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 3, in <module>
            x += x
        MemoryError"#]],
    );
    fails(
        server,
        "javascript",
        "const x = [];\nfor (;;) x.push(new Uint8Array(64 << 20));",
        expect![[r#"
        InternalError: out of memory
            at program.js:2:38"#]],
    );
    fails(
        server,
        "javascript",
        "const x = new Uint8Array(8 * 2 ** 30);",
        expect![[r#"
        RangeError: invalid array buffer length
            at program.js:1:30"#]],
    );
    fails(
        server,
        "javascript",
        "let x = 'x';\nfor (;;) x += x;",
        expect![[r#"
        InternalError: string too long
            at program.js:2:15"#]],
    );
}

#[test]
fn programs_that_recurse_for_ever() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let server = &mut server;
    fails(
        server,
        "python",
        "def f():\n    return f()\nf()",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 3, in <module>
            f()
            ~^^
          File "program.py", line 2, in f
            return f()
          File "program.py", line 2, in f
            return f()
          File "program.py", line 2, in f
            return f()
          [Previous line repeated 993 more times]
        RecursionError: maximum recursion depth exceeded"#]],
    );
    let deep = server.run("python", "x = []\nfor _ in range(100_000):\n    x = [x]\nx");
    assert_eq!(deep, "<list object whose repr() raised RecursionError>");
    fails(
        server,
        "javascript",
        "const f = () => 1 + f();\nf()",
        expect![[r#"
        RangeError: Maximum call stack size exceeded
            at f (program.js:1:21)
            at f (program.js:1:21)
            at f (program.js:1:21)
            at f (program.js:1:21)
            at f (program.js:1:21)
            at f (program.js:1:21)
            at f (program.js:1:21)
            at f (program.js:1:21)
            at f (program.js:1:21)
            at f (program.js:1:21)"#]],
    );
    let Shown { text, .. } = server.execute(json!({"language": "javascript", "code": "let x = [];\nfor (let i = 0; i < 100000; i++) x = [x];\nx"}));
    assert!(text.contains("Maximum call stack size exceeded"), "{text}");
    server.still_serves();
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
        assert!(place.starts_with(" all of it: artifact://"), "{place}");
        server.still_serves();
    }
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
    fails(
        server,
        "python",
        "import asyncio\nprint('begun')\nawait asyncio.Future()",
        expect![[r#"
        begun
        pending: the program waits for something that can never come: no call is in flight and no timer is set, so nothing can wake the program (line 3)"#]],
    );
    fails(
        server,
        "python",
        "import asyncio\nawait asyncio.Event().wait()",
        expect![
            "pending: the program waits for something that can never come: no call is in flight and no timer is set, so nothing can wake the program (line 2)"
        ],
    );
    fails(
        server,
        "javascript",
        "console.log('begun');\nawait new Promise(() => {})",
        expect![[r#"
        begun
        pending: the program waits for something that can never come: the program awaits a promise that nothing will settle"#]],
    );
    let left = server.run("python", "t = asyncio.create_task(asyncio.sleep(3600))\nawait asyncio.sleep(0)\n'value'");
    assert_eq!(left, "1 task was still running when the program ended, and cancelled: sleep\nvalue");
    server.still_serves();
}
