"""Keep what each person and the agent said, and what the agent waits for.

It is mail, so it stays on the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cachetools import TTLCache
from pydantic_ai import (
    AgentRunError,
    DeferredToolRequests,
    DeferredToolResults,
    ModelMessage,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolDenied,
    UsageLimits,
    UserPromptPart,
    capture_run_messages,
)

from arcade_gmail_multiuser import MultiUserGmailAgent
from examples.fastapi_app.gmail_agent import GmailAgent, Person, gmail_tools

__all__ = ["Conversation", "Conversations", "Turn"]

LIMITS = UsageLimits(request_limit=12, total_tokens_limit=200_000)
DENIED = ToolDenied("The person does not want this to be done.")


@dataclass(frozen=True, slots=True, repr=False)
class Turn:
    """What the person or the agent said, and the tools the agent wanted to use."""

    mine: bool
    text: str
    tools: tuple[str, ...] = ()


@dataclass(slots=True, repr=False, eq=False)
class Conversation:
    """One person's conversation. At most one run is in progress."""

    user_id: str
    messages: list[ModelMessage] = field(default_factory=list)
    waiting: DeferredToolRequests | None = None
    """The calls that ended the last run: each needs the person's yes, or Gmail connected."""
    decisions: dict[str, bool] = field(default_factory=dict)
    busy: bool = False
    failed: bool = False

    @property
    def question(self) -> ToolCallPart | None:
        """The first call that the person has not decided on yet."""
        waiting = self.waiting
        undecided = (
            call
            for call in (waiting.approvals if waiting else ())
            if call.tool_call_id not in self.decisions and not self._lacks_connection(call)
        )
        return next(undecided, None)

    @property
    def waits_for_connection(self) -> bool:
        return self.waiting is not None and self.question is None

    def turns(self) -> Iterator[Turn]:
        """Return the conversation as a page shows it, without what the tools returned."""
        for message in self.messages:
            if isinstance(message, ModelResponse):
                text = "\n".join(p.content for p in message.parts if isinstance(p, TextPart))
                calls = (p.tool_name for p in message.parts if isinstance(p, ToolCallPart))
                yield Turn(mine=False, text=text, tools=tuple(calls))
                continue
            for part in message.parts:
                if isinstance(part, UserPromptPart):
                    yield Turn(mine=True, text=str(part.content))

    async def ask(self, agent: GmailAgent, gmail: MultiUserGmailAgent, prompt: str) -> None:
        """Put a question to the agent. What it still waited for is dropped, and not done."""
        if not self.busy:
            dropped = self._results(dict.fromkeys(self._waiting_ids(), False))
            await self._run(agent, gmail, prompt, dropped)

    async def decide(
        self, agent: GmailAgent, gmail: MultiUserGmailAgent, call_id: str, *, yes: bool
    ) -> None:
        """Answer the question that was shown, and continue once all of them are answered."""
        question = self.question
        # A form sent twice must not answer the question after it.
        if self.busy or question is None or question.tool_call_id != call_id:
            return
        self.decisions[call_id] = yes
        if self.question is None and not any(map(self._lacks_connection, self._approvals())):
            await self.go_on(agent, gmail)

    async def go_on(self, agent: GmailAgent, gmail: MultiUserGmailAgent) -> None:
        """Continue the run with the person's decisions, where Gmail had to be connected first."""
        if not self.busy and self.waits_for_connection:
            connected = dict.fromkeys(self._waiting_ids(), True)
            await self._run(agent, gmail, None, self._results(connected | self.decisions))

    async def _run(
        self,
        agent: GmailAgent,
        gmail: MultiUserGmailAgent,
        prompt: str | None,
        results: DeferredToolResults | None,
    ) -> None:
        self.busy, self.failed = True, False
        messages: list[ModelMessage] = []
        try:
            tools = await gmail_tools(gmail, self.user_id)
            self.waiting, self.decisions = None, {}
            with capture_run_messages() as messages:
                result = await agent.run(
                    prompt,
                    message_history=self.messages,
                    deferred_tool_results=results,
                    deps=Person(self.user_id),
                    toolsets=[tools],
                    usage_limits=LIMITS,
                )
            if isinstance(result.output, DeferredToolRequests):
                self.waiting = result.output
        except AgentRunError:
            self.failed = True
        finally:
            # After a failure too: what was sent before it must not be sent again.
            self.messages = messages or self.messages
            self.busy = False

    def _approvals(self) -> list[ToolCallPart]:
        return self.waiting.approvals if self.waiting else []

    def _waiting_ids(self) -> list[str]:
        return [call.tool_call_id for call in self._approvals()]

    def _lacks_connection(self, call: ToolCallPart) -> bool:
        return bool(self.waiting and self.waiting.metadata.get(call.tool_call_id))

    def _results(self, decided: dict[str, bool]) -> DeferredToolResults | None:
        if self.waiting is None:
            return None
        return self.waiting.build_results(
            approvals={call_id: True if yes else DENIED for call_id, yes in decided.items()}
        )


class Conversations:
    """Keep the most recent thousand for an hour. With several processes, use a database."""

    def __init__(self) -> None:
        self._kept: TTLCache[str, Conversation] = TTLCache(maxsize=1000, ttl=3600)

    def of(self, user_id: str) -> Conversation:
        found: Conversation = self._kept.get(user_id) or Conversation(user_id)
        self._kept[user_id] = found
        return found

    def forget(self, user_id: str) -> None:
        self._kept.pop(user_id, None)
