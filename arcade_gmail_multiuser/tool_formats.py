"""Describe a tool for a chat model: its JSON Schema, in OpenAI's and in Anthropic's format.

Definitions are plain JSON as Arcade's API returns them. They come from another process, so what is
odd about one is left out instead of failing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

__all__ = ["FORMATS", "anthropic_format", "input_schema", "model_name", "openai_format"]

Json = dict[str, Any]

_MAX_NAME = 64
_MAX_DESCRIPTION = 1024
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


def openai_format(tool: Mapping[str, Any], *, leave_out: Collection[str] = ()) -> Json:
    """Describe a tool as OpenAI's chat completions take it, without the parameters left out."""
    name, text, schema = _parts(tool, leave_out)
    function = {"name": name, "description": text, "parameters": schema}
    return {"type": "function", "function": function}


def anthropic_format(tool: Mapping[str, Any], *, leave_out: Collection[str] = ()) -> Json:
    """Describe a tool as Anthropic's messages take it, without the parameters left out."""
    name, text, schema = _parts(tool, leave_out)
    return {"name": name, "description": text, "input_schema": schema}


FORMATS: Mapping[str, Callable[..., Json]] = {
    "openai": openai_format,
    "anthropic": anthropic_format,
}


def model_name(tool: Mapping[str, Any]) -> str:
    """Return the name by which a model calls the tool: GmailMultiuser_SendEmail."""
    toolkit = _object_in(tool, "toolkit").get("name")
    return re.sub(r"[^A-Za-z0-9_-]", "_", f"{toolkit}_{tool['name']}")[:_MAX_NAME]


def input_schema(tool: Mapping[str, Any], *, leave_out: Collection[str] = ()) -> Json:
    """Write the tool's parameters as a JSON Schema object that allows nothing else."""
    parameters = _object_in(tool, "input").get("parameters")
    properties: Json = {}
    required: list[str] = []
    for one in parameters if isinstance(parameters, list) else ():
        name = one.get("name") if isinstance(one, Mapping) else None
        if not isinstance(name, str) or name in leave_out:
            continue
        properties[name] = _described(one, _object_in(one, "value_schema"), 0)
        if one.get("required") is True:
            required.append(name)
    return _object_schema(properties, required)


def _parts(tool: Mapping[str, Any], leave_out: Collection[str]) -> tuple[str, str, Json]:
    text = str(tool.get("description") or tool["name"])[:_MAX_DESCRIPTION]
    return model_name(tool), text, input_schema(tool, leave_out=leave_out)


def _described(holder: Mapping[str, Any], value_schema: Mapping[str, Any], depth: int) -> Json:
    schema = _value(value_schema, depth)
    if isinstance(holder.get("description"), str) and holder["description"]:
        schema["description"] = holder["description"]
    return schema


def _value(given: Mapping[str, Any], depth: int) -> Json:
    """Write one of Arcade's value schemas; a type that is not known is left open."""
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
    fields, keys = given.get("properties"), given.get("required_keys")
    if kind == "object" and isinstance(fields, Mapping):
        properties = {
            str(name): _described(one, one, depth + 1) if isinstance(one, Mapping) else {}
            for name, one in fields.items()
        }
        return _object_schema(properties, list(keys) if isinstance(keys, list) else [])
    enum = given.get("enum")
    return {"type": kind, **({"enum": list(enum)} if isinstance(enum, list) and enum else {})}


def _object_schema(properties: Json, required: list[str]) -> Json:
    schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _object_in(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, Mapping) else {}
