# Imports: importlib, own modules from the working directory, from-imports, missing modules, __main__.
import importlib
import sys
from pathlib import Path

Path("helper_module.py").write_text("VALUE = 42\ndef double(x):\n    return 2 * x\n")
Path("package_here").mkdir()
Path("package_here/__init__.py").write_text("from .inner import name\n__all__ = ['name']\n")
Path("package_here/inner.py").write_text("name = __name__\n")
sys.path.insert(0, ".")
importlib.invalidate_caches()
import helper_module
from package_here import *

print(helper_module.double(helper_module.VALUE), name, "helper_module" in sys.modules, __name__)
Path("helper_module.py").write_text("VALUE = 'changed, and longer'\n")
print(importlib.reload(helper_module).VALUE, importlib.import_module("math").floor(2.5), importlib.util.find_spec("nothing_here"))
try:
    import numpy_that_is_not_there
except ModuleNotFoundError as error:
    print(str(error).startswith("No module named 'numpy_that_is_not_there'"), error.name)
try:
    from math import nothing
except ImportError as error:
    print(str(error)[:42])
import os.path as p

print(p.join("a", "b"), p.splitext("x.tar.gz"), p.normpath("a/../b//c"), p.commonpath(["/a/b", "/a/c"]), p.relpath("/a/b", "/a/c"))
