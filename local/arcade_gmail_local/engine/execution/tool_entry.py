"""Read a worker's tool definition, and say what the tool needs before it can run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from arcade_gmail_local.engine.http.responses import bad_request
from arcade_gmail_multiuser.security.tokens.record import TokenRecord
from arcade_gmail_multiuser.tool_schema import describe_tool, input_schema

__all__ = ["KnownRequirements", "ToolEntry", "read_entry"]

_NO_SECRETS = "this engine keeps no secrets for tools"


@dataclass(frozen=True, slots=True)
class ToolEntry:
    """A tool, and what the engine has to know about it."""

    toolkit: str
    name: str
    version: str | None
    raw: dict[str, Any]
    scopes: frozenset[str] | None
    """None for a tool that needs no authorization."""
    provider_id: str | None
    secrets: tuple[str, ...]
    metadata: tuple[str, ...]
    read_only: bool
    worker: str
    """The id of the worker that serves it."""

    @property
    def qualified_name(self) -> str:
        return f"{self.toolkit}.{self.name}"

    @property
    def fully_qualified_name(self) -> str:
        return f"{self.qualified_name}@{self.version}" if self.version else self.qualified_name

    def definition(self) -> dict[str, Any]:
        """Return arcadepy's ToolDefinition without its requirements."""
        raw = self.raw
        return {
            "name": self.name,
            "qualified_name": self.qualified_name,
            "fully_qualified_name": self.fully_qualified_name,
            "description": raw.get("description"),
            "toolkit": raw["toolkit"],
            "input": raw.get("input") or {"parameters": []},
            "output": raw.get("output"),
            **({"metadata": raw["metadata"]} if raw.get("metadata") else {}),
        }

    def formatted(self, form: str) -> dict[str, Any]:
        """Describe the tool in a chat model's format."""
        parameters = _dict(self.raw, "input").get("parameters")
        description = self.raw.get("description")
        return describe_tool(self.toolkit, self.name, description, input_schema(parameters), form)

    def refuse_unmet(self, provider_id: str) -> None:
        """Refuse a tool that this engine cannot run for any user.

        Raises:
            Refusal: 400; the tool needs secrets, or another provider.
        """
        if self.scopes is not None and self.provider_id != provider_id:
            bad_request("The tool needs a provider that is not configured.", name="no_provider")
        if self.secrets:
            bad_request(
                "The tool needs secrets, and this engine keeps none. Run it with Arcade's engine.",
                name="secrets_unsupported",
            )


def read_entry(raw: Any, worker: str = "") -> ToolEntry | None:
    """Read a worker's tool definition; return None if it is not one."""
    if not isinstance(raw, dict):
        return None
    toolkit, requirements = _dict(raw, "toolkit"), _dict(raw, "requirements")
    name, toolkit_name = raw.get("name"), toolkit.get("name")
    if not isinstance(name, str) or not isinstance(toolkit_name, str) or not name:
        return None
    version = toolkit.get("version")
    scopes, provider_id = _authorization(requirements)
    behavior = _dict(_dict(raw, "metadata"), "behavior")
    return ToolEntry(
        toolkit=toolkit_name,
        name=name,
        version=version if isinstance(version, str) else None,
        raw=raw,
        scopes=scopes,
        provider_id=provider_id if isinstance(provider_id, str) else None,
        secrets=_keys(requirements.get("secrets")),
        metadata=_keys(requirements.get("metadata")),
        read_only=behavior.get("read_only") is True,
        worker=worker,
    )


def _authorization(requirements: dict[str, Any]) -> tuple[frozenset[str] | None, Any]:
    given = requirements.get("authorization")
    if not isinstance(given, dict):
        return None, None
    asked = _dict(given, "oauth2").get("scopes") or ()
    scopes = frozenset(scope for scope in asked if isinstance(scope, str))
    return scopes, given.get("provider_id") or given.get("id")


def _dict(holder: dict[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _keys(items: Any) -> tuple[str, ...]:
    if not isinstance(items, list):
        return ()
    return tuple(str(i["key"]) for i in items if isinstance(i, dict) and i.get("key"))


@dataclass(frozen=True, slots=True)
class KnownRequirements:
    """What is configured, and what one user granted, looked up once for many tools."""

    provider_id: str
    user_id: str | None = None
    connection: TokenRecord | None = None

    def of(self, tool: ToolEntry) -> dict[str, Any]:
        """Return arcadepy's requirements of a tool.

        `met` is present only when it is known: for a tool that needs consent it is not
        until a user is named.
        """
        found: dict[str, Any] = {}
        met = not tool.secrets
        if tool.secrets:
            found["secrets"] = [
                {"key": key, "met": False, "status_reason": _NO_SECRETS} for key in tool.secrets
            ]
        if tool.scopes is not None:
            found["authorization"], granted = self._authorization(tool, tool.scopes)
            met = met and granted
        if self.user_id is not None or tool.scopes is None:
            found["met"] = met
        return found

    def _authorization(
        self, tool: ToolEntry, scopes: frozenset[str]
    ) -> tuple[dict[str, Any], bool]:
        known = tool.provider_id == self.provider_id
        authorization = dict(tool.raw["requirements"]["authorization"])
        authorization["status"] = "active" if known else "inactive"
        if not known:
            authorization["status_reason"] = "the provider is not configured"
        if self.user_id is None:
            return authorization, known
        held = known and self.connection is not None and self.connection.covers(scopes)
        authorization["token_status"] = "completed" if held else "not_started"
        return authorization, held
