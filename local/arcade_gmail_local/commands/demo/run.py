"""Run the demo: start the stack, run the story, and check the result."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.markup import escape

from arcade_gmail_local.commands.demo.answer_log import AnswerLog, arcade_client
from arcade_gmail_local.commands.demo.checks import check_all
from arcade_gmail_local.commands.demo.person import Person
from arcade_gmail_local.commands.demo.story import Story
from arcade_gmail_local.commands.demo.table import progress, show_checks, show_people
from arcade_gmail_local.commands.server_process import ProcessFailed
from arcade_gmail_local.commands.stack import Running, Stack
from arcade_gmail_multiuser.errors import GmailMultiuserError

__all__ = ["run_demo", "run_story", "show"]


async def show(data: Path | None) -> int:
    """Run the demo in a terminal; return its exit status."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - we are inside one
    # asyncio turns a Ctrl-C into a cancellation; a SIGTERM has to stop the processes as well.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return 0 if await run_demo(Console(), data) else 1


async def run_demo(console: Console, data: Path | None = None) -> bool:
    """Run the whole demo; say whether every check passed."""
    started = perf_counter()
    try:
        async with AsyncExitStack() as stack:
            with progress(console, "Start sandbox, worker and engine on free ports"):
                running = await stack.enter_async_context(Stack(data))
            passed = await run_story(running, console)
    except ProcessFailed as failed:
        _print_failure(console, failed)
        if failed.log:
            console.print(escape(failed.log), style="dim", highlight=False)
        return False
    console.print(f"[dim]{perf_counter() - started:.1f} s in total[/]", highlight=False)
    return passed


async def run_story(running: Running, console: Console) -> bool:
    """Run the story on a running stack; say whether every check passed."""
    answer_log = AnswerLog()
    async with arcade_client(running.engine, running.api_key, answer_log) as arcade:
        alice = Person("alice@example.com", "Project Heron", arcade)
        bob = Person("bob@example.com", "Project Falcon", arcade)
        story = Story(alice, bob, arcade)
        try:
            for title, step in story.steps:
                with progress(console, title):
                    await story.run(step)
        except GmailMultiuserError as failed:
            _print_failure(console, failed)
            return False
        checks = await check_all(story, answer_log, running)
    show_people(console, (alice, bob))
    show_checks(console, checks)
    failed_claims = [check.claim for check in checks if not check.passed]
    if failed_claims:
        console.print(f"\n[bold red]{len(failed_claims)} of {len(checks)} checks failed:[/]")
        for claim in failed_claims:
            console.print(f"  {escape(claim)}", highlight=False)
    else:
        console.print(f"\n[bold green]All {len(checks)} checks passed. Nothing crossed.[/]")
    return not failed_claims


def _print_failure(console: Console, failed: GmailMultiuserError) -> None:
    console.print(f"\n[bold red]The demo failed.[/] {escape(failed.message)}", highlight=False)
