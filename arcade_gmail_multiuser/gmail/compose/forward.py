"""Forward a mail: a note on top, who wrote it when, and all that it held.

Its files and pictures travel as the bytes they are. Its HTML is passed on as a mail program would,
without what could run or load a frame; its plain text as it is read here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from arcade_gmail_multiuser.errors import MessageTooLarge, Unavailable
from arcade_gmail_multiuser.gmail.addresses import Address, display
from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.characters import decode_base64
from arcade_gmail_multiuser.gmail.compose.mime import (
    MAX_MESSAGE_BYTES,
    Composed,
    OutgoingMessage,
    compose_headers,
    compose_text,
    distinct_recipients,
)
from arcade_gmail_multiuser.gmail.compose.mime_edit import put_together, take_apart
from arcade_gmail_multiuser.gmail.compose.reply import reply_references, reply_subject
from arcade_gmail_multiuser.gmail.html.limits import within_limits
from arcade_gmail_multiuser.gmail.messages.message import ReadAttachment, ReadMessage

__all__ = ["Forward", "clean_html", "compose_forward", "forward_subject", "read_raw"]

_FORWARD_WORDS = re.compile(
    r"\s*+(?:fwd|fw|wg|tr|rv|vb|vl|pd|doorst|trs|转发|轉寄|转寄|転送|전달|пересл)"
    r"\s*+(?:\[\d++\])?+\s*+[:：]\s*+",
    re.IGNORECASE,
)
_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNWRITABLE = re.compile(r"[\x00\ud800-\udfff]")
_RULE = "---------- Forwarded message ---------"
_MAX_PREFIXES = 50
_RUNS = "script, iframe, frame, frameset, object, embed, applet, base, meta, link, noembed"
_LOADS = ("href", "src", "action", "formaction", "xlink:href", "background", "poster", "data")
_RUNNING = re.compile(r"(?:javascript|vbscript|livescript|mocha):|data:(?!image/)", re.IGNORECASE)
_IGNORED_IN_URLS = re.compile(r"[\x00-\x20\x7f-\x9f]+")


@dataclass(frozen=True, slots=True, repr=False)
class Forward:
    """A forwarded mail: its headers in `message`, and `write`, which composes all of it."""

    message: OutgoingMessage
    write: Callable[[OutgoingMessage], Composed]
    files: tuple[ReadAttachment, ...]
    warnings: tuple[str, ...] = ()


def compose_forward(
    original: ReadMessage,
    raw: bytes,
    *,
    to: Iterable[Address],
    cc: Iterable[Address] = (),
    bcc: Iterable[Address] = (),
    note: str = "",
) -> Forward:
    """Forward a mail. Both what was read and the raw mail are needed.

    Raises:
        MessageTooLarge: over Gmail's limit.
    """
    recipients, informed, hidden = distinct_recipients(to, cc, bcc)
    references = reply_references(original)
    message = OutgoingMessage(
        to=recipients,
        cc=informed,
        bcc=hidden,
        subject=forward_subject(original.subject),
        body="",
        in_reply_to=references[-1] if references else None,
        references=references,
    )
    is_html = bool(original.html_body.strip())
    warnings: tuple[str, ...] = ()
    if is_html:
        kept, cut = clean_html(original.html_body)
        body = _html(note, original, kept)
        if cut:
            warnings = ("The forwarded HTML was too large and was cut.",)
    else:
        body = _plain(note, original)
    text = compose_text(_UNWRITABLE.sub("\ufffd", body), "html" if is_html else "plain")
    taken = take_apart(raw)

    def write(given: OutgoingMessage) -> Composed:
        mime = put_together(compose_headers(given), text.mime, taken, is_html=is_html)
        if len(mime) > MAX_MESSAGE_BYTES:
            raise MessageTooLarge(
                "With its attachments the forwarded mail is larger than Gmail takes. Send a link "
                "to the file instead."
            )
        return Composed(mime, text.content_type, text.readable)

    return Forward(message, write, original.attachments, warnings)


def forward_subject(subject: str) -> str:
    """Put exactly one `Fwd: ` before a subject; marks of earlier replies and forwards go."""
    rest = subject
    for _ in range(_MAX_PREFIXES):
        shorter = _FORWARD_WORDS.sub("", reply_subject(rest).removeprefix("Re:"), count=1)
        if not _FORWARD_WORDS.match(reply_subject(rest).removeprefix("Re:")):
            rest = reply_subject(rest).removeprefix("Re:").strip()
            break
        rest = shorter
    return f"Fwd: {rest}".rstrip()


def clean_html(given: str) -> tuple[str, bool]:
    """Return what may stand inside another HTML mail, and whether it had to be cut.

    Scripts, frames, handlers and addresses that run something are gone; the rest is as it was.
    """
    kept, cut = within_limits(given)
    tree = LexborHTMLParser(kept)
    for node in tree.css(_RUNS):
        node.decompose()
    for node in tree.css("*"):
        _disarm(node)
    tree.unwrap_tags(["form"])
    styles = [node.html or "" for node in tree.css("head style")]
    inside = (tree.body.inner_html if tree.body is not None else "") or ""
    return "\n".join([*styles, inside]), cut


def _disarm(node: LexborNode) -> None:
    for name, value in node.attributes.items():
        target = _IGNORED_IN_URLS.sub("", value or "")
        runs = name.lower() in _LOADS and _RUNNING.match(target)
        if runs or name.lower().startswith("on") or name.lower() == "srcdoc":
            del node.attrs[name]


def _about(original: ReadMessage) -> list[tuple[str, str]]:
    date = original.date
    when = f"{date:%a, %d %b %Y at %H:%M %z}" if date else ""
    lines = [
        ("From", display(original.from_) if original.from_ else ""),
        ("Date", when),
        ("Subject", original.subject),
        ("To", ", ".join(map(display, original.to))),
        ("Cc", ", ".join(map(display, original.cc))),
    ]
    return [(name, _NOT_IN_A_LINE.sub(" ", value)) for name, value in lines if value]


def _plain(note: str, original: ReadMessage) -> str:
    about = "\n".join(f"{name}: {value}" for name, value in _about(original))
    above = f"{note.rstrip()}\n\n" if note.strip() else ""
    return f"{above}{_RULE}\n{about}\n\n{original.body}\n"


def _html(note: str, original: ReadMessage, kept: str) -> str:
    about = "<br>\n".join(
        f"{html.escape(name)}: {html.escape(value)}" for name, value in _about(original)
    )
    lines = "<br>\n".join(html.escape(line) for line in note.rstrip().splitlines())
    above = f'<div dir="ltr">{lines}</div><br>\n' if lines else ""
    return (
        f'{above}<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{_RULE}<br>\n'
        f"{about}<br></div><br>\n{kept}</div>\n"
    )


async def read_raw(gmail: GmailClient, id_: str, *, expected: int) -> bytes:
    """Return the whole message.

    Args:
        expected: its size as Gmail said it; one that could not be sent is not fetched at all.

    Raises:
        MessageTooLarge: it is larger than what may be sent.
    """
    if expected > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(
            "This message is larger than what Gmail sends. Forward a link to it instead."
        )
    resource = await gmail.call("users.messages.get", id=id_, format="raw")
    raw, good = decode_base64(str(resource.get("raw") or ""))
    if not good or not raw:
        raise Unavailable("Gmail's copy of this message could not be read. Try again later.")
    return raw
