"""Stand in for a language model, so that the sample works without a key.

It understands nothing: it knows a few phrases and calls tools by rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic_ai import (
    ModelMessage,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

__all__ = ["PHRASES", "reply", "stand_in_model"]

PHRASES = (
    "Who am I?",
    "Show my latest 3 mails",
    "Search for invoice",
    "Send bob@example.com: Lunch? / At noon, the usual place.",
    "Which labels do I have?",
)
"""What a person may ask it."""

_SEND = re.compile(r"send\s+(?P<to>\S+@[\w.-]+):\s*(?P<subject>[^/]+)/\s*(?P<body>.+)", re.I | re.S)
_SEARCH = re.compile(r"(?:search|find|look)(?:\s+for)?\s+(?P<query>.+)", re.I | re.S)
_LATEST = re.compile(r"(?:latest|newest|last|recent)\D*(?P<count>\d{1,2})?", re.I)


def stand_in_model() -> FunctionModel:
    """Make the model."""
    return FunctionModel(reply)


def reply(messages: Sequence[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Answer as a model would: call a tool for a phrase, and put its answer into words."""
    last = messages[-1].parts[-1]
    if isinstance(last, ToolReturnPart):
        return ModelResponse([TextPart(_in_words(last))])
    prompt = last.content if isinstance(last, UserPromptPart) else ""
    name, arguments = _wanted(prompt if isinstance(prompt, str) else "")
    if not name:
        return ModelResponse([TextPart("I know only a few phrases. Try: " + " · ".join(PHRASES))])
    offered = [tool.name for tool in info.function_tools]
    called = next((one for one in offered if one.endswith(f"_{name}")), None)
    if called is None:
        return ModelResponse([TextPart(f"I have no tool {name}.")])
    return ModelResponse([ToolCallPart(called, arguments)])


def _wanted(prompt: str) -> tuple[str, dict[str, Any]]:
    if sent := _SEND.search(prompt):
        words = {key: value.strip() for key, value in sent.groupdict().items()}
        return "SendEmail", {
            "recipient": words["to"],
            "subject": words["subject"],
            "body": words["body"],
        }
    if searched := _SEARCH.search(prompt):
        return "SearchEmailsByQuery", {"query": searched["query"].strip(" ?.!"), "max_results": 5}
    if latest := _LATEST.search(prompt):
        return "ListEmails", {"n_emails": int(latest["count"] or 5)}
    if "label" in prompt.lower():
        return "ListLabels", {}
    if "who am i" in prompt.lower():
        return "WhoAmI", {}
    return "", {}


def _in_words(answer: ToolReturnPart) -> str:
    """Put a tool's answer into a few lines."""
    if answer.outcome != "success":
        return f"That did not work: {answer.content}"
    found = answer.content
    if not isinstance(found, dict):
        return str(found)
    if isinstance(emails := found.get("emails"), list):
        if not emails:
            return "No mail was found."
        return "\n".join(f"• {one.get('subject')} — {one.get('from_')}" for one in emails)
    if isinstance(labels := found.get("labels"), list):
        return "Your labels: " + ", ".join(str(one.get("name", one)) for one in labels)
    if "email" in found or "my_email_address" in found:
        return f"You are {found.get('my_email_address') or found.get('email')}."
    if found.get("id") or found.get("message_id"):
        return "Done: the mail was sent."
    return json.dumps(found, ensure_ascii=False)
