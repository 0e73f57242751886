"""Stands in for the file that records how CPython was built: only what the standard library itself asks for."""

build_time_vars = {"EXT_SUFFIX": ".so", "Py_DEBUG": 0, "Py_ENABLE_SHARED": 0, "Py_GIL_DISABLED": 0, "TZPATH": "", "prefix": "/py"}
