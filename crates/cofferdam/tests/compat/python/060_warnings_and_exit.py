# warnings, sys.exit as an exception, KeyboardInterrupt classes, input that has ended.
import sys
import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    warnings.warn("old", DeprecationWarning)
    warnings.warn("plain")
    print([(w.category.__name__, str(w.message)) for w in caught])
with warnings.catch_warnings():
    warnings.simplefilter("error")
    try:
        warnings.warn("now an error", UserWarning)
    except UserWarning as error:
        print(error)
try:
    sys.exit("bye")
except SystemExit as stop:
    print(repr(stop), stop.code)
try:
    raise SystemExit(3)
except SystemExit as stop:
    print(stop.code)
try:
    input("prompt> ")
except EOFError:
    print("\nno input")
print(sys.stdin.read() == "", issubclass(KeyboardInterrupt, Exception), issubclass(SystemExit, BaseException))
