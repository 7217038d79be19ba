"""Read addresses: strictly what a caller types, leniently what others sent.

Both readers share one linear scanner, so a hostile header of any length costs time in
proportion to it. Encoded words are decoded after scanning: a comma or an angle bracket hidden
in one never makes a second address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import idna

from arcade_gmail_multiuser.errors import InvalidAddress
from arcade_gmail_multiuser.gmail.characters import decode_words

MAX_LOCAL_PART = 64
MAX_EMAIL = 254

_EXAMPLE = (
    "Write addresses as jane@example.com or Jane Doe <jane@example.com>, with commas between."
)
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf'(?:{_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~]|\\[ -~])*+")')
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NEEDS_QUOTES = re.compile(r'[()<>\[\]:;@\\,"]')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)
_COMMENT_MARK = re.compile(r"\\.|[()]", re.DOTALL)
_ANGLE = re.compile(r"<([^<>]*+)>")
_TEXT = re.compile(r'[^"(<,;:]++')


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox and the name shown for it; `name` may be empty.

    `email` is empty only in what `read_addresses` returns, where a header names someone without an
    address.
    """

    name: str
    email: str


def parse_addresses(given: str | Iterable[str] | None) -> tuple[Address, ...]:
    """Read the addresses a caller typed; anything doubtful is an error, nothing is dropped.

    A string may hold several, separated by commas or semicolons; blank strings and None hold
    none. Domains come back in lower case, international ones as punycode. A local part outside
    ASCII is refused: Gmail delivers such mail only between servers that all support it.

    Raises:
        InvalidAddress: says which address is wrong and why, never what it was.
    """
    texts = [given] if isinstance(given, str) else list(given or ())
    entries = [entry for text in texts for entry in _strict_entries(text)]
    return tuple(
        _strict_address(entry, f"Address {n} of {len(entries)}")
        for n, entry in enumerate(entries, start=1)
    )


def read_addresses(header: str | None) -> tuple[Address, ...]:
    """Read an address header of received mail as far as it can be read. Never raises.

    Groups are flattened, encoded words decoded and control characters dropped. Gmail hands
    names over decoded and sometimes unquoted, so the comma in `Doe, Jane <j@x.com>` belongs to
    the name.
    """
    found: list[Address] = []
    waiting = ""
    for entry in _entries(header or ""):
        address = entry.read()
        if not address.email and not address.name:
            continue
        if not address.email and entry.ends_with == ",":
            waiting = f"{waiting}, {address.name}" if waiting else address.name
            continue
        if waiting and address.name and entry.angle is not None:
            address = Address(f"{waiting}, {address.name}", address.email)
        elif waiting:
            found.append(Address(waiting, ""))
        waiting = ""
        found.append(address)
    if waiting:
        found.append(Address(waiting, ""))
    return tuple(found)


def same_mailbox(a: str, b: str) -> bool:
    """Tell whether two bare addresses name one mailbox: case and punycode make no difference.

    Dots and `+tags` do make one: whether they matter is for the receiving domain to say.
    """
    return mailbox_key(a) == mailbox_key(b)


def mailbox_key(email: str) -> str:
    """Return the form of a bare address that equal mailboxes share. Never raises."""
    local, at, domain = email.strip().rpartition("@")
    try:
        domain = _ascii_domain(domain)
    except InvalidAddress:
        domain = domain.lower()
    return f"{local.lower()}{at}{domain}"


def display(address: Address) -> str:
    """Show an address to people and agents: `Jane Doe <jane@x.com>`, nothing encoded.

    `parse_addresses` reads it back. A name that could be mistaken for an address is quoted.
    """
    if not address.name or not address.email:
        return address.name or address.email
    name = address.name
    if _NEEDS_QUOTES.search(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address.email}>"


def ascii_email(email: str) -> str:
    """Return a bare address in the form that may stand in a header, or raise InvalidAddress.

    The message is a clause without the address ("there is no '@'"), so that the caller can say
    which one it was.
    """
    local, at, domain = email.rpartition("@")
    if not at:
        raise InvalidAddress("there is no '@' in it")
    if not local.isascii():
        raise InvalidAddress("only ASCII letters are supported before the '@'")
    if not _LOCAL.fullmatch(local):
        raise InvalidAddress("the part before the '@' is not valid")
    domain = _ascii_domain(domain)
    if len(local) > MAX_LOCAL_PART or len(local) + 1 + len(domain) > MAX_EMAIL:
        raise InvalidAddress("it is too long")
    return f"{local}@{domain}"


def is_usable(address: Address) -> bool:
    """Tell whether mail can be addressed to it; received headers hold many that cannot."""
    try:
        ascii_email(address.email)
    except InvalidAddress:
        return False
    return True


def _ascii_domain(domain: str) -> str:
    if len(domain) > MAX_EMAIL:  # before anything that takes longer than linear time
        raise InvalidAddress("it is too long")
    if domain.isascii():
        domain = domain.lower()
    else:
        try:
            domain = idna.encode(domain, uts46=True, transitional=False).decode("ascii")
        except UnicodeError:
            raise InvalidAddress("the domain after the '@' is not valid") from None
    labels = domain.split(".")
    if len(labels) < 2:
        raise InvalidAddress("the domain after the '@' has no dot")
    if not all(_LABEL.fullmatch(label) and len(label) <= 63 for label in labels):
        raise InvalidAddress("the domain after the '@' is not valid")
    return domain


