"""Compose a reply: its subject, thread, recipients and the quoted original.

The original's HTML is never pasted: what is quoted is its readable text, escaped, so nothing that
hides, loads or runs travels on with the reply.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal

from arcade_gmail_multiuser.errors import InvalidAddress, InvalidInput
from arcade_gmail_multiuser.gmail.addresses import (
    Address,
    display,
    is_usable,
    mailbox_key,
    read_addresses,
)
from arcade_gmail_multiuser.gmail.api.client import GmailClient, together
from arcade_gmail_multiuser.gmail.characters import decode_words
from arcade_gmail_multiuser.gmail.compose.mime import (
    ContentType,
    OutgoingAttachment,
    OutgoingMessage,
    distinct_recipients,
    resolve_content_type,
)
from arcade_gmail_multiuser.gmail.compose.send_as import own_addresses
from arcade_gmail_multiuser.gmail.messages.fetch import read_one
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage

__all__ = [
    "ReplyToWhom",
    "compose_reply",
    "read_for_reply",
    "reply_references",
    "reply_subject",
]

ReplyToWhom = Literal["every_recipient", "only_the_sender"]

MAX_REFERENCES = 50
"""The first names the thread and the last ones its end; the middle of a longer chain goes."""

# "Re" in the languages of the mail programs that translate it. Left out on purpose: "R", "Ref",
# "Rif", "Na" and the like, which begin subjects that are no replies, and forwards (Fwd, WG, TR).
_REPLY_WORDS = (
    "re", "aw", "antw", "antwort", "sv", "svar", "vs", "vá", "res", "odp", "ynt", "atb", "bls",
    "отв", "ответ", "απ", "σχετ", "回复", "回覆", "答复", "答覆", "返信", "답장", "회신",
)  # fmt: skip
# Possessive throughout: a subject of blanks must not cost quadratic time.
_REPLY_PREFIXES = re.compile(
    rf"\s*+(?:(?:{'|'.join(_REPLY_WORDS)})\s*+(?:\[\d++\]|\(\d++\)|[\^*]?\d++)?+\s*+[:：]\s*+)*+",
    re.IGNORECASE,
)
_NOT_IN_A_HEADER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BRACKETED = re.compile(r"<([^<>]*+)>")
_BETWEEN_BARE_IDS = re.compile(r"[\s,;<>\"]+")
_ID = re.compile(r"[!-;=?-~]{1,900}")
_LIST_POST = re.compile(r"<mailto:([^<>?]++)", re.IGNORECASE)
_IGNORES_DOTS = ("gmail.com", "googlemail.com")


def compose_reply(
    original: ReadMessage,
    *,
    body: str,
    mine: Collection[str],
    whom: ReplyToWhom,
    cc: Iterable[Address] = (),
    bcc: Iterable[Address] = (),
    content_type: ContentType = "plain",
    attachments: Iterable[OutgoingAttachment] = (),
    quote: bool = True,
) -> OutgoingMessage:
    """Answer a message; the caller still has to give Gmail the thread's id beside it.

    Reply-To is honoured, and the person's own addresses (`mine`) are no recipients unless they
    are in the `cc` or `bcc` given here. A reply to one's own mail goes to those it went to. When
    a mailing list points Reply-To at itself, only_the_sender is still the author and no list.

    Raises:
        InvalidAddress: the original leaves no one to answer.
    """
    answered, informed = _recipients(original, _Mine(mine, original), whom)
    to, others, hidden = distinct_recipients(answered, [*informed, *cc], bcc)
    if not (to or others or hidden):
        raise InvalidAddress(
            "Nobody is left to reply to: the message names no one but the person themself, or no "
            "usable address. Send a new message to a named recipient instead."
        )
    kind = resolve_content_type(body, content_type)
    if quote and original.body.strip():
        write = quote_html if kind == "html" else quote_plain
        attributed = attribution(original.date, original.from_)
        body = write(body, attributed=attributed, original=original.body)
    parent = _ids([original.header_message_id])
    return OutgoingMessage(
        to=to,
        cc=others,
        bcc=hidden,
        subject=reply_subject(original.subject),
        body=body,
        content_type=kind,
        in_reply_to=parent[-1] if parent else None,
        references=reply_references(original),
        attachments=tuple(attachments),
    )


def reply_subject(subject: str) -> str:
    """Put exactly one `Re: ` before a subject; "AW:", "RE[2]:" and other replies' marks go.

    Words that only look alike ("Regarding", "Ref:") and marks of forwarding stay. What no header
    may hold becomes a blank.
    """
    text = _NOT_IN_A_HEADER.sub(" ", subject).encode("utf-8", "replace").decode("utf-8")
    prefixes = _REPLY_PREFIXES.match(text)
    rest = text[prefixes.end() if prefixes else 0 :].strip()
    return f"Re: {rest}".rstrip()


def reply_references(original: ReadMessage) -> tuple[str, ...]:
    """List the thread's Message-IDs, oldest first and the answered one last (RFC 5322, 3.6.4).

    Tolerates what senders write: commas between ids, ids folded in two, encoded or without
    brackets. What still is no id is left out. At most `MAX_REFERENCES`.
    """
    chain = _ids(original.references)
    if not chain:
        before = _ids([original.in_reply_to])
        chain = before if len(before) == 1 else []  # several are no chain
    parent = _ids([original.header_message_id])[-1:]
    kept = [i for i in chain if i not in parent] + parent
    if len(kept) > MAX_REFERENCES:
        kept = kept[:1] + kept[1 - MAX_REFERENCES :]
    return tuple(kept)


class _Mine:
    """Tells the person's own addresses from other people's."""

    def __init__(self, mine: Collection[str], original: ReadMessage) -> None:
        given = [mine] if isinstance(mine, str) else mine
        emails = [address.email for text in given for address in read_addresses(text)]
        sender = original.from_.email if original.from_ else ""
        keys = {_account(email) for email in emails if email}
        # Gmail labels what the person sent, also under an alias that is not listed.
        self.wrote_it = "SENT" in original.label_ids or _account(sender) in keys
        self._keys = keys | {_account(sender)} if self.wrote_it else keys

    def others(self, addresses: Iterable[Address]) -> list[Address]:
        """Keep usable addresses that are other people's."""
        return [a for a in addresses if is_usable(a) and _account(a.email) not in self._keys]


