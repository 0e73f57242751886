"""The guest's own part of Python: what a program finds around it, and how one is run.

Imported once, before the snapshot; `turn` is what C calls. Order matters below: the modules that change the standard library do so
before anything else is imported that would keep the original.
"""

import json
import sys

import _host

from . import threads  # noqa: F401  before asyncio and logging make their locks
from . import absent  # noqa: F401
from . import completed  # noqa: F401
from . import fresh, host, loop, program, servers, values, warm, web
from . import artifacts


def turn(document):
    """Runs one program; returns the status of `turn` in abi.md."""
    try:
        request = json.loads(document)
        code, file = request["code"], request.get("file") or "program.py"
        names, tools = request.get("servers", ()), request.get("tools", {})
        if not isinstance(code, str) or not isinstance(file, str):
            return 1
    except (ValueError, TypeError, KeyError):
        return 1
    try:
        fresh.refresh()
        servers.enter(program.NAMES, names, tools)
        send(program.run(code, file))
        return 0
    except MemoryError:
        # Even saying how the run ended found no room. Now there is some.
        _host.release_reserve()
        send(program.FULL)
        return 0
    except host.BrokerGone:
        return 2
    finally:
        host.forget()
        servers.made.clear()


def send(outcome):
    """Sends the run's result; an outcome that the host does not take becomes one that it does."""
    flush()
    try:
        host.result(outcome)
    except (OSError, host.RequestFailed) as reason:
        message = f"the run's result could not be sent: {reason}"
        host.result(values.encode({"status": "error", "type": type(reason).__name__, "message": message}))


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # the program closed or replaced it, or may not print more


loop.install()
servers.install(program.NAMES)
web.install(program.NAMES)
program.NAMES["artifacts"] = artifacts.Artifacts()
warm.finish(turn)
