"""Threads without threads: a thread's work is run to its end when the thread is started.

Everything of `threading` and `concurrent.futures` works as far as that allows. A wait that only another thread could end is an
error (the lock itself raises it, in C), with a timeout it sleeps and gives up. Inside a thread's work there is no running event
loop, its own name and its own thread-local values, as in a real one.
"""

import _thread
import _threading_local
import asyncio.events
import concurrent.futures
import concurrent.futures.thread
import contextvars
import queue
import threading

_idents = [threading.get_ident()]  # the innermost thread at the end
_last = _idents[0]
# An exit that a thread asked for: `threading` would only report it, so it is raised again where the thread was started.
leaving = []


class Handle:
    """Takes the place of `_thread._ThreadHandle`."""

    def __init__(self):
        self.ident = None
        self.done = False

    def is_done(self):
        return self.done

    def _set_done(self):
        self.done = True

    def join(self, timeout=None):
        if not self.done:
            raise RuntimeError("this thread waits for itself: threads run their work to its end when they are started")


def run_apart(work, *args, **kwargs):
    """Runs work as a thread would: with an identity, a context and no event loop of its own."""
    global _last
    _last += 1
    _idents.append(_last)
    loop = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    try:
        return contextvars.Context().run(work, *args, **kwargs)
    finally:
        asyncio.events._set_running_loop(loop)
        _idents.pop()
        if leaving and len(_idents) == 1:
            raise leaving.pop()


def start_joinable(function, handle=None, daemon=True):
    handle = handle or Handle()
    handle.ident = _last + 1
    try:
        run_apart(function)
    finally:
        handle._set_done()
    return handle


def start_new(function, args, kwargs={}, /):  # noqa: B006  as the original
    def work():
        try:
            function(*args, **kwargs)
        except SystemExit:
            pass
        except Exception as error:
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))

    ident = _last + 1
    run_apart(work)
    return ident


def submit(self, fn, /, *args, **kwargs):
    with self._shutdown_lock:
        if self._broken:
            raise concurrent.futures.thread.BrokenThreadPool(self._broken)
        if self._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
    future = concurrent.futures.Future()
    future.set_running_or_notify_cancel()
    worker = threading.Thread(target=_work, args=(self, future, fn, args, kwargs), name=f"{self._thread_name_prefix}_0")
    worker.start()
    return future


def _work(pool, future, fn, args, kwargs):
    try:
        if pool._initializer is not None:
            initializer, pool._initializer = pool._initializer, None
            initializer(*pool._initargs)
        result = fn(*args, **kwargs)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)


threading.get_ident = _thread.get_ident = lambda: _idents[-1]
threading._start_joinable_thread = start_joinable
threading._ThreadHandle = Handle
threading._start_new_thread = _thread.start_new_thread = _thread.start_new = start_new
threading.local = _threading_local.local
concurrent.futures.ThreadPoolExecutor.submit = concurrent.futures.thread.ThreadPoolExecutor.submit = submit
# The C queue waits without asking a lock, so it would hang.
queue.SimpleQueue = queue._PySimpleQueue
threading.main_thread()._handle = Handle()
