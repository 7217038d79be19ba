"""Keep a stack running until somebody interrupts it or one of its processes ends."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from arcade_gmail_local.commands.server_process import ChildFailed
from arcade_gmail_local.commands.stack import Running, Stack, user_emails

__all__ = ["keep_up"]


async def keep_up(
    data: Path | None,
    *,
    users: int,
    as_json: bool,
    verifier_url: str | None = None,
    token_readers: Sequence[str] = (),
) -> int:
    """Start the stack, say where it is, and stop it on SIGINT or SIGTERM; return 0 then.

    Raises ChildFailed, after showing the child's last log lines, if a process ends by itself.
    """
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    stack = Stack(
        data,
        users=user_emails(users),
        verifier_url=verifier_url,
        token_readers=token_readers,
    )
    stopping = asyncio.ensure_future(interrupted.wait())
    working = asyncio.ensure_future(_run_until_one_ends(stack, as_json=as_json))
    await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        await asyncio.wait({working})
        return 0
    stopping.cancel()
    try:
        working.result()
    except ChildFailed as failed:
        print(failed.log, file=sys.stderr)
        raise
    return 0


async def _run_until_one_ends(stack: Stack, *, as_json: bool) -> None:
    async with stack as running:
        print(json.dumps(running.as_dict()) if as_json else _for_people(running), flush=True)
        raise await stack.until_one_ends()


def _for_people(running: Running) -> str:
    return (
        f"sandbox  {running.sandbox}\n"
        f"worker   {running.worker}\n"
        f"engine   {running.engine}\n\n"
        "To use it with arcadepy:\n"
        f"  export ARCADE_BASE_URL={running.engine}\n"
        f"  export ARCADE_API_KEY={running.api_key}\n\n"
        "Ctrl-C ends it."
    )
