"""Tools as chat models want them described."""

from __future__ import annotations

import re
from typing import Any, Literal

from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.client.tool_schema import USER_ID, input_schema
from arcade_gmail_multiuser.errors import InvalidInput

__all__ = ["ToolFormat", "describe_tool", "model_name"]

ToolFormat = Literal["openai", "anthropic"]

LONGEST_NAME = 64
LONGEST_DESCRIPTION = 1024
"""OpenAI refuses a whole request for one character more."""


def model_name(tool: ToolDefinition) -> str:
    """Give the name under which a model calls the tool: GmailMultiuser_SendEmail."""
    name = f"{tool.toolkit.name}_{tool.name}"
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:LONGEST_NAME]


def describe_tool(tool: ToolDefinition, form: ToolFormat) -> dict[str, Any]:
    """Describe a tool as OpenAI's chat completions or Anthropic's messages take it."""
    name, schema = model_name(tool), _without_user_id(input_schema(tool))
    text = (tool.description or tool.name)[:LONGEST_DESCRIPTION]
    if form == "openai":
        function = {"name": name, "description": text, "parameters": schema}
        return {"type": "function", "function": function}
    if form == "anthropic":
        return {"name": name, "description": text, "input_schema": schema}
    raise InvalidInput('The format of tool definitions is "openai" or "anthropic".')


def _without_user_id(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave out whom the call is for: a model does not know that, and has no say in it."""
    schema["properties"].pop(USER_ID, None)
    required = [name for name in schema.pop("required", ()) if name != USER_ID]
    return {**schema, "required": required} if required else schema
