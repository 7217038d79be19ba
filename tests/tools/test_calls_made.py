"""How often Google is asked: no more than the answer needs."""

from __future__ import annotations

from typing import Any

from mail import write_mail

from arcade_gmail_multiuser.tools.labels.tools import list_labels
from arcade_gmail_multiuser.tools.read import get_email
from arcade_gmail_multiuser.tools.search.tools import list_emails

READING = ["users.messages.get", "users.messages.list"]
"""The message, and whether its sender ever wrote before."""


async def test_labels_are_asked_for_only_where_an_id_does_not_say_its_name(world: Any) -> None:
    plain = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "UNREAD"]})
    await plain.use(get_email, email_id=plain.ids[0])
    assert await world.methods() == READING
    await world.forget_requests()
    filed = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "Work"]})
    read = await filed.use(get_email, email_id=filed.ids[0])
    assert sorted(await world.methods()) == sorted([*READING, "users.labels.list"])
    assert "Work" in str(read)


async def test_one_question_of_an_agent_is_one_question_to_google(world: Any) -> None:
    person = await world.account()
    await person.use(list_labels)
    assert await world.methods() == ["users.labels.list"]
    await world.forget_requests()
    await person.use(list_emails)
    assert await world.methods() == ["users.messages.list"]
