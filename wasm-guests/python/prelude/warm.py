"""Imports what programs import, so that the snapshot holds it, and leaves the heap as every run should find it."""

import gc
import importlib
import json
import re
import warnings

import _host

from . import fresh, host, program

MODULES = """
_strptime abc argparse array ast asyncio.taskgroups asyncio.timeouts base64 bdb binascii bisect bz2 calendar cmath cmd code codecs
collections.abc colorsys concurrent.futures configparser contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib
dis email email.message email.mime.multipart email.mime.text email.parser email.policy email.utils encodings.ascii encodings.idna
encodings.latin_1 encodings.cp1252 encodings.utf_16 encodings.utf_8_sig enum errno fileinput filecmp fnmatch fractions ftplib functools
getopt getpass gettext glob graphlib gzip hashlib heapq hmac html html.entities html.parser http http.client http.cookies
importlib.machinery importlib.metadata importlib.resources importlib.util inspect io ipaddress itertools json json.tool keyword linecache
locale logging logging.config logging.handlers lzma math mimetypes numbers opcode operator optparse os pathlib pickle pickletools
pkgutil platform plistlib pprint profile queue quopri random re reprlib runpy sched secrets selectors shelve shlex shutil signal smtplib
sqlite3 stat statistics string stringprep struct subprocess symtable sysconfig tarfile tempfile textwrap threading time timeit token
tokenize tomllib traceback types typing unicodedata unittest unittest.mock urllib.error urllib.parse urllib.request uuid warnings weakref
xml.dom.minidom xml.etree.ElementTree xml.sax zipfile zlib zoneinfo
""".split()


# Programs that are run before the snapshot: the interpreter specialises the code that runs them, which is the same for every program.
EXERCISES = (
    "1 + 1",
    "import json, re\nrows = [{'a': i} for i in range(3)]\nprint(end='')\njson.dumps(rows)",
    "async def f(x):\n    return await server.tool(x=x)\nawait asyncio.gather(f(1), f(2))",
    "def g(n):\n    return n if n < 2 else g(n - 1) + g(n - 2)\ng(9)",
    "raise ValueError('x')",
    "1 +",
    "if True:\n    return [1, {'a': None}, 'b', 2.5]",
)
ROUNDS = 30


def finish(turn):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in MODULES:
            importlib.import_module(name)
    # The first use of these fills caches that every program would fill again.
    import datetime
    import decimal
    import zoneinfo

    datetime.datetime.strptime("2024-01-02 03:04:05", "%Y-%m-%d %H:%M:%S")
    decimal.Decimal("1.1") + decimal.Decimal(2)
    json.loads(json.dumps({"a": [1, 2.5, None, "x"]}, indent=1))
    zoneinfo.ZoneInfo("UTC")
    exercise(turn)
    re.purge()
    for _ in range(3):
        gc.collect()
    gc.freeze()
    _host.make_immortal()


def exercise(turn):
    """Runs whole turns against a stand-in for the broker, and forgets them."""

    def answer(request):
        request = json.loads(request)
        value = None
        if request["op"] == "wait":
            value = [{"tag": call["tag"], "ok": True, "value": {"a": [1]}} for call in request["submit"]]
        return json.dumps({"ok": True, "value": value})

    call, host.call = host.call, answer
    try:
        for code in EXERCISES * ROUNDS:
            fresh.thawed = False
            turn(json.dumps({"code": code, "servers": ["server"], "tools": {"server": ["tool"]}}).encode())
    finally:
        host.call = call
    fresh.thawed = False
    program.forget()
