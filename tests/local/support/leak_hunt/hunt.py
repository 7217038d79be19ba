"""Let the stack live through everything, and gather what it left in each place."""

from __future__ import annotations

import asyncio
import logging
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
from leak_search.canaries import Canaries, Hit
from leak_search.postgresql import dump_of
from leak_search.raw_log import RawLog

from leak_hunt.application import Application, Reply
from leak_hunt.hunted_stack import HuntedStack
from leak_hunt.journey import Journey
from leak_hunt.planted import Planted

CONTROL = "leak-hunt-control-0123456789@example.com"
"""A user's id, and a word that every child writes and exports: the search must find it."""

_TO_THEIR_BROWSER = re.compile(
    rb"(?im)^(?:location: [^\r\n]*/o/oauth2/v2/auth\?|set-cookie: )[^\r\n]*"
)
"""How a state and a cookie come to the one browser that is to have them."""


@dataclass
class Evidence:
    """What a stack left behind, by place, and what must not be in it."""

    canaries: Canaries
    control: Canaries
    places: dict[str, bytes]
    modes: dict[str, int]
    replies: list[Reply] = field(default_factory=list)

    def hits(self, *names: str) -> dict[str, list[Hit]]:
        assert names
        return {name: found for name in names if (found := self.canaries.search(self.places[name]))}


def hunt(folder: Path, *, database_url: str = "", schema: str = "") -> Evidence:
    """Run a stack through the journey; an empty address means the SQLite file of its data.

    With PostgreSQL only what is stored differs, so the journey is a shorter one.
    """
    return asyncio.run(_hunt(folder, database_url, schema))


async def _hunt(folder: Path, database_url: str, schema: str) -> Evidence:
    # The test's own HTTP client stands in for any other, and names what it asks for.
    own_log = RawLog(folder / "application.raw", without=("httpx", "httpcore"))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(own_log)
    root.setLevel(logging.DEBUG)
    stack = HuntedStack(folder, database_url=database_url, control=CONTROL)
    logging.getLogger("leak_hunt").debug("control %s", CONTROL)
    planted, replies = Planted(), []
    try:
        async with stack as running:
            sandbox = stack.wiretaps["sandbox"].upstream
            headers = {"Authorization": f"Bearer {running.api_key}"}
            async with (
                httpx.AsyncClient(base_url=running.engine, headers=headers) as http,
                httpx.AsyncClient(base_url=sandbox) as control,
            ):
                app = Application(http)
                journey = Journey(stack, app, control, planted)
                await journey.run(briefly=bool(database_url))
                places = {f"alive: {k}": v for k, v in files_in(stack.data, "*.sqlite*").items()}
                places |= await _postgresql(database_url, schema)
                places["command lines"] = stack.argvs() + CONTROL.encode()
                await journey.run_to_the_end()
                replies = app.replies
                places["exceptions"] = "\n".join(journey.raised.shown).encode()
                places["variables"] = "\n".join(journey.raised.variables).encode()
    finally:
        root.removeHandler(own_log)
        root.setLevel(level)
        own_log.end()
        await stack.close()
    places |= _left_by(stack)
    places |= {f"after: {k}": v for k, v in (await _postgresql(database_url, schema)).items()}
    found = stack.secrets()
    for kind in planted.canaries().values.items():
        found.add(kind[1], kind[0])
    control_word = Canaries()
    control_word.add("control", CONTROL)
    return Evidence(found, control_word, places, modes_in(folder), replies)


def _left_by(stack: HuntedStack) -> dict[str, bytes]:
    places = {f"data: {k}": v for k, v in files_in(stack.data).items()}
    places |= {f"raw log: {k}": v for k, v in files_in(stack.raw_logs).items()}
    places["temporary files"] = b"\n".join(
        name.encode() + b"\n" + content for name, content in files_in(stack.temporary).items()
    )
    for name, received in stack.collector.received.items():
        places[f"telemetry: {name}"] = bytes(received)
    places["raw log: application"] = (stack.folder / "application.raw").read_bytes()
    places["engine's answers"] = _TO_THEIR_BROWSER.sub(
        b"", bytes(stack.wiretaps["engine"].answered)
    )
    return places


def files_in(folder: Path, pattern: str = "*") -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in sorted(folder.rglob(pattern)) if f.is_file()}


def modes_in(folder: Path) -> dict[str, int]:
    data = folder / "data"
    return {f.name: stat.S_IMODE(f.stat().st_mode) for f in data.rglob("*") if f.is_file()}


async def _postgresql(url: str, schema: str) -> dict[str, bytes]:
    if not url:
        return {}
    db = await asyncpg.connect(url.partition("?")[0].replace("+asyncpg", ""))
    try:
        return {"postgresql": await dump_of(db, schema)}
    finally:
        await db.close()
