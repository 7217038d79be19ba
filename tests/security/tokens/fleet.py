"""Run several real processes of token managers; a script that tests start, no test itself.

The only argument is JSON. The imports are done once, then each process is forked from here, opens
its own store, says that it is ready, and all begin at once. Each prints one line of JSON. When all
have ended, `then` is an order for the next processes.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any

from arcade_gmail_multiuser.errors import GmailMultiuserError
from arcade_gmail_multiuser.security.sealing import Keyring
from arcade_gmail_multiuser.security.tokens import (
    redis_store,  # noqa: F401  (before forking)
    sql_store,  # noqa: F401  (before forking)
)
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.refresh import RefreshPolicy
from arcade_gmail_multiuser.security.tokens.rotation import rotate_tokens
from arcade_gmail_multiuser.security.tokens.store import open_token_store


@dataclass
class Answer:
    access_token: str
    lifetime_s: float
    refresh_token: str | None = None
    scopes: frozenset[str] | None = None


class Hook:
    """Send this very process a signal at one named step."""

    def __init__(self, step: str | None, signal_name: str, skip: int) -> None:
        self.step = step
        self.signal = getattr(signal, signal_name)
        self.skip = skip

    def reach(self, step: str) -> None:
        if step == self.step:
            if self.skip == 0:
                os.kill(os.getpid(), self.signal)
            self.skip -= 1


class HookedStore:
    def __init__(self, store: Any, hook: Hook) -> None:
        self._store = store
        self._hook = hook

    def __getattr__(self, name: str) -> Any:
        given = getattr(self._store, name)
        if not asyncio.iscoroutinefunction(given):
            return given

        async def hooked(*args: Any, **kwargs: Any) -> Any:
            self._hook.reach(f"before {name}")
            found = await given(*args, **kwargs)
            self._hook.reach(f"after {name}")
            return found

        return hooked


class LoopbackProvider:
    """Ask the test's provider: a line with the refresh token, a line of JSON back."""

    client_id = "client-1"

    def __init__(self, port: int, hook: Hook) -> None:
        self._port = port
        self._hook = hook

    async def refresh(self, refresh_token: str) -> Answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(refresh_token.encode() + b"\n")
        line = await reader.readline()
        writer.close()
        self._hook.reach("provider answered")
        return Answer(**json.loads(line))


async def run(order: dict[str, Any], number: int, ready: int, start: int) -> Any:
    hook = Hook(order.get("step"), order.get("signal", "SIGKILL"), order.get("skip", 0))
    store: Any = HookedStore(open_token_store(order["url"], schema=order["schema"]), hook)
    keyring = Keyring(order["keys"])
    manager = SecureTokenManager(
        store,
        keyring,
        project="p1",
        providers={"google": LoopbackProvider(order["port"], hook)},
        policy=RefreshPolicy(**order.get("policy", {})),
    )
    await store.prepare()
    await manager.connection("nobody")  # opens the first connection
    os.write(ready, b"r")
    await asyncio.to_thread(os.read, start, 1)
    try:
        if order["job"] == "rotate":
            done = await rotate_tokens(store, keyring, batch=order["batch"])
            return {"resealed": done.resealed, "still_needed": sorted(done.still_needed)}
        if order["job"] == "refresh_all":
            for user in order["users"][number :: order["processes"]]:
                held = await manager.token_for(user)
                await manager.mark_rejected(user, held.access_token)
            return {"users": len(order["users"][number :: order["processes"]])}
        token = await manager.token_for(order["user"])
        return {"token": token.access_token, "generation": token.record.generation}
    except GmailMultiuserError as failed:
        return {"error": type(failed).__name__}
    finally:
        await manager.close()


def main() -> None:
    order = json.loads(sys.argv[1])
    run_all(order)
    if "then" in order:
        run_all({**order, "step": None, **order["then"]})


def run_all(order: dict[str, Any]) -> None:
    ready, tell_ready = os.pipe()
    start, let_start = os.pipe()
    children = []
    for number in range(order["processes"]):
        child = os.fork()
        if child == 0:
            os.close(let_start)
            found = asyncio.run(run(order, number, tell_ready, start))
            os.write(1, json.dumps({"pid": os.getpid(), **found}).encode() + b"\n")
            os._exit(0)
        children.append(child)
    for _ in children:
        os.read(ready, 1)
    os.close(let_start)
    for descriptor in (ready, tell_ready, start):
        os.close(descriptor)
    for child in children:
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            os.write(1, json.dumps({"pid": child, "signal": os.WTERMSIG(status)}).encode() + b"\n")


if __name__ == "__main__":
    main()
