"""What a program calls: servers and their tools, `tools`, `progress`, and the error a failed call raises.

A call is a coroutine that is sent when it is first awaited or scheduled. Whatever else a program does with it, such as reading a
field of it, is the mistake of a forgotten `await`, and is answered with an error that says so.
"""

import asyncio
import builtins
import collections.abc
import json
import sys

from . import host, values

made = {}  # calls of this run that were not started, in the order in which they were made
_tools = {}  # server name -> its tools' names, for dir()


class ToolError(Exception):
    """A call failed. `code` is one of a closed list, `tool` is the tool, `retryable` says whether trying again may help."""

    def __init__(self, message="", code="tool_failed", tool=None, retryable=False):
        super().__init__(message, code, tool, retryable)
        self.message, self.code, self.tool, self.retryable = message, code, tool, retryable

    def __str__(self):
        return f"{self.message} [{self.code}]" if self.message else self.code

    @classmethod
    def of(cls, error):
        return cls(error.get("message", ""), error.get("code", "tool_failed"), error.get("tool"), bool(error.get("retryable")))

    def document(self):
        error = {"code": self.code, "message": self.message, "retryable": self.retryable}
        return error if self.tool is None else error | {"tool": self.tool}


class ToolCall(collections.abc.Coroutine):
    """One call, sent when it is first awaited."""

    __slots__ = ("_name", "_request", "_line", "_coroutine", "__weakref__")

    def __init__(self, name, request):
        self._name, self._request, self._coroutine = name, request, None
        self._line = _line_of_program()
        made[self] = None

    def _start(self):
        if self._coroutine is None:
            made.pop(self, None)
            self._coroutine = self._answer()
        return self._coroutine

    async def _answer(self):
        future = asyncio.get_running_loop().create_future()
        host.submit(self._request, future)
        return await future

    def __await__(self):
        if self._coroutine is not None:
            raise RuntimeError(f"{self._name}(...) was awaited already: keep its result in a variable")
        return self._start().__await__()

    def send(self, value):
        return self._start().send(value)

    def throw(self, *exception):
        return self._start().throw(*exception)

    def close(self):
        made.pop(self, None)
        if self._coroutine is not None:
            self._coroutine.close()

    def __repr__(self):
        return f"<{self._name}(...), {'awaited' if self._coroutine is not None else 'not awaited'}>"

    def _not_awaited(self):
        made.pop(self, None)  # the error below is the report
        return TypeError(f"{self._name}(...) was not awaited: write `await {self._name}(...)`")

    def __getattr__(self, name):
        if name.startswith(("_", "cr_", "gi_", "ag_")):
            raise AttributeError(name)
        raise self._not_awaited()

    def __eq__(self, other):
        if self is other:
            return True
        raise self._not_awaited()

    __hash__ = object.__hash__


def _forgotten(self, *others):
    raise self._not_awaited()


for _name in (
    "__add__ __and__ __bool__ __bytes__ __call__ __contains__ __divmod__ __float__ __floordiv__ __format__ __ge__ __getitem__ __gt__ "
    "__index__ __int__ __iter__ __le__ __len__ __lt__ __matmul__ __mod__ __mul__ __ne__ __or__ __pow__ __radd__ __reversed__ "
    "__rmul__ __rsub__ __setitem__ __str__ __sub__ __truediv__ __xor__ __aiter__ __aenter__ __aexit__ __enter__ __exit__"
).split():
    setattr(ToolCall, _name, _forgotten)


def _line_of_program():
    frame = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") != "__main__":
        frame = frame.f_back
    return None if frame is None else frame.f_lineno


class Tool:
    """One tool of a server: call it and await the result."""

    __slots__ = ("_name",)

    def __init__(self, name):
        self._name = name

    def __call__(self, /, *positional, **arguments):
        request = {"tool": self._name, "args": arguments}
        if positional:
            request["positional"] = positional
        # Encoded here: an error belongs to the line of the call, and later changes of the arguments do not belong to it.
        return ToolCall(self._name, values.encode_arguments(request, self._name))

    def __repr__(self):
        return f"<tool {self._name}: call it with `await {self._name}(...)`>"

    def __getattr__(self, name):
        raise AttributeError(f"{self._name} is a tool, not an object: call it with `await {self._name}(...)`")

    @property
    def __doc__(self):
        return described(self._name)


class Server:
    """A server: its attributes are its tools."""

    def __init__(self, name):
        self.__dict__["_name"] = name

    def __getattr__(self, tool):
        if tool.startswith("_"):
            raise AttributeError(f"the server {self._name} has no attribute {tool}")
        made_ = self.__dict__[tool] = Tool(f"{self._name}.{tool}")
        return made_

    def __getitem__(self, tool):
        return getattr(self, tool)

    def __setattr__(self, name, value):
        raise AttributeError(f"{self._name} is a server: its attributes are its tools and cannot be set")

    def __dir__(self):
        return sorted(_tools.get(self._name, ()))

    def __repr__(self):
        count = len(_tools.get(self._name, ()))
        return f"<server {self._name}: {count} tool{'' if count == 1 else 's'}>"

    @property
    def __doc__(self):
        return described(self._name)


class Tools:
    """The catalog: `tools.search("issue comments")`, `tools.describe("github.list_issues")`."""

    def search(self, query, limit=10):
        return asked({"op": "search", "query": str(query), "limit": int(limit)})

    def describe(self, name):
        return described(getattr(name, "_name", name))

    def __repr__(self):
        return "<tools: search(query, limit=10), describe(name)>"


def progress(done, total=None, message=None):
    """Tells the client how far the run is."""
    request = {"op": "progress", "progress": done}
    if total is not None:
        request["total"] = total
    if message is not None:
        request["message"] = str(message)
    asked(request)


def asked(request):
    try:
        return host.request(request)
    except host.RequestFailed as failed:
        raise ToolError.of(failed.error) from None


def described(name):
    return asked({"op": "describe", "name": str(name), "language": "python"})


def help_(*subject):
    """help(github), help(github.list_issues), or help about anything of Python."""
    if not subject:
        print("help(server), help(server.tool), tools.search('words'); help(x) for anything else")
    elif isinstance(subject[0], (Server, Tool)):
        print(described(subject[0]._name))
    else:
        import pydoc

        pydoc.help(*subject)


def not_awaited():
    """The calls of this run that never started: an outcome's fields, or None."""
    if not made:
        return None
    calls = list(made)
    outcome = {"status": "not_awaited", "tools": list(dict.fromkeys(call._name for call in calls))}
    return outcome if calls[0]._line is None else outcome | {"line": calls[0]._line}


def enter(names, servers, tools):
    """Makes this run's servers global names. A name that the program itself has bound stays the program's."""
    for name in [n for n, value in names.items() if type(value) is Server and n not in servers]:
        del names[name]
    _tools.clear()
    _tools.update(tools)
    for name in servers:
        if type(names.setdefault(name, None)) in (type(None), Server):
            names[name] = Server(name)


def is_server(name):
    return name in _tools


def install(names):
    ToolError.__module__ = "builtins"
    ToolError.__qualname__ = "ToolError"
    builtins.ToolError = ToolError
    builtins.help = help_
    names.update(tools=Tools(), progress=progress, ToolError=ToolError)
    names.update(asyncio=asyncio, json=json)


_default = json.JSONEncoder.default


def _json_default(self, value):
    if isinstance(value, ToolCall):
        raise value._not_awaited()
    return _default(self, value)


json.JSONEncoder.default = _json_default
