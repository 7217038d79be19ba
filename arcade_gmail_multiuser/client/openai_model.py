"""A chat model behind /chat/completions: OpenAI's, and the many servers that speak like it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.client.conversation import Message, Reply, ToolCall
from arcade_gmail_multiuser.client.formats import describe_tool
from arcade_gmail_multiuser.client.model_http import ModelServer, read_arguments
from arcade_gmail_multiuser.errors import ModelFailed

__all__ = ["OpenAIModel"]


class OpenAIModel:
    """Speak to an OpenAI-compatible server.

    Args:
        base_url: up to and with the version, as in "https://api.openai.com/v1".
        options: more of the request, such as {"temperature": 0}.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str,
        base_url: str = "https://api.openai.com/v1",
        http_client: httpx.AsyncClient | None = None,
        timeout_s: float = 120.0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._model = model
        self._options = dict(options or {})
        self._server = ModelServer(
            f"{base_url.rstrip('/')}/chat/completions",
            {"Authorization": f"Bearer {api_key}"},
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
            "messages": [{"role": "system", "content": system}, *map(_written, messages)],
            **self._options,
        }
        if tools:
            body["tools"] = [describe_tool(tool, "openai") for tool in tools]
        return _read(await self._server.ask(body))


def _written(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
    if not message.calls:
        return {"role": message.role, "content": message.text}
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments or {})},
        }
        for call in message.calls
    ]
    return {"role": "assistant", "content": message.text or None, "tool_calls": calls}


def _read(answer: Mapping[str, Any]) -> Reply:
    try:
        choice = answer["choices"][0]
        said = choice["message"]
        calls = tuple(
            ToolCall(
                str(call.get("id") or ""),
                str(call["function"]["name"]),
                read_arguments(call["function"].get("arguments")),
            )
            for call in said.get("tool_calls") or ()
        )
        text = said.get("content") or said.get("refusal") or ""
        usage = answer.get("usage") or {}
        tokens = int(usage.get("total_tokens") or 0)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise ModelFailed("The chat model's answer cannot be read.") from None
    return Reply(str(text), calls, tokens, cut_off=choice.get("finish_reason") == "length")
