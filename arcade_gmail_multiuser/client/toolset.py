"""Load a toolkit's tools from the engine, all pages of them, and read what each may do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from arcadepy import APIError, AsyncArcade
from arcadepy.pagination import AsyncOffsetPage
from arcadepy.types import ToolDefinition
from cachetools import LRUCache

from arcade_gmail_multiuser.client.naming import reads_by_name
from arcade_gmail_multiuser.client.results import engine_error
from arcade_gmail_multiuser.errors import EngineUnavailable, InvalidInput
from arcade_gmail_multiuser.tool_schema import describe_tool, input_schema

__all__ = [
    "ToolMemo",
    "Tools",
    "acts_on_others",
    "describe",
    "is_destructive",
    "load_tools",
    "providers_of",
    "reads_only",
    "requirement_of",
    "schema_of",
    "takes",
]

Tools = tuple[ToolDefinition, ...]
_Page = tuple[Tools, int | None]

PAGE = 100
MAX_PAGES = 100
MAX_REMEMBERED = 64

STAYS_IN_THE_MAILBOX = frozenset(
    {
        "ArchiveEmail",
        "ChangeEmailLabels",
        "ChangeThreadLabels",
        "CreateLabel",
        "RestoreEmail",
        "UpdateDraftEmail",
        "UpdateLabel",
        "WriteDraftEmail",
        "WriteDraftReplyEmail",
    }
)
"""Writes that only the mailbox's owner notices, and can undo."""


class ToolMemo:
    """Remember parsed answers of the engine by the digest of their bytes.

    Most users' lists are the same byte for byte. Parsing one takes about ten milliseconds of the
    event loop and a few hundred kilobytes; this way equal lists are parsed and kept once.
    """

    def __init__(self) -> None:
        self.pages: LRUCache[bytes, _Page] = LRUCache(MAX_REMEMBERED)
        self.lists: LRUCache[tuple[str, bytes], Tools] = LRUCache(MAX_REMEMBERED)


async def load_tools(
    client: AsyncArcade,
    *,
    toolkit: str,
    user_id: str | None = None,
    memo: ToolMemo | None = None,
) -> Tools:
    """Read every page of a toolkit's tools; with a user, as that user has them.

    Each tool is listed once: a model refuses two of one name. With a `memo`, users with equal lists
    share one object: do not change what is in it.

    Raises:
        EngineUnavailable, RateLimited, ConfigurationError, EngineRefused: see `engine_error`.
    """
    memo = memo or ToolMemo()
    found: dict[str, ToolDefinition] = {}
    digests = b""
    offset = 0
    for _ in range(MAX_PAGES):
        digest, (items, total) = await _page(client, toolkit, user_id, offset, memo)
        digests += digest
        before = len(found)
        for item in items:
            # An engine that ignores the filter must not slip other toolkits' tools in.
            if item.toolkit.name.lower() == toolkit.lower():
                found.setdefault(item.fully_qualified_name, item)
        offset += len(items)
        # arcadepy's own paging stops after one page where total_count is missing.
        if not items or (offset >= total if total is not None else len(items) < PAGE):
            break
        if len(found) == before and total is None:
            break
    # Of several versions, the one listed last is what a name without version means.
    latest = {tool.name: tool for tool in found.values()}
    return memo.lists.setdefault((toolkit, digests), tuple(latest.values()))


async def _page(
    client: AsyncArcade, toolkit: str, user_id: str | None, offset: int, memo: ToolMemo
) -> tuple[bytes, _Page]:
    person: dict[str, Any] = {} if user_id is None else {"user_id": user_id}
    try:
        raw = await client.tools.with_raw_response.list(
            limit=PAGE, offset=offset, toolkit=toolkit, **person
        )
        digest = hashlib.sha256(await raw.read()).digest()
        known = memo.pages.get(digest)
        if known is None:
            known = _checked(await raw.parse())
            memo.pages[digest] = known
        return digest, known
    except APIError as problem:
        raise engine_error(problem, wrote=False) from None
    except (ValueError, AttributeError, TypeError):
        raise EngineUnavailable("The engine's list of tools cannot be read.") from None


