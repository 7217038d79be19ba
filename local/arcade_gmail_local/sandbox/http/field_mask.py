"""Apply the `fields` parameter, such as `messages(id,payload/headers),nextPageToken`.

A path that is not in the schema of the answer is refused, as by Google.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from arcade_gmail_local.sandbox.discovery import load_document
from arcade_gmail_local.sandbox.google_error import bad_field_mask

Mask = dict[str, Any]
"""Maps a name to the mask below it; an empty mask means everything below."""

MAX_DEPTH = 20
_TOKEN = re.compile(r"[A-Za-z0-9_]+|[*(),/]")


def parse_mask(fields: str, schema: str | None) -> Mask:
    """Parse a mask for an answer of that schema; `*` stands for every field of its level."""
    tokens = _TOKEN.findall(fields)
    if "".join(tokens) != re.sub(r"\s+", "", fields) or not tokens:
        raise bad_field_mask(fields[:80])
    reader = _Reader(tokens, fields)
    mask = reader.level(0)
    if reader.left:
        raise bad_field_mask(fields[:80])
    _check(mask, {"$ref": schema} if schema else {}, "")
    return mask


def apply_mask(mask: Mask, value: Any) -> Any:
    """Return the part of an answer that a mask selects; lists keep their length."""
    if not mask:
        return value
    if isinstance(value, list):
        return [apply_mask(mask, item) for item in value]
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for name, inner in value.items():
        below = mask.get(name, mask.get("*"))
        if below is not None:
            kept[name] = apply_mask(below, inner)
    return kept


class _Reader:
    def __init__(self, tokens: list[str], fields: str) -> None:
        self.left = tokens[::-1]
        self._fields = fields

    def level(self, depth: int) -> Mask:
        """Read `a,b(c),d/e` up to a closing bracket or the end."""
        if depth > MAX_DEPTH:
            raise bad_field_mask(self._fields[:80])
        mask: Mask = {}
        while True:
            self._path(mask, depth)
            if not self.left or self.left[-1] != ",":
                return mask
            self.left.pop()

    def _path(self, mask: Mask, depth: int) -> None:
        name = self.left.pop() if self.left else ""
        if name in ("", "(", ")", ",", "/"):
            raise bad_field_mask(self._fields[:80])
        follows = self.left[-1] if self.left else ""
        if follows == "/":
            self.left.pop()
            inner: Mask = {}
            if depth > MAX_DEPTH:
                raise bad_field_mask(self._fields[:80])
            self._path(inner, depth + 1)
        elif follows == "(":
            self.left.pop()
            inner = self.level(depth + 1)
            if not self.left or self.left.pop() != ")":
                raise bad_field_mask(self._fields[:80])
        else:
            mask[name] = {}
            return
        if name in mask and not mask[name]:
            return
        mask.setdefault(name, {}).update(inner)


def _check(mask: Mask, about: Mapping[str, Any], path: str) -> None:
    while about.get("type") == "array":
        about = about["items"]
    schema = load_document()["schemas"].get(about.get("$ref", ""), {})
    properties = schema.get("properties", {})
    for name, below in mask.items():
        if name == "*":
            continue
        here = f"{path}/{name}" if path else name
        if name not in properties:
            raise bad_field_mask(here)
        _check(below, properties[name], here)
