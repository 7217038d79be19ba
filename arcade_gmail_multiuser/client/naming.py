"""Find a tool by any of its names: send_email, SendEmail, Toolkit.SendEmail, Toolkit_SendEmail."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from arcade_gmail_multiuser.client.tool_names import KNOWN_TOOLS
from arcade_gmail_multiuser.errors import UnknownTool

__all__ = ["KNOWN_TOOLS", "match_action", "match_tool", "reads_by_name", "tool_key"]

MAX_NAME = 200

ACTIONS: Mapping[str, str] = {
    "archive": "ArchiveEmail",
    "draft": "WriteDraftEmail",
    "forward": "ForwardEmail",
    "labels": "ListLabels",
    "list": "ListEmails",
    "read": "GetEmail",
    "reply": "ReplyToEmail",
    "search": "SearchEmailsByQuery",
    "send": "SendEmail",
    "trash": "TrashEmail",
}
"""The short actions of applications. A "search" without a query is a search by sender, subject …,
and a "send" with a `to` is the tool whose recipient parameter has that name."""

READING_PREFIXES = ("Find", "Get", "List", "Search")


def tool_key(name: str, toolkit: str) -> str | None:
    """Reduce a name to what all its spellings have in common; None for another toolkit's tool."""
    plain = name[:MAX_NAME].partition("@")[0].strip()
    head, rest = plain[: len(toolkit)], plain[len(toolkit) :]
    if head.lower() == toolkit.lower() and rest[:1] in (".", "_") and len(rest) > 1:
        plain = rest[1:]
    key = plain.replace("_", "").replace("-", "").replace(" ", "").lower()
    return key if key.isalnum() else None


def match_tool(name: object, tools: Iterable[str], *, toolkit: str) -> str:
    """Find the tool that `name` means among bare tool names.

    Raises:
        UnknownTool: with up to five close names.
    """
    by_key = {tool.lower().replace("_", ""): tool for tool in tools}
    key = tool_key(name, toolkit) if isinstance(name, str) else None
    found = by_key.get(key) if key else None
    if found is not None:
        return found
    near = difflib.get_close_matches(key or "", list(by_key), n=5, cutoff=0.5)
    closest = tuple(by_key[one] for one in near)
    # The name is not repeated: a confused model may have put anything there.
    hint = f" Closest: {', '.join(closest)}." if closest else ""
    raise UnknownTool(f"{toolkit} has no tool of that name.{hint}", closest=closest)


def match_action(
    action: object, parameters: Mapping[str, Any], tools: Iterable[str], *, toolkit: str
) -> str:
    """Find the tool for an action: a short action, or any spelling of a tool's name."""
    names = tuple(tools)
    word = action.strip().lower() if isinstance(action, str) else ""
    meant = ACTIONS.get(word)
    if word == "search" and "query" not in parameters:
        meant = "ListEmailsByHeader"
    if word == "send" and "to" in parameters and "MultiUserGmailSend" in names:
        meant = "MultiUserGmailSend"
    return match_tool(meant if meant is not None else action, names, toolkit=toolkit)


def reads_by_name(tool: str) -> bool:
    """Guess whether a tool only reads. A name that does not say so counts as a write."""
    return tool == "WhoAmI" or tool.startswith(READING_PREFIXES)
