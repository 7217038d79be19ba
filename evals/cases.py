"""Write a case: a message, the one call that has to answer it, and a tempting wrong one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from arcade_evals import BinaryCritic, EvalRubric, EvalSuite, ExpectedToolCall, SimilarityCritic
from arcade_tdk import ToolCatalog

import arcade_gmail_multiuser

__all__ = ["SCRIPT", "Call", "Line", "call", "called", "expect", "new_suite"]

SYSTEM = (
    "You are an assistant with access to the user's Gmail through tools. The user is "
    "alice@example.com, in the time zone UTC. Call exactly one tool, and only with what the user "
    "said; never invent an id."
)

# Half of a score is the tool, half its arguments. One wrong argument of three must not pass.
RUBRIC = EvalRubric(fail_threshold=0.88, warn_threshold=0.95)

History = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call. Parameters that are left out are sent as null, as strict mode wants it."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """What the scripted model answers to a message: once right, once with the wrong tool."""

    right: Call
    neighbour: Call


SCRIPT: dict[str, Line] = {}
"""Every message of the suites built so far; `script.py` builds them all."""


@cache
def catalog() -> ToolCatalog:
    """Load the toolkit once: it takes more than a second, and every suite wants it."""
    loaded = ToolCatalog()
    loaded.add_module(arcade_gmail_multiuser)
    return loaded


@cache
def functions() -> Mapping[str, Callable[..., Any]]:
    return {tool.definition.name: tool.tool for tool in catalog()}


def new_suite(name: str) -> EvalSuite:
    return EvalSuite(name=name, system_message=SYSTEM, catalog=catalog(), rubric=RUBRIC)


def call(tool: str, /, **arguments: Any) -> Call:
    return Call(f"GmailMultiuser_{tool}", arguments)


def expect(
    suite: EvalSuite,
    message: str,
    tool: str,
    *,
    tempting: Call,
    worded: Sequence[str] = (),
    after: History | None = None,
    **arguments: Any,
) -> None:
    """Add a case: this message has to end in this one call.

    Args:
        tempting: the wrong call that a model might make instead.
        worded: the arguments that a model may phrase in its own way; all others are exact.
        after: what was said and called before the message.
    """
    line = Line(call(tool, **arguments), tempting)
    if SCRIPT.setdefault(message, line) != line:
        raise ValueError(f"two cases have the message: {message}")
    share = 1.0 / max(1, len(arguments))
    critics = [
        SimilarityCritic(critic_field=name, weight=share, similarity_threshold=0.6)
        if name in worded
        else BinaryCritic(critic_field=name, weight=share)
        for name in arguments
    ]
    suite.add_case(
        name=f"{tool}: {message}",
        user_message=message,
        expected_tool_calls=[ExpectedToolCall(func=functions()[tool], args=arguments)],
        critics=critics,
        additional_messages=after or [],
    )


def called(tool: str, arguments: str, answer: str, message: str, reply: str) -> History:
    """Write an earlier turn: the user asked, the model called a tool and reported."""
    made = {
        "id": "call_1",
        "type": "function",
        "function": {"name": f"GmailMultiuser_{tool}", "arguments": arguments},
    }
    return [
        {"role": "user", "content": message},
        {"role": "assistant", "content": "", "tool_calls": [made]},
        {"role": "tool", "content": answer, "tool_call_id": "call_1", "name": tool},
        {"role": "assistant", "content": reply},
    ]
