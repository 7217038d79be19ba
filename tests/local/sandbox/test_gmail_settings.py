"""The vacation responder, send-as addresses, watches and the reads beside them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest

Mail = Callable[..., bytes]
Refusal = Callable[..., tuple[int, str, str]]
ALICE, BOB = "alice@example.com", "bob@example.com"
AWAY = {"enableAutoReply": True, "responseSubject": "Away", "responseBodyPlainText": "Back soon."}


def settings_token(google: Any) -> str:
    google.person(ALICE)
    return str(google.token(ALICE, "settings.basic"))


async def vacation(google: Any, **fields: Any) -> Any:
    token = settings_token(google)
    return await google.ask(token, "PUT", "settings/vacation", json=fields)


async def test_a_responder_that_was_never_set_is_off(google: Any) -> None:
    google.person(ALICE)
    found = await google.get(google.token(ALICE, "readonly"), "settings/vacation")
    assert found["enableAutoReply"] is False


async def test_an_update_replaces_all_and_html_wins_and_is_cleaned(google: Any) -> None:
    await vacation(google, **AWAY, restrictToDomain=True)
    html = '<p onclick="x()">Back <a href="javascript:x">soon</a><script>x</script></p>'
    answer = await vacation(
        google, enableAutoReply=True, responseBodyHtml=html, responseBodyPlainText="unused"
    )
    assert answer.json() == {
        "enableAutoReply": True,
        "responseBodyHtml": "<p>Back <a>soon</a></p>",
        "restrictToContacts": False,
        "restrictToDomain": False,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"enableAutoReply": True},
        {"enableAutoReply": True, "responseBodyPlainText": ""},
        {**AWAY, "startTime": "2000", "endTime": "2000"},
        {**AWAY, "startTime": "2000", "endTime": "1000"},
        {**AWAY, "startTime": "soon"},
    ],
)
async def test_a_responder_without_words_or_time_is_a_400(google: Any, fields: Any) -> None:
    assert (await vacation(google, **fields)).status_code == 400
    assert (await google.get(settings_token(google), "settings/vacation")) == {
        "enableAutoReply": False,
        "restrictToContacts": False,
        "restrictToDomain": False,
    }


async def test_who_writes_is_answered_once_until_the_responder_is_set_again(
    google: Any, write_mail: Mail
) -> None:
    await vacation(google, **AWAY)
    bob = google.person(BOB)
    for subject in ("One", "Two"):
        await google.send(bob, write_mail(subject, from_=BOB, to=ALICE))
    [answer] = await google.ids(bob, "in:inbox")
    raw = await google.raw(bob, answer)
    assert b"Subject: Away Re: One" in raw
    assert b"Auto-Submitted: auto-replied" in raw
    assert b"Back soon." in raw
    assert await google.ids(google.person(ALICE), "in:sent") == []
    await vacation(google, **AWAY)
    await google.send(bob, write_mail("Three", from_=BOB, to=ALICE))
    assert len(await google.ids(bob, "in:inbox")) == 2


async def test_two_who_are_away_do_not_answer_each_other_for_ever(
    google: Any, write_mail: Mail
) -> None:
    await vacation(google, **AWAY)
    bob = google.person(BOB)
    body = {**AWAY, "responseSubject": "Also away"}
    await google.ask(google.token(BOB, "settings.basic"), "PUT", "settings/vacation", json=body)
    await google.send(bob, write_mail("Hi", from_=BOB, to=ALICE))
    assert len(await google.ids(bob, "in:inbox")) == 1
    assert len(await google.ids(google.person(ALICE), "in:inbox")) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"list_id": "<news.example.com>"},
        {"precedence": "bulk"},
        {"auto_submitted": "auto-generated"},
        {"to": "someone@example.net", "cc": "", "bcc": ALICE},
    ],
)
async def test_lists_machines_and_hidden_copies_are_never_answered(
    google: Any, write_mail: Mail, headers: dict[str, str]
) -> None:
    await vacation(google, **AWAY)
    bob = google.person(BOB)
    await google.send(bob, write_mail("Hi", **{"from_": BOB, "to": ALICE, **headers}))
    assert await google.ids(bob, "in:inbox") == []


@pytest.mark.parametrize(
    "sender", ["no-reply@x.example", "bounces+7@x.example", "noreply@x.example"]
)
async def test_an_address_that_takes_no_mail_is_never_answered(
    google: Any, write_mail: Mail, sender: str
) -> None:
    await vacation(google, **AWAY)
    raw = base64.b64encode(write_mail(from_=sender)).decode()
    await google.http.post("/_sandbox/incoming", json={"email": ALICE, "raw": raw})
    assert (await google.http.get("/_sandbox/outgoing")).json()["outgoing"] == []


@pytest.mark.parametrize(
    ("fields", "answered"),
    [
        ({"startTime": "1795000001000"}, False),
        ({"startTime": "1794999999000", "endTime": "1795000001000"}, True),
        ({"endTime": "1795000000000"}, False),
        ({"restrictToDomain": True}, True),
        ({"restrictToContacts": True}, False),
        ({"enableAutoReply": False}, False),
    ],
)
async def test_the_responder_keeps_to_its_time_and_circle(
    google: Any, write_mail: Mail, fields: Any, answered: bool
) -> None:
    await vacation(google, **{**AWAY, **fields})
    bob = google.person(BOB)
    await google.send(bob, write_mail("Hi", from_=BOB, to=ALICE))
    assert bool(await google.ids(bob, "in:inbox")) is answered


async def test_a_contact_is_whoever_was_written_to(google: Any, write_mail: Mail) -> None:
    await vacation(google, **AWAY, restrictToContacts=True)
    bob = google.person(BOB)
    await google.send(google.person(ALICE), write_mail("First", from_=ALICE, to=BOB))
    await google.send(bob, write_mail("Hi", from_=BOB, to=ALICE))
    assert len(await google.ids(bob, "subject:away")) == 1


async def test_the_primary_address_is_patched_and_updated(google: Any) -> None:
    token = settings_token(google)
    path = f"settings/sendAs/{ALICE}"
    patch = {"signature": "<b onload=x>Alice</b>", "displayName": "Alice"}
    patched = (await google.ask(token, "PATCH", path, json=patch)).json()
    assert (patched["signature"], patched["displayName"]) == ("<b>Alice</b>", "Alice")
    updated = (await google.ask(token, "PUT", path, json={"displayName": "Al"})).json()
    assert (updated["signature"], updated["displayName"]) == ("", "Al")
    assert await google.get(token, path) == updated
    assert (await google.ask(token, "PATCH", path, json={"isDefault": False})).status_code == 400
    assert (await google.ask(token, "GET", "settings/sendAs/x@y.example")).status_code == 404


async def test_only_an_administrator_changes_aliases(google: Any, refusal: Refusal) -> None:
    google.person(ALICE)
    token = google.token(ALICE, "settings.basic", "settings.sharing")
    given = {"email": ALICE, "send_as": [{"email": "team@example.com", "name": "Team"}]}
    assert (await google.http.post("/_sandbox/settings", json=given)).status_code == 204
    path = "settings/sendAs/team@example.com"
    for method, where, body in (
        ("PATCH", path, {"displayName": "x"}),
        ("DELETE", path, None),
        ("POST", "settings/sendAs", {"sendAsEmail": "new@example.com"}),
    ):
        answer = await google.ask(token, method, where, json=body)
        assert refusal(answer)[:2] == (403, "forbidden")
    listed = await google.get(token, "settings/sendAs")
    assert [alias["sendAsEmail"] for alias in listed["sendAs"]] == [ALICE, "team@example.com"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Team <team@example.com>", "team@example.com"),
        ("Later <later@example.com>", ALICE),
        ("Boss <boss@example.net>", ALICE),
    ],
)
async def test_mail_is_from_an_accepted_alias_or_else_from_oneself(
    google: Any, write_mail: Mail, given: str, shown: str
) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    aliases = [{"email": "team@example.com"}, {"email": "later@example.com", "pending": True}]
    await google.http.post("/_sandbox/settings", json={"email": ALICE, "send_as": aliases})
    await google.send(alice, write_mail("Hi", from_=given, to=BOB))
    [arrived] = await google.ids(bob)
    message = await google.get(
        bob, f"messages/{arrived}", format="metadata", metadataHeaders="From"
    )
    assert f"<{shown}>" in message["payload"]["headers"][0]["value"]


async def test_a_watch_lasts_seven_days_and_says_where_history_stands(
    google: Any, refusal: Refusal
) -> None:
    alice = google.person(ALICE)
    topic = {"topicName": "projects/p/topics/t", "labelIds": ["INBOX"]}
    watch = await google.post(alice, "watch", topic)
    assert watch == {
        "historyId": (await google.get(alice, "profile"))["historyId"],
        "expiration": str(1_795_000_000_000 + 7 * 24 * 3600 * 1000),
    }
    await google.post(alice, "watch", topic)
    other = {"topicName": "projects/p/topics/other"}
    assert refusal(await google.ask(alice, "POST", "watch", json=other))[0] == 400
    assert (await google.ask(alice, "POST", "stop")).status_code == 204
    await google.post(alice, "watch", other)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "topicName required"),
        ({"topicName": "t"}, "Invalid topicName does not match projects/<project>/topics/*"),
        ({"topicName": "projects/p/topics/t", "labelIds": ["Nope"]}, "Invalid label: Nope"),
    ],
)
async def test_a_watch_needs_a_topic_and_labels_that_exist(
    google: Any, refusal: Refusal, body: Any, message: str
) -> None:
    answer = await google.ask(google.person(ALICE), "POST", "watch", json=body)
    assert refusal(answer) == (400, "invalidArgument", message)


@pytest.mark.parametrize("what", ["language", "imap", "pop", "autoForwarding"])
async def test_the_other_settings_can_be_read(google: Any, what: str) -> None:
    assert await google.get(google.person(ALICE), f"settings/{what}")


async def test_a_draft_sent_twice_at_once_is_sent_once(google: Any, write_mail: Mail) -> None:
    """Filters look at bodies in between, which must not let a second call in."""
    alice, bob = google.person(ALICE), google.person(BOB)
    fields = {"criteria": {"query": "zebra"}, "action": {"addLabelIds": ["STARRED"]}}
    await google.post(google.token(BOB, "settings.basic"), "settings/filters", fields)
    raw = write_mail("Big", "words " * 100_000, to=BOB)
    draft = await google.post(
        alice, "drafts", {"message": {"raw": base64.urlsafe_b64encode(raw).decode()}}
    )
    tries = [google.ask(alice, "POST", "drafts/send", json={"id": draft["id"]}) for _ in range(3)]
    statuses = [answer.status_code for answer in await asyncio.gather(*tries)]
    assert sorted(statuses) == [200, 404, 404]
    assert len(await google.ids(bob)) == 1
