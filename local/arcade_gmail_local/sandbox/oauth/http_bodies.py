"""Read the form bodies and write the JSON bodies of the OAuth endpoints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

MAX_FIELDS = 200
MAX_FIELD_BYTES = 8_192


async def form_pairs(request: Request) -> list[tuple[str, str]] | None:
    """Read an urlencoded body, duplicates included; None if it is not one or is too large."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    try:
        form = await request.form(max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)
    except HTTPException:
        return None
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


class GoogleJSON(JSONResponse):
    """Answer in JSON with Google's two-space indent; answers may hold tokens, so no-store."""

    def __init__(
        self, body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        private = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        super().__init__(body, status, headers={**private, **(headers or {})})

    def render(self, content: Any) -> bytes:
        return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
