"""Describe an Arcade tool to a model: its input as JSON Schema, in OpenAI's or Anthropic's format.

Works on the definition as an engine lists it, in plain JSON, which it does not trust to be well
formed: the client reads other people's engines, the engine other people's workers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

from arcade_gmail_multiuser.errors import InvalidInput

__all__ = ["FORMATS", "ToolFormat", "describe_tool", "input_schema", "model_name"]

ToolFormat: TypeAlias = Literal["openai", "anthropic"]
FORMATS: tuple[ToolFormat, ...] = get_args(ToolFormat)

MAX_NAME = 64
MAX_DESCRIPTION = 1024
"""OpenAI refuses a whole request for one character more."""
_MAX_DEPTH = 8

_TYPES = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "json": "object",
    "array": "array",
}


def model_name(toolkit: str, name: str) -> str:
    """Return the name under which a model calls a tool, such as GmailMultiuser_SendEmail."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", f"{toolkit}_{name}")[:MAX_NAME]


def describe_tool(
    toolkit: str,
    name: str,
    description: object,
    schema: Mapping[str, Any],
    form: str,
) -> dict[str, Any]:
    """Describe a tool as OpenAI's chat completions or Anthropic's messages take it.

    Raises:
        InvalidInput: the format is neither.
    """
    called = model_name(toolkit, name)
    text = (description if isinstance(description, str) and description else name)[:MAX_DESCRIPTION]
    if form == "openai":
        function = {"name": called, "description": text, "parameters": schema}
        return {"type": "function", "function": function}
    if form == "anthropic":
        return {"name": called, "description": text, "input_schema": schema}
    raise InvalidInput('The format of tool definitions is "openai" or "anthropic".')


def input_schema(parameters: object) -> dict[str, Any]:
    """Write a definition's `input.parameters` as a JSON Schema object that allows nothing else."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for one in parameters if isinstance(parameters, list | tuple) else ():
        if isinstance(one, Mapping) and isinstance(one.get("name"), str):
            properties[one["name"]] = _described(one, one.get("value_schema"), 0)
            if one.get("required") is True:
                required.append(one["name"])
    return _object(properties, required)


def _described(holder: object, value_schema: object, depth: int) -> dict[str, Any]:
    schema = _value(value_schema if isinstance(value_schema, Mapping) else {}, depth)
    description = holder.get("description") if isinstance(holder, Mapping) else None
    if isinstance(description, str) and description:
        schema["description"] = description
    return schema


def _value(given: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """Write one of Arcade's value schemas. A type that is not known is left open."""
    kind = _TYPES.get(str(given.get("val_type")))
    if kind is None or depth > _MAX_DEPTH:
        return {}
    if kind == "array":
        inner = {
            "val_type": given.get("inner_val_type"),
            "enum": given.get("enum"),
            "properties": given.get("inner_properties"),
            "required_keys": given.get("inner_required_keys"),
        }
        return {"type": kind, "items": _value(inner, depth + 1)}
    fields, keys, enum = given.get("properties"), given.get("required_keys"), given.get("enum")
    if kind == "object" and isinstance(fields, Mapping):
        properties = {str(name): _described(one, one, depth + 1) for name, one in fields.items()}
        return _object(properties, keys if isinstance(keys, list) else [])
    return {"type": kind, "enum": enum} if isinstance(enum, list) and enum else {"type": kind}


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    return schema
