"""Read and write the API's timestamps: ISO 8601 with a zone."""

from __future__ import annotations

from datetime import UTC, datetime

from arcade_gmail_local.engine.http.responses import bad_request

__all__ = ["iso", "iso_or_none", "read_timestamp"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(seconds: float) -> str:
    """Write epoch seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def iso_or_none(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)


def read_timestamp(name: str, text: str) -> float:
    """Read ISO 8601 as epoch seconds. A time without a zone is UTC.

    The server's own zone never counts, because the next machine may have another.

    Raises:
        Refusal: 400 for anything else.
    """
    try:
        found = datetime.fromisoformat(text[:64])
    except ValueError:
        bad_request(f"{name} must be ISO 8601, such as 2027-03-01T09:30:00+01:00.")
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        return (found - _EPOCH).total_seconds()
    except OverflowError:
        bad_request(f"{name} is out of range.")
