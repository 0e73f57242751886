//! P5.2 dangerous system interaction: processes, foreign code, sockets, signals. None of it is linked into a guest.

use crate::act::{Act, Told, Told::Error};
use crate::suite::Class;
use policy::Guest::{JavaScript, Python};
use policy::Threat;

const NO_PROCESSES: Told = Error("there are no processes in this sandbox");
const NO_SOCKETS: Told = Error("sockets are not available in this sandbox");

const PYTHON_TWIN: (&str, &str) = ("from concurrent.futures import ThreadPoolExecutor\nsum(ThreadPoolExecutor().map(len, ['a', 'bc', 'def']))", "6");
const JAVASCRIPT_TWIN: (&str, &str) = ("return require('os').EOL.length + process.argv.length * 0", "1");

pub(crate) fn class() -> Class {
    Class { threat: Threat::P5_2, variants: ACTS.iter().map(|act| act.variant()).collect() }
}

const ACTS: &[Act] = &[
    Act {
        name: "a command",
        guest: Python,
        program: "import subprocess\nsubprocess.run(['touch', '@CANARY@'], check=True)",
        told: NO_PROCESSES,
        twin: PYTHON_TWIN,
    },
    Act {
        name: "a copy of the process",
        guest: Python,
        program: "import os\nchild = os.fork()\nif child == 0:\n    open('@CANARY@', 'w').close()\n    os._exit(0)\nos.waitpid(child, 0)",
        told: Error("os.fork is not available"),
        twin: PYTHON_TWIN,
    },
    Act {
        name: "a function of the C library",
        guest: Python,
        program: "import ctypes\nctypes.CDLL(None).system(b'touch @CANARY@')",
        told: Error("foreign code cannot be loaded in this sandbox"),
        twin: PYTHON_TWIN,
    },
    Act {
        name: "a connection",
        guest: Python,
        program: "import socket\ns = socket.create_connection(('127.0.0.1', @PORT@))\ns.sendall(b'hello')\ns.recv(9)",
        told: NO_SOCKETS,
        twin: PYTHON_TWIN,
    },
    Act {
        name: "a connection of the module below",
        guest: Python,
        program: "import _socket\ns = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)\ns.connect(('127.0.0.1', @PORT@))\ns.send(b'hello')\n\
            s.recv(9)",
        told: Error("_socket"),
        twin: PYTHON_TWIN,
    },
    Act { name: "a signal", guest: Python, program: "import os\nos.kill(@VICTIM@, 9)", told: Error("os.kill is not available"), twin: PYTHON_TWIN },
    Act {
        name: "a command",
        guest: JavaScript,
        program: "require('child_process').spawnSync('touch', ['@CANARY@'])",
        told: Error("Cannot find module 'child_process'"),
        twin: JAVASCRIPT_TWIN,
    },
    Act {
        name: "a command, of the binding below",
        guest: JavaScript,
        program: "const { spawn } = process.binding('spawn_sync');\nspawn({file: 'touch', args: ['touch', '@CANARY@'], stdio: []})",
        told: Error("TypeError"),
        twin: JAVASCRIPT_TWIN,
    },
    Act {
        name: "another thread with powers of its own",
        guest: JavaScript,
        program: "const { Worker } = await import('worker_threads');\n\
            await new Promise(done => new Worker(\"require('fs').writeFileSync('@CANARY@', '')\", {eval: true}).on('exit', done))",
        told: Error("Cannot find module 'worker_threads'"),
        twin: JAVASCRIPT_TWIN,
    },
    Act {
        name: "a connection",
        guest: JavaScript,
        program: "await new Promise(done => require('net').connect(@PORT@, '127.0.0.1').on('close', done).on('data', () => {}).write('hello'))",
        told: Error("Cannot find module 'net'"),
        twin: JAVASCRIPT_TWIN,
    },
    Act { name: "a signal", guest: JavaScript, program: "process.kill(@VICTIM@, 'SIGKILL')", told: Error("TypeError"), twin: JAVASCRIPT_TWIN },
];
