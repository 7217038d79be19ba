"""Check the demo's result, one claim at a time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt

from arcade_gmail_local.commands.demo.answer_log import AnswerLog
from arcade_gmail_local.commands.demo.person import Person
from arcade_gmail_local.commands.demo.story import Outcome, Story
from arcade_gmail_local.commands.stack import Running

__all__ = ["Check", "check_all"]


@dataclass(frozen=True, slots=True)
class Check:
    claim: str
    passed: bool
    found: str = ""
    """What was found instead, as numbers and ids only."""


async def check_all(story: Story, answer_log: AnswerLog, running: Running) -> list[Check]:
    """Check isolation first, then delivery, then what guards the tokens."""
    checks = [*_identity(story), *_isolation(story)]
    for sender, recipient in ((story.alice, story.bob), (story.bob, story.alice)):
        checks += _delivery(sender, recipient, story.letters[sender.email])
    checks.append(_no_token(answer_log, running))
    checks += await _worker_refuses(running)
    return checks


def _identity(story: Story) -> Iterator[Check]:
    people = (story.alice, story.bob)
    yield Check(
        "no one is served before connecting",
        story.asked_to_connect == {person.email for person in people},
    )
    yield Check(
        "each is recognised as themselves",
        all(story.names.get(person.email) == person.email for person in people),
    )


def _isolation(story: Story) -> Iterator[Check]:
    for me, other in ((story.alice, story.bob), (story.bob, story.alice)):
        leaks = sum(
            other.marker.lower() in json.dumps(answer, ensure_ascii=False).lower()
            for answer in me.answers
        )
        yield Check(
            f"{me.name} finds {me.marker} and nothing of {other.marker}",
            me.found > 0 and me.found_of_the_other == 0,
            f"{me.found} and {me.found_of_the_other}",
        )
        yield Check(
            f"none of {me.name}'s answers mentions {other.marker}",
            leaks == 0,
            f"{leaks} of {len(me.answers)} do",
        )
        lost = sum(len(answer.get("failed", ())) for answer in me.answers)
        yield Check(f"nothing that {me.name} asked for was lost", lost == 0, f"{lost} were")
    shared = story.alice.ids() & story.bob.ids()
    enough = min(len(story.alice.ids()), len(story.bob.ids()))
    yield Check("no id was shown to both", not shared and enough > 0, f"{len(shared)} were")


def _delivery(sender: Person, recipient: Person, letter: Outcome) -> Iterator[Check]:
    names = f"{sender.name}'s letter"
    yield Check(
        f"{names} was sent once and arrived once",
        (letter.copies_sent, letter.copies_received) == (1, 1),
        f"{letter.copies_sent} sent, {letter.copies_received} arrived",
    )
    yield Check(
        f"{recipient.name}'s reply is in the same thread, for both",
        _is_reply(letter, letter.thread_seen_by_sender)
        and _is_reply(letter, letter.thread_seen_by_recipient),
        f"{len(letter.thread_seen_by_sender)} and "
        f"{len(letter.thread_seen_by_recipient)} messages in it",
    )
    yield Check(
        f"{sender.name}'s draft was sent once and is no longer a draft",
        (letter.draft_copies, letter.drafts_left) == (1, 0),
        f"{letter.draft_copies} arrived, {letter.drafts_left} left",
    )
    yield Check(
        f"{recipient.name} starred one thread and trashed one mail",
        "STARRED" in letter.labels_after
        and "UNREAD" not in letter.labels_after
        and (letter.trash_left_in_inbox, letter.trash_in_trash) == (0, 1),
    )


def _is_reply(letter: Outcome, thread: list[dict[str, Any]]) -> bool:
    if len(thread) != 2:
        return False
    first, second = thread
    message_id = first["header_message_id"]
    return bool(
        message_id
        and first["subject"] == letter.subject
        and second["subject"] == f"Re: {letter.subject}"
        and second["in_reply_to"] == message_id
        and first["thread_id"] == second["thread_id"]
    )


def _no_token(answer_log: AnswerLog, running: Running) -> Check:
    leaks = answer_log.count_leaks(running.worker_secret, running.api_key)
    return Check(
        f"none of the engine's {answer_log.count} answers contains a token or a secret",
        leaks == 0 and answer_log.count > 0,
        f"{leaks} do",
    )


async def _worker_refuses(running: Running) -> list[Check]:
    """Call the worker unsigned, signed with another secret, and with a token without expiry."""
    soon = int(time.time()) + 60
    foreign = {"aud": "worker", "ver": "1", "exp": soon}
    endless = {"aud": "worker", "ver": "1"}
    signatures = {
        "without a signature": None,
        "signed with another secret": jwt.encode(foreign, "s" * 48, algorithm="HS256"),
        "with a token that never expires": jwt.encode(
            endless, running.worker_secret, algorithm="HS256"
        ),
    }
    checks = []
    call = {
        "execution_id": "demo",
        "tool": {"name": "ListLabels", "toolkit": "GmailMultiuser"},
        "inputs": {},
        "context": {},
    }
    async with aiohttp.ClientSession() as session:
        for how, signature in signatures.items():
            headers = {"Authorization": f"Bearer {signature}"} if signature else {}
            url = f"{running.worker}/worker/tools/invoke"
            async with session.post(url, json=call, headers=headers) as answer:
                claim = f"the worker refuses a call {how}"
                checks.append(Check(claim, answer.status == 401, f"it answered {answer.status}"))
    return checks
