//! P5.6 isolation escape: looking for what is around the interpreter, and breaking the interpreter itself. What is there is the guest's own;
//! a worker that dies is a typed error.

use crate::act::{
    Act,
    Told::{Error, Text},
};
use crate::suite::Class;
use policy::Guest::{JavaScript, Python};
use policy::Threat;

const PYTHON_TWIN: (&str, &str) = ("import os\n[os.getcwd(), os.environ['HOME'], os.getpid()]", "[\"/workspace\",\"/workspace\",42]");
const JAVASCRIPT_TWIN: (&str, &str) = ("return [process.cwd(), process.env.HOME]", "[\"/workspace\",\"/workspace\"]");

pub(crate) fn class() -> Class {
    Class { threat: Threat::P5_6, variants: ACTS.iter().map(|act| act.variant()).chain(super::p5_6_deaths::variants()).collect() }
}

const ACTS: &[Act] = &[
    Act {
        name: "the environment",
        guest: Python,
        program: "import os\nprint(sorted(os.environ.items()))",
        told: Text("[('HOME', '/workspace'), ('LANG', 'C.UTF-8'), ('TMPDIR', '/workspace'), ('TZ', 'UTC')]"),
        twin: PYTHON_TWIN,
    },
    Act {
        name: "/proc/self/environ",
        guest: Python,
        program: "print(open('/proc/self/environ').read())",
        told: Error("No such file or directory"),
        twin: PYTHON_TWIN,
    },
    Act {
        name: "every process of /proc",
        guest: Python,
        program: "import glob\nfound = 'nothing'\n\
            for path in glob.glob('/proc/[0-9]*/environ'):\n    try: found += open(path).read()\n    except OSError: pass\nprint(found)",
        told: Text("nothing"),
        twin: PYTHON_TWIN,
    },
    Act {
        name: "a file through /proc/self/root",
        guest: Python,
        program: "print(open('/proc/self/root@SECRET@').read())",
        told: Error("No such file or directory"),
        twin: PYTHON_TWIN,
    },
    Act {
        name: "a descriptor of somebody else through /dev/fd",
        guest: Python,
        program: "import os\nfd = os.open('@SECRET@', os.O_RDONLY)\nprint(open(f'/dev/fd/{fd}').read())",
        told: Error("No such file or directory"),
        twin: PYTHON_TWIN,
    },
    Act {
        name: "the environment",
        guest: JavaScript,
        program: "console.log(JSON.stringify(process.env))",
        told: Text("{\"HOME\":\"/workspace\",\"TMPDIR\":\"/workspace\",\"TZ\":\"UTC\",\"LANG\":\"C.UTF-8\"}"),
        twin: JAVASCRIPT_TWIN,
    },
    Act {
        name: "/proc/self/environ",
        guest: JavaScript,
        program: "console.log(require('fs').readFileSync('/proc/self/environ', 'utf8'))",
        told: Error("ENOENT"),
        twin: JAVASCRIPT_TWIN,
    },
    Act {
        name: "a file through /proc/self/cwd",
        guest: JavaScript,
        program: "console.log(require('fs').readFileSync('/proc/self/cwd/../secret.txt', 'utf8'))",
        told: Error("ENOENT"),
        twin: JAVASCRIPT_TWIN,
    },
    Act {
        name: "a report of the process",
        guest: JavaScript,
        program: "console.log(JSON.stringify(process.report.getReport()))",
        told: Error("TypeError"),
        twin: JAVASCRIPT_TWIN,
    },
    Act {
        name: "a module of its own with an import that is not there",
        guest: JavaScript,
        // (module (import "host" "call" (func)) (start 0)), which the engine of a browser or of Node links to what it is given.
        program: "const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, \
                  2, 13, 1, 4, 104, 111, 115, 116, 4, 99, 97, 108, 108, 0, 0, 8, 1, 0]);\n\
                  new WebAssembly.Instance(new WebAssembly.Module(bytes), {host: {call: () => require('fs').writeFileSync('@CANARY@', '')}})",
        told: Error("WebAssembly is not defined"),
        twin: JAVASCRIPT_TWIN,
    },
];
