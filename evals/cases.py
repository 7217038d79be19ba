"""How a case is written: a message, and the one call that has to answer it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from arcade_evals import BinaryCritic, EvalRubric, EvalSuite, ExpectedToolCall, SimilarityCritic
from arcade_tdk import ToolCatalog

import arcade_gmail_multiuser

__all__ = ["called", "catalog", "expect", "new_suite"]

SYSTEM = (
    "You are an assistant with access to the user's Gmail through tools. The user is "
    "alice@example.com, in the time zone UTC. Call exactly one tool, and only with what the user "
    "said; never invent an id."
)

# Half of a score is the tool, half its arguments. One wrong argument of three must not pass.
RUBRIC = EvalRubric(fail_threshold=0.88, warn_threshold=0.95)

History = list[dict[str, Any]]


@cache
def catalog() -> ToolCatalog:
    """Load the toolkit once: it takes more than a second, and every suite wants it."""
    loaded = ToolCatalog()
    loaded.add_module(arcade_gmail_multiuser)
    return loaded


def new_suite(name: str) -> EvalSuite:
    return EvalSuite(name=name, system_message=SYSTEM, catalog=catalog(), rubric=RUBRIC)


def expect(
    suite: EvalSuite,
    message: str,
    tool: Callable[..., Any],
    *,
    worded: Sequence[str] = (),
    after: History | None = None,
    **arguments: Any,
) -> None:
    """Add a case: this message has to end in this one call.

    Args:
        worded: the arguments that a model may phrase in its own way; all others are exact.
        after: what was said and called before the message.
    """
    share = 1.0 / max(1, len(arguments))
    critics = [
        SimilarityCritic(critic_field=name, weight=share, similarity_threshold=0.6)
        if name in worded
        else BinaryCritic(critic_field=name, weight=share)
        for name in arguments
    ]
    suite.add_case(
        name=f"{tool.__name__}: {message}",
        user_message=message,
        expected_tool_calls=[ExpectedToolCall(func=tool, args=arguments)],
        critics=critics,
        additional_messages=after or [],
    )


def called(tool: str, arguments: str, answer: str, message: str, reply: str) -> History:
    """Tell an earlier turn: the user asked, the model called a tool and reported."""
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": f"GmailMultiuser_{tool}", "arguments": arguments},
    }
    return [
        {"role": "user", "content": message},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": answer, "tool_call_id": "call_1", "name": tool},
        {"role": "assistant", "content": reply},
    ]
