"""Write what a change did into a token that undoes it, and read it back.

Nothing is stored: the token holds, for each message that really changed, the labels that it gained
and lost, or what one label was like before it was made, renamed or deleted. It is no secret and no
permission. It carries a digest keyed with the user's id, so that a damaged token, or one of another
user, is refused; a forged digest only changes labels in the forger's own mailbox, which the tools
let them do anyway.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from arcade_gmail_multiuser.errors import InvalidInput

__all__ = ["MAX_MESSAGES", "LabelStep", "Step", "open_token", "seal", "seal_label"]

MAX_MESSAGES = 1_000
MAX_TOKEN_CHARS = 30_000
_VERSION = b"u1"
_DIGEST = 12  # bytes
_MAX_UNPACKED = 200_000
_ID = re.compile(r"[0-9a-f]{1,16}")
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_LABELS = 200
_MAX_NAME = 225
_LOOK = frozenset(("labelListVisibility", "messageListVisibility", "color"))
_COLOUR = frozenset(("textColor", "backgroundColor"))
_WORD = re.compile(r"[a-zA-Z]{1,40}")
_RGB = re.compile(r"#[0-9a-fA-F]{6}")
_MAX_STEPS = MAX_MESSAGES


@dataclass(frozen=True, slots=True)
class Step:
    """The same labels gained and lost by some messages; all are ids."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    ids: tuple[str, ...]


Done = Literal["created", "renamed", "deleted"]


@dataclass(frozen=True, slots=True, repr=False)
class LabelStep:
    """What was done to one label itself.

    Args:
        name: what it was called when that was done; of a renamed one, the new name.
        former_name: what a renamed label was called before.
        look: a deleted label's colour and visibility, as Gmail's Label resource spells them.
        messages: how many messages carried a deleted label; None where that is not known.
    """

    done: Done
    id: str
    name: str
    former_name: str = ""
    look: Mapping[str, Any] = field(default_factory=dict)
    messages: int | None = None


def seal(steps: Iterable[Step], *, user: str) -> str:
    """Write the token. Steps of more than `MAX_MESSAGES` messages in all are a ValueError."""
    steps = [step for step in steps if step.ids]
    if sum(len(step.ids) for step in steps) > MAX_MESSAGES:
        raise ValueError("more messages than one token may hold")
    plain = json.dumps(
        [[s.added, s.removed, ",".join(s.ids)] for s in steps], separators=(",", ":")
    )
    return _sealed(plain, user)


def seal_label(step: LabelStep, *, user: str) -> str:
    """Write the token of a change to a label itself."""
    return _sealed(json.dumps(asdict(step), separators=(",", ":")), user)


def _sealed(plain: str, user: str) -> str:
    packed = zlib.compress(plain.encode("ascii"), 9)
    digest = _digest(packed, user)
    return base64.urlsafe_b64encode(_VERSION + digest + packed).decode("ascii").rstrip("=")


def open_token(token: str, *, user: str) -> tuple[Step, ...] | LabelStep:
    """Read a token back: the steps of a change to messages, or the one of a change to a label.

    Raises:
        InvalidInput: it is damaged, was never one, or belongs to another user.
    """
    packed = _packed(token.strip(), user)
    try:
        # Cut off at the bound, it is no JSON any more.
        plain = zlib.decompressobj().decompress(packed, _MAX_UNPACKED)
        given = json.loads(plain)
        if isinstance(given, dict):
            return _label_step(given)
        steps = tuple(_step(one) for one in given)
    except (ValueError, TypeError, AttributeError, zlib.error, RecursionError):
        raise _refused() from None
    if len(steps) > _MAX_STEPS or not 0 < sum(len(s.ids) for s in steps) <= MAX_MESSAGES:
        raise _refused()
    return steps


def _packed(token: str, user: str) -> bytes:
    if not token or len(token) > MAX_TOKEN_CHARS or not token.isascii():
        raise _refused()
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise _refused() from None
    head = len(_VERSION)
    digest, packed = data[head : head + _DIGEST], data[head + _DIGEST :]
    if data[:head] != _VERSION or not hmac.compare_digest(digest, _digest(packed, user)):
        raise _refused()
    return packed


def _digest(packed: bytes, user: str) -> bytes:
    key = hashlib.sha256(b"undo\0" + user.encode("utf-8", "surrogatepass")).digest()
    return hashlib.blake2b(_VERSION + packed, key=key, digest_size=_DIGEST).digest()


def _step(given: Sequence[object]) -> Step:
    added, removed, ids = given
    if not (isinstance(added, list) and isinstance(removed, list) and isinstance(ids, str)):
        raise TypeError
    step = Step(tuple(added), tuple(removed), tuple(ids.split(",")))
    labels = (*step.added, *step.removed)
    if not labels or len(labels) > _MAX_LABELS:
        raise ValueError
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError
    if not all(_ID.fullmatch(id_) for id_ in step.ids):
        raise ValueError
    return step


def _label_step(given: Mapping[str, Any]) -> LabelStep:
    step = LabelStep(**given)
    names = (step.name, step.former_name) if step.done == "renamed" else (step.name,)
    if step.done not in get_args(Done) or not _LABEL.fullmatch(step.id):
        raise ValueError
    if not all(isinstance(name, str) and 0 < len(name) <= _MAX_NAME for name in names):
        raise ValueError
    if step.messages is not None and type(step.messages) is not int:
        raise TypeError
    _check_look(step.look)
    return step


def _check_look(look: Mapping[str, Any]) -> None:
    colour = look.get("color", {})
    shown = [value for key, value in look.items() if key != "color"]
    if not look.keys() <= _LOOK or not all(_WORD.fullmatch(value) for value in shown):
        raise ValueError
    if not colour.keys() <= _COLOUR or not all(_RGB.fullmatch(v) for v in colour.values()):
        raise ValueError


def _refused() -> InvalidInput:
    return InvalidInput(
        "This undo_token cannot be used: it is damaged or was given to another user. Copy it "
        "exactly from the answer of the change that is to be undone."
    )
