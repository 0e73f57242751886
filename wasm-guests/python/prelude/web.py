"""The web, as far as the operator's rules allow: `await fetch(url)`, and `urllib.request` over the same.

The host sends the request, follows redirects and decides about each; a refusal is a ToolError, which urllib shows as the cause of its URLError.
"""

import binascii
import http.client
import io
import json
import socket
import urllib.error
import urllib.request
import urllib.response

from . import host, servers, values


class Headers(dict):
    """Headers of a reply: names are in lower case, and found in any."""

    def __getitem__(self, name):
        return super().__getitem__(name.lower())

    def __contains__(self, name):
        return super().__contains__(name.lower())

    def get(self, name, default=None):
        return super().get(name.lower(), default)


class Response(dict):
    """What `fetch` returns: a dict of `status`, `headers`, `url` and `body` (or `body_base64`), with the usual shorthands."""

    def __init__(self, reply):
        super().__init__(reply, headers=Headers(reply["headers"]))

    @property
    def status(self):
        return self["status"]

    @property
    def ok(self):
        return 200 <= self.status < 300

    @property
    def headers(self):
        return self["headers"]

    @property
    def url(self):
        return self["url"]

    @property
    def content(self):
        coded = self.get("body_base64")
        return self["body"].encode() if coded is None else binascii.a2b_base64(coded)

    @property
    def text(self):
        body = self.get("body")
        return self.content.decode("utf-8", "replace") if body is None else body

    def json(self):
        return json.loads(self.text)


class Fetch(servers.ToolCall):
    __slots__ = ()

    async def _answer(self):
        return Response(await super()._answer())


def fetch(url, method="GET", headers=None, body=None, timeout=None):
    """Fetches a URL as far as the operator's rules allow: `await fetch(url)`. A body is text, bytes, or anything else to be sent as JSON."""
    headers = {str(name): str(value) for name, value in dict(headers or {}).items()}
    if body is not None and not isinstance(body, (str, bytes, bytearray, memoryview)):
        body = values.encode_arguments(body, "fetch").decode()
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
    request = {"fetch": _request(url, method, headers, body, timeout)}
    return Fetch("fetch", values.encode_arguments(request, "fetch"))


def _request(url, method, headers, body, timeout):
    request = {"method": str(method), "url": str(url), "headers": headers}
    if isinstance(body, str):
        request["body"] = body
    elif body is not None:
        request["body_base64"] = binascii.b2a_base64(body, newline=False).decode()
    if timeout is not None:
        request["timeout_ms"] = timeout * 1000
    return request


class Reply(urllib.response.addinfourl):
    """What urlopen returns, with what programs use of http.client.HTTPResponse."""

    version = 11

    def __init__(self, reply):
        headers = http.client.HTTPMessage()
        for name, value in reply.headers.items():
            headers[name] = value
        super().__init__(io.BytesIO(reply.content), headers, reply.url, reply.status)
        self.msg = self.reason = reply["statusText"]

    def getheader(self, name, default=None):
        return self.headers.get(name, default)

    def getheaders(self):
        return self.headers.items()


class Handler(urllib.request.AbstractHTTPHandler):
    def _send(self, request):
        timeout = request.timeout if isinstance(request.timeout, (int, float)) else None
        data = request.data
        if data is not None and not isinstance(data, (bytes, bytearray, memoryview)):
            data = data.read() if hasattr(data, "read") else b"".join(data)
        document = _request(request.full_url, request.get_method(), dict(request.header_items()), data, timeout)
        try:
            return Reply(Response(host.request(document | {"op": "fetch"})))
        except host.RequestFailed as failed:
            error = servers.ToolError.of(failed.error)
            reason = TimeoutError(error.message) if error.code == "timeout" else error.message
            raise urllib.error.URLError(reason) from error


class HTTPHandler(Handler):
    http_open = Handler._send
    http_request = urllib.request.AbstractHTTPHandler.do_request_


class HTTPSHandler(Handler):
    https_open = Handler._send
    https_request = urllib.request.AbstractHTTPHandler.do_request_

    def __init__(self, debuglevel=None, context=None, check_hostname=None):
        super().__init__(debuglevel)


class FTPHandler(urllib.request.BaseHandler):
    def ftp_open(self, request):
        raise urllib.error.URLError(socket.MESSAGE)


urllib.request.HTTPHandler, urllib.request.HTTPSHandler, urllib.request.FTPHandler = HTTPHandler, HTTPSHandler, FTPHandler


def install(names):
    names.update(fetch=fetch)
