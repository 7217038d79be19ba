"""What is said between an application, a chat model and the tools, in no vendor's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, Self

from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.errors import GmailMultiuserError, InvalidInput

__all__ = ["ChatModel", "Message", "Reply", "RunResult", "RunState", "Status", "ToolCall"]

Status = Literal["done", "authorization_required", "limit_reached", "model_failed"]


@dataclass(frozen=True, slots=True, repr=False)
class ToolCall:
    """A model's wish to call a tool. `arguments` is None when they could not be read."""

    id: str
    name: str
    arguments: dict[str, Any] | None


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """One turn: a person's words, a model's words and calls, or what one tool answered."""

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What a model answers with: words, calls, or both; and how many tokens that took."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    tokens: int = 0
    cut_off: bool = False
    """The model ran into its own limit, so its last words or call may be incomplete."""


class ChatModel(Protocol):
    """A chat model that can call tools. Raises ModelFailed when it gives no usable answer."""

    async def reply(
        self, *, system: str, messages: Sequence[Message], tools: Sequence[ToolDefinition]
    ) -> Reply: ...


@dataclass(slots=True, repr=False)
class RunState:
    """How far a run has come, to go on later, for this user only. It holds mail: keep it safe.

    It is brought up to date before and after each call, so that even a run that was cancelled can
    go on without doing anything twice.
    """

    user_id: str
    messages: list[Message] = field(default_factory=list)
    steps: int = 0
    tokens: int = 0
    chars: int = 0
    begun: str = ""
    """The id of a call that was begun and whose end is not known."""

    def open_calls(self) -> list[ToolCall]:
        """Give the calls of the model's last turn that have no answer yet."""
        answered: set[str] = set()
        # From the end, because servers exist that give every turn the same ids.
        for message in reversed(self.messages):
            if message.role == "assistant":
                return [call for call in message.calls if call.id not in answered]
            answered.add(message.call_id)
        return []

    def as_dict(self) -> dict[str, Any]:
        """Give the state as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """Make a state from what `as_dict` gave, out of your own store, never out of a browser."""
        try:
            messages = [
                Message(**{**one, "calls": tuple(ToolCall(**call) for call in one["calls"])})
                for one in given["messages"]
            ]
            return cls(**{**given, "messages": messages})
        except (KeyError, TypeError, ValueError):
            raise InvalidInput("That is no state of a run.") from None


@dataclass(frozen=True, slots=True, repr=False)
class RunResult:
    """How a run ended.

    - "done": `text` is the model's answer.
    - "authorization_required": show `url`, wait, then run again with `state` and no prompt.
    - "limit_reached": steps, tokens or characters are used up; `text` is what was said last.
    - "model_failed": `error` says how; run again with `state` and no prompt to try once more.
    """

    status: Status
    state: RunState
    text: str = ""
    url: str | None = None
    message: str | None = None
    error: GmailMultiuserError | None = None
    calls: tuple[str, ...] = ()
    """Names of the tools that the model has called, in order, also in the runs before this one."""
