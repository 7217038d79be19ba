"""The fields of a posted form, within bounds."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

MAX_FORM_BYTES = 65_536
MAX_FIELDS = 200


async def form_pairs(request: Request) -> list[tuple[str, str]] | None:
    """Read an urlencoded body as it came, duplicates and all; None if it is not one or too large.

    Starlette's own reader would do, but it needs python-multipart even for this.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return None
    try:
        return parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError:
        return None
