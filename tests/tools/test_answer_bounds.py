"""However hostile the mail and however little was asked for, an answer stays within its bounds."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.tools.attachments.tools import list_email_attachment_metadata
from arcade_gmail_multiuser.tools.changes.tools import list_mailbox_changes
from arcade_gmail_multiuser.tools.drafts.tools import list_draft_emails, write_draft_email
from arcade_gmail_multiuser.tools.filters.tools import create_filter, list_filters
from arcade_gmail_multiuser.tools.labels.tools import list_labels
from arcade_gmail_multiuser.tools.read import get_email, get_emails, get_thread
from arcade_gmail_multiuser.tools.search.tools import (
    list_emails,
    list_threads,
    search_emails_by_query,
)
from arcade_gmail_multiuser.tools.unanswered import find_unanswered

LEAST = 1_000
LABELS = [f"A label with a name that goes on for a while, number {k}" for k in range(40)]
SIZES = [LEAST, 1_500, 4_000, 40_000]


def size(answer: Any) -> int:
    return len(json.dumps(answer, ensure_ascii=False))


def hostile(n: int = 0, **more: str) -> dict[str, Any]:
    """A mail in which everything that an answer tells of is as long as it gets."""
    people = ", ".join(f'"{"Name " * 20}{k}" <person{k}@example.org>' for k in range(80))
    raw = write_mail(
        f"Subject {n} " + 'with "quotes" ' * 100,
        "word \\ " * 3_000,
        sender=f'"{"Sender " * 60}" <s@example.org>',
        to=people,
        Cc=people,
        Reply_To=people,
        References=" ".join(f"<{'r' * 60}{k}@example.org>" for k in range(100)),
        In_Reply_To=f"<{'i' * 600}@example.org>",
        files=[(f"{'file' * 50}{k}.txt", b"x", "text/plain") for k in range(60)],
        **more,
    )
    return {"raw": raw, "labelIds": ["INBOX", *LABELS], "internalDate": 1_700_000_000_000 - n}


@pytest.mark.parametrize("most", SIZES)
async def test_one_message_stays_within_max_chars(world: Any, most: int) -> None:
    person = await world.account(hostile())
    email = await person.use(get_email, email_id=person.ids[0], max_chars=most)
    assert size(email) <= most
    assert email["id"] == person.ids[0]
    assert most >= 40_000 or any("attachments" in entry for entry in email["omitted"])
    assert any("the end of" in entry for entry in email["omitted"])


@pytest.mark.parametrize("most", SIZES)
@pytest.mark.parametrize("bodies", [True, False])
async def test_a_page_stays_within_max_chars_and_tells_how_many_it_left_out(
    world: Any, most: int, bodies: bool
) -> None:
    person = await world.account(
        hostile(),
        *({"raw": write_mail(), "internalDate": 1_600_000_000_000 - n} for n in range(99)),
    )
    answer = await person.use(list_emails, n_emails=100, include_body=bodies, max_chars=most)
    assert size(answer) <= most
    shown = [email["id"] for email in answer["emails"]]
    assert shown
    left_out = len(person.ids) - len(shown)
    named = answer["omitted_ids"]
    assert shown + named == person.ids[: len(shown) + len(named)]
    assert answer["omitted"][0].startswith(f"{left_out} messages")
    if len(named) < left_out:
        assert f"names {len(named)} of them" in answer["omitted"][0]
    assert "fewer at a time" in answer["omitted"][0]


async def test_what_was_left_out_comes_with_fewer_at_a_time(world: Any) -> None:
    """The way to go on that the answer names really leads to every message."""
    person = await world.account(
        *({"raw": write_mail("S" * 300), "internalDate": 1_600_000_000_000 - n} for n in range(20))
    )
    seen: list[str] = []
    token = None
    while True:
        page = await person.use(
            search_emails_by_query,
            query="in:inbox",
            max_results=1,
            max_chars=LEAST,
            page_token=token,
        )
        assert page["omitted_ids"] == []
        seen += [email["id"] for email in page["emails"]]
        token = page.get("next_page_token")
        if token is None:
            break
    assert seen == person.ids


@pytest.mark.parametrize("most", SIZES)
async def test_a_conversation_stays_within_max_chars(world: Any, most: int) -> None:
    chain = [hostile(8 - n, Message_ID=f"<m{n}@example.org>") for n in range(8)]
    person = await world.account(*chain)
    thread_id = (await person.use(get_email, email_id=person.ids[0]))["thread_id"]
    thread = await person.use(get_thread, thread_id=thread_id, max_chars=most)
    assert size(thread) <= most
    assert thread["messages"]


@pytest.mark.parametrize("most", [LEAST, 4_000])
async def test_many_that_cannot_be_read_stay_within_max_chars_and_are_counted(
    world: Any, most: int
) -> None:
    person = await world.account(write_mail())
    gone = [f"18c2f0a1b2c3d4{n:02x}" for n in range(49)]
    answer = await person.use(get_emails, email_ids=[*gone, person.ids[0]], max_chars=most)
    assert size(answer) <= most
    assert [email["id"] for email in answer["emails"]] == [person.ids[0]]
    assert [failed["id"] for failed in answer["failed"]] == gone[: len(answer["failed"])]
    [note] = [entry for entry in answer["omitted"] if "could not be read" in entry]
    assert note.startswith(f"{len(gone) - len(answer['failed'])} more")


async def test_a_list_of_conversations_stays_within_its_bound(world: Any) -> None:
    person = await world.account(
        *({"raw": write_mail(f"{n} " + "S" * 480), "labelIds": LABELS} for n in range(50))
    )
    answer = await person.use(list_threads, max_results=50)
    assert len(answer["threads"]) == 50
    assert size(answer) <= 40_000
    assert "GetThread" in answer["omitted"][0]


MOST = 40_000
LONG = "L" * 200


async def test_a_list_of_many_long_labels_stays_within_its_bound(world: Any) -> None:
    names = [f"{n} {LONG}" for n in range(300)]
    person = await world.account({"raw": write_mail(), "labelIds": names})
    answer = await person.use(list_labels)
    assert size(answer) <= MOST
    left_out = len(names) - sum(label["type"] == "user" for label in answer["labels"])
    assert left_out > 0
    assert answer["omitted"] == [f"{left_out} more labels; narrow with name_contains"]
    found = await person.use(list_labels, name_contains=f"299 {LONG}")
    assert [label["name"] for label in found["labels"]] == [names[299]]


async def test_a_list_of_many_attachments_stays_within_its_bound(world: Any) -> None:
    files = [(f"{n} {LONG}.txt", b"x", "text/plain") for n in range(200)]
    person = await world.account(write_mail(files=files))
    answer = await person.use(list_email_attachment_metadata, email_id=person.ids[0])
    assert size(answer) <= MOST
    assert answer["count"] == 200
    shown = len(answer["attachments"])
    assert answer["omitted"] == [f"{200 - shown} more attachments"]


async def test_a_list_of_long_drafts_stays_within_its_bound(world: Any) -> None:
    person = await world.account()
    people = ", ".join(f'"{LONG}" <p{n}@example.org>' for n in range(3))
    for _ in range(50):
        await person.use(
            write_draft_email, subject=LONG * 3, body=LONG, recipient=people, cc=[people]
        )
    answer = await person.use(list_draft_emails, n_drafts=50)
    assert len(answer["drafts"]) == 50
    assert size(answer) <= MOST
    assert "subject, to" in answer["omitted"][0]


async def test_those_who_wait_stay_within_their_bound(world: Any) -> None:
    now = time.time() * 1000
    person = await world.account()
    await person.receive(
        *(
            {
                "raw": write_mail(
                    f"{n} {LONG}{LONG}",
                    "a?" + LONG,
                    sender=f'"{LONG}" <p{n}@x.org>',
                    to=person.email,
                ),
                "labelIds": ["INBOX"],
                "internalDate": int(now - 3 * 86_400_000 - n),
            }
            for n in range(50)
        )
    )
    answer = await person.use(find_unanswered)
    assert size(answer) <= MOST
    shown = len(answer["threads"])
    assert shown == 50 or answer["omitted"][0].startswith(f"{50 - shown} more")


async def test_filters_stay_within_their_bound(world: Any) -> None:
    person = await world.account()
    made = [
        person.use(
            create_filter,
            sender=[f"p{n}@example.org"],
            query=f"{LONG} {LONG}",
            labels_to_add=["STARRED"],
        )
        for n in range(40)
    ]
    for one in made:
        await one
    answer = await person.use(list_filters)
    assert size(answer) <= MOST
    shown = len(answer["filters"])
    assert shown == 40 or answer["omitted"] == [f"{40 - shown} more filters; narrow with contains"]


async def test_many_changes_stay_within_their_bound_and_none_is_lost(world: Any) -> None:
    person = await world.account()
    cursor = (await person.use(list_mailbox_changes))["cursor"]
    ids = await person.receive(
        *({"raw": write_mail(str(n)), "labelIds": ["INBOX", *LABELS[:3]]} for n in range(400))
    )
    seen: list[str] = []
    more = True
    while more:
        found = await person.use(list_mailbox_changes, cursor=cursor, max_changes=500)
        assert size(found) <= MOST
        seen += [each["id"] for each in found["added"]]
        cursor, more = found["cursor"], found["has_more"]
        left = len(ids) - len(seen)
        counted = f"{left} more changed messages for lack of room; the cursor goes on there"
        assert found["omitted"] == ([counted] if more else [])
        assert bool(left) == more
    assert seen == ids


async def test_one_change_of_very_many_labels_stays_within_its_bound(world: Any) -> None:
    person = await world.account()
    cursor = (await person.use(list_mailbox_changes))["cursor"]
    ids = await person.receive(
        {"raw": write_mail(), "labelIds": [f"{n} {LONG}" for n in range(300)]}, write_mail()
    )
    found = await person.use(list_mailbox_changes, cursor=cursor)
    assert size(found) <= MOST
    [crowded] = found["added"]
    assert crowded["id"] == ids[0]
    assert len(crowded["label_ids"]) == len(crowded["label_names"]) > 100
    assert found["has_more"]
    assert any("labels" in entry for entry in found["omitted"])
    rest = await person.use(list_mailbox_changes, cursor=found["cursor"])
    assert [each["id"] for each in rest["added"]] == ids[1:]
    assert not rest["has_more"]
