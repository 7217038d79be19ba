"""Look a tool up by name: which tool it is, and whether it only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from arcadepy import AsyncArcade
from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.client.naming import KNOWN_TOOLS, match_tool, reads_by_name, tool_key
from arcade_gmail_multiuser.client.single_flight import SingleFlight
from arcade_gmail_multiuser.client.toolset import load_tools, providers_of, reads_only
from arcade_gmail_multiuser.errors import EngineUnavailable, RateLimited, Unavailable, UnknownTool

__all__ = ["Tool", "ToolCatalog"]

TTL_S = 300.0
PAUSE_S = 5.0
"""How long to wait before loading again, after a failure too."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool to call: its qualified name, and whether a call may safely be repeated."""

    name: str
    toolkit: str
    reads: bool
    definition: ToolDefinition | None = None

    @property
    def qualified_name(self) -> str:
        return f"{self.toolkit}.{self.name}"


class ToolCatalog:
    """Load the engine's list once for all users, and again after a while or for an unknown name.

    While the engine returns no list, the toolkit's own names are used.
    """

    def __init__(
        self, client: AsyncArcade, toolkit: str, *, clock: Callable[[], float], ttl_s: float = TTL_S
    ) -> None:
        self._client = client
        self._toolkit = toolkit
        self._clock = clock
        self._ttl_s = ttl_s
        self._tools: Mapping[str, ToolDefinition] = {}
        self._good_until = float("-inf")
        self._tried_at = float("-inf")
        self._flight: SingleFlight[str, None] = SingleFlight()

    async def find(self, action: object) -> Tool:
        """Find a tool by any of its names.

        Raises:
            UnknownTool: with the closest names.
            EngineUnavailable: the engine returns no list, and the name is not a known one.
        """
        if self._clock() >= self._good_until:
            await self._refresh()
        try:
            return self._match(action)
        except UnknownTool:
            if self._clock() - self._tried_at < PAUSE_S:
                raise
        await self._refresh()
        return self._match(action)

    async def providers(self) -> frozenset[str]:
        """Return the ids of the providers that the toolkit's tools need."""
        if self._clock() >= self._good_until:
            await self._refresh()
        return frozenset(i for tool in self._tools.values() for i in providers_of(tool))

    def _match(self, action: object) -> Tool:
        if not self._tools:
            return self._match_known(action)
        name = match_tool(action, self._tools, toolkit=self._toolkit)
        definition = self._tools[name]
        return Tool(name, definition.toolkit.name, reads_only(definition), definition)

    def _match_known(self, action: object) -> Tool:
        try:
            name = match_tool(action, KNOWN_TOOLS, toolkit=self._toolkit)
        except UnknownTool:
            listed = self._good_until > float("-inf")
            if listed or not isinstance(action, str) or tool_key(action, self._toolkit) is None:
                raise
            # A toolkit with another name may well have it.
            raise EngineUnavailable(
                "The engine does not list its tools, so the tool cannot be looked up. "
                "Try again in a moment."
            ) from None
        return Tool(name, self._toolkit, reads_by_name(name))

    async def _refresh(self) -> None:
        if self._clock() - self._tried_at < PAUSE_S and not len(self._flight):
            return
        await self._flight.do("", self._load)

    async def _load(self) -> None:
        try:
            found = await load_tools(self._client, toolkit=self._toolkit)
        except (Unavailable, RateLimited):
            # The call that follows meets the same engine and reports what is wrong.
            return
        finally:
            self._tried_at = self._clock()
        self._tools = {tool.name: tool for tool in found}
        self._good_until = self._clock() + self._ttl_s
