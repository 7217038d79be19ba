"""What a tool needs before it can run, and whether that is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from arcade_gmail_local.engine.connecting.authorizer import Authorizer
from arcade_gmail_local.engine.running.secret_store import SecretStore
from arcade_gmail_local.engine.running.tool_entry import ToolEntry
from arcade_gmail_multiuser.security.tokens.record import TokenRecord

__all__ = ["KnownRequirements", "Requirements", "definition_of"]


def definition_of(tool: ToolEntry) -> dict[str, Any]:
    """Give arcadepy's ToolDefinition, without its requirements."""
    raw = tool.definition
    return {
        "name": tool.name,
        "qualified_name": tool.qualified_name,
        "fully_qualified_name": tool.fully_qualified_name,
        "description": raw.get("description"),
        "toolkit": raw["toolkit"],
        "input": raw.get("input") or {"parameters": []},
        "output": raw.get("output"),
        **({"metadata": raw["metadata"]} if raw.get("metadata") else {}),
    }


@dataclass(frozen=True, slots=True)
class KnownRequirements:
    """What is configured, and what one user granted, looked up once for many tools."""

    provider_id: str
    secrets: frozenset[str]
    user_id: str | None
    connection: TokenRecord | None

    def of(self, tool: ToolEntry) -> dict[str, Any]:
        """Give arcadepy's requirements of a tool.

        `met` is there only when it is known: a tool that needs somebody's consent has none until
        a user is named.
        """
        secrets = [self._secret(key) for key in tool.secrets]
        met = all(secret["met"] for secret in secrets)
        found: dict[str, Any] = {"secrets": secrets} if secrets else {}
        if tool.scopes is not None:
            authorization, granted = self._authorization(tool, tool.scopes)
            found["authorization"] = authorization
            met = met and granted
        if self.user_id is not None or tool.scopes is None:
            found["met"] = met
        return found

    def _secret(self, key: str) -> dict[str, Any]:
        met = key in self.secrets
        return {"key": key, "met": met, **({} if met else {"status_reason": "it is not set"})}

    def _authorization(
        self, tool: ToolEntry, scopes: frozenset[str]
    ) -> tuple[dict[str, Any], bool]:
        known = tool.provider_id == self.provider_id
        authorization = dict(tool.definition["requirements"]["authorization"])
        authorization["status"] = "active" if known else "inactive"
        if not known:
            authorization["status_reason"] = "the provider is not configured"
        if self.user_id is None:
            return authorization, known
        held = known and self.connection is not None and self.connection.covers(scopes)
        authorization["token_status"] = "completed" if held else "not_started"
        return authorization, held


class Requirements:
    """Look up what tools need."""

    def __init__(self, authorizer: Authorizer, secrets: SecretStore, *, provider_id: str) -> None:
        self._authorizer = authorizer
        self._secrets = secrets
        self._provider_id = provider_id

    async def for_user(self, tools: Iterable[ToolEntry], user_id: str | None) -> KnownRequirements:
        """Look up what these tools need, for a user if one is named."""
        keys = {key for tool in tools for key in tool.secrets}
        return KnownRequirements(
            provider_id=self._provider_id,
            secrets=await self._secrets.known(keys),
            user_id=user_id,
            connection=None if user_id is None else await self._authorizer.connection_of(user_id),
        )
