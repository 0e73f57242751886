//! P5.5: the programs that want too much, each with what it takes in the open.

use super::p5_5::{Glutton, Takes};
use policy::Guest::{self, JavaScript, Python};

pub(super) const DEADLINE: &str = "deadline: the program was ended after 0.5 s, its limit.";

const fn endless(name: &'static str, guest: Guest, program: &'static str, twin: (&'static str, &'static str)) -> Glutton {
    Glutton { name, guest, program, takes: Takes::Time, ends: DEADLINE, twin }
}

pub(super) const GLUTTONS: &[Glutton] = &[
    endless("a loop", Python, "while True:\n    pass", ("sum(range(100000))", "4999950000")),
    endless("a loop", JavaScript, "while (true) {}", ("let sum = 0; for (let n = 0; n < 100000; n++) sum += n; return sum", "4999950000")),
    endless(
        "a loop that catches all that ends it",
        Python,
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        ("1", "1"),
    ),
    endless("a long sleep", Python, "import time\ntime.sleep(3600)", ("import time\ntime.sleep(0.001)\n1", "1")),
    endless(
        "a promise that is never settled, beside a timer",
        JavaScript,
        "await new Promise(done => setTimeout(done, 3600000))",
        ("return await new Promise(done => setTimeout(done, 1, 7))", "7"),
    ),
    endless(
        "a regular expression",
        Python,
        "import re\nre.fullmatch('(a+)+b', 'a' * 60)",
        ("import re\nbool(re.fullmatch('(a+)+b', 'a' * 60 + 'b'))", "true"),
    ),
    endless("a regular expression", JavaScript, "/^(a+)+b$/.test('a'.repeat(60))", ("return /^(a+)+b$/.test('a'.repeat(60) + 'b')", "true")),
    endless("empty writes without end", Python, "import os\nwhile True:\n    os.write(1, b'')", ("import os\nos.write(1, b'')", "0")),
    endless("empty writes without end", JavaScript, "while (true) process.stdout.write('')", ("process.stdout.write(''); return 1", "1")),
    endless(
        "one enormous number",
        Python,
        "len(str(7 ** 10 ** 8)) if __import__('sys').set_int_max_str_digits(0) is None else 0",
        ("len(str(7 ** 1000))", "846"),
    ),
    Glutton {
        name: "memory",
        guest: Python,
        program: "import time\nkept = [bytearray(b'x') * (1 << 20) for _ in range(160)]\ntime.sleep(0.3)",
        takes: Takes::Memory,
        ends: "MemoryError",
        twin: ("len(bytearray(8 << 20))", "8388608"),
    },
    Glutton {
        name: "memory",
        guest: JavaScript,
        program: "const kept = [];\nfor (let n = 0; n < 160; n++) kept.push(new Uint8Array(1 << 20).fill(1));\n\
            await new Promise(done => setTimeout(done, 300));",
        takes: Takes::Memory,
        ends: "out of memory",
        twin: ("return new Uint8Array(8 << 20).length", "8388608"),
    },
    Glutton {
        name: "recursion through the interpreter's own stack",
        guest: Python,
        program: "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f():\n    return list(map(lambda _: f(), [0]))\nf()",
        takes: Takes::Interpreter,
        ends: "RecursionError",
        twin: ("def f(n): return n and f(n - 1) + 1\nf(500)", "500"),
    },
    Glutton {
        name: "a flood of output",
        guest: Python,
        program: "for _ in range(4096):\n    print('x' * 1023)",
        takes: Takes::Output,
        ends: "of 4,194,304 bytes not shown",
        twin: ("print('x')", "x\n"),
    },
    Glutton {
        name: "a flood of output",
        guest: JavaScript,
        program: "const line = 'x'.repeat(1023);\nfor (let n = 0; n < 4096; n++) console.log(line);",
        takes: Takes::Output,
        ends: "of 4,194,304 bytes not shown",
        twin: ("console.log('x')", "x\n"),
    },
    Glutton {
        name: "many files",
        guest: Python,
        program: "for n in range(200):\n    open(f'n{n}', 'w').close()",
        takes: Takes::Files,
        ends: "No space left on device",
        twin: ("open('one', 'w').write('1')", "1"),
    },
    Glutton {
        name: "many files",
        guest: JavaScript,
        program: "const fs = require('fs');\nfor (let n = 0; n < 200; n++) fs.writeFileSync('n' + n, '');",
        takes: Takes::Files,
        ends: "ENOSPC",
        twin: ("require('fs').writeFileSync('one', '1'); return 1", "1"),
    },
    Glutton {
        name: "a large file",
        guest: Python,
        program: "with open('big', 'wb') as f:\n    for _ in range(16): f.write(b'x' * (1 << 20))",
        takes: Takes::Disk,
        ends: "No space left on device",
        twin: ("open('small', 'wb').write(b'x' * 1000)", "1000"),
    },
    Glutton {
        name: "a large file",
        guest: JavaScript,
        program: "require('fs').writeFileSync('big', 'x'.repeat(4 << 20));",
        takes: Takes::Disk,
        ends: "ENOSPC",
        twin: ("require('fs').writeFileSync('small', 'x'); return 1", "1"),
    },
    Glutton {
        name: "open files",
        guest: Python,
        program: "import time\nkept = [open(f'h{n % 10}', 'a') for n in range(400)]\ntime.sleep(0.3)",
        takes: Takes::Descriptors,
        ends: "OSError",
        twin: ("len([open(f'h{n}', 'a') for n in range(20)])", "20"),
    },
];
