"""Uploads: the message as the body itself (`media`), or after a JSON part (`multipart`)."""

from __future__ import annotations

from arcade_gmail_local.sandbox.wire.google_error import GoogleError, invalid
from arcade_gmail_local.sandbox.wire.multipart import media_type, split_multipart


def read_upload(body: bytes, content_type: str, upload_type: str) -> tuple[bytes, bytes]:
    """Give (JSON body, message) of an upload; plain media has an empty JSON body.

    Without an uploadType the content type decides, as at Google.
    """
    kind = upload_type or ("multipart" if content_type.startswith("multipart/") else "media")
    if kind == "media":
        _check_media_type(content_type)
        return b"", body
    if kind != "multipart":
        raise invalid(f"Upload type {kind[:20]} is not supported.", "badRequest")
    try:
        parts = split_multipart(body, content_type)
    except ValueError:
        parts = []
    if len(parts) != 2:
        raise invalid("Missing end boundary in multipart body.", "badContent")
    metadata, media = parts
    _check_media_type(media.headers.get("content-type", ""))
    return metadata.body, media.body


def _check_media_type(content_type: str) -> None:
    kind = media_type(content_type)
    if not kind.startswith("message/"):
        raise GoogleError(
            400,
            f"Media type '{kind}' is not supported. Valid media types: [message/*]",
            "badContent",
        )
