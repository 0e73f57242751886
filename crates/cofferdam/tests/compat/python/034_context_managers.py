# contextlib: managers by generator, stacks, suppress, redirect, closing, async managers, nested errors.
import contextlib
import io


@contextlib.contextmanager
def tag(name):
    print(f"<{name}>")
    try:
        yield name.upper()
    except KeyError as error:
        print("swallowed", error)
    finally:
        print(f"</{name}>")


class Manual:
    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        print("exit", kind and kind.__name__, value)
        return kind is ZeroDivisionError


with tag("a") as a, tag("b") as b:
    print(a, b)
with tag("c"):
    raise KeyError("k")
with Manual():
    1 / 0
with (tag("p"), Manual() as m):
    pass
with contextlib.ExitStack() as stack:
    for name in "xy":
        stack.enter_context(tag(name))
    stack.callback(print, "callback")
with contextlib.suppress(FileNotFoundError):
    open("missing")
with contextlib.redirect_stdout(io.StringIO()) as out:
    print("hidden")
print(repr(out.getvalue()))


@contextlib.asynccontextmanager
async def resource():
    yield "async resource"
    print("released")


async with resource() as r:
    print(r)
with contextlib.nullcontext(5) as n:
    print(n)
try:
    with Manual():
        raise ValueError("through")
except ValueError as error:
    print("caught", error)
