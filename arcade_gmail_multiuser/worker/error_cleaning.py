"""Clean a tool's error: mask secrets, leave out values, and say which inputs are wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from arcade_core.errors import ErrorKind
from arcade_core.schema import ToolCallError

from arcade_gmail_multiuser.security.redaction import redact

__all__ = ["clean_error", "without_input_names"]

UNKNOWN_INPUT = "Extra inputs are not permitted"
"""What pydantic says of an input that a tool does not have, after that input's name."""

MISFIT = re.compile(r"(?:^|; |: )([a-z_]+(?:\.\w+)*): (Input should [^;]+|Field required)")
"""An input of the tool that pydantic finds wrong or missing, and what it says about it."""

UNKNOWN_KEY = re.compile(rf"(?:^|; |: )([a-z_]+(?:\.\w+)+): {UNKNOWN_INPUT}")
"""A key inside an input that does not belong there."""

PLAIN_NAME = re.compile(r"[A-Za-z_]\w{0,39}", re.ASCII)

MAX_NAMED = 20
"""How many problems of one call are named; a call can have any number."""

MAX_MESSAGE_CHARS = 4_000
"""Of pydantic's own words."""


def clean_error(error: ToolCallError, inputs: dict[str, Any], known: set[str]) -> None:
    """Change an error in place, so that it holds no secret and no value.

    Args:
        known: the names of the tool's inputs.
    """
    _explain_bad_input(error, inputs, known)
    error.message = redact(error.message)
    if error.kind is ErrorKind.TOOL_RUNTIME_BAD_OUTPUT_VALUE:
        # pydantic quotes the values that do not fit, and those are mail.
        error.developer_message = error.stacktrace = None
        return
    error.developer_message = error.developer_message and redact(error.developer_message)
    error.stacktrace = error.stacktrace and redact(error.stacktrace)


def without_input_names(error: ToolCallError) -> ToolCallError:
    """Return what logs and spans may hold of a cleaned error.

    An error about bad input names inputs that the tool does not have, and a model may have made
    such a name out of mail. Only the caller may read it again.
    """
    if error.kind is not ErrorKind.TOOL_RUNTIME_BAD_INPUT_VALUE:
        return error
    unsaid = {"message": "The inputs do not fit the tool.", "stacktrace": None}
    return error.model_copy(update={**unsaid, "developer_message": None})


def _explain_bad_input(error: ToolCallError, inputs: dict[str, Any], known: set[str]) -> None:
    """Say about each input what is wrong with it, where the tool does not have one of them.

    A model may have made the name of such an input out of the mail before it, so only what looks
    like a name is repeated; where one does not, nothing of the message that quotes it is.
    """
    if error.kind is not ErrorKind.TOOL_RUNTIME_BAD_INPUT_VALUE:
        return
    if UNKNOWN_INPUT not in error.message and len(error.message) <= MAX_MESSAGE_CHARS:
        return
    odd = _has_odd_name(inputs)
    wrong = [] if odd else _misfits(error.message, known)
    unknown = sorted(filter(PLAIN_NAME.fullmatch, set(inputs) - known))
    sentences = wrong[:MAX_NAMED]
    sentences += _name_unknown(unknown[: MAX_NAMED - len(sentences)], known)
    more = len(wrong) + len(unknown) - len(sentences)
    if more:
        sentences.append(f"{more} more inputs are wrong")
    if odd:
        sentences.append("the call has an input that this tool does not take")
    sentences.append(f"the tool takes {', '.join(sorted(known)) or 'nothing'}")
    error.message = f"Invalid input: {'; '.join(sentences)}."
    error.developer_message = error.stacktrace = None


def _misfits(message: str, known: set[str]) -> list[str]:
    """Find what pydantic says about inputs that the tool has."""
    wrong = [
        f"{name}: {why.rstrip('.')}"
        for name, why in MISFIT.findall(message)
        if name.partition(".")[0] in known
    ]
    return wrong + [f"{name} is not known" for name in UNKNOWN_KEY.findall(message)]


def _name_unknown(names: Iterable[str], known: set[str]) -> list[str]:
    sentences = []
    for name in names:
        near = get_close_matches(name, known, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        sentences.append(f"{name} is not known{hint}")
    return sentences


def _has_odd_name(inputs: dict[str, Any]) -> bool:
    """Say whether a name anywhere in the inputs could be mistaken for text around it."""
    waiting: list[object] = [inputs]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if not all(map(PLAIN_NAME.fullmatch, value)):
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False
