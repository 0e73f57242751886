# Exceptions: chaining, finally, else, own classes, notes, tracebacks as text.
import traceback


class ShopError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code

    def __str__(self):
        return f"[{self.code}] {self.args[0]}"


def load(path):
    try:
        raise FileNotFoundError(2, "No such file", path)
    except OSError as error:
        raise ShopError(7, "cannot load") from error


def order():
    steps = []
    for n in range(3):
        try:
            steps.append(f"try {n}")
            if n == 1:
                continue
            if n == 2:
                raise KeyError(n)
        except KeyError:
            steps.append("except")
        else:
            steps.append("else")
        finally:
            steps.append("finally")
    return steps


print(order())
try:
    load("x.txt")
except ShopError as error:
    error.add_note("while testing")
    print(error, error.code, repr(error.__cause__), error.__notes__, error.__suppress_context__)
    print("".join(traceback.format_exception_only(error)).strip())
    frames = traceback.extract_tb(error.__traceback__)
    print([(f.name, f.line) for f in frames][-1])
try:
    try:
        1 / 0
    except ZeroDivisionError:
        [][1]
except IndexError as error:
    print(repr(error.__context__), error.__cause__)


def swallow():
    try:
        raise ValueError
    finally:
        return "returned"


print(swallow())
for bad in (lambda: int("x"), lambda: {}["k"], lambda: None.x, lambda: "a" + 1, lambda: [].pop(), lambda: undefined, lambda: len(5), lambda: (lambda a: a)(), lambda: "abc".foo, lambda: int("1" * 5000)):
    try:
        bad()
    except Exception as error:
        print(type(error).__name__, error)
