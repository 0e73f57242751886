"""Runs one program in the persistent namespace and says how it ended: the outcome of abi.md, encoded.

The value is a top-level `return`, else the last expression. A program without top-level `await` runs without an event loop, so that
its own `asyncio.run` behaves as everywhere; one with it, or one that starts tasks at its top level, runs on a loop that lasts as long
as the session.
"""

import ast
import asyncio
import gc
import inspect
import linecache
import symtable
import sys
import traceback
import types

import _host

from . import host, loop, servers, threads, values

MAIN = types.ModuleType("__main__")
NAMES = MAIN.__dict__
NAMES["__builtins__"] = sys.modules["builtins"]
VALUE = "__cofferdam_value__"
FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
ASYNCHRONOUS = (ast.Await, ast.AsyncFor, ast.AsyncWith)
# What needs a running loop although no `await` need be near.
NEEDS_LOOP = ("create_task", "ensure_future", "get_running_loop")

# What an outcome shows of a traceback; the rest is left out of its middle.
TRACEBACK_CHARS = 12_000
# Frames that are not the program's own: the guest's and the standard library's, which has no source text to show.
HIDDEN = "/py/"
# Longest list of names in a message.
NAMED = 5

_files = {}  # the name a program's code carries -> the name to show for it
_runs = 0
_current = None  # the name of the last run's code
_session_loop = None


FULL = values.encode({"status": "error", "type": "MemoryError", "message": "out of memory: the session's variables fill it"})


def run(code, file):
    """Runs a program to its end."""
    shown = name_file(file, code)
    NAMES["__file__"] = file
    sys.argv[:] = [file]
    try:
        value = execute(compiled(code, shown))
        if (outcome := forgotten(value)) is not None:
            return values.encode(outcome)
        return values.outcome(value)
    except host.BrokerGone:
        raise
    except loop.Deadlock as error:
        return values.encode({"status": "pending", "what": str(error)})
    except SystemExit as error:
        return values.encode(exit_(error))
    except BaseException as error:
        if isinstance(error, MemoryError):
            # Whatever the frames hold and the session does not goes now, and there is room for the report.
            traceback.clear_frames(error.__traceback__)
            _host.release_reserve()
            gc.collect()
        try:
            return values.encode(failed(error, shown))
        except RecursionError:
            outcome = {"status": "error", "type": type(error).__name__, "message": values.printed(error)[:1000]}
            return values.encode(outcome | {"line": line_of(error, shown)})
    finally:
        value = None
        threads.leaving.clear()


def name_file(file, code):
    """Gives each run's code a name of its own, so that later tracebacks quote the right lines."""
    global _runs, _current
    if _current is not None:
        _files[_current] = _current if _runs > 1 else f"{_current} (run 1)"
    _runs += 1
    _current = file if _runs == 1 else f"{file} (run {_runs})"
    _files[_current] = file
    linecache.cache[_current] = (len(code), None, code.splitlines(keepends=True), _current)
    return _current


def compiled(code, name):
    """The program as a function without arguments; awaiting its result is needed when it is a coroutine."""
    tree = compile(code, name, "exec", FLAGS | ast.PyCF_ONLY_AST, dont_inherit=True)
    body = tree.body
    if not body:
        return lambda: None
    last = body[-1]
    ends_with_value = isinstance(last, (ast.Expr, ast.Return)) and last.value is not None
    if "return" in code and any(isinstance(node, ast.Return) and node is not last for node in own_nodes(body)):
        return function_of(tree, code, name)
    if ends_with_value:
        body[-1] = ast.copy_location(ast.Assign([ast.copy_location(ast.Name(VALUE, ast.Store()), last)], last.value), last)
    elif isinstance(last, ast.Return):
        body[-1] = ast.copy_location(ast.Pass(), last)
    return types.FunctionType(compile(tree, name, "exec", FLAGS, dont_inherit=True), NAMES)


def function_of(tree, code, name):
    """A program with a `return` before its end: the body of a function all of whose names are global.

    So a `return` does what it does in every function, also inside `with` and `try`.
    """
    symbols = symtable.symtable(code, name, "exec").get_symbols()
    bound = sorted(symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace())
    body = [Unannotated().visit(node) for node in tree.body]
    if isinstance(body[-1], ast.Expr):
        body[-1] = ast.copy_location(ast.Return(body[-1].value), body[-1])
    if bound:
        body.insert(0, ast.Global(bound))
    asynchronous = any(isinstance(node, ASYNCHRONOUS) or getattr(node, "is_async", 0) for node in own_nodes(body))
    kind = ast.AsyncFunctionDef if asynchronous else ast.FunctionDef
    nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    tree.body = [ast.fix_missing_locations(kind("program", nothing, body, [], type_params=[]))]
    module = compile(tree, name, "exec", dont_inherit=True)
    function = next(constant for constant in module.co_consts if isinstance(constant, types.CodeType))
    if function.co_flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR):
        raise SyntaxError("'yield' outside function", (name, 1, 1, None))
    return types.FunctionType(function.replace(co_name="<module>", co_qualname="<module>"), NAMES)


def own_nodes(nodes):
    """All nodes below these that run as part of the program itself, not of a function or class in it."""
    left = list(nodes)
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            left.extend(ast.iter_child_nodes(node))


class Unannotated(ast.NodeTransformer):
    """Makes plain assignments of annotated ones: a global name cannot be annotated in a function."""

    def visit_FunctionDef(self, node):
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_AnnAssign(self, node):
        return ast.copy_location(ast.Assign([node.target], node.value) if node.value is not None else ast.Pass(), node)


