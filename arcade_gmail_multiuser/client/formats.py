"""Describe tools for a chat model that calls them for a user it does not choose."""

from __future__ import annotations

from typing import Any, Literal

from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser import tool_formats
from arcade_gmail_multiuser.client.tool_schema import USER_ID
from arcade_gmail_multiuser.errors import InvalidInput

__all__ = ["ToolFormat", "describe_tool", "model_name"]

ToolFormat = Literal["openai", "anthropic"]


def model_name(tool: ToolDefinition) -> str:
    """Return the name by which a model calls the tool: GmailMultiuser_SendEmail."""
    return tool_formats.model_name(tool.to_dict())


def describe_tool(tool: ToolDefinition, form: ToolFormat) -> dict[str, Any]:
    """Describe a tool without its user: a model does not know whom it calls for."""
    if form not in tool_formats.FORMATS:
        raise InvalidInput('The format of tool definitions is "openai" or "anthropic".')
    return tool_formats.FORMATS[form](tool.to_dict(), leave_out={USER_ID})
