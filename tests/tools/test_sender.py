"""Mail is sent from an address of the user's own, with its signature, where that is asked for."""

from __future__ import annotations

import base64
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY
from arcade_gmail_multiuser.tools.drafts.tools import send_draft_email, write_draft_reply_email
from arcade_gmail_multiuser.tools.send.tools import (
    forward_email,
    multi_user_gmail_send,
    reply_to_email,
)

TEAM = {
    "email": "team@example.com",
    "name": "Das Team Größe",
    "reply_to": "desk@example.com",
    "signature": '<div>The <b>team</b><br><a href="https://example.com/t">example.com/t</a></div>',
}
LATER = {"email": "later@example.com", "pending": True}


async def with_aliases(world: Any, *mail: bytes) -> Any:
    person = await world.account(*mail)
    await world.control("settings", {"email": person.email, "send_as": [TEAM, LATER]})
    await world.forget_requests()
    return person


async def sent(world: Any, person: Any, id_: str) -> EmailMessage:
    token = await person.token([GMAIL_READONLY])
    url = f"{world.url}/gmail/v1/users/me/messages/{id_}?format=raw"
    answer = await world.http.get(url, headers={"Authorization": f"Bearer {token}"})
    raw = base64.urlsafe_b64decode((await answer.json())["raw"])
    return message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]


def letter(person: Any, **more: Any) -> dict[str, Any]:
    given = {"to": "bob@example.org", "subject": "Hi", "body": "Hello", "user_id": person.user_id}
    return given | more


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").rstrip("\n") + "\n"


async def test_a_message_goes_out_from_the_address_that_was_chosen(world: Any) -> None:
    person = await with_aliases(world)
    receipt = await person.use(
        multi_user_gmail_send, **letter(person, from_address="Somebody <TEAM@example.com>")
    )
    message = await sent(world, person, receipt["message_id"])
    assert message["From"] == "Das Team Größe <team@example.com>"
    assert message["Reply-To"] == "desk@example.com"
    assert text(message) == "Hello\n"


async def test_the_signature_stands_below_the_text_in_its_own_kind(world: Any) -> None:
    person = await with_aliases(world)
    for kind in ("plain", "auto"):
        given = letter(
            person, from_address="team@example.com", add_signature=True, content_type=kind
        )
        receipt = await person.use(multi_user_gmail_send, **given)
        message = await sent(world, person, receipt["message_id"])
        assert text(message).startswith("Hello\n\n-- \nThe team\nexample.com/t")
        assert message.get_body(("html",)) is None
    given = letter(
        person,
        from_address="team@example.com",
        add_signature=True,
        body="<html><body><p>Hello</p></body></html>",
        content_type="html",
    )
    receipt = await person.use(multi_user_gmail_send, **given)
    message = await sent(world, person, receipt["message_id"])
    html = message.get_body(("html",))
    assert html is not None
    assert "<b>team</b>" in html.get_content()
    assert html.get_content().index("team</b>") < html.get_content().index("</body>")
    assert "The team" in text(message)


async def test_a_preview_shows_where_answers_would_go(world: Any) -> None:
    person = await with_aliases(world, write_mail())
    given = letter(person, from_address="team@example.com", dry_run=True)
    shown = await person.use(multi_user_gmail_send, **given)
    assert shown["preview"]["reply_to"] == ["desk@example.com"]
    forward = await person.use(
        forward_email,
        email_id=person.ids[0],
        recipient="bob@example.org",
        from_address="team@example.com",
        dry_run=True,
    )
    assert forward["preview"]["reply_to"] == ["desk@example.com"]
    draft = await person.use(
        write_draft_reply_email,
        body="This.",
        reply_to_message_id=person.ids[0],
        from_address="team@example.com",
    )
    stored = await person.use(send_draft_email, email_id=draft["id"], dry_run=True)
    assert stored["preview"]["reply_to"] == ["desk@example.com"]
    plain = await person.use(multi_user_gmail_send, **letter(person, dry_run=True))
    assert "reply_to" not in plain["preview"]


