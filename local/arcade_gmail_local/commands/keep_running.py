"""Keep a stack running until it is interrupted or one of its processes ends."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from arcade_gmail_local.commands.server_process import ProcessFailed
from arcade_gmail_local.commands.stack import Running, Stack, user_emails

__all__ = ["keep_running"]


async def keep_running(
    data: Path | None,
    *,
    users: int,
    as_json: bool,
    verifier_url: str | None = None,
    token_readers: Sequence[str] = (),
) -> int:
    """Start the stack, print its addresses, and stop it on SIGINT or SIGTERM; return 0 then.

    Raises ProcessFailed, after printing the last log lines, if a process ends by itself.
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
    except ProcessFailed as failed:
        print(failed.log, file=sys.stderr)
        raise
    return 0


async def _run_until_one_ends(stack: Stack, *, as_json: bool) -> None:
    async with stack as running:
        print(json.dumps(running.as_dict()) if as_json else _for_people(running), flush=True)
        raise await stack.wait_for_failure()


def _for_people(running: Running) -> str:
    return (
        f"sandbox  {running.sandbox}\n"
        f"worker   {running.worker}\n"
        f"engine   {running.engine}\n\n"
        "To use it with arcadepy:\n"
        f"  export ARCADE_BASE_URL={running.engine}\n"
        f"  export ARCADE_API_KEY={running.api_key}\n\n"
        "Press Ctrl-C to stop."
    )
