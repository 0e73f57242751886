//! P5.4 filesystem boundary violations: every way out of a granted directory that a path, a link or a flag offers. In the sandbox the directory is
//! `/data`, granted to be read, and nothing beside it is there.

use crate::act::{Act, Told, Told::Error};
use crate::suite::{Class, Variant};
use policy::Guest::{JavaScript, Python};
use policy::{Layer, Threat};

const PERM: Told = Error("peration not permitted");
const NOENT: Told = Error("o such file or directory");

const PYTHON_TWIN: (&str, &str) = ("open('@DATA@/a.txt').read() + str(open('/workspace/own.txt', 'w').write('own'))", "given3");
const JAVASCRIPT_TWIN: (&str, &str) = (
    "const fs = require('fs'); fs.writeFileSync('own.txt', 'own'); \
     return fs.readFileSync('@DATA@/a.txt', 'utf8') + fs.readFileSync('own.txt', 'utf8')",
    "givenown",
);

const fn python(name: &'static str, told: Told, program: &'static str) -> Act {
    Act { name, guest: Python, program, told, twin: PYTHON_TWIN }
}

const fn javascript(name: &'static str, told: Told, program: &'static str) -> Act {
    Act { name, guest: JavaScript, program, told, twin: JAVASCRIPT_TWIN }
}

pub(crate) fn class() -> Class {
    let mut variants: Vec<Variant> = ACTS.iter().map(|act| act.variant()).collect();
    for layer in [Layer::Wasi, Layer::Landlock] {
        variants.extend(OUTSIDE.iter().map(|act| act.inside(layer)));
    }
    Class { threat: Threat::P5_4, variants }
}

const ACTS: &[Act] = &[
    python("traversal", PERM, "print(open('@DATA@/sub/../../secret.txt').read())"),
    python("an absolute path", NOENT, "print(open('@SECRET@').read())"),
    python("an absolute link", PERM, "print(open('@DATA@/absolute').read())"),
    python("a relative link", PERM, "print(open('@DATA@/relative').read())"),
    python(
        "a link to a directory, with a slash behind it",
        PERM,
        "import os\nprint(open('@DATA@/up/' + min(n for n in os.listdir('@DATA@/up/') if n.startswith('secret'))).read())",
    ),
    python(
        "a link of its own",
        PERM,
        "import os\nos.symlink('../../../../../../../../../../../../../../../..@SECRET@', 'own')\nprint(open('own').read())",
    ),
    python("a hard link", PERM, "import os\nos.link('@DATA@/../secret.txt', 'hard')\nprint(open('hard').read())"),
    python("moving a file in", PERM, "import os\nos.rename('@DATA@/../secret.txt', 'moved')\nprint(open('moved').read())"),
    python("moving a file out", PERM, "import os\nopen('mine', 'w').close()\nos.rename('mine', '@DATA@/../beside/mine')"),
    python("truncating what may be read only", PERM, "import os\nos.open('@DATA@/a.txt', os.O_RDONLY | os.O_TRUNC)"),
    python("a time of change", PERM, "import os\nos.utime('@DATA@/a.txt', (1, 1))"),
    python("a directory beside, by a link and a slash", PERM, "import os\nos.mkdir('@DATA@/up/beside/new/')"),
    python("removing a file by a link", PERM, "import os\nos.remove('@DATA@/up/secret.txt')"),
    javascript("traversal", NOENT, "console.log(require('fs').readFileSync('@DATA@/sub/../../secret.txt', 'utf8'))"),
    javascript("an absolute path", NOENT, "console.log(require('fs').readFileSync('@SECRET@', 'utf8'))"),
    javascript("a relative link", PERM, "console.log(require('fs').readFileSync('@DATA@/relative', 'utf8'))"),
    javascript("a link to a directory", PERM, "console.log(require('fs').readFileSync('@DATA@/up/secret.txt', 'utf8'))"),
    javascript("writing through a link", PERM, "require('fs').writeFileSync('@DATA@/absolute', 'x')"),
    javascript("moving a file in", NOENT, "require('fs').renameSync('@DATA@/../secret.txt', 'moved')"),
    javascript("removing a file by a link", PERM, "require('fs').unlinkSync('@DATA@/up/secret.txt')"),
    javascript("a path with a scheme", NOENT, "console.log(require('fs').readFileSync(new URL('file://@SECRET@'), 'utf8'))"),
];

/// With the guest's own border gone the machine's files lie under `/outside`, as after a mistake in WASI. Either border alone holds.
const OUTSIDE: &[Act] = &[
    python("reading past WASI", Error(""), "print(open('/outside@SECRET@').read())"),
    python("writing past WASI", Error(""), "open('/outside@CANARY@', 'w').write('x')"),
    python("truncating past WASI", Error(""), "open('/outside@SECRET@', 'w').close()"),
    javascript("reading past WASI", Error(""), "console.log(require('fs').readFileSync('/outside@SECRET@', 'utf8'))"),
    javascript("writing past WASI", Error(""), "require('fs').writeFileSync('/outside@CANARY@', 'x')"),
];
