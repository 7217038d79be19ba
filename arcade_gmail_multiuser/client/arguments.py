"""Check what an application or a model gives for a call, before anything is sent."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.client.toolset import schema_of, takes
from arcade_gmail_multiuser.errors import InvalidInput, InvalidParameters

__all__ = ["USER_ID", "check_arguments", "check_user_id", "sendable", "with_user_id"]

USER_ID = "user_id"
"""A parameter of this name is the user whom the call is for anyway."""

MAX_USER_ID = 512
_MAX_PROBLEMS = 10
_MAX_SHOWN_NAME = 40

_PYTHON: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list, tuple),
}


def check_user_id(value: object) -> str:
    """Return the id unchanged: no trimming, no case folding, no default.

    Raises:
        InvalidInput: it is missing or blank, too long, or has characters that no engine can store.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(
            "A user_id is required: the id of the signed-in user of your application."
        )
    if len(value) > MAX_USER_ID or "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise InvalidInput(f"A user_id is a text of at most {MAX_USER_ID} ordinary characters.")
    return value


def sendable(parameters: Mapping[str, Any] | None) -> dict[str, object]:
    """Check that parameters can be written as JSON. The error names no value."""
    if parameters is not None and not isinstance(parameters, Mapping):
        raise InvalidInput("The parameters must be a mapping of names to values.")
    inputs = dict(parameters or {})
    try:
        json.dumps(inputs, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput("The parameters cannot be written as JSON.") from None
    return inputs


def with_user_id(tool: ToolDefinition, given: Mapping[str, Any], user_id: str) -> dict[str, Any]:
    """Add the user's id where a tool takes it and the caller, or a model, left it out."""
    return {USER_ID: user_id, **given} if takes(tool, USER_ID) else dict(given)


def check_arguments(tool: ToolDefinition, given: object) -> dict[str, Any]:
    """Return the arguments without the nulls that stand for "left out".

    Raises:
        InvalidParameters: names every argument that is unknown, missing or of a wrong type, and
            never a value, which may be mail.
    """
    if not isinstance(given, Mapping):
        raise InvalidParameters(f"The parameters of {tool.name} must be an object.")
    schema = schema_of(tool)
    kept = {name: value for name, value in given.items() if value is not None}
    problems = tuple(_problems_of_object(kept, schema, ""))[:_MAX_PROBLEMS]
    if problems:
        raise InvalidParameters(
            f"These parameters do not fit {tool.name}: {'; '.join(problems)}.", problems=problems
        )
    return kept


def _problems(value: object, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    kind = schema.get("type")
    if kind is None:
        return
    # True is an int in Python, but not in JSON.
    fits = isinstance(value, _PYTHON[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if not fits:
        yield f"{path} must be {_article(kind)}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path} must be one of {', '.join(map(str, schema['enum']))}"
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _problems(item, schema["items"], f"{path}[{index}]")
    elif isinstance(value, dict) and "properties" in schema:
        kept = {name: inner for name, inner in value.items() if inner is not None}
        yield from _problems_of_object(kept, schema, f"{path}.")


def _problems_of_object(
    given: Mapping[Any, Any], schema: Mapping[str, Any], prefix: str
) -> Iterator[str]:
    properties = schema["properties"]
    for name in schema.get("required", ()):
        if name not in given:
            yield f"{prefix}{name} is missing"
    for name, value in given.items():
        if name in properties:
            yield from _problems(value, properties[name], f"{prefix}{name}")
        else:
            yield f"{prefix}{_shown(name)} is unknown{_closest(name, properties)}"


def _shown(name: object) -> str:
    # A confused model may put a whole letter where a name belongs.
    usable = isinstance(name, str) and name.isidentifier() and len(name) <= _MAX_SHOWN_NAME
    return str(name) if usable else "a parameter"


def _closest(name: object, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(str(name)[:_MAX_SHOWN_NAME], known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
