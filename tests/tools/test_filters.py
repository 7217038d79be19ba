"""Filters: told in words, made from names, and never to forward."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.tools.filters.tools import create_filter, delete_filter, list_filters
from arcade_gmail_multiuser.tools.search.tools import search_emails_by_query

JANE = {"sender": ["jane@example.org"]}


async def arrive(world: Any, person: Any, raw: bytes) -> list[str]:
    given = {"email": person.email, "raw": base64.b64encode(raw).decode()}
    return list((await world.control("incoming", given))["labelIds"])


async def test_a_filter_made_from_names_really_sorts_what_arrives_and_nothing_older(
    world: Any,
) -> None:
    person = await world.account({"raw": write_mail("Old"), "labelIds": ["INBOX", "Work/Q3"]})
    made = await person.use(
        create_filter, **JANE, labels_to_add=["work/q3", "star"], labels_to_remove=["inbox"]
    )
    assert made["status"] == "created"
    assert made["filter"]["labels_to_add"] == ["Work/Q3", "STARRED"]
    assert (made["matching_now"], made["matching_now_is_exact"]) == (1, True)
    labels = await arrive(world, person, write_mail("New"))
    assert "STARRED" in labels
    assert "INBOX" not in labels
    assert any(label.startswith("Label_") for label in labels)
    old = (await person.use(search_emails_by_query, query="subject:old"))["emails"][0]
    assert old["label_names"] == ["INBOX", "Work/Q3"]


async def test_filters_are_listed_in_words_and_found_by_them(world: Any) -> None:
    person = await world.account()
    assert await person.use(list_filters) == {"filters": [], "total": 0, "omitted": []}
    await person.use(
        create_filter, **JANE, labels_to_remove=["INBOX", "UNREAD"], has_attachment=True
    )
    await person.use(
        create_filter, subject="Weekly  report", smaller_than_bytes=9, labels_to_add=["TRASH"]
    )
    listed = await person.use(list_filters)
    assert [each["summary"] for each in listed["filters"]] == [
        "Mail from jane@example.org and with an attachment: archive, mark as read.",
        "Mail with the subject Weekly report and smaller in bytes than 9: move to Trash.",
    ]
    [found] = (await person.use(list_filters, contains="REPORT"))["filters"]
    assert found["smaller_than_bytes"] == 9
    short = await person.use(list_filters, max_results=1)
    assert (len(short["filters"]), short["total"], len(short["omitted"])) == (1, 2, 1)


async def test_a_dry_run_creates_nothing_and_counts(world: Any) -> None:
    person = await world.account(
        write_mail("One"), write_mail("Two"), write_mail("Three", sender="bob@x.org")
    )
    made = await person.use(create_filter, **JANE, labels_to_add=["STARRED"], dry_run=True)
    assert (made["status"], made["matching_now"]) == ("not_created", 2)
    assert made["filter"]["id"] == ""
    assert (await person.use(list_filters))["total"] == 0


async def test_the_same_filter_twice_is_one_filter(world: Any) -> None:
    person = await world.account()
    first = await person.use(create_filter, **JANE, labels_to_add=["STARRED"])
    again = await person.use(create_filter, **JANE, labels_to_add=["STARRED"])
    assert again["status"] == "existed_already"
    assert again["filter"]["id"] == first["filter"]["id"]
    assert (await person.use(list_filters))["total"] == 1


async def test_two_calls_at_once_make_one_filter(world: Any) -> None:
    person = await world.account()
    made = await asyncio.gather(
        *(person.use(create_filter, **JANE, labels_to_add=["STARRED"]) for _ in range(4))
    )
    assert len({each["filter"]["id"] for each in made}) == 1
    assert sorted(each["status"] for each in made).count("created") == 1


async def test_a_lost_answer_is_looked_up_instead_of_left_open(world: Any) -> None:
    person = await world.account()
    await world.fault("users.settings.filters.create", drop="after")
    made = await person.use(create_filter, **JANE, labels_to_add=["STARRED"])
    assert made["status"] == "created"
    assert made["filter"]["id"] == (await person.use(list_filters))["filters"][0]["id"]


async def test_an_answer_lost_before_anything_happened_says_to_look(world: Any) -> None:
    person = await world.account()
    await world.fault("users.settings.filters.create", status=500, times=None)
    failed = await person.fails(create_filter, **JANE, labels_to_add=["STARRED"])
    assert failed.code == "outcome_unknown"
    assert "List the filters" in failed.error.message


async def test_a_full_mailbox_is_told_to_delete_a_filter(world: Any) -> None:
    person = await world.account()
    listed = {"filter": [{"id": f"f{n}", "criteria": {"from": str(n)}} for n in range(1_000)]}
    await world.fault("users.settings.filters.create", status=500, times=None)
    await world.fault("users.settings.filters.list", status=200, body=listed, times=None)
    failed = await person.fails(create_filter, **JANE, labels_to_add=["STARRED"])
    assert failed.code == "invalid_input"
    assert "DeleteFilter" in failed.error.message


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({**JANE}, "invalid_input"),
        ({"labels_to_add": ["STARRED"]}, "invalid_input"),
        ({"sender": [" "], "labels_to_add": ["STARRED"]}, "invalid_input"),
        ({"subject": "", "labels_to_add": ["STARRED"]}, "invalid_input"),
        ({"query": "x" * 2_000, "labels_to_add": ["STARRED"]}, "invalid_input"),
        ({"larger_than_bytes": 0, "labels_to_add": ["STARRED"]}, "invalid_input"),
        (
            {"larger_than_bytes": 1, "smaller_than_bytes": 9, "labels_to_add": ["TRASH"]},
            "invalid_input",
        ),
        ({**JANE, "labels_to_add": ["Wrok"]}, "unknown_label"),
        ({**JANE, "labels_to_add": ["SENT"]}, "invalid_input"),
        ({**JANE, "labels_to_add": ["Work", "Play"]}, "invalid_input"),
        ({**JANE, "labels_to_add": ["Work"], "labels_to_remove": ["Work"]}, "invalid_input"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused_and_none_is_made(
    world: Any, inputs: Any, code: str
) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["Work", "Play"]})
    assert (await person.fails(create_filter, **inputs)).code == code
    assert "users.settings.filters.create" not in await world.methods()


async def test_names_are_taken_literally(world: Any) -> None:
    """Gmail reads criteria as searches, so an operator in a name must not become one."""
    person = await world.account()
    made = await person.use(
        create_filter,
        sender=['Jane "in:anywhere" OR', "OR", "山田 太郎", "a@b.example"],
        labels_to_add=["STARRED"],
    )
    assert made["filter"]["sender"] == (
        '"Jane in:anywhere OR" OR "OR" OR "山田 太郎" OR a@b.example'
    )
    assert "STARRED" not in await arrive(world, person, write_mail("Hi", sender="other@x.org"))
    assert "STARRED" in await arrive(world, person, write_mail("Hi", sender="山田 太郎 <t@x.org>"))


async def test_a_deleted_filter_is_told_so_that_it_can_be_made_again(world: Any) -> None:
    person = await world.account()
    made = (await person.use(create_filter, **JANE, labels_to_add=["STARRED"]))["filter"]
    gone = await person.use(delete_filter, filter_id=made["id"])
    assert gone == {"status": "deleted", "filter": made}
    assert (await person.fails(delete_filter, filter_id=made["id"])).code == "not_found"
    assert (await person.fails(delete_filter, filter_id="jane@example.org")).code == "invalid_input"


async def test_a_filter_of_another_person_is_not_found(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    made = (await alice.use(create_filter, **JANE, labels_to_add=["STARRED"]))["filter"]
    assert (await bob.fails(delete_filter, filter_id=made["id"])).code == "not_found"
    assert (await alice.use(list_filters))["total"] == 1
