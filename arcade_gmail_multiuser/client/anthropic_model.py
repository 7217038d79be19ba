"""A chat model behind Anthropic's /v1/messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.client.conversation import Message, Reply, ToolCall
from arcade_gmail_multiuser.client.formats import describe_tool
from arcade_gmail_multiuser.client.model_http import ModelServer, read_arguments
from arcade_gmail_multiuser.errors import ModelFailed

__all__ = ["AnthropicModel"]

VERSION = "2023-06-01"


class AnthropicModel:
    """Speak to Anthropic's Messages API, or to a server that answers like it.

    Args:
        max_tokens: of one answer; the API wants a number.
        options: more of the request, such as {"temperature": 0}.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str,
        base_url: str = "https://api.anthropic.com",
        max_tokens: int = 4096,
        http_client: httpx.AsyncClient | None = None,
        timeout_s: float = 120.0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._model = model
        self._max_tokens = max_tokens
        self._options = dict(options or {})
        self._server = ModelServer(
            f"{base_url.rstrip('/')}/v1/messages",
            {"x-api-key": api_key, "anthropic-version": VERSION},
            http_client=http_client,
            timeout_s=timeout_s,
        )

    async def aclose(self) -> None:
        """Close the connections, if they were made here."""
        await self._server.close()

    async def reply(
        self, *, system: str, messages: Sequence[Message], tools: Sequence[ToolDefinition]
    ) -> Reply:
        """Ask the model for its next turn."""
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": self._max_tokens,
            "system": system,
            "messages": _turns(messages),
            **self._options,
        }
        if tools:
            body["tools"] = [describe_tool(tool, "anthropic") for tool in tools]
        return _read(await self._server.ask(body))


def _turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Write the turns. All answers to one turn's calls belong into one turn of the user's."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [
            {
                "type": "tool_result",
                "tool_use_id": message.call_id,
                "content": message.text,
                "is_error": message.failed,
            }
        ]
    blocks: list[dict[str, Any]] = []
    # An empty text block is refused.
    if message.text:
        blocks.append({"type": "text", "text": message.text})
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments or {}}
        for call in message.calls
    ]
    return blocks


def _read(answer: Mapping[str, Any]) -> Reply:
    try:
        blocks = answer["content"]
        text = "".join(block["text"] for block in blocks if block["type"] == "text")
        calls = tuple(
            ToolCall(str(block["id"]), str(block["name"]), read_arguments(block.get("input")))
            for block in blocks
            if block["type"] == "tool_use"
        )
        usage = answer.get("usage") or {}
        tokens = sum(int(usage.get(name) or 0) for name in ("input_tokens", "output_tokens"))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ModelFailed("The chat model's answer cannot be read.") from None
    return Reply(text, calls, tokens, cut_off=answer.get("stop_reason") == "max_tokens")
