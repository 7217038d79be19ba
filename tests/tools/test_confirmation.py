"""Prepare, confirm, send: nothing unconfirmed goes out, and what is confirmed goes out once."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import jwt
import pytest
from mail import write_mail
from processes import announced

from arcade_gmail_multiuser.gmail.api.client import GmailClient
from arcade_gmail_multiuser.gmail.compose import idempotency
from arcade_gmail_multiuser.tools import checks
from arcade_gmail_multiuser.tools.drafts.tools import send_draft_email, write_draft_email
from arcade_gmail_multiuser.tools.organise.tools import trash_email
from arcade_gmail_multiuser.tools.search.tools import search_emails_by_query
from arcade_gmail_multiuser.tools.send import confirmation
from arcade_gmail_multiuser.tools.send.tools import (
    forward_email,
    multi_user_gmail_send,
    prepare_email,
    reply_to_email,
    send_email,
)
from arcade_gmail_multiuser.tools.unsubscribe import unsubscribe_from_email

SECRET = "a-secret-of-the-tests-that-is-long-enough"
LETTER = {"subject": "Lunch?", "body": "Tomorrow at noon?\n"}


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GMAIL_MULTIUSER_REQUIRE_CONFIRMATION", "1")
    monkeypatch.setenv("GMAIL_MULTIUSER_CONFIRMATION_KEY", "k" * 32)


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GMAIL_MULTIUSER_REQUIRE_CONFIRMATION", raising=False)
    monkeypatch.setenv("GMAIL_MULTIUSER_CONFIRMATION_KEY", "k" * 32)


@pytest.fixture
def unkeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (checks.REQUIRE, confirmation.KEY, confirmation.SECRET):
        monkeypatch.delenv(name, raising=False)


async def sent(person: Any) -> int:
    found = await person.use(search_emails_by_query, query="in:sent", result_detail="count_only")
    return int(found["count"])


async def confirmed(person: Any, token: str | None, **changed: Any) -> Any:
    letter = {**LETTER, "to": "bob@example.com", "user_id": person.user_id, **changed}
    return await person.outcome(multi_user_gmail_send, **letter, confirmation_token=token)


@pytest.mark.usefixtures("required")
async def test_what_was_prepared_is_sent_and_a_repeat_sends_nothing(world: Any) -> None:
    alice = await world.account()
    await world.forget_requests()
    prepared = await alice.use(prepare_email, **LETTER, recipient="bob@example.com")
    assert await world.requests() == []
    assert (prepared["to"], prepared["subject"]) == (["bob@example.com"], "Lunch?")
    first = await confirmed(alice, prepared["confirmation_token"])
    assert first["status"] == "sent"
    again = await confirmed(alice, prepared["confirmation_token"])
    assert (again["message_id"], again["repeated"]) == (first["message_id"], True)
    assert await sent(alice) == 1


@pytest.mark.usefixtures("required")
async def test_a_token_is_spent_however_much_was_sent_after_it(world: Any) -> None:
    """Nor does it help to throw away what it sent."""
    alice = await world.account()

    async def prepared() -> str:
        made = await alice.use(prepare_email, **LETTER, recipient="bob@example.com")
        return str(made["confirmation_token"])

    token = await prepared()
    first = await confirmed(alice, token)
    await alice.use(trash_email, email_id=first["message_id"])
    for _ in range(40):
        assert (await confirmed(alice, await prepared()))["status"] == "sent"
    again = await confirmed(alice, token)
    assert (again["message_id"], again["repeated"]) == (first["message_id"], True)
    assert await sent(alice) == 40


@pytest.mark.usefixtures("required")
async def test_where_it_cannot_be_told_whether_a_token_is_spent_nothing_is_sent(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await world.account()
    made = [
        (await alice.use(prepare_email, **LETTER, recipient="bob@example.com"))[
            "confirmation_token"
        ]
        for _ in range(30)
    ]
    for token in made:
        assert (await confirmed(alice, token))["status"] == "sent"
    monkeypatch.setattr(idempotency, "MAX_SENT_PAGES", 1)
    failed = await confirmed(alice, made[0])
    assert failed.code == "confirmation_required"
    assert "Prepare it again" in failed.error.message
    assert await sent(alice) == 30


@pytest.mark.usefixtures("required")
async def test_older_mail_is_not_read_to_tell_whether_a_token_is_spent(world: Any) -> None:
    alice = await world.account()
    old = {
        "raw": write_mail(sender=alice.email),
        "labelIds": ["SENT"],
        "internalDate": 1_600_000_000_000,
    }
    await alice.receive(*(old for _ in range(60)))
    made = await alice.use(prepare_email, **LETTER, recipient="bob@example.com")
    await world.forget_requests()
    assert (await confirmed(alice, made["confirmation_token"]))["status"] == "sent"
    assert (await world.methods()).count("users.messages.get") < 20


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize(
    "changed",
    [
        {"to": "eve@example.com"},
        {"to": "bob@example.com, eve@example.com"},
        {"cc": ["eve@example.com"]},
        {"bcc": ["eve@example.com"]},
        {"subject": "Lunch!"},
        {"body": "Tomorrow at one?\n"},
        {"content_type": "html"},
        {"attachments": [{"filename": "a.txt", "content": "other"}]},
        {"attachments": [{"filename": "b.txt", "content": "hello"}]},
        {"attachments": []},
    ],
)
async def test_anything_else_than_what_was_prepared_is_refused(
    world: Any, changed: dict[str, Any]
) -> None:
    alice = await world.account()
    files = [{"filename": "a.txt", "content": "hello"}]
    prepared = await alice.use(
        prepare_email, **LETTER, recipient="bob@example.com", attachments=files
    )
    await world.forget_requests()
    given = {"attachments": files, **changed}
    failed = await confirmed(alice, prepared["confirmation_token"], **given)
    assert failed.code == "confirmation_required"
    assert "differs" in failed.error.message
    assert await world.requests() == []


@pytest.mark.usefixtures("required")
async def test_a_token_of_another_person_no_token_and_a_forged_one_are_refused(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    prepared = await alice.use(prepare_email, **LETTER, recipient="bob@example.com")
    token = prepared["confirmation_token"]
    await world.forget_requests()
    for person, given in ((bob, token), (alice, None), (alice, "  "), (alice, token[:-4] + "AAAA")):
        failed = await confirmed(person, given)
        assert failed.code == "confirmation_required"
        assert failed.error.status_code == 400
    assert await world.requests() == []


@pytest.mark.usefixtures("required")
async def test_after_ten_minutes_a_token_is_worth_nothing(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await world.account()
    prepared = await alice.use(prepare_email, **LETTER, recipient="bob@example.com")
    late = time.time() + 601
    monkeypatch.setattr(confirmation, "now", lambda: late)
    failed = await confirmed(alice, prepared["confirmation_token"])
    assert failed.code == "confirmation_required"
    assert "expired" in failed.error.message


@pytest.mark.usefixtures("required")
async def test_tools_that_cannot_send_through_a_draft_refuse_and_name_one_that_can(
    world: Any,
) -> None:
    alice = await world.account(write_mail("Plan"))
    await world.forget_requests()
    failed = await alice.fails(send_email, **LETTER, recipient="bob@example.com")
    assert failed.code == "confirmation_required"
    assert "MultiUserGmailSend" in failed.error.message
    failed = await alice.fails(reply_to_email, body="Fine.", reply_to_message_id=alice.ids[0])
    assert failed.code == "confirmation_required"
    assert "SendDraftEmail" in failed.error.message
    failed = await alice.fails(forward_email, email_id=alice.ids[0], recipient="bob@example.com")
    assert failed.code == "confirmation_required"
    assert "MultiUserGmailSend" in failed.error.message
    assert await world.requests() == []


@pytest.mark.usefixtures("required")
async def test_a_list_is_not_left_by_a_mail_that_nobody_confirmed(world: Any) -> None:
    alice = await world.account(write_mail(List_Unsubscribe="<mailto:u@example.com>"))
    failed = await alice.fails(unsubscribe_from_email, email_id=alice.ids[0])
    assert failed.code == "confirmation_required"
    assert await sent(alice) == 0


@pytest.mark.usefixtures("required")
async def test_a_draft_is_sent_only_as_it_was_previewed(world: Any) -> None:
    alice = await world.account()
    draft = await alice.use(write_draft_email, **LETTER, recipient="bob@example.com")
    failed = await alice.fails(send_draft_email, email_id=draft["id"])
    assert failed.code == "confirmation_required"
    shown = (await alice.use(send_draft_email, email_id=draft["id"], dry_run=True))["preview"]
    assert shown["to"] == ["bob@example.com"]
    assert "Tomorrow at noon?" in shown["body"]
    token = shown["confirmation_token"]
    other = await alice.use(write_draft_email, **LETTER, recipient="eve@example.com")
    failed = await alice.fails(send_draft_email, email_id=other["id"], confirmation_token=token)
    assert "differs" in failed.error.message
    receipt = await alice.use(send_draft_email, email_id=draft["id"], confirmation_token=token)
    assert receipt["status"] == "sent"
    failed = await alice.fails(send_draft_email, email_id=draft["id"], confirmation_token=token)
    assert failed.code == "not_found"
    assert await sent(alice) == 1


@pytest.mark.usefixtures("required")
async def test_a_draft_that_was_changed_after_the_preview_is_not_sent(world: Any) -> None:
    alice = await world.account()
    draft = await alice.use(write_draft_email, **LETTER, recipient="bob@example.com")
    shown = (await alice.use(send_draft_email, email_id=draft["id"], dry_run=True))["preview"]
    mailbox = GmailClient(await alice.token_for(write_draft_email), alice.user_id)
    await mailbox.upload("users.drafts.update", b"To: eve@example.com\r\n\r\nx", id=draft["id"])
    failed = await alice.fails(
        send_draft_email, email_id=draft["id"], confirmation_token=shown["confirmation_token"]
    )
    assert "differs" in failed.error.message
    assert await sent(alice) == 0


@pytest.mark.usefixtures("keyed")
async def test_where_nothing_is_required_a_token_is_still_checked_when_given(world: Any) -> None:
    alice = await world.account()
    prepared = await alice.use(prepare_email, **LETTER, recipient="bob@example.com")
    failed = await confirmed(alice, prepared["confirmation_token"], to="eve@example.com")
    assert failed.code == "confirmation_required"
    assert (await confirmed(alice, None))["status"] == "sent"
    assert (await confirmed(alice, prepared["confirmation_token"]))["status"] == "sent"


@pytest.mark.usefixtures("keyed")
async def test_a_dry_run_of_the_sending_tool_gives_the_same_token_as_preparing(world: Any) -> None:
    alice = await world.account()
    letter = {**LETTER, "to": "bob@example.com", "user_id": alice.user_id}
    receipt = await alice.use(multi_user_gmail_send, **letter, dry_run=True)
    assert receipt["status"] == "dry_run"
    token = receipt["preview"]["confirmation_token"]
    assert (await confirmed(alice, token))["status"] == "sent"


@pytest.mark.usefixtures("keyed")
async def test_an_idempotency_key_beside_a_token_is_refused(world: Any) -> None:
    alice = await world.account()
    failed = await confirmed(alice, "token", idempotency_key="k")
    assert failed.code == "invalid_input"


@pytest.mark.usefixtures("unkeyed")
async def test_without_a_key_nothing_can_be_prepared_and_a_preview_has_no_token(world: Any) -> None:
    alice = await world.account()
    failed = await alice.fails(prepare_email, **LETTER, recipient="bob@example.com")
    assert failed.code == "configuration_error"
    letter = {**LETTER, "to": "bob@example.com", "user_id": alice.user_id}
    receipt = await alice.use(multi_user_gmail_send, **letter, dry_run=True)
    assert "confirmation_token" not in receipt["preview"]


@pytest.mark.usefixtures("unkeyed")
@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"REQUIRE_CONFIRMATION": "1"}, "configuration_error"),
        ({"REQUIRE_CONFIRMATION": "1", "CONFIRMATION_KEY": "short"}, "configuration_error"),
        ({"REQUIRE_CONFIRMATION": "maybe", "CONFIRMATION_KEY": "k" * 32}, "configuration_error"),
    ],
)
async def test_a_bad_setting_sends_nothing(
    world: Any, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], code: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"GMAIL_MULTIUSER_{name}", value)
    alice = await world.account()
    await world.forget_requests()
    assert (await confirmed(alice, "token")).code == code
    assert await world.requests() == []


@pytest.mark.usefixtures("unkeyed")
async def test_without_a_key_of_its_own_the_workers_secret_makes_one(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCADE_WORKER_SECRET", SECRET)
    alice = await world.account()
    prepared = await alice.use(prepare_email, **LETTER, recipient="bob@example.com")
    assert (await confirmed(alice, prepared["confirmation_token"]))["status"] == "sent"
    monkeypatch.setenv("ARCADE_WORKER_SECRET", SECRET + "2")
    assert (await confirmed(alice, prepared["confirmation_token"])).code == "confirmation_required"


@pytest.mark.usefixtures("required")
async def test_a_call_that_does_not_say_whom_it_is_for_can_confirm_nothing(world: Any) -> None:
    alice = await world.account()
    failed = await alice.fails_as(None, prepare_email, **LETTER, recipient="bob@example.com")
    assert failed.code == "wrong_user"


# --- two replicas --------------------------------------------------------------------------------


@pytest.fixture
def replicas(world: Any) -> Iterator[list[str]]:
    """Two workers, each a process of its own, that share nothing but secret and key."""
    environment = {
        **os.environ,
        "ARCADE_WORKER_SECRET": SECRET,
        "GMAIL_API_ENDPOINT": world.url,
        "GMAIL_MULTIUSER_REQUIRE_CONFIRMATION": "1",
    }
    environment.pop("GMAIL_MULTIUSER_CONFIRMATION_KEY", None)
    with ExitStack() as stack:
        serve = ("serve", "--port", "0", "--announce")
        started = [stack.enter_context(announced(*serve, environment=environment)) for _ in "ab"]
        yield [told["url"] for told in started]


async def ready(world: Any, url: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                async with world.http.get(f"{url}/worker/health") as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            await asyncio.sleep(0.1)


async def test_two_replicas_given_one_token_at_once_send_one_message(
    world: Any, replicas: list[str]
) -> None:
    alice, bob = await world.account(), await world.account()
    token = await alice.token_for(multi_user_gmail_send)
    await asyncio.gather(*(ready(world, url) for url in replicas))

    async def invoke(url: str, tool: str, **inputs: Any) -> Any:
        claims = {"aud": "worker", "ver": "1", "exp": time.time() + 60}
        call = {
            "execution_id": base64.b16encode(os.urandom(4)).decode(),
            "tool": {"name": tool, "toolkit": "GmailMultiuser", "version": None},
            "inputs": inputs,
            "context": {"user_id": alice.user_id, "authorization": {"token": token}},
        }
        signed = {"Authorization": f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"}
        async with world.http.post(f"{url}/worker/tools/invoke", json=call, headers=signed) as got:
            return (await got.json())["output"]

    prepared = await invoke(replicas[0], "PrepareEmail", **LETTER, recipient=bob.email)
    confirmed_letter = {
        **LETTER,
        "to": bob.email,
        "user_id": alice.user_id,
        "confirmation_token": prepared["value"]["confirmation_token"],
    }
    outputs = await asyncio.gather(
        *(invoke(url, "MultiUserGmailSend", **confirmed_letter) for url in (*replicas, *replicas))
    )
    ids = {output["value"]["message_id"] for output in outputs if output.get("value")}
    assert len(ids) == 1
    assert all(
        output.get("value")
        or output["error"]["extra"]["code"] in {"outcome_unknown", "unavailable"}
        for output in outputs
    )
    again = await invoke(replicas[1], "MultiUserGmailSend", **confirmed_letter)
    assert {again["value"]["message_id"]} == ids
    assert await sent(alice) == 1
    arrived = await bob.use(search_emails_by_query, query="subject:Lunch")
    assert arrived["count"] == 1
