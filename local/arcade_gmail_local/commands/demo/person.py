"""Call tools for one person, and keep everything they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from arcadepy import APIError, APIStatusError, AsyncArcade

from arcade_gmail_multiuser.errors import GmailMultiuserError

__all__ = ["TOOLKIT", "Person", "StepFailed", "ids_in"]

TOOLKIT = "GmailMultiuser"
WRITES = frozenset(
    {
        "ChangeThreadLabels",
        "MultiUserGmailSend",
        "ReplyToEmail",
        "SendDraftEmail",
        "SendEmail",
        "TrashEmail",
        "WriteDraftEmail",
    }
)
ID_KEYS = frozenset({"id", "thread_id", "message_id", "email_id"})


class StepFailed(GmailMultiuserError):
    """A step of the demo failed."""

    code = "step_failed"


@dataclass(slots=True, repr=False)
class Person:
    """Alice or Bob. `marker` is in this person's mail only, never in the other's."""

    email: str
    marker: str
    arcade: AsyncArcade
    answers: list[Mapping[str, Any]] = field(default_factory=list)
    listed: int = 0
    found: int = 0
    found_of_the_other: int = 0
    read: int = 0
    sent: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    labels: int = 0

    @property
    def name(self) -> str:
        return self.email.partition("@")[0].capitalize()

    async def use(self, tool: str, **inputs: Any) -> dict[str, Any]:
        """Call one tool for this person and keep its answer; raise StepFailed with its error.

        arcadepy repeats a call that timed out, except for writes, which must not be repeated.
        """
        client = self.arcade.with_options(max_retries=0) if tool in WRITES else self.arcade
        try:
            answer = await client.tools.execute(
                tool_name=f"{TOOLKIT}.{tool}", input=inputs, user_id=self.email
            )
        except APIStatusError as refused:
            raise StepFailed(
                f"{tool} for {self.name}: the engine answered {refused.status_code}."
            ) from None
        except APIError as failed:
            raise StepFailed(f"{tool} for {self.name}: {type(failed).__name__}.") from None
        if answer.output is not None and answer.output.error is not None:
            raise StepFailed(f"{tool} for {self.name}: {answer.output.error.message}")
        value = answer.output.value if answer.output is not None else None
        if not answer.success or not isinstance(value, dict):
            raise StepFailed(f"{tool} for {self.name}: the answer has no value.")
        self.answers.append(value)
        return value

    def ids(self) -> set[str]:
        """Collect every id of a message or thread that this person was shown."""
        return set(ids_in(self.answers))


def ids_in(value: object) -> Iterator[str]:
    """Walk an answer and yield the ids in it, except for labels' ids, which are not secret."""
    if isinstance(value, Mapping):
        if "label_list_visibility" in value or value.get("type") in {"system", "user"}:
            return
        for key, inner in value.items():
            if key in ID_KEYS and isinstance(inner, str):
                yield inner
            else:
                yield from ids_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from ids_in(inner)
