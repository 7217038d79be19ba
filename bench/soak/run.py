"""Run a soak from start to verdict."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import aiohttp
import httpx
from arcadepy import AsyncArcade

from arcade_gmail_local.commands.stack import Running, Stack
from arcade_gmail_multiuser.client import MultiUserGmailManager
from bench.soak.actions import Figures, Life
from bench.soak.memory import resident_mb
from bench.soak.people import TOKEN, People, Person, seed_mail, words_in
from bench.soak.trouble import Controls, keep_failing
from bench.soak.truth import Copy, Truth, judge, read_message

__all__ = ["Plan", "Result", "soak"]

CONTROLS_IN_FLIGHT = 16
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    users: int
    seconds: float
    seed: int
    at_once: int
    calls_a_fault: int
    workers: int = 1


@dataclass(slots=True)
class Result:
    """Everything a report needs."""

    plan: Plan
    figures: Figures
    truth: Truth
    people: People
    faults: Counter[str]
    """By kind, how many were ordered; `met`, how many of those were used up."""
    met: Counter[str]
    seconds: float
    memory: dict[str, dict[str, float]] = field(default_factory=dict)
    """By moment (start, arrived, half, end), then by process, in MB."""
    written: list[str] = field(default_factory=list)
    """Tokens or mail found in logs or, unsealed, in the engine's database."""


async def soak(plan: Plan) -> Result:
    """Start a stack of its own, let people live on it, and judge by what is left."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        stack = Stack(Path(folder), seeded=False, workers=plan.workers)
        async with stack as running:
            result = await _on(running, stack, plan)
        result.written = written_down(Path(folder))
    return result


async def _on(running: Running, stack: Stack, plan: Plan) -> Result:
    chance = random.Random(plan.seed)
    people = People(plan.users, chance)
    faults: Counter[str] = Counter()
    met: Counter[str] = Counter()
    async with AsyncExitStack() as open_:
        session = await open_.enter_async_context(aiohttp.ClientSession())
        connector = aiohttp.TCPConnector(limit=0)
        open_.push_async_callback(connector.close)
        client = await open_.enter_async_context(_client(running, people, plan))
        manager = MultiUserGmailManager(client)
        controls = Controls(running.sandbox, session)
        await _each(people.everyone, lambda person: _move_in(person, controls))
        life = Life(manager, controls, people, chance, connector)
        failing = asyncio.ensure_future(
            keep_failing(
                controls,
                chance,
                life.figures.calls,
                every=plan.calls_a_fault,
                ordered=faults,
                met=met,
            )
        )
        began = time.perf_counter()
        try:
            memory = await _live(life, people.everyone, plan, stack)
        finally:
            failing.cancel()
            await asyncio.gather(failing, return_exceptions=True)
        took = time.perf_counter() - began
        await controls.mend()
        mailboxes: dict[str, list[Copy]] = {}

        async def look_into(person: Person) -> None:
            found = await controls.messages(person.email)
            mailboxes[person.email] = [read_message(one) for one in found]

        await _each(people.everyone, look_into)
        truth = judge(people, mailboxes)
    return Result(plan, life.figures, truth, people, faults, met, took, memory)


async def _live(
    life: Life, everyone: list[Person], plan: Plan, stack: Stack
) -> dict[str, dict[str, float]]:
    """Let each person act once, then random ones for the given time; return the memory used."""
    order = random.Random(plan.seed + 1)
    memory = {"start": resident_mb(stack)}
    arriving = iter(order.sample(everyone, len(everyone)))
    await _at_once(plan.at_once, life, lambda: next(arriving, None))
    for moment in ("arrived", "half"):
        memory[moment] = resident_mb(stack)
        ends = time.perf_counter() + plan.seconds / 2
        await _at_once(
            plan.at_once,
            life,
            lambda ends=ends: order.choice(everyone) if time.perf_counter() < ends else None,
        )
    return {**memory, "end": resident_mb(stack)}


async def _at_once(many: int, life: Life, whose_turn: Callable[[], Person | None]) -> None:
    async def one_after_another() -> None:
        while (person := whose_turn()) is not None:
            await life.do_something(person)

    runners = [asyncio.ensure_future(one_after_another()) for _ in range(many)]
    try:
        await asyncio.gather(*runners)
    finally:
        for runner in runners:
            runner.cancel()


def _client(running: Running, people: People, plan: Plan) -> AsyncArcade:
    async def look(answer: httpx.Response) -> None:
        await answer.aread()
        if TOKEN.search(answer.text) or TOKEN.search(str(answer.headers)):
            people.leaked.append(f"a token in the engine's answer to {answer.request.url.path}")

    http_client = httpx.AsyncClient(
        trust_env=False,
        timeout=60.0,
        event_hooks={"response": [look]},
        # httpx looks at every idle connection at each request: few keep the soak itself fast.
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=plan.at_once),
    )
    return AsyncArcade(base_url=running.engine, api_key=running.api_key, http_client=http_client)


async def _move_in(person: Person, controls: Controls) -> None:
    account = {"email": person.email, "messages": list(seed_mail(person))}
    person.own_ids = (await controls.post("accounts", account))["ids"]


async def _each(items: Iterable[T], do: Callable[[T], Awaitable[None]]) -> None:
    limit = asyncio.Semaphore(CONTROLS_IN_FLIGHT)

    async def one(item: T) -> None:
        async with limit:
            await do(item)

    await asyncio.gather(*(one(item) for item in items))


def written_down(folder: Path) -> list[str]:
    """Look for tokens and mail in all that the processes wrote to the disk."""
    found = []
    for file in sorted(folder.iterdir()):
        text = file.read_bytes().decode("latin-1")
        if file.name != "credentials.json" and TOKEN.search(text):
            found.append(f"a token in {file.name}")
        if words_in(text):
            found.append(f"mail in {file.name}")
    return found
