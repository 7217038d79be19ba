"""Tools as chat models want them described: OpenAI's functions, Anthropic's tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from arcade_gmail_local.engine.http.bodies import bad_request
from arcade_gmail_local.engine.running.tool_entry import ToolEntry

__all__ = ["FORMATS", "check_formats", "describe"]

_LONGEST_NAME = 64
_LONGEST_DESCRIPTION = 1024
"""OpenAI refuses a whole request for one character more."""
_DEEPEST = 8
_TYPES = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "json": "object",
    "array": "array",
}


def check_formats(given: Iterable[str]) -> tuple[str, ...]:
    """Check names of formats, one or several to a text separated by commas.

    Raises:
        Refusal: 400 for one that is not known.
    """
    names = [name.strip() for text in given for name in text.split(",")]
    if any(name not in (*FORMATS, "arcade") for name in names):
        bad_request("A format is one of openai, anthropic and arcade.", name="unknown_format")
    return tuple(dict.fromkeys(names))


def describe(tool: ToolEntry, form: str) -> dict[str, Any]:
    """Describe a tool in one of FORMATS."""
    return FORMATS[form](tool)


def _openai(tool: ToolEntry) -> dict[str, Any]:
    name, description, schema = _parts(tool)
    function = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": function}


def _anthropic(tool: ToolEntry) -> dict[str, Any]:
    name, description, schema = _parts(tool)
    return {"name": name, "description": description, "input_schema": schema}


FORMATS: Mapping[str, Callable[[ToolEntry], dict[str, Any]]] = {
    "openai": _openai,
    "anthropic": _anthropic,
}


def _parts(tool: ToolEntry) -> tuple[str, str, dict[str, Any]]:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{tool.toolkit}_{tool.name}")[:_LONGEST_NAME]
    description = tool.definition.get("description")
    text = description if isinstance(description, str) and description else tool.name
    return name, text[:_LONGEST_DESCRIPTION], _input_schema(tool)


def _input_schema(tool: ToolEntry) -> dict[str, Any]:
    given = tool.definition.get("input")
    parameters = given.get("parameters") if isinstance(given, dict) else None
    properties: dict[str, Any] = {}
    required: list[str] = []
    for one in parameters if isinstance(parameters, list) else ():
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            continue
        properties[one["name"]] = _described(one, one.get("value_schema"))
        if one.get("required") is True:
            required.append(one["name"])
    return _object(properties, required)


def _described(holder: Mapping[str, Any], value_schema: Any, depth: int = 0) -> dict[str, Any]:
    schema = _value(value_schema if isinstance(value_schema, dict) else {}, depth)
    if isinstance(holder.get("description"), str) and holder["description"]:
        schema["description"] = holder["description"]
    return schema


def _value(given: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """Write one of Arcade's value schemas; a type it may have one day is left open."""
    kind = _TYPES.get(str(given.get("val_type")))
    if kind is None or depth > _DEEPEST:
        return {}
    schema: dict[str, Any] = {"type": kind}
    if kind == "array":
        inner = {
            "val_type": given.get("inner_val_type"),
            "enum": given.get("enum"),
            "properties": given.get("inner_properties"),
            "required_keys": given.get("inner_required_keys"),
        }
        return {**schema, "items": _value(inner, depth + 1)}
    if isinstance(given.get("enum"), list) and given["enum"]:
        schema["enum"] = given["enum"]
    fields = given.get("properties")
    if kind == "object" and isinstance(fields, dict):
        inner_schemas = {
            str(name): _described(one if isinstance(one, dict) else {}, one, depth + 1)
            for name, one in fields.items()
        }
        keys = given.get("required_keys")
        schema = _object(inner_schemas, keys if isinstance(keys, list) else [])
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
