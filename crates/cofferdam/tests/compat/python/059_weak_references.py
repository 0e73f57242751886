# weakref, gc, __del__, contextvars, atexit-free clean-up, sys facts.
import gc
import sys
import types
import weakref


class Thing:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone", self.name)


a = Thing("a")
reference = weakref.ref(a, lambda r: print("callback"))
cache = weakref.WeakValueDictionary(a=a)
print(reference() is a, len(cache))
del a
print(reference(), len(cache))
b = Thing("b")
b.self = b
del b
gc.collect()
finalizer = weakref.finalize(c := Thing("c"), print, "finalized")
del c
print(finalizer.alive, sys.version_info[:2] == (3, 13), sys.maxsize > 2**30, sys.byteorder, sys.getrecursionlimit() >= 500, sys.implementation.name)
print(sys.getsizeof([]) > 0, sys.intern("x") is sys.intern("x"), id(None) == id(None), isinstance(types.SimpleNamespace(a=1), object), types.SimpleNamespace(b=2))
print(types.MappingProxyType({"a": 1})["a"], type(lambda: 0) is types.FunctionType, isinstance(len, types.BuiltinFunctionType))
