"""The vacation responder and the addresses to send from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from arcade_gmail_multiuser.tools.account import list_send_as_aliases
from arcade_gmail_multiuser.tools.search.tools import list_emails_by_header
from arcade_gmail_multiuser.tools.send.tools import send_email
from arcade_gmail_multiuser.tools.vacation import get_vacation_responder, set_vacation_responder

YEAR = datetime.now(UTC).year + 1
ON = {"enabled": True, "subject": "Away", "body": "Back soon."}


async def test_a_responder_that_was_never_set_is_off(world: Any) -> None:
    person = await world.account()
    assert await person.use(get_vacation_responder) == {
        "state": "off",
        "enabled": False,
        "subject": "",
        "body": "",
        "start": "",
        "end": "",
        "only_contacts": False,
        "only_domain": False,
    }


async def test_a_responder_that_is_on_answers_who_writes_until_it_is_off(world: Any) -> None:
    away, writer = await world.account(), await world.account()
    changed = await away.use(set_vacation_responder, **ON)
    assert (changed["previous"]["state"], changed["responder"]["state"]) == ("off", "on")
    mail = {"recipient": away.email, "subject": "Lunch?", "body": "Today?"}
    await writer.use(send_email, **mail)
    found = await writer.use(list_emails_by_header, sender=[away.email], include_body=True)
    [answer] = found["emails"]
    assert answer["subject"] == "Away Re: Lunch?"
    assert "Back soon." in answer["body"]
    off = await away.use(set_vacation_responder, enabled=False)
    assert (off["responder"]["state"], off["responder"]["body"]) == ("off", "Back soon.")


async def test_what_is_left_out_stays_and_the_old_settings_are_told(world: Any) -> None:
    person = await world.account()
    await person.use(set_vacation_responder, **ON, end=f"{YEAR}-12-31", only_domain=True)
    changed = await person.use(
        set_vacation_responder, enabled=True, body="<p>Gone <b>fishing</b></p>", content_type="html"
    )
    assert changed["previous"]["body"].strip() == "Back soon."
    now = await person.use(get_vacation_responder, include_html=True)
    assert now["body"] == "Gone fishing"
    assert now["html_body"] == "<p>Gone <b>fishing</b></p>"
    assert (now["subject"], now["only_domain"]) == ("Away", True)
    assert now["end"].startswith(f"{YEAR + 1}-01-01T00:00:00")


async def test_days_are_days_in_the_time_zone_and_the_last_one_counts(world: Any) -> None:
    person = await world.account()
    changed = await person.use(
        set_vacation_responder,
        **ON,
        start=f"{YEAR}-07-01",
        end=f"{YEAR}-07-14",
        time_zone="Asia/Tokyo",
    )
    responder = changed["responder"]
    assert responder["state"] == "scheduled"
    assert responder["start"] == f"{YEAR}-07-01T00:00:00+09:00"
    assert responder["end"] == f"{YEAR}-07-15T00:00:00+09:00"
    cleared = await person.use(set_vacation_responder, enabled=True, start="", end="")
    assert (cleared["responder"]["state"], cleared["responder"]["end"]) == ("on", "")


@pytest.mark.parametrize(
    "inputs",
    [
        {"enabled": True},
        {"enabled": True, "body": ""},
        {**ON, "start": f"{YEAR}-05-02", "end": f"{YEAR}-05-01"},
        {**ON, "start": f"{YEAR}-05-01T10:00", "end": f"{YEAR}-05-01T10:00"},
        {**ON, "end": "2020-01-01"},
        {**ON, "start": "next Monday"},
        {**ON, "start": "2026-13-01"},
        {**ON, "start": "1960-01-01"},
        {**ON, "end": "9999-12-31"},
        {**ON, "time_zone": "Mars/Base"},
        {**ON, "subject": "Away\r\nBcc: x@y.example"},
        {**ON, "body": "x" * 100_001},
    ],
)
async def test_a_responder_that_could_not_answer_is_refused_and_nothing_is_changed(
    world: Any, inputs: Any
) -> None:
    person = await world.account()
    assert (await person.fails(set_vacation_responder, **inputs)).code == "invalid_input"
    assert "users.settings.updateVacation" not in await world.methods()


async def test_one_that_has_ended_says_so_and_is_not_switched_on_unnoticed(world: Any) -> None:
    person = await world.account()
    past = datetime.now(UTC) - timedelta(days=9)
    ended = {
        "enableAutoReply": True,
        "responseSubject": "Away",
        "endTime": str(int(past.timestamp() * 1000)),
    }
    await world.fault("users.settings.getVacation", status=200, body=ended, times=2)
    assert (await person.use(get_vacation_responder))["state"] == "ended"
    failed = await person.fails(set_vacation_responder, enabled=True)
    assert "past" in failed.error.message


async def test_a_very_long_text_is_cut_and_says_so(world: Any) -> None:
    person = await world.account()
    await person.use(set_vacation_responder, enabled=True, body="words " * 10_000)
    found = await person.use(get_vacation_responder)
    assert len(found["body"]) == 20_000
    assert found["truncated"] is True


async def test_the_text_is_in_no_error(world: Any) -> None:
    person = await world.account()
    await world.fault("users.settings.updateVacation", status=400, times=None)
    failed = await person.fails(set_vacation_responder, enabled=True, body="canary-text")
    assert "canary-text" not in failed.error.model_dump_json()


async def test_every_address_is_listed_with_whether_it_can_be_used(world: Any) -> None:
    person = await world.account(name="Pat Example")
    aliases = [
        {"email": "team@example.com", "name": "Team", "signature": "<div>The <b>team</b></div>"},
        {"email": "later@example.com", "pending": True},
    ]
    await world.control("settings", {"email": person.email, "send_as": aliases})
    listed = (await person.use(list_send_as_aliases))["aliases"]
    assert [(each["email"], each["can_send"]) for each in listed] == [
        (person.email, True),
        ("team@example.com", True),
        ("later@example.com", False),
    ]
    assert (listed[0]["is_primary"], listed[0]["name"]) == (True, "Pat Example")
    assert listed[1]["signature"] == "The team"
    assert "signature_html" not in listed[1]
    full = (await person.use(list_send_as_aliases, include_html=True))["aliases"]
    assert full[1]["signature_html"] == "<div>The <b>team</b></div>"
