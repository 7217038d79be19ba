"""Read requests: bounded bodies, typed fields, and the user's id exactly as it was sent."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, NoReturn

from starlette.requests import Request

from arcade_gmail_local.engine.http.responses import Refusal, bad_request

__all__ = [
    "check_id",
    "check_user_id",
    "page_of",
    "read_object",
    "required_text",
    "scopes_of",
    "text_or_none",
]

_MAX_TEXT = 4096
_MAX_USER_ID = 512
_MAX_COUNT = 999_999_999
_MAX_SCOPES = 60
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,256}")
_OFF_THE_LOOP_BYTES = 256 * 1024


async def read_object(request: Request, *, max_bytes: int) -> dict[str, Any]:
    """Read a JSON object from the body; 413 above `max_bytes`, 400 for anything else."""
    raw = await read_bounded(request, max_bytes=max_bytes)
    if len(raw) > _OFF_THE_LOOP_BYTES:
        value = await asyncio.to_thread(_parse, raw)
    else:
        value = _parse(raw)
    if not isinstance(value, dict):
        bad_request("The body must be a JSON object.")
    return value


async def read_bounded(request: Request, *, max_bytes: int) -> bytes:
    """Read the body, giving up as soon as it is too long, whatever Content-Length claims."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:18]) > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(max_bytes: int) -> Refusal:
    return Refusal(413, "body_too_large", f"The body may have at most {max_bytes} bytes.")


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        # The cause quotes the body, which may hold mail.
        raise Refusal(400, "bad_request", "The body is not valid JSON.") from None


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError


def text_or_none(body: dict[str, Any], name: str) -> str | None:
    """Return a text field, or None when it is absent, null or empty."""
    value = body.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _MAX_TEXT or not _encodable(value):
        bad_request(f"{name} must be a text of at most {_MAX_TEXT} characters.")
    return value


def required_text(body: dict[str, Any], name: str) -> str:
    value = text_or_none(body, name)
    if value is None:
        bad_request(f"{name} is required.")
    return value


def check_user_id(value: Any) -> str:
    """Return the user's id unchanged: no trimming, case folding or Unicode normalisation.

    Raises:
        Refusal: 400 when it is missing, blank or too long, or has characters that no database
            stores.
    """
    if value is None or value == "" or (isinstance(value, str) and not value.strip()):
        bad_request("user_id is required.", name="missing_user_id")
    if not isinstance(value, str) or len(value) > _MAX_USER_ID or not _encodable(value):
        bad_request(f"user_id must be a text of at most {_MAX_USER_ID} characters.")
    return value


def check_id(value: str) -> str:
    """Return an id from a path; one that no database could store is unknown."""
    if len(value) > _MAX_USER_ID or not _encodable(value):
        raise Refusal(404, "not_found", "There is nothing with that id.")
    return value


def _encodable(text: str) -> bool:
    # PostgreSQL refuses NUL in text, and no store takes half of a surrogate pair.
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def scopes_of(value: Any) -> tuple[str, ...]:
    """Check a list of OAuth scopes; order kept, none twice."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > _MAX_SCOPES:
        bad_request(f"scopes must be a list of at most {_MAX_SCOPES} texts.")
    for scope in value:
        if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
            bad_request("A scope must be a text without spaces.")
    return tuple(dict.fromkeys(value))


def page_of(request: Request) -> tuple[int, int]:
    """Read limit (1 to 100, default 25; more is taken as 100) and offset from the query."""
    limit = _count(request, "limit", 25)
    if limit < 1:
        bad_request("limit must be at least 1.")
    return min(limit, 100), _count(request, "offset", 0)


def _count(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        bad_request(f"{name} must be a whole number, not negative.")
    digits = text.lstrip("0")
    if len(digits) > len(str(_MAX_COUNT)):
        bad_request(f"{name} must be at most {_MAX_COUNT}.")
    return int(digits or "0")