@dataclass(slots=True)
class _Entry:
    """What stood between two separators."""

    phrase: list[str] = field(default_factory=list)
    """Plain text, quoted strings and comments; the latter two with their quotes and brackets."""
    angle: str | None = None
    ends_with: str = ""
    odd: bool = False
    """Something a careful writer would not have written."""

    def read(self) -> Address:
        """Make the best of it."""
        if self.angle is not None:
            angle = _without_comments(self.angle)
            route, _, mailbox = angle.rpartition(":")
            email = mailbox if route.startswith("@") or route.lower() == "mailto" else angle
            return Address(_read_name(self.phrase), _BLANK.sub("", email))
        email, rest = _pick_mailbox(self.phrase)
        name = _read_name([t[1:-1] if _is_comment(t) else t for t in rest])
        return Address(name.removeprefix("mailto:"), email)


def _pick_mailbox(tokens: list[str]) -> tuple[str, list[str]]:
    """Find the address in a phrase that has no angle brackets; return it and the other tokens."""
    rest: list[str] = []
    for n, token in enumerate(tokens):
        words = [] if _is_quoted(token) or _is_comment(token) else token.split()
        for word in words:
            local, at, domain = word.rpartition("@")
            if at and not local and rest and _is_quoted(rest[-1]):
                local = rest.pop()
            if local and domain:
                before, _, after = token.partition(word)
                return f"{local}@{domain}", [*rest, before, after, *tokens[n + 1 :]]
        rest.append(token)
    return "", rest


def _is_quoted(token: str) -> bool:
    return len(token) > 1 and token.startswith('"')


def _is_comment(token: str) -> bool:
    return len(token) > 1 and token.startswith("(")


def _unquoted(tokens: list[str]) -> str:
    return "".join(_BACKSLASH.sub(r"\1", t[1:-1]) if _is_quoted(t) else t for t in tokens)


def _read_name(tokens: list[str]) -> str:
    decoded = decode_words(_BLANK.sub(" ", _unquoted(tokens)))
    readable = decoded.encode("utf-8", "replace").decode("utf-8")  # no lone surrogates
    return _BLANK.sub(" ", readable).strip()


_Kind = Literal["text", "quoted", "angle", "comment", "separator", "colon", "stray"]


def _tokens(text: str) -> Iterator[tuple[_Kind, str]]:
    """Split into tokens that together hold every character. Linear in the length."""
    at = 0
    # Once an opener is found to have no end, no later one of its kind can have one either.
    hopeless: set[str] = set()
    while at < len(text):
        opener = text[at]
        token: tuple[_Kind, int] = ("stray", at + 1)
        if opener == '"' and opener not in hopeless:
            quoted = _QUOTED.match(text, at)
            token = ("quoted", quoted.end()) if quoted else token
        elif opener == "(" and opener not in hopeless:
            end = _end_of_comment(text, at)
            token = ("comment", end) if end else token
        elif opener == "<":
            angle = _ANGLE.match(text, at)
            token = ("angle", angle.end()) if angle else token
        elif opener in ",;":
            token = ("separator", at + 1)
        elif opener == ":":
            token = ("colon", at + 1)
        elif plain := _TEXT.match(text, at):
            token = ("text", plain.end())
        kind, end = token
        if kind == "stray":
            hopeless.add(opener)
        yield kind, text[at:end]
        at = end


def _without_comments(text: str) -> str:
    """Drop comments, which RFC 5322 allows even inside `<pete(his account)@silly.test>`."""
    if "(" not in text:
        return text
    return "".join(token for kind, token in _tokens(text) if kind != "comment")


def _end_of_comment(text: str, start: int) -> int | None:
    depth = 0
    for found in _COMMENT_MARK.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if depth == 0 and found.group() == ")":
            return found.end()
    return None


def _entries(text: str) -> Iterator[_Entry]:
    tokens = list(_tokens(text))
    # "Meeting 10:30 <x@y>" is a name; only a colon with a later ";" opens a group.
    last_end = max((n for n, token in enumerate(tokens) if token == ("separator", ";")), default=-1)
    entry = _Entry()
    for n, (kind, token) in enumerate(tokens):
        if kind == "separator":
            entry.ends_with = token
            yield entry
            entry = _Entry()
        elif kind == "colon" and n < last_end and entry.angle is None:
            entry = _Entry(odd=True)
        elif kind == "angle" and entry.angle is None:
            entry.angle = token[1:-1]
        else:
            entry.odd |= kind in ("stray", "colon", "comment", "angle") or (
                entry.angle is not None and not token.isspace()
            )
            entry.phrase.append(token)
    yield entry


def _strict_entries(text: str) -> list[_Entry]:
    if _CONTROL.search(text):
        raise InvalidAddress(f"An address holds a line break or control character. {_EXAMPLE}")
    return [e for e in _entries(text) if e.odd or e.angle is not None or "".join(e.phrase).strip()]


def _strict_address(entry: _Entry, which: str) -> Address:
    if entry.odd:
        raise InvalidAddress(f"{which} cannot be read: a stray sign, comment or group. {_EXAMPLE}")
    # A caller's name is meant literally: unquoted and tidied, never decoded.
    name = "" if entry.angle is None else " ".join(_unquoted(entry.phrase).split())
    email = ("".join(entry.phrase) if entry.angle is None else entry.angle).strip()
    if not _is_whole(name + email):
        raise InvalidAddress(f"{which} holds half a character. {_EXAMPLE}")
    try:
        return Address(name, ascii_email(email))
    except InvalidAddress as problem:
        hint = "" if "@" in email else ' Put a name that holds a comma in "double quotes".'
        raise InvalidAddress(f"{which} is not valid: {problem}. {_EXAMPLE}{hint}") from None


def _is_whole(text: str) -> bool:
    """Tell whether text is free of lone surrogates, which no charset can write."""
    return text.encode("utf-8", "ignore").decode("utf-8") == text
