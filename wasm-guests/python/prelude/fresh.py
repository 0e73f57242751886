"""Undoes what the snapshot froze. Some of it once per instance, the random state at every run: forks of a session share memory."""

import io
import logging
import os
import random
import sys
import tempfile
import time

import _host

thawed = False


def refresh():
    global thawed
    if not thawed:
        thawed = True
        thaw()
    for name in ("stdout", "stderr"):
        open_stream(name)
    random.seed()
    _host.forget_randomness()
    tempfile._name_sequence = None


def thaw():
    os.environ._data.clear()
    os.environ._data.update(_host.thaw())
    home = os.environ.get("HOME", "/")
    try:
        os.chdir(home)
    except OSError:
        home = "/"
        try:
            os.chdir(home)
        except OSError:
            pass  # no files at all were granted
    # Modules beside the program can be imported; those of the standard library are found first.
    sys.path[:] = [home]
    sys.path_importer_cache.clear()
    tempfile.tempdir = None if os.environ.get("TMPDIR") else home
    logging._startTime = time.time_ns() if isinstance(logging._startTime, int) else time.time()


def open_stream(name):
    """Undoes an earlier program's redirection, and its closing of the stream."""
    stream = getattr(sys, f"__{name}__")
    if stream is None or stream.closed:
        stream = Output(1) if name == "stdout" else ErrorOutput(2)
        setattr(sys, f"__{name}__", stream)
    if getattr(sys, name) is not stream:
        setattr(sys, name, stream)


class Output(io.TextIOWrapper):
    """Written line by line: what a program printed before it was stopped is not to be lost."""

    def __init__(self, number):
        raw = io.FileIO(number, "w", closefd=False)
        super().__init__(io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True)
        self.mode = "w"


class ErrorOutput(Output):
    """Never overtakes what was printed before."""

    def write(self, text):
        if not sys.__stdout__.closed:
            sys.__stdout__.flush()
        return super().write(text)


sys.__stdout__ = sys.__stderr__ = None
open_stream("stdout")
open_stream("stderr")
