"""A real server of the newest Python package over Streamable HTTP on loopback: `modern.py json` or `modern.py events` says in which form it
answers. Prints its port, then the protocol version of every request as its header has it."""

import socket
import sys

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError

server = MCPServer("modern")


@server.tool()
def add(a: int, b: int) -> int:
    return a + b


@server.tool()
def fail() -> str:
    raise ToolError("no such issue")


@server.tool()
def reject() -> str:
    raise MCPError(-32602, "text must be short")


@server.tool()
def huge() -> str:
    return "x" * 200_000


application = server.streamable_http_app(json_response=sys.argv[1] == "json")


async def watched(scope, receive, send):
    if scope["type"] == "http" and scope["method"] == "POST":
        print(dict(scope["headers"]).get(b"mcp-protocol-version", b"none").decode(), flush=True)
    await application(scope, receive, send)


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(watched, log_level="error")).run(sockets=[listener])
