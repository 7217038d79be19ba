"""Index a message for search: its headers at once, its body when a search needs it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

from arcade_gmail_local.sandbox.mail.charsets import decode_words
from arcade_gmail_local.sandbox.mail.markup import text_of
from arcade_gmail_local.sandbox.mail.raw_mail import RawMail
from arcade_gmail_local.sandbox.search.words import Words, fold

MAX_INDEXED_CHARS = 1_000_000
"""The searchable part of a body; enough for any mail a person wrote."""

_LINKED = {
    "drive": re.compile(r"https?://(?:drive|docs)\.google\.com/"),
    "document": re.compile(r"https?://docs\.google\.com/document/"),
    "spreadsheet": re.compile(r"https?://docs\.google\.com/spreadsheets/"),
    "presentation": re.compile(r"https?://docs\.google\.com/presentation/"),
    "youtube": re.compile(r"https?://(?:www\.youtube\.com/watch|youtu\.be/)"),
}


class HeaderIndex:
    """The searchable header fields; address fields hold display names and addresses."""

    __slots__ = ("bcc", "cc", "delivered_to", "everything", "list_", "sender", "subject", "to")

    def __init__(self, mail: RawMail) -> None:
        people = {name: _people(mail, name) for name in ("from", "to", "cc", "bcc")}
        self.sender = Words(people["from"])
        self.cc = Words(people["cc"])
        self.bcc = Words(people["bcc"])
        # Google documents `to:` as matching every recipient, however addressed.
        self.to = Words([*people["to"], *people["cc"], *people["bcc"]])
        self.subject = Words(mail.first("subject"))
        self.delivered_to = Words(mail.every("delivered-to"))
        self.list_ = Words([*mail.every("list-id"), *mail.every("list-post")])
        self.everything = Words(
            [mail.first("subject"), *(text for texts in people.values() for text in texts)]
        )


class BodyIndex:
    """The words of the body, the names of the attachments and the Google links in it."""

    __slots__ = ("attachment_words", "has_attachment", "kinds", "names", "words")

    def __init__(self, payload: Mapping[str, Any]) -> None:
        texts: list[str] = []
        self.kinds: set[str] = set()
        self.names: list[str] = []
        self.has_attachment = False
        for part in _leaves(payload):
            if part.get("filename"):
                self.names.append(fold(part["filename"]))
                self.has_attachment |= not _is_inline(part)
            elif str(part.get("mimeType", "")).startswith("text/"):
                text = _text(part)
                self.kinds |= {kind for kind, link in _LINKED.items() if link.search(text)}
                texts.append(text_of(text) if part.get("mimeType") == "text/html" else text)
        self.words = Words(texts)
        self.attachment_words = Words(self.names)


def _people(mail: RawMail, name: str) -> list[str]:
    return [decode_words(value) for value in mail.every(name)]


def _leaves(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    waiting = [part]
    while waiting:
        here = waiting.pop()
        inner = here.get("parts") or []
        waiting.extend(reversed(inner))
        if not inner:
            yield here


def _is_inline(part: Mapping[str, Any]) -> bool:
    """Return whether a part is shown in the text, as pictures of a signature are."""
    headers = {h["name"].lower(): h["value"].lower() for h in part.get("headers", [])}
    return "content-id" in headers and not headers.get("content-disposition", "").startswith(
        "attachment"
    )


def _text(part: Mapping[str, Any]) -> str:
    data = part.get("body", {}).get("data", "")
    raw = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
    return raw[: MAX_INDEXED_CHARS * 4].decode("utf-8", "replace")[:MAX_INDEXED_CHARS]
