# ExceptionGroup: except*, split, subgroup, nesting.
def tree():
    return ExceptionGroup("outer", [ValueError("v1"), ExceptionGroup("inner", [TypeError("t"), ValueError("v2")]), OSError(5, "io")])


try:
    raise tree()
except* ValueError as group:
    print("values", [str(e) for e in group.exceptions[:1]], len(group.exceptions))
except* TypeError as group:
    print("types", group)
except* OSError as group:
    print("os", group.exceptions)
matching, rest = tree().split(ValueError)
print(repr(matching))
print(repr(rest))
print(tree().subgroup(lambda e: "2" in str(e)), tree().derive([KeyError("k")]))
try:
    try:
        raise ExceptionGroup("g", [ValueError(1), KeyError(2)])
    except* KeyError:
        raise RuntimeError("from handler")
except ExceptionGroup as group:
    print(repr(group))
try:
    ExceptionGroup("empty", [])
except ValueError as error:
    print(error)
print(isinstance(BaseExceptionGroup("b", [KeyboardInterrupt()]), Exception))
