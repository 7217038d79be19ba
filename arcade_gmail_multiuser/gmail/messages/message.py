"""Read a Gmail Message resource as one value, with warnings of what speaks against its sender."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from arcade_gmail_multiuser.gmail.addresses import Address, read_addresses
from arcade_gmail_multiuser.gmail.characters import (
    decode_words,
    describe_hidden,
    strip_hidden_characters,
)
from arcade_gmail_multiuser.gmail.messages.parts import Body, Part, as_text, read_body, read_tree

__all__ = ["ReadAttachment", "ReadMessage", "provenance_warnings", "read_message"]

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")
_MAX_REFERENCES = 1_000
_MAX_ADDRESSES = 100_000  # characters of one header


@dataclass(frozen=True, slots=True, repr=False)
class ReadAttachment:
    """Describe one attachment; `size` is decoded bytes, `part_id` the stable name to fetch it by.

    `attachment_id` changes between reads of one message, so keep `part_id` instead.
    """

    part_id: str
    filename: str
    mime_type: str
    size: int = 0
    inline: bool = False
    content_id: str | None = None
    attachment_id: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ReadMessage:
    """Hold one message as people read it.

    `body` is readable text with newlines and links kept, whatever the mail was written in;
    `headers` has lower-case names and the first value of each; `date` always has an offset.
    """

    id: str = ""
    thread_id: str = ""
    label_ids: tuple[str, ...] = ()
    snippet: str = ""
    history_id: str = ""
    size_estimate: int = 0
    date: datetime | None = None
    from_: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    header_message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    body: str = ""
    html_body: str = ""
    attachments: tuple[ReadAttachment, ...] = ()
    warnings: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_own(self) -> bool:
        """Whether it lies among what the user sent or drafted, whatever address it is from."""
        return not {"SENT", "DRAFT"}.isdisjoint(self.label_ids)


def read_message(resource: Mapping[str, Any]) -> ReadMessage:
    """Read a Message resource in format full, metadata or minimal.

    Never raises, whatever the resource holds: what cannot be read is said in `warnings`, which
    also report hidden text that was left out and what speaks against the stated sender.
    """
    source: Mapping[Any, Any] = resource if isinstance(resource, Mapping) else {}
    root, left_out = read_tree(source.get("payload"))
    reader = _HeaderReader(root.headers)
    senders = reader.addresses("from")
    body = read_body(root)
    to, cc, reply_to = (reader.addresses(name) for name in ("to", "cc", "reply-to"))
    subject = reader.text("subject")
    attachments = tuple(_attachment(part, reader) for part in root.walk() if _is_file(part, body))
    warnings = [
        *left_out,
        *body.warnings,
        *describe_hidden(reader.found),
        *provenance_warnings(
            senders[0] if senders else None,
            reply_to=reply_to,
            known=(*to, *cc),
            headers=root.headers,
        ),
    ]
    if len(senders) > 1:
        warnings.append("The mail names several senders; the first is shown.")
    return ReadMessage(
        id=as_text(source.get("id")),
        thread_id=as_text(source.get("threadId")),
        label_ids=_texts(source.get("labelIds")),
        snippet=strip_hidden_characters(html.unescape(as_text(source.get("snippet"))))[0],
        history_id=as_text(source.get("historyId")),
        size_estimate=_whole_number(source.get("sizeEstimate")),
        date=_internal_date(source.get("internalDate")) or _date(root.headers.get("date", "")),
        from_=senders[0] if senders else None,
        to=to,
        cc=cc,
        bcc=reader.addresses("bcc"),
        reply_to=reply_to,
        subject=subject,
        header_message_id=reader.text("message-id"),
        in_reply_to=_first_id(reader.text("in-reply-to")),
        references=_message_ids(reader.text("references")),
        body=body.text,
        html_body=body.html,
        attachments=attachments,
        warnings=tuple(dict.fromkeys(warnings)),
        headers={name: decode_words(value) for name, value in root.headers.items()},
    )


class _HeaderReader:
    """Reads headers, and counts the invisible characters it takes out of them."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self.found: Counter[str] = Counter()

    def text(self, name: str) -> str:
        return self.seen(decode_words(self._headers.get(name, "")))

    def addresses(self, name: str) -> tuple[Address, ...]:
        # Not decoded first: the comma in an encoded "Doe, Jane" would part her from her address.
        given = read_addresses(self._headers.get(name, "")[:_MAX_ADDRESSES])
        return tuple(Address(self.seen(address.name), address.email) for address in given)

    def seen(self, text: str) -> str:
        text, found = strip_hidden_characters(text)
        self.found.update(found)
        return text


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return ()
    return tuple(item for item in value if isinstance(item, str))


