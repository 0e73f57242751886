"""An MCP server over stdio whose answers nobody can want: a hundred megabytes, and noise instead of messages."""

import json
import sys

TOOLS = ["echo", "hundred_megabytes", "noise"]


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def answer(id, result):
    say(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}))


def text(words):
    return {"content": [{"type": "text", "text": words}]}


for line in sys.stdin:
    message = json.loads(line)
    id, method = message.get("id"), message.get("method")
    if method == "initialize":
        server = {"name": "flood", "version": "1"}
        answer(id, {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": server})
    elif method == "tools/list":
        answer(id, {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]})
    elif method == "tools/call" and message["params"]["name"] == "hundred_megabytes":
        answer(id, text("x" * 100_000_000))
    elif method == "tools/call" and message["params"]["name"] == "noise":
        sys.stdout.buffer.write(b"\xff\xfe\x00{[\n" * 1000)
        sys.stdout.buffer.flush()
    elif method == "tools/call":
        answer(id, text("echo"))
    elif id is not None:
        say(json.dumps({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "Method not found"}}))
