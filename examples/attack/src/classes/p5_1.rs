//! P5.1 dynamic code evaluation: the tricks by which text becomes code and code reaches the interpreter's own powers. With the pre-run checks off
//! there is still nothing to reach.

use crate::act::{Act, Told::Error};
use crate::suite::Class;
use policy::Guest::{JavaScript, Python};
use policy::Threat;

const NO_PROCESSES: crate::act::Told = Error("there are no processes in this sandbox");

/// Evaluation itself is not forbidden.
const PYTHON_TWIN: (&str, &str) = ("eval('6 * ' + str(7)) + sum(c.__name__ == 'OrderedDict' for c in dict.__subclasses__())", "43");
const JAVASCRIPT_TWIN: (&str, &str) = ("return new Function('n', 'return 6 * n')(7) + (0, eval)('1')", "43");

pub(crate) fn class() -> Class {
    let plain = ACTS.iter().filter(|act| !act.name.contains("put together")).map(|act| act.forbidden());
    Class { threat: Threat::P5_1, variants: ACTS.iter().map(|act| act.variant()).chain(plain).collect() }
}

const ACTS: &[Act] = &[
    Act {
        name: "a walk over the subclasses of object to a module's globals",
        guest: Python,
        program: "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0]\
                  .__init__.__globals__['system']('touch @CANARY@')",
        told: NO_PROCESSES,
        twin: PYTHON_TWIN,
    },
    Act {
        name: "a walk over the subclasses of object to the class that opens files",
        guest: Python,
        program: "def below(c):\n    yield c\n    for each in type.__subclasses__(c): yield from below(each)\n\
            [c for c in below(().__class__.__base__) if c.__name__ == 'FileIO'][0]('@CANARY@', 'w')",
        told: Error("No such file or directory"),
        twin: PYTHON_TWIN,
    },
    Act {
        name: "text put together and evaluated",
        guest: Python,
        program: "getattr(__builtins__, 'ev' + 'al')('__imp' + 'ort__(\"o\" + \"s\").sys' + 'tem(\"touch @CANARY@\")')",
        told: NO_PROCESSES,
        twin: PYTHON_TWIN,
    },
    Act {
        name: "an object that unpickles as a call",
        guest: Python,
        program: "import pickle\npickle.loads(b\"cos\\nsystem\\n(S'touch @CANARY@'\\ntR.\")",
        told: NO_PROCESSES,
        twin: PYTHON_TWIN,
    },
    Act {
        name: "a code object made by hand",
        guest: Python,
        program: "import types\ncode = compile('import os\\nos.popen(\"touch @CANARY@\").read()', 'x', 'exec')\n\
            types.FunctionType(code.replace(co_name='innocent'), {})()",
        told: NO_PROCESSES,
        twin: PYTHON_TWIN,
    },
    Act {
        name: "the constructor of a function, and from it the process",
        guest: JavaScript,
        program: "(() => {}).constructor('return process')().mainModule.require('child_process').execSync('touch @CANARY@')",
        told: Error("TypeError"),
        twin: JAVASCRIPT_TWIN,
    },
    Act {
        name: "the constructor of an asynchronous function",
        guest: JavaScript,
        program: "const Make = Object.getPrototypeOf(async function () {}).constructor;\n\
            await new Make('r', \"r('child_process').execSync('touch @CANARY@')\")(require);",
        told: Error("Cannot find module 'child_process'"),
        twin: JAVASCRIPT_TWIN,
    },
    Act {
        name: "an indirect eval of text put together",
        guest: JavaScript,
        program: "(0, eval)('pro' + 'cess').getBuiltinModule('f' + 's').writeFileSync('@CANARY@', '')",
        told: Error("TypeError"),
        twin: JAVASCRIPT_TWIN,
    },
];
