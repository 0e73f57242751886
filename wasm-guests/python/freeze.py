"""Packs the standard library, the prelude and the time zones into the one blob that the guest finds in its memory.

usage: python3.13 freeze.py LIB PRELUDE TZDATA OUT

The blob, all numbers little-endian u32: the count of modules, the count of files; for each of them the offsets of its name and of its
bytes, its size and whether it is a package; then the names, each ending in a zero byte, and the bytes. Both lists are sorted by name.
Its input decides every byte of its output. Not packed: what cannot work in the guest, so that importing it fails with the prelude's
explanation, and tests.
"""

import marshal
import os
import struct
import sys

# Each needs processes, sockets, a terminal, a window, foreign code, or serves only development.
ABSENT = {
    "__hello__", "__phello__", "_aix_support", "_android_support", "_apple_support", "_ios_support", "_osx_support",
    "antigravity", "ctypes", "curses", "ensurepip", "idlelib", "multiprocessing", "nturl2path", "pty", "pydoc_data", "ssl", "test",
    "this", "tkinter", "tty", "turtle", "turtledemo", "venv", "webbrowser",
}  # fmt: skip
# Replaced by a prelude module of the same name.
REPLACED = {"socket"}
# Folders that hold no modules a program may import.
NOT_MODULES = {"__pycache__", "site-packages", "test", "tests", "idle_test"}
# The only part of the interactive prompt that help() needs.
PROMPT = {"_pyrepl", "_pyrepl.pager"}


def main(lib, prelude, tzdata, out):
    modules = dict(standard_library(lib))
    for path, name in python_files(prelude):
        folder, _, replaced = name.partition(".")
        if folder != "replaced":
            replaced = f"_cofferdam.{name}".rstrip(".")
        modules[replaced] = compiled(path, f"/py/guest/{os.path.relpath(path, prelude)}")
    blob = packed(modules, dict(time_zones(tzdata)))
    with open(out, "wb") as file:
        file.write(blob)
    print(f"{len(modules)} modules, {len(blob)} bytes")


def standard_library(lib):
    for path, name in python_files(lib):
        top = name.partition(".")[0]
        if name and top not in ABSENT and name not in REPLACED and (top != "_pyrepl" or name in PROMPT):
            yield name, compiled(path, f"/py/lib/{os.path.relpath(path, lib)}")


def python_files(root):
    """Yields (path, dotted name) below root; a package's name stands for its __init__, the root's own is empty."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in NOT_MODULES and "-" not in f)
        parts = [] if folder == root else os.path.relpath(folder, root).split(os.sep)
        for file in sorted(files):
            if file.endswith(".py"):
                yield os.path.join(folder, file), ".".join(parts + ([] if file == "__init__.py" else [file[:-3]]))


def compiled(path, shown):
    with open(path, "rb") as file:
        code = compile(file.read(), shown, "exec", dont_inherit=True, optimize=0)
    return path.endswith("__init__.py"), marshal.dumps(code)


def time_zones(tzdata):
    with open(os.path.join(tzdata, "zones"), "rb") as file:
        names = file.read()
    yield "tz", names
    for name in names.decode().split():
        with open(os.path.join(tzdata, "zoneinfo", name), "rb") as file:
            yield f"tz/{name}", file.read()


def packed(modules, files):
    entries = [(name, code, is_package) for name, (is_package, code) in sorted(modules.items())]
    entries += [(name, data, False) for name, data in sorted(files.items())]
    names, names_at = bytearray(), 8 + 16 * len(entries)
    name_offsets = []
    for name, _, _ in entries:
        name_offsets.append(names_at + len(names))
        names += name.encode() + b"\0"
    table, data, data_at = bytearray(struct.pack("<II", len(modules), len(files))), bytearray(), names_at + len(names)
    for at, (_, content, is_package) in zip(name_offsets, entries):
        table += struct.pack("<IIII", at, data_at + len(data), len(content), is_package)
        data += content
    return table + names + data


if __name__ == "__main__":
    main(*sys.argv[1:])
