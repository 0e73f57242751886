"""Drives an MCP server with the Python `mcp` package, as an agent would. Prints one JSON line per step.

    client.py MODE COMMAND ARGUMENT...    with steps as JSON on standard input

MODE is auto or legacy. A step has `code`, `language`, and optionally `progress` (report it), `cancel` (give up once progress came) or `answers`:
what a person says to its questions, one after the other; what was asked is then printed. A client none of whose steps has them cannot ask.
"""

import asyncio
import json
import os
import sys

from mcp import Client, StdioServerParameters
from mcp_types import ElicitResult

# Nothing here may take longer, on a slow and busy machine.
PATIENCE_SECONDS = 180


def show(**fields):
    print(json.dumps(fields, ensure_ascii=False), flush=True)


class Person:
    """Who is asked: gives the next answer, and keeps the questions. A question too many gets none."""

    def __init__(self):
        self.answers, self.asked = [], []

    async def ask(self, context, form):
        self.asked.append(form.message)
        return ElicitResult(**self.answers.pop(0))


async def step(client, person, step):
    seen = []
    begun = asyncio.Event()

    async def progress(progress, total, message):
        seen.append([progress, total, message])
        begun.set()

    arguments = {"code": step["code"], "language": step["language"]}
    if step.get("cancel"):
        call = asyncio.create_task(client.call_tool("execute", arguments, progress_callback=progress))
        await begun.wait()
        call.cancel()
        try:
            await call
        except asyncio.CancelledError:
            show(cancelled=True)
        return
    person.answers, person.asked = step.get("answers", []), []
    callback = progress if step.get("progress") else None
    result = await client.call_tool("execute", arguments, progress_callback=callback)
    asked = {"asked": person.asked} if "answers" in step else {}
    show(text=[block.text for block in result.content], error=bool(result.is_error), structured=result.structured_content, progress=seen, **asked)


async def main(mode, command, *arguments):
    steps = json.load(sys.stdin)
    server = StdioServerParameters(command=command, args=arguments, env=dict(os.environ))
    person = Person()
    ask = person.ask if any("answers" in one for one in steps) else None
    async with Client(server, mode=mode, elicitation_callback=ask) as client:
        tools = await client.list_tools()
        show(protocol=client.protocol_version, server=client.server_info.name, tools=[tool.name for tool in tools.tools])
        for one in steps:
            await step(client, person, one)


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), PATIENCE_SECONDS))
