"""`artifacts`: values that outlive the run. What is small travels in the request; the rest goes through a file of the workspace."""

import base64
import io
import json
import os
import pathlib
import uuid

from . import servers, values

# Bytes that are sent inside a request: as base64 they have less than the MiB that abi.md allows.
INLINE_BYTES = 700_000


class Artifacts:
    """Values that outlive the run: `artifacts.save("issues", issues)`, `load(name)`, `open(name)`, `list()`, `show(name)`.

    `save` takes JSON values, text, bytes, or a `pathlib.Path` of a file in the workspace.
    """

    def save(self, name, value, media_type=None):
        request = {"op": "artifact", "action": "save", "name": _name(name)}
        if media_type is not None:
            request["media_type"] = str(media_type)
        if isinstance(value, pathlib.PurePath):
            return servers.asked(request | {"path": os.path.abspath(value)})
        if isinstance(value, str):
            encoded, kind = str.__str__(value).encode("utf-8", "replace"), "text/plain"
        elif isinstance(value, (bytes, bytearray, memoryview)):
            encoded, kind = bytes(value), None
        else:
            encoded, kind = _json(value), "application/json"
        if kind is not None:
            request.setdefault("media_type", kind)
        if len(encoded) <= INLINE_BYTES:
            inline = {"base64": base64.b64encode(encoded).decode()} if kind is None else {"text": encoded.decode()}
            return servers.asked(request | inline)
        path = f"/workspace/.artifact-{uuid.uuid4().hex}"
        try:
            with io.open(path, "wb") as file:
                file.write(encoded)
            return servers.asked(request | {"path": path})
        finally:
            _remove(path)

    def load(self, name):
        """The value again: decoded JSON, text, or bytes."""
        found = servers.asked({"op": "artifact", "action": "load", "name": _name(name)})
        if "path" in found:
            try:
                data = pathlib.Path(found["path"]).read_bytes()
            finally:
                _remove(found["path"])
        else:
            data = base64.b64decode(found["base64"]) if "base64" in found else found["text"].encode()
        if found["kind"] == "bytes":
            return data
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return data
        return json.loads(text) if found["kind"] == "json" else text

    def open(self, name, mode="r", **options):
        """The artifact as an open file, of which this run has a copy: `with artifacts.open("log") as file: ...`."""
        if set(mode) - set("rbt"):
            raise ValueError(f"artifacts.open reads: mode is 'r' or 'rb', not {mode!r}; save changes with artifacts.save")
        path = servers.asked({"op": "artifact", "action": "open", "name": _name(name)})
        try:
            return io.open(path, mode, **options)
        finally:
            _remove(path)  # the open file stays readable

    def list(self):
        """All artifacts, the newest first: dicts with id, name, uri, size, media_type and preview."""
        return servers.asked({"op": "artifact", "action": "list"})

    def show(self, name):
        """Lets the model see an image."""
        return servers.asked({"op": "artifact", "action": "show", "name": _name(name)})

    def __repr__(self):
        return "<artifacts: save(name, value, media_type=None), load(name), open(name, mode='r'), list(), show(name)>"


def _name(name):
    # What save, list and a tool's reply return stands for its artifact.
    return str(name["id"]) if isinstance(name, dict) and "id" in name else str(name)


def _json(value):
    if (refusal := getattr(type(value), "_not_awaited", None)) is not None:
        raise refusal(value)
    try:
        return values.encode(values.plain(value, 0, set()))
    except (values.NoForm, RecursionError):
        kind = type(value).__name__
        raise TypeError(f"artifacts.save: this {kind} has no JSON form (or holds itself): save text, bytes or a file's pathlib.Path") from None


def _remove(path):
    try:
        os.unlink(path)
    except OSError:
        pass  # the workspace may be full, and the run ends anyway
