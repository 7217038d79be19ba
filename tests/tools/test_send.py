"""The tools that send: what goes out, to whom, and how often whatever happens on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.gmail.compose import idempotency
from arcade_gmail_multiuser.tools.drafts.tools import send_draft_email, write_draft_email
from arcade_gmail_multiuser.tools.read import get_email
from arcade_gmail_multiuser.tools.search.tools import list_emails, search_emails_by_query
from arcade_gmail_multiuser.tools.send.tools import (
    multi_user_gmail_send,
    reply_to_email,
    send_email,
)

LETTER = {"subject": "Lunch?", "body": "Tomorrow at noon?\n"}


async def sent_by(person: Any) -> list[dict[str, Any]]:
    return list((await person.use(search_emails_by_query, query="in:sent"))["emails"])


async def drafts_of(person: Any) -> int:
    found = await person.use(search_emails_by_query, query="in:drafts", result_detail="count_only")
    return int(found["count"])


async def received_by(person: Any, *, full: bool = True) -> list[dict[str, Any]]:
    return list((await person.use(list_emails, label_name="INBOX", include_body=full))["emails"])


# --- SendEmail -----------------------------------------------------------------------------------


async def test_a_message_arrives_with_its_text_copies_and_attachment(world: Any) -> None:
    alice, bob, carol = [await world.account(name=name) for name in ("Alice", "Bob", "Carol")]
    receipt = await alice.use(
        send_email,
        subject="会議の件 ✓",
        body="こんにちは\n",
        recipient=f"Bob <{bob.email}>",
        bcc=[carol.email],
        attachments=[{"filename": "表.csv", "content": "a,b\n"}],
    )
    assert receipt["status"] == "sent"
    assert receipt["message_id"] == receipt["id"]
    assert receipt["recipients"] == [bob.email, carol.email]
    assert receipt["label_ids"] == ["SENT"]
    assert receipt["url"].endswith(receipt["thread_id"])
    for person in (bob, carol):
        [email] = await received_by(person)
        assert email["subject"] == "会議の件 ✓"
        assert "こんにちは" in email["body"]
        assert [a["filename"] for a in email["attachments"]] == ["表.csv"]
        assert carol.email not in email["to"] + email["cc"] + email.get("bcc", "")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"recipient": "not an address"}, "invalid_address"),
        ({"recipient": " "}, "invalid_address"),
        ({"cc": ["jane@"]}, "invalid_address"),
        ({"subject": "Hi\r\nBcc: eve@example.com"}, "invalid_header"),
        ({"body": "x" * 30_000_000}, "message_too_large"),
        ({"attachments": [{"filename": "a", "content": "file:///etc/passwd"}]}, "invalid_input"),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_any_request(
    world: Any, wrong: dict[str, Any], code: str
) -> None:
    person = await world.account()
    for tool, to in ((send_email, "recipient"), (write_draft_email, "recipient")):
        await world.forget_requests()
        failed = await person.fails(tool, **{**LETTER, to: "bob@example.com", **wrong})
        assert failed.code == code
        assert await world.requests() == []


async def test_an_attachment_with_a_path_is_refused_by_its_shape(world: Any) -> None:
    person = await world.account()
    failed = await person.fails(
        send_email,
        **LETTER,
        recipient="bob@example.com",
        attachments=[{"filename": "a", "path": "/etc/passwd"}],
    )
    assert "attachments.0.path" in failed.error.message
    assert "/etc/passwd" not in failed.error.message


@pytest.mark.parametrize("trouble", [{"drop": "after"}, {"drop": "before"}, {"status": 503}])
async def test_a_plain_send_is_never_repeated_after_a_lost_answer(
    world: Any, trouble: dict[str, Any]
) -> None:
    alice, bob = await world.account(), await world.account()
    await world.fault("users.messages.send", **trouble)
    failed = await alice.fails(send_email, **LETTER, recipient=bob.email)
    assert failed.code == "outcome_unknown"
    assert not failed.error.can_retry
    assert "may have been sent" in failed.error.message
    assert "MultiUserGmailSend" in failed.error.message
    assert (await world.methods()).count("users.messages.send") == 1
    assert len(await received_by(bob)) == (1 if trouble.get("drop") == "after" else 0)


# --- MultiUserGmailSend --------------------------------------------------------------------------


async def test_it_answers_with_message_id_and_sent(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    receipt = await alice.use(multi_user_gmail_send, **LETTER, to=bob.email, user_id=alice.user_id)
    assert receipt["status"] == "sent"
    [sent] = await sent_by(alice)
    assert receipt["message_id"] == sent["id"]
    assert await drafts_of(alice) == 0
    [email] = await received_by(bob)
    assert "Tomorrow at noon?" in email["body"]


@pytest.mark.parametrize("claimed", ["bob", "", "ALICE", " alice", "alice "])
async def test_nobody_sends_as_somebody_else(world: Any, claimed: str) -> None:
    person = await world.account()
    await world.forget_requests()
    failed = await person.fails_as(
        "alice", multi_user_gmail_send, **LETTER, to="x@example.com", user_id=claimed
    )
    assert failed.code == "wrong_user"
    assert failed.error.status_code == 403
    assert await world.requests() == []


async def test_a_caller_without_a_user_id_is_refused(world: Any) -> None:
    person = await world.account()
    await world.forget_requests()
    for nobody in (None, ""):
        failed = await person.fails_as(
            nobody, multi_user_gmail_send, **LETTER, to="x@example.com", user_id=""
        )
        assert failed.code == "wrong_user"
    assert await world.requests() == []


@pytest.mark.parametrize("method", ["users.drafts.create", "users.drafts.send"])
@pytest.mark.parametrize("trouble", [{"drop": "after"}, {"drop": "before"}, {"status": 503}])
@pytest.mark.parametrize("key", [None, "order-1"])
async def test_a_lost_answer_on_the_way_sends_the_message_once_all_the_same(
    world: Any, method: str, trouble: dict[str, Any], key: str | None
) -> None:
    alice, bob = await world.account(), await world.account()
    await world.fault(method, **trouble)
    receipt = await alice.use(
        multi_user_gmail_send,
        **LETTER,
        to=bob.email,
        user_id=alice.user_id,
        idempotency_key=key,
    )
    assert receipt["status"] == "sent"
    [sent] = await sent_by(alice)
    assert receipt["message_id"] == sent["id"]
    assert len(await received_by(bob)) == 1
    assert await drafts_of(alice) == 0


async def test_when_sent_cannot_be_read_either_it_says_so_and_a_repeat_finds_the_message(
    world: Any,
) -> None:
    alice, bob = await world.account(), await world.account()
    given = {**LETTER, "to": bob.email, "user_id": alice.user_id, "idempotency_key": "k"}
    await world.fault("users.drafts.send", drop="after")
    # Twice it looks in Sent before it sends, with two lists each; after that Sent is closed.
    await world.fault("users.messages.list", times=4, delay_ms=1)
    await world.fault("users.messages.list", times=None, status=403, body=FORBIDDEN)
    failed = await alice.fails(multi_user_gmail_send, **given)
    assert failed.code == "outcome_unknown"
    assert not failed.error.can_retry
    assert "repeating the call with the same idempotency_key is safe" in failed.error.message
    await world.control("faults", method="DELETE")
    receipt = await alice.use(multi_user_gmail_send, **given)
    assert receipt["repeated"] is True
    assert len(await received_by(bob)) == 1


async def test_a_repeat_with_the_same_key_returns_the_first_result(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    given = {**LETTER, "to": bob.email, "user_id": alice.user_id, "idempotency_key": "order-1"}
    first = await alice.use(multi_user_gmail_send, **given)
    # Somebody's ordinary mail in between pushes the first out of the newest that are read.
    for n in range(idempotency.MAX_NEWEST_SENT + 2):
        await alice.use(send_email, subject=f"Other {n}", body="", recipient=bob.email)
    second = await alice.use(multi_user_gmail_send, **given)
    assert second["message_id"] == first["message_id"]
    assert second["repeated"] is True
    assert "repeated" not in first
    assert len(await received_by(bob, full=False)) == 1 + idempotency.MAX_NEWEST_SENT + 2


async def test_two_replicas_with_one_key_send_one_message(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    given = {**LETTER, "to": bob.email, "user_id": alice.user_id, "idempotency_key": "order-1"}
    receipts = await asyncio.gather(*(alice.use(multi_user_gmail_send, **given) for _ in range(4)))
    assert len({receipt["message_id"] for receipt in receipts}) == 1
    assert len(await received_by(bob)) == 1
    assert await drafts_of(alice) == 0


async def test_a_replica_that_died_with_a_draft_stored_is_finished_by_the_next(
    world: Any,
) -> None:
    alice, bob = await world.account(), await world.account()
    given = {**LETTER, "to": bob.email, "user_id": alice.user_id, "idempotency_key": "order-1"}
    await world.fault("users.drafts.list", status=403, times=1, body=FORBIDDEN)
    await alice.fails(multi_user_gmail_send, **given)
    assert await drafts_of(alice) == 1
    await alice.use(multi_user_gmail_send, **given)
    assert len(await received_by(bob)) == 1
    assert await drafts_of(alice) == 0


@pytest.mark.parametrize("changed", [{"body": "Another text"}, {"bcc": ["eve@example.com"]}])
async def test_a_key_used_for_another_message_is_a_conflict_and_sends_nothing(
    world: Any, changed: dict[str, Any]
) -> None:
    alice, bob = await world.account(), await world.account()
    given = {**LETTER, "to": bob.email, "user_id": alice.user_id, "idempotency_key": "order-1"}
    await alice.use(multi_user_gmail_send, **given)
    failed = await alice.fails(multi_user_gmail_send, **{**given, **changed})
    assert failed.code == "conflict"
    assert len(await received_by(bob)) == 1
    assert await drafts_of(alice) == 0


async def test_two_different_messages_racing_under_one_key_send_one_and_refuse_one(
    world: Any,
) -> None:
    alice, bob = await world.account(), await world.account()
    given = {**LETTER, "to": bob.email, "user_id": alice.user_id, "idempotency_key": "order-1"}
    outcomes = await asyncio.gather(
        alice.use(multi_user_gmail_send, **given),
        alice.use(multi_user_gmail_send, **{**given, "body": "Other"}),
        return_exceptions=True,
    )
    [refused] = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert refused.code == "conflict"  # type: ignore[attr-defined]
    assert len(await received_by(bob)) == 1


async def test_the_same_key_of_two_people_are_two_messages(world: Any) -> None:
    alice, bob, carol = [await world.account() for _ in range(3)]
    for person in (alice, bob):
        await person.use(
            multi_user_gmail_send,
            **LETTER,
            to=carol.email,
            user_id=person.user_id,
            idempotency_key="order-1",
        )
    assert len(await received_by(carol)) == 2


async def test_a_definite_refusal_leaves_no_draft_behind(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    await world.fault("users.drafts.send", status=403, times=None, body=FORBIDDEN)
    failed = await alice.fails(multi_user_gmail_send, **LETTER, to=bob.email, user_id=alice.user_id)
    assert failed.code == "access_denied"
    assert await drafts_of(alice) == 0
    assert await received_by(bob) == []


FORBIDDEN = {
    "error": {
        "code": 403,
        "message": "Delegation denied",
        "errors": [{"reason": "forbidden", "domain": "global"}],
        "status": "PERMISSION_DENIED",
    }
}


# --- ReplyToEmail --------------------------------------------------------------------------------


async def test_a_reply_threads_on_both_sides(world: Any) -> None:
    alice, bob = await world.account(name="Alice"), await world.account(name="Bob")
    first = await alice.use(send_email, **LETTER, recipient=bob.email)
    [question] = await received_by(bob)
    answer = await bob.use(reply_to_email, body="Yes!", reply_to_message_id=question["id"])
    assert answer["thread_id"] == question["thread_id"]
    assert answer["recipients"] == [alice.email]
    [arrived] = await received_by(alice)
    assert arrived["thread_id"] == first["thread_id"]
    assert arrived["subject"] == "Re: Lunch?"
    assert arrived["in_reply_to"] == question["header_message_id"]
    assert arrived["references"].split()[-1] == question["header_message_id"]
    whole = await alice.use(get_email, email_id=arrived["id"])
    assert "Yes!" in whole["body"]
    assert "> Tomorrow at noon?" in whole["body"]


async def test_a_reply_to_all_leaves_oneself_out_and_honours_reply_to(world: Any) -> None:
    me = await world.account()
    await me.receive(
        write_mail(
            "Plan",
            sender="Ann <ann@example.org>",
            to=f"Me Myself <{me.email.upper()}>, Cy <cy@example.org>",
            Cc="Di <di@example.org>",
            Reply_To="team@example.org",
        )
    )
    receipt = await me.use(
        reply_to_email,
        body="Fine.",
        reply_to_message_id=me.ids[0],
        reply_to_whom="every_recipient",
    )
    assert receipt["recipients"] == ["team@example.org", "cy@example.org", "di@example.org"]


async def test_a_reply_to_ones_own_mail_goes_to_its_recipients(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    first = await alice.use(send_email, **LETTER, recipient=bob.email)
    receipt = await alice.use(reply_to_email, body="P.S.", reply_to_message_id=first["message_id"])
    assert receipt["recipients"] == [bob.email]
    assert receipt["thread_id"] == first["thread_id"]


async def test_a_reply_with_nobody_left_is_an_error_and_not_an_empty_send(world: Any) -> None:
    me = await world.account()
    await me.receive(write_mail("Note", sender=me.email, to=me.email))
    failed = await me.fails(reply_to_email, body="x", reply_to_message_id=me.ids[0])
    assert failed.code == "invalid_address"
    assert "users.messages.send" not in await world.methods()


async def test_a_reply_whose_answer_is_lost_is_found_in_sent(world: Any) -> None:
    me = await world.account()
    await me.receive(write_mail("Plan", sender="ann@example.org", to=me.email))
    await world.fault("users.messages.send", drop="after")
    receipt = await me.use(reply_to_email, body="Fine.", reply_to_message_id=me.ids[0])
    [sent] = await sent_by(me)
    assert receipt["message_id"] == sent["id"]


async def test_a_reply_that_did_not_arrive_is_not_repeated_but_said_to_be_unknown(
    world: Any,
) -> None:
    me = await world.account()
    await me.receive(write_mail("Plan", sender="ann@example.org", to=me.email))
    await world.fault("users.messages.send", drop="before")
    failed = await me.fails(reply_to_email, body="Fine.", reply_to_message_id=me.ids[0])
    assert failed.code == "outcome_unknown"
    assert (await world.methods()).count("users.messages.send") == 1


async def test_a_reply_does_without_the_send_as_list_when_that_is_refused(world: Any) -> None:
    me = await world.account()
    await me.receive(write_mail("Plan", sender="ann@example.org", to=me.email))
    await world.fault("users.settings.sendAs.list", status=403, body=FORBIDDEN)
    receipt = await me.use(reply_to_email, body="Fine.", reply_to_message_id=me.ids[0])
    assert receipt["recipients"] == ["ann@example.org"]


# --- drafts --------------------------------------------------------------------------------------


async def test_a_draft_waits_until_it_is_sent_and_is_sent_once(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    draft = await alice.use(write_draft_email, **LETTER, recipient=bob.email)
    assert (draft["status"], draft["recipients"]) == ("draft", [bob.email])
    assert await received_by(bob) == []
    receipt = await alice.use(send_draft_email, email_id=draft["id"])
    assert (receipt["status"], receipt["recipients"]) == ("sent", [bob.email])
    assert receipt["message_id"] != draft["message_id"]
    assert len(await received_by(bob)) == 1
    failed = await alice.fails(send_draft_email, email_id=draft["id"])
    assert failed.code == "not_found"
    assert len(await received_by(bob)) == 1


async def test_a_draft_whose_saving_was_not_confirmed_is_not_saved_twice(world: Any) -> None:
    alice = await world.account()
    await world.fault("users.drafts.create", drop="after")
    draft = await alice.use(write_draft_email, **LETTER, recipient="bob@example.com")
    assert draft["id"]
    assert await drafts_of(alice) == 1


async def test_a_lost_answer_to_sending_a_draft_is_said_and_sends_it_once(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    draft = await alice.use(write_draft_email, **LETTER, recipient=bob.email)
    await world.fault("users.drafts.send", drop="after")
    receipt = await alice.use(send_draft_email, email_id=draft["id"])
    assert receipt["status"] == "probably_sent"
    assert "message_id" not in receipt
    assert receipt["warnings"]
    assert len(await received_by(bob)) == 1


async def test_a_send_of_a_draft_that_never_arrived_is_tried_again(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    draft = await alice.use(write_draft_email, **LETTER, recipient=bob.email)
    await world.fault("users.drafts.send", drop="before")
    receipt = await alice.use(send_draft_email, email_id=draft["id"])
    assert receipt["status"] == "sent"
    assert len(await received_by(bob)) == 1
