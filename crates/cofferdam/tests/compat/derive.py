#!/usr/bin/env python3
"""Writes NNN_name.expected beside every compatibility program: what the reference interpreter prints for it.

The references are CPython 3.13 (COMPAT_PYTHON, else python3.13 on PATH) and Node 20 (COMPAT_NODE, else node). TypeScript is turned
into JavaScript by esbuild first (COMPAT_ESBUILD, else esbuild on PATH). Nothing here ever comes from a sandbox.

A program runs twice in an empty directory, with different hash seeds. It must end well, print the same both times, and print
nothing to stderr. Names on the command line (a part of a path) restrict the run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Runs a file as the sandbox does: its own __main__, with top-level await.
PYTHON_MAIN = """
import ast, asyncio, inspect, linecache, sys, types
source = sys.stdin.buffer.read().decode()
main = types.ModuleType("__main__")
sys.modules["__main__"], sys.argv = main, ["program.py"]
linecache.cache["program.py"] = (len(source), None, source.splitlines(True), "program.py")
code = compile(source, "program.py", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
if code.co_flags & inspect.CO_COROUTINE:
    asyncio.run(eval(code, main.__dict__))
else:
    exec(code, main.__dict__)
"""


def tool(variable, name):
    path = os.environ.get(variable) or shutil.which(name)
    if not path:
        sys.exit(f"{name} is not on PATH; {variable} may name it")
    return path


def require(version, command, prefix):
    if not version.startswith(prefix):
        sys.exit(f"{command} is {version}, but the reference is {prefix}")


def run(command, source, folder, seed):
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "TZ": "UTC", "LANG": "C.UTF-8", "PYTHONHASHSEED": seed}
    done = subprocess.run(command, input=source, cwd=folder, env=environment, capture_output=True, timeout=60)
    if done.returncode or done.stderr:
        raise RuntimeError(f"exit {done.returncode}\n{done.stdout.decode()[-500:]}\n{done.stderr.decode()}")
    if folder.encode() in done.stdout:
        raise RuntimeError("prints its folder")
    return done.stdout


def python(program, folder, seed, tools):
    return run([tools["python"], "-X", "utf8", "-c", PYTHON_MAIN], program.read_bytes(), folder, seed)


def javascript(program, folder, seed, tools):
    source = program.read_bytes()
    if program.suffix == ".ts":
        flags = ["--loader=ts", "--format=esm", "--target=node20", "--log-level=error"]
        source = subprocess.run([tools["esbuild"], *flags], input=source, capture_output=True, check=True).stdout
    file = Path(folder, "program.mjs")
    file.write_bytes(source)
    return run([tools["node"], file.name], b"", folder, seed)


def main(parts):
    tools = {"python": tool("COMPAT_PYTHON", "python3.13"), "node": tool("COMPAT_NODE", "node"), "esbuild": tool("COMPAT_ESBUILD", "esbuild")}
    require(subprocess.check_output([tools["python"], "--version"], text=True).strip(), "python", "Python 3.13.")
    require(subprocess.check_output([tools["node"], "--version"], text=True).strip(), "node", "v20.")
    failed = 0
    programs = [p for p in sorted(HERE.glob("*/*")) if p.suffix in (".py", ".js", ".ts")]
    for program in programs:
        if parts and not any(part in str(program) for part in parts):
            continue
        reference = python if program.suffix == ".py" else javascript
        try:
            outputs = []
            for seed in ("1", "2"):
                with tempfile.TemporaryDirectory() as folder:
                    outputs.append(reference(program, os.path.realpath(folder), seed, tools))
            if outputs[0] != outputs[1] or not outputs[0]:
                raise RuntimeError("prints nothing" if not outputs[0] else "prints something else at the second run")
            program.with_suffix(".expected").write_bytes(outputs[0])
        except (RuntimeError, subprocess.SubprocessError) as error:
            failed += 1
            print(f"{program.parent.name}/{program.name}: {error}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
