"""What this Python does not have, each with an error that says so and what to use instead.

Absent: processes, sockets, TLS, foreign code, packages, a person at a terminal, file permissions.
"""

import asyncio
import builtins
import errno
import http.client
import importlib.util
import io
import os
import socket
import subprocess
import sys
import zoneinfo._common
import zoneinfo._tzpath

import _host

from . import threads

PROCESSES = "there are no processes in this sandbox"
# Modules of the standard library that are not here, and why.
MODULES = {
    "ssl": "there are no sockets in this sandbox; call a server's tools or fetch() instead",
    "ctypes": "foreign code cannot be loaded in this sandbox",
    "multiprocessing": f"{PROCESSES}; use asyncio, or concurrent.futures.ThreadPoolExecutor, which runs its work at once",
    "mmap": "files cannot be mapped in this sandbox; read them",
    "webbrowser": "there is no browser in this sandbox",
    "tkinter": "there is no screen in this sandbox",
    "turtle": "there is no screen in this sandbox",
    "curses": "there is no terminal in this sandbox",
    "readline": "there is no terminal in this sandbox",
    "venv": "packages cannot be installed at run time; the standard library is there",
    "ensurepip": "packages cannot be installed at run time; the standard library is there",
}
# Packages that programs reach for, and what there is in their place.
INSTEAD = {
    "numpy": "lists, array, math, statistics",
    "pandas": "csv, sqlite3, statistics, collections",
    "requests": "a server's tools, or `await fetch(url)`",
    "httpx": "a server's tools, or `await fetch(url)`",
    "aiohttp": "a server's tools, or `await fetch(url)`",
    "urllib3": "a server's tools, or `await fetch(url)`",
    "yaml": "json, tomllib",
    "bs4": "html.parser, xml.etree.ElementTree, re",
    "lxml": "xml.etree.ElementTree",
    "dateutil": "datetime, zoneinfo",
    "pytz": "zoneinfo",
    "pydantic": "dataclasses, typing",
}
GLOBALS = ("tools", "artifacts", "fetch", "progress")


class Explainer:
    """The last finder: says why a top-level module is not there."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        # A private module is only asked for by the standard library, which knows how to do without.
        if path is None and not name.startswith("_"):
            raise ModuleNotFoundError(why(name), name=name)


def why(name):
    from . import servers

    if servers.is_server(name) or name in GLOBALS:
        return f"{name} is not a module: it is a global name already, use it without an import"
    if name in MODULES:
        return f"{name} is not available: {MODULES[name]}"
    if name in sys.stdlib_module_names:
        return f"{name} is not available in this sandbox"
    message = f"No module named '{name}': packages cannot be installed at run time; the standard library is there"
    return f"{message} ({name}: use {INSTEAD[name]})" if name in INSTEAD else message


_find_spec = importlib.util.find_spec


def find_spec(name, package=None):
    try:
        return _find_spec(name, package)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise


def no_process(*args, **kwargs):
    raise OSError(errno.ENOSYS, f"{PROCESSES}: no command can be run; write it in Python, or call a server's tools")


async def no_process_async(*args, **kwargs):
    no_process()


class Popen(subprocess.Popen):
    def __init__(self, *args, **kwargs):
        self._child_created = False  # for __del__
        no_process()


class NoInput(io.TextIOWrapper):
    """Standard input: at its end from the start."""

    def __init__(self):
        super().__init__(io.BufferedReader(io.BytesIO()), "utf-8")


def input_(prompt="", /):
    print(prompt, end="")
    raise EOFError("there is nobody to answer input(): put the value into the program")


def chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
    """Changes nothing: there are no permissions here. It exists because copying files calls it."""
    os.stat(path)


def exit_now(code=0):
    leave = SystemExit(code)
    if len(threads._idents) > 1:
        threads.leaving.append(leave)
    raise leave


def abort():
    raise SystemError("os.abort() was called")


class Quitter:
    def __call__(self, code=None):
        raise SystemExit(code)

    def __repr__(self):
        return "exit() ends the program"


class HTTPSConnection(http.client.HTTPConnection):
    def __init__(self, *args, **kwargs):
        raise OSError(socket.MESSAGE)


def load_tzdata(key):
    data = _host.resource(f"tz/{key}")
    if data is None:
        raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}")
    return io.BytesIO(data)


def available_timezones():
    """Returns a set containing all available time zones."""
    return set(_host.resource("tz").decode().split())


def missing_in_os(name):
    if name in ("fork", "forkpty", "execv", "execve", "execl", "execvp", "spawnv", "spawnl", "posix_spawn", "kill", "wait", "waitpid"):
        raise AttributeError(f"os.{name} is not available: {PROCESSES}")
    raise AttributeError(f"module 'os' has no attribute '{name}'", name=name, obj=os)


sys.meta_path.append(Explainer)
importlib.util.find_spec = find_spec
subprocess.Popen = Popen
os.system = os.popen = no_process
for _name in ("execl", "execle", "execlp", "execlpe", "execv", "execve", "execvp", "execvpe", "spawnv", "spawnl", "fork"):
    os.__dict__.pop(_name, None)
os.__getattr__ = missing_in_os
os._exit, os.abort = exit_now, abort
os.cpu_count = lambda: 1
if not hasattr(os, "chmod"):
    os.chmod = chmod
asyncio.create_subprocess_exec = asyncio.create_subprocess_shell = no_process_async
asyncio.subprocess.create_subprocess_exec = asyncio.subprocess.create_subprocess_shell = no_process_async
sys.stdin = sys.__stdin__ = NoInput()
builtins.input = input_
builtins.exit = builtins.quit = Quitter()
http.client.HTTPSConnection = HTTPSConnection
zoneinfo._common.load_tzdata = load_tzdata
zoneinfo._tzpath.available_timezones = zoneinfo.available_timezones = available_timezones
