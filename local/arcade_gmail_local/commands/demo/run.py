"""Put the demo on: start the stack, tell the story, check what came of it."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.markup import escape

from arcade_gmail_local.commands.demo.checks import check_all
from arcade_gmail_local.commands.demo.person import Person
from arcade_gmail_local.commands.demo.recording import Wire, arcade_client
from arcade_gmail_local.commands.demo.scenario import Story
from arcade_gmail_local.commands.demo.table import progress, show_checks, show_people
from arcade_gmail_local.commands.server_process import ChildFailed
from arcade_gmail_local.commands.stack import Running, Stack
from arcade_gmail_multiuser.errors import GmailMultiuserError

__all__ = ["perform", "show", "tell"]


async def show(data: Path | None) -> int:
    """Put the demo on for a terminal; return its exit status."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - we are inside one
    # asyncio turns a Ctrl-C into a cancellation; a SIGTERM has to stop the processes as well.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return 0 if await perform(Console(), data) else 1


async def perform(console: Console, data: Path | None = None) -> bool:
    """Run the whole demo; tell whether every check holds."""
    started = perf_counter()
    try:
        async with AsyncExitStack() as stack:
            with progress(console, "Start sandbox, worker and engine on free ports"):
                running = await stack.enter_async_context(Stack(data))
            good = await tell(running, console)
    except ChildFailed as failed:
        _say(console, failed)
        if failed.log:
            console.print(escape(failed.log), style="dim", highlight=False)
        return False
    console.print(f"[dim]{perf_counter() - started:.1f} s in all[/]", highlight=False)
    return good


async def tell(running: Running, console: Console) -> bool:
    """Tell the story on a running stack; tell whether every check holds."""
    wire = Wire()
    async with arcade_client(running.engine, running.api_key, wire) as arcade:
        alice = Person("alice@example.com", "Project Heron", arcade)
        bob = Person("bob@example.com", "Project Falcon", arcade)
        story = Story(alice, bob, arcade)
        try:
            for title, step in story.steps:
                with progress(console, title):
                    await story.take(step)
        except GmailMultiuserError as failed:
            _say(console, failed)
            return False
        checks = await check_all(story, wire, running)
    show_people(console, (alice, bob))
    show_checks(console, checks)
    broken = [check.claim for check in checks if not check.holds]
    if broken:
        console.print(f"\n[bold red]{len(broken)} of {len(checks)} checks do not hold:[/]")
        for claim in broken:
            console.print(f"  {escape(claim)}", highlight=False)
    else:
        console.print(f"\n[bold green]All {len(checks)} checks hold. Nothing crossed.[/]")
    return not broken


def _say(console: Console, failed: GmailMultiuserError) -> None:
    console.print(f"\n[bold red]The demo failed.[/] {escape(failed.message)}", highlight=False)
