"""FindUnanswered, GetEmails, ListThreads and the list of attachments."""

from __future__ import annotations

import time
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.tools.attachments.tools import list_email_attachment_metadata
from arcade_gmail_multiuser.tools.drafts.tools import write_draft_reply_email
from arcade_gmail_multiuser.tools.read import get_emails
from arcade_gmail_multiuser.tools.search.tools import list_threads
from arcade_gmail_multiuser.tools.unanswered import find_unanswered

NOBODY = "18c2f0a1b2c3d4e5"
DAY = 86_400_000


def aged(raw: bytes, days: float, *labels: str) -> dict[str, Any]:
    when = int(time.time() * 1000 - days * DAY)
    return {"raw": raw, "labelIds": list(labels), "internalDate": when}


async def correspondence(world: Any) -> Any:
    person = await world.account()
    me = person.email
    await person.receive(
        aged(write_mail("Asked", "When?\n", to=me), 3, "INBOX"),
        aged(write_mail("Answered", to=me, Message_ID="<a@x.org>"), 3, "INBOX"),
        aged(
            write_mail("Re: Answered", sender=me, to="jane@example.org", References="<a@x.org>"),
            2,
            "SENT",
        ),
        aged(write_mail("News", to=me, List_Unsubscribe="<https://x.example>"), 1, "INBOX"),
        aged(write_mail("Receipt", sender="no-reply@shop.example", to=me), 1, "INBOX"),
        aged(write_mail("Away", to=me, Auto_Submitted="auto-replied"), 1, "INBOX"),
        aged(write_mail("Copied", to="x@example.org", Cc=me), 1.2, "INBOX"),
        aged(write_mail("Archived", to=me), 1),
        aged(write_mail("Old", to=me), 40, "INBOX"),
        aged(write_mail("Offer", sender=me, to="bob@example.org, Cy <cy@example.org>"), 5, "SENT"),
        aged(write_mail("Fresh", sender=me, to="bob@example.org"), 0.1, "SENT"),
        aged(write_mail("Myself", sender=me, to=me), 1, "SENT", "INBOX"),
    )
    return person


async def test_who_waits_for_the_user_is_found_longest_first(world: Any) -> None:
    person = await correspondence(world)
    answer = await person.use(find_unanswered, time_zone="Europe/Berlin")
    assert [t["subject"] for t in answer["threads"]] == ["Asked", "Copied"]
    asked, copied = answer["threads"]
    assert asked["people"] == ["Jane Doe <jane@example.org>"]
    assert (asked["waiting_days"], asked["asks_a_question"]) == (3, True)
    assert (asked["user_only_in_copy"], copied["user_only_in_copy"]) == (False, True)
    assert asked["last_message_id"] == person.ids[0]
    assert answer["looked_back_days"] == 14
    assert answer["looked_at_everything"] is True
    assert answer["automated_skipped"] == 2  # the no-reply sender is left out by the search


async def test_archived_mail_and_a_longer_look_back_are_asked_for(world: Any) -> None:
    person = await correspondence(world)
    answer = await person.use(find_unanswered, include_archived=True, days=90)
    subjects = [t["subject"] for t in answer["threads"]]
    assert subjects == ["Old", "Asked", "Copied", "Archived"]
    waited = await person.use(find_unanswered, waiting_days=2)
    assert [t["subject"] for t in waited["threads"]] == ["Asked"]


async def test_who_owes_the_user_an_answer_is_found(world: Any) -> None:
    person = await correspondence(world)
    answer = await person.use(find_unanswered, direction="owed_to_me", waiting_days=1)
    assert [t["subject"] for t in answer["threads"]] == ["Offer", "Answered"]
    assert answer["threads"][0]["people"] == ["bob@example.org", "Cy <cy@example.org>"]


async def test_a_drafted_answer_is_told_and_the_conversation_still_waits(world: Any) -> None:
    person = await world.account()
    await person.receive(aged(write_mail("Asked", to=person.email), 3, "INBOX"))
    await person.use(write_draft_reply_email, body="Yes.", reply_to_message_id=person.ids[0])
    [thread] = (await person.use(find_unanswered))["threads"]
    assert thread["has_draft"] is True
    assert thread["message_count"] == 1


