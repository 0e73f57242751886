# traceback texts with the program's own lines.
import sys
import traceback


def inner(x):
    return 10 / x


def outer():
    return inner(0)


try:
    outer()
except ZeroDivisionError:
    lines = traceback.format_exc().splitlines()
    print(lines[0], lines[-1], sep="\n")
    print([line.strip() for line in lines if line.strip() in ("return 10 / x", "return inner(0)")])
    kind, value, trace = sys.exc_info()
    print(kind.__name__, value, [frame.name for frame in traceback.extract_tb(trace)][-2:], trace.tb_next is not None)
summary = traceback.TracebackException.from_exception(ValueError("shown"))
print("".join(summary.format()).strip(), sys.exc_info())
stack = traceback.extract_stack()
print(stack[-1].line, len(stack) > 0)
try:
    exec(compile("x = 1\nraise KeyError('in exec')", "<text>", "exec"))
except KeyError as error:
    print([(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)][-1])


def deep(n):
    return deep(n + 1)


try:
    deep(0)
except RecursionError as error:
    print(str(error)[:32])
