"""Lists as they break elsewhere: one bad message, a flood of newsletters, many people at once."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.gmail.messages import fetch
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage, read_message
from arcade_gmail_multiuser.tools.search.tools import list_emails

CELL = (
    "<tr><td align='center' style='padding:0 10px;font-family:Arial;font-size:14px'>Some text you "
    "may <a href='https://click.example.com/track/{n}'>follow {n}</a> and more of it.</td></tr>"
)


async def test_one_message_that_cannot_be_read_costs_the_other_nine_nothing(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await world.account(*(write_mail(f"Number {n}") for n in range(10)))
    bad = person.ids[4]

    def read(resource: Any) -> ReadMessage:
        if resource["id"] == bad:
            raise RecursionError
        return read_message(resource)

    monkeypatch.setattr(fetch, "read_message", read)
    listed = await person.use(list_emails, n_emails=10, include_body=True)
    assert len(listed["emails"]) == 9
    assert [item["id"] for item in listed["failed"]] == [bad]


async def test_a_list_of_100_newsletters_stays_within_40_000_characters(world: Any) -> None:
    html = f"<table>{''.join(CELL.format(n=n) for n in range(60_000 // len(CELL)))}</table>"
    person = await world.account(
        *(
            write_mail(
                f"News {n}", "See the HTML part.", html=html, sender=f"News <n{n}@example.org>"
            )
            for n in range(100)
        )
    )
    listed = await person.use(list_emails, n_emails=100, include_body=True)
    assert len(json.dumps(listed, ensure_ascii=False)) <= 40_000
    shown = {email["id"] for email in listed["emails"]}
    assert shown | set(listed["omitted_ids"]) == set(person.ids)
    assert not shown & set(listed["omitted_ids"])
    assert listed["omitted"]
    for email in listed["emails"]:
        assert email["truncated"]
        assert email["omitted"]


async def test_a_hundred_people_wait_for_google_at_the_same_time(world: Any) -> None:
    """16 calls a second is what a blocked event loop gives at 50 ms a request: 6 s for these."""
    people = [await world.account(write_mail("One")) for _ in range(100)]
    await asyncio.gather(*(person.use(list_emails) for person in people[:5]))
    await world.control("latency", {"ms": 400})
    began = time.perf_counter()
    lists = await asyncio.gather(*(person.use(list_emails) for person in people))
    spent = time.perf_counter() - began
    assert all(len(listed["emails"]) == 1 for listed in lists)
    # One after the other, two requests each take 80 s.
    assert spent < 20
