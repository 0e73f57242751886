"""Requests to the host: one JSON document each way. Nothing else in the prelude knows the wire format."""

import json

import _host

from . import values

call = _host.call
in_flight = {}  # a submitted call's id -> the future of its result
arrived = []  # results that a wait brought while no event loop was looking


class BrokerGone(BaseException):
    """The broker is gone: `turn` has to return. Not an Exception, so that programs pass it on."""


class RequestFailed(Exception):
    """The broker refused a request that is not a tool call. `error` is the document of abi.md."""

    def __init__(self, error):
        super().__init__(error.get("message", ""))
        self.error = error


def request(document):
    """Sends one request and returns the reply's value."""
    return sent(values.encode(document))


def sent(encoded):
    try:
        reply = json.loads(call(encoded))
    except OSError as failed:
        status = failed.args[0] if failed.args else None
        if status in (3, 4):
            raise BrokerGone(status) from None
        raise OSError("the request is too large" if status == 1 else f"the host answered with status {status}") from None
    if reply["ok"]:
        return reply["value"]
    raise RequestFailed(reply["error"])


def submit(request_, future):
    """Starts a call whose result will be set on `future` by the event loop."""
    in_flight[request(request_)] = future


def wait(timeout_ms):
    """Returns what finished. Waits at most that long, and only as long as nothing did."""
    return request({"op": "wait", "timeout_ms": timeout_ms})


def result(outcome):
    """Sends an outcome that is encoded already."""
    sent(b'{"op":"result","outcome":' + outcome + b"}")
