"""A sender who never wrote before is pointed out where mail is read in full."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.gmail.messages import fetch
from arcade_gmail_multiuser.gmail.messages.fetch import MAX_SENDERS
from arcade_gmail_multiuser.tools.read import get_email, get_emails, get_thread
from arcade_gmail_multiuser.tools.search.tools import list_emails

SAID = "the sender may be a stranger"


def is_stranger(email: dict[str, Any]) -> bool:
    return any(SAID in warning for warning in email["warnings"])


async def read(person: Any, id_: str) -> dict[str, Any]:
    return dict(await person.use(get_email, email_id=id_))


async def test_the_first_mail_of_a_sender_is_warned_of_and_the_second_is_not(world: Any) -> None:
    person = await world.account(write_mail(sender="Eve <eve@example.net>"), write_mail())
    email = await read(person, person.ids[0])
    assert is_stranger(email)
    assert any("eve@example.net" in warning for warning in email["warnings"])
    await person.receive(write_mail(sender="EVE@example.net"))
    assert not is_stranger(await read(person, person.ids[0]))
    assert not is_stranger(await read(person, person.ids[2]))


async def test_whom_the_user_wrote_to_is_no_stranger(world: Any) -> None:
    person = await world.account(write_mail(sender="bob@example.org"))
    written = write_mail(sender=person.email, to="Bob <bob@example.org>")
    await person.receive({"raw": written, "labelIds": ["SENT"]})
    assert not is_stranger(await read(person, person.ids[0]))
    assert not is_stranger(await read(person, person.ids[1]))


async def test_a_stranger_stays_one_however_often_a_conversation_is_answered_by_them(
    world: Any,
) -> None:
    first = write_mail("Hi", sender="eve@example.net", Message_ID="<1@x.org>")
    again = write_mail("Re: Hi", sender="eve@example.net", References="<1@x.org>")
    person = await world.account(first, again, write_mail())
    thread_id = (await read(person, person.ids[0]))["thread_id"]
    thread = await person.use(get_thread, thread_id=thread_id)
    assert [is_stranger(email) for email in thread["messages"]] == [True, True]


async def test_of_several_messages_only_the_strangers_are_marked(world: Any) -> None:
    known = [write_mail(), write_mail()]
    person = await world.account(*known, write_mail(sender="eve@example.net"))
    answer = await person.use(get_emails, email_ids=[person.ids[0], person.ids[2]])
    assert [is_stranger(email) for email in answer["emails"]] == [False, True]


async def test_a_bounded_number_of_senders_is_looked_up(world: Any) -> None:
    person = await world.account(*(write_mail(sender=f"s{n}@example.net") for n in range(15)))
    await world.forget_requests()
    await person.use(get_emails, email_ids=person.ids)
    assert (await world.methods()).count("users.messages.list") == MAX_SENDERS


async def test_lists_look_nobody_up(world: Any) -> None:
    person = await world.account(write_mail(sender="eve@example.net"))
    await world.forget_requests()
    answer = await person.use(list_emails, include_body=True)
    assert not is_stranger(answer["emails"][0])
    assert (await world.methods()).count("users.messages.list") == 1


@pytest.mark.parametrize("sender", ['"from:x" <a"b@example.net>', "no address", "<>", "a@b OR c@d"])
async def test_whatever_stands_in_from_the_mail_is_read(world: Any, sender: str) -> None:
    raw = write_mail().replace(b"Jane Doe <jane@example.org>", sender.encode())
    person = await world.account(raw)
    assert (await read(person, person.ids[0]))["id"] == person.ids[0]


async def test_a_lookup_that_fails_costs_the_mail_nothing(world: Any) -> None:
    person = await world.account(write_mail(sender="eve@example.net"))
    await world.fault("users.messages.list", status=400, times=None)
    assert not is_stranger(await read(person, person.ids[0]))


async def test_a_lookup_that_hangs_does_not_hold_the_mail_back(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MAX_FIRST_CONTACT_S", 0.05)
    person = await world.account(write_mail(sender="eve@example.net"))
    await world.fault("users.messages.list", delay_ms=30_000, times=None)
    async with asyncio.timeout(10):
        assert (await read(person, person.ids[0]))["id"] == person.ids[0]


async def test_reading_on_inside_a_body_does_not_ask_again(world: Any) -> None:
    person = await world.account(write_mail(body="word " * 2_000))
    first = await person.use(get_email, email_id=person.ids[0], max_chars=3_000)
    await world.forget_requests()
    await person.use(get_email, email_id=person.ids[0], body_cursor=first["body_cursor"])
    assert "users.messages.list" not in await world.methods()
