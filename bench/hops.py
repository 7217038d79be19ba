"""Count the package's files that one call of a tool passes through.

    python -m bench.hops [TOOL ...] [--files]

A person who steps through a call in a debugger stops once in each. Counted are the distinct files
in which a function is entered between the call of the tool's function and its return. The inputs
are those of tests/support/tool_rows.py, so the mail is in plain text; importing, Arcade's executor,
the worker and the sandbox (a process of its own) do not count. Ends 1 where a limit is passed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import aiohttp

import arcade_gmail_multiuser
from arcade_gmail_local.commands.stack import Stack as LocalStack
from arcade_gmail_multiuser.gmail.api.transport import close_transport

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))
from calls import Tool, context
from tool_rows import ROWS, Stage, functions
from world import World

PACKAGE = str(Path(arcade_gmail_multiuser.__file__).parent) + os.sep
MAX_FILES = {"GetEmail": 15, "SendEmail": 12}
"""What the two calls that are made most may pass through."""


async def files_passed(world: World, name: str, tool: Tool) -> list[str]:
    """Call one tool with the inputs of its row and return the files, relative to the package."""
    person = await world.account()
    inputs = await ROWS[name].inputs(Stage(person))
    given = context(await person.token_for(tool), person.user_id)
    passed: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_name != "<module>" and code.co_filename.startswith(PACKAGE):
            passed.add(code.co_filename.removeprefix(PACKAGE))

    # A thread is profiled only if it starts afterwards, so the call gets threads of its own.
    threading.setprofile(note)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
    sys.setprofile(note)
    try:
        await tool(given, **inputs)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return sorted(file for file in passed if not file.startswith(("worker", "security")))


async def measured(names: Iterable[str]) -> dict[str, list[str]]:
    """Measure each of the tools against a sandbox of its own."""
    tools = functions()  # before anything is connected: it takes seconds
    async with (
        LocalStack(engine=False, seeded=False) as stack,
        aiohttp.ClientSession() as http,
    ):
        os.environ["GMAIL_API_ENDPOINT"] = stack.sandbox
        os.environ["GMAIL_MULTIUSER_CONFIRMATION_KEY"] = "k" * 32
        world = World(stack.sandbox, http)
        try:
            return {name: await files_passed(world, name, tools[name]) for name in names}
        finally:
            await close_transport()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tools", nargs="*", help="Default: all of them.")
    parser.add_argument("--files", action="store_true", help="List the files of each.")
    asked = parser.parse_args()
    found = asyncio.run(measured(asked.tools or sorted(ROWS)))
    for name, files in found.items():
        print(f"{len(files):>4}  {name}")
        if asked.files:
            print("".join(f"        {file}\n" for file in files))
    return any(len(found.get(name, ())) > limit for name, limit in MAX_FILES.items())


if __name__ == "__main__":
    sys.exit(main())
