"""Python values as JSON, for the broker and for the result of a run.

Arguments of calls are strict: what has no obvious JSON form is an error at the call. Results are lenient: everything has some form.
"""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import pathlib
import reprlib
import sqlite3
import types
import uuid

# A result document may have 17 MiB; what is larger than this is shown from both its ends.
TEXT_BYTES = 16 << 20
# Stops values that are nested without end long before the encoder would; nothing that a person reads is deeper.
DEPTH = 200

PRINTED = (
    datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.PurePath, complex,
)  # fmt: skip
LISTED = (
    list, tuple, collections.deque, range, array.array, type({}.keys()), type({}.values()), type({}.items()),
)  # fmt: skip


class NoForm(Exception):
    """The value has no JSON form: show it as Python prints it."""


def encode(document):
    return _encoder(document).encode("utf-8", "replace")


def encode_arguments(document, what):
    """As `encode`, for values of the program: raises TypeError in the program's terms."""
    try:
        return _arguments(document).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{what}: an argument holds text that is not valid Unicode: {error.reason}") from None
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what}: {error}") from None


def strict(value):
    """The JSON form of one value that the encoder does not know."""
    if (refusal := getattr(type(value), "_not_awaited", None)) is not None:
        raise refusal(value)
    match value:
        case datetime.date() | datetime.time():
            return value.isoformat()
        case decimal.Decimal() | uuid.UUID() | pathlib.PurePath() | fractions.Fraction():
            return str(value)
        case enum.Enum():
            return value.value
        case set() | frozenset():
            return in_order(value)
        case _ if isinstance(value, LISTED):
            return list(value)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        case collections.abc.Mapping():
            return dict(value)
        case sqlite3.Row():
            return {name: value[name] for name in value.keys()}
        case bytes() | bytearray() | memoryview():
            raise TypeError("an argument is bytes, which JSON does not have: decode it, or encode it with base64")
    raise TypeError(f"an argument is of type {type(value).__name__}, which has no JSON form")


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_arguments = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=strict).encode


def outcome(value):
    """The outcome, encoded, of a run that ended with this value."""
    if value is None:
        return b'{"status":"none"}'
    if isinstance(value, str):
        return text(value)
    if isinstance(value, PRINTED) or isinstance(value, enum.Enum):
        return text(str(value))
    if isinstance(value, float) and not math.isfinite(value):
        return text(not_finite(value))
    try:
        encoded = encode({"status": "value", "kind": "json", "value": plain(value, 0, set())})
        if len(encoded) <= TEXT_BYTES:
            return encoded
    except (NoForm, RecursionError, ValueError, TypeError, MemoryError):
        pass
    return text(printed(value))


def text(value):
    value = str.__str__(value)
    encoded = value.encode("utf-8", "replace")
    if len(encoded) > TEXT_BYTES:
        half = TEXT_BYTES // 4  # an escaped character may need several bytes
        head, tail = (part.decode("utf-8", "ignore") for part in (encoded[:half], encoded[-half:]))
        value = f"{head}\n... {len(encoded) - 2 * half} bytes left out ...\n{tail}"
    return encode({"status": "value", "kind": "text", "text": value})


def not_finite(value):
    """As JavaScript writes it: JSON has no such numbers."""
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def printed(value):
    try:
        return repr(value)
    except RecursionError:
        return shortened(value)
    except BaseException as error:  # a program's own __repr__ may raise anything
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            raise
        return f"<{type(value).__qualname__} object whose repr() raised {type(error).__name__}>"


def shortened(value):
    """The outer levels of what is nested too deep to be printed whole."""
    try:
        return reprlib.repr(value)
    except RecursionError:
        return f"<{type(value).__qualname__} object whose repr() raised RecursionError>"


def plain(value, depth, above):
    """The value made of what JSON has. `above` holds the containers around it, to notice a cycle."""
    kind = type(value)
    if value is None or kind is bool or kind is int or kind is str:
        return value
    if kind is float:
        return value if math.isfinite(value) else not_finite(value)
    if depth > DEPTH or id(value) in above:
        raise NoForm
    above.add(id(value))
    depth += 1
    try:
        if kind is list or kind is tuple:
            return [plain(item, depth, above) for item in value]
        if kind is dict:
            return pairs(value.items(), depth, above)
        return unusual(value, depth, above)
    finally:
        above.discard(id(value))


def unusual(value, depth, above):
    match value:
        case enum.Enum():
            return plain(value.value, depth, above)
        case bool() | int():
            return int(value)
        case float():
            return plain(float(value), depth, above)
        case str():
            return str.__str__(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case _ if isinstance(value, PRINTED):
            return str(value)
        case tuple() if hasattr(value, "_fields"):
            return pairs(zip(value._fields, value), depth, above)
        case set() | frozenset():
            return [plain(item, depth, above) for item in in_order(value)]
        case _ if isinstance(value, LISTED):
            return [plain(item, depth, above) for item in value]
        case collections.abc.Mapping() | types.MappingProxyType():
            return pairs(value.items(), depth, above)
        case sqlite3.Row():
            return pairs(((name, value[name]) for name in value.keys()), depth, above)
        case types.SimpleNamespace():
            return pairs(vars(value).items(), depth, above)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return pairs(((field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value)), depth, above)
    if depth == 1:
        raise NoForm  # the whole value: shown as text
    return printed(value)


def pairs(items, depth, above):
    result = {}
    for key, value in items:
        result[key if type(key) is str else name_of(key)] = plain(value, depth, above)
    return result


def name_of(key):
    match key:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[key]
        case enum.Enum():
            return str(key.value)
        case datetime.date():
            return key.isoformat()
    return str(key)


def in_order(items):
    try:
        return sorted(items)
    except TypeError:
        return list(items)
