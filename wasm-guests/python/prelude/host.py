"""Requests to the host: one JSON document each way. Nothing else in the prelude knows the wire format."""

import itertools
import json

import _host

from . import values

call = _host.call
read = json.JSONDecoder().scan_once  # a reply has nothing around it that `json.loads` would have to look for
in_flight = {}  # a call's tag -> the future of its result
queue = []  # calls that the next wait sends, encoded
arrived = []  # results that a wait brought while no event loop was looking

# What may wait to be sent, in bytes: with more, a request could outgrow what the host takes.
QUEUED_BYTES = 1 << 20
_queued_bytes = 0
_tags = itertools.count()


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
        reply, _ = read(call(encoded), 0)
    except OSError as failed:
        status = failed.args[0] if failed.args else None
        if status in (3, 4):
            raise BrokerGone(status) from None
        raise OSError("the request is too large" if status == 1 else f"the host answered with status {status}") from None
    if reply["ok"]:
        return reply["value"]
    raise RequestFailed(reply["error"])


def submit(call_, future):
    """Makes a call, encoded as abi.md says but for its tag. The next wait sends it; the event loop sets its result on `future`."""
    global _queued_bytes
    if _queued_bytes + len(call_) > QUEUED_BYTES:
        arrived.extend(wait(0))
    tag = next(_tags)
    in_flight[tag] = future
    queue.append(b'{"tag":%d,%b' % (tag, call_[1:]))
    _queued_bytes += len(call_)
    if _queued_bytes > QUEUED_BYTES:
        try:
            arrived.extend(wait(0))
        except OSError:
            del in_flight[tag]
            raise


def wait(timeout_ms):
    """Sends the calls that were made and returns what finished. Waits at most that long, and only as long as nothing did."""
    global _queued_bytes
    timeout = b"null" if timeout_ms is None else b"%d" % timeout_ms
    document = b'{"op":"wait","timeout_ms":%b,"submit":[%b]}' % (timeout, b",".join(queue))
    queue.clear()
    _queued_bytes = 0
    return sent(document)


def forget():
    """Ends what a run left behind."""
    global _queued_bytes
    in_flight.clear()
    arrived.clear()
    queue.clear()
    _queued_bytes = 0


def result(outcome):
    """Sends an outcome that is encoded already."""
    sent(b'{"op":"result","outcome":' + outcome + b"}")