def execute(function):
    NAMES.pop(VALUE, None)
    code = getattr(function, "__code__", None)
    if code is not None and code.co_flags & inspect.CO_COROUTINE:
        result = run_on_loop(function())
    elif code is not None and any(name in code.co_names for name in NEEDS_LOOP):
        result = run_on_loop(on_loop(function))
    else:
        result = function()
    return NAMES.pop(VALUE, result)


async def on_loop(function):
    return function()


def run_on_loop(coroutine):
    """Runs the program on the session's loop; what it started and did not await ends with it."""
    global _session_loop
    if _session_loop is None or _session_loop.is_closed():
        _session_loop = loop.HostLoop()
    here = _session_loop
    ended, returned = [], []

    async def main():
        # Caught here: nothing but the program's own frames is to be in a traceback, and a loop handles some exceptions itself.
        try:
            returned.append(await coroutine)
        except BaseException as error:
            ended.append(error)

    task = None
    try:
        task = here.create_task(main())
        here.run_until_complete(task)
        if ended:
            raise ended[0]
        return returned[0]
    finally:
        cancel_rest(here, task, report=not ended)
        ended.clear()


def cancel_rest(here, task, report):
    rest = asyncio.all_tasks(here)
    if not rest:
        return
    left = [other for other in rest if other is not task]
    if left and report and task.done():
        what = listed([name_of_task(other) for other in left])
        were = "task was" if len(left) == 1 else "tasks were"
        print(f"{len(left)} {were} still running when the program ended, and cancelled: {what}", file=sys.stderr)
    for other in rest:
        other.cancel()
    for handle in here._scheduled:
        handle.cancel()
    try:
        here.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
    except loop.Deadlock:
        pass  # a task that does not end when it is cancelled


def name_of_task(task):
    coroutine = task.get_coro()
    return coroutine._name if isinstance(coroutine, servers.ToolCall) else getattr(coroutine, "__qualname__", task.get_name())


def listed(names):
    names = list(dict.fromkeys(names))
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def forgotten(value):
    """The outcome of a program that ended well but for an `await`; None if there is none missing."""
    if isinstance(value, servers.ToolCall):
        servers.made.setdefault(value)
    outcome = servers.not_awaited()
    if outcome is not None:
        return outcome
    if inspect.iscoroutine(value):
        name = value.__qualname__
        value.close()
        message = f"{name}(...) was not awaited: write `await {name}(...)`"
    elif isinstance(value, asyncio.Future) and (value.cancelled() or not value.done()):
        message = "the value is a future that was not awaited: write `await` before it"
    else:
        return None
    return {"status": "error", "type": "TypeError", "message": message}


def exit_(error):
    code = error.code
    if code is None:
        code = 0
    elif not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    return {"status": "exit", "code": int(code)}


def failed(error, name):
    shown = traceback.TracebackException.from_exception(error, compact=True)
    if isinstance(error, SyntaxError):
        shown.filename = _files.get(shown.filename, shown.filename)
    text = "".join(shown.format())
    if len(text) > TRACEBACK_CHARS:
        half = TRACEBACK_CHARS // 2
        text = f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
    kind = shown.exc_type_str
    last = "".join(shown.format_exception_only()).strip() if not isinstance(error, SyntaxError) else f"{kind}: {error.msg}"
    message = last.removeprefix(kind).removeprefix(": ") or ("out of memory" if isinstance(error, MemoryError) else "")
    outcome = {"status": "error", "type": kind, "message": message, "traceback": text}
    if (line := line_of(error, name)) is not None:
        outcome["line"] = line
    leaf = error
    while isinstance(leaf, BaseExceptionGroup) and len(leaf.exceptions) == 1:
        leaf = leaf.exceptions[0]
    if leaf is not error:
        outcome["message"] += f": {type(leaf).__name__}: {leaf}"
    if isinstance(leaf, servers.ToolError):
        outcome["tool_error"] = leaf.document()
    if servers.made:
        outcome["message"] += f" (also: {listed(call._name for call in servers.made)} not awaited)"
    return outcome


def line_of(error, name):
    """The last of the program's lines that the error passed."""
    if isinstance(error, SyntaxError) and error.filename == name:
        return error.lineno
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    if line is None and isinstance(error, BaseExceptionGroup):
        line = next((found for inner in error.exceptions if (found := line_of(inner, name)) is not None), None)
    return line


def _visible(frames):
    for frame in frames:
        if not frame[0].f_code.co_filename.startswith(HIDDEN):
            yield frame


_extract = traceback.StackSummary._extract_from_extended_frame_gen.__func__


def _extract_visible(cls, frames, **options):
    """Leaves our frames out of every traceback, also those that a program prints or logs itself."""
    summary = _extract(cls, _visible(frames), **options)
    for frame in summary:
        frame.filename = _files.get(frame.filename, frame.filename)
    return summary


traceback.StackSummary._extract_from_extended_frame_gen = classmethod(_extract_visible)
sys.modules["__main__"] = MAIN


def forget():
    """Makes the namespace and the count of runs new again, after the runs that warmed the snapshot."""
    global _runs, _current, _session_loop
    for name in list(NAMES):
        if name not in KEPT:
            del NAMES[name]
    for name in _files:
        linecache.cache.pop(name, None)
    _files.clear()
    _runs, _current, _session_loop = 0, None, None


KEPT = {"__name__", "__doc__", "__package__", "__loader__", "__spec__", "__builtins__", "__file__"}
KEPT |= {"tools", "artifacts", "fetch", "progress", "ToolError", "asyncio", "json"}
