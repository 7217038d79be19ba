"""A stand-in for a language model: it knows a few phrases, so that the sample works without a key.

It is no language model and understands nothing; it shows how one is plugged in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.client import Message, Reply, ToolCall

__all__ = ["PHRASES", "StandInModel"]

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


class StandInModel:
    """Answer as a chat model would, by rules."""

    async def reply(
        self,
        *,
        system: str,  # noqa: ARG002  (a model would heed it; rules cannot)
        messages: Sequence[Message],
        tools: Sequence[ToolDefinition],
    ) -> Reply:
        last = messages[-1]
        if last.role == "tool":
            return Reply(_told(last))
        name, arguments = _wish(last.text)
        if not name:
            return Reply("I know only a few phrases. Try: " + " · ".join(PHRASES))
        found = next((tool for tool in tools if tool.name == name), None)
        if found is None:
            return Reply(f"There is no tool {name} for me.")
        called = found.qualified_name.replace(".", "_")
        return Reply(calls=(ToolCall(f"call_{len(messages)}", called, arguments),))


def _wish(prompt: str) -> tuple[str, dict[str, Any]]:
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


def _told(message: Message) -> str:
    """Put what a tool answered into a few lines."""
    try:
        found = json.loads(message.text)
    except ValueError:
        return message.text
    if message.failed or not isinstance(found, dict):
        return f"That did not work: {found.get('message', found) if found else message.text}"
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
