"""Check a tool's arguments before they are sent."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.errors import InvalidParameters
from arcade_gmail_multiuser.tool_formats import input_schema

__all__ = ["USER_ID", "check_arguments", "with_user_id"]

USER_ID = "user_id"
"""A parameter of this name means the user whom the call is for anyway."""

PYTHON: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list, tuple),
}
MOST_PROBLEMS = 10
LONGEST_SHOWN_NAME = 40


def with_user_id(tool: ToolDefinition, given: Mapping[str, Any], user_id: str) -> dict[str, Any]:
    """Add the user's id where a tool wants it and the caller, or a model, left it out."""
    wants = any(parameter.name == USER_ID for parameter in tool.input.parameters or ())
    return {USER_ID: user_id, **given} if wants else dict(given)


def check_arguments(tool: ToolDefinition, given: object) -> dict[str, Any]:
    """Give the arguments without the nulls that stand for "left out".

    Raises:
        InvalidParameters: names every argument that is unknown, missing or of a wrong type. Their
            values, which may be mail, are never repeated.
    """
    if not isinstance(given, Mapping):
        raise InvalidParameters(f"The parameters of {tool.name} are given by name, as an object.")
    schema = input_schema(tool.to_dict())
    kept = {name: value for name, value in given.items() if value is not None}
    problems = tuple(_problems_of_object(kept, schema, ""))[:MOST_PROBLEMS]
    if problems:
        raise InvalidParameters(
            f"These parameters do not fit {tool.name}: {'; '.join(problems)}.", problems=problems
        )
    return kept


def _problems(value: object, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    kind = schema.get("type")
    if kind is None:
        return
    # True is an int to Python, and to nobody else.
    fits = isinstance(value, PYTHON[kind]) and (kind == "boolean" or not isinstance(value, bool))
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
    usable = isinstance(name, str) and name.isidentifier() and len(name) <= LONGEST_SHOWN_NAME
    return str(name) if usable else "a parameter"


def _closest(name: object, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(str(name)[:LONGEST_SHOWN_NAME], known, n=1)
    return f" (is {near[0]} meant?)" if near else ""


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
