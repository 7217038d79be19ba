"""How a call that brings a whole mail is written.

A small mail goes inside the JSON, as base64. A large one goes to Gmail's upload address, as it is,
after a JSON part (multipart/related): a third fewer bytes to carry, no 30 MB of JSON to write while
everybody waits, and beyond some 5 MB it is what Google asks for. googleapiclient could write such a
body too, but passes the mail through an e-mail generator, which may change it.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.api.requests import BuiltRequest, build, described_methods

__all__ = ["LARGE_MAIL", "build_with_mail"]

LARGE_MAIL = 4 * 1024 * 1024
"""Bytes from which a mail goes by itself. Writing so much as base64 and JSON takes some 15 ms."""


def build_with_mail(
    method: str, mime: bytes, *, thread_id: str = "", **params: Any
) -> BuiltRequest:
    """Write a call such as "users.messages.send" that brings a mail; nothing is sent.

    Args:
        thread_id: the conversation that the mail joins; "" begins a new one.
        params: the method's other parameters, by Gmail's names; not `body`.

    Raises:
        InvalidInput: no such method, one that takes no mail, or as for `build`.
    """
    if not described_methods().get(method, {}).get("supportsMediaUpload"):
        raise InvalidInput(f"{method[:80]} takes no mail.")
    message = {"threadId": thread_id} if thread_id else {}
    if len(mime) < LARGE_MAIL:
        raw = base64.urlsafe_b64encode(mime).decode("ascii")
        return build(method, **params, body=_body(method, {**message, "raw": raw}))
    request = build(method, **params, body=_body(method, message))
    boundary = f"mail_{secrets.token_hex(16)}"
    head = (
        f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n"
        f"{(request.body or b'').decode()}\r\n"
        f"--{boundary}\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    )
    joint = "&" if "?" in request.path else "?"
    return replace(
        request,
        path=f"/upload{request.path}{joint}uploadType=multipart",
        headers=MappingProxyType(
            {**request.headers, "content-type": f'multipart/related; boundary="{boundary}"'}
        ),
        body=b"".join((head.encode(), mime, f"\r\n--{boundary}--\r\n".encode())),
    )


def _body(method: str, message: dict[str, str]) -> dict[str, Any]:
    """Put the Message resource where the method wants it: drafts have one inside."""
    takes = described_methods()[method]["request"]["$ref"]
    return {"message": message} if takes == "Draft" else dict(message)
