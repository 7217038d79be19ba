"""Compare what was reported of each letter with the sandbox's mailboxes."""

from __future__ import annotations

import base64
import email.policy
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.soak.people import Letter, People, words_in

__all__ = ["Truth", "judge", "read_message"]

OWN_TAG = re.compile(r"^Mark: (letter[0-9a-f]{16})\b", re.MULTILINE)
"""The line of a letter's own text; a subject may repeat another letter's tag."""


@dataclass(slots=True)
class Truth:
    """Numbers of letters, and a line for each that is not as it has to be."""

    reported: Counter[str] = field(default_factory=Counter)
    unknown_sent: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    ghosts: list[str] = field(default_factory=list)
    """Sent although the call had said that they were not."""
    strayed: list[str] = field(default_factory=list)
    """In a mailbox of somebody they are no business of."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A message in a mailbox: whose letter it is, and whether it is the sender's own copy."""

    tag: str | None
    sent: bool
    draft: bool
    words: frozenset[str]


def read_message(resource: Mapping[str, Any]) -> Copy:
    mail = email.message_from_bytes(base64.b64decode(resource["raw"]), policy=email.policy.default)
    part = mail.get_body(("plain",))
    text = part.get_content() if part is not None else ""
    own = OWN_TAG.search(text)
    labels = resource.get("labelIds", ())
    return Copy(
        own.group(1) if own else None,
        "SENT" in labels,
        "DRAFT" in labels,
        frozenset(words_in(f"{mail['subject']}\n{text}")),
    )


def judge(people: People, mailboxes: Mapping[str, Iterable[Copy]]) -> Truth:
    """Hold what the mailboxes have against what was reported of every letter."""
    truth = Truth()
    arrived: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for owner, copies in mailboxes.items():
        for copy in copies:
            if any(not people.may_see(owner, word) for word in copy.words):
                truth.strayed.append(f"{owner} has mail of others")
            if copy.tag is not None and not copy.draft:
                (kept if copy.sent else arrived)[copy.tag] += 1
    for letter in people.letters.values():
        _judge_letter(truth, letter, arrived[letter.tag], kept[letter.tag])
    return truth


def _judge_letter(truth: Truth, letter: Letter, arrived: int, kept: int) -> None:
    truth.reported[letter.outcome] += 1
    line = f"{letter.way} {letter.tag}: {letter.outcome}, {arrived} arrived, {kept} in Sent"
    if arrived > 1 or kept > 1:
        truth.doubled.append(line)
    if letter.outcome == "sent" and not (arrived and kept):
        truth.lost.append(line)
    if letter.outcome == "not sent" and (arrived or kept):
        truth.ghosts.append(line)
    if letter.outcome == "unknown":
        truth.unknown_sent += bool(arrived)
