"""A tool as its worker defines it, read as far as it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ToolEntry", "read_entry"]


@dataclass(frozen=True, slots=True)
class ToolEntry:
    """A tool, and what the engine has to know of it."""

    toolkit: str
    name: str
    version: str | None
    definition: dict[str, Any]
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


def read_entry(raw: Any, worker: str = "") -> ToolEntry | None:
    """Read a tool definition of the worker; None if it is not one."""
    if not isinstance(raw, dict):
        return None
    toolkit, requirements = _dict(raw, "toolkit"), _dict(raw, "requirements")
    name, toolkit_name = raw.get("name"), toolkit.get("name")
    if not isinstance(name, str) or not isinstance(toolkit_name, str) or not name:
        return None
    version = toolkit.get("version")
    authorization = requirements.get("authorization")
    scopes: frozenset[str] | None = None
    provider_id = None
    if isinstance(authorization, dict):
        asked = _dict(authorization, "oauth2").get("scopes")
        scopes = frozenset(s for s in asked if isinstance(s, str)) if asked else frozenset()
        provider_id = authorization.get("provider_id") or authorization.get("id")
    behavior = _dict(_dict(raw, "metadata"), "behavior")
    return ToolEntry(
        toolkit=toolkit_name,
        name=name,
        version=version if isinstance(version, str) else None,
        definition=raw,
        scopes=scopes,
        provider_id=provider_id if isinstance(provider_id, str) else None,
        secrets=_keys(requirements.get("secrets")),
        metadata=_keys(requirements.get("metadata")),
        read_only=behavior.get("read_only") is True,
        worker=worker,
    )


def _dict(holder: dict[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _keys(items: Any) -> tuple[str, ...]:
    if not isinstance(items, list):
        return ()
    return tuple(str(i["key"]) for i in items if isinstance(i, dict) and i.get("key"))
