"""A tool's input: as JSON Schema, and whether given arguments fit it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.errors import InvalidParameters

__all__ = ["USER_ID", "check_arguments", "input_schema", "with_user_id"]

USER_ID = "user_id"
"""A parameter of this name means the user whom the call is for anyway."""

TYPES = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "json": "object",
    "array": "array",
}
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


def input_schema(tool: ToolDefinition) -> dict[str, Any]:
    """Write the tool's parameters as a JSON Schema object that allows nothing else."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for parameter in tool.input.parameters or ():
        schema = _value(parameter.value_schema.model_dump(exclude_none=True))
        if parameter.description:
            schema["description"] = parameter.description
        properties[parameter.name] = schema
        if parameter.required:
            required.append(parameter.name)
    return _object(properties, required)


def _value(given: Mapping[str, Any]) -> dict[str, Any]:
    """Write one of Arcade's value schemas; a type it may have one day is left open."""
    kind = TYPES.get(str(given.get("val_type")))
    if kind is None:
        return {}
    schema: dict[str, Any] = {"type": kind}
    if kind == "array":
        inner = {
            "val_type": given.get("inner_val_type"),
            "enum": given.get("enum"),
            "properties": given.get("inner_properties"),
            "required_keys": given.get("inner_required_keys"),
        }
        schema["items"] = _value(inner)
        return schema
    if given.get("enum"):
        schema["enum"] = list(given["enum"])
    if kind == "object" and isinstance(given.get("properties"), Mapping):
        inner_schemas = {}
        for name, one in given["properties"].items():
            inner_schemas[name] = _value(one)
            if one.get("description"):
                inner_schemas[name]["description"] = one["description"]
        schema = _object(inner_schemas, list(given.get("required_keys") or ()))
    return schema


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    return schema


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
    schema = input_schema(tool)
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