def _checked(page: AsyncOffsetPage[ToolDefinition]) -> _Page:
    items = list(page.items or ())
    if not all(map(_readable, items)):
        raise ValueError
    return tuple(items), page.total_count


def _readable(item: object) -> bool:
    # arcadepy does not check what it parses.
    return (
        isinstance(item, ToolDefinition)
        and isinstance(getattr(item, "fully_qualified_name", None), str)
        and isinstance(getattr(item, "name", None), str)
        and isinstance(getattr(getattr(item, "toolkit", None), "name", None), str)
    )


def reads_only(tool: ToolDefinition) -> bool:
    """Tell whether a call changes nothing, from the engine's metadata or else the tool's name."""
    said = _behavior(tool).get("read_only")
    return said if isinstance(said, bool) else reads_by_name(tool.name)


def is_destructive(tool: ToolDefinition) -> bool:
    """Tell whether a call throws something away, from the engine's metadata or else its name."""
    said = _behavior(tool).get("destructive")
    if isinstance(said, bool):
        return said
    return tool.name.startswith(("Delete", "Trash", "Report", "SetThreadTrash"))


def acts_on_others(tool: ToolDefinition) -> bool:
    """Tell whether a call may reach other people, now or later; a write that is not known may."""
    return not reads_only(tool) and tool.name not in STAYS_IN_THE_MAILBOX


def takes(tool: ToolDefinition, name: str) -> bool:
    """Tell whether the tool has a parameter of this name."""
    return any(parameter.name == name for parameter in tool.input.parameters or ())


def schema_of(tool: ToolDefinition) -> dict[str, Any]:
    """Write the tool's input as JSON Schema."""
    given = tool.input.parameters or ()
    return input_schema([parameter.model_dump(exclude_none=True) for parameter in given])


def describe(tool: ToolDefinition, form: str, *, without: str) -> dict[str, Any]:
    """Describe a tool to a model, without the one parameter that is not the model's to choose."""
    schema = schema_of(tool)
    schema["properties"].pop(without, None)
    required = [name for name in schema.pop("required", ()) if name != without]
    schema = {**schema, "required": required} if required else schema
    return describe_tool(tool.toolkit.name, tool.name, tool.description, schema, form)


def scopes_of(tool: ToolDefinition) -> tuple[str, ...]:
    """Return the OAuth scopes the tool declares."""
    asked = tool.requirements and tool.requirements.authorization
    return tuple((asked and asked.oauth2 and asked.oauth2.scopes) or ())


def requirement_of(tools: Iterable[ToolDefinition], *, provider: str) -> dict[str, Any]:
    """Combine what several tools need, as arcadepy's `auth.authorize` takes it.

    Args:
        provider: the default where no tool names one.

    Raises:
        InvalidInput: the tools need several providers.
    """
    tools = tuple(tools)
    asked = [tool.requirements.authorization for tool in tools if tool.requirements]
    providers = {one.provider_id for one in asked if one and one.provider_id}
    if len(providers) > 1:
        raise InvalidInput("These tools need several providers; authorize them one by one.")
    scopes = dict.fromkeys(scope for tool in tools for scope in scopes_of(tool))
    return {
        "provider_id": next(iter(providers), provider),
        "provider_type": "oauth2",
        "oauth2": {"scopes": list(scopes)},
    }


def providers_of(tool: ToolDefinition) -> frozenset[str]:
    """Return the ids under which the engine may file the connection that the tool needs."""
    asked = tool.requirements and tool.requirements.authorization
    return frozenset(i for i in (asked.provider_id, asked.id) if i) if asked else frozenset()


def _behavior(tool: ToolDefinition) -> dict[str, Any]:
    # arcadepy has no field for metadata but keeps what it does not know.
    metadata = getattr(tool, "metadata", None)
    behavior = metadata.get("behavior") if isinstance(metadata, dict) else None
    return behavior if isinstance(behavior, dict) else {}
