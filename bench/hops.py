"""Count the package's files that one call of a tool passes through.

    python -m bench.hops [TOOL ...] [--files]

Whoever steps through a call in a debugger stops once in each. Counted are the distinct files in
which a function is entered between the call of the tool's function and its return; importing,
Arcade's executor, the worker and the sandbox (a process of its own) are outside of that.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import sys
import threading
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from types import FrameType
from typing import Any

import aiohttp
from arcade_core.schema import ToolAuthorizationContext, ToolContext

import arcade_gmail_multiuser
from arcade_gmail_local.commands.stack import Stack as LocalStack
from arcade_gmail_multiuser.gmail.api.transport import close_transport

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))
from tool_rows import ROWS, Stage, functions

PACKAGE = str(Path(arcade_gmail_multiuser.__file__).parent) + os.sep
MAX_FILES = {"GetEmail": 15, "SendEmail": 12}
"""What the two calls that everybody makes may pass through."""


@dataclass
class Person:
    """One account of the sandbox, and calls of tools in its name."""

    sandbox: str
    http: aiohttp.ClientSession
    email: str = field(default_factory=lambda: f"p{uuid.uuid4().hex[:12]}@example.com")

    @property
    def user_id(self) -> str:
        return self.email

    async def receive(self, *mail: dict[str, Any]) -> list[str]:
        messages = [{**m, "raw": base64.b64encode(m["raw"]).decode()} for m in mail]
        given = {"email": self.email, "name": "Pat Example", "messages": messages}
        return list((await self._control("accounts", given))["ids"])

    async def use(self, tool: Any, **inputs: Any) -> Any:
        return await tool(await self.context(tool), **inputs)

    async def context(self, tool: Any) -> ToolContext:
        scopes = list(tool.__tool_requires_auth__.scopes)
        token = await self._control("tokens", {"email": self.email, "scopes": scopes})
        authorization = ToolAuthorizationContext(token=token["access_token"])
        return ToolContext(authorization=authorization, user_id=self.user_id)

    async def _control(self, what: str, given: Any) -> Any:
        async with self.http.post(f"{self.sandbox}/_sandbox/{what}", json=given) as answer:
            answer.raise_for_status()
            return await answer.json()


def write_mail(*, files: Iterable[tuple[str, bytes, str]] = (), **headers: str) -> bytes:
    """Write a mail in plain text; one in HTML passes through the files of gmail/html besides."""
    message = EmailMessage()
    message["From"], message["To"] = "Jane Doe <jane@example.org>", "someone@example.com"
    message["Subject"] = "Hello"
    message["Message-ID"] = f"<{uuid.uuid4().hex}@example.org>"
    for header, value in headers.items():
        message[header.replace("_", "-")] = value
    message.set_content("How are you?\n")
    for filename, content, kind in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=filename)
    return message.as_bytes()


async def files_passed(sandbox: str, http: aiohttp.ClientSession, name: str) -> list[str]:
    """Call one tool with the inputs of its row and return the files, relative to the package."""
    person, tool = Person(sandbox, http), functions()[name]
    await person.receive()
    inputs = await ROWS[name].inputs(Stage(person, write_mail))
    context = await person.context(tool)
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
        await tool(context, **inputs)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return sorted(f for f in passed if not f.startswith(("worker", "security")))


async def measured(names: Iterable[str]) -> dict[str, list[str]]:
    """Measure each of the tools against a sandbox of its own."""
    async with (
        LocalStack(engine=False, seeded=False) as stack,
        aiohttp.ClientSession() as http,
    ):
        os.environ["GMAIL_API_ENDPOINT"] = stack.sandbox
        os.environ["GMAIL_MULTIUSER_CONFIRMATION_KEY"] = uuid.uuid4().hex
        try:
            return {name: await files_passed(stack.sandbox, http, name) for name in names}
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