@pytest.mark.parametrize("tool", [reply_to_email, write_draft_reply_email])
async def test_a_reply_has_its_signature_above_the_quote(
    world: Any, tool: Callable[..., Any]
) -> None:
    person = await with_aliases(world, write_mail("Question", "What now?\n"))
    answer = await person.use(
        tool,
        body="This.",
        reply_to_message_id=person.ids[0],
        from_address="team@example.com",
        add_signature=True,
    )
    if answer.get("status") != "sent":
        answer = await person.use(send_draft_email, email_id=answer["id"])
    message = await sent(world, person, answer["message_id"])
    assert "team@example.com" in message["From"]
    written = text(message)
    assert written.index("This.") < written.index("-- \nThe team") < written.index("> What now?")
    assert answer["thread_id"] == person.ids[0]


async def test_a_forward_goes_out_from_the_address_that_was_chosen(world: Any) -> None:
    person = await with_aliases(world, write_mail())
    receipt = await person.use(
        forward_email,
        email_id=person.ids[0],
        recipient="bob@example.org",
        from_address="team@example.com",
    )
    message = await sent(world, person, receipt["message_id"])
    assert "team@example.com" in message["From"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("stranger@example.com", "none of the addresses"),
        ("later@example.com", "not verified"),
        ("team@example.com, later@example.com", "one address"),
    ],
)
async def test_an_address_that_cannot_be_sent_from_sends_nothing(
    world: Any, address: str, said: str
) -> None:
    """Gmail would send it from the main address, without a word."""
    person = await with_aliases(world)
    failed = await person.fails(multi_user_gmail_send, **letter(person, from_address=address))
    assert said in failed.error.message
    assert set(await world.methods()) <= {"users.settings.sendAs.list"}


async def test_the_main_address_is_left_to_gmail_which_knows_its_name(world: Any) -> None:
    person = await with_aliases(world)
    receipt = await person.use(multi_user_gmail_send, **letter(person, from_address=person.email))
    message = await sent(world, person, receipt["message_id"])
    assert message["From"] == f"Pat Example <{person.email}>"


async def test_who_asks_for_neither_asks_google_for_neither(world: Any) -> None:
    person = await with_aliases(world)
    await person.use(multi_user_gmail_send, **letter(person, from_address=" "))
    assert "users.settings.sendAs.list" not in await world.methods()


async def test_an_address_without_a_signature_adds_nothing(world: Any) -> None:
    person = await with_aliases(world)
    receipt = await person.use(multi_user_gmail_send, **letter(person, add_signature=True))
    assert text(await sent(world, person, receipt["message_id"])) == "Hello\n"


async def test_a_preview_shows_the_sender_and_its_token_sends_just_that(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GMAIL_MULTIUSER_CONFIRMATION_KEY", "k" * 32)
    monkeypatch.setenv("GMAIL_MULTIUSER_REQUIRE_CONFIRMATION", "1")
    person = await with_aliases(world)
    chosen = letter(person, from_address="team@example.com", add_signature=True)
    preview = (await person.use(multi_user_gmail_send, **chosen, dry_run=True))["preview"]
    assert preview["from_"] == "Das Team Größe <team@example.com>"
    assert "The team" in preview["body"]
    token = preview["confirmation_token"]
    failed = await person.fails(multi_user_gmail_send, **letter(person), confirmation_token=token)
    assert failed.code == "confirmation_required"
    receipt = await person.use(multi_user_gmail_send, **chosen, confirmation_token=token)
    assert receipt["status"] == "sent"


async def test_one_key_for_two_senders_is_a_conflict(world: Any) -> None:
    person = await with_aliases(world)
    keyed = letter(person, idempotency_key="k")
    await person.use(multi_user_gmail_send, **keyed)
    failed = await person.fails(multi_user_gmail_send, **keyed, from_address="team@example.com")
    assert failed.code == "conflict"
