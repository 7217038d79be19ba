"""What each person and the agent said, and what the agent waits for.

It is mail, so it stays on the server.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from cachetools import TTLCache

from arcade_gmail_multiuser.client import (
    ChatModel,
    MultiUserGmailAgent,
    RunResult,
    RunState,
)

__all__ = ["TOOLS", "Conversation", "Conversations", "Question"]

TOOLS = (
    "WhoAmI",
    "ListEmails",
    "SearchEmailsByQuery",
    "GetEmail",
    "ListLabels",
    "SendEmail",
)
"""What this application lets the agent use, and therefore asks permission for."""

PATIENCE_S = 300.0
"""How long the agent waits for a person's yes; after that it is a no."""


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """What the agent wants to do and may not do unasked."""

    tool: str
    arguments: dict[str, Any]
    answer: asyncio.Future[bool]


@dataclass(slots=True, repr=False, eq=False)
class Conversation:
    """One person's. At most one run is under way."""

    state: RunState
    result: RunResult | None = None
    question: Question | None = None
    run: asyncio.Task[RunResult] | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def busy(self) -> bool:
        return self.run is not None and not self.run.done()

    async def begin(self, agent: MultiUserGmailAgent, model: ChatModel, prompt: str | None) -> None:
        """Start a run, or with no prompt go on with the last one; return when there is news."""
        if not self.busy:
            self.result = None
            self.asked.clear()
            self.run = asyncio.create_task(
                agent.run(
                    self.state.user_id,
                    prompt,
                    model,
                    state=self.state,
                    only=TOOLS,
                    approve=self._approve,
                )
            )
        await self.news()

    async def decide(self, yes: bool) -> None:
        """Answer what the agent asked; return when there is news again."""
        if self.question is not None and not self.question.answer.done():
            self.asked.clear()
            self.question.answer.set_result(yes)
        await self.news()

    async def news(self) -> None:
        """Wait until the run is over or asks the person something. Raises what the run raised."""
        run = self.run
        if run is None:
            return
        asked = asyncio.ensure_future(self.asked.wait())
        try:
            await asyncio.wait({run, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
        if run.done() and not run.cancelled():
            self.result = run.result()

    async def _approve(self, tool: str, arguments: dict[str, Any]) -> bool:
        self.question = Question(tool, arguments, asyncio.get_running_loop().create_future())
        self.asked.set()
        try:
            return await asyncio.wait_for(self.question.answer, PATIENCE_S)
        except TimeoutError:
            return False
        finally:
            self.question = None


class Conversations:
    """Everybody's, the most recent thousand, for an hour. With several processes: a database."""

    def __init__(self) -> None:
        self._kept: TTLCache[str, Conversation] = TTLCache(maxsize=1000, ttl=3600)

    def of(self, user_id: str) -> Conversation:
        found: Conversation | None = self._kept.get(user_id)
        if found is None:
            found = Conversation(RunState(user_id))
        self._kept[user_id] = found
        return found

    def forget(self, user_id: str) -> None:
        gone = self._kept.pop(user_id, None)
        if gone is not None and gone.run is not None:
            gone.run.cancel()