def _account(email: str) -> str:
    """Name the account behind an address: gmail.com ignores dots and +tags, others may not."""
    local, at, domain = mailbox_key(email).rpartition("@")
    if domain in _IGNORES_DOTS:
        local, domain = local.partition("+")[0].replace(".", ""), _IGNORES_DOTS[0]
    return f"{local}{at}{domain}"


def _recipients(
    original: ReadMessage, mine: _Mine, whom: ReplyToWhom
) -> tuple[list[Address], list[Address]]:
    if whom not in ("every_recipient", "only_the_sender"):
        raise InvalidInput('reply_to_whom has to be "every_recipient" or "only_the_sender".')
    everyone = whom == "every_recipient"
    to = mine.others(original.to)
    cc = mine.others(original.cc) if everyone else []
    if mine.wrote_it:
        return to, cc
    return [*_senders(original, mine, everyone), *(to if everyone else [])], cc


def _senders(original: ReadMessage, mine: _Mine, everyone: bool) -> list[Address]:
    author = mine.others([original.from_] if original.from_ else [])
    reply_to = mine.others(original.reply_to)
    posts = _LIST_POST.search(original.headers.get("list-post", ""))
    if posts and author and not everyone:
        the_list = mailbox_key(posts.group(1))
        reply_to = [a for a in reply_to if mailbox_key(a.email) != the_list]
    return reply_to or author


def _ids(texts: Iterable[str]) -> list[str]:
    """Collect Message-IDs in order, each where it stands first."""
    found: dict[str, None] = {}
    text = decode_words(" ".join(texts))
    bracketed = _BRACKETED.findall(text)
    bare = [] if bracketed else [i for i in _BETWEEN_BARE_IDS.split(text) if "@" in i]
    for raw in bracketed or bare:
        content = "".join(raw.split())  # folded inside the id
        if _ID.fullmatch(content):
            found.setdefault(f"<{content}>")
    return list(found)


MAX_QUOTED_CHARS = 100_000
"""A quote longer than this is cut, and says so."""


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


_CUT = "[the rest of the quoted message is left out]"


_BODY_END = re.compile(r"</body\s*+>|</html\s*+>", re.IGNORECASE)


_BLOCKQUOTE = (
    '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;'
    'border-left:1px solid rgb(204,204,204);padding-left:1ex">'
)


def attribution(date: datetime | None, sender: Address | None) -> str:
    """Say who wrote when, in the date's own offset and in English whatever the locale."""
    who = (display(sender) if sender else "") or "the sender"
    if date is None:
        return f"{who} wrote:"
    day = f"{_DAYS[date.weekday()]}, {date.day} {_MONTHS[date.month - 1]} {date.year:04}"
    offset = f" {date:%z}" if date.tzinfo else ""
    return f"On {day} at {date:%H:%M}{offset}, {who} wrote:"


def quote_plain(reply: str, *, attributed: str, original: str) -> str:
    """Put the original below a plain reply, every line behind "> "."""
    quoted = "\n".join(
        f">{line}" if line.startswith(">") or not line else f"> {line}" for line in _lines(original)
    )
    return f"{reply}\n\n{attributed}\n\n{quoted}\n"


def quote_html(reply: str, *, attributed: str, original: str) -> str:
    """Put the original below an HTML reply, inside its `</body>` if there is one."""
    text = "<br>\n".join(html.escape(line) for line in _lines(original))
    quote = (
        f'<br>\n<div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f"{html.escape(attributed)}<br></div>\n{_BLOCKQUOTE}{text}</blockquote></div>\n"
    )
    end = next((found.start() for found in _BODY_END.finditer(reply)), len(reply))
    return f"{reply[:end]}{quote}{reply[end:]}"


def _lines(original: str) -> list[str]:
    text = original[:MAX_QUOTED_CHARS]
    lines = re.split(r"\r\n|\r|\n", text.rstrip())
    # What cannot be written must not keep anyone from answering.
    lines = [re.sub(r"[\x00\ud800-\udfff]", "\ufffd", line) for line in lines]
    return [*lines, _CUT] if len(original) > MAX_QUOTED_CHARS else lines


async def read_for_reply(gmail: GmailClient, id_: str) -> tuple[ReadMessage, frozenset[str]]:
    """Read the message to answer and every address that is the user's own.

    The list of send-as addresses may be refused (an administrator can do that); the mailbox's
    own address is then all there is.
    """
    original, mine = await together(read_one(gmail, id_), own_addresses(gmail))
    return original, mine
