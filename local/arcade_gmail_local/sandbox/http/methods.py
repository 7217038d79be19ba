"""Match a request to the Gmail method that the discovery document describes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

from arcade_gmail_local.sandbox.discovery import described_methods

UPLOAD_PREFIX = "/upload"


_PLURAL_RPC = {"list", "batchModify", "batchDelete"}
# The body is bound to one field of the RPC's request, and errors show that field's name.
_BODY_FIELDS = {
    "Message": "message",
    "Draft": "draft",
    "Label": "label",
    "Filter": "filter",
    "VacationSettings": "vacation_settings",
    "SendAs": "send_as",
}


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the API. `name` is like "users.messages.get"."""

    name: str
    http_method: str
    segments: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, Any]]
    scopes: frozenset[str]
    request_schema: str | None
    response_schema: str | None
    max_upload: int | None
    rpc: str

    @property
    def body_field(self) -> str:
        """Return the field that paths in errors about the body begin with; "" for most."""
        return _BODY_FIELDS.get(self.request_schema or "", "")

    @property
    def units(self) -> int:
        return _quota_units().get(self.name.removeprefix("users."), 1)


@dataclass(frozen=True, slots=True)
class Route:
    """A method with the parameters of its path; `upload` means that the body is media."""

    method: Method
    path: Mapping[str, str]
    upload: bool


class RouteTable:
    """Find the method of a request among those that the sandbox implements."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_shape: dict[tuple[str, int], list[Method]] = {}
        for name in names:
            method = described(name)
            shape = (method.http_method, len(method.segments))
            self._by_shape.setdefault(shape, []).append(method)
        for methods in self._by_shape.values():
            # `messages/send` before `messages/{id}`.
            methods.sort(key=lambda m: sum("{" in segment for segment in m.segments))

    def find(self, http_method: str, raw_path: str) -> Route | None:
        """Match a path that is still percent-encoded."""
        upload = raw_path.startswith(UPLOAD_PREFIX + "/")
        path = raw_path.removeprefix(UPLOAD_PREFIX) if upload else raw_path
        given = path.removeprefix("/").split("/")
        for method in self._by_shape.get((http_method, len(given)), ()):
            if upload and method.max_upload is None:
                continue
            if (bound := _bind(method.segments, given)) is not None:
                return Route(method, bound, upload)
        return None


def described(name: str) -> Method:
    about = described_methods()[name]
    media = about.get("mediaUpload")
    return Method(
        name=name,
        http_method=about["httpMethod"],
        segments=tuple(about["path"].split("/")),
        parameters=about.get("parameters", {}),
        scopes=frozenset(about.get("scopes", ())),
        request_schema=about.get("request", {}).get("$ref"),
        response_schema=about.get("response", {}).get("$ref"),
        max_upload=int(media["maxSize"]) if media else None,
        rpc=_rpc(name),
    )


@cache
def _quota_units() -> dict[str, int]:
    table = files("arcade_gmail_local.sandbox.http") / "quota_units.toml"
    return tomllib.loads(table.read_text(encoding="utf-8"))


def _bind(segments: tuple[str, ...], given: list[str]) -> dict[str, str] | None:
    bound: dict[str, str] = {}
    for segment, value in zip(segments, given, strict=True):
        is_variable = segment[0] == "{"
        fits = bool(value) if is_variable else segment == value
        if not fits:
            return None
        if is_variable:
            bound[segment[1:-1]] = unquote(value)
    return bound


def _rpc(name: str) -> str:
    """Return the RPC's name that errors show: users.messages.list is …ListMessages."""
    *resources, verb = name.split(".")
    noun = resources[-1]
    if noun == "users":
        noun = ""
    elif noun not in ("history", "settings", "sendAs") and verb not in _PLURAL_RPC:
        noun = noun.removesuffix("s")
    verb = verb[0].upper() + verb[1:]
    return f"caribou.api.proto.MailboxService.{verb}{noun[:1].upper()}{noun[1:]}"