def _whole_number(value: object) -> int:
    text = as_text(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _internal_date(value: object) -> datetime | None:
    """Milliseconds since 1970, as a text; Gmail's own, so better than what the mail says."""
    text = as_text(value)
    if not re.fullmatch(r"-?\d{1,15}", text, re.ASCII):
        return None
    try:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _date(header: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(header[:200])
        # A date without an offset is one in an unknown zone: RFC 5322 takes it for UTC.
        return date if date.utcoffset() is not None else date.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError, IndexError, AttributeError):
        return None


def _first_id(header: str) -> str:
    match = _MESSAGE_ID.search(header)
    return match.group() if match else header.strip()


def _message_ids(header: str) -> tuple[str, ...]:
    """Pick the ids out of a References header in order: folded, comma-joined, rubbish between."""
    ids = _MESSAGE_ID.findall(header)
    if not ids:
        ids = [f"<{word.strip('<>')}>" for word in re.split(r"[\s,]+", header) if "@" in word]
    return tuple(dict.fromkeys(ids))[:_MAX_REFERENCES]


def _is_file(part: Part, body: Body) -> bool:
    if id(part) in body.used or part.mime_type.startswith("multipart/"):
        return False
    if part.filename or part.attachment_id or part.size:
        return True
    return part.mime_type.startswith("message/") and bool(part.children)


def _attachment(part: Part, reader: _HeaderReader) -> ReadAttachment:
    disposition = part.disposition
    return ReadAttachment(
        part_id=part.part_id,
        filename=reader.seen(part.filename),
        mime_type=part.mime_type,
        size=part.size,
        inline=disposition == "inline" or (disposition != "attachment" and bool(part.content_id)),
        content_id=part.content_id,
        attachment_id=part.attachment_id,
    )


_RESULT = re.compile(r"(?:^|[;\s])(spf|dkim|dmarc)\s*=\s*([a-z]+)", re.I)


_COMMENT = re.compile(r"\([^()]*\)")


_ADDRESS = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")


_BAD = frozenset({"fail", "softfail", "hardfail", "permerror", "policy"})


_MAX_HEADER = 8_000


# Letters of other scripts that look like a Latin one in an address line.
_CYRILLIC = "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u04cf\u051b"


_MORE_CYRILLIC = "\u051d\u0432\u043a\u043c\u043d\u0442\u0433\u044c\u0475\u04bd"


_GREEK = "\u03b1\u03b2\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03c9"


_ARMENIAN = "\u0585\u057d\u0578\u0581\u0570\u0575\u0566\u056c"


_PHONETIC = "\u0261\u0251\u029f\u0274\u0280"


_LOOKS_LIKE = str.maketrans(
    _CYRILLIC + _MORE_CYRILLIC + _GREEK + _ARMENIAN + _PHONETIC,
    "aeopcyxijsdhlqwbkmhtrbveabeikvoptuxwounghjqlgalnr",
)


# Latin letters and digits that pass for one another at a glance; only ever compared with a name
# the reader knows.
_AT_A_GLANCE = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"))


def provenance_warnings(
    sender: Address | None,
    *,
    reply_to: Iterable[Address] = (),
    known: Iterable[Address] = (),
    headers: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Say in sentences what speaks against the sender being who the mail says it is.

    `headers` has lower-case names and the topmost value of each: only the topmost
    Authentication-Results was written by the reader's own server. `known` are addresses the
    reader trusts, such as their own; a look-alike of their domains is reported. The sentences hold
    no more of the mail than addresses and domains.
    """
    said = list(_authentication((headers or {}).get("authentication-results", "")))
    if sender is not None and sender.email:
        said += _reply_elsewhere(sender, reply_to)
        said += _misleading_name(sender)
        said += _lookalike(sender, known)
    return tuple(said)


def _authentication(header: str) -> list[str]:
    text = header[:_MAX_HEADER]
    while "(" in text and (shorter := _COMMENT.sub(" ", text)) != text:
        text = shorter
    results: dict[str, list[str]] = {}
    for method, result in _RESULT.findall(text):
        results.setdefault(method.lower(), []).append(result.lower())
    said = []
    for method, outcomes in results.items():
        # A mail may be signed twice; one good signature is enough.
        if outcomes and "pass" not in outcomes and _BAD.intersection(outcomes):
            bad = next(outcome for outcome in outcomes if outcome in _BAD)
            said.append(
                f"{method.upper()} failed ({bad}): the mail may not come from its stated sender."
            )
    return said


def _reply_elsewhere(sender: Address, reply_to: Iterable[Address]) -> list[str]:
    own = _domain(sender.email)
    other = sorted({_domain(address.email) for address in reply_to if address.email} - {""})
    foreign = [domain for domain in other if not _related(domain, own)]
    if not foreign or not own:
        return []
    return [f"Replies go to {', '.join(foreign[:3])}, but the mail is from {own}."]


def _misleading_name(sender: Address) -> list[str]:
    for shown in _ADDRESS.findall(unicodedata.normalize("NFKC", sender.name)[:500]):
        if shown.lower() != sender.email.lower():
            return [f"The sender's name shows {shown}, but the mail is from {sender.email}."]
    return []


def _lookalike(sender: Address, known: Iterable[Address]) -> list[str]:
    domain = _domain(sender.email)
    shown = _readable(domain)
    latin = shown.translate(_LOOKS_LIKE)
    imitates = latin != shown and latin.isascii()
    if imitates or any(_is_mixed(label) for label in shown.split(".")):
        reads = f" and reads like {latin}" if imitates else ""
        return [f"The sender's domain {_encoded(domain)} mixes or imitates letters{reads}."]
    for address in known:
        trusted = _domain(address.email)
        if trusted and not _related(trusted, domain) and _glance(trusted) == _glance(domain):
            return [f"The sender's domain {domain} looks like {trusted} but is another."]
    return []


def _domain(email: str) -> str:
    return email.rpartition("@")[2].strip().rstrip(".").lower()[:253]


def _related(first: str, second: str) -> bool:
    return first == second or first.endswith(f".{second}") or second.endswith(f".{first}")


def _readable(domain: str) -> str:
    labels = []
    for label in domain.split("."):
        if label.startswith("xn--") and len(label) <= 63:
            try:
                labels.append(label[4:].encode("ascii").decode("punycode"))
                continue
            except (UnicodeError, ValueError):
                pass
        labels.append(label)
    return unicodedata.normalize("NFC", ".".join(labels))


def _encoded(domain: str) -> str:
    """Write a domain so that it imitates nothing."""
    labels = (
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
        for label in domain.split(".")
    )
    return ".".join(labels)


def _is_mixed(label: str) -> bool:
    scripts = {_script(letter) for letter in label if letter.isalpha()}
    # Japanese and Korean are written in several scripts at once, and with Latin letters.
    return len(scripts) > 1 and not scripts <= {"LATIN", "CJK", "HIRAGANA", "KATAKANA", "HANGUL"}


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]


def _glance(domain: str) -> str:
    for shape, taken_for in _AT_A_GLANCE:
        domain = domain.replace(shape, taken_for)
    return domain