async def test_a_search_that_stops_early_says_so(world: Any) -> None:
    person = await world.account()
    await person.receive(
        *(aged(write_mail(f"m{n}", to=person.email), 1, "INBOX") for n in range(3))
    )
    answer = await person.use(find_unanswered, max_threads=2)
    assert (answer["conversations_read"], answer["looked_at_everything"]) == (2, False)


async def test_a_conversation_that_cannot_be_read_is_named(world: Any) -> None:
    person = await world.account()
    await person.receive(
        *(aged(write_mail(f"m{n}", to=person.email), 1, "INBOX") for n in range(2))
    )
    await world.control(
        "faults",
        {
            "match": {"path": f"*threads/{person.ids[0]}"},
            "action": {"status": 500},
            "times": None,
        },
    )
    answer = await person.use(find_unanswered)
    assert [f["id"] for f in answer["failed"]] == [person.ids[0]]
    assert answer["looked_at_everything"] is False


@pytest.mark.parametrize(
    "wrong", [{"days": 0}, {"days": 91}, {"waiting_days": -1}, {"max_threads": 101}]
)
async def test_bounds_are_kept(world: Any, wrong: dict[str, int]) -> None:
    person = await world.account()
    assert (await person.fails(find_unanswered, **wrong)).code == "invalid_input"
    assert await world.requests() == []


async def test_an_empty_mailbox_waits_for_nobody(world: Any) -> None:
    person = await world.account()
    for direction in ("i_owe", "owed_to_me"):
        answer = await person.use(find_unanswered, direction=direction)
        assert (answer["threads"], answer["looked_at_everything"]) == ([], True)


# --- GetEmails, ListThreads, attachments ----------------------------------------------------------


async def test_many_messages_are_read_in_order_and_a_bad_id_costs_the_others_nothing(
    world: Any,
) -> None:
    person = await world.account(write_mail("a", "text a\n"), write_mail("b", "text b\n"))
    first, second = person.ids
    answer = await person.use(get_emails, email_ids=[second, "not an id", NOBODY, first, second])
    assert [email["subject"] for email in answer["emails"]] == ["b", "a"]
    assert "text b" in answer["emails"][0]["body"]
    assert {f["id"]: f["code"] for f in answer["failed"]} == {
        "not an id": "invalid_input",
        NOBODY: "not_found",
    }
    for wrong in ([], [NOBODY] * 51):
        assert (await person.fails(get_emails, email_ids=wrong)).code == "invalid_input"


async def test_messages_share_one_budget_and_what_did_not_fit_is_named(world: Any) -> None:
    person = await world.account(*(write_mail(f"m{n}", "word " * 4_000) for n in range(6)))
    answer = await person.use(get_emails, email_ids=person.ids, max_chars=4_000)
    assert len(str(answer)) < 8_000
    shown = [email["id"] for email in answer["emails"]]
    assert shown + answer["omitted_ids"] == person.ids
    assert all(email["truncated"] for email in answer["emails"])


async def test_the_newest_conversations_are_listed_by_page(world: Any) -> None:
    person = await world.account(*(aged(write_mail(f"m{n}"), 9 - n, "INBOX") for n in range(3)))
    first = await person.use(list_threads, max_results=2)
    assert [t["subject"] for t in first["threads"]] == ["m2", "m1"]
    rest = await person.use(list_threads, max_results=2, page_token=first["next_page_token"])
    assert [t["subject"] for t in rest["threads"]] == ["m0"]
    assert "next_page_token" not in rest


async def test_attachments_are_listed_with_name_type_and_size(world: Any) -> None:
    person = await world.account(
        write_mail(
            "a", files=[("表.pdf", b"12345", "application/pdf"), ("b.csv", b"a", "text/csv")]
        ),
        write_mail("none"),
    )
    answer = await person.use(list_email_attachment_metadata, email_id=person.ids[0])
    assert [(a["filename"], a["mime_type"]) for a in answer["attachments"]] == [
        ("表.pdf", "application/pdf"),
        ("b.csv", "text/csv"),
    ]
    assert answer["attachments"][0]["size"] == 5
    assert (answer["count"], answer["subject"], answer["omitted"]) == (2, "a", [])
    empty = await person.use(list_email_attachment_metadata, email_id=person.ids[1])
    assert (empty["attachments"], empty["count"], empty["total_size"]) == ([], 0, 0)
    assert (await person.fails(list_email_attachment_metadata, email_id=NOBODY)).code == "not_found"
