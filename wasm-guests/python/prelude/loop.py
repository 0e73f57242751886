"""An asyncio event loop whose only sources of events are calls in flight and the clock, both reached through `wait`.

`asyncio.run` works everywhere, also inside a running loop: it then runs a second loop to its end. There are no file descriptors to
watch, no signals and no subprocesses.
"""

import asyncio
import asyncio.base_events
import asyncio.events
import math
import time

from . import host

# A loop that always has something ready asks for finished calls this often.
POLL_SECONDS = 0.002


class Deadlock(RuntimeError):
    """What is awaited can never come: nothing is in flight and no timer is set."""


class Waiter:
    """Takes the place of a selector."""

    def __init__(self, loop):
        self.loop = loop
        self.polled = 0.0

    def select(self, timeout):
        if host.arrived:
            done = host.arrived[:]
            host.arrived.clear()
            return done
        if timeout == 0 or (timeout is not None and timeout <= 0):
            if not host.queue and (not host.in_flight or time.monotonic() - self.polled < POLL_SECONDS):
                return ()
            done = host.wait(0)
            self.polled = time.monotonic()
            return done
        if timeout is not None:
            return host.wait(math.ceil(timeout * 1000))
        if not host.in_flight:
            raise Deadlock(f"no call is in flight and no timer is set, so nothing can wake {waiting(self.loop)}")
        return host.wait(None)

    def close(self):
        pass


class HostLoop(asyncio.base_events.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._selector = Waiter(self)
        self._outer = None

    def _process_events(self, done):
        for call in done:
            deliver(call)

    def _write_to_self(self):
        pass  # nobody else could wake the loop

    def _check_running(self):
        if self.is_running():
            raise RuntimeError("This event loop is already running")

    def _run_forever_setup(self):
        self._outer = asyncio.events._get_running_loop()
        super()._run_forever_setup()

    def _run_forever_cleanup(self):
        super()._run_forever_cleanup()
        asyncio.events._set_running_loop(self._outer)
        self._outer = None


def waiting(loop):
    """Says which tasks wait, and where in the program."""
    places = []
    for task in asyncio.all_tasks(loop):
        coroutine, place = task.get_coro(), None
        while (frame := getattr(coroutine, "cr_frame", None)) is not None:
            if frame.f_globals.get("__name__") == "__main__":
                name = "the program" if frame.f_code.co_name == "<module>" else f"{coroutine.__qualname__}()"
                place = f"{name} (line {frame.f_lineno})"
            coroutine = coroutine.cr_await
        if place:
            places.append(place)
    places.sort()
    return ", ".join(places[:5]) + (f" and {len(places) - 5} more" if len(places) > 5 else "") or "the program"


def deliver(call):
    """Hands a finished call to whoever awaits it; also to a future of an outer loop, which sees it when it runs again."""
    future = host.in_flight.pop(call["tag"], None)
    if future is None or future.done() or future.get_loop().is_closed():
        return
    if call["ok"]:
        future.set_result(call["value"])
    else:
        from .servers import ToolError

        future.set_exception(ToolError.of(call["error"]))


def sleep(seconds):
    """Suspend execution for that many seconds. Results that come meanwhile are kept for the event loop."""
    if not isinstance(seconds, (int, float)):
        seconds = seconds.__index__() if hasattr(seconds, "__index__") else float(seconds)
    if seconds != seconds:
        raise ValueError("Invalid value NaN (not a number)")
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        host.arrived.extend(host.wait(math.ceil(min(left, 86400) * 1000)))


class Policy(asyncio.events.BaseDefaultEventLoopPolicy):
    _loop_factory = HostLoop

    def get_event_loop(self):
        """As in older Pythons: makes a loop where there is none, without a warning about it."""
        if self._local._loop is None or self._local._loop.is_closed():
            self.set_event_loop(HostLoop())
        return self._local._loop


def run(main, *, debug=None, loop_factory=None):
    """Execute the coroutine and return the result; inside a running loop, on a second loop of its own."""
    outer = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    try:
        with asyncio.Runner(debug=debug, loop_factory=loop_factory or HostLoop) as runner:
            return runner.run(main)
    finally:
        asyncio.events._set_running_loop(outer)


def install():
    import _host

    asyncio.set_event_loop_policy(Policy())
    asyncio.run = asyncio.runners.run = run
    asyncio.SelectorEventLoop = asyncio.EventLoop = HostLoop
    time.sleep = sleep
    _host.set_sleep(sleep)
